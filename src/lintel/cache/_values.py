"""Values as JSON: what lies in a store can be read by anybody, and runs nothing when it is read."""

from functools import cache
from typing import Any, Generic, TypeVar

from pydantic import TypeAdapter
from pydantic_core import PydanticSerializationError

T = TypeVar("T")


class Codec(Generic[T]):
    """Turns values of one type into JSON and back.

    Every caller gets an object of its own, and a value of the same type whether it was found or loaded.
    """

    def __init__(self, kind: Any) -> None:
        self._adapter: TypeAdapter[T] = TypeAdapter(kind)

    def encode(self, value: T) -> str:
        """The value as JSON.

        Raises:
            TypeError: It cannot be, or is not what was announced.
        """
        try:
            return self._adapter.dump_json(value, round_trip=True, warnings="error").decode()
        except PydanticSerializationError as error:
            raise TypeError(f"a cached value must be what JSON can hold: {error}") from None

    def decode(self, text: str) -> T:
        """The value of a JSON text.

        Raises:
            ValueError: The text is no JSON, or not of such a value.
        """
        return self._adapter.validate_json(text)


@cache
def codec_of(kind: Any) -> Codec[Any]:
    """The codec of a type, made once."""
    return Codec(kind)

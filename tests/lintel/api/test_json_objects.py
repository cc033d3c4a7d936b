"""JSON objects of any shape, within bounds."""

from typing import Annotated, Any

import pytest
from pydantic import TypeAdapter, ValidationError

from lintel.api import JsonObject

OBJECTS: TypeAdapter[dict[str, Any]] = TypeAdapter(Annotated[dict[str, Any], JsonObject(max_bytes=40, max_depth=3)])


def nested(levels: int) -> dict[str, Any]:
    data: Any = 1
    for _ in range(levels):
        data = {"a": data}
    return dict(data)


@pytest.mark.parametrize(
    "data", [{}, {"a": None}, {"a": [1, {"b": 2.5}]}, nested(3), {"a": "x" * 32}, {"a": "ä" * 16}, {"a": [[]]}]
)
def test_within_its_bounds_is_as_it_was(data: dict[str, Any]) -> None:
    assert OBJECTS.validate_python(data) == data


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"a": "x" * 33}, "at most 40 bytes"),
        ({"a": "ä" * 17}, "at most 40 bytes"),
        (nested(4), "at most 3 levels"),
        ({"a": [[[]]]}, "at most 3 levels"),
        (nested(100_000), "at most 3 levels"),
        ({"a": float("inf")}, "must be JSON"),
        ({"a": "\ud800"}, "must be JSON"),
    ],
)
def test_beyond_them_is_refused(data: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        OBJECTS.validate_python(data)

"""JSON bodies, read no deeper than anybody writes them, and with one meaning only."""

import json
from collections.abc import Iterable
from math import isinf
from typing import Any, NoReturn

from fastapi.exceptions import RequestValidationError
from starlette.requests import Request

from lintel.errors import BadRequest

MAX_DEPTH = 32
MAX_NAMES = 1_000
"""In one object. A model makes an error of each name that it does not know: 60,000 of them took a second."""


class JsonRequest(Request):
    """A request whose JSON body is bounded in depth and breadth and has no name twice.

    A value nested nearly as deep as Python's stack passes the parser, and then fails wherever it is compared, copied or
    shown: in Enum's error message, for one. Of two equal names this parser takes the last and others the first, so
    that a check elsewhere may have seen another value than the one that is used.
    """

    async def json(self) -> Any:
        """The body as JSON.

        Raises:
            json.JSONDecodeError: It is none.
            BadRequest: It is not UTF-8, holds NaN or Infinity, or is nested too deep.
            RequestValidationError: An object has a name twice, or too many; a number is too large to be one.
        """
        if not hasattr(self, "_json"):
            body = await self.body()
            self._json = _decoder.decode(_text(body))
            if body.count(b"[") + body.count(b"{") > MAX_DEPTH and _is_deeper(self._json, MAX_DEPTH):
                raise BadRequest(f"The body is nested deeper than {MAX_DEPTH} levels.")
        return self._json


def _text(body: bytes) -> str:
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        raise BadRequest("The body is not UTF-8.") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise _invalid("An object has the same name twice", "repeated")
    if len(made) > MAX_NAMES:
        raise _invalid(f"An object has more than {MAX_NAMES} names", "too_long")
    return made


def _invalid(message: str, code: str) -> RequestValidationError:
    # Where in the body is not known here, and the name is the sender's.
    return RequestValidationError([{"type": code, "loc": ("body",), "msg": message, "input": None}])


def _no_number(_: str) -> NoReturn:
    raise BadRequest("The request body is not valid JSON.")


def _finite(text: str) -> float:
    number = float(text)
    if isinf(number):
        raise _invalid("A number is too large", "finite_number")
    return number


_decoder = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_no_number, parse_float=_finite)


def _is_deeper(value: Any, levels: int) -> bool:
    """Whether containers stand within each other more than `levels` deep. Level by level, without recursion."""
    level = [value]
    for _ in range(levels):
        level = [item for container in level for item in _items(container) if isinstance(item, dict | list)]
    return bool(level)


def _items(container: Any) -> Iterable[Any]:
    if isinstance(container, dict):
        return container.values()
    return container if isinstance(container, list) else ()

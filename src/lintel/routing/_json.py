"""JSON bodies, read no deeper than anybody writes them."""

import json
from collections.abc import Iterable
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request

MAX_DEPTH = 32
BAD_REQUEST = 400


class JsonRequest(Request):
    """A request whose JSON body is bounded in depth.

    A value nested nearly as deep as Python's stack passes the parser, and then fails wherever it is compared, copied or
    shown: in Enum's error message, for one.
    """

    async def json(self) -> Any:
        """The body as JSON.

        Raises:
            json.JSONDecodeError: It is none.
            HTTPException: 400, it is not UTF-8 or nested too deep.
        """
        if not hasattr(self, "_json"):
            body = await self.body()
            self._json = json.loads(_text(body))
            if body.count(b"[") + body.count(b"{") > MAX_DEPTH and _is_deeper(self._json, MAX_DEPTH):
                raise HTTPException(BAD_REQUEST, detail=f"The body is nested deeper than {MAX_DEPTH} levels.")
        return self._json


def _text(body: bytes) -> str:
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        raise HTTPException(BAD_REQUEST, detail="The body is not UTF-8.") from None


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

"""Refuses requests that are larger than anybody's, or that two readers could read in two ways."""

import re
from itertools import chain
from urllib.parse import unquote_to_bytes

from starlette.types import ASGIApp, Receive, Scope, Send

from lintel.errors import BadRequest, HeadersTooLarge, NotFound, ServiceError, UriTooLong, problem_of
from lintel.middleware._headers import find_header

MAX_HEADERS = 100
CHUNKED = (b"transfer-encoding", b"chunked")
LENGTH = b"content-length"
_PLAIN = re.compile(rb"[\x21-\x24\x26-\x7e]*")
_PERCENT_ENCODED = re.compile(rb"(?:[\x21-\x24\x26-\x7e]|%[0-9A-Fa-f]{2})*")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


class StrictHttpMiddleware:
    """Looks at the request line and the headers, before anything else does.

    - 414 and 431 beyond the limits; servers have none of their own, or only for what they did not read at once.
    - 400 for a body with two lengths: h11 lets it pass, and a proxy may take another end of the request than it does
      (RFC 9112, 6.3).
    - 400 for an address that is not percent-encoded UTF-8. Servers and frameworks put U+FFFD for each other byte, so
      that many addresses become one, and keep or drop a percent sign without its two digits.
    - 404 for an encoded slash in the path, and for control characters. Servers decode them, so that `/me%2f` and, as
      patterns end before a line feed, `/me%0a` would be answered as `/me`, past what a proxy or a cache knows of it.

    Args:
        app: The application within.
        max_url_bytes: Longest path and query together.
        max_header_bytes: Most bytes in names and values of all headers, of which there may be 100.
    """

    def __init__(self, app: ASGIApp, *, max_url_bytes: int, max_header_bytes: int) -> None:
        self.app = app
        self.max_url_bytes = max_url_bytes
        self.max_header_bytes = max_header_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in {"http", "websocket"} and (fault := self._fault(scope)):
            response = problem_of(fault, scope["path"])
            # What follows on this connection may be the rest of this request or the next: nobody knows.
            response.headers["Connection"] = "close"
            await response(scope, receive, send)
            return
        await self.app(scope, receive, send)

    def _fault(self, scope: Scope) -> ServiceError | None:
        path, query, headers = scope.get("raw_path") or b"", scope["query_string"], scope["headers"]
        if len(headers) > MAX_HEADERS or sum(map(len, chain.from_iterable(headers))) > self.max_header_bytes:
            return HeadersTooLarge()
        if CHUNKED in headers and find_header(headers, LENGTH) is not None:
            return BadRequest("The request has two lengths: Content-Length and Transfer-Encoding.")
        address = path + query
        if len(address) > self.max_url_bytes:
            return UriTooLong()
        if not _PLAIN.fullmatch(address):
            return _fault_of_encoding(path, query)
        return None


def _not_encoded() -> ServiceError:
    return BadRequest("The address is not percent-encoded UTF-8.")


def _fault_of_encoding(path: bytes, query: bytes) -> ServiceError | None:
    if not _PERCENT_ENCODED.fullmatch(path + query):
        return _not_encoded()
    try:
        decoded = unquote_to_bytes(path).decode("utf-8")
        unquote_to_bytes(query).decode("utf-8")
    except UnicodeDecodeError:
        return _not_encoded()
    return NotFound() if b"%2f" in path.lower() or _CONTROL.search(decoded) else None

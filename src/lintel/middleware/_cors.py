"""Which browser applications may read the answers."""

from collections.abc import Awaitable
from typing import Any

from starlette.middleware.cors import CORSMiddleware as StarletteCORSMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lintel.middleware._headers import RawHeader, add_missing, add_vary, raw_headers, request_headers

ALLOW_ORIGIN = b"access-control-allow-origin"


class CORSMiddleware(StarletteCORSMiddleware):
    """Starlette's rules and its preflights; the headers of all other answers are made once instead of each time.

    Every answer says that it depends on the origin, so that no cache gives one site's answer to another.
    """

    def __init__(self, app: ASGIApp, **options: Any) -> None:
        super().__init__(app, **options)
        self._for_any = raw_headers(self.simple_headers.items())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a preflight, or add the headers to an answer."""
        if scope["type"] != "http" or (
            scope["method"] == "OPTIONS" and b"access-control-request-method" in request_headers(scope)
        ):
            await super().__call__(scope, receive, send)
            return
        origin = request_headers(scope).get(b"origin")
        added = [] if origin is None else self._headers_for(origin)

        def send_with_cors(message: Message) -> Awaitable[None]:
            if message["type"] == "http.response.start":
                message["headers"] = headers = list(message.get("headers", ()))
                if added:
                    add_missing(headers, added)
                add_vary(headers, b"Origin")
            return send(message)

        await self.app(scope, receive, send_with_cors)

    def _headers_for(self, origin: bytes) -> list[RawHeader]:
        if not self.is_allowed_origin(origin.decode("latin-1")):
            return []
        return self._for_any if self.allow_all_origins else [*self._for_any, (ALLOW_ORIGIN, origin)]

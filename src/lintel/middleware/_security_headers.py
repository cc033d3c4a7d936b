"""Headers that tell browsers to trust as little as possible."""

from collections.abc import Awaitable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lintel.deprecation import DEPRECATION_HEADERS
from lintel.middleware._headers import add_missing, raw_headers, request_headers

STRICT_CSP = "default-src 'none'; frame-ancestors 'none'"
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Content-Security-Policy": STRICT_CSP,
}
NOT_STORED = (b"cache-control", b"no-store")
PERSONAL = frozenset({b"authorization", b"cookie", b"x-api-key"})


class SecurityHeadersMiddleware:
    """Sets the headers where an answer has none of its own, as a page with scripts has.

    An answer to a request with credentials, and one to a request that changes something or signs somebody in, is not
    stored by anybody (`Cache-Control: no-store`) unless it says otherwise. HSTS is sent over https only: over http
    browsers must ignore it, and on a developer's machine it would lock other services out.

    That a route is deprecated is told here too: every answer passes, and another layer would cost every request.
    """

    def __init__(self, app: ASGIApp, *, hsts_seconds: int) -> None:
        self.app = app
        self.defaults = raw_headers(HEADERS.items())
        hsts = {"Strict-Transport-Security": f"max-age={hsts_seconds}; includeSubDomains"} if hsts_seconds else {}
        self.defaults_over_https = [*self.defaults, *raw_headers(hsts.items())]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        defaults = self.defaults_over_https if scope["scheme"] == "https" else self.defaults
        if _is_personal(scope):
            defaults = [*defaults, NOT_STORED]

        def send_with_headers(message: Message) -> Awaitable[None]:
            if message["type"] == "http.response.start":
                message["headers"] = headers = list(message.get("headers", ()))
                add_missing(headers, defaults)
                headers.extend(scope.get(DEPRECATION_HEADERS, ()))
            return send(message)

        await self.app(scope, receive, send_with_headers)


def _is_personal(scope: Scope) -> bool:
    return scope["method"] not in {"GET", "HEAD"} or not PERSONAL.isdisjoint(request_headers(scope))

"""Headers that tell browsers to trust as little as possible."""

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

STRICT_CSP = "default-src 'none'; frame-ancestors 'none'"
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Content-Security-Policy": STRICT_CSP,
}


class SecurityHeadersMiddleware:
    """Sets the headers where an answer has none of its own, as a page with scripts has.

    An answer to a request with credentials, and one to a request that changes something or signs somebody in, is not
    stored by anybody (`Cache-Control: no-store`) unless it says otherwise. HSTS is sent over https only: over http
    browsers must ignore it, and on a developer's machine it would lock other services out.
    """

    def __init__(self, app: ASGIApp, *, hsts_seconds: int) -> None:
        self.app = app
        self.hsts = f"max-age={hsts_seconds}; includeSubDomains" if hsts_seconds else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                if self.hsts and scope["scheme"] == "https":
                    headers.setdefault("Strict-Transport-Security", self.hsts)
                if _is_personal(scope):
                    headers.setdefault("Cache-Control", "no-store")
            await send(message)

        await self.app(scope, receive, send_with_headers)


def _is_personal(scope: Scope) -> bool:
    return scope["method"] not in {"GET", "HEAD"} or any(
        name in {b"authorization", b"cookie"} for name, _ in scope["headers"]
    )

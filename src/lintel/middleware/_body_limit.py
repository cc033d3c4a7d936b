"""How much of a body is read."""

from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from lintel.middleware._headers import request_headers


class BodyLimitMiddleware:
    """Answers 413 to a body over the limit: at once where its length is told, else as soon as it is reached.

    Starlette counts; a request that has no body is not even shown to it. A route can set a limit of its own
    (`max_body_size`), which goes before this one. That is why this is no argument of `FastAPI(...)`: every route
    would inherit it, and count for itself.
    """

    def __init__(self, app: ASGIApp, *, max_bytes: int) -> None:
        self.app = app
        self.limited = RequestBodyLimitMiddleware(app, max_body_size=max_bytes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await (self.limited if _may_have_body(scope) else self.app)(scope, receive, send)


def _may_have_body(scope: Scope) -> bool:
    if scope["type"] != "http":
        return False
    # In HTTP/1 a body is announced (RFC 9112, 6.3); later versions need no announcement.
    headers = request_headers(scope)
    return (
        b"content-length" in headers
        or b"transfer-encoding" in headers
        or not scope.get("http_version", "1.1").startswith("1")
    )

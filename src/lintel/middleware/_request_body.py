"""What every request body is held to."""

from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from lintel.middleware._body_timeout import BodyTimeoutMiddleware
from lintel.middleware._headers import request_headers


class RequestBodyMiddleware:
    """Bounds how long a body is and how long it is waited for; a request without one passes by.

    Beyond the limit the answer is 413, at once where the length is told, else as soon as it is reached. Starlette
    counts. A route can set a limit of its own (`max_body_size`), which goes before this one; that is why this is no
    argument of `FastAPI(...)`: every route would inherit it, and count for itself.

    Args:
        app: The application within.
        max_bytes: How long a body may be.
        seconds: How long it may take; see `BodyTimeoutMiddleware`.
    """

    def __init__(self, app: ASGIApp, *, max_bytes: int, seconds: float) -> None:
        self.app = app
        self.bounded = BodyTimeoutMiddleware(RequestBodyLimitMiddleware(app, max_body_size=max_bytes), seconds=seconds)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await (self.bounded if _may_have_body(scope) else self.app)(scope, receive, send)


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

"""Errors that a framework answers in plain text are given our one shape."""

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lintel.errors import problem_of_status

FIRST_ERROR = 400
OF_THE_BODY = frozenset({b"content-type", b"content-length"})


class PlainErrorsMiddleware:
    """Replaces a plain-text error of a layer that answers by itself: FastAPI's body limit (413), a CORS refusal.

    The other headers of that answer are kept.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        replaced = False

        async def send_in_shape(message: Message) -> None:
            nonlocal replaced
            if message["type"] == "http.response.start" and _is_plain_error(message):
                replaced = True
                await _in_shape(message, scope["path"])(scope, receive, send)
            elif not replaced:
                await send(message)

        await self.app(scope, receive, send_in_shape)


def _is_plain_error(message: Message) -> bool:
    if message["status"] < FIRST_ERROR:
        return False
    return Headers(raw=message["headers"]).get("content-type", "").startswith("text/plain")


def _in_shape(message: Message, path: str) -> Response:
    response = problem_of_status(message["status"], path)
    response.raw_headers.extend(item for item in message["headers"] if item[0].lower() not in OF_THE_BODY)
    return response

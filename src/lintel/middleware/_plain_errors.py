"""Errors that a framework answers in plain text are given our one shape."""

from collections.abc import Awaitable

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

        def send_in_shape(message: Message) -> Awaitable[None]:
            nonlocal replaced
            if message["type"] == "http.response.start" and message["status"] >= FIRST_ERROR and _is_plain(message):
                replaced = True
                return _in_shape(message, scope["path"])(scope, receive, send)
            return _nothing() if replaced else send(message)

        await self.app(scope, receive, send_in_shape)


async def _nothing() -> None:
    """Instead of a body that was replaced."""


def _is_plain(message: Message) -> bool:
    return Headers(raw=message["headers"]).get("content-type", "").startswith("text/plain")


def _in_shape(message: Message, path: str) -> Response:
    response = problem_of_status(message["status"], path)
    response.raw_headers.extend(item for item in message["headers"] if item[0].lower() not in OF_THE_BODY)
    return response

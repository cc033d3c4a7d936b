"""The last place an exception can reach."""

from collections.abc import Awaitable

import structlog
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lintel.errors import error_response, is_expected

_log = structlog.get_logger("lintel.errors")


class ErrorBoundaryMiddleware:
    """Answers whatever comes through, and logs its stack once if nobody meant to raise it.

    Starlette raises an exception again after answering it, so that servers can log it. It ends here instead: the
    server would write a second stack, without the request's id.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = False

        def send_and_note(message: Message) -> Awaitable[None]:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            return send(message)

        try:
            await self.app(scope, receive, send_and_note)
        except Exception as error:  # noqa: BLE001 - whatever it is, it ends here
            if not is_expected(error):
                _log.error("unhandled exception", exc_info=error)
            if not started:
                await error_response(error, scope)(scope, receive, send)
            elif is_expected(error) and not isinstance(error, ClientDisconnect):
                _log.warning("an answer was cut off", reason=type(error.__cause__ or error).__name__)

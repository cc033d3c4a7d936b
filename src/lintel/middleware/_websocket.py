"""What the layers for requests do for requests, for WebSockets."""

import time
from functools import cached_property

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.typing import FilteringBoundLogger

from lintel.errors import NotFound, PermissionDenied, ServiceError, error_response, is_expected, problem_of
from lintel.middleware._access_log import CLIENT_CLOSED, SERVER_ERROR, wire_path
from lintel.observability import WebSocketMetrics
from lintel.routing import effective_path

SWITCHING = 101
NORMAL = 1000
POLICY_VIOLATION = 1008
INTERNAL_ERROR = 1011
START, BODY = "websocket.http.response.start", "websocket.http.response.body"

_log = structlog.get_logger("lintel.errors")


class WebSocketMiddleware:
    """Logs each WebSocket once, when it is over; counts those that are open; ends what a handler could not.

    A handshake that is refused is answered like any request: 404 where there is no such route, 403 where a handler
    closes before it accepts, the error's own status where one is raised. An exception that nobody meant to raise is
    logged and closes with 1011, and no other connection hears of it.
    """

    def __init__(self, app: ASGIApp, metrics: WebSocketMetrics | None) -> None:
        self.app = app
        self._metrics = metrics

    @cached_property
    def _access_log(self) -> FilteringBoundLogger:
        logger: FilteringBoundLogger = structlog.get_logger("lintel.access").bind()
        return logger

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "websocket":
            await self.app(scope, receive, send)
            return
        started = time.perf_counter()
        connection = _Connection(scope, receive, send, self._metrics)
        try:
            await self.app(scope, connection.receive, connection.send)
        except Exception as error:  # noqa: BLE001 - whatever it is, it ends here
            if not is_expected(error):
                _log.error("unhandled exception", exc_info=error)
            await connection.fail(error)
        finally:
            connection.end()
            self._note(scope, connection, time.perf_counter() - started)

    def _note(self, scope: Scope, connection: "_Connection", seconds: float) -> None:
        client = scope.get("client")
        is_fault = connection.status >= SERVER_ERROR or connection.has_failed
        (self._access_log.error if is_fault else self._access_log.info)(
            "websocket",
            path=wire_path(scope),
            route=effective_path(scope),
            status=connection.status,
            close_code=connection.close_code,
            duration_ms=round(seconds * 1_000, 3),
            client=client[0] if client else None,
        )


class _Connection:
    """One WebSocket between its application and its server."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, metrics: WebSocketMetrics | None) -> None:
        self._scope = scope
        self._receive = receive
        self._send = send
        self._metrics = metrics
        self._is_open = False
        self.status = CLIENT_CLOSED
        self.close_code: int | None = None
        self.has_failed = False  # a client may say 1011 as well, and that is no fault of ours

    async def receive(self) -> Message:
        message = await self._receive()
        if message["type"] == "websocket.disconnect" and self.close_code is None:
            self.close_code = message.get("code")
        return message

    async def send(self, message: Message) -> None:
        kind = message["type"]
        if kind == "websocket.accept":
            await self._send(message)
            self.status, self._is_open = SWITCHING, True
            if self._metrics is not None:
                self._metrics.opened(effective_path(self._scope))
        elif kind == "websocket.close" and not self._is_open:
            is_unknown = message.get("code", NORMAL) == NORMAL  # what the router says where it has no route
            await self._refuse(NotFound() if is_unknown else PermissionDenied())
        elif kind in {START, BODY} and "websocket.http.response" not in self._scope.get("extensions", {}):
            await self._refuse_without_words(message)
        else:
            if kind == START:
                self.status = message["status"]
            elif kind == "websocket.close":
                self.close_code = int(message.get("code", NORMAL))
                self.has_failed = self.close_code == INTERNAL_ERROR
            await self._send(message)

    async def fail(self, error: Exception) -> None:
        """End what raised an exception, in whichever state it is."""
        if self.close_code is not None:
            return
        if self._is_open:
            await self.send({"type": "websocket.close", "code": INTERNAL_ERROR})
        elif self.status == CLIENT_CLOSED:
            await error_response(error, self._scope)(self._scope, self.receive, self.send)

    def end(self) -> None:
        """It is over."""
        if self._is_open and self._metrics is not None:
            self._metrics.closed(effective_path(self._scope))

    async def _refuse(self, error: ServiceError) -> None:
        await problem_of(error, self._scope["path"])(self._scope, self.receive, self.send)

    async def _refuse_without_words(self, message: Message) -> None:
        """For a server that has no way to answer a handshake but 403."""
        if message["type"] == START:
            self.status = message["status"]
            await self._send({"type": "websocket.close", "code": POLICY_VIOLATION})

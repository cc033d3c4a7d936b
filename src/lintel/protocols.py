"""uvicorn's two protocols, made so that what is open for long ends when the service does.

Given to a server as `http=` and `ws=`, in every process of it. uvicorn waits for open answers without telling anybody,
so a stream of events would hold it until its grace is over; and WebSockets it closes as if the service restarted.
"""

import logging
from typing import Any

from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

GOING_AWAY = 1001
ABORT_SECONDS = 5.0
"""What a peer that no longer reads may still have of the last bytes; then its connection is cut."""
FIRST_SECONDS = 1.0
"""For who has connected and not asked yet: the request is on its way, and nobody would answer it."""
WITH_BODY = frozenset({b"content-length", b"transfer-encoding"})
OF_A_HANDSHAKE = frozenset({b"sec-websocket-key", b"sec-websocket-version"})


class HttpProtocol(HttpToolsProtocol):
    """Tells the application that it is ending, answers who has just come, and upgrades only WebSocket handshakes.

    The library that reads handshakes answers anything else in words of its own, or not at all: a POST would be an
    exception. Such a request is answered as if nobody had asked for another protocol (RFC 9110, 7.8).
    """

    _is_ending = False

    def shutdown(self) -> None:
        """Called once the service has stopped to take connections."""
        self._is_ending = True
        if self._is_unasked():
            self.loop.call_later(FIRST_SECONDS, self._close_unasked)
        else:
            super().shutdown()
        begin_draining(self.app)

    def on_headers_complete(self) -> None:
        """A request has begun."""
        super().on_headers_complete()
        if self._is_ending and not self._is_unasked():
            self.cycle.keep_alive = False

    def _close_unasked(self) -> None:
        if self._is_unasked():
            self.transport.close()

    def _is_unasked(self) -> bool:
        cycle: Any = self.cycle  # typed as if there always were one
        return cycle is None

    def _should_upgrade(self) -> bool:
        if not super()._should_upgrade():
            return False
        names = {name for name, _ in self.headers}
        return self.scope["method"] == "GET" and names >= OF_A_HANDSHAKE and names.isdisjoint(WITH_BODY)


class WebSocketProtocol(WebSocketsSansIOProtocol):
    """Closes with 1001, writes no line about anybody's handshake, and cuts off who does not read."""

    def __init__(self, *args: Any, **values: Any) -> None:
        super().__init__(*args, **values)
        # At DEBUG it would write headers and frames, with tokens and messages in them.
        self.conn.logger = logging.getLogger("websockets.server")
        self.conn.debug = False

    def shutdown(self) -> None:
        """Called once the service has stopped to take connections."""
        begin_draining(self.app)
        if self.handshake_complete and not self.close_sent:
            self.stop_keepalive()
            self.queue.put_nowait({"type": "websocket.disconnect", "code": GOING_AWAY})
            self.conn.send_close(GOING_AWAY)
            self.transport.write(b"".join(self.conn.data_to_send()))
            self.transport.close()
            self._abort_later()
        else:
            super().shutdown()

    def keepalive_timeout(self) -> None:
        """The peer has not answered a ping in time."""
        super().keepalive_timeout()
        self.transport.abort()  # nobody is there to read the rest

    async def send(self, message: Any) -> None:
        """Send what the application says."""
        await super().send(message)
        if message["type"] == "websocket.http.response.body" and self.close_sent:
            self.handshake_complete = True  # by refusing; else the server would call it an error of the application

    async def run_asgi(self) -> None:
        """Run the application for one connection, and see to it that the connection ends too."""
        try:
            await super().run_asgi()
        finally:
            self._abort_later()

    def _abort_later(self) -> None:
        self.loop.call_later(ABORT_SECONDS if self.close_timer is None else self.close_timeout, self._abort)

    def _abort(self) -> None:
        if not self.disconnected:
            self.transport.abort()


def begin_draining(app: ASGIApp) -> None:
    """Tell an application, within whatever the server put around it, that streams are to end."""
    draining = getattr(state_of(app), "draining", None)
    if draining is not None:
        draining.begin()


def state_of(app: ASGIApp) -> Any:
    """The application's state, within whatever the server put around it."""
    while not hasattr(app, "state") and hasattr(app, "app"):
        app = app.app
    return getattr(app, "state", None)

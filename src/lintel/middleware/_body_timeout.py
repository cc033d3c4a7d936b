"""A request body that comes too slowly is not waited for."""

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lintel.errors import RequestTimeout

BYTES_A_SECOND = 16_384
"""Each of these many bytes buys another second, so that a large upload over a steady line is not cut off."""


class BodyTimeoutMiddleware:
    """Raises `RequestTimeout` (408) out of `receive` when a body is late.

    Servers wait for the rest of a body without end. A byte now and then would hold the request, and whatever its
    handler holds, for as long as the sender likes.

    Args:
        app: The application within.
        seconds: How long a body may take, and a second more for each 16 KiB received.
    """

    def __init__(self, app: ASGIApp, *, seconds: float) -> None:
        self.app = app
        self.seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            # Nothing is looked up or started before somebody reads: most requests have no body.
            receive = _Body(receive, self.seconds).receive
        await self.app(scope, receive, send)


class _Body:
    """The body of one request, and until when the rest of it is waited for."""

    __slots__ = ("_deadline", "_is_over", "_receive", "_seconds")

    def __init__(self, receive: Receive, seconds: float) -> None:
        self._receive = receive
        self._seconds = seconds
        self._deadline: float | None = None
        self._is_over = False

    async def receive(self) -> Message:
        if self._is_over:
            return await self._receive()  # the sender's leaving, which may take for ever
        if self._deadline is None:
            self._deadline = asyncio.get_running_loop().time() + self._seconds
        timeout = asyncio.timeout_at(self._deadline)
        try:
            async with timeout:
                message = await self._receive()
        except TimeoutError:
            if timeout.expired():
                raise RequestTimeout from None
            raise
        self._is_over = not message.get("more_body", False)
        self._deadline += len(message.get("body", b"")) / BYTES_A_SECOND
        return message

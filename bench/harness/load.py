"""The load: a few connections over loopback, kept alive, each sending the next request when it has its answer.

Small on purpose, so that a bench needs no program installed: it asks one question over and over, and every answer must
have the status and the length expected.
"""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import cast

import uvloop

HOST = "127.0.0.1"
END_OF_HEAD = b"\r\n\r\n"
LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
MAX_HEAD = 65_536


class WrongAnswerError(Exception):
    """An answer that is not the one being measured, or none in time."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """What is asked, and what must come back.

    Attributes:
        path: With its query.
        headers: Beside `Host`.
        status: Expected of every answer.
        length: Bytes of body expected of every answer; None takes the first answer's word for it.
    """

    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    status: int = 200
    length: int | None = None

    def encode(self) -> bytes:
        """The request as it goes over the wire."""
        lines = [f"GET {self.path} HTTP/1.1", f"Host: {HOST}", *(f"{name}: {of}" for name, of in self.headers.items())]
        return "\r\n".join([*lines, "", ""]).encode("ascii")


def send(request: Request, *, port: int, count: int, connections: int, deadline: float) -> int:
    """Send a request many times and check every answer.

    Args:
        request: What to ask.
        port: Where, on this machine.
        count: How many times, over all connections.
        connections: How many requests are under way at a time.
        deadline: Seconds that all of it may take.

    Returns:
        The bytes of body that each answer had.

    Raises:
        WrongAnswerError: Of one of the answers; or they were not all there in time.
    """
    return uvloop.run(_send(request, port, count, connections, deadline))


async def _send(request: Request, port: int, count: int, connections: int, deadline: float) -> int:
    loop = asyncio.get_running_loop()
    run = _Run(request, count, loop.create_future())
    transports = []
    try:
        async with asyncio.timeout(deadline):
            for _ in range(min(connections, count)):
                transport, _protocol = await loop.create_connection(lambda: _Connection(run), HOST, port)
                transports.append(transport)
            return await run.finished
    except (TimeoutError, OSError) as error:
        raise WrongAnswerError(f"{request.path}: {run.missing} of {count} answers missing ({error!r})") from None
    finally:
        for transport in transports:
            transport.close()


class _Run:
    """What the connections share: how much is still to be sent, and how it ended."""

    def __init__(self, request: Request, count: int, finished: "asyncio.Future[int]") -> None:
        self.request = request
        self.wire = request.encode()
        self.status = b" %d " % request.status
        self.length = request.length
        self.unsent = count
        self.missing = count
        self.finished = finished

    def next(self) -> bytes | None:
        """The next request, or None when all have been sent."""
        if not self.unsent:
            return None
        self.unsent -= 1
        return self.wire

    def check(self, head: bytes, length: int) -> None:
        """Count an answer, or fail."""
        if self.length is None:
            self.length = length
        if head[8:13] != self.status or length != self.length:
            status = head[9:12].decode("ascii", "replace")
            expected = f"{self.request.status} with {self.length} bytes"
            self.fail(f"{self.request.path} answered {status} with {length} bytes instead of {expected}")
            return
        self.missing -= 1
        if not self.missing and not self.finished.done():
            self.finished.set_result(length)

    def fail(self, reason: str) -> None:
        """End the run."""
        self.unsent = 0
        if not self.finished.done():
            self.finished.set_exception(WrongAnswerError(reason))


class _Connection(asyncio.Protocol):
    def __init__(self, run: _Run) -> None:
        self._run = run
        self._received = b""
        self._waiting = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's own, which does not inherit from it
        self._ask()

    def data_received(self, data: bytes) -> None:
        self._received += data
        end = self._received.find(END_OF_HEAD)
        if end < 0:
            if len(self._received) > MAX_HEAD:
                self._run.fail("an answer without an end of its head")
            return
        found = LENGTH.search(self._received, 0, end)
        if found is None:
            self._run.fail(f"{self._run.request.path} answered without a Content-Length")
            return
        length = int(found[1])
        if len(self._received) - end - len(END_OF_HEAD) < length:
            return
        head, self._received, self._waiting = self._received[:end], b"", False
        self._run.check(head, length)
        self._ask()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._waiting:
            self._run.fail(f"the server closed the connection before its answer ({exc!r})")

    def _ask(self) -> None:
        wire = self._run.next()
        if wire is not None:
            self._waiting = True
            self._transport.write(wire)

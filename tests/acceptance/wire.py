"""A real server on a real port, and bytes that no client would send."""

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

import uvicorn
from fastapi import FastAPI

from lintel.protocols import HttpProtocol, WebSocketProtocol
from lintel.server import Server

PARSERS = ("httptools", "h11")
START_SECONDS = 30.0
ANSWER_SECONDS = 20.0
"""Guards against hanging."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wired:
    """An application that listens, in a thread and an event loop of its own."""

    app: FastAPI
    port: int
    parser: str
    loop: asyncio.AbstractEventLoop

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=ANSWER_SECONDS)

    def send(self, request: bytes) -> "RawAnswer":
        """Send bytes as they are, then read until the answer is complete or the connection closes."""
        with self.connect() as connection:
            connection.sendall(request)
            return read_answer(connection)

    def call(self, function: Callable[[], object]) -> object:
        """Run something in the server's own event loop."""

        async def run() -> object:
            return function()

        return asyncio.run_coroutine_threadsafe(run(), self.loop).result(ANSWER_SECONDS)


@dataclass(frozen=True, slots=True)
class RawAnswer:
    """What came back.

    Attributes:
        status: 0 if nothing came.
        headers: By lower-case name.
        body: As far as it was sent.
        is_closed: Whether the server closed the connection after it.
        lines: The header lines as they came.
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    is_closed: bool = False
    lines: tuple[str, ...] = ()


def read_answer(connection: socket.socket) -> RawAnswer:
    """One answer: up to the end of its body, and a moment longer to see whether the connection closes."""
    received = b""
    while b"\r\n\r\n" not in received:
        part = _receive(connection)
        if not part:
            return RawAnswer(status=0, is_closed=True)
        received += part
    head, _, body = received.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    while len(body) < int(headers.get("content-length", 0)):
        part = _receive(connection)
        if not part:
            break
        body += part
    is_closed = headers.get("connection") == "close" and not _receive(connection)
    return RawAnswer(int(first.split()[1]), headers, body, is_closed, tuple(lines))


def _receive(connection: socket.socket) -> bytes:
    try:
        return connection.recv(65_536)
    except ConnectionResetError:  # closed with bytes of ours unread
        return b""


@contextmanager
def listening(app: FastAPI, parser: str) -> Iterator[Wired]:
    """Serve an application with one of uvicorn's two parsers while the block runs."""
    config = uvicorn.Config(
        app,
        port=0,
        http=HttpProtocol if parser == "httptools" else parser,
        ws=WebSocketProtocol,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=5,
    )
    started = threading.Event()
    addresses: list[str] = []
    loops: list[asyncio.AbstractEventLoop] = []

    def on_started(address: str) -> None:
        addresses.append(address)
        loops.append(asyncio.get_running_loop())
        started.set()

    server = Server(config, on_started)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        assert started.wait(START_SECONDS), "the server did not start"
        yield Wired(app=app, port=int(addresses[0].rpartition(":")[2]), parser=parser, loop=loops[0])
    finally:
        server.should_exit = True
        thread.join(START_SECONDS)
    assert not thread.is_alive()


def eventually(is_so: Callable[[], bool]) -> bool:
    """Whether something becomes true before long."""
    deadline = time.monotonic() + ANSWER_SECONDS
    while not is_so():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True

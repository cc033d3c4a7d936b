import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpcore2
import pytest
from cryptography import x509

from lintel.outgoing import Destinations, Outgoing, OutgoingLimits
from tests.certificates import self_signed

PUBLIC = "93.184.215.14"
"""Public by its number; the tests' network leads every connection to this machine."""
TRUSTING_NOBODY = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Reading the authorities of a system takes longer than most tests."""
HOST = "hooks.example.com"
Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
Serve = Callable[..., Awaitable[int]]


def answering(head: str, body: bytes = b"", seen: list[bytes] | None = None) -> Handler:
    """A server that reads one request, answers it, and closes."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await reader.readuntil(b"\r\n\r\n")
        length = next((int(line[15:]) for line in request.lower().split(b"\r\n") if line[:15] == b"content-length:"), 0)
        request += await reader.readexactly(length)
        if seen is not None:
            seen.append(request)
        told = "" if "ength:" in head or "oding:" in head else f"content-length: {len(body)}\r\n"
        writer.write(f"HTTP/1.1 {head}\r\n{told}connection: close\r\n\r\n".encode() + body)

    return handle


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """Runs a server on a free port of this machine; says which."""
    async with AsyncExitStack() as stack:

        async def start(handler: Handler, **options: Any) -> int:
            tasks: set[asyncio.Task[None]] = set()

            async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                task = asyncio.current_task()
                assert task is not None
                tasks.add(task)
                try:
                    await handler(reader, writer)
                except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
                    pass  # the client has what it wanted, or the test is over
                finally:
                    tasks.discard(task)
                    writer.transport.abort() if writer.is_closing() else writer.close()

            server = await asyncio.start_server(handle, "127.0.0.1", 0, **options)

            async def stop() -> None:
                server.close()
                for task in list(tasks):
                    task.cancel()
                await asyncio.sleep(0.01)  # the loop closes their connections

            stack.push_async_callback(stop)
            return int(server.sockets[0].getsockname()[1])

        yield start


class Names:
    """A name server: the answers to each question in turn, the last for ever."""

    def __init__(self, **answers: Sequence[str]) -> None:
        self.asked: list[str] = []
        self.answers: dict[str, list[Sequence[str]]] = {}
        self.set(HOST, [PUBLIC])
        for name, found in answers.items():
            self.set(name, found)

    def set(self, name: str, *answers: Sequence[str]) -> None:
        self.answers[name] = list(answers)

    async def __call__(self, host: str) -> Sequence[str]:
        self.asked.append(host)
        answers = self.answers.get(host)
        if not answers:
            raise OSError
        return answers.pop(0) if len(answers) > 1 else answers[0]


class Network(httpcore2.AnyIOBackend):
    """Leads every connection to servers of the test, by port, and remembers where it should have gone."""

    def __init__(self) -> None:
        self.connected: list[tuple[str, int]] = []
        self.servers: dict[int, int] = {}
        self.silent: set[str] = set()

    async def connect_tcp(self, host: str, port: int, *args: Any, **options: Any) -> httpcore2.AsyncNetworkStream:
        self.connected.append((host, port))
        if host in self.silent:
            raise httpcore2.ConnectTimeout
        return await super().connect_tcp("127.0.0.1", self.servers[port], *args, **options)


@pytest.fixture
def names() -> Names:
    return Names()


@pytest.fixture
def network() -> Network:
    return Network()


MakeOutgoing = Callable[..., Outgoing]


@pytest.fixture
async def make_outgoing(names: Names, network: Network) -> AsyncIterator[MakeOutgoing]:
    async with AsyncExitStack() as stack:
        made: list[Outgoing] = []

        def make(*allowed: str, **options: Any) -> Outgoing:
            limits = {name: options.pop(name) for name in list(options) if name in OutgoingLimits.__slots__}
            usual = {"resolver": names, "network": network, "tls": TRUSTING_NOBODY, **options}
            outgoing = Outgoing("tests", destinations=Destinations(allowed), limits=OutgoingLimits(**limits), **usual)
            made.append(outgoing)
            return outgoing

        yield make
        for outgoing in made:
            await stack.enter_async_context(outgoing.opened())


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Key and certificate of the tests' host, signed by nobody but itself."""
    return self_signed(tmp_path_factory.mktemp("tls") / "server.pem", x509.DNSName(HOST))


@pytest.fixture
def server_tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


@pytest.fixture
def trusting(certificate: Path) -> ssl.SSLContext:
    """A client's context that knows the certificate."""
    return ssl.create_default_context(cafile=certificate)

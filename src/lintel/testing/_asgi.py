"""A raw ASGI driver for hostile requests: what is given is what the application gets, byte for byte."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable, MutableMapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

Message = MutableMapping[str, Any]
AsgiApp = Callable[
    [MutableMapping[str, Any], Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]],
    Awaitable[None],
]
Headers = Sequence[tuple[bytes, bytes]]


class NoResponseError(AssertionError):
    """The application ended without starting a response. Its own exception, if any, is the cause."""


@dataclass(kw_only=True)
class AsgiResponse:
    """What an application answered.

    Attributes:
        status: The status code.
        headers: Names and values in the order and case they were sent.
        body: The whole body.
        is_complete: Whether the last part of the body was sent.
        raised: What the application raised, before or after answering.
    """

    status: int = 0
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    body: bytes = b""
    is_complete: bool = False
    raised: Exception | None = None

    @property
    def text(self) -> str:
        """The body as UTF-8, strictly."""
        return self.body.decode()

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)

    def header(self, name: str) -> str | None:
        """The first value of a header, or None."""
        return next(iter(self.headers_all(name)), None)

    def headers_all(self, name: str) -> list[str]:
        """Every value of a header, in order."""
        wanted = name.lower().encode("latin-1")
        return [value.decode("latin-1") for key, value in self.headers if key.lower() == wanted]


async def asgi_request(
    app: AsgiApp,
    method: str,
    path: str,
    *,
    raw_path: bytes | None = None,
    headers: Headers = (),
    body: bytes | Iterable[bytes] = b"",
    query: bytes = b"",
    scheme: str = "http",
    client: tuple[str, int] | None = ("127.0.0.1", 50000),
    http_version: str = "1.1",
    deadline: float = 10.0,
) -> AsgiResponse:
    """Send one request straight into an application. Nothing is added or normalised: not even `Host`.

    Args:
        app: The ASGI application. Its lifespan is not run.
        method: The method, as it stands.
        path: The decoded path.
        raw_path: The path as sent; by default `path`, percent-encoded.
        headers: Names and values; servers hand names over in lower case.
        body: The body, or its parts as the network would cut them.
        query: The query string without the question mark.
        scheme: `http` or `https`.
        client: Address and port of the peer; None as behind a Unix socket.
        http_version: `1.0`, `1.1` or `2`.
        deadline: Seconds after which the application is cancelled.

    Raises:
        NoResponseError: The application ended without a response.
        TimeoutError: The application was not done before the deadline.
    """
    scope: dict[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": http_version,
        "method": method,
        "scheme": scheme,
        "path": path,
        "raw_path": quote(path, safe="/!$&'()*+,;=:@").encode() if raw_path is None else raw_path,
        "query_string": query,
        "root_path": "",
        "headers": list(headers),
        "client": client,
        "server": ("127.0.0.1", 8000),
    }
    exchange = _Exchange(body)
    async with asyncio.timeout(deadline):
        try:
            await app(scope, exchange.receive, exchange.send)
        except Exception as error:  # noqa: BLE001 - a server survives whatever an application raises
            exchange.response.raised = error
    if not exchange.response.status:
        raise NoResponseError(f"No response to {method} {path}") from exchange.response.raised
    return exchange.response


class _Exchange:
    """The server's side of one request: hands the body out, takes the response in, refuses what a server would."""

    def __init__(self, body: bytes | Iterable[bytes]) -> None:
        self.response = AsgiResponse()
        # Parts are asked for one by one, so that a test can see how much was read.
        self._chunks = iter(()) if isinstance(body, bytes) else iter(body)
        self._last = body if isinstance(body, bytes) else b""
        self._is_body_sent = False
        self._completed = asyncio.Event()

    async def receive(self) -> Message:
        if not self._is_body_sent:
            chunk = next(self._chunks, None)
            self._is_body_sent = chunk is None
            body = self._last if chunk is None else chunk
            return {"type": "http.request", "body": body, "more_body": chunk is not None}
        await self._completed.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        response = self.response
        expected = "http.response.body" if response.status else "http.response.start"
        if response.is_complete or message["type"] != expected:
            raise RuntimeError(f"Unexpected ASGI message {message['type']!r}")
        if expected == "http.response.start":
            response.status = message["status"]
            response.headers = [(bytes(name), bytes(value)) for name, value in message.get("headers", ())]
            return
        response.body += message.get("body", b"")
        if not message.get("more_body", False):
            response.is_complete = True
            self._completed.set()

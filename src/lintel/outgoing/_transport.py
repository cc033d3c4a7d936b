"""What a client of httpx2 sends its requests through."""

import ssl
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing, contextmanager

import httpcore2
import httpx2

from lintel.outgoing._destinations import Destinations
from lintel.outgoing._errors import OutgoingTimeout, OutgoingUnavailable
from lintel.outgoing._network import PinnedNetwork, Resolver, SystemResolver

MAX_IDLE = 10
IDLE_SECONDS = 3.0


class GuardedTransport(httpx2.AsyncBaseTransport):
    """Sends requests to where they may go, and says of all else why not.

    Every request is judged, so also each one to which a client is redirected. For libraries that want a client of
    their own: `httpx2.AsyncClient(transport=GuardedTransport(destinations), trust_env=False)`. That client sets the
    deadlines; our own calls are made with `Outgoing`, which also bounds the answers.

    Args:
        destinations: What may be called.
        max_connections: How many are open at a time; further calls wait.
        resolver: Who knows addresses; this system unless told otherwise.
        network: What opens connections to addresses.
        tls: Whom to trust; the authorities of this system unless told otherwise.
    """

    def __init__(
        self,
        destinations: Destinations,
        *,
        max_connections: int = 50,
        resolver: Resolver | None = None,
        network: httpcore2.AsyncNetworkBackend | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._destinations = destinations
        self._pool = httpcore2.AsyncConnectionPool(
            ssl_context=tls or ssl.create_default_context(),
            max_connections=max_connections,
            max_keepalive_connections=min(max_connections, MAX_IDLE),
            keepalive_expiry=IDLE_SECONDS,
            network_backend=PinnedNetwork(
                destinations, resolver=resolver or SystemResolver(), network=network or httpcore2.AnyIOBackend()
            ),
        )

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send one request; the client reads the answer.

        Raises:
            OutgoingRefused: It may not go there.
            OutgoingUnavailable: Nobody answers, or not in HTTP.
            OutgoingTimeout: Or not in time.
        """
        url = self._destinations.check_url(request.url)
        place = httpcore2.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)
        sent = httpcore2.Request(
            method=request.method,
            url=place,
            headers=request.headers.raw,
            content=request.stream,
            extensions=request.extensions,
        )
        with _in_our_words():
            answer = await self._pool.handle_async_request(sent)
        return httpx2.Response(
            answer.status, headers=answer.headers, stream=_Body(answer), extensions=answer.extensions
        )

    async def aclose(self) -> None:
        """Close all connections."""
        await self._pool.aclose()


class _Body(httpx2.AsyncByteStream):
    def __init__(self, answer: httpcore2.Response) -> None:
        self._answer = answer

    async def __aiter__(self) -> AsyncGenerator[bytes]:
        with _in_our_words():
            async with aclosing(self._answer.aiter_stream()) as chunks:
                async for chunk in chunks:
                    yield chunk

    async def aclose(self) -> None:
        await self._answer.aclose()


@contextmanager
def _in_our_words() -> Iterator[None]:
    try:
        yield
    except httpcore2.TimeoutException as error:
        raise OutgoingTimeout(type(error).__name__) from None
    except (httpcore2.NetworkError, httpcore2.ProtocolError, httpcore2.UnsupportedProtocol, OSError) as error:
        # Not its text, which may repeat what the other side said.
        raise OutgoingUnavailable(type(error).__name__) from None

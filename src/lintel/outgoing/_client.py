"""Calls to others, each with a deadline, a bound on its answer and a record in the log."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from typing import Any, Self

import httpcore2
import httpx2

from lintel.context import current_request_id
from lintel.observability import OutgoingMetrics
from lintel.outgoing._answer import OutgoingAnswer, OutgoingStream
from lintel.outgoing._destinations import Destinations
from lintel.outgoing._errors import OutgoingRefused, OutgoingTimeout, OutgoingUnavailable
from lintel.outgoing._network import Resolver
from lintel.outgoing._record import Call, place_of
from lintel.outgoing._redirects import redirected
from lintel.outgoing._transport import GuardedTransport
from lintel.settings import OutgoingSettings, SettingsError

REQUEST_ID_HEADER = "X-Request-ID"
USER_AGENT = "Lintel"
NOT_THEIRS = frozenset({"host", "connection", "content-length", "transfer-encoding", "upgrade"})
"""Headers that say where a request goes or where it ends; only we do."""


@dataclass(frozen=True, slots=True)
class OutgoingLimits:
    """How long a call may take and how much it may bring.

    Attributes:
        connect: Seconds to look up a host and connect to it.
        read: Seconds without a byte.
        total: Seconds for all of it.
        max_bytes: Longest answer.
        max_connections: Connections at a time; further calls wait.
    """

    connect: float = 5.0
    read: float = 10.0
    total: float = 30.0
    max_bytes: int = 1_048_576
    max_connections: int = 50

    @classmethod
    def of(cls, settings: OutgoingSettings) -> Self:
        """Those of the settings."""
        return cls(
            connect=settings.outgoing_connect_timeout,
            read=settings.outgoing_read_timeout,
            total=settings.outgoing_timeout,
            max_bytes=settings.outgoing_max_bytes,
            max_connections=settings.outgoing_max_connections,
        )


class Outgoing:
    """Calls for one purpose, with connections of their own: who is slow for one purpose holds up no other.

    Cookies are neither kept nor sent, proxies of the environment are not used, and redirects are answers unless a call
    follows them. To be closed with the service: `opened` is one of its resources.

    Args:
        purpose: What the calls are for; a constant, for the log and the metrics.
        destinations: What may be called.
        limits: How long calls may take, and how much they may bring.
        user_agent: Who we say we are.
        resolver: Who knows addresses; this system unless told otherwise.
        network: What opens connections to addresses.
        tls: Whom to trust; the authorities of this system unless told otherwise.

    Attributes:
        metrics: Where calls are counted, if anywhere.
    """

    def __init__(
        self,
        purpose: str,
        *,
        destinations: Destinations,
        limits: OutgoingLimits | None = None,
        user_agent: str = USER_AGENT,
        resolver: Resolver | None = None,
        network: httpcore2.AsyncNetworkBackend | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.metrics: OutgoingMetrics | None = None
        self._purpose = purpose
        self._destinations = destinations
        self._limits = limits or OutgoingLimits()
        self._headers = {"User-Agent": user_agent, "Accept": "*/*", "Accept-Encoding": "identity"}
        self._timeouts = httpx2.Timeout(self._limits.read, connect=self._limits.connect).as_dict()
        self._transport = GuardedTransport(
            destinations, max_connections=self._limits.max_connections, resolver=resolver, network=network, tls=tls
        )

    def check_url(self, url: str) -> None:
        """Refuse an address that could never be called; its host is looked up with each call only.

        Raises:
            OutgoingRefused: It is one.
        """
        self._destinations.check_url(url)

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
        json: Any = None,
        redirects: int = 0,
        max_bytes: int | None = None,
        truncate: bool = False,
        seconds: float | None = None,
    ) -> OutgoingAnswer:
        """Call, and read the whole answer.

        Args:
            method: Of HTTP.
            url: Where.
            headers: Of ours; those that say where a request goes or ends are not for callers.
            content: The body.
            json: Or a body to be made.
            redirects: How many to follow, of GET and HEAD. Each is judged like the first; credentials and all other
                headers of this call stay with the origin that they were meant for.
            max_bytes: Longest answer, if other than usual.
            truncate: Whether the beginning of a longer one is enough.
            seconds: Total deadline, if other than usual.

        Raises:
            OutgoingRefused: The address, or one it leads to, may not be called.
            OutgoingTimeout: It takes too long.
            OutgoingTooLarge: The answer is too long.
            OutgoingUnavailable: The other side cannot be reached or does not speak HTTP.
        """
        async with self.stream(
            method,
            url,
            headers=headers,
            content=content,
            json=json,
            redirects=redirects,
            max_bytes=max_bytes,
            seconds=seconds,
        ) as stream:
            return await stream.read(truncate=truncate)

    @asynccontextmanager
    async def stream(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
        json: Any = None,
        redirects: int = 0,
        max_bytes: int | None = None,
        seconds: float | None = None,
    ) -> AsyncIterator[OutgoingStream]:
        """Call, and read the answer as it comes. See `request`; the deadline is for the whole block."""
        call = Call(self._purpose, method, self.metrics)
        longest = self._limits.max_bytes if max_bytes is None else max_bytes
        deadline = asyncio.timeout(self._limits.total if seconds is None else seconds)
        try:
            async with deadline:
                request = self._request(method, url, headers or {}, content=content, json=json)
                async with self._answered(request, redirects, call) as response:
                    stream = call.stream = OutgoingStream(response, max_bytes=longest)
                    yield stream
        except TimeoutError:
            if not deadline.expired():
                raise  # the caller's own
            call.failed = OutgoingTimeout("total")
            raise call.failed from None
        except (OutgoingRefused, OutgoingUnavailable) as error:
            call.failed = error
            raise
        finally:
            call.end()

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """Close all connections at the end."""
        async with self._transport:
            yield

    def _request(self, method: str, url: str, headers: Mapping[str, str], **body: Any) -> httpx2.Request:
        for name in headers:
            if name.lower() in NOT_THEIRS:
                raise ValueError(f"{name} is no header for callers")
        request_id = current_request_id()
        known = {} if request_id is None else {REQUEST_ID_HEADER: request_id}
        return httpx2.Request(
            method,
            self._destinations.check_url(url),
            headers={**self._headers, **headers, **known},
            extensions={"timeout": self._timeouts},
            **body,
        )

    @asynccontextmanager
    async def _answered(self, request: httpx2.Request, redirects: int, call: Call) -> AsyncIterator[httpx2.Response]:
        for left in range(redirects, -1, -1):
            call.place = place_of(request.url)
            async with aclosing(await self._transport.handle_async_request(request)) as response:
                response.request = request
                following = redirected(request, response, self._destinations) if redirects else None
                if following is None:
                    yield response
                    return
                if not left:
                    raise OutgoingRefused("too many redirects")
            request = following


def outgoing_of(settings: OutgoingSettings, purpose: str, *, user_agent: str = USER_AGENT) -> Outgoing:
    """Calls for one purpose, as the settings allow them.

    Raises:
        SettingsError: A line of `OUTGOING_ALLOWED_HOSTS` is none.
    """
    try:
        destinations = Destinations(settings.outgoing_allowed_hosts)
    except ValueError as error:
        raise SettingsError({"OUTGOING_ALLOWED_HOSTS": str(error)}) from None
    return Outgoing(purpose, destinations=destinations, limits=OutgoingLimits.of(settings), user_agent=user_agent)

"""All WebSockets of one process: who has one, how many there may be, and when they must go."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Self

import structlog
from starlette.websockets import WebSocket

from lintel.errors import Unavailable
from lintel.pubsub import Message, PubSub, Subscription
from lintel.realtime._connection import CloseCode, Connection, Limits, MayHear
from lintel.realtime._registry import Registry
from lintel.security import Access
from lintel.settings import RealtimeSettings

EXPIRED = "the token has expired"

_log = structlog.get_logger("lintel.realtime")

StillValid = Callable[[Collection[Access]], Awaitable[Collection[Access]]]
"""Those of them whose account, session or whatever else they came by is still good; one statement for all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SocketLimits(Limits):
    """What all connections of one process are held to together.

    Attributes:
        max_connections: In this process.
        max_per_user: Of one user, in this process.
        recheck_seconds: Time between two looks at whether all of them still may.
    """

    max_connections: int
    max_per_user: int
    recheck_seconds: float

    @classmethod
    def of(cls, settings: RealtimeSettings) -> Self:
        """As the settings say."""
        return cls(
            max_connections=settings.ws_max_connections,
            max_per_user=settings.ws_max_per_user,
            max_message_bytes=settings.ws_max_message_bytes,
            messages_per_second=settings.ws_messages_per_second,
            slow_seconds=settings.ws_slow_seconds,
            recheck_seconds=settings.realtime_recheck_seconds,
        )


class ConnectionManager:
    """Serves WebSockets over one `PubSub`.

    Each user has a channel, `access_channel(user_id)`, on which changes of their account or sessions are told: whoever
    publishes there has all connections of that user looked at again, at once and in every process.

    Args:
        pubsub: Carries what is sent to them.
        limits: How many, how much, how long.
        still_valid: Asked every few seconds for all, and at once for those whose access channel speaks.
        access_channel: The name of a user's channel.
    """

    def __init__(
        self,
        pubsub: PubSub,
        *,
        limits: SocketLimits,
        still_valid: StillValid,
        access_channel: Callable[[int], str],
    ) -> None:
        self._pubsub = pubsub
        self._limits = limits
        self._still_valid = still_valid
        self._connections = Registry(access_channel)

    def __len__(self) -> int:
        """How many are connected to this process."""
        return len(self._connections.all)

    def users(self) -> Counter[int]:
        """Who is connected to this process, and how many times."""
        return Counter(connection.access.principal.id for connection in self._connections.all)

    def listeners(self, channel: str) -> int:
        """How many of those who are connected to this process hear a channel."""
        return sum(channel in connection.channels for connection in self._connections.all)

    async def serve(
        self, socket: WebSocket, access: Access, *, channels: Collection[str] = (), may_hear: MayHear | None = None
    ) -> None:
        """Serve a WebSocket that was accepted, until one of both ends it.

        Args:
            socket: It.
            access: Who it is.
            channels: What they hear from the start.
            may_hear: Whether they may hear a channel that they ask for; None where they cannot ask.

        Raises:
            ValueError: One of `channels` is no name of a channel.
        """
        refusal = self._refusal(access)
        if refusal is not None:
            await socket.close(*refusal)
            return
        async with self._pubsub.subscribe(*channels) as subscription:
            connection = Connection(socket, access, subscription, limits=self._limits, may_hear=may_hear)
            connection.channels.update(channels)
            with self._connections.holding(connection):
                await connection.run()

    def _refusal(self, access: Access) -> tuple[int, str] | None:
        if access.expires_at <= time.time():
            return CloseCode.UNAUTHENTICATED, EXPIRED
        if len(self._connections.of_user(access.principal.id)) >= self._limits.max_per_user:
            return CloseCode.POLICY_VIOLATION, "too many connections of one user"
        if len(self) >= self._limits.max_connections:
            return CloseCode.TRY_AGAIN_LATER, "too many connections"
        return None

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """Look after connections while the block runs; its end closes all that are left (1001)."""
        async with self._pubsub.subscribe() as news:
            self._connections.news = news
            watching = asyncio.create_task(self._watch(news))
            try:
                yield
            finally:
                watching.cancel()
                await asyncio.wait([watching])
                self._connections.news = None
                _end(self._connections.all, CloseCode.GOING_AWAY, "the service ends")

    async def _watch(self, news: Subscription) -> None:
        clock = asyncio.get_running_loop().time
        look_at = clock() + self._limits.recheck_seconds
        while True:
            user = await _user_with_news(news, until=look_at)
            if user is None:
                look_at = clock() + self._limits.recheck_seconds
            due = list(self._connections.all if user is None else self._connections.on(user))
            try:
                await self._end_invalid(due)
            except Unavailable:
                _log.warning("connections could not be looked at: the next look comes soon")
            except Exception as error:  # noqa: BLE001 - nobody would be looked at any more
                _log.error("connections could not be looked at and are closed", exc_info=error)
                _end(due, CloseCode.INTERNAL_ERROR, "")

    async def _end_invalid(self, connections: Collection[Connection]) -> None:
        now = time.time()
        expired = {connection for connection in connections if connection.access.expires_at <= now}
        _end(expired, CloseCode.UNAUTHENTICATED, EXPIRED)
        rest = set(connections) - expired
        if rest:
            valid = set(await self._still_valid({connection.access for connection in rest}))
            invalid = [connection for connection in rest if connection.access not in valid]
            _end(invalid, CloseCode.UNAUTHENTICATED, "the account or session is no longer what it was")


async def _user_with_news(news: Subscription, *, until: float) -> str | None:
    """Whose channel spoke; None when it is time to look at all, or news may have been missed."""
    if asyncio.get_running_loop().time() >= until:  # also where the news never pause
        return None
    with suppress(TimeoutError):
        async with asyncio.timeout_at(until):
            async for message in news:
                return message.channel if isinstance(message, Message) else None
            await asyncio.Event().wait()  # no more news: the time for all comes
    return None


def _end(connections: Iterable[Connection], code: int, reason: str) -> None:
    for connection in connections:
        connection.end(code, reason)

"""A resource as a stream of events: what it is now, and what becomes of it."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Literal, Self

from fastapi.sse import ServerSentEvent

from lintel.errors import Unavailable
from lintel.pubsub import Message, PubSub, Resync, Subscription
from lintel.realtime._draining import Draining
from lintel.realtime._places import StreamPlaces
from lintel.settings import RealtimeSettings

POLL_SECONDS = 5.0
LIFETIME_SECONDS = 900.0
RECHECK_SECONDS = 5.0
MAX_PER_USER = 20
RETRY_MILLISECONDS = 1_000
END = "end"

Reason = Literal["shutdown", "lifetime", "unauthenticated", "gone"]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A resource at one moment.

    Attributes:
        data: What is sent of it: a model or anything else that is JSON.
        version: Changes when it changes, and is the id of the event.
        is_final: Whether nothing more will become of it.
    """

    data: Any
    version: str
    is_final: bool


Read = Callable[[], Awaitable[Snapshot | None]]
"""Reads the resource; None when it is gone, or no longer for this reader."""

StillAllowed = Callable[[], Awaitable[bool]]
"""Whether the reader is still who they were when they asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Follower:
    """Makes streams of events out of resources.

    Attributes:
        pubsub: Tells when to look again.
        draining: Ends all streams.
        poll_seconds: Time between two looks where nobody tells, because messages may be lost.
        recheck_seconds: Time between two looks at whether the reader is still allowed to read.
        lifetime_seconds: How long one stream may last; clients come again by themselves.
        places: Counts the streams of each user; to be taken before one is begun.
    """

    pubsub: PubSub
    draining: Draining
    poll_seconds: float = POLL_SECONDS
    recheck_seconds: float = RECHECK_SECONDS
    lifetime_seconds: float = LIFETIME_SECONDS
    places: StreamPlaces = field(default_factory=lambda: StreamPlaces(MAX_PER_USER))

    @classmethod
    def of(cls, settings: RealtimeSettings, *, pubsub: PubSub, draining: Draining) -> Self:
        """As the settings say."""
        return cls(
            pubsub=pubsub,
            draining=draining,
            poll_seconds=settings.sse_poll_seconds,
            recheck_seconds=settings.realtime_recheck_seconds,
            lifetime_seconds=settings.sse_max_seconds,
            places=StreamPlaces(settings.sse_max_per_user),
        )

    async def follow(
        self,
        read: Read,
        *,
        channel: str,
        name: str,
        still_allowed: StillAllowed,
        access_channel: str | None = None,
        last_event_id: str | None = None,
    ) -> AsyncGenerator[ServerSentEvent, None]:
        """The present state at once, each later one when it is there, and nothing after the final one.

        Nothing is held between two looks: no connection, no transaction. Where the stream ends before the final
        state, its last event is `end` with a `reason`: `shutdown` and `lifetime` (come again), `unauthenticated`,
        `gone`. While the resource cannot be read for an outage, the stream goes on and says nothing.

        Args:
            read: Looks at the resource, in a transaction of its own.
            channel: Where its changes are told.
            name: `event` of each event.
            still_allowed: Asked now and then, and when there is something on `access_channel`.
            access_channel: Where changes of the reader's own standing are told.
            last_event_id: The version that the reader has already; it is not sent again, unless it is final.
        """
        channels = [channel] if access_channel is None else [channel, access_channel]
        async with self.pubsub.subscribe(*channels) as messages:
            watch = _Watch(self, messages, still_allowed, access_channel)
            seen = last_event_id
            reason: Reason | None = None
            while reason is None:
                try:
                    snapshot = await read()
                except Unavailable:  # an outage ends no stream: the next look comes soon
                    reason = await watch.next_look()
                    continue
                if snapshot is None:
                    reason = "gone"
                    break
                if snapshot.version != seen or snapshot.is_final:
                    yield ServerSentEvent(event=name, data=snapshot.data, id=snapshot.version, retry=RETRY_MILLISECONDS)
                if snapshot.is_final:
                    return
                seen = snapshot.version
                reason = await watch.next_look()
            yield ServerSentEvent(event=END, data={"reason": reason}, retry=RETRY_MILLISECONDS)


class _Watch:
    """When to look again."""

    def __init__(
        self, follower: Follower, messages: Subscription, still_allowed: StillAllowed, access_channel: str | None
    ) -> None:
        self._follower = follower
        self._messages = messages
        self._still_allowed = still_allowed
        self._access_channel = access_channel
        self._clock = asyncio.get_running_loop().time
        self._ends_at = self._clock() + follower.lifetime_seconds
        self._recheck_at = self._clock() + follower.recheck_seconds

    async def next_look(self) -> Reason | None:
        """Wait until it is time to look again; or say why there is nothing more to see."""
        look_at = self._clock() + self._follower.poll_seconds
        is_unsure = False
        while True:
            message = await self._wait(min(look_at, self._recheck_at, self._ends_at))
            if self._follower.draining.has_begun or isinstance(message, _Closed):
                return "shutdown"
            now = self._clock()
            if now >= self._ends_at:
                return "lifetime"
            may_have_changed = isinstance(message, Resync) or self._is_about_access(message)
            if is_unsure or may_have_changed or now >= self._recheck_at:
                self._recheck_at = now + self._follower.recheck_seconds
                is_allowed = await self._is_allowed()
                is_unsure = is_allowed is None
                if is_unsure:  # nothing is shown until somebody can say
                    look_at = self._recheck_at
                    continue
                if not is_allowed:
                    return "unauthenticated"
            if message is not None or now >= look_at:
                return None

    async def _is_allowed(self) -> bool | None:
        """Whether the reader is still allowed to read; None while nobody can say."""
        try:
            return await self._still_allowed()
        except Unavailable:
            return None

    def _is_about_access(self, message: object) -> bool:
        return isinstance(message, Message) and message.channel == self._access_channel

    async def _wait(self, until: float) -> "Message | Resync | _Closed | None":
        """The next message, or None where the end or that moment comes first."""
        message = asyncio.ensure_future(_next(self._messages))
        end = asyncio.ensure_future(self._follower.draining.wait())
        try:
            await asyncio.wait([message, end], timeout=until - self._clock(), return_when=asyncio.FIRST_COMPLETED)
            return message.result() if message.done() else None
        finally:
            message.cancel()
            end.cancel()


class _Closed:
    """There will be no more messages: the service ends."""


async def _next(messages: Subscription) -> Message | Resync | _Closed:
    async for message in messages:
        return message
    return _Closed()

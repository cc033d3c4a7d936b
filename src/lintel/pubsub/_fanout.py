"""From one message to all subscribers in this process."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Self

from lintel.pubsub._port import Message, Resync, check_channel
from lintel.pubsub._wire import Sent

MAX_QUEUED = 64
"""Messages that wait for one subscriber."""


class QueuedSubscription:
    """See `Subscription`: a bounded queue. When it is full all of it is dropped, and one `Resync` takes its place."""

    def __init__(self, channels: "dict[str, set[QueuedSubscription]]", *, max_queued: int) -> None:
        self._channels = channels
        self._heard: set[str] = set()
        self._queue: deque[Message | Resync] = deque()
        self._max_queued = max_queued
        self._changed = asyncio.Event()
        self._is_closed = False

    def add(self, channel: str) -> None:
        """See `Subscription.add`."""
        check_channel(channel)
        self._heard.add(channel)
        self._channels.setdefault(channel, set()).add(self)

    def discard(self, channel: str) -> None:
        """See `Subscription.discard`."""
        self._heard.discard(channel)
        listeners = self._channels.get(channel, set())
        listeners.discard(self)
        if not listeners:
            self._channels.pop(channel, None)

    def discard_all(self) -> None:
        """Hear nothing more."""
        for channel in list(self._heard):
            self.discard(channel)

    def put(self, message: Message) -> None:
        """Let a message wait, or drop all that wait."""
        if len(self._queue) >= self._max_queued:
            self.resync()
        else:
            self._queue.append(message)
            self._changed.set()

    def resync(self) -> None:
        """Drop what waits: the truth that will be read is newer."""
        self._queue.clear()
        self._queue.append(Resync())
        self._changed.set()

    def close(self) -> None:
        """End at once, whatever still waits."""
        self._is_closed = True
        self._changed.set()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Message | Resync:
        while not self._queue and not self._is_closed:
            self._changed.clear()
            await self._changed.wait()
        if self._is_closed:
            raise StopAsyncIteration
        return self._queue.popleft()


class Fanout:
    """The subscribers of this process, by channel."""

    def __init__(self, *, max_queued: int = MAX_QUEUED) -> None:
        self._max_queued = max_queued
        self._channels: dict[str, set[QueuedSubscription]] = {}
        self._subscriptions: set[QueuedSubscription] = set()
        self._is_closed = False

    @asynccontextmanager
    async def subscribed(self, channels: Iterable[str]) -> AsyncIterator[QueuedSubscription]:
        """Somebody more, while the block runs."""
        subscription = QueuedSubscription(self._channels, max_queued=self._max_queued)
        try:
            for channel in channels:
                subscription.add(channel)
            self._subscriptions.add(subscription)
            if self._is_closed:
                subscription.close()
            yield subscription
        finally:
            self._subscriptions.discard(subscription)
            subscription.discard_all()

    def deliver(self, sent: Sent) -> None:
        """Hand a message to all who hear its channel."""
        listeners = self._channels.get(sent.channel)
        if listeners:
            message = sent.message()
            for subscription in listeners:
                subscription.put(message)

    def resync(self) -> None:
        """Tell everybody that messages may have been missed."""
        for subscription in self._subscriptions:
            subscription.resync()

    def open(self) -> None:
        """Take subscribers."""
        self._is_closed = False

    def close(self) -> None:
        """End all subscriptions, also those that come later."""
        self._is_closed = True
        for subscription in self._subscriptions:
            subscription.close()

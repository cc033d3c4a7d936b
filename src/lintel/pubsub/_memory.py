"""Messages within one process."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from lintel.pubsub._fanout import MAX_QUEUED, Fanout
from lintel.pubsub._port import Subscription
from lintel.pubsub._wire import sent

HERE = "here"


class MemoryPubSub:
    """Carries messages within this process. Several processes would not hear each other.

    Args:
        max_queued: Messages that wait for one subscriber; one more and all of them become a `Resync`.
    """

    def __init__(self, *, max_queued: int = MAX_QUEUED) -> None:
        self._fanout = Fanout(max_queued=max_queued)

    async def publish(self, channel: str, data: Mapping[str, Any]) -> None:
        """See `PubSub.publish`; never waits."""
        self._fanout.deliver(sent(HERE, channel, data))

    def subscribe(self, *channels: str) -> AbstractAsyncContextManager[Subscription]:
        """See `PubSub.subscribe`."""
        return self._fanout.subscribed(channels)

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """Nothing to open; ends all subscriptions."""
        self._fanout.open()
        try:
            yield
        finally:
            self._fanout.close()

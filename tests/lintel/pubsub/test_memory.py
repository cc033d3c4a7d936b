import asyncio
from collections.abc import AsyncIterator

import pytest

from lintel.pubsub import MemoryPubSub, Resync
from lintel.testing.conformance import PubSubConformance

pytestmark = pytest.mark.anyio


@pytest.fixture
async def pubsub() -> AsyncIterator[MemoryPubSub]:
    pubsub = MemoryPubSub()
    async with pubsub.opened():
        yield pubsub


@pytest.fixture
def other(pubsub: MemoryPubSub) -> MemoryPubSub:
    return pubsub


class TestConformance(PubSubConformance): ...


class TestQueue:
    async def test_is_as_long_as_it_was_told(self) -> None:
        pubsub = MemoryPubSub(max_queued=2)
        async with pubsub.subscribe("news") as subscription:
            for number in range(2):
                await pubsub.publish("news", {"number": number})
            assert [(await anext(subscription)) != Resync() for _ in range(2)] == [True, True]
            for number in range(4):
                await pubsub.publish("news", {"number": number})
            assert await anext(subscription) == Resync()
            assert await anext(subscription) != Resync()

    async def test_a_discarded_channel_leaves_nothing_behind(self) -> None:
        pubsub = MemoryPubSub()
        for number in range(100):
            async with pubsub.subscribe(f"job:{number}", "news") as subscription:
                subscription.discard("news")
                subscription.discard("never heard")
        assert (pubsub._fanout._channels, pubsub._fanout._subscriptions) == ({}, set())


class TestClosing:
    async def test_ends_all_iterators_and_those_that_come_later(self) -> None:
        pubsub = MemoryPubSub()
        async with pubsub.subscribe("news") as early:
            async with pubsub.opened():
                waiting = asyncio.ensure_future(_all(early))
                await asyncio.sleep(0)
            assert await waiting == []
            async with pubsub.subscribe("news") as late:
                assert await _all(late) == []


async def _all(subscription: object) -> list[object]:
    return [message async for message in subscription]  # type: ignore[attr-defined]

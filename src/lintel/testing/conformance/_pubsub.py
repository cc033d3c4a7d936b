"""What every carrier of messages must do."""

import asyncio
from contextlib import AsyncExitStack
from typing import Any
from uuid import uuid4

import pytest

from lintel.pubsub import MAX_BYTES, Message, PubSub, Resync, Subscription

SECONDS = 10.0
"""A guard against hanging: messages take milliseconds."""


async def heard(subscription: Subscription) -> Message | Resync:
    """The next that comes in."""
    async with asyncio.timeout(SECONDS):
        return await anext(subscription)


async def heard_data(subscription: Subscription, count: int) -> list[Any]:
    """What the next messages say."""
    messages = [await heard(subscription) for _ in range(count)]
    return [message.data if isinstance(message, Message) else message for message in messages]


class PubSubConformance:
    """Subclass it with the fixtures `pubsub` and `other`: two of one carrier, both open, as two processes have them.

    Where nothing is shared, both are the same object.
    """

    pytestmark = pytest.mark.anyio

    @pytest.fixture
    def channel(self) -> str:
        """Where nothing was ever published."""
        return f"job:{uuid4().hex}"

    async def test_what_is_published_is_heard_in_order(self, pubsub: PubSub, channel: str) -> None:
        async with pubsub.subscribe(channel) as subscription:
            for number in range(20):
                await pubsub.publish(channel, {"number": number})
            assert await heard_data(subscription, 20) == [{"number": number} for number in range(20)]

    async def test_other_processes_hear_it_in_order(self, pubsub: PubSub, other: PubSub, channel: str) -> None:
        async with pubsub.subscribe(channel) as subscription:
            for number in range(20):
                await other.publish(channel, {"number": number})
            assert await heard_data(subscription, 20) == [{"number": number} for number in range(20)]

    async def test_everybody_hears_the_same(self, pubsub: PubSub, other: PubSub, channel: str) -> None:
        async with AsyncExitStack() as stack:
            subscribe = [each.subscribe(channel) for each in (pubsub, pubsub, other)]
            subscriptions = [await stack.enter_async_context(context) for context in subscribe]
            await pubsub.publish(channel, {"number": 1})
            messages = [await heard(subscription) for subscription in subscriptions]
        assert messages[0] == messages[1] == messages[2]
        assert isinstance(messages[0], Message)
        assert messages[0].channel == channel

    async def test_nobody_hears_it_twice(self, pubsub: PubSub, other: PubSub, channel: str) -> None:
        async with pubsub.subscribe(channel, channel) as subscription:
            subscription.add(channel)
            for name in ("first", "last"):
                await pubsub.publish(channel, {"name": name})
                await other.publish(channel, {"name": f"other {name}"})
            names = {data["name"] for data in await heard_data(subscription, 4)}
        assert names == {"first", "last", "other first", "other last"}

    async def test_each_has_an_id_of_its_own(self, pubsub: PubSub, channel: str) -> None:
        async with pubsub.subscribe(channel) as subscription:
            for _ in range(3):
                await pubsub.publish(channel, {})
            messages = [await heard(subscription) for _ in range(3)]
        ids = [message.id for message in messages if isinstance(message, Message)]
        assert len(set(ids)) == 3
        assert ids == sorted(ids)

    async def test_channels_are_heard_apart(self, pubsub: PubSub, other: PubSub, channel: str) -> None:
        async with pubsub.subscribe(f"{channel}:1") as subscription:
            for name in (channel, f"{channel}:2", f"{channel}:11", f"{channel}:1"):
                await other.publish(name, {"channel": name})
            assert await heard_data(subscription, 1) == [{"channel": f"{channel}:1"}]

    async def test_channels_are_added_and_discarded(self, pubsub: PubSub, other: PubSub, channel: str) -> None:
        async with pubsub.subscribe() as subscription:
            for step, change in enumerate((subscription.add, subscription.discard, subscription.discard)):
                change(channel)
                subscription.add(f"{channel}:{step}")
                await other.publish(channel, {"step": step})
                await other.publish(f"{channel}:{step}", {"end of": step})
                while await heard_data(subscription, 1) != [{"end of": step}]:
                    assert step == 0

    async def test_what_was_sent_before_and_after_is_not_heard(self, pubsub: PubSub, channel: str) -> None:
        await pubsub.publish(channel, {"name": "before"})
        async with pubsub.subscribe(channel) as subscription:
            await pubsub.publish(channel, {"name": "within"})
            assert await heard_data(subscription, 1) == [{"name": "within"}]
        await pubsub.publish(channel, {"name": "after"})
        async with pubsub.subscribe(channel) as subscription:
            await pubsub.publish(channel, {"name": "again"})
            assert await heard_data(subscription, 1) == [{"name": "again"}]

    async def test_json_stays_what_it_is(self, pubsub: PubSub, other: PubSub, channel: str) -> None:
        data = {"a": [1, -2.5, True, None, {"ü €": "𝄞 \n \x00 ' \" \\ "}], "big": 2**60, "": ""}
        async with pubsub.subscribe(channel) as subscription:
            for each in (pubsub, other):
                await each.publish(channel, data)
                assert await heard_data(subscription, 1) == [data]

    async def test_the_largest_that_is_allowed_arrives(self, pubsub: PubSub, other: PubSub, channel: str) -> None:
        longest = f"{channel}:{'x' * 128}"[:128]
        data = {"text": "é" * ((MAX_BYTES - len('{"text":""}')) // 2)}
        async with pubsub.subscribe(longest) as subscription:
            await other.publish(longest, data)
            assert await heard_data(subscription, 1) == [data]

    @pytest.mark.parametrize(
        "data", [{"text": "x" * MAX_BYTES}, {"text": {1}}, {"text": float("nan")}, {"text": "\ud800"}]
    )
    async def test_what_cannot_be_carried_is_refused(self, pubsub: PubSub, channel: str, data: dict[str, Any]) -> None:
        with pytest.raises(ValueError, match=r"too large|JSON object"):
            await pubsub.publish(channel, data)

    @pytest.mark.parametrize("name", ["", "A", "news:", ":x", "a b", "job:*", "job:é", "job:1\n", "x" * 129])
    async def test_what_is_no_name_is_refused(self, pubsub: PubSub, name: str) -> None:
        with pytest.raises(ValueError, match="no name of a channel"):
            await pubsub.publish(name, {})
        with pytest.raises(ValueError, match="no name of a channel"):
            async with pubsub.subscribe("news", name):
                pass

    async def test_too_many_become_one_resync(self, pubsub: PubSub, other: PubSub, channel: str) -> None:
        async with pubsub.subscribe(channel) as slow, pubsub.subscribe(f"{channel}:end") as end:
            for number in range(500):
                await other.publish(channel, {"number": number})
            await other.publish(f"{channel}:end", {})
            await heard(end)
            assert await heard(slow) == Resync()
            await pubsub.publish(channel, {"number": "last"})
            count = 1
            while (await heard_data(slow, 1)) not in ([Resync()], [{"number": "last"}]):
                count += 1
            assert count <= 100

    async def test_a_wait_can_be_cancelled_and_nothing_is_lost(self, pubsub: PubSub, channel: str) -> None:
        async with pubsub.subscribe(channel) as subscription:
            for number in range(3):
                with pytest.raises(TimeoutError):
                    async with asyncio.timeout(0.001):
                        await anext(subscription)
                waiting = asyncio.ensure_future(anext(subscription))
                await asyncio.sleep(0)
                await pubsub.publish(channel, {"number": number})
                waiting.cancel()
                await asyncio.wait([waiting])
                message = await heard(subscription) if waiting.cancelled() else waiting.result()
                assert getattr(message, "data", None) == {"number": number}

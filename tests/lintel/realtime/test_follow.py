import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Any

import pytest
from fastapi.sse import ServerSentEvent

from lintel.errors import Unavailable
from lintel.pubsub import MemoryPubSub
from lintel.realtime import Draining, Follower, Snapshot

pytestmark = pytest.mark.anyio

SECONDS = 10.0
NEVER = 1_000.0


class Job:
    """Something whose progress is followed."""

    def __init__(self) -> None:
        self.progress = 0
        self.is_there = True
        self.is_allowed = True
        self.is_in_reach = True
        self.reads = 0
        self.checks = 0

    async def read(self) -> Snapshot | None:
        self.reads += 1
        if not self.is_in_reach:
            raise Unavailable
        return (
            Snapshot({"progress": self.progress}, str(self.progress), self.progress == 100) if self.is_there else None
        )

    async def still_allowed(self) -> bool:
        self.checks += 1
        if not self.is_in_reach:
            raise Unavailable
        return self.is_allowed


@pytest.fixture
def job() -> Job:
    return Job()


@pytest.fixture
def pubsub() -> MemoryPubSub:
    return MemoryPubSub()


@pytest.fixture
def draining() -> Draining:
    return Draining()


class Stream:
    """A stream of events, read one by one."""

    def __init__(self, events: AsyncGenerator[ServerSentEvent, None]) -> None:
        self._events = events

    async def next(self) -> ServerSentEvent:
        async with asyncio.timeout(SECONDS):
            return await anext(self._events)

    async def data(self) -> Any:
        return (await self.next()).data

    async def is_over(self) -> bool:
        with pytest.raises(StopAsyncIteration):
            await self.next()
        return True


@asynccontextmanager
async def following(job: Job, pubsub: MemoryPubSub, draining: Draining, **options: Any) -> AsyncIterator[Stream]:
    seconds = {"poll_seconds": NEVER, "recheck_seconds": NEVER, "lifetime_seconds": NEVER}
    times = {name: options.pop(name, value) for name, value in seconds.items()}
    follower = Follower(pubsub=pubsub, draining=draining, **times)
    events = follower.follow(
        job.read, channel="job:1", name="progress", still_allowed=job.still_allowed, access_channel="user:1", **options
    )
    async with aclosing(events):
        yield Stream(events)


async def reads_again(job: Job) -> None:
    """Wait until somebody has looked."""
    reads = job.reads
    async with asyncio.timeout(SECONDS):
        while job.reads == reads:  # noqa: ASYNC110 - reading sets no event
            await asyncio.sleep(0.001)


class TestEvents:
    async def test_the_first_is_what_there_is(self, job: Job, pubsub: MemoryPubSub, draining: Draining) -> None:
        async with following(job, pubsub, draining) as stream:
            event = await stream.next()
        assert (event.event, event.id, event.data) == ("progress", "0", {"progress": 0})

    async def test_each_message_tells_when_to_look_again(
        self, job: Job, pubsub: MemoryPubSub, draining: Draining
    ) -> None:
        async with following(job, pubsub, draining) as stream:
            for job.progress in (0, 10, 50):
                assert await stream.data() == {"progress": job.progress}
                await pubsub.publish("job:1", {})

    async def test_what_did_not_change_is_not_sent(self, job: Job, pubsub: MemoryPubSub, draining: Draining) -> None:
        async with following(job, pubsub, draining) as stream:
            await stream.next()
            waiting = asyncio.ensure_future(stream.data())
            await asyncio.sleep(0)
            await pubsub.publish("job:1", {})
            await reads_again(job)
            assert not waiting.done()
            job.progress = 1
            await pubsub.publish("job:1", {})
            assert await waiting == {"progress": 1}

    async def test_a_lost_message_only_delays(self, job: Job, pubsub: MemoryPubSub, draining: Draining) -> None:
        async with following(job, pubsub, draining, poll_seconds=0.01) as stream:
            await stream.next()
            job.progress = 7
            assert await stream.data() == {"progress": 7}

    async def test_looking_at_the_reader_is_no_look_at_the_resource(
        self, job: Job, pubsub: MemoryPubSub, draining: Draining
    ) -> None:
        async with following(job, pubsub, draining, recheck_seconds=0.01) as stream:
            await stream.next()
            waiting = asyncio.ensure_future(stream.data())
            async with asyncio.timeout(SECONDS):
                while job.checks < 5:  # noqa: ASYNC110 - asking sets no event
                    await asyncio.sleep(0.001)
            assert job.reads == 1
            job.progress = 1
            await pubsub.publish("job:1", {})
            assert await waiting == {"progress": 1}

    async def test_what_the_reader_has_is_not_sent_again(
        self, job: Job, pubsub: MemoryPubSub, draining: Draining
    ) -> None:
        job.progress = 40
        async with following(job, pubsub, draining, last_event_id="40", poll_seconds=0.01) as stream:
            waiting = asyncio.ensure_future(stream.data())
            await reads_again(job)
            job.progress = 41
            assert await waiting == {"progress": 41}

    async def test_a_burst_is_looked_at_and_ends_with_the_truth(
        self, job: Job, pubsub: MemoryPubSub, draining: Draining
    ) -> None:
        async with following(job, pubsub, draining) as stream:
            await stream.next()
            for job.progress in range(1, 100):
                await pubsub.publish("job:1", {})
            assert await stream.data() == {"progress": 99}


class TestOutage:
    async def test_of_what_is_followed_ends_no_stream(self, job: Job, pubsub: MemoryPubSub, draining: Draining) -> None:
        async with following(job, pubsub, draining, poll_seconds=0.05) as stream:
            await stream.next()
            job.is_in_reach, job.progress = False, 100
            coming = asyncio.create_task(stream.data())
            await reads_again(job)
            job.is_in_reach = True
            assert await coming == {"progress": 100}
            assert await stream.is_over()

    async def test_shows_nothing_to_who_may_have_been_shut_out(
        self, job: Job, pubsub: MemoryPubSub, draining: Draining
    ) -> None:
        async with following(job, pubsub, draining, poll_seconds=0.05, recheck_seconds=0.1) as stream:
            await stream.next()
            job.is_in_reach, job.is_allowed, job.progress = False, False, 100
            coming = asyncio.create_task(stream.data())
            await pubsub.publish("user:1", {})
            async with asyncio.timeout(SECONDS):
                while not job.checks:  # noqa: ASYNC110 - checking sets no event
                    await asyncio.sleep(0.001)
            job.is_in_reach = True
            assert await coming == {"reason": "unauthenticated"}

    async def test_asks_again_before_news_that_come_while_nobody_could_say(
        self, job: Job, pubsub: MemoryPubSub, draining: Draining
    ) -> None:
        async with following(job, pubsub, draining) as stream:
            await stream.next()
            job.is_in_reach, job.is_allowed, job.progress = False, False, 100
            coming = asyncio.create_task(stream.data())
            await pubsub.publish("user:1", {})
            async with asyncio.timeout(SECONDS):
                while not job.checks:  # noqa: ASYNC110 - checking sets no event
                    await asyncio.sleep(0.001)
            job.is_in_reach = True
            await pubsub.publish("job:1", {})
            assert await coming == {"reason": "unauthenticated"}


class TestEnd:
    @pytest.mark.parametrize("last", [None, "100"])
    async def test_after_the_final_state(
        self, job: Job, pubsub: MemoryPubSub, draining: Draining, last: str | None
    ) -> None:
        job.progress = 100
        async with following(job, pubsub, draining, last_event_id=last) as stream:
            assert await stream.data() == {"progress": 100}
            assert await stream.is_over()

    async def test_when_the_service_ends(self, job: Job, pubsub: MemoryPubSub, draining: Draining) -> None:
        async with following(job, pubsub, draining) as stream:
            await stream.next()
            waiting = asyncio.ensure_future(stream.next())
            await asyncio.sleep(0)
            draining.begin()
            event = await waiting
            assert (event.event, event.data) == ("end", {"reason": "shutdown"})
            assert await stream.is_over()

    async def test_when_the_carrier_of_messages_is_closed(
        self, job: Job, pubsub: MemoryPubSub, draining: Draining
    ) -> None:
        async with pubsub.opened(), following(job, pubsub, draining) as stream:
            await stream.next()
            pubsub._fanout.close()
            assert await stream.data() == {"reason": "shutdown"}

    async def test_when_it_has_lasted_long_enough(self, job: Job, pubsub: MemoryPubSub, draining: Draining) -> None:
        async with following(job, pubsub, draining, lifetime_seconds=0.05) as stream:
            await stream.next()
            assert await stream.data() == {"reason": "lifetime"}

    async def test_when_it_is_gone(self, job: Job, pubsub: MemoryPubSub, draining: Draining) -> None:
        async with following(job, pubsub, draining) as stream:
            await stream.next()
            job.is_there = False
            await pubsub.publish("job:1", {})
            assert await stream.data() == {"reason": "gone"}

    async def test_when_the_reader_may_no_longer_read(self, job: Job, pubsub: MemoryPubSub, draining: Draining) -> None:
        async with following(job, pubsub, draining, recheck_seconds=0.02) as stream:
            await stream.next()
            job.is_allowed, job.progress = False, 1
            assert await stream.data() == {"reason": "unauthenticated"}

    async def test_at_once_when_the_readers_standing_changes(
        self, job: Job, pubsub: MemoryPubSub, draining: Draining
    ) -> None:
        async with following(job, pubsub, draining) as stream:
            await stream.next()
            await pubsub.publish("job:1", {})
            job.progress = 1
            assert await stream.data() == {"progress": 1}
            assert job.checks == 0
            job.is_allowed = False
            await pubsub.publish("user:1", {})
            assert await stream.data() == {"reason": "unauthenticated"}

    async def test_messages_do_not_put_the_next_check_off(
        self, job: Job, pubsub: MemoryPubSub, draining: Draining
    ) -> None:
        async with following(job, pubsub, draining, recheck_seconds=0.1) as stream:
            async with asyncio.timeout(SECONDS):
                while (await stream.next()).event != "end":
                    job.is_allowed = False
                    job.progress = (job.progress + 1) % 100
                    await pubsub.publish("job:1", {})

    async def test_a_stream_that_is_left_leaves_nothing_behind(
        self, job: Job, pubsub: MemoryPubSub, draining: Draining
    ) -> None:
        async with following(job, pubsub, draining) as stream:
            waiting = asyncio.ensure_future(stream.next())
            await waiting
            waiting = asyncio.ensure_future(stream.next())
            await asyncio.sleep(0.01)
            waiting.cancel()
            await asyncio.wait([waiting])
        await asyncio.sleep(0)
        assert (pubsub._fanout._subscriptions, draining._waiting) == (set(), set())

"""How many of a kind may run at once, in all workers together."""

import asyncio
from collections import Counter

import pytest

from lintel.jobs import RunningJob
from tests.lintel.jobs.conftest import Aside, Note, Office, Paired

pytestmark = pytest.mark.anyio


class Crowd:
    """Counts who is in a handler at the same time."""

    def __init__(self) -> None:
        self.inside: Counter[str] = Counter()
        self.most: Counter[str] = Counter()

    async def __call__(self, note: Note, job: RunningJob) -> None:
        self.inside[note.text] += 1
        self.most[note.text] = max(self.most[note.text], self.inside[note.text])
        await asyncio.sleep(0.05)
        self.inside[note.text] -= 1


class TestConcurrencyKey:
    async def test_lets_no_more_run_than_the_payload_says(self, office: Office) -> None:
        office.scribe.act = crowd = Crowd()
        jobs = await office.add(*[Note(text="one") for _ in range(5)], concurrency_key="one")
        jobs += await office.add(*[Paired(text="two") for _ in range(6)], concurrency_key="two")
        jobs += await office.add(*[Note(text="free") for _ in range(3)])
        for _ in range(3):
            await office.start(queue=office.deaf())
        for job_id in jobs:
            await office.done(job_id)
        assert (crowd.most["one"], crowd.most["two"]) == (1, 2)

    async def test_looks_past_a_crowd_of_one_key(self, office: Office) -> None:
        office.scribe.act = office.scribe.wait
        await office.add(*[Note(text="crowd") for _ in range(120)], concurrency_key="crowd", priority=5)
        await office.add(Note(text="free"))
        await office.start(concurrency=5)
        await office.until(lambda: set(office.scribe.seen) == {"crowd", "free"})
        assert sorted(office.scribe.seen) == ["crowd", "free"]

    async def test_looks_past_crowds_of_any_number_of_keys(self, office: Office) -> None:
        office.scribe.act = office.scribe.wait
        keys = [f"crowd {number}" for number in range(12)]
        for key in keys:
            await office.add(*[Note(text=key) for _ in range(60)], concurrency_key=key, priority=5)
        await office.add(Note(text="behind them"), Note(text="beside them"), concurrency_key="theirs")
        await office.start(concurrency=20)
        await office.until(lambda: len(office.scribe.seen) == 13)
        assert sorted(office.scribe.seen) == sorted([*keys, "behind them"])

    async def test_takes_as_many_as_there_is_room_for_at_once(self, office: Office) -> None:
        office.scribe.act = office.scribe.wait
        for number in range(12):
            await office.add(*[Note(text=str(number)) for _ in range(60)], concurrency_key=str(number))
        worker = office.worker(grace=0.05)
        async with worker.serving():
            assert len(await worker.take(20)) == 12
            assert await worker.take(20) == []


class TestQueueLimit:
    async def test_is_kept_by_all_workers_together(self, office: Office) -> None:
        office.scribe.act = crowd = Crowd()
        jobs = await office.add(*[Aside(text="aside") for _ in range(6)], *[Note(text="free") for _ in range(4)])
        for _ in range(3):
            await office.start(queue=office.deaf(), queue_limits={"aside": 2})
        for job_id in jobs:
            await office.done(job_id)
        assert 1 <= crowd.most["aside"] <= 2

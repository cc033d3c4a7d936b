import asyncio
from collections.abc import Sequence
from uuid import UUID

import pytest

from lintel.db import Session
from lintel.errors import Unavailable
from lintel.jobs import JobQueue, RunningJob, Signals
from lintel.jobs._leaseholder import Leaseholder
from lintel.jobs._leases import Beat
from lintel.pubsub import MemoryPubSub, Message
from tests.lintel.jobs.conftest import Job, Note, Office

pytestmark = pytest.mark.anyio


async def test_what_becomes_of_somebodys_job_is_published(office: Office) -> None:
    pubsub = MemoryPubSub()
    async with pubsub.opened():
        queue = JobQueue(office.database, Job, signals=Signals(pubsub))
        ids: list[object] = []

        async def work(session: Session) -> None:
            ids.append(await queue.enqueue(session, Note(), owner_id=4711))
            ids.append(await queue.enqueue(session, Note()))

        await office.database.run(work)
        mine, nobodys = ids
        async with asyncio.timeout(20), pubsub.subscribe(f"job:{mine}", f"job:{nobodys}") as news:
            await office.start(queue=queue)
            message = await anext(news)
        assert isinstance(message, Message)
        assert (message.channel, message.data) == (f"job:{mine}", {"job_id": str(mine)})


async def test_a_worker_of_another_process_is_woken(office: Office) -> None:
    pubsub = MemoryPubSub()
    async with pubsub.opened():
        theirs, ours = (JobQueue(office.database, Job, signals=Signals(pubsub)) for _ in range(2))
        await office.start(queue=theirs, poll=60)
        await asyncio.sleep(0.2)
        job_id = await office.database.run(lambda session: ours.enqueue(session, Note()))
        await office.done(job_id)


async def test_what_is_news_of_a_running_job_is_published_when_it_is_written(office: Office) -> None:
    pubsub, goes_on = MemoryPubSub(), asyncio.Event()

    async def act(note: Note, job: RunningJob) -> None:
        for percent in (30, 60):
            await goes_on.wait()
            goes_on.clear()
            await job.progress(percent)
        await goes_on.wait()

    office.scribe.act = act
    async with pubsub.opened():
        queue = JobQueue(office.database, Job, signals=Signals(pubsub))
        job_id = await office.add_one(Note(), owner_id=4711)
        seen = []
        async with asyncio.timeout(20), pubsub.subscribe(f"job:{job_id}") as news:
            await office.start(queue=queue, lease=60)
            async for _ in news:
                row = await office.row(job_id)
                seen.append((row.status, row.progress))
                goes_on.set()
                if row.finished_at is not None:
                    break
    assert seen == [("processing", 0), ("processing", 30), ("processing", 60), ("completed", 100)]


async def test_much_news_is_few_messages(office: Office) -> None:
    pubsub = MemoryPubSub()

    async def act(note: Note, job: RunningJob) -> None:
        for percent in range(100):
            await job.progress(percent)
            job.changed()
            await asyncio.sleep(0.005)

    office.scribe.act = act
    async with pubsub.opened():
        queue = JobQueue(office.database, Job, signals=Signals(pubsub))
        job_id = await office.add_one(Note(), owner_id=4711)
        async with pubsub.subscribe(f"job:{job_id}") as news:
            await office.start(queue=queue)
            await office.done(job_id)
            await asyncio.sleep(0.1)
            waiting = len(news._queue)  # type: ignore[attr-defined]
    assert 2 < waiting <= 20


async def test_news_that_could_not_be_written_is_told_with_the_next_beat(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    pubsub, beats = MemoryPubSub(), 0
    beat = Leaseholder.beat

    async def failing(self: Leaseholder, given: Sequence[Beat]) -> dict[UUID, bool]:
        nonlocal beats
        beats += 1
        if beats == 1:
            raise Unavailable
        return await beat(self, given)

    monkeypatch.setattr(Leaseholder, "beat", failing)

    async def act(note: Note, job: RunningJob) -> None:
        await job.progress(30)
        await office.scribe.wait(note, job)

    office.scribe.act = act
    async with pubsub.opened():
        queue = JobQueue(office.database, Job, signals=Signals(pubsub))
        job_id = await office.add_one(Note(), owner_id=4711)
        async with asyncio.timeout(20), pubsub.subscribe(f"job:{job_id}") as news:
            await office.start(queue=queue, lease=60)
            await anext(news)
            await anext(news)
        assert (await office.row(job_id)).progress == 30
    office.scribe.open.set()

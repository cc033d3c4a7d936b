"""Jobs that are cancelled, and workers that are told to stop."""

import asyncio
import time

import pytest

from lintel.jobs import JobQueue, JobStatus, RunningJob, Signals
from lintel.pubsub import MemoryPubSub
from tests.lintel.jobs.conftest import Job, Note, Office

pytestmark = pytest.mark.anyio


class TestCancel:
    async def test_stops_a_running_job_at_once(self, office: Office) -> None:
        office.scribe.act = office.scribe.wait
        await office.start(lease=60)
        job_id = await office.add_one(Note())
        await office.until(lambda: office.scribe.seen)
        started = time.monotonic()
        assert await office.queue.cancel(job_id) is JobStatus.PROCESSING
        row = await office.until_status(job_id, JobStatus.CANCELLED)
        assert time.monotonic() - started < 5  # ten times what it may take
        assert (row.attempts, row.error_code, row.lease_until) == (1, None, None)
        assert row.finished_at is not None

    async def test_reaches_another_process_over_messages(self, office: Office) -> None:
        office.scribe.act = office.scribe.wait
        pubsub = MemoryPubSub()
        async with pubsub.opened():
            theirs = JobQueue(office.database, Job, signals=Signals(pubsub))
            await office.start(lease=60, poll=60, queue=theirs)
            office.queue = JobQueue(office.database, Job, signals=Signals(pubsub))
            job_id = await office.add_one(Note())
            await office.until(lambda: office.scribe.seen)
            await office.queue.cancel(job_id)
            await office.until_status(job_id, JobStatus.CANCELLED)

    async def test_is_heard_with_the_next_beat_where_nobody_tells(self, office: Office) -> None:
        office.scribe.act = office.scribe.wait
        await office.start(lease=1.5)
        job_id = await office.add_one(Note())
        await office.until(lambda: office.scribe.seen)
        await office.deaf().cancel(job_id)
        await office.until_status(job_id, JobStatus.CANCELLED)

    async def test_ends_what_would_have_been_tried_again(self, office: Office) -> None:
        async def act(note: Note, job: RunningJob) -> None:
            await office.change(job.id, cancel_requested=True)
            raise OSError

        office.scribe.act = act
        await office.start(lease=60)
        row = await office.until_status(await office.add_one(Note()), JobStatus.CANCELLED)
        assert (row.attempts, row.finished_at is not None) == (1, True)

    async def test_loses_to_a_handler_that_ends_all_the_same(self, office: Office) -> None:
        async def act(note: Note, job: RunningJob) -> dict[str, bool]:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                return {"finished": True}
            return {}

        office.scribe.act = act
        await office.start(lease=60)
        job_id = await office.add_one(Note())
        await office.until(lambda: office.scribe.seen)
        await office.queue.cancel(job_id)
        assert (await office.done(job_id)).result == {"finished": True}


class TestShutdown:
    async def test_lets_running_jobs_finish_within_the_grace(self, office: Office) -> None:
        async def act(note: Note, job: RunningJob) -> None:
            await asyncio.sleep(0.3)

        office.scribe.act = act
        async with office.worker(grace=20).running():
            job_id = await office.add_one(Note())
            await office.until(lambda: office.scribe.seen)
        assert (await office.row(job_id)).status == "completed"

    async def test_hands_back_what_does_not_finish(self, office: Office) -> None:
        office.scribe.act = office.scribe.wait
        async with office.worker(grace=0.1).running():
            job_id = await office.add_one(Note())
            await office.until(lambda: office.scribe.seen)
        row = await office.row(job_id)
        assert (row.status, row.attempts, row.lease_owner, row.lease_until) == ("pending", 0, None, None)
        office.scribe.open.set()
        await office.start()
        assert (await office.done(job_id)).attempts == 1

    async def test_takes_nothing_more(self, office: Office) -> None:
        office.scribe.act = office.scribe.wait
        stop = asyncio.Event()
        running = asyncio.create_task(office.worker(grace=20).run(stop))
        first = await office.add_one(Note(text="first"))
        await office.until(lambda: office.scribe.seen)
        stop.set()
        await asyncio.sleep(0.1)
        second = await office.add_one(Note(text="second"))
        await asyncio.sleep(0.2)
        office.scribe.open.set()
        await running
        assert [(await office.row(job_id)).status for job_id in (first, second)] == ["completed", "pending"]

    async def test_wakes_another_worker(self, office: Office) -> None:
        office.scribe.act = office.scribe.wait
        async with office.worker(grace=0.1).running():
            job_id = await office.add_one(Note())
            await office.until(lambda: office.scribe.seen)
            await office.start(poll=60)
        office.scribe.open.set()
        await office.done(job_id)


class TestProgress:
    async def test_is_written_soon_and_never_goes_back(self, office: Office) -> None:
        told: list[int] = []

        async def act(note: Note, job: RunningJob) -> None:
            for percent in (10, 60, 40, 120.9, -5):
                await job.progress(percent)
                told.append(job.reached)
            await office.scribe.wait(note, job)

        office.scribe.act = act
        await office.start(lease=60)
        job_id = await office.add_one(Note())

        async def written() -> bool:
            return bool((await office.row(job_id)).progress == 100)

        await office.until(written)
        assert told == [10, 60, 60, 100, 100]
        assert (await office.row(job_id)).status == "processing"
        office.scribe.open.set()
        await office.done(job_id)

    async def test_is_written_now_and_then_only(self, office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
        async def act(note: Note, job: RunningJob) -> None:
            for percent in range(100):
                await job.progress(percent)
                await asyncio.sleep(0.01)

        office.scribe.act = act
        worker = await office.start(lease=60)
        beats: list[object] = []
        beat = worker._attempts._leaseholder.beat

        async def counted(given: object) -> object:
            beats.append(given)
            return await beat(given)  # type: ignore[arg-type]

        monkeypatch.setattr(worker._attempts._leaseholder, "beat", counted)
        await office.done(await office.add_one(Note()))
        assert 1 <= len(beats) <= 20

    async def test_stays_with_a_job_that_fails(self, office: Office) -> None:
        async def act(note: Note, job: RunningJob) -> None:
            await job.progress(42)
            raise OSError

        office.scribe.act = act
        await office.start()
        assert (await office.until_status(await office.add_one(Note()), JobStatus.ERROR)).progress == 42

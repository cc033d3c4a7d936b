"""Jobs that somebody else names."""

import asyncio

import pytest

from lintel.jobs import JobStatus
from tests.lintel.jobs.conftest import Note, Office

pytestmark = pytest.mark.anyio


async def test_a_job_that_several_are_told_of_is_done_once(office: Office) -> None:
    one, other = office.worker(), office.worker(queue=office.deaf())
    async with one.serving(), other.serving():
        jobs = await office.add(*[Note(text=str(number)) for number in range(5)])
        told = [worker.run_job(job_id) for job_id in jobs for worker in (one, other, one)]
        done = await asyncio.gather(*told)
    assert (done.count(True), done.count(False)) == (5, 10)
    assert sorted(office.scribe.seen) == [str(number) for number in range(5)]


async def test_a_job_that_is_over_is_skipped(office: Office) -> None:
    worker = office.worker()
    async with worker.serving():
        job_id = await office.add_one(Note())
        assert [await worker.run_job(job_id) for _ in range(3)] == [True, False, False]
    assert (await office.row(job_id)).status is JobStatus.COMPLETED


async def test_a_job_whose_key_is_full_waits(office: Office) -> None:
    office.scribe.act = office.scribe.wait
    worker = office.worker(grace=20)
    async with worker.serving():
        first, second = await office.add(Note(), Note(), concurrency_key="one")
        running = asyncio.create_task(worker.run_job(first))
        await office.until(lambda: office.scribe.seen)
        assert not await worker.run_job(second)
        office.scribe.open.set()
        assert await running
        assert await worker.run_job(second)

"""Who holds a job, for how long, and what that guards."""

import asyncio
import time
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from structlog.typing import EventDict

from lintel.db import Session, utc_now
from lintel.errors import Unavailable
from lintel.jobs import JobStatus, LeaseLost, RunningJob
from tests.lintel.jobs.conftest import Note, Office, Once

pytestmark = pytest.mark.anyio


async def gone(office: Office, **values: Any) -> Any:
    """A job whose worker died a moment ago."""
    past = utc_now() - timedelta(seconds=1)
    usual = {"status": "processing", "lease_token": 1, "lease_owner": "dead", "lease_until": past, "attempts": 1}
    return await office.insert(**{**usual, **values})


class TestRecovery:
    async def test_does_again_what_a_dead_worker_held(self, office: Office) -> None:
        job_id = await gone(office)
        await office.start()
        row = await office.done(job_id)
        assert (row.attempts, row.lease_token) == (2, 2)

    async def test_leaves_what_is_still_held(self, office: Office) -> None:
        held = await gone(office, lease_until=utc_now() + timedelta(minutes=1))
        lapsed = await gone(office)
        await office.start()
        await office.done(lapsed)
        assert (await office.row(held)).lease_token == 1

    async def test_ends_a_job_that_kills_each_worker(self, office: Office) -> None:
        job_id = await gone(office, attempts=3, max_attempts=3)
        await office.start()
        row = await office.until_status(job_id, JobStatus.ERROR)
        assert (row.error_code, row.error_message) == ("WORKER_LOST", "The worker died each time it ran this job.")
        assert (row.finished_at is not None, row.lease_owner, office.scribe.seen) == (True, None, [])

    async def test_cancels_what_was_to_be_cancelled(self, office: Office) -> None:
        job_id = await gone(office, cancel_requested=True)
        await office.start()
        assert (await office.until_status(job_id, JobStatus.CANCELLED)).error_code is None

    async def test_is_left_alone_by_workers_of_one_table_at_once(self, office: Office) -> None:
        jobs = [await gone(office) for _ in range(10)]
        for _ in range(3):
            await office.start(queue=office.deaf())
        for job_id in jobs:
            assert (await office.done(job_id)).lease_token == 2


class TestHeartbeat:
    async def test_keeps_a_job_that_takes_longer_than_a_lease(self, office: Office) -> None:
        office.scribe.act = office.scribe.wait
        await office.start(lease=1.0)
        await office.start(lease=1.0, queue=office.deaf())
        job_id = await office.add_one(Note(text="long"))
        await asyncio.sleep(2.5)
        office.scribe.open.set()
        row = await office.done(job_id)
        assert (row.lease_token, office.scribe.seen) == (1, ["long"])

    async def test_that_fails_for_a_while_cancels_nothing(
        self, office: Office, monkeypatch: pytest.MonkeyPatch, log_records: list[EventDict]
    ) -> None:
        office.scribe.act = office.scribe.wait
        worker = await office.start(lease=6.0)
        job_id = await office.add_one(Note(text="patient"))
        await office.until(lambda: office.scribe.seen)
        with monkeypatch.context() as away:
            away.setattr(worker._attempts._leaseholder, "beat", _unavailable)
            worker._attempts.keeper.hear()
            await asyncio.sleep(3.0)
        before = (await office.row(job_id)).lease_until

        async def renewed() -> bool:
            return bool((await office.row(job_id)).lease_until > before)

        await office.until(renewed)
        office.scribe.open.set()
        assert (await office.done(job_id)).lease_token == 1
        assert any(record["event"] == "leases of jobs could not be renewed" for record in log_records)

    async def test_that_fails_until_the_lease_is_gone_stops_the_handler(
        self, office: Office, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        stopped = asyncio.Event()

        async def act(note: Note, job: RunningJob) -> None:
            try:
                await asyncio.sleep(60)
            finally:
                stopped.set()

        office.scribe.act = act
        worker = await office.start(lease=1.5)
        monkeypatch.setattr(worker._attempts._leaseholder, "beat", _unavailable)
        monkeypatch.setattr(worker._maintenance._leaseholder, "recover", _unavailable)
        job_id = await office.add_one(Note())
        started = time.monotonic()
        async with asyncio.timeout(20):
            await stopped.wait()
        assert time.monotonic() - started > 1.0
        await office.until(lambda: len(worker._attempts) == 0)
        row = await office.row(job_id)
        assert (row.status, row.error_code) == ("processing", None)  # nothing was written

    async def test_of_a_lost_lease_stops_the_handler_which_writes_nothing(self, office: Office) -> None:
        stopped = asyncio.Event()

        async def act(note: Note, job: RunningJob) -> None:
            try:
                await asyncio.sleep(60)
            finally:
                stopped.set()

        office.scribe.act = act
        worker = await office.start(lease=60)
        job_id = await office.add_one(Note())
        await office.until(lambda: office.scribe.seen)
        later = utc_now() + timedelta(hours=1)
        await office.change(job_id, lease_token=9, lease_owner="another", lease_until=later)
        worker._attempts.keeper.hear()
        async with asyncio.timeout(20):
            await stopped.wait()
        await office.until(lambda: len(worker._attempts) == 0)
        row = await office.row(job_id)
        assert (row.status, row.lease_owner, row.lease_token) == ("processing", "another", 9)


class TestGuard:
    async def test_lets_nobody_write_whose_lease_is_gone(self, office: Office) -> None:
        await _note_table(office)
        outcome: list[str] = []

        async def act(note: Note, job: RunningJob) -> None:
            await office.change(job.id, lease_token=9)

            async def write(session: Session) -> None:
                await session.execute(text("INSERT INTO notes VALUES ('zombie')"))
                await job.guard(session)

            with suppress(LeaseLost):
                await office.database.run(write)
                outcome.append("written")

        office.scribe.act = act
        worker = await office.start()
        await office.add(Note())
        await office.until(lambda: office.scribe.seen and len(worker._attempts) == 0)
        assert (outcome, await _notes(office)) == ([], [])

    async def test_holds_the_job_while_the_unit_goes_on(self, office: Office) -> None:
        await _note_table(office)

        async def act(note: Note, job: RunningJob) -> None:
            async def write(session: Session) -> None:
                await job.guard(session)
                await session.execute(text("INSERT INTO notes VALUES ('mine')"))

            await office.database.run(write)

        office.scribe.act = act
        await office.start()
        await office.done(await office.add_one(Note()))
        assert await _notes(office) == ["mine"]


class TestComplete:
    async def test_is_one_with_the_effect(self, office: Office) -> None:
        await _note_table(office)

        async def act(note: Note, job: RunningJob) -> None:
            async def write(session: Session) -> None:
                await session.execute(text("INSERT INTO notes VALUES ('once')"))
                await job.complete(session, {"number": 1})

            await office.database.run(write)
            raise OSError("after the commit")

        office.scribe.act = act
        worker = await office.start()
        row = await office.done(await office.add_one(Note()))
        await office.until(lambda: len(worker._attempts) == 0)
        assert (row.result, row.progress, row.attempts) == ({"number": 1}, 100, 1)
        assert await _notes(office) == ["once"]

    async def test_is_undone_with_its_unit(self, office: Office) -> None:
        async def act(note: Note, job: RunningJob) -> None:
            async def write(session: Session) -> None:
                await job.complete(session)
                raise OSError

            await office.database.run(write)

        office.scribe.act = act
        await office.start()
        assert (await office.until_status(await office.add_one(Once()), JobStatus.ERROR)).progress == 0

    async def test_is_refused_once_the_lease_is_gone(self, office: Office) -> None:
        await _note_table(office)

        async def act(note: Note, job: RunningJob) -> None:
            await office.change(job.id, lease_token=9)

            async def write(session: Session) -> None:
                await session.execute(text("INSERT INTO notes VALUES ('zombie')"))
                await job.complete(session)

            await office.database.run(write)

        office.scribe.act = act
        worker = await office.start()
        job_id = await office.add_one(Note())
        await office.until(lambda: office.scribe.seen and len(worker._attempts) == 0)
        assert (await _notes(office), (await office.row(job_id)).status) == ([], "processing")


async def _unavailable(*_: object) -> Any:
    raise Unavailable


async def _note_table(office: Office) -> None:
    async with office.database.writer.begin() as connection:
        await connection.execute(text("CREATE TABLE notes (text VARCHAR(50))"))


async def _notes(office: Office) -> list[str]:
    async with office.database.read() as connection:
        return list((await connection.execute(text("SELECT text FROM notes"))).scalars())

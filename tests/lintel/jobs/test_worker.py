import asyncio
import time
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from structlog.typing import EventDict

from lintel.context import bind_request_id, current_request_id, unbind_request_id
from lintel.db import utc_now
from lintel.errors import NotFound
from lintel.jobs import Handlers, JobCancelled, JobFailed, JobStatus, RunningJob, Worker
from tests.lintel.jobs.conftest import Aside, Hurried, Note, Office, Once

pytestmark = pytest.mark.anyio


class TestRun:
    async def test_keeps_what_the_handler_returns(self, office: Office) -> None:
        async def act(note: Note, job: RunningJob) -> dict[str, Any]:
            return {"length": len(note.text), "attempt": job.attempt}

        office.scribe.act = act
        await office.start()
        row = await office.done(await office.add_one(Note(text="hello")))
        assert (row.result, row.progress, row.attempts) == ({"length": 5, "attempt": 1}, 100, 1)
        assert (row.lease_owner, row.lease_until, row.error_code) == (None, None, None)
        assert row.started_at <= row.finished_at

    async def test_starts_an_idle_worker_right_after_the_commit(self, office: Office) -> None:
        await office.start(poll=60)
        for _ in range(3):
            started = time.monotonic()
            await office.done(await office.add_one(Note()))
            assert time.monotonic() - started < 1  # ten times the 0.1 s that it may take

    async def test_finds_by_itself_what_nobody_told_it_of(self, office: Office) -> None:
        await office.start(queue=office.deaf())
        await office.done(await office.add_one(Note()))

    async def test_takes_the_higher_priority_first_and_then_the_earlier(self, office: Office) -> None:
        now = utc_now()
        for text, priority, age in [("c", 0, 2), ("d", 0, 1), ("a", 5, 1), ("b", 1, 9), ("e", -1, 9)]:
            await office.add(Note(text=text), priority=priority, available_at=now - timedelta(minutes=age))
        await office.start(concurrency=1)
        await office.until(lambda: len(office.scribe.seen) == 5)
        assert office.scribe.seen == ["a", "b", "c", "d", "e"]

    async def test_does_no_more_at_once_than_it_may(self, office: Office) -> None:
        office.scribe.act = office.scribe.wait
        await office.start(concurrency=3)
        jobs = await office.add(*[Note() for _ in range(5)])
        await office.until(lambda: len(office.scribe.seen) == 3)
        await asyncio.sleep(0.3)
        assert len(office.scribe.seen) == 3
        office.scribe.open.set()
        for job_id in jobs:
            await office.done(job_id)

    async def test_leaves_what_comes_later(self, office: Office) -> None:
        later = await office.add_one(Note(text="later"), available_at=utc_now() + timedelta(hours=1))
        await office.start()
        await office.done(await office.add_one(Note(text="now")))
        assert (office.scribe.seen, (await office.row(later)).status) == (["now"], "pending")

    async def test_leaves_other_queues_and_kinds(self, office: Office) -> None:
        await office.insert(kind="unknown")
        mine, aside = await office.add(Note(), Aside())
        await office.start(queues=["default"])
        await office.done(mine)
        assert (await office.row(aside)).status == "pending"
        await office.start(queues=["aside"])
        await office.done(aside)

    async def test_works_in_the_name_of_the_request(self, office: Office, log_records: list[EventDict]) -> None:
        seen: list[str | None] = []

        async def act(note: Note, job: RunningJob) -> None:
            seen.append(current_request_id())

        office.scribe.act = act
        token = bind_request_id("request-4711")
        job_id = await office.add_one(Note(text="a secret"))
        unbind_request_id(token)
        await office.start()
        await office.done(job_id)
        await office.until(lambda: any(record["event"] == "job ended" for record in log_records))
        assert seen == ["request-4711"]
        started, ended = [r for r in log_records if r["event"] in {"job started", "job ended"}]
        assert {started["request_id"], ended["request_id"]} == {"request-4711"}
        assert (started["log_level"], ended["log_level"]) == ("debug", "info")
        assert (ended["kind"], ended["outcome"], ended["job_id"]) == ("note", "completed", str(job_id))
        assert ended["duration_ms"] >= 0
        assert "secret" not in str(log_records)


class TestFailure:
    async def test_is_followed_by_another_attempt(self, office: Office) -> None:
        async def act(note: Note, job: RunningJob) -> dict[str, int]:
            if job.attempt < 3:
                raise OSError("a secret")
            return {"attempt": job.attempt}

        office.scribe.act = act
        await office.start()
        row = await office.done(await office.add_one(Note()))
        assert (row.result, row.attempts, row.error_code, row.error_message) == ({"attempt": 3}, 3, None, None)

    async def test_ends_the_job_when_no_attempt_is_left(self, office: Office) -> None:
        async def act(note: Note, job: RunningJob) -> None:
            raise OSError("a secret")

        office.scribe.act = act
        await office.start()
        row = await office.until_status(await office.add_one(Note()), JobStatus.ERROR)
        assert (row.attempts, row.error_code) == (3, "INTERNAL_ERROR")
        assert row.error_message == "The job failed unexpectedly."
        assert row.finished_at is not None

    async def test_that_is_final_ends_the_job_at_once(self, office: Office) -> None:
        async def act(note: Note, job: RunningJob) -> None:
            raise JobFailed("NO_VOICE", "There is no such voice.")

        office.scribe.act = act
        await office.start()
        row = await office.until_status(await office.add_one(Note()), JobStatus.ERROR)
        assert (row.attempts, row.error_code, row.error_message) == (1, "NO_VOICE", "There is no such voice.")

    async def test_may_be_that_it_is_not_wanted_any_more(self, office: Office) -> None:
        async def act(note: Note, job: RunningJob) -> None:
            raise JobCancelled

        office.scribe.act = act
        await office.start()
        row = await office.until_status(await office.add_one(Note()), JobStatus.CANCELLED)
        assert (row.attempts, row.error_code, row.finished_at is not None) == (1, None, True)

    async def test_is_told_to_who_wants_to_know(self, office: Office) -> None:
        told: list[UUID] = []

        async def act(note: Note, job: RunningJob) -> None:
            if note.text == "bad":
                raise JobFailed("BAD", "It is bad.")

        async def on_end(job_id: UUID) -> None:
            told.append(job_id)
            raise OSError  # is logged, and harms nobody

        good, bad = await office.add(Once(text="good"), Once(text="bad"))
        lapsed = await office.insert(
            kind="once", status="processing", attempts=3, lease_until=utc_now() - timedelta(minutes=1)
        )
        office.scribe.act = act
        handlers = Handlers().bind(Once, office.scribe, on_end=on_end)
        async with Worker(office.queue, handlers).running():
            await office.until(lambda: len(told) == 2)
            await office.done(good)
        assert sorted(told) == sorted([bad, lapsed])

    async def test_of_a_service_is_told_in_its_own_words(self, office: Office) -> None:
        async def act(note: Note, job: RunningJob) -> None:
            raise NotFound("The text is gone.")

        office.scribe.act = act
        await office.start()
        row = await office.until_status(await office.add_one(Once()), JobStatus.ERROR)
        assert (row.error_code, row.error_message) == ("NOT_FOUND", "The text is gone.")

    @pytest.mark.parametrize("result", [{"a": object()}, {"a": float("nan")}])
    async def test_is_a_result_that_is_no_json(self, office: Office, result: dict[str, Any]) -> None:
        async def act(note: Note, job: RunningJob) -> dict[str, Any]:
            return result

        office.scribe.act = act
        await office.start()
        row = await office.until_status(await office.add_one(Once()), JobStatus.ERROR)
        assert row.error_code == "INTERNAL_ERROR"

    async def test_is_a_payload_that_cannot_be_read(self, office: Office) -> None:
        job_id = await office.insert(payload={"text": ["no", "text"]})
        await office.start()
        row = await office.until_status(job_id, JobStatus.ERROR)
        assert (row.error_code, row.attempts, office.scribe.seen) == ("INVALID_PAYLOAD", 1, [])


class TestTimeout:
    async def test_stops_the_handler(self, office: Office) -> None:
        stopped: list[str] = []

        async def act(note: Note, job: RunningJob) -> None:
            try:
                await asyncio.sleep(60)
            finally:
                stopped.append(note.text)

        office.scribe.act = act
        await office.start()
        row = await office.until_status(await office.add_one(Hurried(text="x")), JobStatus.ERROR)
        assert (row.error_code, row.error_message, stopped) == (
            "JOB_TIMEOUT",
            "The job took longer than it may.",
            ["x"],
        )

    async def test_of_something_within_is_a_failure_like_any_other(self, office: Office) -> None:
        async def act(note: Note, job: RunningJob) -> None:
            raise TimeoutError

        office.scribe.act = act
        await office.start()
        row = await office.until_status(await office.add_one(Once()), JobStatus.ERROR)
        assert row.error_code == "INTERNAL_ERROR"

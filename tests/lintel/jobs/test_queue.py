from collections.abc import Collection
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from lintel.context import bind_request_id, unbind_request_id
from lintel.db import Session, utc_now
from lintel.errors import AlreadyExists
from lintel.jobs import JobPayload, JobStatus
from tests.lintel.jobs.conftest import Note, Office, Paired

pytestmark = pytest.mark.anyio


class Undone(Exception): ...


class TestEnqueue:
    async def test_writes_what_is_to_be_done(self, office: Office) -> None:
        token = bind_request_id("request-4711")
        job_id = await office.add_one(Paired(text="hello"), concurrency_key="ada", priority=7)
        unbind_request_id(token)
        row = await office.row(job_id)
        assert (row.kind, row.queue, row.payload, row.status) == ("paired", "default", {"text": "hello"}, "pending")
        assert (row.priority, row.max_attempts, row.timeout_seconds) == (7, 3, 300)
        assert (row.concurrency_key, row.concurrency_limit, row.request_id) == ("ada", 2, "request-4711")
        assert (row.attempts, row.progress, row.result, row.started_at) == (0, 0, None, None)
        assert row.available_at == row.created_at

    async def test_is_undone_with_the_unit_of_work(self, office: Office) -> None:
        async def work(session: Session) -> None:
            await office.queue.enqueue(session, Note())
            raise Undone

        with pytest.raises(Undone):
            await office.database.run(work)
        assert await _number(office) == 0

    async def test_wakes_nobody_when_it_is_undone(self, office: Office) -> None:
        heard: list[str] = []

        class Listener:
            def jobs_due(self, job_ids: Collection[UUID] = ()) -> None:
                heard.append(f"{len(job_ids)} due")

            def cancel_requested(self, job_id: object) -> None: ...

        async def work(session: Session, *, fails: bool) -> None:
            await office.queue.enqueue(session, Note())
            await office.queue.enqueue(session, Note())
            assert heard == []
            if fails:
                raise Undone

        async with office.queue.signals.heard_by(Listener()):
            with pytest.raises(Undone):
                await office.database.run(lambda session: work(session, fails=True))
            assert heard == []
            await office.database.run(lambda session: work(session, fails=False))
        assert heard == ["2 due"]

    async def test_refuses_what_has_no_kind(self, office: Office) -> None:
        with pytest.raises(TypeError, match="no kind"):
            await office.add(JobPayload())


class TestEnqueueMany:
    async def test_keeps_the_order(self, office: Office) -> None:
        async def work(session: Session) -> Any:
            return await office.queue.enqueue_many(session, [Note(text=str(n)) for n in range(30)], owner_id=None)

        ids = await office.database.run(work)
        assert [(await office.row(job_id)).payload["text"] for job_id in ids] == [str(n) for n in range(30)]
        assert ids == sorted(ids)

    async def test_of_nothing_is_nothing(self, office: Office) -> None:
        assert await office.database.run(lambda session: office.queue.enqueue_many(session, [])) == []


class TestUniqueKey:
    async def test_returns_the_live_job(self, office: Office) -> None:
        first, second = await office.add(Note(), Note(), unique_key="daily")
        assert first == second
        assert await _number(office) == 1

    async def test_is_free_again_when_the_job_is_over(self, office: Office) -> None:
        first = await office.add_one(Note(), unique_key="daily")
        assert await office.queue.cancel(first) is JobStatus.CANCELLED
        assert await office.add_one(Note(), unique_key="daily") != first

    async def test_of_a_running_job_counts(self, office: Office) -> None:
        first = await office.add_one(Note(), unique_key="daily")
        await office.change(first, status="processing")
        assert await office.add_one(Note(), unique_key="daily") == first


class TestCancel:
    async def test_ends_what_has_not_begun(self, office: Office) -> None:
        job_id = await office.add_one(Note(), available_at=utc_now() + timedelta(hours=1))
        assert await office.queue.cancel(job_id) is JobStatus.CANCELLED
        row = await office.row(job_id)
        assert (row.status, row.finished_at) == ("cancelled", row.updated_at)

    async def test_asks_what_runs(self, office: Office) -> None:
        job_id = await office.insert(status="processing", lease_token=1)
        assert await office.queue.cancel(job_id) is JobStatus.PROCESSING
        row = await office.row(job_id)
        assert (row.status, row.cancel_requested, row.finished_at) == ("processing", True, None)

    @pytest.mark.parametrize("status", ["completed", "error", "cancelled"])
    async def test_leaves_what_is_over(self, office: Office, status: str) -> None:
        job_id = await office.insert(status=status)
        assert await office.queue.cancel(job_id) is None

    async def test_of_what_is_not_there_is_nothing(self, office: Office) -> None:
        assert await office.queue.cancel(uuid4()) is None


class TestRetry:
    @pytest.mark.parametrize("status", ["error", "cancelled"])
    async def test_begins_anew(self, office: Office, status: str) -> None:
        job_id = await office.insert(
            status=status,
            attempts=3,
            progress=40,
            error_code="X",
            error_message="Y",
            finished_at=utc_now(),
            cancel_requested=True,
            lease_token=3,
        )
        assert await office.queue.retry(job_id)
        row = await office.row(job_id)
        assert (row.status, row.attempts, row.progress, row.error_code, row.error_message) == (
            "pending",
            0,
            0,
            None,
            None,
        )
        assert (row.finished_at, row.cancel_requested, row.lease_token) == (None, False, 3)

    @pytest.mark.parametrize("status", ["pending", "processing", "completed"])
    async def test_leaves_what_has_not_failed(self, office: Office, status: str) -> None:
        assert not await office.queue.retry(await office.insert(status=status))

    async def test_is_refused_while_another_of_its_key_lives(self, office: Office) -> None:
        failed = await office.insert(status="error", unique_key="daily")
        await office.add(Note(), unique_key="daily")
        with pytest.raises(AlreadyExists):
            await office.queue.retry(failed)
        assert (await office.row(failed)).status == "error"


async def _number(office: Office) -> int:
    async with office.database.read() as connection:
        number: int = (await connection.execute(text("SELECT count(*) FROM jobs"))).scalar_one()
        return number

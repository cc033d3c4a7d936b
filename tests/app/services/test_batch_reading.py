"""Reading batches: by a worker, with readers that fail, twice at once."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, cast

import pytest
from sqlalchemy import func, select, text

from app.core.enums import UNFINISHED, AnalysisType
from app.engines.text.reading import Reading, read_texts
from app.models import Job
from app.schemas.analyses import AnalysisRead
from app.schemas.batches import BatchAnalysesQuery, BatchCreate, BatchRead
from app.services import batch_reading
from app.services.batch_reading import NOT_READ, BatchReading, ReadTexts
from app.services.container import Services
from app.workers.batches import bind_reading
from lintel.db import Session
from lintel.jobs import Backoff, Children, Handlers, JobCancelled, LeaseLost, RunningJob, Worker
from lintel.security import Principal
from tests.app.conftest import add_user, principal_of
from tests.app.engines.text.odd import read_oddly, read_slowly

pytestmark = pytest.mark.anyio

SECONDS = 30.0


@pytest.fixture
async def ada(services: Services) -> Principal:
    return principal_of(await add_user(services))


async def send(services: Services, owner: Principal, *texts: str) -> BatchRead:
    return await services.batches.create_batch(
        owner, BatchCreate(texts=list(texts), analysis_type=AnalysisType.SENTIMENT)
    )


def reading_of(services: Services, read: ReadTexts = read_texts) -> BatchReading:
    return BatchReading(services.database, Children(2), read=read)


@asynccontextmanager
async def working(services: Services, reading: BatchReading) -> AsyncIterator[None]:
    """A worker that reads batches."""
    worker = Worker(services.queue, bind_reading(Handlers(), reading), poll=0.05, backoff=Backoff(first=0.01))
    async with worker.running():
        yield


async def until(is_so: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(SECONDS):
        while not await is_so():  # noqa: ASYNC110 - the database announces nothing
            await asyncio.sleep(0.01)


async def ended(services: Services, owner: Principal, batch: BatchRead) -> BatchRead:
    async def is_over() -> bool:
        return (await services.batches.get_batch(owner, batch.id)).status not in UNFINISHED

    await until(is_over)
    return await services.batches.get_batch(owner, batch.id)


async def analyses(services: Services, owner: Principal, batch: BatchRead) -> list[AnalysisRead]:
    return (await services.batches.list_analyses(owner, batch.id, BatchAnalysesQuery(size=100))).items


class Held:
    """A job that is held as long as it is said to be; completed or not, it goes on."""

    def __init__(self) -> None:
        self.told: list[float] = []
        self.changes = 0
        self.results: list[Mapping[str, Any] | None] = []
        self.is_lost = False

    async def guard(self, _: Session) -> None:
        if self.is_lost:
            raise LeaseLost

    async def progress(self, percent: float) -> None:
        self.told.append(percent)

    def changed(self) -> None:
        self.changes += 1

    async def complete(self, _: Session, result: Mapping[str, Any] | None = None) -> None:
        self.results.append(result)


def running(job: Held) -> RunningJob:
    return cast("RunningJob", job)


class TestRun:
    async def test_reads_every_text_and_completes_the_batch_with_its_job(
        self, services: Services, ada: Principal
    ) -> None:
        batch = await send(services, ada, *(f"The room {n} was lovely." for n in range(90)), "x" * 10_000)
        async with working(services, reading_of(services)):
            done = await ended(services, ada, batch)
        assert (done.status, done.completed, done.failed, done.progress) == ("completed", 91, 0, 100)
        assert done.processed_at is not None
        found = await analyses(services, ada, batch)
        assert {(one.status, one.progress, one.error_message) for one in found} == {("completed", 100, None)}
        assert found[7].result is not None
        assert found[7].result.score == found[7].sentiment_score
        async with services.database.read() as connection:
            [job] = (await connection.execute(text("SELECT status, progress FROM jobs"))).all()
        assert tuple(job) == ("completed", 100)

    async def test_tells_how_far_it_is(
        self, services: Services, ada: Principal, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(batch_reading, "TEXTS_AT_ONCE", 1)
        batch = await send(services, ada, "a", "b", "c", "d")
        job = Held()
        await reading_of(services).run(batch.id, running(job))
        assert job.told == [0, 25, 50, 75]
        assert job.results == [{"completed": 4, "failed": 0}]

    async def test_tells_of_each_step_though_the_progress_stays(
        self, services: Services, ada: Principal, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(batch_reading, "TEXTS_AT_ONCE", 1)
        batch = await send(services, ada, "a", "b")
        async with services.database.writer.begin() as connection:
            await connection.execute(text("UPDATE batches SET total = 1000"))
        job = Held()
        await reading_of(services).run(batch.id, running(job))
        assert (job.told, job.changes) == ([0, 0], 2)

    async def test_reads_few_characters_at_once(
        self, services: Services, ada: Principal, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(batch_reading, "CHARACTERS_AT_ONCE", 10)
        batch = await send(services, ada, "x" * 100, "y" * 5, "z" * 4, "w" * 3, "v" * 9)
        job = Held()
        await reading_of(services).run(batch.id, running(job))
        assert job.told == [0, 20, 80]

    async def test_lets_a_text_fail_alone(self, services: Services, ada: Principal) -> None:
        batch = await send(services, ada, "good", "refuse", "die", "good")
        async with working(services, reading_of(services, read_oddly)):
            done = await ended(services, ada, batch)
        assert (done.status, done.completed, done.failed, done.progress) == ("completed", 2, 2, 100)
        found = await analyses(services, ada, batch)
        assert [one.status for one in found] == ["completed", "error", "error", "completed"]
        assert [one.error_message for one in found] == [None, NOT_READ, NOT_READ, None]
        assert (found[1].result, found[1].sentiment_score) == (None, None)
        async with services.database.read() as connection:
            without = await connection.execute(text("SELECT position FROM analyses WHERE result IS NULL ORDER BY 1"))
            assert list(without.scalars()) == [1, 2]

    async def test_ends_a_text_that_takes_too_long(
        self, services: Services, ada: Principal, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(batch_reading, "SECONDS_AT_ONCE", 3.0)
        batch = await send(services, ada, "hang", "good")
        await reading_of(services, read_oddly).run(batch.id, running(Held()))
        found = await analyses(services, ada, batch)
        assert [one.status for one in found] == ["error", "completed"]

    async def test_counts_each_text_once_although_two_read_at_once(
        self, services: Services, ada: Principal, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(batch_reading, "TEXTS_AT_ONCE", 7)
        batch = await send(services, ada, *(f"Text {number}." for number in range(60)))
        reading = reading_of(services)
        await asyncio.gather(*(reading.run(batch.id, running(Held())) for _ in range(3)))
        done = await services.batches.get_batch(ada, batch.id)
        assert (done.status, done.completed, done.failed) == ("completed", 60, 0)

    async def test_writes_nothing_once_the_job_is_somebody_elses(self, services: Services, ada: Principal) -> None:
        job = Held()

        def lose(analysis_type: AnalysisType, texts: Any) -> list[Reading]:
            job.is_lost = True
            return read_texts(analysis_type, texts)

        class HereAndNow(Children):
            async def run(self, function: Any, *arguments: object, timeout: float | None = None) -> Any:  # noqa: ASYNC109 - as it is there
                return function(*arguments)

        batch = await send(services, ada, "a", "b")
        with pytest.raises(LeaseLost):
            await BatchReading(services.database, HereAndNow(1), read=lose).run(batch.id, running(job))
        assert [one.status for one in await analyses(services, ada, batch)] == ["pending", "pending"]
        job.is_lost = False
        await reading_of(services).run(batch.id, running(job))
        done = await services.batches.get_batch(ada, batch.id)
        assert (done.status, done.completed) == ("completed", 2)

    async def test_goes_on_where_another_stopped(self, services: Services, ada: Principal) -> None:
        batch = await send(services, ada, "a", "b", "c")
        async with services.database.writer.begin() as connection:
            await connection.execute(text("UPDATE analyses SET status = 'completed' WHERE position = 0"))
            await connection.execute(text("UPDATE batches SET status = 'error', completed = 1"))
        await reading_of(services).run(batch.id, running(Held()))
        done = await services.batches.get_batch(ada, batch.id)
        assert (done.status, done.completed) == ("completed", 3)

    async def test_has_nothing_to_do_for_a_batch_that_is_gone(self, services: Services) -> None:
        job = Held()
        with pytest.raises(JobCancelled):
            await reading_of(services).run(4_711, running(job))
        assert (job.told, job.results) == ([], [])


class TestCancel:
    async def test_is_seen_at_once_and_keeps_what_is_done(self, services: Services, ada: Principal) -> None:
        batch = await send(services, ada, *(f"Text {number}." for number in range(400)))

        async def has_begun() -> bool:
            return (await services.batches.get_batch(ada, batch.id)).completed > 0

        async def has_stopped() -> bool:
            return await job_status(services) != "processing"

        async with working(services, reading_of(services, read_slowly)):
            await until(has_begun)
            cancelled = await services.batches.cancel_batch(ada, batch.id)
            started = time.monotonic()
            await until(has_stopped)
            assert time.monotonic() - started < 5
        assert await job_status(services) == "cancelled"
        found = await services.batches.get_batch(ada, batch.id)
        assert found == cancelled
        assert 0 < found.completed < 400
        async with services.database.read() as connection:
            rows = await connection.execute(text("SELECT status, count(*) FROM analyses GROUP BY status"))
        counts = {row[0]: row[1] for row in rows}
        assert counts == {"completed": found.completed, "cancelled": 400 - found.completed}

    async def test_of_a_batch_that_is_deleted_meanwhile_ends_the_job(self, services: Services, ada: Principal) -> None:
        batch = await send(services, ada, *(f"Text {number}." for number in range(400)))

        async def has_begun() -> bool:
            return (await services.batches.get_batch(ada, batch.id)).completed > 0

        async def has_stopped() -> bool:
            return await job_status(services) != "processing"

        async with working(services, reading_of(services, read_slowly)):
            await until(has_begun)
            await services.batches.delete_batch(ada, batch.id)
            await until(has_stopped)
        assert await job_status(services) == "cancelled"


class TestSeveralOwners:
    async def test_are_read_beside_each_other(self, services: Services, ada: Principal) -> None:
        bob = principal_of(await add_user(services, "bob@example.com"))
        for _ in range(5):
            await send(services, ada, "hers")
        await send(services, bob, "his")
        children = Failing(after=0)
        children.may_go_on = asyncio.Event()
        async with working(services, BatchReading(services.database, children)):
            await until(partial(are_running, services, 3))
            await asyncio.sleep(0.2)
            async with services.database.read() as connection:
                owners = await connection.execute(select(Job.owner_id).where(Job.status == "processing"))
                assert sorted(owner or 0 for owner in owners.scalars()) == [ada.id, ada.id, bob.id]
            children.may_go_on.set()


class Failing(Children):
    """Reads so many times, and then fails, at once or when it may."""

    def __init__(self, *, after: int) -> None:
        super().__init__(1)
        self.left = after
        self.may_go_on: asyncio.Event | None = None

    async def run(self, function: Any, *arguments: object, timeout: float | None = None) -> Any:  # noqa: ASYNC109 - as it is there
        if self.may_go_on is not None:
            await self.may_go_on.wait()
        if self.left == 0:
            raise OSError
        self.left -= 1
        return function(*arguments)


async def are_running(services: Services, number: int) -> bool:
    async with services.database.read() as connection:
        found = await connection.execute(select(func.count()).where(Job.status == "processing"))
    return bool(found.scalar_one() >= number)


async def job_status(services: Services) -> str:
    async with services.database.read() as connection:
        return str((await connection.execute(text("SELECT status FROM jobs"))).scalar_one())

"""A table of jobs on both kinds of database, and workers on it."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, ClassVar
from uuid import UUID

import pytest
from sqlalchemy import insert, select, update
from sqlalchemy.orm import DeclarativeBase

from lintel.db import Database, new_metadata
from lintel.jobs import (
    Backoff,
    Handlers,
    JobMixin,
    JobPayload,
    JobQueue,
    JobStatus,
    RunningJob,
    ScheduleMixin,
    Signals,
    Worker,
)
from lintel.settings import DatabaseSettings, load_settings
from lintel.testing import temporary_database

ON_SQLITE = pytest.mark.parametrize("jobs_url", ["sqlite"], indirect=True)
ON_POSTGRESQL = pytest.mark.parametrize(
    "jobs_url", [pytest.param("postgresql", marks=pytest.mark.services)], indirect=True
)
GUARD_SECONDS = 20.0
"""Far longer than anything takes here."""


class Base(DeclarativeBase):
    metadata = new_metadata()


class Job(JobMixin, Base):
    __tablename__ = "jobs"


class Recurring(ScheduleMixin, Base):
    __tablename__ = "schedules"


class Note(JobPayload):
    """Something to write down; the name says what the handler does beside that."""

    kind = "note"

    text: str = ""


class Once(Note):
    kind = "once"
    max_attempts: ClassVar[int] = 1


class Hurried(Note):
    kind = "hurried"
    timeout: ClassVar[float] = 0.2
    max_attempts: ClassVar[int] = 1


class Paired(Note):
    kind = "paired"
    concurrency: ClassVar[int] = 2


class Aside(Note):
    kind = "aside"
    queue: ClassVar[str] = "aside"


KINDS: tuple[type[Note], ...] = (Note, Once, Hurried, Paired, Aside)


class Scribe:
    """A handler for all kinds: notes what it is given, and does what the test says."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.open = asyncio.Event()
        self.act: Callable[[Note, RunningJob], Any] | None = None

    async def __call__(self, note: Note, job: RunningJob) -> Mapping[str, Any] | None:
        self.seen.append(note.text)
        result: Mapping[str, Any] | None = await self.act(note, job) if self.act else None
        return result

    async def wait(self, note: Note, job: RunningJob) -> None:
        """Until the test lets it go on."""
        await self.open.wait()

    def handlers(self) -> Handlers:
        handlers = Handlers()
        for kind in KINDS:
            handlers.bind(kind, self)
        return handlers


class Office:
    """A queue, a worker, and looks at the table."""

    def __init__(self, database: Database, stack: AsyncExitStack) -> None:
        self.database = database
        self.queue = JobQueue(database, Job)
        self.scribe = Scribe()
        self._stack = stack

    def worker(self, *, queue: JobQueue | None = None, scribe: Scribe | None = None, **options: Any) -> Worker:
        usual = {"poll": 0.05, "lease": 3.0, "grace": 0.2, "backoff": Backoff(first=0.01)}
        return Worker(queue or self.queue, (scribe or self.scribe).handlers(), **{**usual, **options})

    def deaf(self) -> JobQueue:
        """The queue of a process that hears nothing of this one."""
        return JobQueue(self.database, Job, signals=Signals())

    async def start(self, **options: Any) -> Worker:
        """A worker that runs until the test ends."""
        worker = self.worker(**options)
        await self._stack.enter_async_context(worker.running())
        return worker

    async def add(self, *payloads: JobPayload, **options: Any) -> list[UUID]:
        async def work(session: Any) -> list[UUID]:
            return [await self.queue.enqueue(session, payload, **options) for payload in payloads]

        return await self.database.run(work)

    async def add_one(self, payload: JobPayload, **options: Any) -> UUID:
        [job_id] = await self.add(payload, **options)
        return job_id

    async def insert(self, **values: Any) -> UUID:
        """A row as somebody else left it."""
        async with self.database.writer.begin() as connection:
            usual = {"kind": "note", "payload": {"text": "old"}}
            added = await connection.execute(insert(Job).values(**{**usual, **values}).returning(Job.id))
            return UUID(str(added.scalar_one()))

    async def change(self, job_id: UUID, **values: Any) -> None:
        async with self.database.writer.begin() as connection:
            await connection.execute(update(Job).where(Job.id == job_id).values(**values))

    async def row(self, job_id: UUID) -> Any:
        async with self.database.read() as connection:
            return (await connection.execute(select(Job.__table__).where(Job.id == job_id))).one()

    async def until(self, condition: Callable[[], Any], *, seconds: float = GUARD_SECONDS) -> None:
        deadline = time.monotonic() + seconds
        while True:
            found = condition()
            if await found if asyncio.iscoroutine(found) else found:
                return
            assert time.monotonic() < deadline, "it never came true"
            await asyncio.sleep(0.01)

    async def until_status(self, job_id: UUID, *statuses: JobStatus, seconds: float = GUARD_SECONDS) -> Any:
        async def is_there() -> bool:
            return (await self.row(job_id)).status in statuses

        await self.until(is_there, seconds=seconds)
        return await self.row(job_id)

    async def done(self, job_id: UUID) -> Any:
        return await self.until_status(job_id, JobStatus.COMPLETED)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.services)])
async def jobs_url(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    """A database with the tables; every test that asks for one runs on both kinds."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'jobs.db'}"
        await _create(url)
        yield url
        return
    async with temporary_database(request.getfixturevalue("postgres_url")) as url:
        await _create(url)
        yield url


async def _create(url: str) -> None:
    async with opened(url) as database, database.writer.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Database]:
    database = Database(load_settings(DatabaseSettings, env_file=None, database_url=url))
    async with database.opened():
        yield database


@pytest.fixture
async def office(jobs_url: str) -> AsyncIterator[Office]:
    async with opened(jobs_url) as database, AsyncExitStack() as stack:
        yield Office(database, stack)

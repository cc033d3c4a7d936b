"""Our jobs on PostgreSQL, as one of the programs of `bench.peers.program`."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

import uvloop
from sqlalchemy import func, select
from sqlalchemy.orm import DeclarativeBase

from bench.peers import program
from lintel.db import Database, new_metadata
from lintel.jobs import Handlers, JobMixin, JobPayload, JobQueue, RunningJob, Worker
from lintel.observability import configure_logging
from lintel.settings import Environment, LintelSettings, load_settings

CHUNK = 500
KEY = uuid4().hex


class Base(DeclarativeBase):
    """Of a table of its own."""

    metadata = new_metadata()


class Job(JobMixin, Base):
    """As a service has it, but for the users they belong to."""

    __tablename__ = "jobs"


class Nothing(JobPayload):
    """To be done."""

    kind = program.NOTHING


class Mark(JobPayload):
    """To be told to the bench."""

    kind = program.MARK


PAYLOADS = {payload.kind: payload() for payload in (Nothing, Mark)}


async def nothing(_: Nothing, __: RunningJob) -> None:
    """Do nothing."""


async def mark(_: Mark, __: RunningJob) -> None:
    """Tell the bench."""
    program.mark()


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Database]:
    """The database, and a log as a service has it, while the block runs."""
    values = {"environment": Environment.TEST, "secret_key": KEY * 2, "database_url": url}
    settings = load_settings(LintelSettings, env_file=None, **values)
    configure_logging(settings)
    database = Database(settings)
    async with database.opened():
        yield database


async def enqueue(url: str, names: list[str]) -> None:
    """Many at once."""
    async with opened(url) as database:
        async with database.writer.begin() as connection:
            await connection.run_sync(Base.metadata.drop_all)
            await connection.run_sync(Base.metadata.create_all)
        queue = JobQueue(database, Job)
        for start in range(0, len(names), CHUNK):
            some = [PAYLOADS[name] for name in names[start : start + CHUNK]]
            await database.run(lambda session, some=some: queue.enqueue_many(session, some))  # type: ignore[misc]


async def work(url: str) -> None:
    """Until terminated."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    handlers = Handlers().bind(Nothing, nothing).bind(Mark, mark)
    async with opened(url) as database:
        await Worker(JobQueue(database, Job), handlers, concurrency=program.PLACES).run(stop)


async def left(url: str) -> int:
    """What has no outcome yet."""
    async with opened(url) as database:
        [row] = await database.fetch_all(select(func.count().label("left")).where(Job.finished_at.is_(None)))
    return int(row["left"])


if __name__ == "__main__":
    program.main(
        lambda url, names: uvloop.run(enqueue(url, names)),
        lambda url: uvloop.run(work(url)),
        lambda url: uvloop.run(left(url)),
    )

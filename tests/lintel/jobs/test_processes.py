"""Workers that are processes of their own, and end as processes do."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from lintel.jobs import JobStatus
from tests.conftest import Saw
from tests.lintel.jobs.conftest import ON_POSTGRESQL, Note, Office, Once

pytestmark = pytest.mark.anyio

WORKER = """
import asyncio, datetime, os, sys, time
from pathlib import Path
from sqlalchemy import text
from sqlalchemy.orm import DeclarativeBase

url, folder, skew = sys.argv[1], Path(sys.argv[2]), float(sys.argv[3])
if skew:
    import lintel.db
    wrong, now = datetime.timedelta(seconds=skew), lintel.db.utc_now
    lintel.db.utc_now = lambda: now() + wrong
    wall = time.time
    time.time = lambda: wall() + skew

from lintel.db import Database, new_metadata
from lintel.jobs import Handlers, JobMixin, JobPayload, JobQueue, Worker
from lintel.settings import DatabaseSettings, load_settings

class Base(DeclarativeBase):
    metadata = new_metadata()

class Job(JobMixin, Base):
    __tablename__ = "jobs"

class Note(JobPayload):
    kind = "note"
    text: str

class Once(Note):
    kind = "once"

async def main():
    database = Database(load_settings(DatabaseSettings, env_file=None, database_url=url))

    async def handle(note, job):
        (folder / f"started-{os.getpid()}").touch()
        while not (folder / "go").exists():
            await asyncio.sleep(0.02)

        async def write(session):
            await session.execute(text("INSERT INTO effects VALUES (:pid)"), {"pid": os.getpid()})
            await job.complete(session, {"pid": os.getpid()})

        await database.run(write)

    handlers = Handlers().bind(Note, handle).bind(Once, handle)
    async with database.opened():
        worker = Worker(JobQueue(database, Job), handlers, lease=2.0, poll=0.1)
        (folder / f"ready-{os.getpid()}").touch()
        await worker.run(asyncio.Event())

asyncio.run(main())
"""

Start = Callable[..., Awaitable[asyncio.subprocess.Process]]


@pytest.fixture
async def start(office: Office, jobs_url: str, tmp_path: Path) -> AsyncIterator[Start]:
    """Starts a worker; it is killed with the test."""
    async with office.database.writer.begin() as connection:
        await connection.execute(text("CREATE TABLE effects (pid INTEGER)"))
    async with AsyncExitStack() as stack:

        async def start_worker(*, skew: float = 0) -> asyncio.subprocess.Process:
            worker = await stack.enter_async_context(_process(jobs_url, tmp_path, skew))
            await office.until((tmp_path / f"ready-{worker.pid}").exists, seconds=60)
            return worker

        yield start_worker


@asynccontextmanager
async def _process(url: str, folder: Path, skew: float) -> AsyncIterator[asyncio.subprocess.Process]:
    command = [sys.executable, "-c", WORKER, url, str(folder), str(skew)]
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.DEVNULL)
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def effects(office: Office) -> list[int]:
    async with office.database.read() as connection:
        return list((await connection.execute(text("SELECT pid FROM effects"))).scalars())


async def started(office: Office, folder: Path, worker: Any) -> None:
    await office.until((folder / f"started-{worker.pid}").exists, seconds=60)


async def test_a_job_whose_worker_is_killed_is_done_by_another(office: Office, start: Start, tmp_path: Path) -> None:
    first = await start()
    job_id = await office.add_one(Note(text="twice"))
    await started(office, tmp_path, first)
    second = await start()
    first.kill()
    await first.wait()
    await started(office, tmp_path, second)
    (tmp_path / "go").touch()
    row = await office.done(job_id)
    assert (row.attempts, row.lease_token, row.result) == (2, 2, {"pid": second.pid})
    assert await effects(office) == [second.pid]


@pytest.mark.fault(
    "a worker hangs (SIGSTOP) for longer than its lease, and wakes up",
    "another takes its job; what the first one still writes is refused by its token",
)
async def test_a_worker_that_wakes_up_too_late_writes_nothing(
    office: Office, start: Start, tmp_path: Path, saw: Saw
) -> None:
    first = await start()
    job_id = await office.add_one(Note(text="twice"))
    await started(office, tmp_path, first)
    second = await start()
    first.send_signal(signal.SIGSTOP)
    await started(office, tmp_path, second)
    (tmp_path / "go").touch()
    first.send_signal(signal.SIGCONT)
    row = await office.done(job_id)
    await asyncio.sleep(1)  # time enough for the first to do what it must not
    assert (row.attempts, row.result) == (2, {"pid": second.pid})
    assert await effects(office) == [second.pid]
    saw("1 effect, of the second worker; 2 attempts")


@pytest.mark.fault(
    "a job kills every worker that takes it", "it is given up after its attempts, with the code `WORKER_LOST`"
)
async def test_a_job_that_kills_its_worker_each_time_is_given_up(
    office: Office, start: Start, tmp_path: Path, saw: Saw
) -> None:
    worker = await start()
    job_id = await office.add_one(Once(text="poison"))
    await started(office, tmp_path, worker)
    worker.kill()
    await worker.wait()
    await start()
    row = await office.until_status(job_id, JobStatus.ERROR, seconds=60)
    assert (row.error_code, row.attempts, await effects(office)) == ("WORKER_LOST", 1, [])
    saw("given up after 1 of 1 attempts, no effect")


@ON_POSTGRESQL
@pytest.mark.fault(
    "two workers whose clocks are a minute slow and a minute fast",
    "the database's clock decides what is due and how long a lease lasts: nobody takes what another holds",
)
async def test_workers_whose_clocks_differ_by_minutes_agree(
    office: Office, start: Start, tmp_path: Path, saw: Saw
) -> None:
    slow, fast = await start(skew=-60), await start(skew=60)
    job_id = await office.add_one(Note(text="twice"))
    await asyncio.sleep(5)  # more than two leases
    (tmp_path / "go").touch()
    row = await office.done(job_id)
    assert (row.attempts, row.lease_token, len(await effects(office))) == (1, 1, 1)
    assert {slow.returncode, fast.returncode} == {None}
    saw("over more than two leases 1 attempt, 1 lease, 1 effect")

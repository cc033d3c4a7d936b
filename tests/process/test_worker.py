"""`python -m app worker`: a process of its own beside the servers."""

import asyncio
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import select

from app.core.config import Settings
from app.jobs import PurgeJobs
from app.models import Job
from lintel.db import Database
from lintel.jobs import JobQueue, JobStatus
from lintel.settings import load_settings
from tests.process.conftest import START_SECONDS, STOP_SECONDS, environment


@pytest.fixture
def worker(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    """A worker that has started, and what it writes."""
    env, log = environment(tmp_path / "data"), tmp_path / "worker.log"
    subprocess.run([sys.executable, "-m", "app", "migrate"], cwd=tmp_path, env=env, check=True, capture_output=True)
    with log.open("wb") as file:
        command = [sys.executable, "-m", "app", "worker"]
        process = subprocess.Popen(command, cwd=tmp_path, env=env, stdout=file, stderr=subprocess.STDOUT)
    try:
        _wait_for(log, "worker started")
        yield process, log
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(STOP_SECONDS)


@pytest.mark.parametrize("sig", [signal.SIGTERM, signal.SIGINT])
def test_ends_with_0_when_told_to(worker: tuple[subprocess.Popen[bytes], Path], sig: signal.Signals) -> None:
    process, log = worker
    process.send_signal(sig)
    assert process.wait(STOP_SECONDS) == 0
    assert "worker stopped" in log.read_text()


def test_runs_on_the_loop_that_servers_run_on(worker: tuple[subprocess.Popen[bytes], Path]) -> None:
    process, _ = worker
    assert "uvloop" in Path(f"/proc/{process.pid}/maps").read_text()


def test_does_what_others_ask_for(worker: tuple[subprocess.Popen[bytes], Path], tmp_path: Path) -> None:
    assert asyncio.run(_done(tmp_path / "data")) == {"deleted": 0}


async def _done(folder: Path) -> object:
    database = Database(load_settings(Settings, env_file=None, data_dir=folder))
    queue = JobQueue(database, Job)
    async with database.opened():
        job_id: UUID = await database.run(lambda session: queue.enqueue(session, PurgeJobs()))
        found = select(Job.status, Job.result).where(Job.id == job_id)
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            row = await database.fetch_one(found)
            if row is not None and row["status"] is JobStatus.COMPLETED:
                return row["result"]
            await asyncio.sleep(0.05)
    raise AssertionError("nobody did it")


def _wait_for(log: Path, words: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while words not in log.read_text():
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.05)

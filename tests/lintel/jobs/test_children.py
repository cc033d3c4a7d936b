"""Work in child processes that can be killed."""

import asyncio
import os
import time
from pathlib import Path
from typing import ClassVar

import pytest

from lintel.jobs import Children, Handlers, JobPayload, JobStatus, RunningJob, Worker
from tests.lintel.jobs.conftest import ON_SQLITE, Office

pytestmark = pytest.mark.anyio


class Busy(JobPayload):
    kind = "busy"
    timeout: ClassVar[float] = 60.0
    max_attempts: ClassVar[int] = 1

    pid_file: str


class Hasty(Busy):
    kind = "hasty"
    timeout: ClassVar[float] = 3.0


# The child imports this module by its path's name, so what it runs is written in the standard library's terms.
SPIN = "import os, sys; open(sys.argv[1], 'w').write(str(os.getpid()))\nwhile True: pass"


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


class TestRun:
    async def test_returns_what_the_function_does(self) -> None:
        assert await Children(1).run(os.path.join, "a", "b") == "a/b"

    async def test_runs_elsewhere(self) -> None:
        assert await Children(1).run(os.getpid) != os.getpid()

    async def test_raises_what_the_function_does(self) -> None:
        with pytest.raises(FileNotFoundError):
            await Children(1).run(os.stat, "/nowhere/at/all")

    async def test_ends_at_its_deadline(self) -> None:
        started = time.monotonic()
        with pytest.raises(TimeoutError):
            await Children(1).run(time.sleep, 60, timeout=0.5)
        assert time.monotonic() - started < 20

    async def test_does_not_count_the_wait_for_a_place(self) -> None:
        children = Children(1)
        async with asyncio.TaskGroup() as group:
            for _ in range(4):
                group.create_task(children.run(time.sleep, 1, timeout=3))


@ON_SQLITE
class TestKill:
    @pytest.mark.parametrize("ends", ["cancel", "timeout"])
    async def test_a_child_ends_with_its_job(self, office: Office, tmp_path: Path, ends: str) -> None:
        pid_file, children = tmp_path / "pid", Children(1)

        async def spin(busy: Busy, job: RunningJob) -> None:
            await children.run(exec, f"import sys; sys.argv = ['', {busy.pid_file!r}]\n{SPIN}", {})

        handlers = Handlers().bind(Busy, spin).bind(Hasty, spin)
        async with Worker(office.queue, handlers, lease=30, grace=0.1).running():
            kind = Busy if ends == "cancel" else Hasty
            job_id = await office.add_one(kind(pid_file=str(pid_file)))
            await office.until(lambda: pid_file.exists() and pid_file.read_text())
            pid = int(pid_file.read_text())
            assert is_alive(pid)
            if ends == "cancel":
                await office.queue.cancel(job_id)
            row = await office.until_status(job_id, JobStatus.CANCELLED, JobStatus.ERROR)
            assert row.error_code == (None if ends == "cancel" else "JOB_TIMEOUT")
            await office.until(lambda: not is_alive(pid))

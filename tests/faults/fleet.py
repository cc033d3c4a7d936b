"""Servers and workers on one database, as processes of their own, and what somebody does with them meanwhile."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import httpx2

from tests.process.conftest import ServerProcess, environment, server_process
from tests.process.sockets import ADMIN, sign_in

SECONDS = 120.0
"""After which what does not come is given up: a guard, no measure."""
TEXTS = 400
LONG = "The room was lovely, but the service was not good at all; nobody cared about us. " * 12
"""A batch of them takes a second or two."""


@dataclass(frozen=True)
class WorkerProcess:
    """A running `python -m app worker` and what it wrote so far."""

    process: subprocess.Popen[bytes]
    log: Path

    @property
    def output(self) -> str:
        return self.log.read_text(encoding="utf-8")

    def stop(self) -> int:
        """Tell it to stop and say with which code it did."""
        self.process.terminate()
        return self.process.wait(SECONDS)


class Fleet:
    """Processes of the service that share their settings; all end with the stack, by their ids."""

    def __init__(self, folder: Path, stack: ExitStack, **settings: str) -> None:
        usual = {"RATE_LIMIT_PER_MINUTE": "0", "JOBS_EMBEDDED_WORKER": "false", "LOG_FORMAT": "json"}
        self.folder = folder
        self.settings = {**ADMIN, **usual, **settings}
        self.servers: list[ServerProcess] = []
        self.workers: list[WorkerProcess] = []
        self._stack = stack

    def serve(self, *, prepare: bool = True, **settings: str) -> ServerProcess:
        """One more server; the first one makes the tables."""
        arguments = ["app", "serve", *(["--prepare"] if prepare else [])]
        env = environment(self.folder / "data", **{**self.settings, **settings})
        server = self._stack.enter_context(server_process(arguments, self.folder, env))
        self.servers.append(server)
        return server

    def work(self, **settings: str) -> WorkerProcess:
        """One more worker."""
        env = environment(self.folder / "data", **{**self.settings, **settings})
        log = self.folder / f"worker-{time.monotonic_ns()}.log"
        with log.open("wb") as file:
            command = [sys.executable, "-m", "app", "worker"]
            process = subprocess.Popen(command, cwd=self.folder, env=env, stdout=file, stderr=subprocess.STDOUT)
        self._stack.callback(_end, process)
        worker = WorkerProcess(process, log)
        self.workers.append(worker)
        until(lambda: "worker started" in worker.output, worker.output)
        return worker

    def fetch(self, statement: str, *arguments: object) -> list[Any]:
        """Rows of the database, which is PostgreSQL."""
        return asyncio.run(self._fetch(statement, arguments))

    async def _fetch(self, statement: str, arguments: tuple[object, ...]) -> list[Any]:
        connection = await asyncpg.connect(self.settings["DATABASE_URL"])
        try:
            return list(await connection.fetch(statement, *arguments))
        finally:
            await connection.close()

    def stacks(self) -> list[str]:
        """Stacks in the logs: an outage is told in one line, so each of them is a fault of ours."""
        logs = [*(server.output for server in self.servers), *(worker.output for worker in self.workers)]
        return [line for log in logs for line in log.splitlines() if "Traceback" in line or "was destroyed" in line]


@dataclass
class Client:
    """Somebody who goes on working while something fails, and counts what is answered."""

    server: ServerProcess
    statuses: Counter[int] = field(default_factory=Counter)
    undocumented: list[str] = field(default_factory=list)
    longest: float = 0.0

    def __post_init__(self) -> None:
        self._client = self.server.client()
        self._client.headers["Authorization"] = f"Bearer {sign_in(self.server).token}"

    def ask(self, method: str, path: str, **content: Any) -> httpx2.Response:
        """A request; whatever is answered is counted."""
        started = time.monotonic()
        answer = self._client.request(method, f"/api/v1{path}", **content)
        self.longest = max(self.longest, time.monotonic() - started)
        self.statuses[answer.status_code] += 1
        if answer.status_code >= 500 and not (answer.status_code == 503 and "retry-after" in answer.headers):
            self.undocumented.append(f"{method} {path}: {answer.status_code} {answer.text[:200]}")
        return answer

    def submit(self, texts: int = TEXTS) -> int:
        """Hand in a batch; its id."""
        body = {"texts": [f"{number}. {LONG}" for number in range(texts)], "analysis_type": "sentiment"}
        answer = self.ask("POST", "/batches", json=body)
        assert answer.status_code == 202, answer.text
        number: int = answer.json()["id"]
        return number

    def read(self, batch: int) -> dict[str, Any]:
        """How a batch stands."""
        body: dict[str, Any] = self.ask("GET", f"/batches/{batch}").json()
        return body

    def wait_for(self, batch: int, tried: int = 1) -> None:
        """Until so many of its texts were tried."""
        until(lambda: self.read(batch)["completed"] >= tried, f"batch {batch} stands still")

    def wait_for_all(self, batches: list[int]) -> float:
        """Until all are completed; the seconds that took."""
        started = time.monotonic()
        for batch in batches:
            until(lambda number=batch: self.read(number)["status"] == "completed", f"batch {batch} is never done")  # type: ignore[misc]
        return time.monotonic() - started

    def is_content(self) -> bool:
        """Whether every answer was one that the documentation knows."""
        assert self.undocumented == []
        return True

    def follow(self, batch: int) -> list[dict[str, Any]]:
        """What a stream of events tells of a batch, from now until it ends."""
        with self._client.stream("GET", f"/api/v1/batches/{batch}/events", timeout=SECONDS) as answer:
            return [json.loads(line.removeprefix("data:")) for line in answer.iter_lines() if line.startswith("data:")]

    def summary(self) -> str:
        """What was answered."""
        unavailable = f"{self.statuses[503]:,} of them 503 with Retry-After" if self.statuses[503] else "none 5xx"
        return f"{self.statuses.total():,} requests, {unavailable}"

    def close(self) -> None:
        self._client.close()


def effects(fleet: Fleet, batches: list[int]) -> str:
    """Asserts that each text of each batch was read, kept and counted once; says so in numbers."""
    rows = fleet.fetch(
        "SELECT b.total, b.completed, b.failed, count(a.id) AS kept, count(DISTINCT a.position) AS places,"
        " count(a.result) AS results FROM batches b JOIN analyses a ON a.batch_id = b.id"
        " WHERE b.id = ANY($1::bigint[]) GROUP BY b.id",
        batches,
    )
    assert len(rows) == len(batches)
    for row in rows:
        assert (row["completed"], row["failed"], row["kept"], row["places"], row["results"]) == (
            row["total"], 0, row["total"], row["total"], row["total"],
        )  # fmt: skip
    [jobs] = fleet.fetch(
        "SELECT count(*) AS number, count(*) FILTER (WHERE status = 'completed') AS completed,"
        " sum(attempts) AS attempts"
        " FROM jobs WHERE id = ANY(SELECT job_id FROM batches WHERE id = ANY($1::bigint[]))",
        batches,
    )
    assert jobs["number"] == jobs["completed"] == len(batches)
    texts = sum(row["total"] for row in rows)
    return f"{texts:,} of {texts:,} texts once each ({jobs['number']} jobs, {jobs['attempts']} attempts)"


def until(condition: Callable[[], object], otherwise: str, *, seconds: float = SECONDS) -> float:
    """Wait for something; the seconds that took."""
    started = time.monotonic()
    while not condition():
        assert time.monotonic() - started < seconds, otherwise
        time.sleep(0.02)
    return time.monotonic() - started


@contextmanager
def stopped(pid: int) -> Iterator[None]:
    """A process that hangs with its children (SIGSTOP) while the block runs."""
    pids = [pid, *map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split())]
    for each in pids:
        os.kill(each, signal.SIGSTOP)
    try:
        yield
    finally:
        for each in pids:
            os.kill(each, signal.SIGCONT)


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.terminate()
    try:
        process.wait(SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(SECONDS)

"""Server processes and who looks after them, as processes of their own."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx2
import pytest
import uvicorn

from lintel.supervisor import HANG_SECONDS, START_FAILURE, START_SECONDS, Supervisor, Worker

SERVICE = """
import asyncio, os, time
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace

from fastapi import FastAPI

from lintel.observability import configure_logging
from lintel.server import serve
from lintel.settings import LintelSettings, load_settings

FAULTY = Path(__file__).with_name("faulty")


def make():
    configure_logging(load_settings(LintelSettings, env_file=None))

    @asynccontextmanager
    async def lifespan(app):
        if FAULTY.exists():
            raise RuntimeError("no database")
        time.sleep(0.5)
        yield

    app = FastAPI(lifespan=lifespan)
    app.state.health = SimpleNamespace(draining=False)

    @app.get("/process")
    async def process(seconds: float = 0):
        await asyncio.sleep(seconds)
        return {"pid": os.getpid(), "draining": app.state.health.draining}

    return app


if __name__ == "__main__":
    settings = load_settings(LintelSettings, env_file=None)
    configure_logging(settings)
    serve("service:make", settings, on_started=lambda url: print("RUNNING", url, flush=True))
"""
STARTED = re.compile(r"Started server process \[(\d+)\]")
SECONDS = 60.0


@dataclass
class Service:
    """Two processes and their supervisor."""

    supervisor: subprocess.Popen[bytes]
    log: Path

    @property
    def output(self) -> str:
        return self.log.read_text(encoding="utf-8")

    @property
    def url(self) -> str:
        return self.output.partition("RUNNING ")[2].partition("\n")[0]

    def ask(self, **query: float) -> dict[str, Any]:
        answer = httpx2.get(f"{self.url}/process", params=query, headers={"Connection": "close"}, timeout=SECONDS)
        body: dict[str, Any] = answer.raise_for_status().json()
        return body

    @property
    def started(self) -> list[int]:
        """All that ever were."""
        return [int(pid) for pid in STARTED.findall(self.output)]

    def seen(self, requests: int = 10) -> set[int]:
        """Who answers."""
        return {self.ask()["pid"] for _ in range(requests)}


def until(holds: Callable[[], object]) -> None:
    deadline = time.monotonic() + SECONDS
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def is_gone(pid: int) -> bool:
    """Whether it has ended; whose parent was killed may be left for somebody to collect."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(") ")[2].startswith("Z")
    except (FileNotFoundError, ProcessLookupError):
        return True


@contextmanager
def serving(folder: Path, **values: str) -> Iterator[Service]:
    """Two processes."""
    kept = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG", "TMPDIR"}}
    shared = {"WORKERS": "2", "REDIS_URL": "redis://127.0.0.1:1/0", "RATE_LIMIT_PER_MINUTE": "0", "PORT": "0"}
    (folder / "service.py").write_text(SERVICE)
    log = folder / "service.log"
    with log.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "service.py"],
            cwd=folder,
            env={**kept, **shared, "DATA_DIR": str(folder), "METRICS": "off", **values},
            stdout=file,
            stderr=subprocess.STDOUT,
        )
    try:
        yield Service(process, log)
    finally:
        if process.poll() is None:
            process.terminate()
        process.wait(SECONDS)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One for all who do not end it."""
    with serving(tmp_path_factory.mktemp("supervised")) as running:
        until(lambda: running.url)
        yield running


@pytest.mark.slow
class TestRunning:
    def test_is_said_once_and_when_it_is_so(self, tmp_path: Path) -> None:
        with serving(tmp_path) as service:
            until(lambda: service.url)
            assert service.ask()["pid"] in service.started  # at once, without another attempt
            until(lambda: len(service.started) == 2)
            assert service.supervisor.poll() is None
        assert service.output.count("RUNNING") == service.output.count("the service is running") == 1
        assert "Uvicorn running" not in service.output
        assert service.supervisor.returncode == 0

    def test_is_not_said_of_what_cannot_be_started(self, tmp_path: Path) -> None:
        (tmp_path / "faulty").touch()
        with serving(tmp_path) as service:
            assert service.supervisor.wait(SECONDS) == START_FAILURE
        assert "RUNNING" not in service.output
        assert "no database" in service.output


@pytest.mark.slow
class TestReplacing:
    def test_of_one_that_was_killed(self, service: Service) -> None:
        until(lambda: len(service.seen()) == 2)
        killed = service.ask()["pid"]
        os.kill(killed, signal.SIGKILL)
        until(lambda: "a process has ended and is replaced" in service.output)
        until(lambda: len(service.seen() - {killed}) == 2)

    def test_of_all_loses_no_request(self, service: Service) -> None:
        before = set(service.started)
        failures: list[Exception] = []
        done = threading.Event()

        def ask() -> None:
            while not done.wait(0.01):
                try:
                    service.ask(seconds=0.05)
                except httpx2.HTTPError as error:
                    failures.append(error)

        asking = threading.Thread(target=ask)
        asking.start()
        try:
            service.supervisor.send_signal(signal.SIGHUP)
            until(lambda: all(map(is_gone, before)))
            until(lambda: len(service.seen()) == 2)
        finally:
            done.set()
            asking.join()
        assert failures == []

    def test_a_faulty_new_one_replaces_nobody(self, service: Service) -> None:
        before = set(service.started)
        faulty = service.log.with_name("faulty")
        faulty.touch()
        try:
            service.supervisor.send_signal(signal.SIGHUP)
            until(lambda: "the processes are not replaced" in service.output)
        finally:
            faulty.unlink()
        assert service.seen() <= before

    def test_by_one_more_and_one_less(self, service: Service) -> None:
        before = set(service.started)
        service.supervisor.send_signal(signal.SIGTTIN)
        until(lambda: service.seen() - before)
        [new] = set(service.started) - before
        service.supervisor.send_signal(signal.SIGTTOU)
        until(lambda: is_gone(new))
        assert len(service.seen()) <= 2


@pytest.mark.slow
class TestEnd:
    def test_is_announced_by_every_process_before_it_comes(self, tmp_path: Path) -> None:
        with serving(tmp_path, SHUTDOWN_DRAIN_SECONDS="5") as service:
            until(lambda: service.url and len(service.seen()) == 2)
            service.supervisor.send_signal(signal.SIGTERM)
            draining: set[int] = set()

            def both() -> bool:
                answer = service.ask()
                draining.update({answer["pid"]} if answer["draining"] else ())
                return len(draining) == 2

            until(both)
            assert service.supervisor.wait(SECONDS) == 0

    def test_of_a_supervisor_that_is_killed_is_the_end_of_all_in_order(self, tmp_path: Path) -> None:
        with serving(tmp_path) as service, ExitStack() as stack:
            until(lambda: service.url and len(service.seen()) == 2)
            answers: list[dict[str, Any]] = []
            asking = threading.Thread(target=lambda: answers.append(service.ask(seconds=2)))
            asking.start()
            stack.callback(asking.join)
            time.sleep(0.5)  # it has been taken
            service.supervisor.kill()
            until(lambda: all(map(is_gone, service.started)))
            asking.join()
            assert [answer["draining"] for answer in answers] == [True]
        assert service.output.count("the supervisor has ended") == 2
        assert service.output.count("Finished server process") == 2


class Pipe:
    """The supervisor's end: counts questions, and has the answers that it was given."""

    def __init__(self, *answers: bool) -> None:
        self.answers = list(answers)
        self.questions = 0

    def send(self, _: bytes) -> None:
        self.questions += 1

    def poll(self) -> bool:
        return bool(self.answers)

    def recv(self) -> bool:
        return self.answers.pop(0)


class TestLook:
    @pytest.fixture
    def clock(self, monkeypatch: pytest.MonkeyPatch) -> list[float]:
        now = [0.0]
        monkeypatch.setattr("lintel.supervisor.time.monotonic", lambda: now[0])
        return now

    def worker(self, *answers: bool) -> Any:
        worker: Any = Worker(uvicorn.Config("none:none"), [], SimpleNamespace)  # type: ignore[arg-type]
        worker.process = SimpleNamespace(is_alive=lambda: True)
        worker.parent_conn.close()
        worker.child_conn.close()
        worker.parent_conn = Pipe(*answers)
        return worker

    def test_asks_once_until_it_is_answered(self, clock: list[float]) -> None:
        worker = self.worker()
        assert [worker.look() for _ in range(3)] == [True] * 3
        assert worker.parent_conn.questions == 1
        worker.parent_conn.answers = [False]
        assert (worker.look(), worker.is_started) == (True, False)
        worker.parent_conn.answers = [True]
        assert (worker.look(), worker.is_started, worker.parent_conn.questions) == (True, True, 2)

    def test_is_patient_with_who_starts_and_less_with_who_has(self, clock: list[float]) -> None:
        starting, running = self.worker(), self.worker(True)
        for worker in (starting, running):
            worker.look()
        running.look()
        for seconds, alive in ((HANG_SECONDS - 1, [True, True]), (HANG_SECONDS + 1, [True, False])):
            clock[0] = seconds
            assert [starting.look(), running.look()] == alive
        clock[0] = START_SECONDS + 1
        assert not starting.look()

    def test_a_broken_pipe_is_the_end(self) -> None:
        worker = self.worker()
        worker.parent_conn.send = self.broken
        assert not worker.look()

    @staticmethod
    def broken(_: bytes) -> None:
        raise BrokenPipeError


class TestSupervisor:
    """What it does with processes that only seem to be."""

    @pytest.fixture
    def ended(self) -> list[int]:
        return []

    @pytest.fixture
    def supervisor(self, monkeypatch: pytest.MonkeyPatch, ended: list[int]) -> Iterator[Supervisor]:
        """Of two processes, with the numbers 1 and 2."""
        pids = iter(range(1, 10))

        def start(worker: Any) -> None:
            worker.process = SimpleNamespace(
                pid=next(pids), is_alive=lambda: True, kill=lambda: None, join=lambda: None, exitcode=-9
            )

        monkeypatch.setattr(Worker, "start", start)
        monkeypatch.setattr("lintel.supervisor.os.kill", lambda *_: None)
        monkeypatch.setattr("uvicorn.supervisors.multiprocess.signal.signal", lambda *_: None)
        config = uvicorn.Config("none:none", workers=2)
        supervisor = Supervisor(
            config, [], make_server=lambda: uvicorn.Server(config), on_started=lambda: None, on_ended=ended.append
        )
        supervisor.init_processes()
        made = [*supervisor.workers]
        yield supervisor
        for worker in {*made, *supervisor.workers}:
            worker.parent_conn.close()
            worker.child_conn.close()

    def test_tells_of_each_that_has_ended_once(self, supervisor: Supervisor, ended: list[int]) -> None:
        supervisor.keep_subprocess_alive()
        supervisor.workers[0].process.is_alive = lambda: False  # type: ignore[method-assign]
        for _ in range(3):
            supervisor.keep_subprocess_alive()
        assert ended == [1]
        assert [worker.pid for worker in supervisor.workers] == [3, 2]

    def test_keeps_the_last_one(self, supervisor: Supervisor) -> None:
        for _ in range(3):
            supervisor.handle_ttou()
        assert [worker.pid for worker in supervisor.workers] == [1]

    def test_leaves_all_alone_when_the_service_is_to_end(self, supervisor: Supervisor) -> None:
        supervisor.should_exit.set()
        supervisor.workers[0].process.is_alive = lambda: False  # type: ignore[method-assign]
        supervisor.keep_subprocess_alive()
        assert [worker.pid for worker in supervisor.workers] == [1, 2]

    def test_ends_rather_than_replaces_when_both_are_asked_for(self, supervisor: Supervisor) -> None:
        supervisor.signal_queue.append(signal.SIGTERM)
        supervisor.restart_all()
        assert [worker.pid for worker in supervisor.workers] == [1, 2]

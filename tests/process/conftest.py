"""The service as its users run it: a process of its own, on a real port."""

import asyncio
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import httpx2
import pytest

from lintel.testing import create_database, drop_database

ROOT = Path(__file__).resolve().parent.parent.parent
START_SECONDS = 120.0  # four processes start on two cores that others use too
STOP_SECONDS = 30.0
UNTHROTTLED = {
    "LOGIN_ATTEMPTS": "0",
    "LOGIN_ATTEMPTS_PER_ADDRESS": "0",
    "LOGIN_ATTEMPTS_PER_ACCOUNT": "0",
    "REGISTRATIONS_PER_ADDRESS": "0",
    "PASSWORD_MAILS_PER_ADDRESS": "0",
}
"""So that several processes need no Redis; no test but those about it tries often."""
PORT = re.compile(r"http://127\.0\.0\.1:(\d+)")


@dataclass
class ServerProcess:
    """A running `python -m app serve`, its address and what it wrote so far."""

    process: subprocess.Popen[bytes]
    log: Path
    url: str = field(default="")

    @property
    def output(self) -> str:
        return self.log.read_text(encoding="utf-8")

    def client(self) -> httpx2.Client:
        return httpx2.Client(base_url=self.url, timeout=10)

    def wait_until_it_listens(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise AssertionError(f"the server ended with {self.process.returncode}:\n{self.output}")
            found = PORT.search(self.output)
            if found and _answers(int(found[1])):
                self.url = f"http://127.0.0.1:{found[1]}"
                return
            time.sleep(0.05)
        raise AssertionError(f"the server did not start in {START_SECONDS} s:\n{self.output}")

    def stop(self, sig: signal.Signals = signal.SIGTERM) -> int:
        """Tell it to stop and say with which code it did."""
        self.process.send_signal(sig)
        return self.process.wait(STOP_SECONDS)


def _answers(port: int) -> bool:
    try:
        return httpx2.get(f"http://127.0.0.1:{port}/health", timeout=2).status_code == 200
    except httpx2.HTTPError:
        return False


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ask first: who is killed cannot clean up."""
    if process.poll() is None:
        process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(STOP_SECONDS)


StartServer = Callable[..., ServerProcess]


PYTHON_PATH = os.pathsep.join([str(ROOT / "src"), str(ROOT)])
"""Of the tree in which these tests stand, wherever the library is installed from."""


def environment(data_dir: Path, **values: str) -> dict[str, str]:
    """A clean environment: no variable of this machine is a setting."""
    kept = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG", "TMPDIR"}}
    return {**kept, **UNTHROTTLED, "DATA_DIR": str(data_dir), "PORT": "0", "PYTHONPATH": PYTHON_PATH, **values}


@contextmanager
def server_process(arguments: list[str], cwd: Path, env: Mapping[str, str]) -> Iterator[ServerProcess]:
    """Starts the service; ends it, by id, whatever happens."""
    log = cwd / f"server-{time.monotonic_ns()}.log"
    with log.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", *arguments], cwd=cwd, env=env, stdout=file, stderr=subprocess.STDOUT
        )
    try:
        server = ServerProcess(process, log)
        server.wait_until_it_listens()
        yield server
    finally:
        _end(process)


@pytest.fixture
def start_server(tmp_path: Path) -> Iterator[StartServer]:
    """Starts servers on the same data folder; all have ended when the test ends."""
    with ExitStack() as stack:

        def start(*arguments: str, **values: str) -> ServerProcess:
            env = environment(tmp_path / "data", **values)
            return stack.enter_context(server_process(["app", "serve", "--prepare", *arguments], tmp_path, env))

        yield start


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.services)])
def shared(request: pytest.FixtureRequest) -> Iterator[dict[str, str]]:
    """Settings of servers that share one database."""
    usual = {"RATE_LIMIT_PER_MINUTE": "0"}
    if request.param == "sqlite":
        yield usual
        return
    server, name = request.getfixturevalue("postgres_url"), f"lintel_{uuid4().hex}"
    yield {**usual, "DATABASE_URL": asyncio.run(create_database(server, name))}
    asyncio.run(drop_database(server, name))

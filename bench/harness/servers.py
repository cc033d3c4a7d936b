"""Server processes under test: started together, each on a port of its own, and ended by id."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.harness.cores import Cores
from bench.harness.load import HOST, Request, send

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 60.0
STOP_SECONDS = 15.0
KEPT = {"PATH", "HOME", "LANG", "TMPDIR"}


@dataclass(frozen=True, kw_only=True)
class App:
    """How an application is made.

    Attributes:
        factory: `module:function`.
        options: The function's arguments.
        environment: Variables of its process; nothing else of this machine's environment is seen by it.
    """

    factory: str
    options: Mapping[str, Any] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class RunningApp:
    """A server that answers.

    Attributes:
        pid: Its process.
        port: Where it answers, on loopback.
        folder: Where it works; `server.log` has what it writes: its access log, where it has one.
    """

    pid: int
    port: int
    folder: Path


def environment_of(app: App | None = None) -> dict[str, str]:
    """Variables of a process under test; no other variable of this machine is seen by it."""
    kept = {name: value for name, value in os.environ.items() if name in KEPT}
    # A fixed seed: the order of sets and the collisions of dicts are part of what a process costs.
    return {**kept, "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "0", **(app.environment if app else {})}


@contextmanager
def running(app: App, first: Request, *, folder: Path, cores: Cores) -> Iterator[RunningApp]:
    """Run a server while the block runs.

    Args:
        app: What to serve.
        first: Asked once, to know that it serves.
        folder: Where it works and writes its log.
        cores: Where it runs.

    Raises:
        WrongAnswerError: It did not give the answer expected; what it wrote last is quoted.
    """
    log = folder / "server.log"
    with socket.create_server((HOST, 0), backlog=2048) as listener:
        port = listener.getsockname()[1]
        process = _spawn(app, listener, folder=folder, log=log, cores=cores)
    try:
        _wait_for_answer(first, port, log)
        yield RunningApp(pid=process.pid, port=port, folder=folder)
    finally:
        stop(process)


def _spawn(app: App, listener: socket.socket, *, folder: Path, log: Path, cores: Cores) -> subprocess.Popen[bytes]:
    core = "" if cores.server is None else str(cores.server)
    arguments = [app.factory, json.dumps(dict(app.options)), str(listener.fileno()), core]
    with log.open("wb") as output:
        return subprocess.Popen(
            [sys.executable, "-m", "bench.harness.serve", *arguments],
            cwd=folder,
            env=environment_of(app),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            pass_fds=[listener.fileno()],
        )


def _wait_for_answer(first: Request, port: int, log: Path) -> None:
    # The socket listens from the beginning, so the question waits in its queue until the server is there.
    try:
        send(first, port=port, count=1, connections=1, deadline=START_SECONDS)
    except Exception as error:
        error.add_note("\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-20:]))
        raise


def stop(process: subprocess.Popen[bytes]) -> None:
    """Terminate a process, and kill it if that does not help."""
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(STOP_SECONDS)

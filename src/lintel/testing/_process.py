"""One child process that we started, and that alone we end."""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

START_SECONDS = 30.0
"""How long a server may take to accept connections."""

STOP_SECONDS = 10.0
"""How long a server may take to end before it is killed."""


RESTART_ATTEMPTS = 10
RESTART_PAUSE = 0.3
TAKEN = ("already in use", "eaddrinuse")
"""How servers say that somebody else listens on their port."""
NOT_INHERITED = ("PG", "RABBITMQ_", "ERL_")


class ServerUnavailable(Exception):
    """A server cannot be started here. The message says what is missing, in one line."""


class PortTaken(ServerUnavailable):
    """Somebody else took the port between choosing it and listening on it."""


@dataclass(frozen=True, kw_only=True)
class Identity:
    """The user and group that a child process runs as."""

    uid: int
    gid: int


@dataclass(kw_only=True)
class OwnProcess:
    """A server process, its log, and the only process that `stop` ends.

    Args:
        command: Absolute path of the program, and its arguments.
        folder: Working directory; standard output and error go to `server.log` in it.
        identity: Who it runs as; None means the current user.
        environment: Variables beside those that we have ourselves.
        stop_signal: What asks it to end at once without losing data.
    """

    command: Sequence[str]
    folder: Path
    identity: Identity | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    stop_signal: signal.Signals = signal.SIGTERM
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False, repr=False)
    _log_begins: int = field(default=0, init=False, repr=False)
    _ready: tuple[Callable[[], bool], float] = field(default=(lambda: True, 0.0), init=False, repr=False)

    @property
    def pid(self) -> int:
        """The process id.

        Raises:
            RuntimeError: The process was not started.
        """
        if self._process is None:
            raise RuntimeError("The process was not started.")
        return self._process.pid

    def start(self) -> Self:
        """Start it in a session of its own, so that Ctrl-C in a test run reaches us first."""
        with self._log_path.open("ab") as log:
            self._log_begins = log.tell()
            self._process = spawn(
                self.command,
                folder=self.folder,
                identity=self.identity,
                environment=self.environment,
                log=log.fileno(),
            )
        return self

    def wait_until(self, is_ready: Callable[[], bool], *, seconds: float = START_SECONDS) -> None:
        """Wait until it is ready.

        Raises:
            PortTaken: It ended because its port was in use.
            ServerUnavailable: It ended for another reason, or was not ready in time. The last log line is quoted.
        """
        self._ready = is_ready, seconds
        deadline = time.monotonic() + seconds
        while not is_ready():
            if not self.is_running and not is_ready():
                raise self._failure("ended while starting")
            if time.monotonic() > deadline:
                raise self._failure(f"was not ready after {seconds:g} seconds")
            time.sleep(0.02)

    def run(self, *, seconds: float = START_SECONDS) -> None:
        """Start a program that ends by itself, and wait for its end.

        Raises:
            ServerUnavailable: It failed, or was not done in time. The last line it wrote is quoted.
        """
        self.start()
        self.wait_until(lambda: not self.is_running, seconds=seconds)
        if self._process is not None and self._process.returncode:
            raise self._failure("failed")

    @property
    def is_running(self) -> bool:
        """Whether it was started and has not ended."""
        return self._process is not None and self._process.poll() is None

    def stop(self) -> None:
        """End it: ask first, kill after ten seconds. Returns when it is gone; can be called again."""
        process = self._process
        if process is None or process.poll() is not None:
            return
        process.send_signal(self.stop_signal)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def kill(self) -> None:
        """End it as a crash would, in the middle of whatever it does. Returns when it is gone."""
        process = self._process
        if process is not None:
            process.kill()
            process.wait()

    def restart(self) -> None:
        """Start it again after it has ended, and wait until it is as ready as it was before.

        Raises:
            ServerUnavailable: It does not start.
        """
        is_ready, seconds = self._ready
        for attempt in range(1, RESTART_ATTEMPTS + 1):
            try:
                self.start().wait_until(is_ready, seconds=seconds)
            except ServerUnavailable:
                self.stop()
                if attempt == RESTART_ATTEMPTS:
                    raise
                time.sleep(RESTART_PAUSE)  # what a crash left running goes on for a moment
            else:
                return

    @property
    def log(self) -> str:
        """What it has written since it was started last."""
        with self._log_path.open("rb") as log:
            log.seek(self._log_begins)
            return log.read().decode("utf-8", errors="replace")

    @property
    def _log_path(self) -> Path:
        return self.folder / "server.log"

    def _failure(self, what: str) -> ServerUnavailable:
        log = self.log
        last_line = (log.strip().splitlines() or ["it wrote nothing"])[-1]
        kind = PortTaken if any(words in log for words in TAKEN) else ServerUnavailable
        return kind(f"{Path(self.command[0]).name} {what}: {last_line}")


def spawn(
    command: Sequence[str], *, folder: Path, identity: Identity | None, environment: Mapping[str, str], log: int
) -> subprocess.Popen[bytes]:
    """Start a program that speaks English and inherits no variable that could point at another server."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(NOT_INHERITED)}
    return subprocess.Popen(  # noqa: S603 - absolute program path, no shell, arguments made in this package
        command,
        cwd=folder,
        env={**inherited, "LC_ALL": "C", **environment},
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        user=identity.uid if identity else None,
        group=identity.gid if identity else None,
        extra_groups=[] if identity else None,
    )


def find_program(*names: str, folders: Sequence[Path] = ()) -> Path | None:
    """The first of the names found on PATH, else in one of the folders, in their order."""
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), *map(str, folders)])
    found = (shutil.which(name, path=path) for name in names)
    return next((Path(program).absolute() for program in found if program), None)


def free_port() -> int:
    """A loopback port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port

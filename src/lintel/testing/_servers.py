"""PostgreSQL and Redis servers of a test run's own, from the programs installed on this machine.

Each listens on a free loopback port, keeps its data in a temporary folder, and is gone afterwards with it. Readiness
is read from that folder, so a server that happens to listen on the same port is never spoken to.
"""

import locale
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from lintel.testing._process import (
    START_SECONDS,
    Identity,
    OwnProcess,
    PortTaken,
    ServerUnavailable,
    find_program,
    free_port,
)

if sys.platform != "win32":
    import pwd

PORT_ATTEMPTS = 3
"""A free port can be taken before the server listens on it; losing that race three times is no accident."""


@dataclass(frozen=True, kw_only=True)
class RunningServer:
    """A server that this process started.

    Attributes:
        url: Where to connect, as a client library takes it.
        folder: Its data, removed when it ends.
        process: It.
    """

    url: str
    folder: Path
    process: OwnProcess

    @property
    def pid(self) -> int:
        """Its process id."""
        return self.process.pid

    def kill(self) -> None:
        """End it as a crash would (`kill -9`). Returns when it is gone."""
        self.process.kill()

    def restart(self) -> None:
        """Start it again after it was killed, at the same address with the same data. Returns when it is ready.

        Raises:
            ServerUnavailable: It does not start.
        """
        self.process.restart()


class PostgresServer:
    """A PostgreSQL server without durability, superuser `postgres` without a password."""

    @contextmanager
    def start(self) -> Iterator[RunningServer]:
        """Run the server while the block runs.

        Raises:
            ServerUnavailable: The programs are not installed, or the server does not start.
        """
        initdb, postgres = _find_postgres("initdb"), _find_postgres("postgres")
        identity = _unprivileged()
        with own_folder(identity) as folder:
            _initdb(initdb, folder, identity)
            with listening(lambda port: self._launch(postgres, folder, identity, port)) as (process, port):
                yield RunningServer(
                    url=f"postgresql://postgres@127.0.0.1:{port}/postgres", folder=folder, process=process
                )

    @staticmethod
    def _launch(postgres: Path, folder: Path, identity: Identity | None, port: int) -> OwnProcess:
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": port,
            "unix_socket_directories": folder,
            "max_connections": 100,
            "fsync": "off",
            "synchronous_commit": "off",
            "full_page_writes": "off",
        }
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        process = OwnProcess(
            command=[str(postgres), "-D", str(folder / "data"), *options],
            folder=folder,
            identity=identity,
            stop_signal=signal.SIGINT,  # "fast": SIGTERM would wait for every client to leave
        )
        return started(process, lambda: _postmaster_is_ready(folder / "data" / "postmaster.pid", process.pid))


class RedisServer:
    """A Redis or Valkey server that writes nothing to disk."""

    @contextmanager
    def start(self) -> Iterator[RunningServer]:
        """Run the server while the block runs.

        Raises:
            ServerUnavailable: The program is not installed, or the server does not start.
        """
        program = _find_redis()
        with (
            own_folder(None) as folder,
            listening(lambda port: self._launch(program, folder, port)) as (process, port),
        ):
            yield RunningServer(url=f"redis://127.0.0.1:{port}/0", folder=folder, process=process)

    @staticmethod
    def _launch(program: Path, folder: Path, port: int) -> OwnProcess:
        unix_socket = folder / "redis.sock"
        settings = {
            "bind": "127.0.0.1",
            "port": str(port),
            "unixsocket": str(unix_socket),
            "dir": str(folder),
            "save": "",
            "appendonly": "no",
            "daemonize": "no",
        }
        options = [part for name, value in settings.items() for part in (f"--{name}", value)]
        process = OwnProcess(command=[str(program), *options], folder=folder)
        return started(process, lambda: _redis_answers(unix_socket))


@contextmanager
def postgres_server() -> Iterator[RunningServer]:
    """A PostgreSQL server of our own while the block runs; see `PostgresServer`."""
    with PostgresServer().start() as server:
        yield server


@contextmanager
def redis_server() -> Iterator[RunningServer]:
    """A Redis or Valkey server of our own while the block runs; see `RedisServer`."""
    with RedisServer().start() as server:
        yield server


@contextmanager
def own_folder(identity: Identity | None) -> Iterator[Path]:
    """A temporary folder that belongs to the identity, removed afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="lintel-"))
    try:
        if identity:
            os.chown(folder, identity.uid, identity.gid)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def listening(launch: Callable[[int], OwnProcess]) -> Iterator[tuple[OwnProcess, int]]:
    """A server on a free port while the block runs, with that port."""
    process, port = _launch_on_free_port(launch)
    try:
        yield process, port
    finally:
        process.stop()


def _launch_on_free_port(launch: Callable[[int], OwnProcess]) -> tuple[OwnProcess, int]:
    for _ in range(PORT_ATTEMPTS - 1):
        port = free_port()
        with suppress(PortTaken):
            return launch(port), port
    port = free_port()
    return launch(port), port


def started(process: OwnProcess, is_ready: Callable[[], bool], *, seconds: float = START_SECONDS) -> OwnProcess:
    """Start it and wait until it is ready; if that never comes it is stopped again."""
    process.start()
    try:
        process.wait_until(is_ready, seconds=seconds)
    except BaseException:
        process.stop()
        raise
    return process


def _find_postgres(name: str) -> Path:
    program = find_program(name, folders=_postgres_folders())
    if program is None:
        raise ServerUnavailable(
            f"PostgreSQL is not installed: no `{name}` on PATH, in /usr/lib/postgresql/*/bin, "
            "or where `pg_config --bindir` points."
        )
    return program


def _find_redis() -> Path:
    program = find_program("redis-server", "valkey-server")
    if program is None:
        raise ServerUnavailable("Redis is not installed: no `redis-server` or `valkey-server` on PATH.")
    return program


def _postgres_folders() -> list[Path]:
    """Where distributions keep the server programs, newest version first."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=_version, reverse=True)
    pg_config = find_program("pg_config", folders=folders)
    if pg_config:
        command = [str(pg_config), "--bindir"]
        answer = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)  # noqa: S603 - as above
        folders.append(Path(answer.stdout.strip()))
    return folders


def _version(folder: Path) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", folder.parent.name)]


def _unprivileged() -> Identity | None:
    """Who runs PostgreSQL, which refuses to run as root: `postgres`, else `nobody`. None when we are not root."""
    if sys.platform == "win32" or os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with suppress(KeyError):
            user = pwd.getpwnam(name)
            return Identity(uid=user.pw_uid, gid=user.pw_gid)
    raise ServerUnavailable("PostgreSQL does not run as root, and there is no user `postgres` or `nobody`.")


def _initdb(initdb: Path, folder: Path, identity: Identity | None) -> None:
    options = ["--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"]
    options += [f"--lc-ctype={name}" for name in _utf8_locales()[:1]]
    command = [str(initdb), "-D", str(folder / "data"), *options]
    process = OwnProcess(command=command, folder=folder, identity=identity)
    try:
        process.run()
    finally:
        process.stop()


def _utf8_locales() -> list[str]:
    """Locales of this machine in which PostgreSQL knows the capital of é, as it does where services run."""
    current, found = locale.setlocale(locale.LC_CTYPE), []
    for name in ("C.UTF-8", "en_US.UTF-8"):
        with suppress(locale.Error):
            found.append(locale.setlocale(locale.LC_CTYPE, name))
    locale.setlocale(locale.LC_CTYPE, current)
    return found


def _postmaster_is_ready(pid_file: Path, pid: int) -> bool:
    """Whether the server wrote `ready` into its own lock file (its eighth line), which it does after listening."""
    try:
        lines = pid_file.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return False
    return lines[:1] == [str(pid)] and [line.strip() for line in lines[7:8]] == ["ready"]


def _redis_answers(unix_socket: Path) -> bool:
    """Whether it answers on the socket in its own folder, which it opens after the port."""
    with socket.socket(socket.AF_UNIX) as connection, suppress(OSError):
        connection.settimeout(1)
        connection.connect(str(unix_socket))
        connection.sendall(b"PING\r\n")
        return connection.recv(16).startswith(b"+PONG")
    return False

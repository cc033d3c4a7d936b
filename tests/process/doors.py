"""Connections to a server process of one's choice, among several behind one port.

The kernel hands a connection to any of them. Which one it was is told by /proc: the process that has its socket. So
no test has to believe that it reached more than one.
"""

import json
import re
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from tests.process.conftest import START_SECONDS, ServerProcess

STARTED = re.compile(r"Started server process \[(\d+)\]")
SECONDS = 20.0


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Door:
    """One connection to one process."""

    pid: int
    socket: socket.socket
    _http: HTTPConnection = field(init=False)

    def __post_init__(self) -> None:
        http = HTTPConnection("localhost", timeout=SECONDS)
        http.sock = self.socket
        http.auto_open = 0  # another connection would be to anybody
        object.__setattr__(self, "_http", http)

    def ask(self, method: str, path: str, token: str | None = None, **options: Any) -> Answer:
        """Ask on this connection, which stays open for a few seconds."""
        answer = self.open(method, path, token, **options)
        return Answer(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())

    def open(
        self,
        method: str,
        path: str,
        token: str | None = None,
        *,
        content: Any = None,
        form: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> HTTPResponse:
        """Ask, and leave it to the caller to read the answer; for those that go on."""
        sent = {"Authorization": f"Bearer {token}"} if token else {}
        body = None
        if content is not None:
            body, sent["Content-Type"] = json.dumps(content), "application/json"
        if form is not None:
            body, sent["Content-Type"] = urlencode(form), "application/x-www-form-urlencoded"
        self._http.request(method, f"/api/v1{path}", body, {**sent, **(headers or {})})
        return self._http.getresponse()


@dataclass(frozen=True)
class Fleet:
    """The processes behind one port."""

    server: ServerProcess
    pids: tuple[int, ...]

    @classmethod
    def of(cls, server: ServerProcess, size: int) -> "Fleet":
        """All of them, when so many have started."""
        deadline = time.monotonic() + START_SECONDS
        while len(found := STARTED.findall(server.output)) < size:
            assert time.monotonic() < deadline, server.output
            time.sleep(0.05)
        assert len(set(found)) == size
        return cls(server, tuple(map(int, found)))

    @property
    def port(self) -> int:
        return int(self.server.url.rpartition(":")[2])

    @contextmanager
    def door(self, pid: int) -> Iterator[Door]:
        """A new connection to one of them."""
        deadline = time.monotonic() + SECONDS
        while (door := self._any_door()).pid != pid:
            door.socket.close()
            assert time.monotonic() < deadline, f"process {pid} takes no connection"
        with door.socket:
            yield door

    def ask(self, pid: int, method: str, path: str, token: str | None = None, **options: Any) -> Answer:
        """Ask one of them on a connection of its own."""
        with self.door(pid) as door:
            return door.ask(method, path, token, **options)

    def ask_each(self, method: str, path: str, token: str | None = None, **options: Any) -> list[Answer]:
        """Ask every one of them, in turn."""
        return [self.ask(pid, method, path, token, **options) for pid in self.pids]

    def sign_in(self, email: str, password: str) -> str:
        """A token, from whichever of them."""
        form = {"username": email, "password": password}
        token: str = self.ask(self.pids[0], "POST", "/auth/login", form=form).json()["access_token"]
        return token

    def _any_door(self) -> Door:
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=SECONDS)
        deadline = time.monotonic() + SECONDS
        while (pid := self._owner(connection.getsockname()[1])) is None:
            assert time.monotonic() < deadline, "nobody takes the connection"
            time.sleep(0.001)
        return Door(pid, connection)

    def _owner(self, client_port: int) -> int | None:
        """Who has the other end, once it was accepted."""
        ends = [f"0100007F:{port:04X}" for port in (self.port, client_port)]
        for line in Path("/proc/net/tcp").read_text(encoding="ascii").splitlines():
            row = line.split()
            if row[1:3] == ends and row[9] != "0":
                return next((pid for pid in self.pids if _has(pid, f"socket:[{row[9]}]")), None)
        return None


def _has(pid: int, name: str) -> bool:
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):
            if str(descriptor.readlink()) == name:
                return True
    return False

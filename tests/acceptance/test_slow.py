"""acceptance.md rows 8 and 9: senders that take their time, to the server itself and to the proxy in front of it.

Silent sockets and unfinished headers are closed by the proxy; uvicorn keeps them, but nothing waits for them.
"""

import json
import resource
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import httpx2
import pytest

from app.main import create_app
from app.services.container import Services
from lintel.db import Database
from lintel.errors import MEDIA_TYPE
from lintel.security import PasswordHasher
from tests.acceptance.wire import PARSERS, Wired, eventually, listening, read_answer
from tests.conftest import PASSWORD, SettingsFactory
from tests.deploy.proxies import RunningProxy, running_proxy

BODY_SECONDS = 0.5
IDLE = 500
LIVENESS_SECONDS = 1.0
"""Ten times the promise: a guard against hanging, not a measurement."""
PROXY_SECONDS = 30.0
"""The proxy closes after 10; a guard against hanging."""
UNFINISHED = b"GET /health HTTP/1.1\r\nHost: localhost\r\nX-A: "
ADA = {"email": "ada@example.com", "password": PASSWORD}


@pytest.fixture(scope="module", autouse=True)
def enough_descriptors() -> Iterator[None]:
    """Both ends of every socket are this process's."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 4_096)), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@dataclass(frozen=True, slots=True)
class Service:
    """A service that listens, and what it holds."""

    wired: Wired
    database: Database


@contextmanager
def impatient_service(settings: SettingsFactory, passwords: PasswordHasher, parser: str) -> Iterator[Service]:
    """A service on a file of its own that waits half a second for a body."""
    chosen = settings(request_body_timeout=BODY_SECONDS)
    services = Services.of(chosen, passwords=passwords)
    with listening(create_app(chosen, services=services), parser) as wired:
        yield Service(wired, services.database)


@pytest.fixture(scope="module", params=PARSERS)
def service(
    request: pytest.FixtureRequest, file_settings: SettingsFactory, cheap_passwords: PasswordHasher
) -> Iterator[Service]:
    """One behind each parser."""
    with impatient_service(file_settings, cheap_passwords, request.param) as found:
        yield found


@pytest.fixture(scope="module")
def proxied(file_settings: SettingsFactory, cheap_passwords: PasswordHasher) -> Iterator[tuple[RunningProxy, Service]]:
    """The shipped proxy in front of one."""
    with (
        impatient_service(file_settings, cheap_passwords, "httptools") as found,
        running_proxy(f"127.0.0.1:{found.wired.port}") as proxy,
    ):
        yield proxy, found


def seconds_to_health(port: int) -> float:
    started = time.monotonic()
    assert httpx2.get(f"http://127.0.0.1:{port}/health", timeout=PROXY_SECONDS).status_code == 200
    return time.monotonic() - started


def token(wired: Wired) -> str:
    with httpx2.Client(base_url=f"http://localhost:{wired.port}") as client:
        client.post("/api/v1/auth/register", json=ADA)
        login = client.post("/api/v1/auth/login", data={"username": ADA["email"], "password": PASSWORD})
    found: str = login.json()["access_token"]
    return found


class TestSlowBody:
    """Row 9."""

    @pytest.mark.parametrize("length", [b"Content-Length: 100", b"Transfer-Encoding: chunked"])
    def test_is_408_and_holds_no_connection_of_the_database(self, service: Service, length: bytes) -> None:
        head = (
            b"POST /api/v1/analyses HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            b"Authorization: Bearer " + token(service.wired).encode() + b"\r\n" + length + b"\r\n\r\n"
        )
        assert eventually(lambda: service.database.checked_out() == 0)
        with service.wired.connect() as connection:
            connection.sendall(head)
            held = []
            for _ in range(8):
                connection.sendall(b"{" if b"Length" in length else b"1\r\n{\r\n")
                time.sleep(BODY_SECONDS / 10)
                held.append(service.database.checked_out())
            assert held.count(0) > len(held) / 2  # the worker beside it looks for jobs now and then
            answer = read_answer(connection)
        assert (answer.status, answer.headers["content-type"], answer.is_closed) == (408, MEDIA_TYPE, True)

    def test_that_nobody_reads_is_not_waited_for(self, service: Service) -> None:
        head = b"POST /nowhere HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n"
        assert service.wired.send(head).status == 404


class TestIdle:
    """Row 8."""

    @pytest.mark.parametrize("sent", [b"", UNFINISHED], ids=["silent", "unfinished header"])
    def test_five_hundred_sockets_leave_liveness_alone(self, service: Service, sent: bytes) -> None:
        with ExitStack() as stack:
            for _ in range(IDLE):
                stack.enter_context(service.wired.connect()).sendall(sent)
            assert min(seconds_to_health(service.wired.port) for _ in range(3)) < LIVENESS_SECONDS

    @pytest.mark.slow
    def test_a_connection_that_was_used_is_closed_after_a_while(self, service: Service) -> None:
        with service.wired.connect() as connection:
            connection.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert read_answer(connection).status == 200
            connection.settimeout(PROXY_SECONDS)
            assert connection.recv(1) == b""


@pytest.mark.slow
class TestProxy:
    """Rows 8 and 9, as the shipped configuration answers them."""

    def test_closes_what_is_silent_and_leaves_liveness_alone(self, proxied: tuple[RunningProxy, Service]) -> None:
        proxy, _ = proxied
        with ExitStack() as stack:
            held = [
                stack.enter_context(socket.create_connection(("127.0.0.1", proxy.port), timeout=PROXY_SECONDS))
                for _ in range(IDLE)
            ]
            for connection in held[::2]:
                connection.sendall(UNFINISHED)
            assert min(seconds_to_health(proxy.port) for _ in range(3)) < LIVENESS_SECONDS
            for connection in held:
                assert connection.recv(65_536)[:12] in {b"", b"HTTP/1.1 408"}

    def test_ends_a_body_that_stops_and_never_shows_it_to_the_service(
        self, proxied: tuple[RunningProxy, Service]
    ) -> None:
        proxy, service = proxied
        head = b"POST /api/v1/analyses?stopped HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{"
        with socket.create_connection(("127.0.0.1", proxy.port), timeout=PROXY_SECONDS) as connection:
            connection.sendall(head)
            assert service.database.checked_out() == 0
            assert connection.recv(65_536) == b""
        assert eventually(lambda: '"status":"408"' in proxy.log)
        [record] = [json.loads(line) for line in proxy.log.splitlines() if '"status":"408"' in line and "POST" in line]
        assert record["upstream"] == ""

"""Metrics of real server processes: one, and several behind one port."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2
import pytest

from tests.metrics import samples
from tests.process.conftest import START_SECONDS, STOP_SECONDS, ServerProcess, StartServer, environment

pytestmark = pytest.mark.slow

ASKED = ("GET", "/api/v1/analyses", "401")
TIMED = ASKED[:2]
STARTED = re.compile(r"Started server process \[(\d+)\]")


@pytest.fixture
def port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def scrape(port: int) -> str:
    answer = httpx2.get(f"http://127.0.0.1:{port}/metrics", timeout=10)
    assert answer.status_code == 200
    return answer.text


def ask(server: ServerProcess, requests: int) -> None:
    """Each request on a connection of its own, so that every worker gets some."""

    def one(_: int) -> int:
        url = f"{server.url}/api/v1/analyses"
        return httpx2.get(url, headers={"Connection": "close"}, timeout=10).status_code

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(one, range(requests))) == {401}


def started(server: ServerProcess, number: int) -> list[str]:
    """The ids of the processes, as soon as so many have started."""
    deadline = time.monotonic() + START_SECONDS
    while len(STARTED.findall(server.output)) < number:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    return STARTED.findall(server.output)


def counted(text: str) -> tuple[float, float]:
    """Requests counted, and requests timed."""
    requests = samples(text, "http_requests_total").get(ASKED, 0)
    return requests, samples(text, "http_request_duration_seconds_count").get(TIMED, 0)


class TestOneProcess:
    def test_shows_them_on_a_port_of_its_own_and_not_on_the_other(self, start_server: StartServer, port: int) -> None:
        server = start_server(METRICS="off", METRICS_PORT=str(port))
        ask(server, 7)
        assert counted(scrape(port)) == (7, 7)
        assert httpx2.get(f"{server.url}/metrics").status_code == 404
        assert server.stop() == 0
        assert "Traceback" not in server.output

    def test_a_port_that_is_taken_is_one_clear_line(self, tmp_path: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            done = subprocess.run(
                [sys.executable, "-m", "app", "serve"],
                cwd=tmp_path,
                env=environment(tmp_path / "data", METRICS_PORT=str(taken.getsockname()[1])),
                capture_output=True,
                text=True,
                timeout=STOP_SECONDS,
                check=False,
            )
        assert done.returncode == 2
        assert "METRICS_PORT cannot be listened on (Address already in use)" in done.stderr
        assert "Traceback" not in done.stdout + done.stderr


@pytest.mark.services
class TestSeveralProcesses:
    """MON-01, TRAP-99."""

    @pytest.fixture
    def server(self, start_server: StartServer, port: int, tmp_path: Path, redis_url: str) -> ServerProcess:
        folder = tmp_path / "temporary"
        folder.mkdir()
        return start_server(
            WORKERS="2",
            REDIS_URL=redis_url,
            RATE_LIMIT_PER_MINUTE="0",
            METRICS="open",
            METRICS_PORT=str(port),
            TMPDIR=str(folder),
        )

    def test_each_scrape_sees_the_requests_of_all(self, server: ServerProcess, port: int) -> None:
        ask(server, 10)
        before = counted(scrape(port))
        ask(server, 60)
        after = counted(scrape(port))
        assert [later - earlier for earlier, later in zip(before, after, strict=True)] == [60, 60]
        assert samples(scrape(port), "http_active_requests")[TIMED] == 0
        for _ in range(6):  # whichever process answers
            own = httpx2.get(f"{server.url}/metrics", headers={"Connection": "close"}, timeout=10)
            assert counted(own.text) == after

    def test_both_processes_are_seen(self, server: ServerProcess, port: int) -> None:
        workers = set(started(server, 2))
        deadline = time.monotonic() + START_SECONDS
        while {pid for (pid,) in samples(scrape(port), "process_resident_memory_bytes")} != workers:
            assert time.monotonic() < deadline
            ask(server, 10)

    def test_a_killed_process_takes_no_count_with_it(self, server: ServerProcess, port: int) -> None:
        killed = started(server, 2)[0]
        ask(server, 60)
        before = counted(scrape(port))
        os.kill(int(killed), signal.SIGKILL)
        started(server, 3)
        ask(server, 20)
        text = scrape(port)
        assert [later - earlier for earlier, later in zip(before, counted(text), strict=True)] == [20, 20]
        assert (killed,) not in samples(text, "process_resident_memory_bytes")
        assert samples(text, "http_active_requests")[TIMED] == 0

    def test_nothing_is_left_of_them_at_the_end(self, server: ServerProcess, tmp_path: Path) -> None:
        ask(server, 4)
        [folder] = (tmp_path / "temporary").glob("lintel-metrics-*")
        assert list(folder.glob("*.db"))
        assert server.stop() == 0
        assert not folder.exists()

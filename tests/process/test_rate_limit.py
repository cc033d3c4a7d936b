"""The limiter in real server processes: whose address counts, and who counts together."""

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

import httpx2
import pytest

from tests.process.conftest import STOP_SECONDS, ServerProcess, StartServer, environment

pytestmark = pytest.mark.slow

LIMIT = 20
OUTAGE = "rate limits are counted in this process"
ATTEMPTS = 10
"""On a busy machine a process may be held up for longer than Redis is waited for; then they do not share."""
PATH = "/api/v1/analyses"


def statuses(server: ServerProcess, requests: int, headers: dict[str, str] | None = None) -> list[int]:
    """Each request on a connection of its own, so that every worker gets some."""

    def ask(number: int) -> int:
        sent = {name: value.format(number) for name, value in (headers or {}).items()}
        return httpx2.get(f"{server.url}{PATH}", headers={**sent, "Connection": "close"}, timeout=10).status_code

    with ThreadPoolExecutor(8) as pool:
        return sorted(pool.map(ask, range(requests)))


class TestForwardedAddresses:
    def test_of_a_peer_that_nobody_trusts_change_nothing(self, start_server: StartServer) -> None:
        server = start_server(RATE_LIMIT_PER_MINUTE=str(LIMIT))
        forged = {"X-Forwarded-For": "192.0.2.{}", "Forwarded": "for=192.0.2.{}", "X-Real-IP": "192.0.2.{}"}
        assert statuses(server, LIMIT + 5, forged) == [401] * LIMIT + [429] * 5

    def test_of_a_trusted_proxy_are_those_that_count(self, start_server: StartServer) -> None:
        server = start_server(RATE_LIMIT_PER_MINUTE="1", FORWARDED_ALLOW_IPS="127.0.0.1")
        assert statuses(server, 5, {"X-Forwarded-For": "192.0.2.{}"}) == [401] * 5
        # What the sender wrote stands before what the proxy saw.
        assert statuses(server, 5, {"X-Forwarded-For": "198.51.100.{}, 192.0.2.99"}) == [401] + [429] * 4


class TestWorkers:
    @pytest.mark.services
    def test_several_share_one_budget(self, start_server: StartServer, redis_url: str) -> None:
        server = start_server(
            WORKERS="2",
            REDIS_URL=redis_url,
            RATE_LIMIT_PER_MINUTE=str(LIMIT),
            APP_NAME=f"Words {uuid4().hex}",
            FORWARDED_ALLOW_IPS="127.0.0.1",
        )
        for attempt in range(ATTEMPTS):
            outages = server.output.count(OUTAGE)
            got = statuses(server, 2 * LIMIT, {"X-Forwarded-For": f"192.0.2.{attempt}"})
            if server.output.count(OUTAGE) == outages:
                assert got == [401] * LIMIT + [429] * LIMIT
                return
            time.sleep(1.1)
        pytest.fail("Redis never answered in time")

    def test_several_without_a_shared_store_are_refused_in_one_line(self, tmp_path: Path) -> None:
        done = subprocess.run(
            [sys.executable, "-m", "app", "serve"],
            cwd=tmp_path,
            env=environment(tmp_path / "data", WORKERS="2"),
            capture_output=True,
            text=True,
            timeout=STOP_SECONDS,
            check=False,
        )
        assert done.returncode == 2
        lines = done.stderr.strip().splitlines()
        assert [line.strip().partition(": ")[0] for line in lines[1:]] == ["WORKERS must be 1 without a REDIS_URL"]
        assert "rate limits, a cache and channels" in done.stderr

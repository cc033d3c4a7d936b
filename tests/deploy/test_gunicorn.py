"""deploy/gunicorn.conf.py, booted by Gunicorn."""

import json
import subprocess
import sys
from pathlib import Path

import httpx2
import pytest

from tests.conftest import ROOT
from tests.deploy.waiting import wait_until
from tests.metrics import samples
from tests.process.conftest import STOP_SECONDS, environment, server_process

CONFIGURATION = str(ROOT / "deploy" / "gunicorn.conf.py")


@pytest.mark.slow
class TestGunicorn:
    def test_serves_with_our_settings_and_stops_in_order(self, tmp_path: Path) -> None:
        env = environment(tmp_path / "data", LOG_FORMAT="json", FORWARDED_ALLOW_IPS="127.0.0.1")
        subprocess.run([sys.executable, "-m", "app", "migrate"], cwd=tmp_path, env=env, check=True, timeout=60)
        with server_process(["gunicorn", "--config", CONFIGURATION], tmp_path, env) as server:
            with server.client() as client:
                answer = client.get("/ready", headers={"X-Forwarded-For": "192.0.2.7", "X-Request-ID": "by-gunicorn"})
            assert (answer.status_code, "server" in answer.headers) == (200, False)
            wait_until(lambda: "by-gunicorn" in server.output, "the request's record")
            [record] = [json.loads(line) for line in server.output.splitlines() if "by-gunicorn" in line]
            assert (record["client"], record["path"]) == ("192.0.2.7", "/ready")
            assert server.stop() == 0
        assert "Traceback" not in server.output

    @pytest.mark.services
    def test_each_scrape_sees_all_workers_and_nothing_is_left(self, tmp_path: Path, redis_url: str) -> None:
        folder = tmp_path / "temporary"
        folder.mkdir()
        env = environment(
            tmp_path / "data",
            WORKERS="2",
            REDIS_URL=redis_url,
            RATE_LIMIT_PER_MINUTE="0",
            METRICS="open",
            TMPDIR=str(folder),
        )
        with server_process(["gunicorn", "--config", CONFIGURATION], tmp_path, env) as server:
            for number in range(1, 21):
                httpx2.get(f"{server.url}/nowhere", headers={"Connection": "close"})
                text = httpx2.get(f"{server.url}/metrics", headers={"Connection": "close"}).text
                assert samples(text, "http_requests_total")[("GET", "unmatched", "404")] == number
            assert server.stop() == 0
        assert list(folder.glob("lintel-metrics-*")) == []

    def test_refuses_what_the_service_refuses(self, tmp_path: Path) -> None:
        env = environment(tmp_path / "data", ENVIRONMENT="production", SECRET_KEY="hunter2")
        command = [sys.executable, "-m", "gunicorn", "--config", CONFIGURATION]
        done = subprocess.run(
            command, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=STOP_SECONDS * 2, check=False
        )
        assert done.returncode != 0
        assert all(name in done.stderr for name in ("SECRET_KEY", "ALLOWED_HOSTS"))
        assert not any(word in done.stderr for word in ("Traceback", "hunter2"))

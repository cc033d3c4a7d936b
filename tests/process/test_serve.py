"""The real server process: what it prints, answers and refuses, and how it stops."""

import json
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.process.conftest import STOP_SECONDS, StartServer, environment, server_process

ADA = {"email": "ada@example.com", "password": "Lovelace1815"}
SAMPLE = {"text_content": "The room was lovely. The service was not.", "analysis_type": "sentiment"}


class TestFirstStart:
    def test_makes_everything_and_shows_where_to_click(self, start_server: StartServer, tmp_path: Path) -> None:
        server = start_server()
        assert f"{server.url}/docs" in server.output
        assert (tmp_path / "data" / "lintel.db").exists()
        assert (tmp_path / "data" / "secret_key").stat().st_mode & 0o777 == 0o600

    @pytest.mark.slow
    def test_shows_the_password_of_the_first_administrator_once(self, start_server: StartServer) -> None:
        first = start_server()
        shown = re.search(r"Administrator (\S+), password (\S+) ", first.output)
        assert shown
        with first.client() as client:
            login = client.post("/api/v1/auth/login", data={"username": shown[1], "password": shown[2]})
            assert login.status_code == 200
        first.stop()
        second = start_server()
        assert shown[2] not in second.output
        assert "There is an administrator already" in second.output

    def test_the_curl_lines_it_prints_work_when_pasted(self, start_server: StartServer) -> None:
        server = start_server()
        lines = server.output.split("In another terminal:")[1].split("Stop with")[0]
        for _ in range(2):  # a second time as well, when the account is there already
            done = subprocess.run(["sh", "-c", lines], capture_output=True, text=True, timeout=30, check=True)
            assert '"label":"positive"' in done.stdout
            assert '"sentences":[{"start":0' in done.stdout

    @pytest.mark.slow
    def test_tokens_stay_valid_over_a_restart(self, start_server: StartServer) -> None:
        first = start_server()
        with first.client() as client:
            client.post("/api/v1/auth/register", json=ADA)
            login = client.post("/api/v1/auth/login", data={"username": ADA["email"], "password": ADA["password"]})
        assert first.stop() == 0
        second = start_server()
        with second.client() as client:
            client.headers["Authorization"] = f"Bearer {login.json()['access_token']}"
            assert client.get("/api/v1/users/me").json()["email"] == ADA["email"]


@pytest.mark.slow
class TestAnswers:
    def test_name_no_server_and_carry_the_request_id_of_one_log_record(self, start_server: StartServer) -> None:
        server = start_server()
        with server.client() as client:
            answer = client.get("/health")
        assert "server" not in answer.headers
        server.stop()  # the record is written after the answer
        assert server.output.count(answer.headers["x-request-id"]) == 1

    def test_head_is_answered_like_get_and_logs_no_stack(self, start_server: StartServer) -> None:
        server = start_server()
        with server.client() as client:
            for path, status in (("/health", 200), ("/docs", 200), ("/openapi.json", 200), ("/nowhere", 404)):
                head, got = client.head(path), client.get(path)
                assert (head.status_code, head.content) == (status, b"")
                assert head.headers["content-length"] == got.headers["content-length"]
        assert "Traceback" not in server.output
        assert "without completing" not in server.output

    def test_garbage_instead_of_http_is_a_400(self, start_server: StartServer) -> None:
        server = start_server()
        port = int(server.url.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
            connection.sendall(b"\x00\x01garbage\r\n\r\n")
            answer = connection.recv(1_000)
        assert answer.startswith(b"HTTP/1.1 400")
        assert b"uvicorn" not in answer.lower().replace(b"content", b"")

    def test_logs_are_json_where_asked_for(self, start_server: StartServer) -> None:
        server = start_server(LOG_FORMAT="json")
        with server.client() as client:
            client.get("/health")
        server.stop()  # the record is written after the answer
        records = [json.loads(line) for line in server.output.splitlines() if line.startswith("{")]
        assert "request" in {record["message"] for record in records}


@pytest.mark.slow
class TestStop:
    @pytest.mark.parametrize("sig", [signal.SIGTERM, signal.SIGINT])
    @pytest.mark.parametrize("workers", ["1", pytest.param("2", marks=pytest.mark.services)])
    def test_ends_with_0_when_told_to(
        self, start_server: StartServer, workers: str, sig: signal.Signals, request: pytest.FixtureRequest
    ) -> None:
        shared = {"REDIS_URL": request.getfixturevalue("redis_url")} if workers == "2" else {}
        server = start_server(WORKERS=workers, RATE_LIMIT_PER_MINUTE="0", **shared)
        with server.client() as client:
            assert client.get("/ready").status_code == 200
        assert server.stop(sig) == 0
        assert "Traceback" not in server.output


@pytest.mark.slow
class TestLastConnections:
    """Taken before the service stopped to take any, and not asked on yet."""

    REQUEST = b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"

    @pytest.mark.parametrize("request_is_sent", [True, False])
    def test_are_answered_and_closed(self, start_server: StartServer, *, request_is_sent: bool) -> None:
        server = start_server()
        with socket.create_connection(("127.0.0.1", int(server.url.rpartition(":")[2])), timeout=10) as connection:
            with server.client() as client:
                client.get("/health")  # came later, so the other one has been taken too
            server.process.send_signal(signal.SIGTERM)
            deadline = time.monotonic() + STOP_SECONDS
            while "Shutting down" not in server.output:
                assert time.monotonic() < deadline
                time.sleep(0.01)
            if request_is_sent:
                connection.sendall(self.REQUEST)
                answer = connection.recv(10_000)
                assert answer.startswith(b"HTTP/1.1 200")
                assert b"connection: close" in answer.lower()
            while connection.recv(10_000):
                pass
        assert server.process.wait(STOP_SECONDS) == 0
        assert "Traceback" not in server.output


@pytest.mark.slow
class TestNotMigrated:
    def test_it_lives_but_is_not_ready(self, tmp_path: Path) -> None:
        env = environment(tmp_path / "data")
        with server_process(["app", "serve"], tmp_path, env) as server, server.client() as client:
            assert client.get("/ready").status_code == 503
            assert client.get("/health").json()["services"] == {"database": False, "storage": True}


@pytest.mark.slow
class TestDrain:
    def test_it_says_that_it_is_not_ready_before_it_closes(self, start_server: StartServer) -> None:
        server = start_server(SHUTDOWN_DRAIN_SECONDS="2")
        with server.client() as client:
            assert client.get("/ready").status_code == 200
            server.process.send_signal(signal.SIGTERM)
            deadline = time.monotonic() + STOP_SECONDS
            while client.get("/ready").status_code == 200:
                assert time.monotonic() < deadline
            refused = client.get("/ready")
            assert (refused.status_code, client.get("/health").status_code) == (503, 200)
            assert refused.json()["detail"] == "The service is shutting down."
        assert server.process.wait(STOP_SECONDS) == 0


@pytest.mark.slow
class TestRefusals:
    @pytest.mark.parametrize("command", ["-m app serve", "-m app settings --check", "-m uvicorn app.main:app --port 0"])
    def test_unsafe_settings_are_named_all_at_once_without_a_traceback(self, tmp_path: Path, command: str) -> None:
        env = environment(tmp_path / "data", ENVIRONMENT="production", DEBUG="1", CORS_ORIGINS="*", SECRET_KEY="short")
        done = subprocess.run(
            [sys.executable, *shlex.split(command)],
            cwd=tmp_path,
            env=env,
            capture_output=True,
            text=True,
            timeout=STOP_SECONDS,
            check=False,
        )
        output = done.stdout + done.stderr
        assert done.returncode != 0
        for name in ("SECRET_KEY", "DEBUG", "CORS_ORIGINS", "ALLOWED_HOSTS"):
            assert name in output
        assert "Traceback" not in output
        assert not (tmp_path / "data").exists()

    def test_a_port_in_use_is_one_clear_line(self, start_server: StartServer, tmp_path: Path) -> None:
        server = start_server()
        port = server.url.rpartition(":")[2]
        done = subprocess.run(
            [sys.executable, "-m", "app", "serve"],
            cwd=tmp_path,
            env=environment(tmp_path / "data", PORT=port),
            capture_output=True,
            text=True,
            timeout=STOP_SECONDS,
            check=False,
        )
        output = done.stdout + done.stderr
        assert done.returncode != 0
        assert "address already in use" in output
        assert "Traceback" not in output


@pytest.mark.slow
class TestUvicornAlone:
    def test_serves_the_application_by_its_name(self, tmp_path: Path) -> None:
        env = environment(tmp_path / "data")
        subprocess.run([sys.executable, "-m", "app", "migrate"], cwd=tmp_path, env=env, check=True, timeout=30)
        arguments = ["uvicorn", "app.main:app", "--port", "0", "--no-access-log"]
        with server_process(arguments, tmp_path, env) as server, server.client() as client:
            assert client.get("/ready").json()["services"] == {"database": True, "storage": True}

"""The services of compose.yaml started on this machine, in its order and with its environments and health checks."""

import asyncio
import json
import re
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import httpx2
import pytest

from lintel.testing import RunningServer, ServerUnavailable, postgres_server
from lintel.testing._process import free_port
from lintel.testing._services import _go_without
from tests.conftest import ROOT
from tests.deploy.composing import environment, fill_in, of_this_machine, server_names, services
from tests.deploy.images import instructions
from tests.deploy.proxies import RunningProxy, needed, running_proxy
from tests.deploy.waiting import wait_until
from tests.metrics import samples

STOP_SECONDS = 15.0


@dataclass(frozen=True)
class Stack:
    """The services of compose.yaml on this machine.

    Attributes:
        folder: Where they run and log.
        variables: The filled-in .env.
        here: What a name or address of the file is on this machine.
        app_port: Where the service listens here.
        metrics_ports: Where each shows its metrics.
    """

    folder: Path
    variables: dict[str, str | None]
    here: dict[str, str]
    app_port: int
    metrics_ports: dict[str, int]

    def environment(self, name: str) -> dict[str, str]:
        """What a process of the service sees."""
        declared = environment(services(self.variables)[name], self.variables)
        port = {"PORT": str(self.app_port)} if "PORT" in declared else {}
        return of_this_machine() | {key: self.at_home(name, value) for key, value in declared.items()} | port

    def command(self, name: str, words: list[str]) -> list[str]:
        """A command of the file as it is run here."""
        return [self.at_home(name, word) for word in words]

    def at_home(self, name: str, text: str) -> str:
        """A text of one service; two that are apart there use the same port for metrics."""
        for there, here in {"9100": str(self.metrics_ports.get(name, 0)), **self.here}.items():
            text = text.replace(there, here)
        return text

    def run(self, name: str, words: list[str]) -> subprocess.CompletedProcess[str]:
        """Run a command in the service to its end."""
        return subprocess.run(
            self.command(name, words),
            cwd=self.folder,
            env=self.environment(name),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    @contextmanager
    def running(self, name: str, words: list[str]) -> Iterator[subprocess.Popen[bytes]]:
        """The service, from when its health check passes; gone afterwards, by its id."""
        with self.log(name).open("wb") as log:
            process = subprocess.Popen(
                self.command(name, words), cwd=self.folder, env=self.environment(name), stdout=log, stderr=log
            )
        try:
            self.wait_until_healthy(name)
            yield process
        finally:
            process.terminate()
            process.wait(STOP_SECONDS)

    def wait_until_healthy(self, name: str) -> None:
        check = services(self.variables)[name]["healthcheck"]["test"][1:]
        wait_until(lambda: self.run(name, check).returncode == 0, f"{name} is healthy; its log is {self.log(name)}")

    def log(self, name: str) -> Path:
        return self.folder / f"{name}.log"


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    """compose.yaml on this machine, with its PostgreSQL running and all else to be started."""
    for name in ("redis-server", "redis-cli"):
        needed(name)
    variables = fill_in(tmp_path)
    redis_port, app_port = free_port(), free_port()
    with ExitStack() as opened:
        try:
            server = opened.enter_context(postgres_server())
        except ServerUnavailable as missing:
            _go_without(str(missing))
        asyncio.run(initialise(server, services(variables)["postgres"]["environment"]))
        folder = tmp_path / "stack"  # without .env: containers see variables, not the file
        folder.mkdir()
        here = {
            "postgres:5432": server.url.partition("@")[2].partition("/")[0],
            "redis:6379": f"127.0.0.1:{redis_port}",
            "redis-server": f"redis-server --bind 127.0.0.1 --port {redis_port}",
            "redis-cli": f"redis-cli -p {redis_port}",
            "app:8000": f"127.0.0.1:{app_port}",
            "127.0.0.1:8000": f"127.0.0.1:{app_port}",
            "172.31.255.2": "127.0.0.1",
            "0.0.0.0": "127.0.0.1",  # noqa: S104 - to be on one address alone
            "/data": str(tmp_path / "data"),
        }
        yield Stack(folder, variables, here, app_port, {name: free_port() for name in ("app", "worker")})


async def initialise(server: RunningServer, env: Mapping[str, str]) -> None:
    """What the image of PostgreSQL does with its environment when it starts for the first time."""
    user, password, database = env["POSTGRES_USER"], env["POSTGRES_PASSWORD"], env["POSTGRES_DB"]
    connection = await asyncpg.connect(server.url)
    try:
        await connection.execute(f"CREATE ROLE {user} LOGIN PASSWORD '{password}'")
        await connection.execute(f"CREATE DATABASE {database} OWNER {user}")
    finally:
        await connection.close()


@contextmanager
def proxy_of(stack: Stack) -> Iterator[RunningProxy]:
    env = stack.environment("proxy")
    with running_proxy(
        env["UPSTREAM"],
        server_names=server_names(services(stack.variables)["proxy"]),
        max_request_bytes=int(env["MAX_REQUEST_BYTES"]),
    ) as proxy:
        yield proxy


@pytest.mark.slow
@pytest.mark.services
class TestStart:
    def test_in_its_order_serves_through_the_proxy_and_stops(self, stack: Stack) -> None:
        found = services(stack.variables)
        [command] = [json.loads(step.text) for step in instructions(ROOT / "Dockerfile") if step.name == "CMD"]
        with stack.running("redis", found["redis"]["command"]):
            migrated = stack.run("migrate", found["migrate"]["command"])
            assert (migrated.returncode, migrated.stderr) == (0, ""), migrated.stderr
            made = stack.run("app", ["python", "-m", "app", "create-admin"])
            password = re.search(r"Administrator root@lintel.dev, password (\S+) ", made.stdout)
            assert password is not None, made.stderr
            with (
                stack.running("worker", found["worker"]["command"]) as worker,
                stack.running("app", command) as process,
                proxy_of(stack) as proxy,
            ):
                self.check_through(proxy, password[1])
                self.check_jobs(stack, proxy, password[1])
                self.check_logs(stack, proxy)
                self.check_metrics(stack, proxy)
                process.send_signal(signal.SIGTERM)
                worker.send_signal(signal.SIGTERM)
                assert [process.wait(STOP_SECONDS), worker.wait(STOP_SECONDS)] == [0, 0]

    def check_through(self, proxy: RunningProxy, password: str) -> None:
        with httpx2.Client(base_url=proxy.url, headers={"Host": "api.lintel.test"}, timeout=30) as client:
            login = client.post("/api/v1/auth/login", data={"username": "root@lintel.dev", "password": password})
            assert login.status_code == 200, login.text
            client.headers["Authorization"] = f"Bearer {login.json()['access_token']}"
            health = client.get("/health/detailed").json()
            assert (health["status"], health["checks"]["database"]["status"]) == ("healthy", "healthy")
            spoofed = {"X-Forwarded-For": "6.6.6.6", "X-Forwarded-Proto": "https", "X-Request-ID": "spoofed-client"}
            assert "strict-transport-security" not in client.get("/api/v1/users/me", headers=spoofed).headers
            assert client.get("/docs").status_code == 404
            assert client.get("/health", headers={"Host": "127.0.0.1"}).status_code == 400

    def check_jobs(self, stack: Stack, proxy: RunningProxy, password: str) -> None:
        """The worker does what is asked of the service."""
        with httpx2.Client(base_url=proxy.url, headers={"Host": "api.lintel.test"}, timeout=30) as client:
            login = client.post("/api/v1/auth/login", data={"username": "root@lintel.dev", "password": password})
            client.headers["Authorization"] = f"Bearer {login.json()['access_token']}"
            asked = client.post("/api/v1/exports").json()
            job = f"/api/v1/jobs/{asked['job_id']}"
            wait_until(lambda: client.get(job).json()["status"] == "completed", "the export is written")
        numbers = httpx2.get(f"http://127.0.0.1:{stack.metrics_ports['worker']}/metrics", timeout=30).text
        assert 'job_attempts_total{kind="analyses.export"' in numbers

    def check_metrics(self, stack: Stack, proxy: RunningProxy) -> None:
        """Those who are inside read them without an account; from outside there is no such place."""
        inside = httpx2.get(f"http://127.0.0.1:{stack.metrics_ports['app']}/metrics", timeout=30)
        assert samples(inside.text, "http_requests_total")["GET", "/api/v1/users/me", "200"] == 1
        assert httpx2.get(f"{proxy.url}/metrics", headers={"Host": "api.lintel.test"}).status_code == 404

    def check_logs(self, stack: Stack, proxy: RunningProxy) -> None:
        """One id in both logs, and the caller's own address in the service's."""
        log = stack.log("app")
        wait_until(lambda: "spoofed-client" in log.read_text(encoding="utf-8"), "the service's record")
        wait_until(lambda: "spoofed-client" in proxy.log, "the proxy's record")
        lines = log.read_text(encoding="utf-8").splitlines()
        [record] = [json.loads(line) for line in lines if "spoofed-client" in line]
        assert (record["client"], record["status"]) == ("127.0.0.1", 200)
        assert proxy.log.count("spoofed-client") == 1
        assert "6.6.6.6" not in proxy.log + "".join(lines)

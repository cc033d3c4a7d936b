"""`make scenario`: what a user does, on three ways of running the service, with real processes. Prints a table.

Register, sign in, submit a batch, watch it live, read the results, sign out everywhere. Where there are two server
processes, each request goes to the other one than the request before. Ends with 1 if a step failed on any of them.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from typing import Any

import httpx2
from rich.console import Console
from rich.table import Table

from lintel.testing import ServerUnavailable, postgres_server, rabbitmq_server, redis_server

ROOT = Path(__file__).resolve().parent.parent
ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+")
START_SECONDS = 60.0
STEP_SECONDS = 60.0
TEXTS = [f"The room number {number} was lovely. The service was not." for number in range(200)]
ACCOUNT = {"email": "ada@example.com", "password": "Lovelace1815", "full_name": "Ada"}


@dataclass
class Fleet:
    """The processes of one way of running the service."""

    folder: Path
    settings: Mapping[str, str]
    stack: ExitStack
    urls: list[str] = field(default_factory=list)

    def serve(self, *, prepare: bool = False) -> None:
        """Start a server process and wait until it answers."""
        log = self._start("serve", *(["--prepare"] if prepare else []))
        deadline = time.monotonic() + START_SECONDS
        while (address := ADDRESS.search(log.read_text(encoding="utf-8"))) is None or not _answers(address[0]):
            if time.monotonic() > deadline:
                raise TimeoutError(f"a server did not start:\n{log.read_text(encoding='utf-8')}")
            time.sleep(0.05)
        self.urls.append(address[0])

    def work(self) -> None:
        """Start a worker process."""
        self._start("worker")

    def _start(self, *command: str) -> Path:
        log = self.folder / f"{len(list(self.folder.glob('*.log')))}-{command[0]}.log"
        kept = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG", "TMPDIR"}}
        own = {"PYTHONPATH": f"{ROOT / 'src'}:{ROOT}", "DATA_DIR": str(self.folder / "data"), "PORT": "0"}
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "app", *command],
                cwd=self.folder,
                env={**kept, **own, **self.settings},
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        self.stack.callback(_end, process)
        return log


@contextmanager
def one_process() -> Iterator[Fleet]:
    """One process and an SQLite file: what `make run` starts."""
    with ExitStack() as stack:
        fleet = Fleet(_folder(stack), {}, stack)
        fleet.serve(prepare=True)
        yield fleet


@contextmanager
def redis_fleet() -> Iterator[Fleet]:
    """Two servers and two workers on PostgreSQL and Redis."""
    with ExitStack() as stack:
        database, redis = stack.enter_context(postgres_server()), stack.enter_context(redis_server())
        yield _fleet(stack, database.url, redis.url, broker=redis.url)


@contextmanager
def rabbitmq_fleet() -> Iterator[Fleet]:
    """The same, with RabbitMQ handing jobs out."""
    with ExitStack() as stack:
        database, redis = stack.enter_context(postgres_server()), stack.enter_context(redis_server())
        rabbitmq = stack.enter_context(rabbitmq_server())
        yield _fleet(stack, database.url, redis.url, broker=rabbitmq.url)


def _fleet(stack: ExitStack, database: str, redis: str, *, broker: str) -> Fleet:
    settings = {
        "DATABASE_URL": database,
        "REDIS_URL": redis,
        "JOBS_BROKER_URL": broker,
        "JOBS_EMBEDDED_WORKER": "false",
        "SECRET_KEY": "one key for all processes of the fleet 0123456789",
    }
    fleet = Fleet(_folder(stack), settings, stack)
    fleet.serve(prepare=True)
    fleet.serve()
    for _ in range(2):
        fleet.work()
    return fleet


class User:
    """Somebody who uses the service, and remembers what was answered."""

    def __init__(self, urls: list[str]) -> None:
        self._clients = cycle([httpx2.Client(base_url=f"{url}/api/v1", timeout=STEP_SECONDS) for url in urls])
        self._headers: dict[str, str] = {}
        self._refresh_token = ""
        self._batch: dict[str, Any] = {}

    def steps(self) -> Iterator[tuple[str, Callable[[], str]]]:
        """Each step by name; a step says in a few words what came of it, or raises."""
        yield "register", self.register
        yield "sign in", self.sign_in
        yield f"submit a batch of {len(TEXTS)}", self.submit
        yield "submit it again, same key", self.submit_again
        yield "watch it live", self.watch
        yield "read its analyses", self.read_analyses
        yield "stream its results", self.stream_results
        yield "stay signed in", self.refresh
        yield "sign out everywhere", self.log_out

    def register(self) -> str:
        """Make an account."""
        user = self._ask("POST", "/auth/register", json=ACCOUNT, expected=201)
        return f"user {user['id']}"

    def sign_in(self) -> str:
        """Get a token."""
        form = {"username": ACCOUNT["email"], "password": ACCOUNT["password"]}
        token = self._ask("POST", "/auth/login", data=form)
        return self._keep(token)

    def submit(self) -> str:
        """Hand in the texts."""
        self._batch = self._submit()
        return f"batch {self._batch['id']}"

    def submit_again(self) -> str:
        """Nothing happens twice."""
        again = self._submit()
        _expect(again["id"] == self._batch["id"], f"batch {again['id']} is another one")
        return "the same batch"

    def watch(self) -> str:
        """Follow it until it is done."""
        path, events = f"/batches/{self._batch['id']}/events", []
        with next(self._clients).stream("GET", path, headers=self._headers) as answer:
            _expect(answer.is_success, f"{path} answered {answer.status_code}")
            events = [json.loads(line[5:]) for line in answer.iter_lines() if line.startswith("data:")]
        _expect(
            bool(events) and events[-1]["status"] == "completed", f"the last of {len(events)} events: {events[-1:]}"
        )
        progress = [event["progress"] for event in events]
        _expect(progress == sorted(progress), f"progress went back: {progress}")
        return f"{len(events)} events"

    def read_analyses(self) -> str:
        """Page through what was found, in the order of the texts."""
        found: list[str] = []
        for page in (1, 2):
            answer = self._ask("GET", f"/batches/{self._batch['id']}/analyses?page={page}&size=100")
            found += [analysis["text_content"] for analysis in answer["items"]]
        _expect(found == TEXTS, f"{len(found)} analyses, or in another order")
        return f"{len(found)} in order"

    def stream_results(self) -> str:
        """The same as lines of JSON."""
        path = f"/batches/{self._batch['id']}/results"
        with next(self._clients).stream("GET", path, headers=self._headers) as answer:
            _expect(answer.is_success, f"{path} answered {answer.status_code}")
            lines = [json.loads(line) for line in answer.iter_lines()]
        return f"{len(lines)} lines"

    def refresh(self) -> str:
        """Get the next tokens."""
        return self._keep(self._ask("POST", "/auth/refresh", json={"refresh_token": self._refresh_token}))

    def log_out(self) -> str:
        """End all sessions: every process refuses their tokens from then on."""
        self._send("POST", "/auth/logout?everywhere=true", expected=204)
        for _ in range(4):
            self._send("GET", "/users/me", expected=401)
        self._send("POST", "/auth/refresh", json={"refresh_token": self._refresh_token}, expected=401)
        return "refused everywhere"

    def _keep(self, token: Mapping[str, Any]) -> str:
        self._headers = {"Authorization": f"Bearer {token['access_token']}"}
        self._refresh_token = token["refresh_token"]
        return f"{token['expires_in']} s"

    def _submit(self) -> dict[str, Any]:
        body = {"texts": TEXTS, "analysis_type": "sentiment"}
        return self._ask("POST", "/batches", json=body, expected=202, headers={"Idempotency-Key": "the-first-batch"})

    def _ask(self, method: str, path: str, *, expected: int = 200, **content: Any) -> dict[str, Any]:
        body: dict[str, Any] = self._send(method, path, expected=expected, **content).json()
        return body

    def _send(
        self, method: str, path: str, *, expected: int, headers: Mapping[str, str] | None = None, **content: Any
    ) -> httpx2.Response:
        answer = next(self._clients).request(method, path, headers={**self._headers, **(headers or {})}, **content)
        _expect(answer.status_code == expected, f"{method} {path} answered {answer.status_code}: {answer.text[:500]}")
        return answer


class StepFailed(Exception):
    """A step did not end as it must."""


def _expect(holds: bool, otherwise: str) -> None:  # noqa: FBT001 - reads as assert does
    if not holds:
        raise StepFailed(otherwise)


def _folder(stack: ExitStack) -> Path:
    return Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="lintel-scenario-")))


def _answers(url: str) -> bool:
    try:
        return httpx2.get(f"{url}/ready", timeout=5).is_success
    except httpx2.HTTPError:
        return False


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


STACKS = {
    "one process, SQLite": one_process,
    "2 servers, 2 workers, PostgreSQL, Redis": redis_fleet,
    "the same with RabbitMQ": rabbitmq_fleet,
}


def main() -> int:
    """Run every step on every stack; 1 if one failed."""
    table = Table("Step", *STACKS, title="The scenario")
    columns, failures = [], []
    for name, start in STACKS.items():
        try:
            with start() as fleet:
                column, failure = _run(fleet)
                columns.append(column)
                if failure:
                    failures.append(f"{name}: {failure}\n{_logs(fleet)}")
        except ServerUnavailable as error:
            columns.append({})
            if os.environ.get("CI", "").lower() == "true":
                failures.append(f"{name}: {error}")
            else:
                print(f"{name}: left out. {error}")
    for step in max(columns, key=len):
        table.add_row(step, *(column.get(step, "") for column in columns))
    Console(width=None if sys.stdout.isatty() else 140).print(table)
    print(*failures, sep="\n")
    return 1 if failures else 0


def _run(fleet: Fleet) -> tuple[dict[str, str], str | None]:
    column: dict[str, str] = {}
    for step, do in User(fleet.urls).steps():
        started = time.monotonic()
        try:
            said = do()
        except (StepFailed, httpx2.HTTPError, KeyError) as error:
            column[step] = "failed"
            return column, f"{step}: {error!r}"
        column[step] = f"{said}, {(time.monotonic() - started) * 1_000:.0f} ms"
    return column, None


def _logs(fleet: Fleet) -> str:
    lines = []
    for log in sorted(fleet.folder.glob("*.log")):
        lines += [f"--- {log.name}", *log.read_text(encoding="utf-8").splitlines()[-15:]]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())

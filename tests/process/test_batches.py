"""Batches and their workers as processes of their own: nothing is lost, and nothing is done twice."""

import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.conftest import Saw
from tests.process.conftest import ROOT, ServerProcess, StartServer, environment
from tests.process.test_kill import sign_in

BATCHES = "/api/v1/batches"
SECONDS = 60.0
GUIDE = (ROOT / "docs" / "guides" / "batches.md").read_text(encoding="utf-8")
LONG = "The room was lovely, but the service was not good at all; nobody cared about us. " * 12
"""A thousand of them take some seconds, and fit into one request."""


@contextmanager
def worker(folder: Path, **values: str) -> Iterator[subprocess.Popen[bytes]]:
    """A worker on the servers' database; ended, by id, whatever happens."""
    log = folder / f"worker-{time.monotonic_ns()}.log"
    with log.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "app", "worker"],
            cwd=folder,
            env=environment(folder / "data", **values),
            stdout=file,
            stderr=subprocess.STDOUT,
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(SECONDS)


def signed_in(server: ServerProcess) -> httpx2.Client:
    client = server.client()
    client.headers["Authorization"] = f"Bearer {sign_in(server)}"
    return client


def read(client: httpx2.Client, batch_id: int) -> dict[str, Any]:
    body: dict[str, Any] = client.get(f"{BATCHES}/{batch_id}").raise_for_status().json()
    return body


def wait_for(client: httpx2.Client, batch_id: int, *, tried: int) -> dict[str, Any]:
    """The batch once so many of its texts were tried."""
    deadline = time.monotonic() + SECONDS
    while (batch := read(client, batch_id))["completed"] + batch["failed"] < tried:
        assert time.monotonic() < deadline, batch
        time.sleep(0.02)
    return batch


def events_of(client: httpx2.Client, batch_id: int) -> list[str]:
    """What is told of a batch until it ends."""
    with client.stream("GET", f"{BATCHES}/{batch_id}/events", timeout=SECONDS) as stream:
        return [line.removeprefix("data: ") for line in stream.iter_lines() if line.startswith("data: ")]


@pytest.mark.fault(
    "`kill -9` of a worker in the middle of a batch",
    "its lease runs out, another worker goes on where it stood; each text is read and counted once",
)
def test_a_worker_killed_in_the_middle_loses_nothing_and_doubles_nothing(
    start_server: StartServer, shared: dict[str, str], tmp_path: Path, saw: Saw
) -> None:
    values = {**shared, "JOBS_EMBEDDED_WORKER": "false", "JOBS_LEASE_SECONDS": "2"}
    server = start_server(**values)
    with signed_in(server) as client:
        texts = [f"{number}. {LONG}" for number in range(1_000)]
        batch = client.post(BATCHES, json={"texts": texts, "analysis_type": "sentiment"}).raise_for_status().json()
        with worker(tmp_path, **values) as first:
            wait_for(client, batch["id"], tried=1)
            first.kill()
            first.wait(SECONDS)
        left = read(client, batch["id"])
        assert (left["status"], left["completed"] < 1_000) == ("processing", True)

        with worker(tmp_path, **values):
            wait_for(client, batch["id"], tried=1_000)
        done = read(client, batch["id"])
        assert (done["status"], done["completed"], done["failed"], done["progress"]) == ("completed", 1_000, 0, 100)
        *lines, last = client.get(f"{BATCHES}/{batch['id']}/results").text.splitlines()
        found = [json.loads(line)["analysis"] for line in lines]
        assert json.loads(last)["batch"] == done
        assert [one["position"] for one in found] == list(range(1_000))
        assert [one["text_content"] for one in found] == [text.strip() for text in texts]
        assert {(one["status"], one["result"] is None) for one in found} == {("completed", False)}
        job = client.get(f"/api/v1/jobs/{done['job_id']}").json()
        assert (job["status"], job["attempts"]) == ("completed", 2)
    saw(f"killed after {left['completed']:,} of 1,000 texts; 1,000 once each, in 2 attempts")


def test_a_thousand_short_texts_are_read_beside_requests(start_server: StartServer) -> None:
    server = start_server(RATE_LIMIT_PER_MINUTE="0")
    with signed_in(server) as client:
        texts = [f"The room {number} was lovely." for number in range(1_000)]
        started = time.monotonic()
        answer = client.post(BATCHES, json={"texts": texts, "analysis_type": "sentiment"})
        accepted = time.monotonic() - started
        done = json.loads(events_of(client, answer.json()["id"])[-1])
        finished = time.monotonic() - started
    assert (answer.status_code, done["status"], done["completed"]) == (202, "completed", 1_000)
    assert (accepted < 1.5, finished < 20) == (True, True)  # ten times what they should take


def test_the_guide_does_what_it_says(start_server: StartServer) -> None:
    server = start_server(RATE_LIMIT_PER_MINUTE="0")
    with signed_in(server):
        pass
    commands = re.findall(r"```sh\n(.*?)```", GUIDE.replace("http://127.0.0.1:8000", server.url), re.DOTALL)
    until_completed = f"until {commands[1].strip()} | grep -q '\"completed\":2'; do sleep 0.1; done\n"
    script = "echo; echo ---\n".join([commands[0] + until_completed, *commands[1:]])
    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, timeout=SECONDS, check=True)
    sent, stands, page, results, cancelled, deleted = done.stdout.split("\n---\n")
    assert "202 Accepted" in sent
    assert 'rel="monitor"' in sent
    assert json.loads(stands)["status"] == "completed"
    assert json.loads(page)["total"] == 2
    assert [json.loads(line)["batch"] is None for line in results.splitlines() if line] == [True, True, False]
    assert json.loads(cancelled)["error_code"] == "BATCH_ENDED"
    assert "204 No Content" in deleted

"""How long somebody waits for a batch: until it is accepted, until it is read, and until it is stopped."""

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx2

from bench.harness.case import Case, SkippedError
from bench.harness.figures import Figure, Gate, Row, Table, figure
from bench.harness.load import WrongAnswerError
from bench.harness.measure import Plan
from bench.harness.service import signed_in
from lintel.testing import ServerUnavailable, postgres_server

BATCHES = "/api/v1/batches"
NUMBER = 1_000
SHORT = "The room was lovely. The service was not good."
LONG = "The room was lovely, but the service was not good at all; nobody cared about us. " * 12
BEGUN = 100
"""Texts of a long batch that are read before it is cancelled."""
LOOK_SECONDS, QUIET_SECONDS, SECONDS = 0.01, 0.5, 120.0
"""Between two looks; how long nothing may change after the end; for anything that is waited for."""
ACCEPTED, READ, STOPPED = "accepted", "read", "cancelled"
ON = {
    ACCEPTED: f"`POST` of {NUMBER:,} short texts, until 202",
    READ: "from the same `POST` until the last of them is read",
    STOPPED: f"{NUMBER:,} texts of 970 characters, {BEGUN} of them read: from `POST …/cancel` until its job has ended",
}
GATES = {ACCEPTED: Gate(bound=150), READ: Gate(bound=2_000), STOPPED: Gate(bound=500)}


def run(plan: Plan) -> Sequence[Table]:
    """With the worker in the server's process, as it is unless told otherwise."""
    try:
        with postgres_server() as server:
            return [
                _table("SQLite", {}, plan),
                _table("PostgreSQL", {"DATABASE_URL": server.url}, plan),
            ]
    except ServerUnavailable as unavailable:
        raise SkippedError(str(unavailable)) from None


def _table(database: str, settings: Mapping[str, str], plan: Plan) -> Table:
    with (
        TemporaryDirectory(prefix="lintel-bench-") as folder,
        signed_in(Path(folder), settings, plan.cores) as client,
    ):
        _accept_and_read(client)  # the first child starts, statements are prepared
        rounds = [{**_accept_and_read(client), STOPPED: _stop(client)} for _ in range(plan.rounds)]
    found = {name: [times[name] * 1e3 for times in rounds] for name in ON}
    return Table(
        title=f"A batch on {database}",
        unit="ms",
        rows=[Row(name=name, on=ON[name], samples=[round(of) for of in found[name]]) for name in ON],
        notes=["Waiting times, of one batch at a time; the worker is in the server's process, its child beside it."],
        figures=[_figure(name, database, found) for name in ON],
    )


def _figure(name: str, database: str, found: Mapping[str, Sequence[float]]) -> Figure:
    what = f"a batch of {NUMBER:,} on {database}: until it is {name}"
    return figure(what, found, lambda times: times[name], unit="ms", gate=GATES[name])


def _accept_and_read(client: httpx2.Client) -> Mapping[str, float]:
    """Seconds until a batch is accepted, and until it is read."""
    started = time.perf_counter()
    batch, _ = _post(client, SHORT)
    accepted = time.perf_counter() - started
    _until(client, batch, lambda body: body["status"] == "completed")
    return {ACCEPTED: accepted, READ: time.perf_counter() - started}


def _stop(client: httpx2.Client) -> float:
    """Seconds until nobody works on a cancelled batch any more.

    Raises:
        WrongAnswerError: It went on all the same.
    """
    batch, job = _post(client, LONG)
    _until(client, batch, lambda body: body["completed"] >= BEGUN)
    started = time.perf_counter()
    cancelled = client.post(f"{batch}/cancel").raise_for_status().json()
    _until(client, job, lambda body: body["status"] not in {"pending", "processing"})
    took = time.perf_counter() - started
    time.sleep(QUIET_SECONDS)
    later = client.get(batch).raise_for_status().json()
    if (later["status"], later["completed"]) != ("cancelled", cancelled["completed"]):
        raise WrongAnswerError(f"a cancelled batch went on: {cancelled} became {later}")
    return took


def _post(client: httpx2.Client, text: str) -> tuple[str, str]:
    """Where the new batch is, and its job."""
    texts = [f"{number}. {text}" for number in range(NUMBER)]
    answer = client.post(BATCHES, json={"texts": texts, "analysis_type": "sentiment"}).raise_for_status()
    return answer.headers["Location"], answer.links["monitor"]["url"]


def _until(client: httpx2.Client, path: str, is_so: Callable[[Mapping[str, Any]], bool]) -> None:
    deadline = time.monotonic() + SECONDS
    while not is_so(body := client.get(path).raise_for_status().json()):
        if time.monotonic() > deadline:
            raise WrongAnswerError(f"{path} is still {body}")
        time.sleep(LOOK_SECONDS)


CASES = (Case(name="batches", title="Batches", run=run),)

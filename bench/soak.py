"""`python -m bench.soak [MINUTES]`: fuzzing beside load, and whether memory, descriptors and connections stay flat.

A real server on a PostgreSQL of our own. A caller that asks the same things over and over, and schemathesis making ever
new requests out of the document. Every few seconds the process is looked at; afterwards its last quarter is compared
with its second. Ends with 1 if something grew, or if the log holds an error.
"""

import argparse
import asyncio
import json
import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict, dataclass
from itertools import chain, combinations, product
from pathlib import Path

import asyncpg
import httpx2

from app.schemas.analyses import AnalysisSort
from app.schemas.users import UserSort
from bench.harness.environment import environment
from lintel.testing import postgres_server

ROOT = Path(__file__).resolve().parent.parent
RESULT = ROOT / "bench" / "results" / "soak.json"
EMAIL, PASSWORD = "root@example.com", "Lovelace1815"
SETTINGS = {
    "FIRST_ADMIN_EMAIL": EMAIL,
    "FIRST_ADMIN_PASSWORD": PASSWORD,
    "RATE_LIMIT_PER_MINUTE": "1000000",
    "RATE_LIMIT_TEXTS_PER_MINUTE": "1000000",
    "RATE_LIMIT_AUTH_PER_MINUTE": "1000000",
    "ACCESS_TOKEN_EXPIRE_MINUTES": "600",
    "LOG_FORMAT": "json",
    "PORT": "0",
}
CALLERS = 8
SAMPLE_SECONDS = 5.0
FUZZ_SECONDS = 60
MAX_GROWTH = 0.05
SPARE_DESCRIPTORS = 10
KEPT_CONNECTIONS = 20
"""Ten for writing and ten for reading, as set by default; the callers here never need more at once."""
ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+")
Filter = tuple[str, str]
LISTS: Sequence[tuple[str, Sequence[str], Sequence[Filter]]] = (
    ("users", [*UserSort], [("role", "user"), ("status", "active"), ("search", "a")]),
    ("analyses", [*AnalysisSort], [("analysis_type", "sentiment"), ("status", "completed")]),
)
TEXT = {"text_content": "I love this, but the delivery was late.", "analysis_type": "sentiment"}


@dataclass(frozen=True, slots=True)
class Sample:
    """The server at one moment."""

    seconds: int
    resident_mb: float
    descriptors: int
    connections: int
    in_transaction: int


@dataclass(slots=True)
class Load:
    """What the callers got."""

    answers: int = 0
    server_errors: int = 0


def main() -> int:
    """Run the soak and write what was seen; 1 if it was not flat."""
    parser = argparse.ArgumentParser(prog="python -m bench.soak", description=__doc__)
    parser.add_argument("minutes", nargs="?", type=float, default=10.0)
    minutes = parser.parse_args().minutes
    with tempfile.TemporaryDirectory(prefix="lintel-soak-") as folder, postgres_server() as database:
        samples, load, errors = asyncio.run(_soak(Path(folder), database.url, minutes * 60))
    faults = [*_growth(samples), *errors]
    if load.server_errors:
        faults.append(f"{load.server_errors} answers were 5xx")
    found = {
        "environment": environment(),
        "minutes": minutes,
        "answers_to_load": load.answers,
        "samples": [asdict(sample) for sample in samples],
        "faults": faults,
    }
    RESULT.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print(_summary(samples, load), *faults, sep="\n")
    return 1 if faults else 0


async def _soak(folder: Path, database_url: str, seconds: float) -> tuple[list[Sample], Load, list[str]]:
    async with _served(folder, database_url) as (pid, url):
        token, load, samples = await _token(url), Load(), []
        await _fill_caches(url, token)
        async with asyncio.TaskGroup() as tasks:
            working = [tasks.create_task(_call(url, token, load)) for _ in range(CALLERS)]
            working.append(tasks.create_task(_fuzz(url, token, folder)))
            started = time.monotonic()
            while (elapsed := time.monotonic() - started) < seconds:
                await asyncio.sleep(SAMPLE_SECONDS)
                samples.append(await _look(pid, database_url, elapsed))
            for task in working:
                task.cancel()
        errors = _errors(folder / "server.log")
    return samples, load, errors


@asynccontextmanager
async def _served(folder: Path, database_url: str) -> AsyncIterator[tuple[int, str]]:
    log, kept = folder / "server.log", {"PATH": os.environ["PATH"], "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"}
    own = {"DATABASE_URL": database_url, "DATA_DIR": str(folder / "data")}
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: ASYNC220 - started once, before there is any load
            [sys.executable, "-m", "app", "serve", "--prepare"],
            cwd=folder,
            env={**kept, **SETTINGS, **own},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        async with asyncio.timeout(30):
            while (address := ADDRESS.search(log.read_text(encoding="utf-8"))) is None:  # noqa: ASYNC110 - a file
                await asyncio.sleep(0.1)
        yield process.pid, address[0]
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


async def _token(url: str) -> str:
    async with httpx2.AsyncClient(base_url=url, timeout=30) as client:
        answer = await client.post("/api/v1/auth/login", data={"username": EMAIL, "password": PASSWORD})
        token: str = answer.raise_for_status().json()["access_token"]
        return token


async def _fill_caches(url: str, token: str) -> None:
    """Ask for every form of the lists on all connections at once.

    Each connection keeps its prepared statements, and fuzzing would come across the rarer ones for an hour: 20 MB that
    look like a leak and end.
    """
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx2.AsyncClient(base_url=url, headers=headers, timeout=30) as client:
        for path, sorts, filters in LISTS:
            for sort, order, chosen in product(sorts, ("asc", "desc"), _subsets(filters)):
                query = {"sort_by": sort, "sort_order": order, **dict(chosen)}
                asked = [client.get(f"/api/v1/{path}", params=query) for _ in range(KEPT_CONNECTIONS // 2)]
                for answer in await asyncio.gather(*asked):
                    answer.raise_for_status()


def _subsets(filters: Sequence[Filter]) -> Iterator[tuple[Filter, ...]]:
    return chain.from_iterable(combinations(filters, count) for count in range(len(filters) + 1))


async def _call(url: str, token: str, load: Load) -> None:
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx2.AsyncClient(base_url=url, headers=headers, timeout=30) as client:
        while True:
            for path in ("/health", "/api/v1/users?size=20", "/api/v1/users/me", "/api/v1/analyses", "/nowhere"):
                _count(await client.get(path), load)
            _count(await client.post("/api/v1/analyses", json=TEXT), load)


def _count(answer: httpx2.Response, load: Load) -> None:
    load.answers += 1
    load.server_errors += answer.is_server_error


async def _fuzz(url: str, token: str, folder: Path) -> None:
    for seed in range(10_000):
        fuzzer = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "schemathesis.cli", "run", f"{url}/openapi.json", "--seed", str(seed)),
            *("--header", f"Authorization: Bearer {token}", "--max-time", str(FUZZ_SECONDS)),
            *("--generation-database", "none", "--no-color"),
            cwd=folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            await fuzzer.wait()
        finally:
            with suppress(ProcessLookupError):
                fuzzer.kill()


async def _look(pid: int, database_url: str, elapsed: float) -> Sample:
    connection = await asyncpg.connect(database_url, timeout=10)
    try:
        states = await connection.fetch(
            "SELECT state FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    finally:
        await connection.close()
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")  # noqa: ASYNC240 - no disk behind it
    resident = int(status.split("VmRSS:")[1].split()[0]) / 1024
    return Sample(
        seconds=round(elapsed),
        resident_mb=round(resident, 1),
        descriptors=len(os.listdir(f"/proc/{pid}/fd")),  # noqa: PTH208 - no disk behind it
        connections=len(states),
        in_transaction=sum(row["state"] == "idle in transaction" for row in states),
    )


def _errors(log: Path) -> list[str]:
    lines = log.read_text(encoding="utf-8").splitlines()
    records = [json.loads(line) for line in lines if line.startswith("{")]
    return [f"logged: {record['message']}" for record in records if record["level"] in {"error", "critical"}][:20]


def _growth(samples: Sequence[Sample]) -> list[str]:
    """What is more in the last quarter than in the second; the first belongs to warming up."""
    quarter = max(len(samples) // 4, 1)
    early, late = samples[quarter : 2 * quarter] or samples, samples[-quarter:]
    faults = []
    before, after = (statistics.median(sample.resident_mb for sample in part) for part in (early, late))
    if after > before * (1 + MAX_GROWTH):
        faults.append(f"memory grew from {before:.0f} to {after:.0f} MB")
    before, after = (max(sample.descriptors for sample in part) for part in (early, late))
    if after > before + SPARE_DESCRIPTORS:
        faults.append(f"descriptors grew from {before} to {after}")
    most = max(sample.connections for sample in samples)
    if most > KEPT_CONNECTIONS:
        faults.append(f"{most} connections to the database, more than the pools keep")
    return faults


def _summary(samples: Sequence[Sample], load: Load) -> str:
    shown = [samples[0], samples[len(samples) // 4], samples[len(samples) // 2], samples[-1]]
    lines = ["|  s | resident, MB | descriptors | database connections |", "| --- | --- | --- | --- |"]
    lines += [f"| {one.seconds} | {one.resident_mb} | {one.descriptors} | {one.connections} |" for one in shown]
    return "\n".join([f"{load.answers} answers to the load, {load.server_errors} of them 5xx", *lines])


if __name__ == "__main__":
    sys.exit(main())

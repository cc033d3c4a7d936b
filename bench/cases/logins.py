"""Signing in: what it costs beside the hash, and what it does to everybody else."""

import asyncio
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import quantiles
from tempfile import TemporaryDirectory

import httpx2
import uvloop

from bench.apps.data import EMAIL, PASSWORD, fill
from bench.harness.case import Case
from bench.harness.cores import Cores
from bench.harness.figures import Figure, Gate, Row, Table, figure, ratio
from bench.harness.load import HOST, Request, WrongAnswerError
from bench.harness.measure import Plan
from bench.harness.proc import cpu_seconds
from bench.harness.servers import App, RunningApp, running
from lintel.security import PasswordHasher

LOGIN, CHEAP = "/api/v1/auth/login", "/api/v1/health"
AT_ONCE = 8
SECONDS = 6.0
"""Of one sample of waiting times."""
PAUSE = 0.005
LOGINS = 40
"""Of one sample of costs."""
THREADS, LOOP = "hashed in threads, as shipped", "hashed on the event loop"
SIGN_IN, HASH = "a sign-in", "its hash alone"
OTHERS = {THREADS: False, LOOP: True}
FORM = {"username": EMAIL, "password": PASSWORD}


def run(plan: Plan) -> Sequence[Table]:
    """On SQLite: the hash is nearly all of it."""
    with TemporaryDirectory(prefix="lintel-bench-") as folder, ExitStack() as stack:
        servers = {
            name: stack.enter_context(_server(Path(folder) / str(number), plan.cores, on_the_loop=on_the_loop))
            for number, (name, on_the_loop) in enumerate(OTHERS.items())
        }
        return [_waiting(servers, plan), _costs(servers[THREADS], plan)]


@contextmanager
def _server(folder: Path, cores: Cores, *, on_the_loop: bool) -> Iterator[RunningApp]:
    folder.mkdir()
    url = f"sqlite:///{folder / 'bench.db'}"
    asyncio.run(fill(url))
    app = App(factory="bench.apps.logins:create", options={"database_url": url, "on_the_loop": on_the_loop})
    with running(app, Request(path=CHEAP), folder=folder, cores=cores) as server:
        if cores.server is not None and cores.others is not None:
            # On one core alone the threads would take the loop's time from it.
            os.sched_setaffinity(server.pid, {cores.server, cores.others})
        yield server


def _waiting(servers: Mapping[str, RunningApp], plan: Plan) -> Table:
    found: dict[str, list[float]] = {name: [] for name in servers}
    for _ in range(plan.rounds):
        for name, server in servers.items():
            found[name].append(uvloop.run(_ninety_ninth(server.port, SECONDS * plan.share)))
    how_much = figure(
        f"a cheap GET beside {AT_ONCE} sign-ins at once: its 99th percentile, hashed on the loop over ours",
        found,
        ratio(LOOP, THREADS),
        gate=Gate(bound=15, at_least=True),
    )
    return Table(
        title=f"How long `GET {CHEAP}` takes while {AT_ONCE} people sign in",
        unit="ms",
        rows=[Row(name=name, on="the real service", samples=[round(ms, 1) for ms in found[name]]) for name in found],
        notes=[f"99th percentile of what was asked one after the other in {SECONDS:.0f} seconds, on both cores."],
        figures=[how_much],
    )


async def _ninety_ninth(port: int, seconds: float) -> float:
    """Milliseconds."""
    async with httpx2.AsyncClient(base_url=f"http://{HOST}:{port}", timeout=60) as client:
        crowd = [asyncio.create_task(_sign_in_for_ever(client)) for _ in range(AT_ONCE)]
        await asyncio.sleep(0.2)
        took: list[float] = []
        until = time.perf_counter() + seconds
        while time.perf_counter() < until or len(took) < 2:  # noqa: PLR2004 - fewer have no percentile
            started = time.perf_counter()
            _checked(await client.get(CHEAP))
            took.append((time.perf_counter() - started) * 1e3)
            await asyncio.sleep(PAUSE)
        for task in crowd:
            task.cancel()
        for end in await asyncio.gather(*crowd, return_exceptions=True):
            if isinstance(end, Exception):
                raise end
    return quantiles(took, n=100)[98]


async def _sign_in_for_ever(client: httpx2.AsyncClient) -> None:
    while True:
        _checked(await client.post(LOGIN, data=FORM))


def _costs(server: RunningApp, plan: Plan) -> Table:
    hasher, count = PasswordHasher(), max(int(LOGINS * plan.share), 1)
    stored = asyncio.run(hasher.hash(PASSWORD))
    found: dict[str, list[float]] = {SIGN_IN: [], HASH: []}
    with httpx2.Client(base_url=f"http://{HOST}:{server.port}", timeout=60) as client:
        for _ in range(plan.rounds):
            before = cpu_seconds(server.pid)
            for _ in range(count):
                _checked(client.post(LOGIN, data=FORM))
            found[SIGN_IN].append((cpu_seconds(server.pid) - before) / count * 1e6)
            before = time.process_time()
            asyncio.run(_verify(hasher, stored, count))
            found[HASH].append((time.process_time() - before) / count * 1e6)
    return Table(
        title="What a sign-in costs",
        unit="µs",
        rows=[
            Row(
                name=SIGN_IN, on="all layers, the real service on SQLite", samples=[round(of) for of in found[SIGN_IN]]
            ),
            Row(
                name=HASH,
                on="argon2id, 19 MiB, 2 passes, in a process of its own",
                samples=[round(of) for of in found[HASH]],
            ),
        ],
        notes=[f"{count} of each in a sample, one after the other."],
        figures=[_rest(found)],
    )


def _rest(found: Mapping[str, Sequence[float]]) -> Figure:
    name = "a sign-in: CPU beside the hash"
    return figure(name, found, lambda each: each[SIGN_IN] - each[HASH], unit="µs")


async def _verify(hasher: PasswordHasher, stored: str, count: int) -> None:
    for _ in range(count):
        await hasher.verify(PASSWORD, stored)


def _checked(answer: httpx2.Response) -> None:
    if not answer.is_success:
        raise WrongAnswerError(f"{answer.url} answered {answer.status_code}: {answer.text[:200]}")


CASES = (Case(name="logins", title="Signing in", run=run),)

"""What a job costs beside its own work, from being taken to its outcome being written; and in other libraries."""

import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from bench.harness.case import Case, SkippedError
from bench.harness.figures import Figure, Gate, Row, Samples, Table, figure, ratio
from bench.harness.measure import Plan, Sample, stable_rounds
from bench.harness.queues import Program, measure
from bench.harness.venvs import NotInstalledError, python_of
from bench.peers.program import PLACES
from lintel.testing import ServerUnavailable, postgres_server, redis_server

OURS = "ours, on PostgreSQL"
COUNT = 4_000
WARM_UP = 4
"""A fourth of a sample's jobs are done before it."""
COST, TIMES_LESS = Gate(bound=250, aim=100), Gate(bound=2, aim=3, at_least=True)


@dataclass(frozen=True, kw_only=True)
class Peer:
    """Another library.

    Attributes:
        name: Of its row.
        module: In `bench.peers`; its lock is named after it.
        on: What it is, and what it logs.
        count: Jobs of a sample.
    """

    name: str
    module: str
    on: str
    count: int


PEERS = (
    Peer(
        name="arq, on Redis", module="arq", on=f"{PLACES} places, uvloop, hiredis, two log records a job", count=1_000
    ),
    Peer(name="SAQ, on Redis", module="saq", on=f"{PLACES} places, uvloop, hiredis, no log records", count=1_000),
    Peer(name="Celery, on Redis", module="celery", on="a pool of processes, hiredis, no log records", count=500),
)


def run(plan: Plan) -> Sequence[Table]:
    """Each on a server of its own, so that nobody pays for the idle looks of another."""
    with ExitStack() as stack:
        programs, counts = _programs(stack, install=plan.must_agree), _counts(plan)

        def sample(name: str) -> Sample:
            count = counts[name]
            return measure(programs[name], warm=count // WARM_UP, count=count, cores=plan.cores)

        found = stable_rounds(list(programs), sample, plan, base=OURS)
    return [_table(found)]


def _programs(stack: ExitStack, *, install: bool) -> Mapping[str, Program]:
    """Ours and the others; in a quick run only those others that were installed before."""
    programs = {}
    try:
        server = stack.enter_context(postgres_server())
        python = Path(sys.executable)
        programs[OURS] = Program(python=python, module="bench.apps.jobs", url=server.url, pid=server.pid)
        for peer in PEERS:
            try:
                python = python_of(f"peer-{peer.module}", may_install=install)
            except NotInstalledError as reason:
                if install:
                    raise SkippedError(str(reason)) from None
                continue
            server = stack.enter_context(redis_server())
            module = f"bench.peers.{peer.module}"
            programs[peer.name] = Program(python=python, module=module, url=server.url, pid=server.pid)
    except ServerUnavailable as unavailable:
        raise SkippedError(str(unavailable)) from None
    return programs


def _counts(plan: Plan) -> Mapping[str, int]:
    counts = {OURS: COUNT, **{peer.name: peer.count for peer in PEERS}}
    return {name: max(int(count * plan.share), 1) for name, count in counts.items()}


def _table(found: Mapping[str, Sequence[Sample]]) -> Table:
    on = {OURS: f"{PLACES} places, uvloop, one log record a job", **{peer.name: peer.on for peer in PEERS}}
    rows = [
        Row(
            name=name,
            on=on[name],
            samples=[round(one.server, 1) for one in samples],
            beside=[round(one.beside or 0.0, 1) for one in samples],
        )
        for name, samples in found.items()
    ]
    note = (
        "Jobs that wait already: the worker gets warm on some, then CPU is counted from one job to a later one. "
        "Results are kept. No server writes to disk. Each library logs what its command line has it log."
    )
    return Table(title="A job without work", unit="µs", rows=rows, notes=[note], figures=_figures(found))


def _figures(found: Mapping[str, Sequence[Sample]]) -> list[Figure]:
    """Of worker and server together."""
    both: Samples = {name: [one.server + (one.beside or 0.0) for one in taken] for name, taken in found.items()}
    what = "a job on PostgreSQL, worker and database, at batches of 20"
    return [
        figure(what, both, lambda costs: costs[OURS], unit="µs", gate=COST),
        *(
            figure(f"a job, {peer.name}, over ours on PostgreSQL", both, ratio(peer.name, OURS), gate=TIMES_LESS)
            for peer in PEERS
            if peer.name in found
        ),
    ]


CASES = (Case(name="jobs", title="Jobs", run=run),)

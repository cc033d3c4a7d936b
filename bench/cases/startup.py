"""How long a worker takes before anybody is answered."""

import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.apps.item import PATH
from bench.harness.case import Case
from bench.harness.figures import Row, Table
from bench.harness.load import Request
from bench.harness.measure import Plan
from bench.harness.proc import cpu_seconds
from bench.harness.servers import START_SECONDS, App, environment_of, running

BARE, SERVICE, CREATION = "bare FastAPI", "the service", "`create_app` alone"
ON = {BARE: "imports, one route", SERVICE: "imports, all layers, all routes", CREATION: "settings, services, routes"}


def run(plan: Plan) -> Sequence[Table]:
    """From a new process to its first answer, and the part of it that is ours."""
    cpu: dict[str, list[float]] = {name: [] for name in ON}
    elapsed: dict[str, list[float]] = {name: [] for name in (BARE, SERVICE)}
    with TemporaryDirectory(prefix="lintel-bench-") as name:
        folder = Path(name)
        service = App(factory="bench.apps.service:create", options={"database_url": f"sqlite:///{folder / 'new.db'}"})
        asked = {
            BARE: (App(factory="bench.apps.bare:create"), Request(path=PATH)),
            SERVICE: (service, Request(path="/health")),
        }
        for _ in range(plan.rounds):
            for variant, (app, first) in asked.items():
                started = time.perf_counter()
                with running(app, first, folder=folder, cores=plan.cores) as server:
                    elapsed[variant].append(time.perf_counter() - started)
                    cpu[variant].append(cpu_seconds(server.pid))
            cpu[CREATION].append(_creation(folder))
    notes = ["Most of it is imports."]
    return [
        Table(title="CPU from a new process to its first answer", unit="ms", rows=_rows(cpu), notes=notes),
        Table(title="Time from a new process to its first answer", unit="ms", rows=_rows(elapsed)),
    ]


def _creation(folder: Path) -> float:
    """Seconds of CPU, in a process that has imported everything."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.apps.creation"],
        cwd=folder,
        env=environment_of(),
        capture_output=True,
        check=True,
        timeout=START_SECONDS,
    )
    return float(done.stdout)


def _rows(found: Mapping[str, Sequence[float]]) -> list[Row]:
    return [Row(name=name, on=ON[name], samples=[round(of * 1e3) for of in seconds]) for name, seconds in found.items()]


CASES = (Case(name="startup", title="Start-up", run=run),)

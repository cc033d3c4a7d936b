"""What a worker holds beyond what it imports."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.apps.data import fill
from bench.harness.case import Case
from bench.harness.figures import COUNTED, Figure, Gate, Row, Samples, Table, figure
from bench.harness.load import Request, send
from bench.harness.measure import CONNECTIONS, DEADLINE, Plan
from bench.harness.proc import Memory, memory, shared_objects
from bench.harness.serve import MODULES
from bench.harness.servers import App, environment_of, running

ROUNDS = 3
COUNT = 1_000
PATHS = ("/api/v1/users?size=20", "/api/v1/users/me", "/api/v1/analyses?size=100")
STARTED, LOADED, IMPORTED = "a worker after start", "a worker after load", "its imports alone"
MEDIA = frozenset(
    {"av", "cv2", "PIL", "imageio", "moviepy", "numpy", "onnxruntime", "scipy", "soundfile", "tokenizers", "torch"}
)
"""Modules that read or make sound and pictures, or run models: work of other processes than the API's."""
MEDIA_FILES = ("libav", "libopencv", "libsndfile", "libespeak", "libsw", "libonnx", "libtorch")
NOTES = (
    f"One worker, on SQLite. The load: {COUNT:,} times each {', '.join(f'`{path}`' for path in PATHS)}.",
    "The imports alone: a process that imports every module the worker had at its end, and does nothing else.",
)

Found = dict[str, list[Memory]]


def run(plan: Plan) -> Sequence[Table]:
    """The real service on SQLite, after start and after load, and a process with the same modules."""
    found: Found = {STARTED: [], LOADED: [], IMPORTED: []}
    media: set[str] = set()
    with TemporaryDirectory(prefix="lintel-bench-") as name:
        folder = Path(name)
        url = f"sqlite:///{folder / 'bench.db'}"
        token = asyncio.run(fill(url))
        service = App(factory="bench.apps.service:create", options={"database_url": url})
        for _ in range(min(ROUNDS, plan.rounds)):
            media |= _measure(service, token, folder, plan, found)
    rss = {name: [of.rss for of in taken] for name, taken in found.items()}
    pss = {name: [of.pss for of in taken] for name, taken in found.items()}
    return [
        Table(title="Memory (RSS)", unit="MB", rows=_rows(rss), notes=NOTES, figures=_figures(rss, media)),
        Table(title="Memory (PSS: shared pages counted by their share)", unit="MB", rows=_rows(pss)),
    ]


def _measure(service: App, token: str, folder: Path, plan: Plan, found: Found) -> set[str]:
    """One sample of each; the media libraries that the worker had loaded."""
    first = Request(path="/health")
    with running(service, first, folder=folder, cores=plan.cores) as server:
        found[STARTED].append(memory(server.pid))
        count = max(int(COUNT * plan.share), 1)
        for path in PATHS:
            request = Request(path=path, headers={"Authorization": f"Bearer {token}"})
            send(request, port=server.port, count=count, connections=CONNECTIONS, deadline=DEADLINE)
        found[LOADED].append(memory(server.pid))
        files = shared_objects(server.pid)
    modules = folder / MODULES
    with _importing(modules) as pid:
        found[IMPORTED].append(memory(pid))
    names = {name.partition(".")[0] for name in json.loads(modules.read_text(encoding="utf-8"))}
    return (names & MEDIA) | {name for name in files if name.startswith(MEDIA_FILES)}


@contextmanager
def _importing(modules: Path) -> Iterator[int]:
    command = [sys.executable, "-m", "bench.harness.importing", str(modules)]
    with subprocess.Popen(
        command, cwd=modules.parent, env=environment_of(), stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        try:
            if process.stdout is None or not process.stdout.readline():
                raise RuntimeError("the process that imports ended")
            yield process.pid
        finally:
            process.kill()


def _figures(rss: Samples, media: Collection[str]) -> list[Figure]:
    over = figure(
        "memory (RSS) of an API worker over its imports, after load",
        rss,
        lambda sample: sample[LOADED] - sample[IMPORTED],
        unit="MB",
        gate=Gate(bound=25),
    )
    count = len(media)
    name = "media libraries in an API worker"
    return [over, Figure(name=name, value=count, low=count, high=count, unit=COUNTED, gate=Gate(bound=0))]


def _rows(found: Mapping[str, Sequence[float]]) -> list[Row]:
    return [
        Row(name=name, on="the real service" if name != IMPORTED else "nothing", samples=[round(mb, 1) for mb in of])
        for name, of in found.items()
    ]


CASES = (Case(name="memory", title="Memory", run=run),)

"""Workers under test: jobs are enqueued first, then a worker is started and measured between two of them."""

import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.harness.cores import Cores
from bench.harness.load import WrongAnswerError
from bench.harness.measure import Sample
from bench.harness.proc import cpu_seconds
from bench.harness.servers import ROOT, environment_of, stop
from bench.peers.program import MARKS

SECONDS = 120.0
"""For anything that is waited for."""


@dataclass(frozen=True, kw_only=True)
class Program:
    """A library of jobs, and the server that its jobs are in.

    Attributes:
        python: Of the environment that has the library.
        module: Takes the words of `bench.peers.program`.
        url: Of the server.
        pid: Of the server.
    """

    python: Path
    module: str
    url: str
    pid: int

    def command(self, *words: object) -> list[str]:
        """Its command line."""
        return [str(self.python), "-m", self.module, *map(str, words)]


def measure(program: Program, *, warm: int, count: int, cores: Cores) -> Sample:
    """Microseconds of CPU a job, of the worker's processes and of the server's.

    Args:
        program: What to measure.
        warm: Jobs that are done first, and not measured.
        count: Jobs that are measured.
        cores: Where the worker runs.

    Raises:
        WrongAnswerError: A job was not done.
    """
    _run(program.command("enqueue", program.url, warm, count))
    with _marks() as marks, _working(program, marks, cores) as worker:
        try:
            marks.recv(16)
            before, before_beside = cpu_seconds(worker), cpu_seconds(program.pid)
            marks.recv(16)
            spent, spent_beside = cpu_seconds(worker) - before, cpu_seconds(program.pid) - before_beside
        except TimeoutError:
            raise WrongAnswerError(f"{program.module} did not do its jobs in time") from None
    if left := int(_run(program.command("left", program.url))):
        raise WrongAnswerError(f"{program.module} left {left} of {warm + count} jobs")
    return Sample(spent / count * 1e6, spent_beside / count * 1e6)


@contextmanager
def _marks() -> Iterator[socket.socket]:
    with TemporaryDirectory(prefix="lintel-") as folder, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as marks:
        marks.bind(str(Path(folder) / "marks"))
        marks.settimeout(SECONDS)
        yield marks


@contextmanager
def _working(program: Program, marks: socket.socket, cores: Cores) -> Iterator[int]:
    """A worker while the block runs, whose log nobody reads; its process id."""
    process = subprocess.Popen(
        program.command("work", program.url, cores.server),
        cwd=ROOT,
        env={**environment_of(), MARKS: marks.getsockname()},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process.pid
    finally:
        stop(process)


def _run(command: list[str]) -> str:
    done = subprocess.run(
        command, cwd=ROOT, env=environment_of(), capture_output=True, text=True, check=False, timeout=SECONDS
    )
    if done.returncode:
        raise WrongAnswerError(f"{' '.join(command)}: {done.stderr[-2_000:]}")
    return done.stdout.splitlines()[-1] if done.stdout else ""

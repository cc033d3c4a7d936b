"""Metrics of several processes in one folder."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from lintel.observability import forget_worker, shared_text
from tests.metrics import samples

WORKER = """
import os, sys
from lintel.observability import Metrics
metrics = Metrics()
for _ in range(int(sys.argv[1])):
    metrics.http.of("GET", "/words").count(200, 0.002)
metrics.http.of("GET", "/words").in_flight.inc()
print(os.getpid(), flush=True)
sys.stdin.read()
sys.stdout.buffer.write(metrics.text())
"""

REQUESTS, DURATIONS = "http_requests_total", "http_request_duration_seconds_count"
IN_FLIGHT, MEMORY = "http_active_requests", "process_resident_memory_bytes"


class Worker:
    """A process that has counted so many requests and is answering another one, until it is told to end."""

    def __init__(self, folder: Path, requests: int) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", WORKER, str(requests)],
            env={**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(folder)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self._process.stdout is not None
        self.pid = int(self._process.stdout.readline())

    def end(self) -> bytes:
        """End it, and say what it would have shown at /metrics."""
        text, _ = self._process.communicate(timeout=30)
        return text


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


class TestSharedText:
    def test_has_what_all_processes_counted_together(self, folder: Path) -> None:
        one, two = Worker(folder, 2), Worker(folder, 3)
        text = shared_text(folder)
        assert samples(text, REQUESTS) == {("GET", "/words", "200"): 5}
        assert samples(text, DURATIONS) == {("GET", "/words"): 5}
        assert samples(text, IN_FLIGHT) == {("GET", "/words"): 2}
        assert set(samples(text, MEMORY)) == {(str(one.pid),), (str(two.pid),)}
        assert samples(one.end(), REQUESTS) == samples(two.end(), REQUESTS) == samples(text, REQUESTS)

    def test_survives_a_process_that_ends_while_it_is_read(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        attempts = iter([FileNotFoundError, FileNotFoundError, None])

        def collect(_: object) -> list[object]:
            if (fault := next(attempts)) is not None:
                raise fault
            return []

        monkeypatch.setattr("lintel.observability._workers.MultiProcessCollector.collect", collect)
        assert shared_text(folder) == b""


class TestForgetWorker:
    def test_keeps_what_it_had_counted_and_drops_what_it_was_doing(self, folder: Path) -> None:
        one, two = Worker(folder, 2), Worker(folder, 3)
        one.end()
        forget_worker(folder, one.pid)
        text = shared_text(folder)
        assert samples(text, REQUESTS) == {("GET", "/words", "200"): 5}
        assert samples(text, DURATIONS) == {("GET", "/words"): 5}
        assert samples(text, IN_FLIGHT) == {("GET", "/words"): 1}
        assert set(samples(text, MEMORY)) == {(str(two.pid),)}
        two.end()

    def test_counts_nothing_twice_for_who_reads_in_between(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        worker = Worker(folder, 2)
        worker.end()
        seen = []

        def unlink(file: Path) -> None:
            seen.append(samples(shared_text(folder), REQUESTS).get(("GET", "/words", "200"), 0))
            file.rename(folder / "removed")

        monkeypatch.setattr(Path, "unlink", unlink)
        forget_worker(folder, worker.pid)
        assert seen == [2, 2]

    def test_restarts_do_not_fill_the_folder(self, folder: Path) -> None:
        for _ in range(3):
            worker = Worker(folder, 2)
            worker.end()
            forget_worker(folder, worker.pid)
        assert samples(shared_text(folder), REQUESTS) == {("GET", "/words", "200"): 6}
        assert sorted(file.name for file in folder.iterdir()) == ["counter_gone.db", "histogram_gone.db"]

    def test_one_that_counted_nothing_leaves_nothing(self, folder: Path) -> None:
        forget_worker(folder, 4711)
        assert list(folder.iterdir()) == []

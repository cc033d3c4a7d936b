"""Metrics of several server processes, which keep their numbers in files of a folder they share."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from prometheus_client import CollectorRegistry, Metric, ProcessCollector, generate_latest
from prometheus_client.mmap_dict import MmapedDict
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from prometheus_client.registry import Collector

CUMULATIVE = ("counter", "histogram")
ATTEMPTS = 3
GONE = "gone"
"""In place of a process id: all processes that have ended."""


def shared_registry(folder: Path) -> CollectorRegistry:
    """The numbers of all processes together, and those that /proc has of each."""
    registry = CollectorRegistry()
    MultiProcessCollector(registry, path=str(folder))
    registry.register(_Processes(folder))
    return registry


def shared_text(folder: Path) -> bytes:
    """The same in Prometheus' text format."""
    for _ in range(ATTEMPTS - 1):
        with suppress(FileNotFoundError):  # a process has ended while its files were read
            return generate_latest(shared_registry(folder))
    return generate_latest(shared_registry(folder))


def forget_worker(folder: Path, pid: int) -> None:
    """Keep what a process that has ended had counted, and drop what it was doing.

    Its files become one with those of all before it: restarts must not fill the folder.
    """
    mark_process_dead(pid, path=str(folder))
    for kind in CUMULATIVE:
        file = folder / f"{kind}_{pid}.db"
        if file.exists():
            # Under a name that no scrape reads: one that comes in between must not count it twice.
            ended = file.rename(file.with_suffix(".ended"))
            _add(ended, folder / f"{kind}_{GONE}.db")
            ended.unlink()


def _add(file: Path, total: Path) -> None:
    sums = MmapedDict(str(total))
    for key, value, timestamp, _ in MmapedDict.read_all_values_from_file(str(file)):
        sums.write_value(key, sums.read_value(key)[0] + value, timestamp)
    sums.close()


def _of_process(pid: str) -> Iterable[Metric]:
    return ProcessCollector(pid=lambda: pid, registry=None).collect()


class _Processes(Collector):
    """Memory, processor time and descriptors of every process that has counted something, by its id."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def collect(self) -> Iterator[Metric]:
        """See `Collector.collect`."""
        metrics: dict[str, Metric] = {}
        for pid in self._pids():
            for metric in _of_process(pid):
                known = metrics.setdefault(metric.name, Metric(metric.name, metric.documentation, metric.type))
                known.samples += [sample._replace(labels={"pid": pid}) for sample in metric.samples]
        yield from metrics.values()

    def _pids(self) -> list[str]:
        return sorted({file.stem.rpartition("_")[2] for file in self._folder.glob("*.db")} - {GONE})

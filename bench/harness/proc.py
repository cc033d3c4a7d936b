"""What a process has used: CPU with everything that it started, and memory. From /proc."""

import os
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

PROC = Path("/proc")
KIB_IN_MB = 1024
PARENT, TIMES = 1, slice(11, 15)
"""Positions in a line of `stat` behind the name: ppid; utime, stime, cutime, cstime."""


class Memory(NamedTuple):
    """Megabytes of memory that are resident.

    Attributes:
        rss: All of it.
        pss: Pages shared with other processes counted by their share.
    """

    rss: float
    pss: float


class _Process(NamedTuple):
    pid: int
    parent: int
    ticks: int


def tick() -> float:
    """Seconds of CPU that are the least the kernel tells."""
    return 1 / os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid: int) -> float:
    """Seconds of CPU, user and system, that a process and all its descendants have used so far.

    Children that ended are in their parent's figures. The clock is that of the kernel's `stat` (10 ms), so a sample
    should take half a second or more.

    Raises:
        ProcessLookupError: The process is gone.
    """
    processes = {process.pid: process for process in _processes()}
    if pid not in processes:
        raise ProcessLookupError(f"process {pid} has ended")
    children: dict[int, list[int]] = defaultdict(list)
    for process in processes.values():
        children[process.parent].append(process.pid)
    tree, ticks = [pid], 0
    while tree:
        member = tree.pop()
        ticks += processes[member].ticks
        tree += children[member]
    return ticks * tick()


def memory(pid: int) -> Memory:
    """What a process holds at this moment, without its children."""
    lines = (PROC / str(pid) / "smaps_rollup").read_text(encoding="utf-8").splitlines()
    found = {name: int(rest.split()[0]) for name, _, rest in (line.partition(":") for line in lines[1:])}
    return Memory(rss=found["Rss"] / KIB_IN_MB, pss=found["Pss"] / KIB_IN_MB)


def shared_objects(pid: int) -> set[str]:
    """File names of the libraries that a process has loaded."""
    lines = (PROC / str(pid) / "maps").read_text(encoding="utf-8").splitlines()
    return {Path(line.split(maxsplit=5)[5]).name for line in lines if ".so" in line}


def _processes() -> Iterator[_Process]:
    for folder in PROC.glob("[0-9]*"):
        try:
            line = (folder / "stat").read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue  # it ended between the listing and the reading
        # The name stands in brackets and may hold anything, brackets included.
        fields = line.rpartition(")")[2].split()
        yield _Process(int(folder.name), int(fields[PARENT]), sum(map(int, fields[TIMES])))

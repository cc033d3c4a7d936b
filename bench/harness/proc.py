"""What a process has used: CPU with everything that it started, and memory. From /proc."""

import os
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

PROC = Path("/proc")
KIB_IN_MB = 1024
PARENT, OF_CHILDREN = 1, slice(13, 15)
"""Positions in a line of `stat` behind the name: ppid; cutime and cstime."""


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
    of_children: int


def cpu_seconds(pid: int) -> float:
    """Seconds of CPU, user and system, that a process and all its descendants have used so far.

    Of those that live by the kernel's clock of each, in nanoseconds; of those that ended as their parents' `stat` has
    it, in ticks of 10 ms.

    Raises:
        ProcessLookupError: The process is gone.
    """
    processes = {process.pid: process for process in _processes()}
    if pid not in processes:
        raise ProcessLookupError(f"process {pid} has ended")
    children: dict[int, list[int]] = defaultdict(list)
    for process in processes.values():
        children[process.parent].append(process.pid)
    tree, seconds = [pid], 0.0
    while tree:
        member = tree.pop()
        seconds += _own_seconds(member) + processes[member].of_children / os.sysconf("SC_CLK_TCK")
        tree += children[member]
    return seconds


def _own_seconds(pid: int) -> float:
    with suppress(OSError):  # it ended just now
        return time.clock_gettime(~pid << 3 | 2)  # what clock_getcpuclockid() answers on Linux
    return 0.0


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
        yield _Process(int(folder.name), int(fields[PARENT]), sum(map(int, fields[OF_CHILDREN])))

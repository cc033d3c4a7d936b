"""What every program of jobs is told: `enqueue URL WARM COUNT`, `work URL CORE` or `left URL`."""

import os
import socket
import sys
from collections.abc import Callable, Iterator

MARKS = "BENCH_MARKS"
"""The variable that says where marks are sent: a socket of the bench."""
NOTHING, MARK = "nothing", "mark"
PLACES = 20
"""Jobs that a worker runs at once, where it has such a number."""


def main(enqueue: Callable[[str, list[str]], None], work: Callable[[str], None], left: Callable[[str], int]) -> None:
    """Do what the command line says.

    Args:
        enqueue: Forgets all there is, then enqueues jobs of these names in this order.
        work: Does jobs until it is terminated.
        left: How many jobs have no outcome yet.
    """
    what, url, *numbers = sys.argv[1:]
    if what == "enqueue":
        warm, count = map(int, numbers)
        enqueue(url, list(names(warm, count)))
    elif what == "work":
        if numbers[0] != "None":
            os.sched_setaffinity(0, {int(numbers[0])})
        work(url)
    else:
        print(left(url))


def names(warm: int, count: int) -> Iterator[str]:
    """Jobs to get warm with, a mark, those that are measured, and a mark."""
    yield from [NOTHING] * warm
    yield MARK
    yield from [NOTHING] * count
    yield MARK


def mark() -> None:
    """Tell the bench that the jobs have got so far."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out:
        out.sendto(b"mark", os.environ[MARKS])

"""Threads that step back for the event loop."""

import asyncio
import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TypeVar

from lintel.errors import Unavailable

T = TypeVar("T")

STEPS_BACK = 5
"""Of niceness: a thread weighs a third of the loop, so that others who keep the machine busy do not starve it."""


class BackgroundThreads:
    """A few threads of their own for long computations that let go of the interpreter's lock.

    Where the system has priorities of threads (Linux), theirs is lower than the loop's: a request that takes a
    millisecond does not wait behind computations that take fifty. They get all the time that nobody else wants.

    Args:
        size: Threads at most; they are started when they are needed.
        max_waiting: Computations that wait for one of them; more are refused.
        refusal: What whoever is refused is told.
    """

    def __init__(self, size: int, *, max_waiting: int, refusal: str) -> None:
        self._executor = ThreadPoolExecutor(size, thread_name_prefix="lintel-background", initializer=_step_back)
        self._most = size + max_waiting
        self._refusal = refusal
        self._asked = 0

    async def run(self, function: Callable[..., T], *arguments: object) -> T:
        """The function's result. Whoever gives up while waiting leaves the queue.

        Raises:
            Unavailable: Too many are waiting already.
        """
        if self._asked >= self._most:
            raise Unavailable(self._refusal)
        self._asked += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._executor, function, *arguments)
        finally:
            self._asked -= 1


def _step_back() -> None:
    if sys.platform == "linux":  # elsewhere the number of a thread is none of a process
        thread = threading.get_native_id()
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, thread, os.getpriority(os.PRIO_PROCESS, thread) + STEPS_BACK)

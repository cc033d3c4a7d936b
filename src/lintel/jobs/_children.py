"""Work that keeps a processor busy, in child processes that can be killed."""

import sys
from collections.abc import Callable
from typing import TypeVar

from anyio import CapacityLimiter, fail_after, to_process

T = TypeVar("T")


class Children:
    """Runs functions in child processes, so that the event loop goes on and leases are kept.

    The processes are kept for the next call, unless a call is cancelled or takes too long: then its process is killed,
    in the middle of whatever it does.

    Args:
        limit: How many at once; more wait their turn.
    """

    def __init__(self, limit: int) -> None:
        self._limiter = CapacityLimiter(limit)

    async def run(self, function: Callable[..., T], *arguments: object, timeout: float | None = None) -> T:  # noqa: ASYNC109 - kills, where cancelling would wait
        """What a function returns.

        Args:
            function: Of a module, as it is told to the child by its name; arguments and result are pickled.
            arguments: What it is called with.
            timeout: Seconds, from when there is a free place.

        Raises:
            TimeoutError: It took longer, and was killed.
        """
        _forget_main_file()
        async with self._limiter:
            with fail_after(timeout):
                return await to_process.run_sync(function, *arguments, cancellable=True, limiter=CapacityLimiter(1))


def _forget_main_file() -> None:
    """Children run the file of `__main__` before anything else: for `python -m app serve`, the whole service.

    Measured: 3.8 s and all its memory, where 0.5 s are enough for what they are to do.
    """
    sys.modules["__main__"].__dict__.pop("__file__", None)

"""How much one client may say."""

import time
from collections.abc import Callable

BURST_SECONDS = 2.0


class Allowance:
    """So many messages a second for long, and twice as many at once.

    Args:
        per_second: Messages.
        clock: Seconds, always forward.
    """

    __slots__ = ("_clock", "_left", "_per_second", "_size", "_updated")

    def __init__(self, per_second: float, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_second = per_second
        self._size = max(1.0, per_second * BURST_SECONDS)
        self._left = self._size
        self._clock = clock
        self._updated = clock()

    def take(self) -> bool:
        """Whether one more is allowed."""
        now = self._clock()
        self._left = min(self._size, self._left + (now - self._updated) * self._per_second)
        self._updated = now
        if self._left < 1:
            return False
        self._left -= 1
        return True

"""Counters in the memory of one process."""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from lintel.ratelimit._port import Decision, Policy
from lintel.ratelimit._window import standing

MAX_CLIENTS = 50_000
"""Clients of one policy in one window that are kept apart: about 6 MB."""


class MemoryRateLimiter:
    """Counts in this process. Several processes would each admit the whole limit.

    What is kept of a window is dropped as a whole when the one after it is over, so nothing has to look for what is out
    of date. (The memory storage of `limits` goes through all clients on each request: with 50,000 of them that took
    4 ms.)

    Args:
        max_clients: Beyond this many in one window the counts are treated as those of the window before: many
            addresses at once make the limit milder, never the memory larger.
        clock: Seconds, always forward.
    """

    def __init__(self, *, max_clients: int = MAX_CLIENTS, clock: Callable[[], float] = time.monotonic) -> None:
        self._max_clients = max_clients
        self._clock = clock
        self._counts: dict[Policy, _Counts] = {}

    async def hit(self, policy: Policy, key: str, *, cost: int = 1) -> Decision:
        """See `RateLimiter.hit`; never waits."""
        counts = self._counts.get(policy)
        if counts is None:
            counts = self._counts[policy] = _Counts()
        number, elapsed = divmod(self._clock(), policy.window)
        counts.turn_to(number)
        before, now = counts.before.get(key, 0), counts.now.get(key, 0)
        used, reset_after = standing(before=before, now=now, left=policy.window - elapsed, window=policy.window)
        allowed = used + cost <= policy.limit
        if allowed:
            if not now and len(counts.now) >= self._max_clients:
                counts.push_back()
            counts.now[key] = now + cost
            used += cost
        return Decision(allowed, policy.limit, max(0, policy.limit - used), reset_after)

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """Nothing to open."""
        yield


class _Counts:
    """Requests by client in the present window, and in the one before it."""

    def __init__(self) -> None:
        self.number = 0.0
        self.now: dict[str, int] = {}
        self.before: dict[str, int] = {}

    def turn_to(self, number: float) -> None:
        if number != self.number:
            self.before = self.now if number == self.number + 1 else {}
            self.now = {}
            self.number = number

    def push_back(self) -> None:
        self.before, self.now = self.now, {}

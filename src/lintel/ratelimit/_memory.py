"""Counters in the memory of one process."""

import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from lintel.ratelimit._port import Charge, Decision, Policy
from lintel.ratelimit._window import decided, used_of

MAX_CLIENTS = 20_000
"""Of one policy that are kept apart; twice as many are remembered, in about 7 MB."""


class MemoryRateLimiter:
    """Counts in this process. Several processes would each admit the whole limit.

    A client's window begins with its first request. Nothing looks for what is out of date: whoever stays away for two
    windows is forgotten with a whole table of others. (The memory storage of `limits` goes through all clients on each
    request: with 50,000 of them that took 4 ms.)

    Args:
        max_clients: Beyond this many, those who have not asked for longest are forgotten: many addresses at once make
            the limit milder, never the memory larger.
        clock: Seconds, always forward.
    """

    def __init__(self, *, max_clients: int = MAX_CLIENTS, clock: Callable[[], float] = time.monotonic) -> None:
        self._max_clients = max_clients
        self._clock = clock
        self._tables: dict[Policy, _Table] = {}

    async def hit(self, policy: Policy, key: str, *, cost: int = 1) -> Decision:
        """See `RateLimiter.hit`; never waits."""
        return self._hit(policy, key, cost, self._clock())

    async def hit_all(self, charges: Sequence[Charge]) -> list[Decision]:
        """See `RateLimiter.hit_all`; never waits, so nobody comes in between."""
        moment = self._clock()
        is_counted = all(self._admits(*charge, moment) for charge in charges)
        return [self._hit(*charge, moment, is_counted=is_counted) for charge in charges]

    async def forget(self, policy: Policy, key: str) -> None:
        """See `RateLimiter.forget`; never waits."""
        table = self._tables.get(policy)
        if table is not None:
            table.forget(key)

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """Nothing to open."""
        yield

    def _hit(self, policy: Policy, key: str, cost: int, moment: float, *, is_counted: bool = True) -> Decision:
        count = self._count_of(policy, key, moment)
        left = count.started + policy.window - moment
        allowed = used_of(count.before, count.now, left, policy.window) + cost <= policy.limit
        if allowed and is_counted:
            count.now += cost
        return decided(policy, cost, count.before, count.now, left, allowed=allowed)

    def _admits(self, policy: Policy, key: str, cost: int, moment: float) -> bool:
        return self._hit(policy, key, cost, moment, is_counted=False).allowed

    def _count_of(self, policy: Policy, key: str, moment: float) -> "_Count":
        table = self._tables.get(policy)
        if table is None:
            table = self._tables[policy] = _Table(2 * policy.window, self._max_clients)
        count = table.count_of(key, moment)
        count.turn_to(moment, policy.window)
        return count


@dataclass(slots=True)
class _Count:
    """Requests of one client in its present window, and in the one before it."""

    started: float
    now: int = 0
    before: int = 0

    def turn_to(self, moment: float, window: int) -> None:
        elapsed = moment - self.started
        if elapsed >= 2 * window:
            self.started, self.now, self.before = moment, 0, 0
        elif elapsed >= window:
            self.started, self.now, self.before = self.started + window, 0, self.now


@dataclass(slots=True)
class _Table:
    """The clients of one policy: those who asked lately, and those who did before."""

    life: int
    max_clients: int
    turned: float = 0.0
    lately: dict[str, _Count] = field(default_factory=dict)
    before: dict[str, _Count] = field(default_factory=dict)

    def count_of(self, key: str, moment: float) -> _Count:
        if moment - self.turned >= self.life:
            self.before = self.lately if moment - self.turned < 2 * self.life else {}
            self.lately, self.turned = {}, moment
        count = self.lately.get(key)
        if count is None:
            if len(self.lately) >= self.max_clients:
                self.before, self.lately = self.lately, {}
            count = self.lately[key] = self.before.pop(key, _Count(moment))
        return count

    def forget(self, key: str) -> None:
        self.lately.pop(key, None)
        self.before.pop(key, None)

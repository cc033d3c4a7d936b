"""What becomes of counting while the shared counters do not answer."""

import asyncio
import math
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress

import structlog

from lintel.errors import Unavailable
from lintel.ratelimit._memory import MemoryRateLimiter
from lintel.ratelimit._port import Charge, CountersUnavailable, Decision, Policy, RateLimiter

DEADLINE = 0.05
"""Seconds that the shared counters may add to a request."""
PATIENCE = 1.0
"""Seconds that they may take where a request is refused without them: a busy moment is no outage."""
PAUSE = 1.0
"""Seconds between two attempts while they are down: the price of an outage is one waiting request a second."""

START_DEADLINE = 2.0
"""Seconds that connecting may take before the first request."""
WARM_UP = Policy("start", limit=1, window=1)

_log = structlog.get_logger("lintel.ratelimit")


class FailoverRateLimiter:
    """Asks shared counters, for as long as they answer in time; meanwhile counts in this process.

    A policy that is `fail_closed` is refused instead, after a longer wait. An outage is logged when it begins and when
    it is over.

    Args:
        shared: Asked first.
        deadline: Seconds that it may take.
        pause: Seconds after a failure in which it is left alone.
    """

    def __init__(self, shared: RateLimiter, *, deadline: float = DEADLINE, pause: float = PAUSE) -> None:
        self._shared = shared
        self._local = MemoryRateLimiter()
        self._deadline = deadline
        self._pause = pause
        self._is_down = False
        self._next_attempt = 0.0

    async def hit(self, policy: Policy, key: str, *, cost: int = 1) -> Decision:
        """See `RateLimiter.hit`.

        Raises:
            lintel.errors.Unavailable: The shared counters do not answer, and the policy is `fail_closed`.
        """
        return (await self.hit_all((Charge(policy, key, cost),)))[0]

    async def hit_all(self, charges: Sequence[Charge]) -> list[Decision]:
        """See `RateLimiter.hit_all`. One policy that is `fail_closed` is enough to be refused.

        Raises:
            lintel.errors.Unavailable: The shared counters do not answer, and a policy is `fail_closed`.
        """
        if any(charge.policy.fail_closed for charge in charges):
            return await self._insist(charges)
        decisions = await self._ask_shared(charges)
        if decisions is not None:
            return decisions
        return [decision._replace(is_shared=False) for decision in await self._local.hit_all(charges)]

    async def forget(self, policy: Policy, key: str) -> None:
        """See `RateLimiter.forget`. What the shared counters do not hear of now is over with its window."""
        await self._local.forget(policy, key)
        with suppress(CountersUnavailable, TimeoutError):
            async with asyncio.timeout(PATIENCE):
                await self._shared.forget(policy, key)

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """Opens the shared counters, and goes on without them if they do not answer.

        They are asked once, so that the first request need not wait for connections and scripts.
        """
        async with self._shared.opened():
            try:
                async with asyncio.timeout(START_DEADLINE):
                    await self._shared.hit(WARM_UP, "start")
            except (CountersUnavailable, TimeoutError) as error:
                self._note_failure(error)
            yield

    async def _insist(self, charges: Sequence[Charge]) -> list[Decision]:
        try:
            async with asyncio.timeout(PATIENCE):
                return await self._shared.hit_all(charges)
        except (CountersUnavailable, TimeoutError):
            raise Unavailable("Requests cannot be counted at present.", retry_after=math.ceil(self._pause)) from None

    async def _ask_shared(self, charges: Sequence[Charge]) -> list[Decision] | None:
        is_attempt = self._is_down
        if is_attempt:
            if time.monotonic() < self._next_attempt:
                return None
            self._wait_before_next()  # so that the others go on without
        try:
            async with asyncio.timeout(self._deadline):
                decisions = await self._shared.hit_all(charges)
        except (CountersUnavailable, TimeoutError) as error:
            self._note_failure(error)
            return None
        if is_attempt:
            self._is_down = False
            _log.warning("rate limits are shared again")
        return decisions

    def _note_failure(self, error: Exception) -> None:
        self._wait_before_next()
        if not self._is_down:
            self._is_down = True
            reason = "timeout" if isinstance(error, TimeoutError) else "error"
            _log.error("rate limits are counted in this process: the shared counters do not answer", reason=reason)

    def _wait_before_next(self) -> None:
        self._next_attempt = time.monotonic() + self._pause

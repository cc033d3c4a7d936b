"""How often one thing may be tried."""

import hashlib
import json
import math

import structlog

from lintel.errors import TooManyRequests, Unavailable
from lintel.ratelimit._port import CountersUnavailable, Policy, RateLimiter

_log = structlog.get_logger("lintel.ratelimit")


class Throttle:
    """Counts attempts at one thing, such as signing in, for each combination of who tries and what is tried.

    An attempt is counted before it is made, so that many at once are not more than the limit. What tells attempts apart
    is kept as a hash only: addresses of people are not to be read in a store of counters.

    Without shared counters where these are asked for (`REDIS_URL`) nothing can be tried: guessing must not get easier
    by an outage.

    Args:
        limiter: Counts.
        name: Of the policy; what is counted under one name does not count under another.
        limit: Attempts in one window; 0 means any number.
        window: Seconds.
    """

    def __init__(self, limiter: RateLimiter, name: str, *, limit: int, window: int) -> None:
        self._limiter = limiter
        self._policy = Policy(name, limit, window, fail_closed=True) if limit else None

    async def admit(self, *who: str) -> None:
        """Count an attempt.

        Raises:
            TooManyRequests: There were too many.
            Unavailable: The counters do not answer.
        """
        wait = await self.refusal(*who)
        if wait is not None:
            raise TooManyRequests(retry_after=wait)

    async def refusal(self, *who: str) -> int | None:
        """Count an attempt; None if it may be made, else the seconds after which another try makes sense.

        Raises:
            Unavailable: The counters do not answer.
        """
        if self._policy is None:
            return None
        try:
            decision = await self._limiter.hit(self._policy, _key(who))
        except CountersUnavailable:
            raise Unavailable("Requests cannot be counted at present.") from None
        if decision.allowed:
            return None
        _log.warning("too many attempts", policy=self._policy.name)
        return max(1, math.ceil(decision.reset_after))

    async def forget(self, *who: str) -> None:
        """Begin anew. If the counters do not answer, the attempts are forgotten with their window."""
        if self._policy is None:
            return
        try:
            await self._limiter.forget(self._policy, _key(who))
        except CountersUnavailable:
            _log.warning("attempts could not be forgotten", policy=self._policy.name)


def _key(who: tuple[str, ...]) -> str:
    # JSON keeps the parts apart, whatever is in them.
    return hashlib.sha256(json.dumps(who).encode()).hexdigest()[:32]

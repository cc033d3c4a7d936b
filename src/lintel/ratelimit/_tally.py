"""What one request was counted for so far."""

import math
from collections.abc import Sequence

import structlog
from starlette.types import Scope

from lintel.context import add_to_log
from lintel.errors import TooManyRequests
from lintel.ratelimit._port import Charge, Decision, RateLimiter

_TALLY = "lintel.rate_limit"
_log = structlog.get_logger("lintel.ratelimit")


class Tally:
    """Charges of one request, and how things stand after the last of them.

    Args:
        limiter: Counts.
        names: What routes call the policies of the charges.
        charges: What the request costs as far as its path tells.

    Attributes:
        charges: The same.
        decisions: How things stand, one for each charge; empty until they are counted.
        is_usual: Whether nothing was refused, and nothing counted in this process for lack of the shared counters.
    """

    __slots__ = ("_limiter", "_names", "charges", "decisions", "is_usual")

    def __init__(self, limiter: RateLimiter, names: Sequence[str], charges: Sequence[Charge]) -> None:
        self._limiter = limiter
        self._names = names
        self.charges = charges
        self.decisions: list[Decision] = []
        self.is_usual = True

    async def count(self) -> None:
        """Count the request.

        Raises:
            TooManyRequests: There were too many.
            lintel.errors.Unavailable: They cannot be counted.
        """
        if len(self.charges) == 1:  # as nearly always, and with nothing to say about it
            policy, key, cost = self.charges[0]
            decision = await self._limiter.hit(policy, key, cost=cost)
            self.decisions = [decision]
            if decision.allowed and decision.is_shared:
                return
        elif self.charges:
            self.decisions = await self._limiter.hit_all(self.charges)
        self._judge()

    async def add(self, name: str, cost: int) -> None:
        """Count more under one policy; nothing where that is switched off.

        Raises:
            TooManyRequests: There were too many.
            lintel.errors.Unavailable: They cannot be counted.
        """
        if name in self._names:
            place = self._names.index(name)
            charge = self.charges[place]
            self.decisions[place] = await self._limiter.hit(charge.policy, charge.key, cost=cost)
            self._judge()

    def _judge(self) -> None:
        for decision in self.decisions:
            if not (decision.allowed and decision.is_shared):
                self.is_usual = False
        if not self.is_usual:
            self._refuse_what_is_too_much()

    def _refuse_what_is_too_much(self) -> None:
        if not all(decision.is_shared for decision in self.decisions):
            add_to_log(rate_limit="in this process")
        pairs = list(zip(self.charges, self.decisions, strict=True))
        names = [charge.policy.name for charge, decision in pairs if not decision.allowed]
        if names:
            _log.warning("rate limit exceeded", policy=", ".join(names), caller=self.charges[0].key)
            wait = max(seconds_of(decision) for decision in self.decisions if not decision.allowed)
            raise TooManyRequests(policies=names, retry_after=wait)


def seconds_of(decision: Decision) -> int:
    """Whole seconds after which there is certainly more."""
    return max(1, math.ceil(decision.reset_after))


def keep_tally(scope: Scope, tally: Tally) -> None:
    """Let the endpoint add to what a request costs."""
    scope[_TALLY] = tally


async def charge(scope: Scope, cost: int, *, of: str) -> None:
    """Count more of a request, once its body tells what it costs. Nothing happens where nothing is counted.

    Args:
        scope: The request's scope.
        cost: How many requests more it counts for; nothing for 0.
        of: A policy that its route counts under (`costs`).

    Raises:
        TooManyRequests: There were too many.
        lintel.errors.Unavailable: They cannot be counted.
    """
    tally: Tally | None = scope.get(_TALLY)
    if tally is not None and cost > 0:
        await tally.add(of, cost)

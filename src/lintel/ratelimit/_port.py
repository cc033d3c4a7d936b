"""How often somebody may ask: what is agreed, what is answered, and who counts."""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from starlette.types import Scope

NAME = re.compile(r"[a-z][a-z0-9_-]{0,63}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Policy:
    """So many requests in so long a time.

    Attributes:
        name: Stable and shown to clients; what is counted under one policy does not count under another.
        limit: Requests in one window.
        window: Length of the window in seconds.
        fail_closed: What happens while the shared counters do not answer: refuse (503) instead of counting in this
            process alone. For what guessing must not get around, such as signing in.

    Raises:
        ValueError: The name is no plain word, or a number is below 1.
    """

    name: str
    limit: int
    window: int
    fail_closed: bool = False

    def __hash__(self) -> int:
        return hash(self.name)  # looked up on each request, and names tell policies apart

    def __post_init__(self) -> None:
        if not NAME.fullmatch(self.name) or self.limit < 1 or self.window < 1:
            raise ValueError(f"not a policy: {self}")


class Decision(NamedTuple):
    """What came of one request.

    Attributes:
        allowed: Whether it is within the limit; one that is not has not been counted.
        limit: Requests in one window.
        remaining: How many more would be within the limit now.
        reset_after: Seconds until there are more than `remaining`; of a refusal, until it would be admitted.
        is_shared: Whether it counts for all processes. False while the shared counters do not answer.
    """

    allowed: bool
    limit: int
    remaining: int
    reset_after: float
    is_shared: bool = True


class Charge(NamedTuple):
    """What one request takes of one policy.

    Attributes:
        policy: How often.
        key: Who asks; counted for itself.
        cost: How many requests this one counts for.
    """

    policy: Policy
    key: str
    cost: int = 1


class CountersUnavailable(Exception):
    """The counters cannot be reached. Says nothing more: a driver's text may name a host or a password."""


class RateLimiter(Protocol):
    """Counts who asked how often, over a sliding window.

    The window slides by weighing the window before: when a quarter of this one is over, three quarters of what was
    counted in the one before still count. So two bursts at the edge of two windows are not both admitted, and two
    numbers a client are all that is kept.
    """

    async def hit(self, policy: Policy, key: str, *, cost: int = 1) -> Decision:
        """Count a request of `key`, if it is within the limit.

        Args:
            policy: How often.
            key: Who asks; counted for itself.
            cost: How many requests this one counts for.

        Raises:
            CountersUnavailable: Nothing was counted, because the store did not answer.
        """
        ...

    async def hit_all(self, charges: Sequence[Charge]) -> list[Decision]:
        """Count one request under several policies: under all of them, or under none if one refuses it.

        Args:
            charges: At least one; none under the policy and key of another.

        Returns:
            What each says by itself, in the same order.

        Raises:
            CountersUnavailable: Nothing was counted, because the store did not answer.
        """
        ...

    async def forget(self, policy: Policy, key: str) -> None:
        """Begin anew for `key`, as if it had never asked.

        Raises:
            CountersUnavailable: The store did not answer.
        """
        ...

    def opened(self) -> AbstractAsyncContextManager[Any]:
        """Keep connections while the block runs. One that keeps none may be used without."""
        ...


class Caller(NamedTuple):
    """Who is asking.

    Attributes:
        key: Counted for itself.
        tier: What kind of caller that is: some may ask for more than others.
    """

    key: str
    tier: str


ANONYMOUS = "anonymous"
"""The tier of whom only the address tells apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimit:
    """What an application asks of everybody who calls it.

    Attributes:
        limiter: Counts.
        policy: How often one caller may ask for anything at all.
        tiers: The policy instead of that one for some kinds of callers; None for whom nothing bounds.
        policies: Further ones by the names that routes give (`costs`); None for one that is switched off.
        identify: Who is calling, where that is known without waiting; None for whom only the address tells apart. What
            the sender claims must have been verified.
        uncounted: Paths that are always answered, such as those of probes.
    """

    limiter: RateLimiter
    policy: Policy
    tiers: Mapping[str, Policy | None] = field(default_factory=dict)
    policies: Mapping[str, Policy | None] = field(default_factory=dict)
    identify: Callable[[Scope], Caller | None] | None = None
    uncounted: Collection[str] = ()

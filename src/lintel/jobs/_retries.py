"""When a failed attempt is followed by the next."""

import random
from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Backoff:
    """Doubles with each attempt, and differs a little each time, so that what failed together does not return together.

    Attributes:
        first: Seconds after the first attempt, on average.
        longest: Most seconds, on average.
    """

    first: float = 2.0
    longest: float = 300.0

    def after(self, attempt: int) -> timedelta:
        """How long to wait after an attempt, counted from 1."""
        seconds = min(self.longest, self.first * 2.0 ** min(attempt - 1, 32))
        return timedelta(seconds=seconds * random.uniform(0.5, 1.5))  # noqa: S311 - spreads load, keeps no secret

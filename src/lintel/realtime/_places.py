"""How many streams of events one user may have open."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from lintel.errors import TooManyRequests

RETRY_SECONDS = 5
"""A stream ends when its reader closes it, which nobody can foretell."""


class StreamPlaces:
    """The streams of one process, by user.

    Args:
        max_per_user: How many each may have at a time.
    """

    def __init__(self, max_per_user: int) -> None:
        self._max_per_user = max_per_user
        self._taken: Counter[int] = Counter()

    def __len__(self) -> int:
        """How many streams there are."""
        return self._taken.total()

    @contextmanager
    def taken_by(self, user_id: int) -> Iterator[None]:
        """One stream more of a user while the block runs.

        Raises:
            TooManyRequests: They have as many as they may.
        """
        if self._taken[user_id] >= self._max_per_user:
            raise TooManyRequests(
                "You have too many streams of events open. Close one, or use a WebSocket.", retry_after=RETRY_SECONDS
            )
        self._taken[user_id] += 1
        try:
            yield
        finally:
            self._taken[user_id] -= 1
            if not self._taken[user_id]:
                del self._taken[user_id]

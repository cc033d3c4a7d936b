"""Which of the due jobs may run beside those that run already."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple
from uuid import UUID


class Candidate(NamedTuple):
    """A due job."""

    id: UUID
    queue: str
    concurrency_key: str | None
    concurrency_limit: int


class Limits:
    """Counts what runs, by concurrency key and by queue, and what is added to it.

    Args:
        running: Rows of queue, concurrency key and number.
        queues: How many of a queue may run at once, where there is a limit.

    Attributes:
        full_keys: Of which nothing more may run, as far as was seen by `admit`.
    """

    def __init__(self, running: Iterable[Any], queues: Mapping[str, int]) -> None:
        self._keys: Counter[str] = Counter()
        self._queues: Counter[str] = Counter()
        self._queue_limits = queues
        self.full_keys: set[str] = set()
        for queue, key, number in running:
            self._queues[queue] += number
            if key is not None:
                self._keys[key] += number

    @property
    def full_queues(self) -> list[str]:
        """Queues of which nothing more may run."""
        return [queue for queue, limit in self._queue_limits.items() if self._queues[queue] >= limit]

    def admit(self, job: Candidate) -> bool:
        """Whether a job may run as well; if so it is counted from now on."""
        if self._queues[job.queue] >= self._queue_limits.get(job.queue, self._queues[job.queue] + 1):
            return False
        key = job.concurrency_key
        if key is not None and self._keys[key] >= job.concurrency_limit:
            self.full_keys.add(key)
            return False
        self._queues[job.queue] += 1
        if key is not None:
            self._keys[key] += 1
            if self._keys[key] >= job.concurrency_limit:
                self.full_keys.add(key)
        return True

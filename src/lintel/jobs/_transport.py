"""Who tells workers which job to take next, where a message broker does it."""

from collections.abc import AsyncGenerator, Iterable
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol
from uuid import UUID


class JobTransport(Protocol):
    """Hands ids of jobs from whoever enqueued them to one of the workers.

    It may lose ids and deliver them twice: the job's row says what is to be done and its lease who does it, and workers
    look for rows that nobody told them about.
    """

    async def send(self, job_ids: Iterable[UUID]) -> None:
        """Hand on ids, after the commit of their rows. An outage raises nothing."""
        ...

    def received(self) -> AsyncGenerator[UUID, None]:
        """Ids as they come, without end; one more is taken from the broker when one is asked for."""
        ...

    def opened(self) -> AbstractAsyncContextManager[Any]:
        """Close what was connected for sending when the block ends."""
        ...

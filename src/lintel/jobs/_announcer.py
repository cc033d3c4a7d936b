"""Hands the ids of jobs to a broker as soon as this process has committed them."""

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from contextvars import Context
from uuid import UUID

from lintel.jobs._signals import Signals
from lintel.jobs._transport import JobTransport

SECONDS_TO_SEND = 2.0
"""At the end, for what was committed last; workers look for the rest themselves."""


class _Announcer:
    def __init__(self, transport: JobTransport) -> None:
        self._transport = transport
        self._sending: set[asyncio.Task[None]] = set()

    def jobs_due(self, job_ids: Collection[UUID] = ()) -> None:
        if job_ids:
            # A connection that is made now outlives the request, and must not speak in its name.
            task = asyncio.get_running_loop().create_task(self._transport.send(job_ids), context=Context())
            self._sending.add(task)
            task.add_done_callback(self._sending.discard)

    def cancel_requested(self, job_id: UUID) -> None:
        """Whoever runs it hears it from the signals."""

    async def finished(self) -> None:
        if self._sending:
            await asyncio.wait(self._sending, timeout=SECONDS_TO_SEND)


@asynccontextmanager
async def announcing(signals: Signals, transport: JobTransport) -> AsyncIterator[None]:
    """Send the ids of all jobs that this process commits, while the block runs.

    Each is sent once, by the process that enqueued it. One that is lost is found by a worker that looks for what has
    been due for a while, as are jobs that were meant for later.
    """
    announcer = _Announcer(transport)
    async with transport.opened(), signals.heard_by(announcer):
        yield
    await announcer.finished()

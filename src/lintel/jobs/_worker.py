"""Takes jobs and has them done."""

import asyncio
import os
import random
import secrets
import socket
import time
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress
from datetime import timedelta
from uuid import UUID

import structlog

from lintel.jobs._attempts import Attempts
from lintel.jobs._beside import beside
from lintel.jobs._claimer import AT_ONCE, MAX_BATCH, Claimer
from lintel.jobs._handlers import Handlers
from lintel.jobs._leaseholder import Leaseholder
from lintel.jobs._maintenance import Maintenance
from lintel.jobs._metrics import JobMetrics
from lintel.jobs._queue import JobQueue
from lintel.jobs._retries import Backoff
from lintel.jobs._schedules import Scheduler
from lintel.jobs._tried import tried

CONCURRENCY = 10
LEASE_SECONDS = 30.0
POLL_SECONDS = 1.0
GRACE_SECONDS = 15.0
CLEAN_UP_SECONDS = 5.0
"""That handlers may take to end once they are stopped, and the database to hear of it."""

_log = structlog.get_logger("lintel.jobs")


class Worker:
    """Does jobs. Any number may share a table; one that dies loses nothing, as its leases run out.

    Args:
        queue: Where the jobs are.
        handlers: Do them; jobs of other kinds are left to other workers.
        concurrency: How many at once.
        lease: Seconds after which the jobs of a worker that has died are taken by others. It is renewed three times in
            that time, so it must be longer than the event loop or the database may ever stall.
        poll: Seconds after which the table is looked at although nobody said that anything is due.
        grace: Seconds that running jobs may go on once it stops; what is not done by then is handed back.
        queues: The only ones that are served; all without.
        queue_limits: How many jobs of a queue may run at once, in all workers together, which must all say the same.
        backoff: Between attempts.
        scheduler: Enqueues what recurs.
        metrics: Count.
    """

    def __init__(
        self,
        queue: JobQueue,
        handlers: Handlers,
        *,
        concurrency: int = CONCURRENCY,
        lease: float = LEASE_SECONDS,
        poll: float = POLL_SECONDS,
        grace: float = GRACE_SECONDS,
        queues: Collection[str] | None = None,
        queue_limits: Mapping[str, int] | None = None,
        backoff: Backoff | None = None,
        scheduler: Scheduler | None = None,
        metrics: JobMetrics | None = None,
    ) -> None:
        length = timedelta(seconds=lease)
        leaseholder = Leaseholder(queue.table, lease=length)
        self.owner = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
        self._concurrency = concurrency
        self._poll = poll
        self._grace = grace
        self._signals = queue.signals
        self._wake = asyncio.Event()
        self._claimer = Claimer(
            queue.table,
            owner=self.owner,
            lease=length,
            kinds=handlers.kinds,
            queues=queues,
            queue_limits=queue_limits,
        )
        self._attempts = Attempts(
            leaseholder,
            handlers,
            lease=lease,
            backoff=backoff or Backoff(),
            signals=queue.signals,
            metrics=metrics,
            on_free=self.jobs_due,
        )
        self._maintenance = Maintenance(
            queue, leaseholder, handlers=handlers, lease=lease, poll=poll, scheduler=scheduler, metrics=metrics
        )

    def jobs_due(self, job_ids: Collection[UUID] = ()) -> None:  # noqa: ARG002 - those of others count as well
        """See `Listener.jobs_due`."""
        self._wake.set()

    def cancel_requested(self, job_id: UUID) -> None:
        """See `Listener.cancel_requested`."""
        if job_id in self._attempts:
            self._attempts.keeper.hear()

    async def run(self, stop: asyncio.Event) -> None:
        """Take and do jobs until told to stop, then finish or hand back what runs."""
        async with self.serving():
            claiming = asyncio.create_task(self._claim_until(stop))
            try:
                await stop.wait()
            finally:
                stop.set()
                self._wake.set()
                # A claim under way is let through: cancelled, it would leave jobs to wait for their lease to end.
                await asyncio.wait([claiming], timeout=CLEAN_UP_SECONDS)
                await _ended(claiming)

    def running(self) -> AbstractAsyncContextManager[None]:
        """The same beside something else, such as an API, while the block runs."""
        return beside(self.run)

    @asynccontextmanager
    async def serving(self, *, on_key_free: Callable[[str], None] | None = None) -> AsyncIterator[None]:
        """Ready for `run_job` and `take`, without taking anything by itself: for transports that hand out ids.

        What is claimed after the block has ended is handed back.

        Args:
            on_key_free: Told of the concurrency key of each job that has ended, as the next one of it may begin.
        """
        self._attempts.on_key_free, self._attempts.is_closed = on_key_free, False
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self._signals.heard_by(self))
            for work in (self._attempts.keeper.run(), self._maintenance.run()):
                stack.push_async_callback(_ended, asyncio.create_task(work))
            _log.info("worker started", owner=self.owner, concurrency=self._concurrency)
            try:
                yield
            finally:
                await self._drain()
                _log.info("worker stopped", owner=self.owner)

    async def run_job(self, job_id: UUID) -> bool:
        """Do this job now, to its end. False if it is not due: done by somebody else, or a message came twice.

        Raises:
            Unavailable: The database does not answer.
        """
        claimed_at = time.monotonic()
        claimed = await self._claimer.claim_one(job_id)
        if claimed is None:
            return False
        [attempt] = self._attempts.start([claimed], claimed_at=claimed_at)
        await asyncio.shield(attempt)
        return True

    async def take(self, number: int, *, patience: timedelta = AT_ONCE) -> list[asyncio.Task[None]]:
        """Begin with up to so many jobs that have been due for so long; the attempts that were begun.

        Raises:
            Unavailable: The database does not answer.
        """
        claimed_at = time.monotonic()
        claimed = await self._claimer.claim(number, patience=patience)
        return self._attempts.start(claimed, claimed_at=claimed_at)

    async def tell_next_of(self, key: str) -> bool:
        """Tell whoever hands out ids of the jobs of a concurrency key that may begin now; whether there are any.

        Raises:
            Unavailable: The database does not answer.
        """
        due = await self._claimer.due_of_key(key)
        self._signals.tell(due=due)
        return bool(due)

    async def _claim_until(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            self._wake.clear()
            free = min(self._concurrency - len(self._attempts), MAX_BATCH)
            taken = await tried("jobs could not be claimed", self.take(free)) or [] if free > 0 else []
            if len(taken) < free or free <= 0:
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._poll * random.uniform(0.7, 1.3)):  # noqa: S311 - spreads load
                        await self._wake.wait()

    async def _drain(self) -> None:
        self._attempts.is_closed = True
        await self._attempts.finished(within=self._grace)
        self._attempts.hand_back()
        await self._attempts.finished(within=CLEAN_UP_SECONDS)
        self._attempts.abandon()
        await self._attempts.finished(within=CLEAN_UP_SECONDS)


async def _ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait([task])

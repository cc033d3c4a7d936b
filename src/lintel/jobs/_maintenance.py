"""What workers do beside jobs: free what dead workers held, enqueue what recurs, measure."""

import asyncio
import random
from collections.abc import Awaitable, Callable

import structlog
from sqlalchemy import func, select

from lintel.jobs._handlers import Handlers
from lintel.jobs._leaseholder import Leaseholder
from lintel.jobs._metrics import JobMetrics
from lintel.jobs._models import ENDED_BADLY, LIVE, JobStatus
from lintel.jobs._queue import JobQueue
from lintel.jobs._schedules import Scheduler
from lintel.jobs._tried import tried

RECOVERIES = 3
"""In the time of one lease."""
MAX_RECOVERY_SECONDS = 5.0
MEASURE_SECONDS = 15.0

_log = structlog.get_logger("lintel.jobs")


class Maintenance:
    """Every worker does it; that several do does no harm.

    Args:
        queue: Of the jobs.
        leaseholder: Frees them.
        handlers: Told of jobs that end here, as their workers die.
        lease: Seconds.
        poll: Seconds between looks at the schedules.
        scheduler: Enqueues what recurs.
        metrics: Told how many jobs there are.
    """

    def __init__(
        self,
        queue: JobQueue,
        leaseholder: Leaseholder,
        *,
        handlers: Handlers,
        lease: float,
        poll: float,
        scheduler: Scheduler | None,
        metrics: JobMetrics | None,
    ) -> None:
        self._queue = queue
        self._leaseholder = leaseholder
        self._handlers = handlers
        self._recovery_seconds = min(lease / RECOVERIES, MAX_RECOVERY_SECONDS)
        self._poll = poll
        self._scheduler = scheduler
        self._metrics = metrics
        jobs = queue.table.rows.c
        self._depths = (
            select(jobs.queue, jobs.status, func.count().label("number"))
            .where(jobs.status.in_(LIVE))
            .group_by(jobs.queue, jobs.status)
        )

    async def run(self) -> None:
        """Go on until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(_every(self._recovery_seconds, self._recover))
            if self._scheduler is not None:
                group.create_task(self._schedule(self._scheduler))
            if self._metrics is not None:
                group.create_task(_every(MEASURE_SECONDS, self._measure))

    async def _recover(self) -> None:
        recovered = await self._leaseholder.recover()
        for job in recovered:
            _log.warning("the worker of a job died", job_id=str(job.id), kind=job.kind, status=job.status.value)
            if job.status in ENDED_BADLY:
                await tried("what follows from a job's end failed", self._handlers.ended(job.kind, job.id))
        if recovered:
            due = [job.id for job in recovered if job.status is JobStatus.PENDING]
            self._queue.signals.tell(due=due, changed=[job.id for job in recovered if job.owner_id is not None])

    async def _schedule(self, scheduler: Scheduler) -> None:
        await _until_done(self._poll, scheduler.register)
        await _every(self._poll, scheduler.enqueue_due)

    async def _measure(self) -> None:
        if self._metrics is not None:
            rows = await self._queue.table.database.fetch_all(self._depths)
            self._metrics.measure((row["queue"], row["status"].value, row["number"]) for row in rows)


async def _every(seconds: float, work: Callable[[], Awaitable[None]]) -> None:
    while True:
        await tried("upkeep of jobs failed", _done(work))
        await asyncio.sleep(seconds * random.uniform(0.7, 1.3))  # noqa: S311 - spreads load, keeps no secret


async def _until_done(seconds: float, work: Callable[[], Awaitable[None]]) -> None:
    while await tried("upkeep of jobs failed", _done(work)) is None:  # noqa: ASYNC110 - nobody tells when it will work
        await asyncio.sleep(seconds)


async def _done(work: Callable[[], Awaitable[None]]) -> bool:
    await work()
    return True

"""What a worker does at this moment."""

import asyncio
import time
from collections.abc import Callable, Iterable
from datetime import timedelta
from uuid import UUID

import structlog

from lintel.context import bind_request_id, new_request_id, unbind_request_id
from lintel.jobs._claimer import ClaimedJob
from lintel.jobs._execution import Execution, Stop
from lintel.jobs._finisher import Finisher
from lintel.jobs._handlers import Handlers
from lintel.jobs._keeper import Keeper
from lintel.jobs._leaseholder import Leaseholder
from lintel.jobs._leases import Outcome
from lintel.jobs._metrics import JobMetrics
from lintel.jobs._models import ENDED_BADLY, JobStatus
from lintel.jobs._retries import Backoff
from lintel.jobs._running import RunningJob
from lintel.jobs._signals import Signals
from lintel.jobs._tried import tried

_log = structlog.get_logger("lintel.jobs")


class Attempts:
    """The running jobs of a worker, each a task of its own.

    Args:
        leaseholder: Writes.
        handlers: Do the work.
        lease: Seconds that what was just claimed is held.
        backoff: Between attempts.
        signals: Told of what is committed.
        metrics: Count.
        on_free: Called when a place becomes free.

    Attributes:
        on_key_free: Called with the concurrency key of a job that has ended, as another one of it may begin.
        is_closed: Whether what is started from now on is handed back at once, as nobody would keep its lease.
    """

    def __init__(
        self,
        leaseholder: Leaseholder,
        handlers: Handlers,
        *,
        lease: float,
        backoff: Backoff,
        signals: Signals,
        metrics: JobMetrics | None,
        on_free: Callable[[], None],
    ) -> None:
        self._leaseholder = leaseholder
        self._handlers = handlers
        self._lease = lease
        self._backoff = backoff
        self._signals = signals
        self._metrics = metrics
        self._on_free = on_free
        self.on_key_free: Callable[[str], None] | None = None
        self.is_closed = False
        self._finisher = Finisher(leaseholder)
        self._executions: dict[UUID, Execution] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self.keeper = Keeper(leaseholder, lease=lease, executions=self._executions.values(), signals=signals)

    def __len__(self) -> int:
        return len(self._tasks)

    def __contains__(self, job_id: UUID) -> bool:
        return job_id in self._executions

    def start(self, claimed: Iterable[ClaimedJob], *, claimed_at: float) -> list[asyncio.Task[None]]:
        """Begin with jobs that were claimed at this moment of the monotonic clock."""
        jobs = list(claimed)
        self._signals.tell(changed=[job.id for job in jobs if job.is_followed])
        return [self._start(job, claimed_at) for job in jobs]

    async def finished(self, *, within: float) -> None:
        """Wait until nothing runs, but no longer than this."""
        if self._tasks:
            await asyncio.wait(set(self._tasks), timeout=within)

    def hand_back(self) -> None:
        """Stop everything; others will do it, and the attempt does not count."""
        for execution in list(self._executions.values()):
            execution.stop(Stop.SHUTDOWN)

    def abandon(self) -> None:
        """Leave everything as it is: the leases will run out."""
        for task in self._tasks:
            task.cancel()

    def _start(self, claimed: ClaimedJob, claimed_at: float) -> asyncio.Task[None]:
        running = RunningJob(claimed, self._leaseholder, self.keeper.tell)
        execution = Execution(
            claimed,
            self._handlers.of(claimed.kind),
            running,
            backoff=self._backoff,
            held_until=claimed_at + self._lease,
        )
        self._executions[claimed.id] = execution
        task = asyncio.create_task(self._attempt(execution))
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._on_free()

    async def _attempt(self, execution: Execution) -> None:
        claimed = execution.claimed
        token = bind_request_id(claimed.request_id or new_request_id())
        try:
            _log.debug("job started", job_id=str(claimed.id), kind=claimed.kind, attempt=claimed.attempts)
            started = time.perf_counter()
            outcome = execution.unbegun() if self.is_closed else await execution.run()
            status = await self._written(execution, outcome)
            seconds = time.perf_counter() - started
            if status in ENDED_BADLY:  # before it is told, so that whoever hears of it sees both
                await tried("what follows from a job's end failed", self._handlers.ended(claimed.kind, claimed.id))
            self._note(execution, outcome, status, seconds)
        finally:
            self._executions.pop(claimed.id, None)
            unbind_request_id(token)

    async def _written(self, execution: Execution, outcome: Outcome | None) -> JobStatus | None:
        if outcome is not None:
            return await self._finisher.write(outcome)
        return JobStatus.COMPLETED if execution.running.is_completed else None

    def _note(self, execution: Execution, outcome: Outcome | None, status: JobStatus | None, seconds: float) -> None:
        claimed = execution.claimed
        ended = _word(execution, status)
        _log.info(
            "job ended",
            job_id=str(claimed.id),
            kind=claimed.kind,
            attempt=claimed.attempts,
            outcome=ended,
            error_code=None if outcome is None else outcome.code,
            duration_ms=round(seconds * 1_000, 3),
        )
        if self._metrics is not None:
            self._metrics.count(claimed.kind, ended, seconds)
        if outcome is not None and status is JobStatus.PENDING:
            self._wake_for(claimed.id, outcome.delay)
        if claimed.concurrency_key is not None and self.on_key_free is not None:
            self.on_key_free(claimed.concurrency_key)
        if status is not None and claimed.is_followed:
            self._signals.tell(changed=[claimed.id])

    def _wake_for(self, job_id: UUID, delay: timedelta) -> None:
        """The next attempt is not to wait for a poll; where we stop, others learn of it now."""
        if delay:
            asyncio.get_running_loop().call_later(delay.total_seconds(), self._on_free)
        else:
            self._signals.tell(due=[job_id])


def _word(execution: Execution, status: JobStatus | None) -> str:
    if status is None:
        return "lost"
    if status is JobStatus.PENDING:
        return "handed_back" if execution.stopped is Stop.SHUTDOWN else "retried"
    return status.value

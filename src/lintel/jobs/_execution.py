"""One attempt at a job, from its first line to what is written about it."""

import asyncio
import time
from enum import StrEnum
from typing import Any

import structlog
from pydantic import ValidationError

from lintel.errors import Unavailable
from lintel.jobs._claimer import ClaimedJob
from lintel.jobs._errors import (
    INVALID_PAYLOAD,
    INVALID_PAYLOAD_MESSAGE,
    TIMED_OUT,
    TIMED_OUT_MESSAGE,
    JobCancelled,
    JobFailed,
    LeaseLost,
    safe_words,
)
from lintel.jobs._handlers import Binding
from lintel.jobs._leaseholder import as_json
from lintel.jobs._leases import Beat, Outcome
from lintel.jobs._models import JobStatus
from lintel.jobs._retries import Backoff
from lintel.jobs._running import RunningJob

_log = structlog.get_logger("lintel.jobs")


class Stop(StrEnum):
    """Why a worker stops an attempt."""

    CANCELLED = "cancelled"
    LOST = "lost"
    SHUTDOWN = "shutdown"


class Execution:
    """Runs a handler, and finds words for how that ended.

    Args:
        claimed: The job.
        binding: Its handler.
        running: What the handler is given.
        backoff: Between attempts.
        held_until: By this process' monotonic clock, when the lease may be over.
    """

    def __init__(
        self,
        claimed: ClaimedJob,
        binding: Binding,
        running: RunningJob,
        *,
        backoff: Backoff,
        held_until: float,
    ) -> None:
        self.claimed = claimed
        self.running = running
        self.held_until = held_until
        self.stopped: Stop | None = None
        self._binding = binding
        self._backoff = backoff
        self._task: asyncio.Task[object] | None = None

    @property
    def is_held(self) -> bool:
        """Whether the lease cannot be over yet."""
        return time.monotonic() < self.held_until

    def unbegun(self) -> Outcome:
        """That the job is handed back, and this attempt does not count."""
        self.stopped = Stop.SHUTDOWN
        return self._outcome(JobStatus.PENDING, refund=1)

    def beat(self) -> Beat:
        """That it goes on, and how far it is."""
        return Beat(self.claimed.id, self.claimed.lease_token, self.running.reached)

    def stop(self, why: Stop) -> None:
        """Cancel the handler, once; what has ended already stays as it ended."""
        if self.stopped is None and self._task is not None:
            self.stopped = why
            self._task.cancel()

    async def run(self) -> Outcome | None:
        """Do the job. None if there is nothing to write: it is somebody else's by now, or completed itself."""
        self._task = asyncio.current_task()
        try:
            return await self._attempt()
        except asyncio.CancelledError:
            return self._stopped()
        except LeaseLost:
            self.stopped = Stop.LOST
            return None
        except JobCancelled:
            return None if self.running.is_completed else self._outcome(JobStatus.CANCELLED)
        except Exception as error:  # noqa: BLE001 - whatever a handler raises is an outcome
            return self._failed(error)
        finally:
            self._task = None

    async def _attempt(self) -> Outcome | None:
        limit = asyncio.timeout(self.claimed.timeout_seconds)
        try:
            async with limit:
                result = await self._binding.handler(self._payload(), self.running)
        except TimeoutError:
            if limit.expired():
                raise _TookTooLong from None
            raise
        return None if self.running.is_completed else self._outcome(JobStatus.COMPLETED, told=as_json(result))

    def _payload(self) -> object:
        try:
            return self._binding.payload.model_validate(self.claimed.payload)
        except ValidationError:
            raise JobFailed(INVALID_PAYLOAD, INVALID_PAYLOAD_MESSAGE) from None

    def _stopped(self) -> Outcome | None:
        task = asyncio.current_task()
        if task is not None:
            task.uncancel()
        if self.running.is_completed or self.stopped is Stop.LOST:
            return None
        return self._outcome(JobStatus.CANCELLED) if self.stopped is Stop.CANCELLED else self.unbegun()

    def _failed(self, error: Exception) -> Outcome | None:
        if self.running.is_completed:
            _log.warning("a completed job failed afterwards", exc_info=error)
            return None
        if isinstance(error, _TookTooLong):
            code, message = TIMED_OUT, TIMED_OUT_MESSAGE
        else:
            code, message = safe_words(error)
            is_clear = isinstance(error, JobFailed | Unavailable)  # an outage is no fault of the handler
            _log.warning(
                "the job failed",
                job_id=str(self.claimed.id),
                kind=self.claimed.kind,
                error_code=code,
                exc_info=None if is_clear else error,
            )
        if isinstance(error, JobFailed) or self.claimed.attempts >= self.claimed.max_attempts:
            return self._outcome(JobStatus.ERROR, code=code, message=message)
        delay = self._backoff.after(self.claimed.attempts)
        return self._outcome(JobStatus.PENDING, code=code, message=message, delay=delay)

    def _outcome(self, status: JobStatus, **values: Any) -> Outcome:
        return Outcome(self.claimed.id, self.claimed.lease_token, status, reached=self.running.reached, **values)


class _TookTooLong(Exception):
    """The attempt, not something within it that also raises TimeoutError."""

"""Durable jobs: a table that is outbox, status and lease at once, and the workers that share it."""

from lintel.jobs._announcer import announcing
from lintel.jobs._brokered import BrokeredWorker
from lintel.jobs._brokers import transport_of
from lintel.jobs._children import Children
from lintel.jobs._errors import JobCancelled, JobFailed, LeaseLost
from lintel.jobs._handlers import Handler, Handlers
from lintel.jobs._metrics import JobMetrics
from lintel.jobs._models import JobMixin, JobStatus, ScheduleMixin
from lintel.jobs._payload import JobPayload
from lintel.jobs._queue import JobQueue
from lintel.jobs._retention import delete_finished
from lintel.jobs._retries import Backoff
from lintel.jobs._running import RunningJob
from lintel.jobs._schedules import Schedule, Scheduler
from lintel.jobs._signals import Signals
from lintel.jobs._transport import JobTransport
from lintel.jobs._worker import Worker

__all__ = [
    "Backoff",
    "BrokeredWorker",
    "Children",
    "Handler",
    "Handlers",
    "JobCancelled",
    "JobFailed",
    "JobMetrics",
    "JobMixin",
    "JobPayload",
    "JobQueue",
    "JobStatus",
    "JobTransport",
    "LeaseLost",
    "RunningJob",
    "Schedule",
    "ScheduleMixin",
    "Scheduler",
    "Signals",
    "Worker",
    "announcing",
    "delete_finished",
    "transport_of",
]

"""Puts jobs into the table, and takes them back."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import DeclarativeBase
from uuid_utils.compat import uuid7

from lintel.context import current_request_id
from lintel.db import Database, Session
from lintel.jobs._enqueueing import AVAILABLE, JOB_ID, UNIQUE, QueueStatements
from lintel.jobs._models import JobStatus
from lintel.jobs._payload import JobPayload
from lintel.jobs._signals import Signals
from lintel.jobs._table import JobTable

ATTEMPTS = 3
"""Of finding the job with a unique key, which may end between two looks."""


class JobQueue:
    """The jobs of a service, for those who ask for work.

    Args:
        database: Holds the table.
        model: Has `JobMixin`.
        signals: Wake the workers.
    """

    def __init__(self, database: Database, model: type[DeclarativeBase], *, signals: Signals | None = None) -> None:
        self.table = JobTable(database, model)
        self.signals = signals or Signals()
        self._sql = QueueStatements(self.table)

    async def enqueue(
        self,
        session: Session,
        payload: JobPayload,
        *,
        owner_id: int | None = None,
        unique_key: str | None = None,
        concurrency_key: str | None = None,
        concurrency: int | None = None,
        available_at: datetime | None = None,
        priority: int | None = None,
    ) -> UUID:
        """Ask for a job within a unit of work: it is there when the unit is committed, else it never was.

        Args:
            session: Of the unit of work.
            payload: What is to be done.
            owner_id: Whose it is; nobody's if it is the service's own.
            unique_key: There is at most one job with this key that waits or runs; if there is one, its id is returned.
            concurrency_key: At most `payload.concurrency` jobs with this key run at once.
            concurrency: Another number than the payload's.
            available_at: Not before this moment.
            priority: Another one than the payload's.

        Raises:
            TypeError: The payload has no kind.
        """
        row = _row(
            payload,
            owner_id=owner_id,
            unique_key=unique_key,
            concurrency_key=concurrency_key,
            concurrency=concurrency,
            available_at=available_at,
            priority=priority,
        )
        if unique_key is None:
            await session.execute(self._sql.add, {**row, **self.table.clock.parameters()})
            job_id: UUID = row["id"]
        else:
            job_id = await self._add_unique(session, row)
        self.signals.after_commit(session, due=[] if available_at else [job_id])
        return job_id

    async def enqueue_many(
        self,
        session: Session,
        payloads: Iterable[JobPayload],
        *,
        owner_id: int | None = None,
        concurrency_key: str | None = None,
        available_at: datetime | None = None,
        priority: int | None = None,
    ) -> list[UUID]:
        """The same for many at once, without unique keys; their ids in the same order.

        Raises:
            TypeError: A payload has no kind.
        """
        asked: dict[str, Any] = {"owner_id": owner_id, "concurrency_key": concurrency_key, "available_at": available_at}
        rows = [_row(payload, **asked, unique_key=None, priority=priority) for payload in payloads]
        if rows:
            moment = self.table.clock.parameters()
            await session.execute(self._sql.add, [{**row, **moment} for row in rows])
            self.signals.after_commit(session, due=[] if available_at else [row["id"] for row in rows])
        return [row["id"] for row in rows]

    async def cancel(self, job_id: UUID, *, session: Session | None = None) -> JobStatus | None:
        """Stop a job: one that waits is cancelled at once, one that runs is told to stop.

        Args:
            job_id: Which.
            session: Of the unit of work to do it in; one of its own without.

        Returns:
            `cancelled`, or `processing` for a job that has been told; None if there is none that waits or runs.
        """
        if session is None:
            return await self.table.database.run(lambda own: self.cancel(job_id, session=own))
        found = await session.execute(self._sql.cancel, {JOB_ID: job_id, **self.table.clock.parameters()})
        row = found.first()
        if row is None:
            return None
        status = JobStatus(row[0])
        running = [job_id] if status is JobStatus.PROCESSING else []
        self.signals.after_commit(session, cancelled=running, changed=[job_id])
        return status

    async def retry(self, job_id: UUID, *, session: Session | None = None) -> bool:
        """Begin a job anew that failed or was cancelled, with all its attempts; False if there is none such.

        Raises:
            AlreadyExists: Another job with its unique key waits or runs.
        """
        if session is None:
            return await self.table.database.run(lambda own: self.retry(job_id, session=own))
        found = await session.execute(self._sql.retry, {JOB_ID: job_id, **self.table.clock.parameters()})
        if found.first() is None:
            return False
        self.signals.after_commit(session, due=[job_id], changed=[job_id])
        return True

    async def _add_unique(self, session: Session, row: Mapping[str, Any]) -> UUID:
        for _ in range(ATTEMPTS):
            added = await session.execute(self._sql.add_unique, {**row, **self.table.clock.parameters()})
            if (mine := added.scalar_one_or_none()) is not None:
                return UUID(str(mine))
            found = await session.execute(self._sql.by_unique_key, {UNIQUE: row["unique_key"]})
            if (theirs := found.scalar_one_or_none()) is not None:
                return UUID(str(theirs))
        raise RuntimeError("the job with this unique key ends as often as it is looked for")


def _row(
    payload: JobPayload,
    *,
    owner_id: int | None,
    unique_key: str | None,
    concurrency_key: str | None,
    concurrency: int | None = None,
    available_at: datetime | None,
    priority: int | None,
) -> dict[str, Any]:
    kind = getattr(payload, "kind", None)
    if not isinstance(kind, str):
        raise TypeError(f"{type(payload).__name__} has no kind")
    return {
        "id": uuid7(),
        "kind": kind,
        "queue": payload.queue,
        "payload": payload.model_dump(mode="json"),
        "priority": payload.priority if priority is None else priority,
        "max_attempts": payload.max_attempts,
        "timeout_seconds": payload.timeout,
        "unique_key": unique_key,
        "concurrency_key": concurrency_key,
        "concurrency_limit": payload.concurrency if concurrency is None else concurrency,
        "owner_id": owner_id,
        "request_id": current_request_id(),
        AVAILABLE: available_at,
    }

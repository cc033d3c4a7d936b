"""The statements of those who ask for work."""

from typing import Any

from sqlalchemy import Select, Update, Uuid, bindparam, case, func, null, select, update
from sqlalchemy.dialects import postgresql, sqlite

from lintel.db import UtcDateTime
from lintel.jobs._models import IS_LIVE, LIVE, JobStatus
from lintel.jobs._table import JobTable

AVAILABLE, JOB_ID, UNIQUE = "available_", "job_id_", "unique_"


class QueueStatements:
    """Built once for a table."""

    def __init__(self, table: JobTable) -> None:
        self._table = table
        rows = table.rows
        self.add = self._insert()
        self.add_unique = self.add.on_conflict_do_nothing(
            index_elements=[rows.c.unique_key], index_where=IS_LIVE
        ).returning(rows.c.id)
        self.by_unique_key: Select[Any] = select(rows.c.id).where(
            rows.c.unique_key == bindparam(UNIQUE), rows.c.status.in_(LIVE)
        )
        self.cancel = self._cancel()
        self.retry = self._retry()

    def _insert(self) -> Any:
        insert = postgresql.insert if self._table.is_postgres else sqlite.insert
        now = self._table.clock.now
        # By the same clock as what is due, whatever the clock of the machine that asks.
        available = func.coalesce(bindparam(AVAILABLE, type_=UtcDateTime()), now)
        return insert(self._table.rows).values(available_at=available, created_at=now, updated_at=now)

    def _cancel(self) -> Update:
        jobs, now = self._table.rows.c, self._table.clock.now
        waits = jobs.status == JobStatus.PENDING
        return (
            update(self._table.rows)
            .where(jobs.id == bindparam(JOB_ID, type_=Uuid()), jobs.status.in_(LIVE))
            .values(
                status=case((waits, JobStatus.CANCELLED.value), else_=jobs.status),
                finished_at=case((waits, now), else_=jobs.finished_at),
                cancel_requested=True,
                updated_at=now,
            )
            .returning(jobs.status)
        )

    def _retry(self) -> Update:
        jobs, now = self._table.rows.c, self._table.clock.now
        return (
            update(self._table.rows)
            .where(
                jobs.id == bindparam(JOB_ID, type_=Uuid()),
                jobs.status.in_([JobStatus.ERROR, JobStatus.CANCELLED]),
            )
            .values(
                status=JobStatus.PENDING,
                attempts=0,
                progress=0,
                cancel_requested=False,
                result=null(),
                error_code=null(),
                error_message=null(),
                available_at=now,
                started_at=null(),
                finished_at=null(),
                updated_at=now,
            )
            .returning(jobs.id)
        )

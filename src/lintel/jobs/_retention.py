"""Deletes jobs that have been over for long."""

from datetime import timedelta
from typing import Any

from sqlalchemy import CursorResult, bindparam, delete, select

from lintel.db import Session
from lintel.jobs._queue import JobQueue

CHUNK = 500
"""Rows deleted in one unit of work, so that nobody waits long for it."""


async def delete_finished(queue: JobQueue, *, older_than: timedelta, chunk: int = CHUNK) -> int:
    """Delete the jobs that ended longer ago than this; how many there were.

    Raises:
        Unavailable: The database does not answer. What was deleted until then stays deleted.
    """
    jobs, clock = queue.table.rows.c, queue.table.clock
    oldest = (
        select(jobs.id)
        .where(jobs.finished_at < clock.after("age_"))
        .order_by(jobs.finished_at)
        .limit(bindparam("chunk_"))
    )
    statement = delete(queue.table.rows).where(jobs.id.in_(oldest))

    async def work(session: Session) -> int:
        done: CursorResult[Any] = await session.execute(  # type: ignore[assignment]
            statement, {"chunk_": chunk, **clock.parameters(age_=-older_than)}
        )
        return done.rowcount

    total = 0
    while deleted := await queue.table.database.run(work):
        total += deleted
    return total

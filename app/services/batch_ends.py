"""What becomes of a batch whose job ended without reading it to its end, and of one whose job is done again."""

from functools import partial
from uuid import UUID

from app.core.enums import AnalysisStatus
from app.core.exceptions import BatchCancelled
from app.jobs import ReadBatch
from app.repositories.batches import BatchReader, BatchRepository
from app.repositories.jobs import JobRepository
from lintel.db import Database, Session, utc_now
from lintel.jobs import JobStatus

GIVEN_UP = "The text was not read: its batch was given up."


async def settle(session: Session, job_id: UUID) -> None:
    """Give the batch of a job that is over the end of that job: what waits in it is not read any more.

    Whoever reads a batch holds its job's row first, and so does this: no two wait for each other.
    """
    status = await JobRepository(session).lock_status(job_id)
    if status is not None and status.is_live:
        return
    batches = BatchRepository(session)
    batch = await batches.lock_unfinished_of(job_id)
    if batch is not None:
        is_cancelled = status is JobStatus.CANCELLED
        batch.status = AnalysisStatus.CANCELLED if is_cancelled else AnalysisStatus.ERROR
        batch.processed_at = utc_now()
        await batches.cancel_pending(batch, batch.processed_at, reason=None if is_cancelled else GIVEN_UP)


async def settle_all(database: Database) -> int:
    """Settle every batch that has no job any more that waits or runs; how many there were.

    Only for those that were missed because a process died: whoever sees a job end settles its batch.
    """
    job_ids = await BatchReader(database).jobs_of_left_alone()
    for job_id in job_ids:
        await database.run(partial(settle, job_id=job_id))
    return len(job_ids)


async def reopen(session: Session, job_id: UUID) -> None:
    """Let a batch wait again whose job was given up and is to be done again: what was read stays, what was not will be.

    Raises:
        BatchCancelled: Somebody did not want it to be read.
    """
    await settle(session, job_id)  # a process may have died before it could
    payload = await JobRepository(session).payload(job_id)
    batches = BatchRepository(session)
    batch = await batches.get(ReadBatch.model_validate(payload).batch_id, for_update=True)
    if batch is None:
        return
    if batch.status is AnalysisStatus.CANCELLED:
        raise BatchCancelled
    if batch.status is AnalysisStatus.ERROR:
        batch.status, batch.processed_at = AnalysisStatus.PENDING, None
        await batches.reopen_cancelled(batch, utc_now())

"""Many texts that are sent together and read by a job."""

from collections.abc import AsyncIterator
from contextlib import suppress
from uuid import UUID

from app.core.enums import UNFINISHED, AnalysisStatus
from app.core.exceptions import AnalysesPaused, BatchEnded, BatchNotFound
from app.core.flags import ANALYSES
from app.jobs import ReadBatch
from app.models import Batch
from app.repositories.analyses import AnalysisReader
from app.repositories.batches import BatchReader, BatchRepository
from app.schemas.analyses import AnalysisRead
from app.schemas.batches import BatchAnalysesQuery, BatchCreate, BatchLine, BatchQuery, BatchRead
from lintel.api import Found
from lintel.db import Database, Session, utc_now
from lintel.flags import Flags
from lintel.idempotency import EVERY_TIME, Once
from lintel.jobs import JobQueue
from lintel.realtime import Snapshot
from lintel.security import Principal


class BatchService:
    """Everything that is asked of batches, always for a principal and among their own.

    Args:
        database: Holds them.
        queue: Takes the jobs that read them.
        flags: May switch them off.
        at_once: How many batches of one user are read at once; the others wait, and keep nobody else waiting.
    """

    def __init__(self, database: Database, queue: JobQueue, flags: Flags, *, at_once: int) -> None:
        self._database = database
        self._queue = queue
        self._flags = flags
        self._at_once = at_once
        self._reader = BatchReader(database)
        self._analyses = AnalysisReader(database)

    async def create_batch(
        self, principal: Principal, new: BatchCreate, *, once: Once[BatchRead] = EVERY_TIME
    ) -> BatchRead:
        """The batch, with its texts and the job that will read them: all are kept, or nothing is.

        Raises:
            AnalysesPaused: The flag `analyses` is off for the principal.
        """

        async def work(session: Session) -> BatchRead:
            # Asked here: a request that is repeated gets its first answer, whatever is switched off since.
            if not await self._flags.is_on(ANALYSES, principal):
                raise AnalysesPaused
            batches = BatchRepository(session)
            batch = await batches.add(
                Batch(
                    owner_id=principal.id,
                    status=AnalysisStatus.PENDING,
                    analysis_type=new.analysis_type,
                    optimization_tier=new.optimization_tier,
                    total=len(new.texts),
                )
            )
            await batches.add_analyses(batch, new.texts)
            batch.job_id = await self._ask_for(session, batch)
            await session.flush()
            return BatchRead.model_validate(batch)

        return await once.run(self._database, work)

    async def get_batch(self, principal: Principal, batch_id: int) -> BatchRead:
        """One of the principal's batches.

        Raises:
            BatchNotFound: There is none, or it is somebody else's.
        """
        row = await self._reader.get(principal, batch_id)
        if row is None:
            raise BatchNotFound
        return BatchRead.model_validate(row)

    async def look_at(self, principal: Principal, batch_id: int) -> Snapshot | None:
        """One of the principal's batches at this moment, for those who follow it; None if there is none (any more)."""
        row = await self._reader.get(principal, batch_id)
        if row is None:
            return None
        batch = BatchRead.model_validate(row)
        version = f"{batch.status}-{batch.completed}-{batch.failed}"
        return Snapshot(batch, version, is_final=batch.status not in UNFINISHED)

    async def list_batches(self, principal: Principal, query: BatchQuery) -> Found[BatchRead]:
        """One page of the principal's batches, and how many there are."""
        found = await self._reader.page(principal, query)
        return Found.of(BatchRead, found, query)

    async def list_analyses(
        self, principal: Principal, batch_id: int, query: BatchAnalysesQuery
    ) -> Found[AnalysisRead]:
        """One page of a batch's analyses in the order of the texts, and how many there are.

        Raises:
            BatchNotFound: There is no such batch, or it is somebody else's.
        """
        found = await self._analyses.page_of_batch(principal, batch_id, query)
        if not found.rows:
            await self.get_batch(principal, batch_id)
        return Found.of(AnalysisRead, found, query)

    async def results(self, principal: Principal, batch_id: int) -> AsyncIterator[BatchLine]:
        """Every text of a batch in order, as it stands now, and then the batch, if it was not deleted meanwhile."""
        async for row in self._analyses.of_batch(principal, batch_id):
            yield BatchLine(analysis=AnalysisRead.model_validate(row), batch=None)
        with suppress(BatchNotFound):
            yield BatchLine(analysis=None, batch=await self.get_batch(principal, batch_id))

    async def cancel_batch(self, principal: Principal, batch_id: int) -> BatchRead:
        """The batch, of which no further text is read; what was found in others is kept. Once cancelled, so it stays.

        Raises:
            BatchNotFound: There is none, or it is somebody else's.
            BatchEnded: There is nothing left to cancel.
        """

        async def work(session: Session) -> BatchRead:
            batches = BatchRepository(session)
            await self._stop_job(session, await batches.find_visible(principal, batch_id))
            batch = await batches.lock_visible(principal, batch_id)
            if batch is None:
                raise BatchNotFound
            if batch.status in UNFINISHED:
                batch.status, batch.processed_at = AnalysisStatus.CANCELLED, utc_now()
                await batches.cancel_pending(batch, batch.processed_at)
                await session.flush()
            elif batch.status is not AnalysisStatus.CANCELLED:
                raise BatchEnded
            return BatchRead.model_validate(batch)

        return await self._database.run(work)

    async def delete_batch(self, principal: Principal, batch_id: int) -> None:
        """The batch and its analyses are gone, and its job stops.

        Raises:
            BatchNotFound: There is none, or it is somebody else's.
        """

        async def work(session: Session) -> None:
            batches = BatchRepository(session)
            await self._stop_job(session, await batches.find_visible(principal, batch_id))
            if not await batches.delete_visible(principal, batch_id):
                raise BatchNotFound

        await self._database.run(work)

    async def _ask_for(self, session: Session, batch: Batch) -> UUID:
        return await self._queue.enqueue(
            session,
            ReadBatch(batch_id=batch.id),
            owner_id=batch.owner_id,
            concurrency_key=f"{ReadBatch.kind}:{batch.owner_id}",
            concurrency=self._at_once,
        )

    async def _stop_job(self, session: Session, batch: Batch | None) -> None:
        """The job's row is locked before the batch's, as whoever reads the texts does: no two wait for each other."""
        if batch is None:
            raise BatchNotFound
        if batch.job_id is not None:
            await self._queue.cancel(batch.job_id, session=session)

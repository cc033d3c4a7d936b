"""Reading the texts of a batch, a few at a time: what a job does."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple
from uuid import UUID

import structlog
from anyio import BrokenWorkerProcess

from app.core.enums import AnalysisStatus, AnalysisType
from app.engines.text.reading import Reading, read_texts
from app.models import Batch
from app.repositories.batches import BatchRepository
from app.schemas.batches import BatchRead
from app.services.batch_ends import settle, settle_all
from lintel.db import Database, Session, utc_now
from lintel.jobs import Children, JobCancelled, RunningJob

TEXTS_AT_ONCE = 100
CHARACTERS_AT_ONCE = 20_000
"""The slowest text of so many characters takes 0.3 s: so soon a batch that was cancelled stops."""
SECONDS_AT_ONCE = 30.0
NOT_READ = "The text could not be read."

_log = structlog.get_logger("app.batches")

ReadTexts = Callable[[AnalysisType, Sequence[str]], list[Reading]]
"""Reads texts; a function of a module, since it is called in another process."""


class BatchReading:
    """Reads what waits in a batch. It may be begun again, and twice at once: each text counts once.

    Args:
        database: Holds the batches.
        children: The processes that read.
        read: Reads texts.
    """

    def __init__(self, database: Database, children: Children, *, read: ReadTexts = read_texts) -> None:
        self._database = database
        self._children = children
        self._read = read

    async def run(self, batch_id: int, job: RunningJob) -> None:
        """Read until nothing waits. The batch and the job are completed in one commit.

        A batch in `error` is read, too: a job that failed can be begun anew, and goes on with what still waits.

        Raises:
            JobCancelled: The batch was cancelled, or is gone.
            LeaseLost: Somebody else reads this batch now.
        """
        found: dict[int, Reading] = {}
        while (batch := await self._advance(batch_id, job, found)) is not None:
            await job.progress(batch.progress)
            job.changed()  # the counts, though the progress may not have grown by one in a hundred
            found = await self._readings(batch)

    async def give_up(self, job_id: UUID) -> None:
        """The batch of a job that ended without reading it ends as well."""
        await self._database.run(partial(settle, job_id=job_id))

    async def give_up_all(self) -> int:
        """The same for all that were missed because a process died; how many there were."""
        return await settle_all(self._database)

    async def _advance(self, batch_id: int, job: RunningJob, found: dict[int, Reading]) -> "_Step | None":
        """Note what was found, and get the next texts; None when nothing waits any more."""

        async def work(session: Session) -> _Step | None:
            await job.guard(session)
            batches = BatchRepository(session)
            batch = await batches.get(batch_id, for_update=True)
            if batch is None or batch.status is AnalysisStatus.CANCELLED:
                raise JobCancelled
            if batch.status is AnalysisStatus.COMPLETED:
                await job.complete(session)
                return None
            await _note(batches, batch, found)
            texts = await batches.next_texts(batch_id, texts=TEXTS_AT_ONCE, characters=CHARACTERS_AT_ONCE)
            if not texts:
                batch.status, batch.processed_at = AnalysisStatus.COMPLETED, utc_now()
                await job.complete(session, {"completed": batch.completed, "failed": batch.failed})
                return None
            batch.status = AnalysisStatus.PROCESSING
            return _Step(batch.analysis_type, texts, BatchRead.model_validate(batch).progress)

        return await self._database.run(work)

    async def _readings(self, step: "_Step") -> dict[int, Reading]:
        """What is found in each text, by id of its analysis."""
        found = await self._read_apart(step.analysis_type, [text for _, text in step.texts])
        readings = dict(zip((analysis_id for analysis_id, _ in step.texts), found, strict=True))
        for analysis_id, reading in readings.items():
            if reading.fault is not None:
                _log.warning("a text could not be read", analysis_id=analysis_id, error=reading.fault)
        return readings

    async def _read_apart(self, analysis_type: AnalysisType, texts: Sequence[str]) -> list[Reading]:
        """Readings made in a child. If it dies or hangs, each text is tried alone: one of them is to blame."""
        try:
            return await self._children.run(self._read, analysis_type, texts, timeout=SECONDS_AT_ONCE)
        except (BrokenWorkerProcess, TimeoutError) as error:
            if len(texts) == 1:
                return [Reading.failed(type(error).__name__)]
        return [reading for text in texts for reading in await self._read_apart(analysis_type, [text])]


class _Step(NamedTuple):
    """Texts to read next: ids of analyses with their texts."""

    analysis_type: AnalysisType
    texts: Sequence[tuple[int, str]]
    progress: int


async def _note(batches: BatchRepository, batch: Batch, found: Mapping[int, Reading]) -> None:
    """Keep what was found, and count it; what is there already is neither kept nor counted again."""
    if not found:
        return
    noted = await batches.record(batch.id, {analysis_id: _columns(reading) for analysis_id, reading in found.items()})
    failed = sum(found[analysis_id].fault is not None for analysis_id in noted)
    batch.failed += failed
    batch.completed += len(noted) - failed


def _columns(reading: Reading) -> dict[str, Any]:
    now = utc_now()
    is_read = reading.fault is None
    return {
        "status": AnalysisStatus.COMPLETED if is_read else AnalysisStatus.ERROR,
        "progress": 100,
        "sentiment_score": reading.score,
        "result": reading.result,
        "processing_time_ms": reading.milliseconds,
        "error_message": None if is_read else NOT_READ,
        "processed_at": now,
        "updated_at": now,
    }

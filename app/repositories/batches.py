"""Batches in the database."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    and_,
    bindparam,
    case,
    delete,
    exists,
    func,
    insert,
    literal_column,
    or_,
    select,
    type_coerce,
    update,
)

from app.core.enums import UNFINISHED, AnalysisStatus
from app.models import Analysis, Batch, Job
from app.repositories.visibility import seen_by, visible
from app.schemas.batches import BatchQuery
from lintel.db import Database, Listing, Repository, Rows
from lintel.jobs import JobStatus
from lintel.security import Principal

MAX_LEFT_ALONE = 1_000

_batches = Batch.__table__.c
_table: Any = Analysis.__table__
_analyses = _table.c
_jobs: Any = Job.__table__.c
_live = exists().where(
    _jobs.id == _batches.job_id, _jobs.status.in_([status for status in JobStatus if status.is_live])
)
_status_of_job = select(type_coerce(_jobs.status, _batches.status.type)).where(_jobs.id == _batches.job_id)
_STATUS = case(
    (
        and_(_batches.status.in_(UNFINISHED), ~_live),
        func.coalesce(_status_of_job.scalar_subquery(), AnalysisStatus.ERROR),
    ),
    else_=_batches.status,
)
"""The batch's own status, unless its job was given up or cancelled and nobody has settled the batch yet."""
_COLUMNS = tuple(
    _STATUS.label("status") if column.name == "status" else column for column in _batches if column.name != "owner_id"
)
_MINE = (_batches.id == bindparam("batch_id"), *visible(Batch))
_BY_ID = select(*_COLUMNS).where(*_MINE)
_FIND_MINE = select(Batch).where(*_MINE)
_LOCK_MINE = _FIND_MINE.with_for_update().execution_options(populate_existing=True)
_LIST = Listing(
    _COLUMNS,
    where=visible(Batch),
    filters={"status": bindparam("status") == _STATUS},
    needs={"progress": ("status", "total", "completed", "failed")},
)
_DELETE = delete(Batch).where(*_MINE)

_PENDING = (_analyses.batch_id == bindparam("of_batch"), _analyses.status == AnalysisStatus.PENDING)
_CHARACTERS = func.length(_analyses.text_content)
_UP_TO_HERE = func.sum(_CHARACTERS).over(order_by=_analyses.position)
_waiting = (
    select(_analyses.id, _analyses.position, _analyses.text_content, (_UP_TO_HERE - _CHARACTERS).label("before"))
    .where(*_PENDING)
    .subquery()
)
_NEXT = (
    select(_waiting.c.id, _waiting.c.text_content)
    .where(_waiting.c.before < bindparam("characters"))
    .order_by(_waiting.c.position)
    .limit(bindparam("texts"))
)
_STILL_PENDING = select(_analyses.id).where(*_PENDING, _analyses.id.in_(bindparam("ids", expanding=True)))
_RECORD = (
    update(_table)
    .where(_analyses.id == bindparam("analysis_id"))
    .values(
        {
            name: bindparam(f"new_{name}", type_=_analyses[name].type)
            for name in (
                *("status", "progress", "sentiment_score", "result", "processing_time_ms", "error_message"),
                *("processed_at", "updated_at"),
            )
        }
    )
)
_NOW: Any = bindparam("now", type_=_analyses.updated_at.type)
_CANCEL = (
    update(_table)
    .where(*_PENDING)
    .values(
        status=AnalysisStatus.CANCELLED,
        error_message=bindparam("reason", type_=_analyses.error_message.type),
        processed_at=_NOW,
        updated_at=_NOW,
    )
)
_REOPEN = (
    update(_table)
    .where(_analyses.batch_id == bindparam("of_batch"), _analyses.status == AnalysisStatus.CANCELLED)
    .values(status=AnalysisStatus.PENDING, error_message=None, processed_at=None, updated_at=_NOW)
)
_IS_UNFINISHED = or_(*(_batches.status == literal_column(f"'{status}'") for status in UNFINISHED))
"""Written out, for the index of such batches."""
_LOCK_UNFINISHED = (
    select(Batch).where(_IS_UNFINISHED, _batches.job_id == bindparam("job_id")).with_for_update()
).execution_options(populate_existing=True)
_LEFT_ALONE = select(_batches.job_id).where(_IS_UNFINISHED, _batches.job_id.is_not(None), ~_live).limit(MAX_LEFT_ALONE)


class BatchReader:
    """Reads a principal's batches, outside of any transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, principal: Principal, batch_id: int) -> dict[str, Any] | None:
        """One of the principal's batches."""
        return await self._database.fetch_one(_BY_ID, {"batch_id": batch_id, **seen_by(principal)})

    async def jobs_of_left_alone(self) -> list[UUID]:
        """The jobs of some unfinished batches, which neither wait nor run any more."""
        return [row["job_id"] for row in await self._database.fetch_all(_LEFT_ALONE)]

    async def page(self, principal: Principal, query: BatchQuery) -> Rows:
        """One page of the principal's batches."""
        return await _LIST.fetch(self._database, query.selection(), **seen_by(principal))


class BatchRepository(Repository[Batch]):
    """Writes batches and their analyses, within a unit of work."""

    model = Batch

    async def add_analyses(self, batch: Batch, texts: Sequence[str]) -> None:
        """Insert an analysis for each text of a new batch, in their order."""
        common = {
            "owner_id": batch.owner_id,
            "batch_id": batch.id,
            "analysis_type": batch.analysis_type,
            "optimization_tier": batch.optimization_tier,
            "status": AnalysisStatus.PENDING,
            "progress": 0,
            "created_at": batch.created_at,
            "updated_at": batch.updated_at,
        }
        rows = [{**common, "position": position, "text_content": text} for position, text in enumerate(texts)]
        await self.session.execute(insert(_table), rows)

    async def find_visible(self, principal: Principal, batch_id: int) -> Batch | None:
        """One of the principal's batches, not locked."""
        parameters = {"batch_id": batch_id, **seen_by(principal)}
        return (await self.session.execute(_FIND_MINE, parameters)).scalar_one_or_none()

    async def lock_visible(self, principal: Principal, batch_id: int) -> Batch | None:
        """One of the principal's batches, locked against whoever works on it."""
        parameters = {"batch_id": batch_id, **seen_by(principal)}
        return (await self.session.execute(_LOCK_MINE, parameters)).scalar_one_or_none()

    async def delete_visible(self, principal: Principal, batch_id: int) -> bool:
        """Delete one of the principal's batches with its analyses; False when there is none."""
        deleted: Any = await self.session.execute(_DELETE, {"batch_id": batch_id, **seen_by(principal)})
        return bool(deleted.rowcount)

    async def next_texts(self, batch_id: int, *, texts: int, characters: int) -> list[tuple[int, str]]:
        """The next texts that wait: id and text, few enough to be read quickly, and at least one if any waits."""
        parameters = {"of_batch": batch_id, "texts": texts, "characters": characters}
        return [(row.id, row.text_content) for row in await self.session.execute(_NEXT, parameters)]

    async def record(self, batch_id: int, rows: Mapping[int, Mapping[str, Any]]) -> list[int]:
        """Note what was found in texts, by id of the analysis, where nothing is noted yet.

        The batch must be locked. Whoever comes a second time with the same texts changes nothing.

        Returns:
            The ids of those that were noted now.
        """
        waiting = await self.session.execute(_STILL_PENDING, {"of_batch": batch_id, "ids": list(rows)})
        ids = [row.id for row in waiting]
        if ids:
            found = [{"analysis_id": id_, **{f"new_{name}": v for name, v in rows[id_].items()}} for id_ in ids]
            await self.session.execute(_RECORD, found)
        return ids

    async def cancel_pending(self, batch: Batch, now: datetime, *, reason: str | None = None) -> None:
        """What waits is not read any more, for a reason if it was not the owner's wish."""
        await self.session.execute(_CANCEL, {"of_batch": batch.id, "now": now, "reason": reason})

    async def reopen_cancelled(self, batch: Batch, now: datetime) -> None:
        """What was not read waits again."""
        await self.session.execute(_REOPEN, {"of_batch": batch.id, "now": now})

    async def lock_unfinished_of(self, job_id: UUID) -> Batch | None:
        """The batch that a job was to read and that has not ended, locked against whoever works on it."""
        return (await self.session.execute(_LOCK_UNFINISHED, {"job_id": job_id})).scalar_one_or_none()

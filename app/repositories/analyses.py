"""Analyses in the database."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from sqlalchemy import bindparam, delete, func, select

from app.models import Analysis
from app.repositories.visibility import PRINCIPAL_ID, seen_by, visible
from app.schemas.analyses import AnalysisCursorQuery
from app.schemas.batches import BatchAnalysesQuery
from lintel.db import Database, Listing, Repository, Rows, Selection
from lintel.security import Principal

_analyses = Analysis.__table__.c
_COLUMNS = tuple(column for column in _analyses if column.name != "owner_id")
_BY_ID = select(*_COLUMNS).where(_analyses.id == bindparam("analysis_id"), *visible(Analysis))
_OWN = _analyses.owner_id == bindparam("owner_id")
_COUNT = select(func.count().label("count")).where(_OWN)
_DELETE = delete(Analysis).where(_analyses.id == bindparam("analysis_id"), *visible(Analysis))
_DELETE_SOME = (
    delete(Analysis)
    .where(_analyses.id.in_(bindparam("analysis_ids", expanding=True)), *visible(Analysis))
    .returning(_analyses.id)
)

_OF_BATCH = (
    select(*_COLUMNS)
    .where(_analyses.batch_id == bindparam("batch_id"), _analyses.position > bindparam("after"), *visible(Analysis))
    .order_by(_analyses.position)
    .limit(bindparam("limit"))
)
_LIST = Listing(
    _COLUMNS,
    where=visible(Analysis),
    filters={name: _analyses[name] == bindparam(name) for name in ("analysis_type", "status", "batch_id")},
)
_LIST_OF_BATCH = Listing(
    _COLUMNS,
    where=[_analyses.batch_id == bindparam("of_batch"), *visible(Analysis)],
    filters={"status": _analyses.status == bindparam("status")},
)
ROWS_AT_ONCE = 50
"""A result can have 800 kB."""


class AnalysisReader:
    """Reads a principal's analyses, outside of any transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, principal: Principal, analysis_id: int) -> dict[str, Any] | None:
        """One of the principal's analyses."""
        parameters = {"analysis_id": analysis_id, **seen_by(principal)}
        return await self._database.fetch_one(_BY_ID, parameters)

    async def page(self, principal: Principal, query: AnalysisCursorQuery) -> Rows:
        """One page of the principal's analyses."""
        return await _LIST.fetch(self._database, query.selection(), **seen_by(principal))

    async def count(self, owner_id: int) -> int:
        """How many somebody has."""
        row = await self._database.fetch_one(_COUNT, {"owner_id": owner_id})
        return int(row["count"]) if row else 0

    def chunks(
        self, owner_id: int, filters: Mapping[str, Any], *, fields: frozenset[str] | None = None
    ) -> AsyncIterator[Sequence[Mapping[str, Any]]]:
        """Somebody's analyses, the oldest first, a few at a time; with the filters of `AnalysisFilters`."""
        # In the order of an index of theirs: what is made meanwhile comes last, and nothing changes its place.
        selection = Selection(
            sort="created_at", descending=False, size=ROWS_AT_ONCE, page=None, fields=fields, filters=filters
        )
        return _LIST.chunks(self._database, selection, **{PRINCIPAL_ID: owner_id})

    async def page_of_batch(self, principal: Principal, batch_id: int, query: BatchAnalysesQuery) -> Rows:
        """One page of a batch's analyses, in the order of its texts."""
        selection = query.selection(sort="position")
        return await _LIST_OF_BATCH.fetch(self._database, selection, of_batch=batch_id, **seen_by(principal))

    async def of_batch(self, principal: Principal, batch_id: int) -> AsyncIterator[dict[str, Any]]:
        """Every analysis of a batch, in the order of its texts; no more than a few are held at a time."""
        after = -1
        while rows := await self._database.fetch_all(
            _OF_BATCH, {"batch_id": batch_id, "after": after, "limit": ROWS_AT_ONCE, **seen_by(principal)}
        ):
            for row in rows:
                yield row
            after = rows[-1]["position"]


class AnalysisRepository(Repository[Analysis]):
    """Writes analyses, within a unit of work."""

    model = Analysis

    async def add_all(self, rows: Sequence[Analysis]) -> None:
        """Insert analyses, at once where the database can; afterwards they have their ids, which go up."""
        self.session.add_all(rows)
        await self.session.flush()

    async def delete_visible(self, principal: Principal, analysis_id: int) -> bool:
        """Delete one of the principal's analyses; False when there is none."""
        parameters = {"analysis_id": analysis_id, **seen_by(principal)}
        deleted: Any = await self.session.execute(_DELETE, parameters)
        return bool(deleted.rowcount)

    async def delete_some(self, principal: Principal, analysis_ids: Sequence[int]) -> set[int]:
        """Delete those of these that are the principal's, in one statement; their ids."""
        parameters = {"analysis_ids": analysis_ids, **seen_by(principal)}
        deleted = await self.session.execute(_DELETE_SOME, parameters, execution_options={"synchronize_session": False})
        return set(deleted.scalars())

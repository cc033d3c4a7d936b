"""Analyses in the database."""

from functools import cache
from typing import Any

from sqlalchemy import Select, bindparam, delete, select

from app.models import Analysis
from app.repositories.visibility import seen_by, visible
from app.schemas.analyses import AnalysisQuery
from lintel.db import Database, PageOfRows, Repository, fetch_page, page_statement
from lintel.security import Principal

_analyses = Analysis.__table__.c
_COLUMNS = tuple(column for column in _analyses if column.name != "owner_id")
_BY_ID = select(*_COLUMNS).where(_analyses.id == bindparam("analysis_id"), *visible(Analysis))
_DELETE = delete(Analysis).where(_analyses.id == bindparam("analysis_id"), *visible(Analysis))


class AnalysisReader:
    """Reads a principal's analyses, outside of any transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, principal: Principal, analysis_id: int) -> dict[str, Any] | None:
        """One of the principal's analyses."""
        parameters = {"analysis_id": analysis_id, **seen_by(principal)}
        return await self._database.fetch_one(_BY_ID, parameters)

    async def page(self, principal: Principal, query: AnalysisQuery) -> PageOfRows:
        """One page of the principal's analyses."""
        statement = _page(
            query.sort_by,
            descending=query.sort_order == "desc",
            by_type=query.analysis_type is not None,
            by_status=query.status is not None,
        )
        filters = {"analysis_type": query.analysis_type, "status": query.status}
        return await fetch_page(
            self._database,
            statement,
            page=query.page,
            size=query.size,
            **seen_by(principal),
            **{name: value for name, value in filters.items() if value is not None},
        )


class AnalysisRepository(Repository[Analysis]):
    """Writes analyses, within a unit of work."""

    model = Analysis

    async def delete_visible(self, principal: Principal, analysis_id: int) -> bool:
        """Delete one of the principal's analyses; False when there is none."""
        parameters = {"analysis_id": analysis_id, **seen_by(principal)}
        deleted: Any = await self.session.execute(_DELETE, parameters)
        return bool(deleted.rowcount)


@cache
def _page(sort: str, *, descending: bool, by_type: bool, by_status: bool) -> Select[Any]:
    where = visible(Analysis)
    if by_type:
        where.append(_analyses.analysis_type == bindparam("analysis_type"))
    if by_status:
        where.append(_analyses.status == bindparam("status"))
    return page_statement(_COLUMNS, where=where, sort=sort, descending=descending)

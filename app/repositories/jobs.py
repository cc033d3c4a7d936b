"""Jobs in the database, for those who ask how far they are."""

from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, bindparam, select

from app.core.permissions import Permission
from app.models import Job
from app.repositories.visibility import seen_by, visible
from app.schemas.jobs import JobQuery, JobScope
from lintel.db import Database, Listing, Repository, Rows
from lintel.jobs import JobStatus
from lintel.security import Principal

_jobs = Job.__table__.c
_COLUMNS = (
    _jobs.id,
    _jobs.kind,
    _jobs.queue,
    _jobs.status,
    _jobs.progress,
    _jobs.priority,
    _jobs.attempts,
    _jobs.max_attempts,
    _jobs.timeout_seconds,
    _jobs.cancel_requested,
    _jobs.owner_id,
    _jobs.request_id,
    _jobs.result,
    _jobs.error_code,
    _jobs.error_message,
    _jobs.available_at,
    _jobs.created_at,
    _jobs.updated_at,
    _jobs.started_at,
    _jobs.finished_at,
)
"""All but the payload, which is nobody's business, and the lease."""
_IS_IT = _jobs.id == bindparam("job_id")
_LOCK_STATUS = select(_jobs.status).where(_IS_IT).with_for_update()
_PAYLOAD = select(_jobs.payload).where(_IS_IT)

_FILTERS = {"status": _jobs.status == bindparam("status"), "kind": _jobs.kind == bindparam("kind")}
_SORTS = {"created_at": "id"}
"""Ids are given in that order (UUIDv7), and have an index."""
_ALL = Listing(_COLUMNS, filters=_FILTERS, sorts=_SORTS)
_MINE = Listing(_COLUMNS, where=visible(Job), filters=_FILTERS, sorts=_SORTS)


class JobReader:
    """Reads jobs, outside of any transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, principal: Principal, job_id: UUID) -> dict[str, Any] | None:
        """A job of the principal's; anybody's for those who manage jobs."""
        return await self._database.fetch_one(_by_id(everybody=_manages(principal)), _named(principal, job_id))

    async def page(self, principal: Principal, query: JobQuery) -> Rows:
        """One page of the principal's jobs, or of all."""
        everybody = query.scope is JobScope.ALL
        listing, seen = (_ALL, {}) if everybody else (_MINE, seen_by(principal))
        return await listing.fetch(self._database, query.selection(), **seen)


class JobRepository(Repository[Job]):
    """Reads jobs within a unit of work; `lintel.jobs` writes them."""

    model = Job

    async def lock_status(self, job_id: UUID) -> JobStatus | None:
        """How far a job is, locked against whoever works on it; None if there is none any more."""
        status: JobStatus | None = (await self.session.execute(_LOCK_STATUS, {"job_id": job_id})).scalar_one_or_none()
        return status

    async def payload(self, job_id: UUID) -> dict[str, Any]:
        """What a job is about; for services, never for an answer."""
        found: dict[str, Any] = (await self.session.execute(_PAYLOAD, {"job_id": job_id})).scalar_one()
        return found

    async def get_visible(self, principal: Principal, job_id: UUID) -> dict[str, Any] | None:
        """A job of the principal's; anybody's for those who manage jobs."""
        found = await self.session.execute(_by_id(everybody=_manages(principal)), _named(principal, job_id))
        row = found.mappings().one_or_none()
        return None if row is None else dict(row)


def _manages(principal: Principal) -> bool:
    return principal.may(Permission.JOBS_MANAGE)


def _named(principal: Principal, job_id: UUID) -> dict[str, Any]:
    own = {} if _manages(principal) else seen_by(principal)
    return {"job_id": job_id, **own}


def _visible(*, everybody: bool) -> list[ColumnElement[bool]]:
    return [] if everybody else visible(Job)


@cache
def _by_id(*, everybody: bool) -> Select[Any]:
    return select(*_COLUMNS).where(_jobs.id == bindparam("job_id"), *_visible(everybody=everybody))

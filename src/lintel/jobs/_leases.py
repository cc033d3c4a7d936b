"""The statements by which a worker keeps, and gives up, the jobs it holds."""

from collections.abc import Mapping
from datetime import timedelta
from functools import cached_property
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Integer,
    Interval,
    Select,
    String,
    Table,
    Text,
    Update,
    Uuid,
    and_,
    bindparam,
    case,
    cast,
    column,
    func,
    null,
    or_,
    select,
    update,
)
from sqlalchemy.types import TypeEngine

from lintel.db import UtcDateTime
from lintel.jobs._clock import Clock
from lintel.jobs._errors import WORKER_LOST, WORKER_LOST_MESSAGE
from lintel.jobs._matching import among, one_of
from lintel.jobs._models import FINAL, IN_PROCESSING, JobStatus

LEASE = "lease_"
MAX_RECOVERED = 100
OUTCOME: Mapping[str, TypeEngine[Any]] = {
    "job": Uuid(),
    "token": BigInteger(),
    "outcome": String(),
    "told": Text(),
    "code": String(),
    "message": String(),
    "refund": Integer(),
    "delay": Interval(),
    "reached": Integer(),
}
"""What an outcome consists of."""
BEAT: Mapping[str, TypeEngine[Any]] = {"job": Uuid(), "token": BigInteger(), "reached": Integer()}
_OF_ONE: Mapping[str, TypeEngine[Any]] = {"delay": UtcDateTime()}


class Outcome(NamedTuple):
    """How an attempt ended.

    Attributes:
        job: The id.
        token: Under which it was taken.
        outcome: The status it leaves the job in.
        told: The result, as JSON.
        code: Of the error.
        message: Of the error.
        refund: 1 if the attempt is not to count.
        delay: After which a job that is pending again is due.
        reached: The progress told last.
    """

    job: UUID
    token: int
    outcome: JobStatus
    told: str | None = None
    code: str | None = None
    message: str | None = None
    refund: int = 0
    delay: timedelta = timedelta()
    reached: int = 0


class Beat(NamedTuple):
    """That a worker still holds a job, and how far it is."""

    job: UUID
    token: int
    reached: int


class LeaseStatements:
    """Built once for a table.

    Args:
        table: Of the jobs.
        clock: Tells how long a lease lasts.
        arrays: Whether the database takes many at once (PostgreSQL).
    """

    def __init__(self, table: Table, clock: Clock, *, arrays: bool) -> None:
        self._jobs = table
        self._clock = clock
        self._arrays = arrays

    @cached_property
    def finish(self) -> Update:
        """Writes outcomes, of jobs that are still held under the token; tells of which."""
        jobs, now, given = self._jobs.c, self._clock.now, self._given(OUTCOME)
        is_over = one_of(given["outcome"], [status.value for status in FINAL])
        was_cancelled = and_(given["outcome"] == JobStatus.PENDING.value, jobs.cancel_requested)
        told = cast(given["told"], jobs.result.type) if self._arrays else given["told"]
        statement = self._held(given).values(
            status=case((was_cancelled, JobStatus.CANCELLED.value), else_=given["outcome"]),
            progress=case(
                (given["outcome"] == JobStatus.COMPLETED.value, 100),
                (given["reached"] > jobs.progress, given["reached"]),
                else_=jobs.progress,
            ),
            attempts=jobs.attempts - given["refund"],
            result=told,
            error_code=given["code"],
            error_message=given["message"],
            available_at=now + given["delay"] if self._arrays else given["delay"],
            lease_owner=null(),
            lease_until=null(),
            finished_at=case((or_(is_over, was_cancelled), now), else_=null()),
            updated_at=now,
        )
        return statement.returning(jobs.id, jobs.status)

    @cached_property
    def beat(self) -> Update:
        """Renews leases and writes progress, which only grows; tells of which, and who is to stop."""
        jobs, given = self._jobs.c, self._given(BEAT)
        is_news = given["reached"] > jobs.progress
        statement = self._held(given).values(
            lease_until=self._clock.after(LEASE),
            progress=case((is_news, given["reached"]), else_=jobs.progress),
            updated_at=case((is_news, self._clock.now), else_=jobs.updated_at),
        )
        return statement.returning(jobs.id, jobs.cancel_requested)

    @cached_property
    def guard(self) -> Select[Any]:
        """Finds a job that is held under a token, and locks it until the unit ends."""
        given = {name: bindparam(name, type_=BEAT[name]) for name in ("job", "token")}
        return select(self._jobs.c.id).where(self._is_held(given)).with_for_update()

    @cached_property
    def has_lapsed(self) -> Select[Any]:
        """Whether anybody's lease is over."""
        return select(self._jobs.c.id).where(self._lapsed).limit(1)

    @cached_property
    def recover(self) -> Update:
        """Frees jobs whose worker died; ends those that were to be cancelled, or whose workers die each time."""
        jobs, now = self._jobs.c, self._clock.now
        lapsed = select(jobs.id).where(self._lapsed).limit(MAX_RECOVERED).with_for_update(skip_locked=True)
        is_poison = and_(jobs.cancel_requested.is_(False), jobs.attempts >= jobs.max_attempts)
        ends = [(jobs.cancel_requested.is_(True), JobStatus.CANCELLED.value), (is_poison, JobStatus.ERROR.value)]
        return (
            update(self._jobs)
            .where(among(jobs.id, lapsed.cte("lapsed"), arrays=self._arrays))
            .values(
                status=case(*ends, else_=JobStatus.PENDING.value),
                error_code=case((is_poison, WORKER_LOST), else_=null()),
                error_message=case((is_poison, WORKER_LOST_MESSAGE), else_=null()),
                finished_at=case((or_(jobs.cancel_requested, is_poison), now), else_=null()),
                available_at=now,
                lease_owner=null(),
                lease_until=null(),
                updated_at=now,
            )
            .returning(jobs.id, jobs.status, jobs.kind, jobs.owner_id)
        )

    @property
    def _lapsed(self) -> ColumnElement[bool]:
        return and_(self._jobs.c.status == IN_PROCESSING, self._jobs.c.lease_until < self._clock.now)

    def _held(self, given: Mapping[str, ColumnElement[Any]]) -> Update:
        return update(self._jobs).where(self._is_held(given))

    def _is_held(self, given: Mapping[str, ColumnElement[Any]]) -> ColumnElement[bool]:
        jobs = self._jobs.c
        return and_(jobs.id == given["job"], jobs.lease_token == given["token"], jobs.status == JobStatus.PROCESSING)

    def _given(self, schema: Mapping[str, TypeEngine[Any]]) -> Mapping[str, ColumnElement[Any]]:
        """Rows of parameters on PostgreSQL, one row's parameters elsewhere."""
        if not self._arrays:
            return {name: bindparam(name, type_=_OF_ONE.get(name, kind)) for name, kind in schema.items()}
        arrays = [bindparam(name, type_=ARRAY(kind)) for name, kind in schema.items()]
        columns = [column(name, kind) for name, kind in schema.items()]
        return dict(func.unnest(*arrays).table_valued(*columns).render_derived(name="given").c.items())

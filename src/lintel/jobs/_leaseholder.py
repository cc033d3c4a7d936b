"""Keeps what a worker holds, writes what became of it, and frees what dead workers held."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any, NamedTuple
from uuid import UUID

from lintel.db import Session
from lintel.jobs._errors import LeaseLost
from lintel.jobs._leases import BEAT, LEASE, OUTCOME, Beat, LeaseStatements, Outcome
from lintel.jobs._models import JobStatus
from lintel.jobs._table import JobTable


class Recovered(NamedTuple):
    """A job whose worker had died."""

    id: UUID
    status: JobStatus
    kind: str
    owner_id: int | None


class Leaseholder:
    """Writes to jobs that are held, in as few statements as the database allows.

    Every write names the token under which the job was taken: what somebody else holds by now is left alone.

    Args:
        table: Of the jobs.
        lease: How long a job is kept after each beat.
    """

    def __init__(self, table: JobTable, *, lease: timedelta) -> None:
        self._table = table
        self._lease = lease
        self._sql = LeaseStatements(table.rows, table.clock, arrays=table.is_postgres)

    async def beat(self, beats: Sequence[Beat]) -> dict[UUID, bool]:
        """Renew leases; by job that is still held, whether it is to stop. What is missing is lost.

        Raises:
            Unavailable: The database does not answer, and nothing is known.
        """
        length = self._table.clock.parameters(**{LEASE: self._lease})
        if self._table.is_postgres:
            rows = await self._table.database.execute(self._sql.beat, {**_columns(BEAT, beats), **length})
        else:
            executions = [{**_fields(BEAT, beat), **length} for beat in beats]
            rows = await self._table.database.run(lambda session: _each(session, self._sql.beat, executions))
        return {row["id"]: row["cancel_requested"] for row in rows}

    async def finish(self, outcomes: Sequence[Outcome]) -> dict[UUID, JobStatus]:
        """Write outcomes; the statuses of those jobs that were still held.

        Raises:
            Unavailable: The database does not answer, and nothing is known.
        """
        if not self._table.is_postgres:
            return await self._table.database.run(lambda session: self.finish_within(session, outcomes))
        return _statuses(await self._table.database.execute(self._sql.finish, self._together(outcomes)))

    async def finish_within(self, session: Session, outcomes: Sequence[Outcome]) -> dict[UUID, JobStatus]:
        """The same as a part of somebody's unit of work."""
        if self._table.is_postgres:
            executions = [self._together(outcomes)]
        else:
            clock = self._table.clock
            executions = [{**_fields(OUTCOME, one), **clock.parameters(delay=one.delay)} for one in outcomes]
        return _statuses(await _each(session, self._sql.finish, executions))

    def _together(self, outcomes: Sequence[Outcome]) -> dict[str, Any]:
        return {**_columns(OUTCOME, outcomes), **self._table.clock.parameters()}

    async def guard(self, session: Session, job: UUID, token: int) -> None:
        """Hold on to a job until the unit of work ends.

        Raises:
            LeaseLost: It is not held under this token any more.
        """
        held = await session.execute(self._sql.guard, {"job": job, "token": token})
        if held.first() is None:
            raise LeaseLost

    async def recover(self) -> list[Recovered]:
        """Free the jobs whose lease is over, and end those that have been begun too often.

        Raises:
            Unavailable: The database does not answer.
        """
        parameters = self._table.clock.parameters()
        if not self._table.is_postgres and not await self._table.database.fetch_all(self._sql.has_lapsed, parameters):
            return []  # asking does not keep others from writing to the file
        return [Recovered(**row) for row in await self._table.database.execute(self._sql.recover, parameters)]


async def _each(session: Session, statement: Any, executions: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for parameters in executions:
        rows += [dict(row) for row in (await session.execute(statement, parameters)).mappings()]
    return rows


def _statuses(rows: Iterable[Mapping[str, Any]]) -> dict[UUID, JobStatus]:
    return {row["id"]: row["status"] for row in rows}


def as_json(result: Mapping[str, Any] | None) -> str | None:
    """A result as it is kept.

    Raises:
        TypeError: It holds what JSON does not know.
        ValueError: The same.
    """
    return None if result is None else json.dumps(dict(result), allow_nan=False, separators=(",", ":"))


def _columns(names: Mapping[str, Any], rows: Sequence[Any]) -> dict[str, list[Any]]:
    return {name: [getattr(row, name) for row in rows] for name in names}


def _fields(names: Mapping[str, Any], row: Any) -> dict[str, Any]:
    return {name: getattr(row, name) for name in names}

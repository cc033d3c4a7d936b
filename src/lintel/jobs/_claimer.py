"""Takes jobs for a worker."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import func, select

from lintel.db import Session
from lintel.jobs import _claims as claims
from lintel.jobs._chosen import Candidate, Limits
from lintel.jobs._table import JobTable

MAX_BATCH = 20
"""Jobs taken at once: more make a statement only a little cheaper for each, and leave less for other workers."""
MAX_ROUNDS = 2 * MAX_BATCH
"""Of looking past jobs whose key has become full with those that were just chosen; the next claim looks again."""
PAGE = 50
AT_ONCE = timedelta()


class ClaimedJob(NamedTuple):
    """A job that this worker holds, as it was when it was taken."""

    id: UUID
    kind: str
    queue: str
    payload: Mapping[str, Any]
    priority: int
    available_at: datetime
    attempts: int
    max_attempts: int
    timeout_seconds: float
    lease_token: int
    progress: int
    owner_id: int | None
    request_id: str | None
    concurrency_key: str | None

    @property
    def is_followed(self) -> bool:
        """Whether it is anybody's, who may want to hear of it."""
        return self.owner_id is not None

    @property
    def order(self) -> tuple[int, datetime, UUID]:
        """Its place among others."""
        return -self.priority, self.available_at, self.id


class Claimer:
    """Takes the jobs that are due, by priority and then by time.

    Args:
        table: Of the jobs.
        owner: Who holds what is taken.
        lease: For how long at first.
        kinds: What there are handlers for.
        queues: What is served; None for all.
        queue_limits: How many of a queue may run at once, in all workers together. All must be told the same.
    """

    def __init__(
        self,
        table: JobTable,
        *,
        owner: str,
        lease: timedelta,
        kinds: Collection[str],
        queues: Collection[str] | None = None,
        queue_limits: Mapping[str, int] | None = None,
    ) -> None:
        self._table = table
        self._owner = owner
        self._lease = lease
        self._queue_limits = dict(queue_limits or {})
        self._sql = claims.ClaimStatements(
            table.rows, table.clock, arrays=table.is_postgres, kinds=kinds, queues=queues
        )

    async def claim(self, number: int, *, patience: timedelta = AT_ONCE) -> list[ClaimedJob]:
        """Up to so many jobs that have been due for so long, first first; fewer, or none, when there are no more.

        Raises:
            Unavailable: The database does not answer.
        """
        number = min(number, MAX_BATCH)
        if not self._table.is_postgres and not await self._is_any_due(patience):
            return []  # asking does not keep others from writing to the file
        if not self._queue_limits:
            parameters = {claims.LIMIT: number, **self._held_as(**{claims.PATIENCE: -patience})}
            taken = await self._table.database.execute(self._sql.free, parameters)
            if taken:
                return _ordered(taken)
        return await self._table.database.run(lambda session: self._take_counted(session, number, patience))

    async def claim_one(self, job_id: UUID) -> ClaimedJob | None:
        """This job; None if it is not due: it runs already, is over, comes later, or its key is full.

        Raises:
            Unavailable: The database does not answer.
        """

        async def work(session: Session) -> list[ClaimedJob]:
            limits = await self._limits(session)
            parameters = {claims.JOB_ID: job_id, claims.LIMIT: 1, **self._moment(AT_ONCE)}
            found = await self._candidates(session, self._sql.one, parameters)
            return await self._take(session, [job.id for job in found if limits.admit(job)])

        taken = await self._table.database.run(work)
        return taken[0] if taken else None

    async def due_of_key(self, key: str) -> list[UUID]:
        """The ids of the first due jobs of a concurrency key, as many as may begin beside those that run.

        Raises:
            Unavailable: The database does not answer.
        """
        parameters = {claims.KEY: key, claims.LIMIT: MAX_BATCH, **self._table.clock.parameters()}
        rows = await self._table.database.fetch_all(self._sql.due_of_key, parameters, current=True)
        return [row["id"] for place, row in enumerate(rows) if place + row["running"] < row["concurrency_limit"]]

    async def _is_any_due(self, patience: timedelta) -> bool:
        return bool(await self._table.database.fetch_all(self._sql.due, {claims.LIMIT: 1, **self._moment(patience)}))

    async def _take_counted(self, session: Session, number: int, patience: timedelta) -> list[ClaimedJob]:
        limits = await self._limits(session)
        chosen: list[UUID] = []
        for _ in range(MAX_ROUNDS):
            parameters = {
                claims.LIMIT: PAGE,
                claims.FULL_KEYS: sorted(limits.full_keys),
                claims.FULL_QUEUES: limits.full_queues,
                claims.CHOSEN: chosen,
                **self._moment(patience),
            }
            found = await self._candidates(session, self._sql.candidates, parameters)
            chosen += [job.id for job in found if limits.admit(job)][: number - len(chosen)]
            if len(chosen) == number or len(found) < PAGE:
                break
        return await self._take(session, chosen)

    async def _limits(self, session: Session) -> Limits:
        if self._table.is_postgres:
            await session.execute(select(func.pg_advisory_xact_lock(claims.LOCK_ID)))
        return Limits((await session.execute(self._sql.running)).all(), self._queue_limits)

    async def _candidates(self, session: Session, statement: Any, parameters: Mapping[str, Any]) -> list[Candidate]:
        return [Candidate(*row) for row in await session.execute(statement, parameters)]

    async def _take(self, session: Session, ids: Sequence[UUID]) -> list[ClaimedJob]:
        if not ids:
            return []
        taken = await session.execute(self._sql.chosen, {claims.IDS: ids, **self._held_as()})
        return _ordered(dict(row) for row in taken.mappings())

    def _held_as(self, **lengths: timedelta) -> dict[str, Any]:
        return {claims.OWNER: self._owner, **self._table.clock.parameters(**{claims.LEASE: self._lease, **lengths})}

    def _moment(self, patience: timedelta) -> Mapping[str, Any]:
        return self._table.clock.parameters(**{claims.PATIENCE: -patience})


def _ordered(rows: Iterable[Mapping[str, Any]]) -> list[ClaimedJob]:
    """An UPDATE tells its rows in any order."""
    return sorted((ClaimedJob(**row) for row in rows), key=lambda job: job.order)

"""The statements that take jobs."""

from collections.abc import Collection
from functools import cached_property
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    Table,
    Update,
    Uuid,
    and_,
    bindparam,
    exists,
    false,
    func,
    or_,
    select,
    update,
)

from lintel.jobs._clock import Clock
from lintel.jobs._matching import among, one_of
from lintel.jobs._models import IN_PENDING, IN_PROCESSING, JobStatus

LOCK_ID = 5_121_718
"""One number for all workers: those who count what runs come one after the other on PostgreSQL."""
LIMIT, LEASE, OWNER, JOB_ID, IDS, KEY = "limit_", "lease_", "owner_", "job_id_", "ids_", "key_"
PATIENCE = "patience_"
FULL_KEYS, FULL_QUEUES, CHOSEN = "full_keys_", "full_queues_", "chosen_"

TAKEN = (
    "id",
    "kind",
    "queue",
    "payload",
    "priority",
    "available_at",
    "attempts",
    "max_attempts",
    "timeout_seconds",
    "lease_token",
    "progress",
    "owner_id",
    "request_id",
    "concurrency_key",
)
"""What a worker needs to know of a job."""


class ClaimStatements:
    """Built once for a worker, as what it can run does not change.

    Args:
        table: Of the jobs.
        clock: Tells what is due.
        arrays: Whether the database has arrays (PostgreSQL).
        kinds: What it has handlers for; others are left to workers that have (a newer version of the service).
        queues: What it serves; None for all.
    """

    def __init__(
        self, table: Table, clock: Clock, *, arrays: bool, kinds: Collection[str], queues: Collection[str] | None
    ) -> None:
        self._jobs = table
        self._arrays = arrays
        self._clock = clock
        self._kinds = sorted(kinds)
        self._queues = None if queues is None else sorted(queues)

    @cached_property
    def free(self) -> Update:
        """Takes the first due jobs, in one statement; none while a job is due whose key has to be counted."""
        columns = self._jobs.alias("keyed").c
        keyed_is_due = exists().where(
            columns.status == IN_PENDING,
            columns.concurrency_key.is_not(None),
            columns.available_at <= self._clock.after(PATIENCE),
        )
        return self._take(self._first(self._is_due, ~keyed_is_due))

    @cached_property
    def candidates(self) -> Select[Any]:
        """The first due jobs but for those that are chosen, and those of full keys and queues; take with `chosen`.

        However many jobs of full keys wait before it, a job whose key has room is found by this one statement.
        """
        jobs = self._jobs.c
        full_now: Any = bindparam(FULL_KEYS, expanding=True)
        is_open = and_(
            self._has_room,
            func.coalesce(jobs.concurrency_key, "").not_in(full_now),
            jobs.queue.not_in(bindparam(FULL_QUEUES, expanding=True)),
            jobs.id.not_in(bindparam(CHOSEN, expanding=True, type_=Uuid())),
        )
        return self._first(self._is_due, is_open, columns=self._counted)

    @cached_property
    def running(self) -> Select[Any]:
        """How many run, by queue and concurrency key."""
        jobs = self._jobs.c
        return (
            select(jobs.queue, jobs.concurrency_key, func.count().label("number"))
            .where(jobs.status == IN_PROCESSING)
            .group_by(jobs.queue, jobs.concurrency_key)
        )

    @cached_property
    def chosen(self) -> Update:
        """Takes jobs by their ids, which nobody else can have taken since they were found."""
        ids = bindparam(IDS, expanding=True, type_=Uuid())
        return self._take(select(self._jobs.c.id).where(self._jobs.c.id.in_(ids)))

    @cached_property
    def one(self) -> Select[Any]:
        """A job by its id, if it is due."""
        is_it = self._jobs.c.id == bindparam(JOB_ID, type_=Uuid())
        return self._first(self._is_due, is_it, columns=self._counted)

    @cached_property
    def due(self) -> Select[Any]:
        """The ids of the first due jobs, without taking them."""
        return self._first(self._is_due, self._has_room, lock=False)

    @cached_property
    def due_of_key(self) -> Select[Any]:
        """The first due jobs of a concurrency key, of whatever kind and queue, and how many of the key run."""
        jobs, key = self._jobs.c, bindparam(KEY, type_=self._jobs.c.concurrency_key.type)
        others = self._jobs.alias("others").c
        number = select(func.count()).where(others.status == IN_PROCESSING, others.concurrency_key == key)
        due = and_(jobs.status == IN_PENDING, jobs.available_at <= self._clock.now, jobs.concurrency_key == key)
        columns = (jobs.id, jobs.concurrency_limit, number.scalar_subquery().label("running"))
        return self._first(due, columns=columns, lock=False)

    @property
    def _counted(self) -> Collection[ColumnElement[Any]]:
        jobs = self._jobs.c
        return jobs.id, jobs.queue, jobs.concurrency_key, jobs.concurrency_limit

    @property
    def _has_room(self) -> ColumnElement[bool]:
        """Whether a job has no key, or one that is not full; found once for a statement, not for each of its rows."""
        running = self._jobs.alias("running").c
        full = (
            select(running.concurrency_key)
            .where(running.status == IN_PROCESSING, running.concurrency_key.is_not(None))
            .group_by(running.concurrency_key)
            .having(func.count() >= func.max(running.concurrency_limit))
        )
        key = self._jobs.c.concurrency_key
        return or_(key.is_(None), key.not_in(full))

    @property
    def _is_due(self) -> ColumnElement[bool]:
        jobs = self._jobs.c
        conditions = [jobs.status == IN_PENDING, jobs.available_at <= self._clock.after(PATIENCE)]
        conditions.append(one_of(jobs.kind, self._kinds) if self._kinds else false())
        if self._queues is not None:
            conditions.append(one_of(jobs.queue, self._queues) if self._queues else false())
        return and_(*conditions)

    def _first(
        self, *where: ColumnElement[bool], columns: Collection[ColumnElement[Any]] = (), lock: bool = True
    ) -> Select[Any]:
        jobs = self._jobs.c
        statement = (
            select(*(columns or (jobs.id,)))
            .where(*where)
            .order_by(jobs.priority.desc(), jobs.available_at, jobs.id)
            .limit(bindparam(LIMIT))
        )
        return statement.with_for_update(skip_locked=True) if lock else statement

    def _take(self, ids: Select[Any]) -> Update:
        jobs, now = self._jobs.c, self._clock.now
        first = ids.cte("first")  # evaluated once: a subquery may be evaluated again, and lock more than its limit
        return (
            update(self._jobs)
            .where(among(jobs.id, first, arrays=self._arrays))
            .values(
                status=JobStatus.PROCESSING,
                attempts=jobs.attempts + 1,
                lease_owner=bindparam(OWNER),
                lease_token=jobs.lease_token + 1,
                lease_until=self._clock.after(LEASE),
                started_at=now,
                updated_at=now,
            )
            .returning(*(jobs[name] for name in TAKEN))
        )

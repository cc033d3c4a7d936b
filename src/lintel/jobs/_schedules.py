"""What recurs. Every worker enqueues; the row of a schedule lets each tick through once."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError
from sqlalchemy import Table, and_, bindparam, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import DeclarativeBase

from lintel.db import Session, UtcDateTime, utc_now
from lintel.jobs._payload import JobPayload
from lintel.jobs._queue import JobQueue


@dataclass(frozen=True, slots=True)
class Schedule:
    """Something that recurs.

    Ticks are moments of local time as Debian's cron understands them: what falls into the hour that is left out in
    spring runs right after it, what falls into the hour that comes twice in autumn runs once. Ticks missed while no
    worker ran are made up for by one.

    Attributes:
        name: Of its row.
        cron: Five fields: minute, hour, day of the month, month, day of the week.
        payload: What is enqueued.
        timezone: Whose hours these are, such as `Europe/Vienna`.

    Raises:
        ValueError: No such expression, or no such time zone.
    """

    name: str
    cron: str
    payload: JobPayload
    timezone: str = "UTC"

    def __post_init__(self) -> None:
        self.next_after(datetime.now(UTC))

    def next_after(self, moment: datetime) -> datetime:
        """The first tick after a moment, in UTC."""
        try:
            local = moment.astimezone(ZoneInfo(self.timezone))
            return next(CronSim(self.cron, local)).astimezone(UTC)
        except (CronSimError, ZoneInfoNotFoundError, StopIteration):
            raise ValueError(f"{self.name}: {self.cron!r} in {self.timezone!r} never comes") from None


class Scheduler:
    """Enqueues what is due.

    Args:
        queue: Takes the jobs.
        model: Has `ScheduleMixin`.
        schedules: All that recurs; rows with other names are left alone.
    """

    def __init__(self, queue: JobQueue, model: type[DeclarativeBase], schedules: Collection[Schedule]) -> None:
        if not isinstance(model.__table__, Table):
            raise TypeError(f"{model.__name__} has no table of its own")
        self._queue = queue
        self._schedules = {schedule.name: schedule for schedule in schedules}
        self._rows = model.__table__
        self._due = self._due_statement()
        self._pass = self._pass_statement()
        self._add, self._change = self._register_statements()

    async def register(self) -> None:
        """Make the rows that are missing, and bring those up to date whose times have changed."""

        async def work(session: Session) -> None:
            now = await self._now(session)
            for schedule in self._schedules.values():
                row = {
                    "name_": schedule.name,
                    "cron_": schedule.cron,
                    "timezone_": schedule.timezone,
                    "next_": schedule.next_after(now),
                }
                await session.execute(self._add, row)
                await session.execute(self._change, row)

        await self._queue.table.database.run(work)

    async def enqueue_due(self) -> None:
        """Enqueue what is due and not enqueued yet.

        Raises:
            Unavailable: The database does not answer.
        """
        database, clock = self._queue.table.database, self._queue.table.clock
        for row in await database.fetch_all(self._due, clock.parameters()):
            await database.run(partial(self._enqueue, name=row["name"], tick=row["next_run_at"]))

    async def _enqueue(self, session: Session, *, name: str, tick: datetime) -> None:
        schedule = self._schedules[name]
        following = schedule.next_after(await self._now(session))
        passed = await session.execute(self._pass, {"name_": name, "tick_": tick, "next_": following})
        if passed.first() is not None:
            await self._queue.enqueue(session, schedule.payload, unique_key=f"{name}:{tick.isoformat()}")

    async def _now(self, session: Session) -> datetime:
        if not self._queue.table.is_postgres:
            return utc_now()
        now: datetime = (await session.execute(select(self._queue.table.clock.now))).scalar_one()
        return now

    def _due_statement(self) -> Any:
        rows = self._rows.c
        return select(rows.name, rows.next_run_at).where(
            rows.is_enabled, rows.next_run_at <= self._queue.table.clock.now, rows.name.in_(list(self._schedules))
        )

    def _pass_statement(self) -> Any:
        rows = self._rows.c
        tick, following = bindparam("tick_", type_=UtcDateTime()), bindparam("next_", type_=UtcDateTime())
        is_ours = and_(rows.name == bindparam("name_"), rows.next_run_at == tick, rows.is_enabled)
        return update(self._rows).where(is_ours).values(next_run_at=following, last_run_at=tick).returning(rows.name)

    def _register_statements(self) -> tuple[Any, Any]:
        rows = self._rows.c
        insert = postgresql.insert if self._queue.table.is_postgres else sqlite.insert
        cron: Any = bindparam("cron_")
        timezone: Any = bindparam("timezone_")
        values = {"cron": cron, "timezone": timezone, "next_run_at": bindparam("next_", type_=UtcDateTime())}
        add = insert(self._rows).values(name=bindparam("name_"), **values).on_conflict_do_nothing()
        differs = or_(rows.cron != cron, rows.timezone != timezone)
        change = update(self._rows).where(rows.name == bindparam("name_"), differs).values(**values)
        return add, change

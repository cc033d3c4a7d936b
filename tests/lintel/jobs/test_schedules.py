"""What recurs."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from lintel.db import utc_now
from lintel.jobs import Schedule, Scheduler
from tests.lintel.jobs.conftest import Job, Note, Office, Recurring

pytestmark = pytest.mark.anyio


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def ticks(schedule: Schedule, start: str, number: int) -> list[str]:
    found, moment = [], at(start)
    for _ in range(number):
        moment = schedule.next_after(moment)
        found.append(moment.strftime("%m-%d %H:%M"))
    return found


class TestNextAfter:
    def test_is_in_utc(self) -> None:
        schedule = Schedule("noon", "0 12 * * *", Note(), "Europe/Vienna")
        assert ticks(schedule, "2026-07-01 00:00", 2) == ["07-01 10:00", "07-02 10:00"]
        assert ticks(schedule, "2026-12-01 00:00", 1) == ["12-01 11:00"]

    def test_of_an_hour_that_is_left_out_comes_right_after_it(self) -> None:
        schedule = Schedule("night", "30 2 * * *", Note(), "Europe/Vienna")
        assert ticks(schedule, "2026-03-28 00:00", 3) == ["03-28 01:30", "03-29 01:00", "03-30 00:30"]

    def test_of_an_hour_that_comes_twice_comes_once(self) -> None:
        schedule = Schedule("night", "30 2 * * *", Note(), "Europe/Vienna")
        assert ticks(schedule, "2026-10-24 12:00", 2) == ["10-25 00:30", "10-26 01:30"]

    def test_of_every_hour_comes_each_hour_when_the_clock_changes(self) -> None:
        schedule = Schedule("hourly", "0 * * * *", Note(), "Europe/Vienna")
        assert ticks(schedule, "2026-03-29 00:00", 3) == ["03-29 01:00", "03-29 02:00", "03-29 03:00"]
        assert ticks(schedule, "2026-10-24 23:30", 4) == ["10-25 00:00", "10-25 01:00", "10-25 02:00", "10-25 03:00"]

    @pytest.mark.parametrize(
        ("cron", "timezone"), [("* * * *", "UTC"), ("61 * * * *", "UTC"), ("* * * * *", "Nowhere/Here")]
    )
    def test_that_never_comes_is_refused(self, cron: str, timezone: str) -> None:
        with pytest.raises(ValueError, match="never comes"):
            Schedule("bad", cron, Note(), timezone)


def scheduler(office: Office, cron: str = "* * * * *") -> Scheduler:
    return Scheduler(office.queue, Recurring, [Schedule("notes", cron, Note(text="tick"))])


async def rows(office: Office, model: Any) -> list[Any]:
    async with office.database.read() as connection:
        return list(await connection.execute(select(model.__table__)))


async def set_due(office: Office, **values: Any) -> datetime:
    tick = utc_now().replace(microsecond=0) - timedelta(minutes=90)
    async with office.database.writer.begin() as connection:
        await connection.execute(update(Recurring).values(next_run_at=tick, **values))
    return tick


class TestScheduler:
    async def test_enqueues_a_tick_once_and_makes_up_for_missed_ones_by_one(self, office: Office) -> None:
        several = [scheduler(office) for _ in range(4)]
        for one in several:
            await one.register()
        tick = await set_due(office)
        await asyncio.gather(*(one.enqueue_due() for one in several))
        for one in several:
            await one.enqueue_due()
        [job] = await rows(office, Job)
        assert (job.payload, job.unique_key) == ({"text": "tick"}, f"notes:{tick.isoformat()}")
        [row] = await rows(office, Recurring)
        assert row.last_run_at == tick
        assert row.next_run_at > utc_now() - timedelta(seconds=5)

    async def test_enqueues_a_tick_once_even_if_its_job_is_over(self, office: Office) -> None:
        one, other = scheduler(office), scheduler(office)
        await one.register()
        await set_due(office)
        await one.enqueue_due()
        [job] = await rows(office, Job)
        await office.queue.cancel(job.id)
        await other.enqueue_due()
        assert len(await rows(office, Job)) == 1

    async def test_waits_for_the_first_tick(self, office: Office) -> None:
        one = scheduler(office, "0 0 1 1 *")
        await one.register()
        await one.enqueue_due()
        assert await rows(office, Job) == []

    async def test_takes_over_times_that_changed_and_leaves_the_others(self, office: Office) -> None:
        await scheduler(office).register()
        tick = await set_due(office)
        await scheduler(office).register()
        [row] = await rows(office, Recurring)
        assert row.next_run_at == tick
        await scheduler(office, "0 0 1 1 *").register()
        [row] = await rows(office, Recurring)
        assert (row.cron, row.next_run_at.month, row.next_run_at > utc_now()) == ("0 0 1 1 *", 1, True)

    async def test_leaves_what_is_switched_off(self, office: Office) -> None:
        one = scheduler(office)
        await one.register()
        await set_due(office, is_enabled=False)
        await one.enqueue_due()
        assert await rows(office, Job) == []

    async def test_is_run_by_workers(self, office: Office) -> None:
        await scheduler(office).register()
        await set_due(office)
        for _ in range(2):
            await office.start(scheduler=scheduler(office))
        await office.until(lambda: office.scribe.seen == ["tick"])

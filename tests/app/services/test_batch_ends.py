"""Batches whose jobs end without them, and are done again."""

from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import delete, select, text, update

from app.core.enums import UNFINISHED, UserRole
from app.core.exceptions import BatchCancelled
from app.models import Job
from app.services import batch_reading
from app.services.batch_ends import GIVEN_UP
from app.services.batch_reading import BatchReading
from app.services.container import Services
from lintel.db import utc_now
from lintel.security import Principal
from tests.app.conftest import add_user, principal_of
from tests.app.engines.text.odd import read_slowly
from tests.app.services.test_batch_reading import Failing, analyses, ended, reading_of, send, until, working

pytestmark = pytest.mark.anyio


@pytest.fixture
async def ada(services: Services) -> Principal:
    return principal_of(await add_user(services))


class TestSettle:
    """Of batches whose jobs end without them."""

    async def test_ends_the_batch_of_a_job_that_failed_each_time(
        self, services: Services, ada: Principal, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(batch_reading, "TEXTS_AT_ONCE", 1)
        batch = await send(services, ada, "a", "b", "c")
        async with working(services, BatchReading(services.database, Failing(after=1))):
            await until(partial(has_ended, services))
        assert await stored(services) == ("error", {"completed": 1, "cancelled": 2})
        assert [one.error_message for one in await analyses(services, ada, batch)] == [None, GIVEN_UP, GIVEN_UP]
        async with services.database.writer.begin() as connection:
            await connection.execute(text("DELETE FROM jobs"))
        found = await services.batches.get_batch(ada, batch.id)
        assert (found.status, found.completed, found.failed) == ("error", 1, 0)
        assert found.processed_at is not None

    async def test_ends_the_batch_of_a_job_whose_workers_died(self, services: Services, ada: Principal) -> None:
        await send(services, ada, "a")
        async with services.database.writer.begin() as connection:
            await connection.execute(
                update(Job).values(status="processing", attempts=3, lease_until=utc_now() - timedelta(minutes=1))
            )
        async with working(services, reading_of(services)):
            await until(partial(has_ended, services))
        assert await stored(services) == ("error", {"cancelled": 1})

    async def test_ends_the_batch_of_a_job_that_is_cancelled(self, services: Services, ada: Principal) -> None:
        batch = await send(services, ada, *(f"Text {number}." for number in range(400)))

        async def has_begun() -> bool:
            return (await services.batches.get_batch(ada, batch.id)).completed > 0

        async with working(services, reading_of(services, read_slowly)):
            await until(has_begun)
            assert batch.job_id is not None
            await services.jobs.cancel_job(ada, batch.job_id)
            await until(partial(has_ended, services))
        status, texts = await stored(services)
        assert (status, set(texts)) == ("cancelled", {"completed", "cancelled"})

    async def test_all_ends_what_was_missed(self, services: Services, ada: Principal) -> None:
        for number in range(3):
            await send(services, ada, str(number))
        async with services.database.writer.begin() as connection:
            ids = list((await connection.execute(select(Job.id).order_by(Job.id))).scalars())
            await connection.execute(update(Job).where(Job.id == ids[0]).values(status="cancelled"))
            await connection.execute(delete(Job).where(Job.id == ids[1]))
        reading = reading_of(services)
        assert [await reading.give_up_all() for _ in range(2)] == [2, 0]
        async with services.database.read() as connection:
            found = (await connection.execute(text("SELECT status FROM batches ORDER BY id"))).scalars()
            assert list(found) == ["cancelled", "error", "pending"]

    async def test_is_undone_when_the_job_is_retried(self, services: Services, ada: Principal) -> None:
        admin = principal_of(await add_user(services, "admin@example.com", UserRole.ADMIN))
        batch = await send(services, ada, "a", "b")
        async with services.database.writer.begin() as connection:
            await connection.execute(text("UPDATE analyses SET status = 'completed' WHERE position = 0"))
            await connection.execute(text("UPDATE batches SET completed = 1"))
            await connection.execute(update(Job).values(status="error"))
        assert batch.job_id is not None
        await reading_of(services).give_up(batch.job_id)
        assert await stored(services) == ("error", {"completed": 1, "cancelled": 1})
        await services.jobs.retry_job(admin, batch.job_id)
        assert await stored(services) == ("pending", {"completed": 1, "pending": 1})
        async with working(services, reading_of(services)):
            done = await ended(services, ada, batch)
        assert (done.status, done.completed, done.processed_at is not None) == ("completed", 2, True)

    @pytest.mark.parametrize("died_before", [True, False])
    async def test_of_one_that_was_cancelled_is_for_ever(
        self, services: Services, ada: Principal, *, died_before: bool
    ) -> None:
        admin = principal_of(await add_user(services, "admin@example.com", UserRole.ADMIN))
        batch = await send(services, ada, "a")
        assert batch.job_id is not None
        async with services.database.writer.begin() as connection:
            await connection.execute(update(Job).values(status="cancelled"))
        if not died_before:
            await reading_of(services).give_up(batch.job_id)
        with pytest.raises(BatchCancelled):
            await services.jobs.retry_job(admin, batch.job_id)
        assert (await services.jobs.get_job(admin, batch.job_id)).status == "cancelled"
        assert (await services.batches.get_batch(ada, batch.id)).status == "cancelled"

    async def test_leaves_a_batch_alone_whose_job_goes_on(self, services: Services, ada: Principal) -> None:
        batch = await send(services, ada, "a")
        assert batch.job_id is not None
        await reading_of(services).give_up(batch.job_id)
        assert await stored(services) == ("pending", {"pending": 1})


async def has_ended(services: Services) -> bool:
    async with services.database.read() as connection:
        found = (await connection.execute(text("SELECT status FROM batches"))).scalars()
    return not set(found) & set(UNFINISHED)


async def stored(services: Services) -> tuple[str, dict[str, int]]:
    """What the batch's own row says, and how many of its texts are in which state."""
    async with services.database.read() as connection:
        status = (await connection.execute(text("SELECT status FROM batches"))).scalar_one()
        rows = await connection.execute(text("SELECT status, count(*) FROM analyses GROUP BY status"))
        return status, {row[0]: row[1] for row in rows}

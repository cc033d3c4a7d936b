"""Batches, without HTTP and without a worker."""

from uuid import uuid4

import pytest
from sqlalchemy import text

from app.core.enums import AnalysisStatus, AnalysisType, OptimizationTier
from app.core.exceptions import BatchEnded, BatchNotFound
from app.schemas.analyses import AnalysisQuery
from app.schemas.batches import BatchAnalysesQuery, BatchCreate, BatchQuery, BatchRead
from app.services.container import Services
from lintel.security import Principal
from tests.app.conftest import add_user, principal_of, recorded

pytestmark = pytest.mark.anyio

NOBODY = 4_711


@pytest.fixture
async def ada(services: Services) -> Principal:
    return principal_of(await add_user(services))


@pytest.fixture
async def bob(services: Services) -> Principal:
    return principal_of(await add_user(services, "bob@example.com"))


async def send(services: Services, owner: Principal, count: int = 3) -> BatchRead:
    texts = [f"Text {number}." for number in range(count)]
    return await services.batches.create_batch(owner, BatchCreate(texts=texts, analysis_type=AnalysisType.SENTIMENT))


async def execute(services: Services, statement: str, **values: object) -> None:
    async with services.database.writer.begin() as connection:
        await connection.execute(text(statement), values)


async def statuses_of_jobs(services: Services) -> list[str]:
    async with services.database.read() as connection:
        return list((await connection.execute(text("SELECT status FROM jobs ORDER BY created_at"))).scalars())


class TestCreateBatch:
    async def test_keeps_the_texts_in_order_with_a_job(self, services: Services, ada: Principal) -> None:
        batch = await send(services, ada, 120)
        assert (batch.status, batch.total, batch.completed, batch.failed, batch.progress) == ("pending", 120, 0, 0, 0)
        lines = [line async for line in services.batches.results(ada, batch.id)]
        assert [line.analysis.text_content for line in lines if line.analysis] == [f"Text {n}." for n in range(120)]
        assert [line.analysis.position for line in lines if line.analysis] == list(range(120))
        assert lines[-1].batch == batch
        assert await statuses_of_jobs(services) == ["pending"]

    async def test_keeps_what_was_asked_for_each_text(self, services: Services, ada: Principal) -> None:
        new = BatchCreate(
            texts=["a", "b"], analysis_type=AnalysisType.SENTIMENT, optimization_tier=OptimizationTier.BASIC
        )
        batch = await services.batches.create_batch(ada, new)
        page = await services.analyses.list_analyses(ada, AnalysisQuery(batch_id=batch.id))
        found, total = page.items, page.total
        assert total == 2
        assert {(one.optimization_tier, one.status, one.progress, one.result) for one in found} == {
            (OptimizationTier.BASIC, AnalysisStatus.PENDING, 0, None)
        }

    async def test_takes_the_same_statements_for_many_as_for_few(self, services: Services, ada: Principal) -> None:
        with recorded(services.database) as few:
            await send(services, ada, 1)
        with recorded(services.database) as many:
            await send(services, ada, 1_000)
        assert len(few) == len(many) <= 5


class TestGetBatch:
    async def test_is_for_the_owner_only(self, services: Services, ada: Principal, bob: Principal) -> None:
        batch = await send(services, ada)
        assert await services.batches.get_batch(ada, batch.id) == batch
        for look in (services.batches.get_batch, services.batches.cancel_batch, services.batches.delete_batch):
            with pytest.raises(BatchNotFound):
                await look(bob, batch.id)
        assert await services.batches.get_batch(ada, batch.id) == batch

    @pytest.mark.parametrize("status", ["error", "cancelled"])
    async def test_shares_the_fate_of_a_job_that_ended_without_it(
        self, services: Services, ada: Principal, status: str
    ) -> None:
        batch = await send(services, ada)
        await execute(services, "UPDATE jobs SET status = :status", status=status)
        assert (await services.batches.get_batch(ada, batch.id)).status == status
        page = await services.batches.list_batches(ada, BatchQuery(status=AnalysisStatus(status)))
        found, total = page.items, page.total
        assert ([one.status for one in found], total) == ([status], 1)
        assert (await services.batches.list_batches(ada, BatchQuery(status=AnalysisStatus.PENDING))).total == 0

    async def test_failed_when_its_job_is_gone(self, services: Services, ada: Principal) -> None:
        batch = await send(services, ada)
        await execute(services, "DELETE FROM jobs")
        assert (await services.batches.get_batch(ada, batch.id)).status is AnalysisStatus.ERROR

    async def test_stays_completed_when_its_job_is_gone(self, services: Services, ada: Principal) -> None:
        batch = await send(services, ada)
        await execute(services, "UPDATE batches SET status = 'completed'")
        await execute(services, "DELETE FROM jobs")
        assert (await services.batches.get_batch(ada, batch.id)).status is AnalysisStatus.COMPLETED

    async def test_takes_one_statement(self, services: Services, ada: Principal) -> None:
        batch = await send(services, ada)
        with recorded(services.database) as seen:
            await services.batches.get_batch(ada, batch.id)
        assert len(seen) == 1


class TestListAnalyses:
    async def test_is_in_order_page_by_page(self, services: Services, ada: Principal) -> None:
        batch = await send(services, ada, 5)
        query = BatchAnalysesQuery(page=2, size=2)
        page = await services.batches.list_analyses(ada, batch.id, query)
        found, total = page.items, page.total
        assert ([one.position for one in found], total) == ([2, 3], 5)

    async def test_filters(self, services: Services, ada: Principal) -> None:
        batch = await send(services, ada)
        await execute(services, "UPDATE analyses SET status = 'error' WHERE position = 1")
        query = BatchAnalysesQuery(status=AnalysisStatus.ERROR)
        assert [one.position for one in (await services.batches.list_analyses(ada, batch.id, query)).items] == [1]

    async def test_tells_an_empty_page_from_no_batch(self, services: Services, ada: Principal, bob: Principal) -> None:
        batch = await send(services, ada)
        completed = BatchAnalysesQuery(status=AnalysisStatus.COMPLETED)
        assert (await services.batches.list_analyses(ada, batch.id, completed)).total == 0
        for principal, number in ((bob, batch.id), (ada, NOBODY)):
            with pytest.raises(BatchNotFound):
                await services.batches.list_analyses(principal, number, BatchAnalysesQuery())


class TestResults:
    async def test_end_without_a_batch_that_is_deleted_meanwhile(self, services: Services, ada: Principal) -> None:
        batch = await send(services, ada, 120)
        lines = services.batches.results(ada, batch.id)
        first = await anext(lines)
        await services.batches.delete_batch(ada, batch.id)
        assert all(line.batch is None for line in [first, *[line async for line in lines]])


class TestCancelBatch:
    async def test_leaves_what_is_done_and_reads_no_more(self, services: Services, ada: Principal) -> None:
        batch = await send(services, ada)
        await execute(services, "UPDATE analyses SET status = 'completed' WHERE position = 0")
        cancelled = await services.batches.cancel_batch(ada, batch.id)
        assert (cancelled.status, cancelled.job_id) == (AnalysisStatus.CANCELLED, batch.job_id)
        assert cancelled.processed_at is not None
        found = (await services.batches.list_analyses(ada, batch.id, BatchAnalysesQuery())).items
        assert [one.status for one in found] == ["completed", "cancelled", "cancelled"]
        assert await statuses_of_jobs(services) == ["cancelled"]

    async def test_can_be_repeated(self, services: Services, ada: Principal) -> None:
        batch = await send(services, ada)
        first = await services.batches.cancel_batch(ada, batch.id)
        assert await services.batches.cancel_batch(ada, batch.id) == first

    @pytest.mark.parametrize("status", ["completed", "error"])
    async def test_is_refused_when_it_has_ended(self, services: Services, ada: Principal, status: str) -> None:
        batch = await send(services, ada)
        await execute(services, "UPDATE batches SET status = :status", status=status)
        with pytest.raises(BatchEnded):
            await services.batches.cancel_batch(ada, batch.id)
        assert await statuses_of_jobs(services) == ["pending"]


class TestOfACancelledJob:
    async def test_is_cancelled_with_it(self, services: Services, ada: Principal) -> None:
        batch = await send(services, ada)
        assert batch.job_id is not None
        assert await services.jobs.cancel_job(ada, batch.job_id) is None
        await execute(services, "DELETE FROM jobs")
        page = await services.batches.list_analyses(ada, batch.id, BatchAnalysesQuery())
        assert {one.status for one in page.items} == {"cancelled"}
        assert (await services.batches.get_batch(ada, batch.id)).status is AnalysisStatus.CANCELLED


class TestDeleteBatch:
    async def test_is_for_good(self, services: Services, ada: Principal) -> None:
        batch, other = await send(services, ada), await send(services, ada)
        await services.batches.delete_batch(ada, batch.id)
        for look in (services.batches.get_batch, services.batches.delete_batch):
            with pytest.raises(BatchNotFound):
                await look(ada, batch.id)
        total = (await services.analyses.list_analyses(ada, AnalysisQuery())).total
        assert (total, (await services.batches.get_batch(ada, other.id)).total) == (3, 3)
        assert await statuses_of_jobs(services) == ["cancelled", "pending"]

    async def test_works_after_its_job_is_gone(self, services: Services, ada: Principal) -> None:
        batch = await send(services, ada)
        await execute(services, "UPDATE batches SET job_id = :none", none=None)
        await services.batches.delete_batch(ada, batch.id)
        await execute(services, "DELETE FROM jobs WHERE CAST(id AS VARCHAR) = :id", id=str(uuid4()))
        with pytest.raises(BatchNotFound):
            await services.batches.get_batch(ada, batch.id)

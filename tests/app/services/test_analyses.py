"""Texts and what is found in them, without HTTP."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from app.core.enums import AnalysisStatus, AnalysisType, OptimizationTier
from app.core.exceptions import AnalysisNotFound
from app.engines.text import analyse_sentiment
from app.schemas.analyses import MAX_TEXT, AnalysisCreate, AnalysisQuery, AnalysisRead
from app.services.analyses import INLINE_CHARS
from app.services.container import Services
from lintel.db import utc_now
from lintel.security import Principal
from tests.app.conftest import add_user, principal_of, recorded

pytestmark = pytest.mark.anyio

SAMPLE = "The room was lovely. The service was not."
NOBODY = 4_711


@pytest.fixture
async def ada(services: Services) -> Principal:
    return principal_of(await add_user(services))


@pytest.fixture
async def bob(services: Services) -> Principal:
    return principal_of(await add_user(services, "bob@example.com"))


async def analyse(services: Services, owner: Principal, content: str = SAMPLE) -> AnalysisRead:
    new = AnalysisCreate(text_content=content, analysis_type=AnalysisType.SENTIMENT)
    return await services.analyses.create_analysis(owner, new)


class TestCreateAnalysis:
    @pytest.mark.parametrize(
        "content",
        [
            "x",
            "!",
            "😀",
            SAMPLE,
            ("It was good. " * 1_000)[:INLINE_CHARS].strip(),
            ("It was good. " * 1_000)[: INLINE_CHARS + 1].strip(),
            ("It was bad! " * 1_000)[: MAX_TEXT - 1] + "x",
        ],
        ids=["one letter", "one sign", "one emoji", "sample", "inline", "in a thread", "longest"],
    )
    async def test_finds_what_the_engine_finds(self, services: Services, ada: Principal, content: str) -> None:
        analysis = await analyse(services, ada, content)
        assert analysis.result is not None
        assert analysis.result.model_dump(mode="json") == analyse_sentiment(content).to_dict()
        assert (analysis.sentiment_score, analysis.result.chars) == (analysis.result.score, len(content))

    async def test_is_complete_at_once(self, services: Services, ada: Principal) -> None:
        before = utc_now()
        analysis = await analyse(services, ada)
        assert (analysis.status, analysis.progress) == (AnalysisStatus.COMPLETED, 100)
        assert (analysis.error_message, analysis.batch_id) == (None, None)
        assert analysis.processed_at is not None
        assert before <= analysis.processed_at <= utc_now()
        assert analysis.updated_at - analysis.created_at < timedelta(seconds=1)

    async def test_tells_the_time_the_engine_took(self, services: Services, ada: Principal) -> None:
        short, long = [await analyse(services, ada, "It was good. " * times) for times in (1, 700)]
        assert short.processing_time_ms is not None
        assert long.processing_time_ms is not None
        assert 0 < short.processing_time_ms < long.processing_time_ms < 10_000

    @pytest.mark.parametrize("tier", OptimizationTier)
    async def test_keeps_the_effort_that_was_asked_for(
        self, services: Services, ada: Principal, tier: OptimizationTier
    ) -> None:
        new = AnalysisCreate(text_content=SAMPLE, analysis_type=AnalysisType.SENTIMENT, optimization_tier=tier)
        analysis = await services.analyses.create_analysis(ada, new)
        assert (await services.analyses.get_analysis(ada, analysis.id)).optimization_tier is tier

    async def test_answers_what_is_read_later(self, services: Services, ada: Principal) -> None:
        analysis = await analyse(services, ada, "Ça va très bien! 日本 😀 \u202e end")
        assert await services.analyses.get_analysis(ada, analysis.id) == analysis


class TestGetAnalysis:
    async def test_is_for_the_owner_only(self, services: Services, ada: Principal, bob: Principal) -> None:
        analysis = await analyse(services, ada)
        with pytest.raises(AnalysisNotFound):
            await services.analyses.get_analysis(bob, analysis.id)
        assert (await services.analyses.get_analysis(ada, analysis.id)).id == analysis.id

    async def test_does_not_find_what_is_missing(self, services: Services, ada: Principal) -> None:
        with pytest.raises(AnalysisNotFound):
            await services.analyses.get_analysis(ada, NOBODY)

    async def test_takes_one_statement(self, services: Services, ada: Principal) -> None:
        analysis = await analyse(services, ada)
        with recorded(services.database) as seen:
            await services.analyses.get_analysis(ada, analysis.id)
        assert len(seen) == 1


class TestListAnalyses:
    async def test_holds_the_owners_alone(self, services: Services, ada: Principal, bob: Principal) -> None:
        mine = [(await analyse(services, ada)).id for _ in range(3)]
        await analyse(services, bob)
        page = await services.analyses.list_analyses(ada, AnalysisQuery())
        found, total = page.items, page.total
        assert ([analysis.id for analysis in found], total) == (mine[::-1], 3)

    @pytest.mark.parametrize(
        ("query", "total"),
        [
            (AnalysisQuery(status=AnalysisStatus.COMPLETED), 2),
            (AnalysisQuery(status=AnalysisStatus.PENDING), 1),
            (AnalysisQuery(status=AnalysisStatus.ERROR), 0),
            (AnalysisQuery(analysis_type=AnalysisType.SENTIMENT), 3),
            (AnalysisQuery(analysis_type=AnalysisType.SENTIMENT, status=AnalysisStatus.PENDING), 1),
            (AnalysisQuery(page=9), 3),
        ],
    )
    async def test_counts_what_the_filters_let_through(
        self, services: Services, ada: Principal, bob: Principal, query: AnalysisQuery, total: int
    ) -> None:
        ids = [(await analyse(services, owner)).id for owner in (ada, ada, ada, bob)]
        async with services.database.writer.begin() as connection:
            pending = (
                "UPDATE analyses SET status = 'pending', result = NULL, sentiment_score = NULL WHERE id IN (:a, :b)"
            )
            await connection.execute(text(pending), {"a": ids[-1], "b": ids[-2]})
        assert (await services.analyses.list_analyses(ada, query)).total == total

    async def test_shows_what_has_no_result_yet(self, services: Services, ada: Principal) -> None:
        await analyse(services, ada)
        async with services.database.writer.begin() as connection:
            await connection.execute(
                text("UPDATE analyses SET status = 'pending', result = NULL, sentiment_score = NULL, progress = 0")
            )
        [found] = (await services.analyses.list_analyses(ada, AnalysisQuery())).items
        assert (found.result, found.sentiment_score, found.status) == (None, None, AnalysisStatus.PENDING)


class TestDeleteAnalysis:
    async def test_is_for_good(self, services: Services, ada: Principal) -> None:
        analysis = await analyse(services, ada)
        await services.analyses.delete_analysis(ada, analysis.id)
        for forget in (services.analyses.get_analysis, services.analyses.delete_analysis):
            with pytest.raises(AnalysisNotFound):
                await forget(ada, analysis.id)

    async def test_is_for_the_owner_only(self, services: Services, ada: Principal, bob: Principal) -> None:
        analysis = await analyse(services, ada)
        with pytest.raises(AnalysisNotFound):
            await services.analyses.delete_analysis(bob, analysis.id)
        assert (await services.analyses.get_analysis(ada, analysis.id)).id == analysis.id

    async def test_leaves_the_others(self, services: Services, ada: Principal) -> None:
        first, second = await analyse(services, ada), await analyse(services, ada)
        await services.analyses.delete_analysis(ada, first.id)
        page = await services.analyses.list_analyses(ada, AnalysisQuery())
        found, total = page.items, page.total
        assert ([analysis.id for analysis in found], total) == ([second.id], 1)

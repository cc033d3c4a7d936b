"""Texts and what is found in them."""

import time

import anyio.to_thread

from app.core.enums import AnalysisStatus
from app.core.exceptions import AnalysesPaused, AnalysisNotFound
from app.core.flags import ANALYSES
from app.engines.text import Sentiment, analyse_sentiment
from app.models import Analysis
from app.repositories.analyses import AnalysisReader, AnalysisRepository
from app.schemas.analyses import AnalysisCreate, AnalysisQuery, AnalysisRead
from lintel.api import Found
from lintel.db import Database, Session, utc_now
from lintel.flags import Flags
from lintel.idempotency import EVERY_TIME, Once
from lintel.security import Principal

INLINE_CHARS = 2_000
"""Up to here the engine is quicker than a thread is woken; beyond, other requests must not wait for it."""


class AnalysisService:
    """Everything that is done with analyses, always for a principal and among their own."""

    def __init__(self, database: Database, flags: Flags) -> None:
        self._database = database
        self._flags = flags
        self._reader = AnalysisReader(database)

    async def create_analysis(
        self, principal: Principal, new: AnalysisCreate, *, once: Once[AnalysisRead] = EVERY_TIME
    ) -> AnalysisRead:
        """The text with what was found in it, kept.

        Raises:
            AnalysesPaused: The flag `analyses` is off for the principal.
        """
        is_on = await self._flags.is_on(ANALYSES, principal)
        if not is_on and once is EVERY_TIME:
            raise AnalysesPaused
        begun_at = utc_now()
        started = time.perf_counter()
        found = await _sentiment(new.text_content)
        elapsed = round((time.perf_counter() - started) * 1_000, 3)

        async def work(session: Session) -> AnalysisRead:
            if not is_on:  # a request that is repeated gets its first answer all the same
                raise AnalysesPaused
            analysis = Analysis(
                created_at=begun_at,
                owner_id=principal.id,
                text_content=new.text_content,
                analysis_type=new.analysis_type,
                optimization_tier=new.optimization_tier,
                status=AnalysisStatus.COMPLETED,
                progress=100,
                sentiment_score=found.score,
                result=found.to_dict(),
                processing_time_ms=elapsed,
                processed_at=utc_now(),
            )
            return AnalysisRead.model_validate(await AnalysisRepository(session).add(analysis))

        return await once.run(self._database, work)

    async def get_analysis(self, principal: Principal, analysis_id: int) -> AnalysisRead:
        """One of the principal's analyses.

        Raises:
            AnalysisNotFound: There is none, or it is somebody else's.
        """
        row = await self._reader.get(principal, analysis_id)
        if row is None:
            raise AnalysisNotFound
        return AnalysisRead.model_validate(row)

    async def list_analyses(self, principal: Principal, query: AnalysisQuery) -> Found[AnalysisRead]:
        """One page of the principal's analyses, and how many there are."""
        found = await self._reader.page(principal, query)
        return Found.of(AnalysisRead, found, query)

    async def delete_analysis(self, principal: Principal, analysis_id: int) -> None:
        """One of the principal's analyses is gone.

        Raises:
            AnalysisNotFound: There is none, or it is somebody else's.
        """

        async def work(session: Session) -> bool:
            return await AnalysisRepository(session).delete_visible(principal, analysis_id)

        if not await self._database.run(work):
            raise AnalysisNotFound


async def _sentiment(text: str) -> Sentiment:
    if len(text) <= INLINE_CHARS:
        return analyse_sentiment(text)
    return await anyio.to_thread.run_sync(analyse_sentiment, text)

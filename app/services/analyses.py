"""Texts and what is found in them."""

import time
from collections.abc import Sequence
from functools import partial
from typing import Any

import anyio.to_thread
from anyio.lowlevel import checkpoint

from app.core.enums import AnalysisStatus
from app.core.exceptions import AnalysesPaused, AnalysisNotFound
from app.core.flags import ANALYSES
from app.engines.text import Sentiment, analyse_sentiment
from app.models import Analysis
from app.repositories.analyses import AnalysisReader, AnalysisRepository
from app.schemas.analyses import AnalysisCreate, AnalysisCursorQuery, AnalysisRead
from lintel.api import IN_QUERY, BulkAnswer, BulkDeleted, Found, settled
from lintel.db import Database, Session, each, utc_now
from lintel.errors import InvalidInput, ServiceError
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
        values = await _read(principal, new)

        async def work(session: Session) -> AnalysisRead:
            if not is_on:  # a request that is repeated gets its first answer all the same
                raise AnalysesPaused
            return AnalysisRead.model_validate(await AnalysisRepository(session).add(Analysis(**values)))

        return await once.run(self._database, work)

    async def create_analyses(
        self,
        principal: Principal,
        sent: Sequence[AnalysisCreate | InvalidInput],
        *,
        atomic: bool = False,
        once: Once[BulkAnswer[AnalysisRead]] = EVERY_TIME,
    ) -> BulkAnswer[AnalysisRead]:
        """What became of several texts: each that is one is read, then all are kept at once.

        Args:
            principal: Whose they are to be.
            sent: The texts, and why others are none.
            atomic: All or nothing.
            once: Keeps the outcome for a request that is repeated.

        Raises:
            AnalysesPaused: The flag `analyses` is off for the principal.
            ItemsRefused: All or nothing was asked for, and something is no text.
        """
        is_on = await self._flags.is_on(ANALYSES, principal)
        if not is_on and once is EVERY_TIME:
            raise AnalysesPaused
        found = await each(settled(sent, atomic=atomic), partial(_read_among_others, principal))

        async def work(session: Session) -> BulkAnswer[AnalysisRead]:
            if not is_on:
                raise AnalysesPaused
            rows = [values if isinstance(values, ServiceError) else Analysis(**values) for values in found]
            await AnalysisRepository(session).add_all([row for row in rows if isinstance(row, Analysis)])
            return BulkAnswer[AnalysisRead].created(
                [row if isinstance(row, ServiceError) else AnalysisRead.model_validate(row) for row in rows]
            )

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

    async def list_analyses(self, principal: Principal, query: AnalysisCursorQuery) -> Found[AnalysisRead]:
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

    async def delete_analyses(
        self, principal: Principal, analysis_ids: Sequence[int], *, atomic: bool = False
    ) -> BulkDeleted:
        """Several of the principal's analyses are gone; those that are not theirs, or not there, are told.

        Raises:
            ItemsRefused: All or nothing was asked for, and one is not theirs.
        """

        async def work(session: Session) -> BulkDeleted:
            deleted = await AnalysisRepository(session).delete_some(principal, analysis_ids)
            ends = [None if row_id in deleted else AnalysisNotFound() for row_id in analysis_ids]
            return BulkDeleted.of(analysis_ids, settled(ends, atomic=atomic, at=IN_QUERY))

        return await self._database.run(work)


async def _read(principal: Principal, new: AnalysisCreate) -> dict[str, Any]:
    """The columns of a text that was read."""
    begun_at = utc_now()
    started = time.perf_counter()
    found = await _sentiment(new.text_content)
    elapsed = round((time.perf_counter() - started) * 1_000, 3)
    return {
        "created_at": begun_at,
        "owner_id": principal.id,
        "text_content": new.text_content,
        "analysis_type": new.analysis_type,
        "optimization_tier": new.optimization_tier,
        "status": AnalysisStatus.COMPLETED,
        "progress": 100,
        "sentiment_score": found.score,
        "result": found.to_dict(),
        "processing_time_ms": elapsed,
        "processed_at": utc_now(),
    }


async def _read_among_others(principal: Principal, new: AnalysisCreate) -> dict[str, Any]:
    """The same, after other requests have had their turn: many short texts are a long one."""
    await checkpoint()
    return await _read(principal, new)


async def _sentiment(text: str) -> Sentiment:
    if len(text) <= INLINE_CHARS:
        return analyse_sentiment(text)
    return await anyio.to_thread.run_sync(analyse_sentiment, text)

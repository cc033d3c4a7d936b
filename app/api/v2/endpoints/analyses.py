from functools import partial
from typing import Annotated

from fastapi import Query

from app.api.callers import AnalysesRead, AnalysesWrite
from app.api.deps import AnalysisServiceDep, IdempotencyDep
from app.core.exceptions import AnalysesPaused, AnalysisNotFound
from app.core.limits import TEXTS
from app.schemas.v2.analyses import AnalysisCreateV2, AnalysisQueryV2, AnalysisReadV2
from lintel.api import CursorPage, LocatorDep, PagerDep, PathId, ReadingDep
from lintel.errors import problems
from lintel.ratelimit import costs
from lintel.routing import Router

router = Router(prefix="/analyses", tags=["analyses"])


@router.post("", status_code=201, summary="Analyse a text", responses=problems(AnalysesPaused))
@costs(of=TEXTS)
async def create_analysis_v2(
    new: AnalysisCreateV2,
    me: AnalysesWrite,
    analyses: AnalysisServiceDep,
    locate: LocatorDep,
    idempotency: IdempotencyDep,
) -> AnalysisReadV2:
    """Read a text and tell what is in it, at once. The result is kept for you."""
    once = idempotency.answering(
        lambda made: locate.created("read_analysis_v2", made, analysis_id=made.id), shown=AnalysisReadV2.of
    )
    return AnalysisReadV2.of(await analyses.create_analysis(me, new, once=once))


@router.get("", summary="List your analyses")
async def list_analyses_v2(
    query: Annotated[AnalysisQueryV2, Query()], me: AnalysesRead, analyses: AnalysisServiceDep, pager: PagerDep
) -> CursorPage[AnalysisReadV2]:
    """List your analyses part by part, the newest first unless you ask otherwise."""
    return await pager.part(query, partial(analyses.list_analyses, me), shown=AnalysisReadV2.of)


@router.get("/{analysis_id:number}", summary="Read an analysis", responses=problems(AnalysisNotFound))
async def read_analysis_v2(
    analysis_id: PathId, me: AnalysesRead, analyses: AnalysisServiceDep, reading: ReadingDep
) -> AnalysisReadV2:
    """Read one of your analyses."""
    return AnalysisReadV2.of(reading.of(await analyses.get_analysis(me, analysis_id)))


@router.delete(
    "/{analysis_id:number}", status_code=204, summary="Delete an analysis", responses=problems(AnalysisNotFound)
)
async def delete_analysis_v2(analysis_id: PathId, me: AnalysesWrite, analyses: AnalysisServiceDep) -> None:
    """Delete one of your analyses for good."""
    await analyses.delete_analysis(me, analysis_id)

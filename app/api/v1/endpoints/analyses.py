from typing import Annotated

from fastapi import Query

from app.api.deps import AnalysisServiceDep, CurrentUser
from app.core.exceptions import AnalysisNotFound
from app.schemas.analyses import AnalysisCreate, AnalysisQuery, AnalysisRead
from lintel.api import LocatorDep, Page, PagerDep, PathId
from lintel.errors import problems
from lintel.routing import Router

router = Router(prefix="/analyses", tags=["analyses"])


@router.post("", status_code=201, summary="Analyse a text")
async def create_analysis(
    new: AnalysisCreate, me: CurrentUser, analyses: AnalysisServiceDep, locate: LocatorDep
) -> AnalysisRead:
    """Read a text and tell what is in it, at once. The result is kept for you."""
    analysis = await analyses.create_analysis(me, new)
    return locate.created("read_analysis", analysis, analysis_id=analysis.id)


@router.get("", summary="List your analyses")
async def list_analyses(
    query: Annotated[AnalysisQuery, Query()], me: CurrentUser, analyses: AnalysisServiceDep, pager: PagerDep
) -> Page[AnalysisRead]:
    """List your analyses page by page, the newest first unless you ask otherwise."""
    return pager.page(await analyses.list_analyses(me, query), query=query)


@router.get("/{analysis_id}", summary="Read an analysis", responses=problems(AnalysisNotFound))
async def read_analysis(analysis_id: PathId, me: CurrentUser, analyses: AnalysisServiceDep) -> AnalysisRead:
    """Read one of your analyses."""
    return await analyses.get_analysis(me, analysis_id)


@router.delete("/{analysis_id}", status_code=204, summary="Delete an analysis", responses=problems(AnalysisNotFound))
async def delete_analysis(analysis_id: PathId, me: CurrentUser, analyses: AnalysisServiceDep) -> None:
    """Delete one of your analyses for good."""
    await analyses.delete_analysis(me, analysis_id)

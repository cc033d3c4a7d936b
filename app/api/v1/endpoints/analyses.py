from datetime import date
from functools import partial
from typing import Annotated

from fastapi import Query, Response

from app.api.callers import AnalysesRead, AnalysesWrite
from app.api.deps import AnalysisServiceDep, ExportServiceDep, IdempotencyDep, NewAnalyses
from app.core.exceptions import AnalysesPaused, AnalysisNotFound
from app.core.limits import TEXTS
from app.schemas.analyses import AnalysisCreate, AnalysisQuery, AnalysisRead
from app.schemas.exports import AnalysisExportQuery
from app.services.exports import filename_of
from lintel.api import (
    AtomicDep,
    BulkAnswer,
    BulkDeleted,
    BulkIdsDep,
    CursorPage,
    ItemsRefused,
    LocatorDep,
    Page,
    PagerDep,
    PathId,
    ReadingDep,
)
from lintel.deprecation import Deprecation, deprecated
from lintel.errors import problems
from lintel.files import LINE_FILE, StreamedFile
from lintel.ratelimit import costs
from lintel.routing import Router

router = Router(prefix="/analyses", tags=["analyses"])

EXPORT_COST = 20
"""Requests that one export counts for; of a million analyses it takes most of a minute of a core."""
NUMBERED_LIST = Deprecation(
    since=date(2026, 12, 1),
    sunset=date(2027, 12, 1),
    successor="list_analyses_v2",
    guidance="Pages have no numbers there: follow links.next, or send next_cursor as cursor. There is no total. The "
    "field text_content is called text. Creating, reading and deleting stay in version 1.",
)
"""Only the list: the other operations of version 1 cost nobody anything, and go on without an end."""


@router.post("", status_code=201, summary="Analyse a text", responses=problems(AnalysesPaused))
@costs(of=TEXTS)
async def create_analysis(
    new: AnalysisCreate,
    me: AnalysesWrite,
    analyses: AnalysisServiceDep,
    locate: LocatorDep,
    idempotency: IdempotencyDep,
) -> AnalysisRead:
    """Read a text and tell what is in it, at once. The result is kept for you."""
    return await analyses.create_analysis(
        me, new, once=idempotency.answering(lambda made: locate.created("read_analysis", made, analysis_id=made.id))
    )


@router.post(
    "/bulk", status_code=207, summary="Analyse several texts", responses=problems(AnalysesPaused, ItemsRefused)
)
@costs(of=TEXTS)
async def create_analyses(
    new: NewAnalyses,
    me: AnalysesWrite,
    analyses: AnalysisServiceDep,
    idempotency: IdempotencyDep,
    atomic: AtomicDep,
) -> BulkAnswer[AnalysisRead]:
    """Read up to 100 short texts at once, each with a result of its own. More, or longer ones, are sent as a batch."""
    return await analyses.create_analyses(me, new.items, atomic=atomic, once=idempotency.answering())


@router.delete("/bulk", status_code=207, summary="Delete several analyses", responses=problems(ItemsRefused))
async def delete_analyses(
    me: AnalysesWrite, analyses: AnalysisServiceDep, ids: BulkIdsDep, atomic: AtomicDep
) -> BulkDeleted:
    """Delete up to 100 of your analyses for good, each with an answer of its own."""
    return await analyses.delete_analyses(me, ids, atomic=atomic)


@router.get("", summary="List your analyses")
@deprecated(NUMBERED_LIST)
async def list_analyses(
    query: Annotated[AnalysisQuery, Query()], me: AnalysesRead, analyses: AnalysisServiceDep, pager: PagerDep
) -> Page[AnalysisRead] | CursorPage[AnalysisRead]:
    """List your analyses page by page, the newest first unless you ask otherwise."""
    return await pager.answer(query, partial(analyses.list_analyses, me))


@router.get("/export", summary="Stream your analyses", response_class=Response, responses=LINE_FILE)
@costs(EXPORT_COST)
async def export_analyses(
    query: Annotated[AnalysisExportQuery, Query()], me: AnalysesRead, exports: ExportServiceDep
) -> Response:
    """Stream your analyses as a file, the oldest first, however many there are.

    If something fails in the middle, the connection is cut: an answer that ends as it should is whole.
    """
    return StreamedFile(
        exports.stream(me, query), filename=filename_of(query.format), media_type=query.format.media_type
    )


@router.get("/{analysis_id:number}", summary="Read an analysis", responses=problems(AnalysisNotFound))
async def read_analysis(
    analysis_id: PathId, me: AnalysesRead, analyses: AnalysisServiceDep, reading: ReadingDep
) -> AnalysisRead:
    """Read one of your analyses."""
    return reading.of(await analyses.get_analysis(me, analysis_id))


@router.delete(
    "/{analysis_id:number}", status_code=204, summary="Delete an analysis", responses=problems(AnalysisNotFound)
)
async def delete_analysis(analysis_id: PathId, me: AnalysesWrite, analyses: AnalysisServiceDep) -> None:
    """Delete one of your analyses for good."""
    await analyses.delete_analysis(me, analysis_id)

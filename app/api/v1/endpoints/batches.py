from collections.abc import AsyncIterable, Callable
from functools import partial
from typing import Annotated

from fastapi import Query
from fastapi.sse import EventSourceResponse

from app.api.callers import AnalysesRead, AnalysesWrite
from app.api.deps import BatchOfCaller, BatchServiceDep, IdempotencyDep, NewBatch
from app.api.streams import batch_events, stream_of
from app.core.exceptions import AnalysesPaused, BatchEnded, BatchNotFound
from app.core.limits import TEXTS
from app.schemas.analyses import AnalysisRead
from app.schemas.batches import BatchAnalysesQuery, BatchLine, BatchQuery, BatchRead
from lintel.api import CursorPage, LocatorDep, Page, PagerDep, PathId
from lintel.errors import TooManyRequests, problems
from lintel.ratelimit import costs
from lintel.routing import Router

router = Router(tags=["batches"])


@router.post("/batches", status_code=202, summary="Send a batch of texts", responses=problems(AnalysesPaused))
@router.post(
    "/analyses/batch",
    status_code=202,
    name="create_batch_of_analyses",
    summary="Send a batch of texts (second path)",
    responses=problems(AnalysesPaused),
)
@costs(of=TEXTS)
async def create_batch(
    new: NewBatch, me: AnalysesWrite, batches: BatchServiceDep, locate: LocatorDep, idempotency: IdempotencyDep
) -> BatchRead:
    """Send up to 1,000 texts at once. They are read in the background; the answer says where to look.

    `POST /analyses/batch` does the same.
    """
    once = idempotency.answering(accepted(locate))
    return await batches.create_batch(me, new, once=once)


def accepted(locate: LocatorDep) -> Callable[[BatchRead], BatchRead]:
    """What says where a new batch and its job are."""

    def locations(batch: BatchRead) -> BatchRead:
        locate.monitored("read_job", batch, job_id=str(batch.job_id))
        return locate.created("read_batch", batch, batch_id=batch.id)

    return locations


@router.get("/batches", summary="List your batches")
async def list_batches(
    query: Annotated[BatchQuery, Query()], me: AnalysesRead, batches: BatchServiceDep, pager: PagerDep
) -> Page[BatchRead] | CursorPage[BatchRead]:
    """List your batches page by page, the newest first unless you ask otherwise."""
    return await pager.answer(query, partial(batches.list_batches, me))


@router.get("/batches/{batch_id}", summary="Read a batch", responses=problems(BatchNotFound))
async def read_batch(batch: BatchOfCaller) -> BatchRead:
    """Read how one of your batches stands."""
    return batch


@router.delete("/batches/{batch_id}", status_code=204, summary="Delete a batch", responses=problems(BatchNotFound))
async def delete_batch(batch_id: PathId, me: AnalysesWrite, batches: BatchServiceDep) -> None:
    """Delete one of your batches with its analyses for good. If its texts are still being read, that stops."""
    await batches.delete_batch(me, batch_id)


@router.post("/batches/{batch_id}/cancel", summary="Cancel a batch", responses=problems(BatchNotFound, BatchEnded))
async def cancel_batch(batch_id: PathId, me: AnalysesWrite, batches: BatchServiceDep) -> BatchRead:
    """Read no further text of one of your batches. What was found so far is kept. A repeat changes nothing."""
    return await batches.cancel_batch(me, batch_id)


@router.get("/batches/{batch_id}/analyses", summary="List a batch's analyses", responses=problems(BatchNotFound))
async def list_batch_analyses(
    batch_id: PathId,
    query: Annotated[BatchAnalysesQuery, Query()],
    me: AnalysesRead,
    batches: BatchServiceDep,
    pager: PagerDep,
) -> Page[AnalysisRead] | CursorPage[AnalysisRead]:
    """List the analyses of a batch page by page, in the order of its texts."""
    return await pager.answer(query, partial(batches.list_analyses, me, batch_id))


router.get(
    "/batches/{batch_id}/events",
    name="follow_batch",
    response_class=EventSourceResponse,
    summary="Follow a batch",
    description="Follow one of your batches: an event `batch` with its present state at once, one with each change.\n\n"
    "`Last-Event-ID` spares you what you have. The event `end` says why a stream stops before the batch does.",
    responses=problems(BatchNotFound, TooManyRequests),
)(stream_of(batch_events))


@router.get("/batches/{batch_id}/results", summary="Stream a batch's results", responses=problems(BatchNotFound))
async def stream_batch_results(
    batch: BatchOfCaller, me: AnalysesRead, batches: BatchServiceDep
) -> AsyncIterable[BatchLine]:
    """Stream every text of a batch in order as it stands now, one JSON object a line, and last the batch itself.

    An answer without that last line was cut off. A batch that is not finished has texts that are still `pending`.
    """
    async for line in batches.results(me, batch.id):
        yield line

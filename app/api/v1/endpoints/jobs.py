from functools import partial
from typing import Annotated, Any

from fastapi import Query, Response
from fastapi.sse import EventSourceResponse

from app.api.callers import JobsManage, JobsRead, JobsWrite
from app.api.deps import JobId, JobServiceDep
from app.api.streams import job_events, stream_of
from app.core.exceptions import BatchCancelled, JobNotFailed, JobNotFound, JobOver
from app.schemas.jobs import JobQuery, JobRead
from lintel.api import CursorPage, Page, PagerDep
from lintel.errors import AlreadyExists, TooManyRequests, problems
from lintel.routing import Router

Answers = dict[int | str, dict[str, Any]]

router = Router(prefix="/jobs", tags=["jobs"])

WAS_WAITING: Answers = {204: {"description": "It had not begun, and is cancelled."}}


@router.get("", summary="List jobs")
async def list_jobs(
    query: Annotated[JobQuery, Query()], me: JobsRead, jobs: JobServiceDep, pager: PagerDep
) -> Page[JobRead] | CursorPage[JobRead]:
    """List your jobs page by page, the newest first unless you ask otherwise; administrators can list all."""
    return await pager.answer(query, partial(jobs.list_jobs, me))


@router.get("/{job_id}", summary="Read a job", responses=problems(JobNotFound))
async def read_job(job_id: JobId, me: JobsRead, jobs: JobServiceDep) -> JobRead:
    """Read one of your jobs: how far it is, and what came of it."""
    return await jobs.get_job(me, job_id)


router.get(
    "/{job_id}/events",
    name="follow_job",
    response_class=EventSourceResponse,
    summary="Follow a job",
    description="Follow one of your jobs: an event `job` with its present state at once, one with each change, none "
    "after its end.\n\n"
    "`Last-Event-ID` spares you what you have. The event `end` says why a stream stops before the job does.",
    responses=problems(JobNotFound, TooManyRequests),
)(stream_of(job_events))


@router.delete(
    "/{job_id}",
    status_code=202,
    summary="Cancel a job",
    response_model=JobRead,
    responses={**WAS_WAITING, **problems(JobNotFound, JobOver)},
)
async def cancel_job(job_id: JobId, me: JobsWrite, jobs: JobServiceDep) -> JobRead | Response:
    """Cancel one of your jobs: 204 when it had not begun, 202 when it runs and has been told to stop."""
    return await jobs.cancel_job(me, job_id) or Response(status_code=204)


@router.post(
    "/{job_id}/retry",
    status_code=202,
    summary="Retry a job",
    responses=problems(JobNotFound, JobNotFailed, BatchCancelled, AlreadyExists),
)
async def retry_job(job_id: JobId, me: JobsManage, jobs: JobServiceDep) -> JobRead:
    """Have a job that failed or was cancelled done again, with all its attempts; for administrators.

    A batch that was cancelled stays so.
    """
    return await jobs.retry_job(me, job_id)

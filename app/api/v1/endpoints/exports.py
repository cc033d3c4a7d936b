from typing import Annotated

from fastapi import Query

from app.api.callers import AnalysesRead
from app.api.deps import ExportServiceDep, IdempotencyDep, JobId
from app.core.exceptions import ExportNotFound, TooManyExports
from app.schemas.exports import ExportCreate, ExportRead
from lintel.api import LocatorDep
from lintel.errors import problems
from lintel.routing import Router

router = Router(prefix="/exports", tags=["exports"])


@router.post("", status_code=202, summary="Export your analyses", responses=problems(TooManyExports))
async def create_export(
    new: Annotated[ExportCreate, Query()],
    me: AnalysesRead,
    exports: ExportServiceDep,
    locate: LocatorDep,
    idempotency: IdempotencyDep,
) -> ExportRead:
    """Have all your analyses written to a file, a line each. While one of its format is under way, it is that one."""
    return await exports.create_export(
        me, new, once=idempotency.answering(lambda made: locate.created("read_export", made, job_id=str(made.job_id)))
    )


@router.get("/{job_id}", summary="Read an export", responses=problems(ExportNotFound))
async def read_export(job_id: JobId, me: AnalysesRead, exports: ExportServiceDep, locate: LocatorDep) -> ExportRead:
    """Read how far one of your exports is and, once it is written, where it can be read for ten minutes."""
    export = await exports.get_export(me, job_id)
    return export.model_copy(update={"url": locate.reachable(export.url)})

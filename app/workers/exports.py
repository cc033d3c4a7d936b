"""Jobs that write exports, and clear them away."""

from collections.abc import Mapping

from app.core.exceptions import ExportNotFound
from app.jobs import ExportAnalyses, PurgeExports
from app.services.container import Services
from lintel.jobs import Handlers, JobFailed, RunningJob


def bind(handlers: Handlers, services: Services) -> None:
    """Add the handlers of this module."""

    async def export(wanted: ExportAnalyses, job: RunningJob) -> Mapping[str, str | int]:
        try:
            return await services.exports.write_export(wanted, job.id, job.progress)
        except ExportNotFound as error:
            raise JobFailed(error.code, error.detail) from None

    async def purge(_: PurgeExports, __: RunningJob) -> Mapping[str, int]:
        return {"deleted": await services.exports.delete_old_exports()}

    handlers.bind(ExportAnalyses, export).bind(PurgeExports, purge)

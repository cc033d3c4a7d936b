"""Jobs about jobs."""

from collections.abc import Mapping

from app.jobs import PurgeJobs
from app.services.container import Services
from lintel.jobs import Handlers, RunningJob


def bind(handlers: Handlers, services: Services) -> None:
    """Add the handlers of this module."""

    async def purge(_: PurgeJobs, __: RunningJob) -> Mapping[str, int]:
        return {"deleted": await services.jobs.delete_old_jobs()}

    handlers.bind(PurgeJobs, purge)

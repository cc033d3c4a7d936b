"""Jobs about the audit log."""

from collections.abc import Mapping

from app.jobs import PurgeAudit
from app.services.container import Services
from lintel.jobs import Handlers, RunningJob


def bind(handlers: Handlers, services: Services) -> None:
    """Add the handlers of this module."""

    async def purge(_: PurgeAudit, __: RunningJob) -> Mapping[str, int]:
        return {"deleted": await services.audit.delete_old()}

    handlers.bind(PurgeAudit, purge)

"""Jobs about sessions."""

from collections.abc import Mapping

from app.jobs import PurgeSessions
from app.services.container import Services
from lintel.jobs import Handlers, RunningJob


def bind(handlers: Handlers, services: Services) -> None:
    """Add the handlers of this module."""

    async def purge(_: PurgeSessions, __: RunningJob) -> Mapping[str, int]:
        return {"deleted": await services.sessions.delete_ended_sessions()}

    handlers.bind(PurgeSessions, purge)

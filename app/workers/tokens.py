"""Jobs about what is good once and for a while."""

from collections.abc import Mapping

from app.jobs import PurgeTokens
from app.services.container import Services
from lintel.jobs import Handlers, RunningJob


def bind(handlers: Handlers, services: Services) -> None:
    """Add the handlers of this module."""

    async def purge(_: PurgeTokens, __: RunningJob) -> Mapping[str, int]:
        tickets = await services.realtime.delete_expired_tickets()
        return {"tickets": tickets, **await services.registration.delete_expired()}

    handlers.bind(PurgeTokens, purge)

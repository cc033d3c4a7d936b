"""Jobs about users who have gone."""

from collections.abc import Mapping

from app.jobs import EraseFiles, PurgeUsers, SweepAvatars
from app.services.container import Services
from lintel.jobs import Handlers, RunningJob


def bind(handlers: Handlers, services: Services) -> None:
    """Add the handlers of this module."""

    async def erase(wanted: EraseFiles, _: RunningJob) -> Mapping[str, int]:
        return {"deleted": await services.purging.erase_files(wanted.user_id)}

    async def purge(_: PurgeUsers, __: RunningJob) -> Mapping[str, int]:
        return {"purged": await services.purging.purge_users()}

    async def sweep(_: SweepAvatars, __: RunningJob) -> Mapping[str, int]:
        return {"deleted": await services.avatars.delete_strays()}

    handlers.bind(EraseFiles, erase).bind(PurgeUsers, purge).bind(SweepAvatars, sweep)

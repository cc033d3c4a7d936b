"""What is left of users who have gone: their files at once, everything else after a while."""

from datetime import datetime, timedelta

import structlog

from app.core.audit import AuditAction
from app.repositories.audit import AuditRepository
from app.repositories.purging import PurgeRepository
from app.services import avatars, exports
from lintel.db import Database, Session, utc_now
from lintel.storage import Storage

FOLDERS = (exports.FOLDER, avatars.FOLDER)
"""Each has a folder for each user."""
AT_ONCE = 500
"""Rows deleted in one unit of work, so that nobody waits long for it."""

_log = structlog.get_logger("app.purging")


class PurgeService:
    """Deletes what belongs to users who were deleted. All of it can be begun anew.

    Args:
        database: Holds their rows.
        storage: Holds their files.
        retention: How long after their deletion users' rows are kept.
    """

    def __init__(self, database: Database, storage: Storage, *, retention: timedelta) -> None:
        self._database = database
        self._storage = storage
        self._retention = retention

    async def erase_files(self, user_id: int) -> int:
        """Delete all files of a user; links to them stop working. How many there were."""
        return sum([await self._erase(f"{folder}/{user_id}") for folder in FOLDERS])

    async def purge_users(self) -> int:
        """Delete users who were deleted long enough ago, with all that is theirs; how many.

        In the audit log they stay as numbers.
        """
        before, purged = utc_now() - self._retention, 0
        while user_ids := await self._due(before):
            for user_id in user_ids:
                await self.erase_files(user_id)
                await self._empty(user_id)
                await self._remove(user_id)
                purged += 1
        return purged

    async def _erase(self, prefix: str) -> int:
        erased, after = 0, None
        while True:
            page = await self._storage.list_files(prefix, after=after)
            for file in page.files:
                await self._storage.delete(file.key)
            erased += len(page.files)
            if page.after is None:
                return erased
            after = page.after

    async def _due(self, before: datetime) -> list[int]:
        async def work(session: Session) -> list[int]:
            return await PurgeRepository(session).due(before, most=AT_ONCE)

        return await self._database.run(work)

    async def _empty(self, user_id: int) -> None:
        """Delete what there can be very much of; the rest goes with the user's row."""

        async def work(session: Session) -> int:
            return await PurgeRepository(session).delete_some(user_id, most=AT_ONCE)

        while await self._database.run(work):
            pass

    async def _remove(self, user_id: int) -> None:
        async def work(session: Session) -> None:
            log = AuditRepository(session)
            await log.forget_person(user_id)
            await log.note(AuditAction.USER_PURGED, by=None, user_id=user_id)
            await PurgeRepository(session).remove(user_id)

        await self._database.run(work)
        _log.info("user purged", subject_id=user_id)

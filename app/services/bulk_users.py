"""Many accounts at once: with each is done what would be done if it came alone, in one unit of work for all."""

from collections.abc import Sequence
from typing import Any

import structlog

from app.repositories.users import UserRepository
from app.schemas.users import UserCreate, UserRead, UserUpdate
from app.services.users import CHANGED, DELETED, UserService
from lintel.api import IN_QUERY, BulkAnswer, BulkChange, BulkDeleted, settled
from lintel.db import Database, Session, each, each_within
from lintel.errors import InvalidInput, ServiceError
from lintel.idempotency import EVERY_TIME, Once
from lintel.security import Principal

NEW_EMAIL = "/body/changes/email"
"""Where an address stands in an item of a bulk update."""

Values = dict[str, Any]
Change = tuple[BulkChange[UserUpdate], Values]

_log = structlog.get_logger("app.users")


class BulkUserService:
    """What administrators do with many accounts.

    Every method tells what became of each, in their order; with `atomic` all or nothing is done.

    Args:
        database: Holds them.
        users: Does it with one.
    """

    def __init__(self, database: Database, users: UserService) -> None:
        self._database = database
        self._users = users

    async def create_users(
        self,
        sent: Sequence[UserCreate | InvalidInput],
        *,
        by: Principal,
        atomic: bool = False,
        once: Once[BulkAnswer[UserRead]] = EVERY_TIME,
    ) -> BulkAnswer[UserRead]:
        """Accounts made by an administrator. Their passwords are hashed one after another, before anything is locked.

        Raises:
            ItemsRefused: All or nothing was asked for, and one cannot be made.
        """
        accounts = settled(await each(settled(sent, atomic=atomic), self._new_account), atomic=atomic)

        async def work(session: Session) -> BulkAnswer[UserRead]:
            async def make(values: Values) -> UserRead:
                return await self._users.make(session, values, by=by)

            # By address, so that two who make the same accounts wait for each other at the first and nowhere else.
            ends = await each_within(session, accounts, make, order=lambda values: values["email"])
            return BulkAnswer[UserRead].created(settled(ends, atomic=atomic))

        answer = await once.run(self._database, work)
        _log.info("users created", subject_ids=_done(answer), failed=answer.failed)
        return answer

    async def update_users(
        self, sent: Sequence[BulkChange[UserUpdate] | InvalidInput], *, by: Principal, atomic: bool = False
    ) -> BulkAnswer[UserRead]:
        """Accounts changed by an administrator, in this order: who is made one by the first may be the last one's heir.

        Raises:
            ItemsRefused: All or nothing was asked for, and one cannot be changed.
        """
        changes = settled(await each(settled(sent, atomic=atomic), self._new_values), atomic=atomic)
        ids = [None if isinstance(item, ServiceError) else item.id for item in sent]

        async def work(session: Session) -> BulkAnswer[UserRead]:
            async def change(wanted: Change) -> UserRead:
                item, values = wanted
                return await self._users.change(session, item.id, values, by=by, expected=item.expected)

            await UserRepository(session).lock([row_id for row_id in ids if row_id is not None])
            ends = await each_within(session, changes, change)
            return BulkAnswer[UserRead].changed(ids, settled(ends, atomic=atomic))

        answer = await self._database.run(work)
        await self._tell(answer, CHANGED)
        _log.info("users changed", subject_ids=_done(answer), failed=answer.failed)
        return answer

    async def delete_users(self, user_ids: Sequence[int], *, by: Principal, atomic: bool = False) -> BulkDeleted:
        """Accounts deleted by an administrator.

        Raises:
            ItemsRefused: All or nothing was asked for, and one cannot be deleted.
        """

        async def work(session: Session) -> BulkDeleted:
            async def remove(user_id: int) -> None:
                await self._users.remove(session, user_id, by=by)

            await UserRepository(session).lock(user_ids)
            ends = await each_within(session, user_ids, remove)
            return BulkDeleted.of(user_ids, settled(ends, atomic=atomic, at=IN_QUERY))

        answer = await self._database.run(work)
        await self._tell(answer, DELETED)
        _log.info("users deleted", subject_ids=_done(answer), failed=answer.failed)
        return answer

    async def _new_account(self, new: UserCreate) -> Values:
        return await self._users.new_account(new, role=new.role, status=new.status)

    async def _new_values(self, item: BulkChange[UserUpdate]) -> Change:
        return item, self._users.values_of(item.changes, pointer=NEW_EMAIL)

    async def _tell(self, answer: BulkAnswer[UserRead] | BulkDeleted, event: str) -> None:
        for user_id in _done(answer):
            await self._users.tell(user_id, event)


def _done(answer: BulkAnswer[UserRead] | BulkDeleted) -> list[int]:
    return [result.id for result in answer.items if result.problem is None and result.id is not None]

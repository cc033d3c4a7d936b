"""Answers about users, kept for a while. Below authorisation, and never what somebody is let in by."""

from app.core.config import Settings
from app.core.permissions import Permission
from app.repositories.users import ALL_USERS, UserReader, one_user
from app.schemas.users import UserQuery, UserRead
from lintel.api import Found
from lintel.cache import Cache, CacheKey
from lintel.db import Database
from lintel.security import Principal


class CachedUsers:
    """Reads users for a principal, from the cache or the database.

    `UserRepository` notes what it changes, so that an answer ends with the commit that makes it wrong.
    """

    def __init__(self, database: Database, cache: Cache, settings: Settings) -> None:
        self._reader = UserReader(database)
        self._cache = cache
        self._list_seconds = settings.cache_ttl_list
        self._item_seconds = settings.cache_ttl_item

    async def page(self, principal: Principal, query: UserQuery) -> Found[UserRead]:
        """Part of the list of all users.

        Raises:
            PermissionDenied: The principal may not read them.
        """

        async def load() -> Found[UserRead]:
            return Found.of(UserRead, await self._reader.page(query), query)

        key = CacheKey.permitted("users.list", principal, Permission.USERS_READ, query.model_dump_json())
        if query.asked_fields is not None:  # few columns of rows that others will hardly ask for
            return await load()
        return await self._cache.get_or_load(
            key, load, ttl=self._list_seconds, depends_on=[ALL_USERS], kind=Found[UserRead]
        )

    async def one(self, principal: Principal, user_id: int) -> UserRead | None:
        """The principal themselves, or anybody for who may read them; else None."""

        async def load() -> UserRead | None:
            row = await self._reader.get(user_id)
            return None if row is None else UserRead.model_validate(row)

        if user_id == principal.id:
            key = CacheKey.personal("users.me", principal)
        elif principal.may(Permission.USERS_READ):
            key = CacheKey.permitted("users.item", principal, Permission.USERS_READ, user_id)
        else:
            return None
        return await self._cache.get_or_load(
            key,
            load,
            ttl=self._item_seconds,
            depends_on=[one_user(user_id)],
            kind=UserRead | None,
            keep_none=False,  # anybody could fill it with numbers of nobody
        )

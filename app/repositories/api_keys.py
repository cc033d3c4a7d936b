"""API keys in the database."""

from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, func, or_, select, update

from app.models import ApiKey, User
from app.repositories.visibility import seen_by, visible
from app.schemas.api_keys import ApiKeyQuery
from lintel.db import Database, Listing, Repository, Rows, utc_now
from lintel.security import Principal

_keys: Any = ApiKey.__table__.c
_users: Any = User.__table__.c
_READ = (
    _keys.id,
    _keys.name,
    _keys.prefix,
    _keys.scopes,
    _keys.created_at,
    _keys.last_used_at,
    _keys.expires_at,
)
_MINE = (_keys.revoked_at.is_(None), *visible(ApiKey))
_BY_ID = select(*_READ).where(_keys.id == bindparam("key_id"), *_MINE)
_LIST = Listing(_READ, where=_MINE)
_STANDING = (
    select(
        _keys.id,
        _keys.hash,
        _keys.scopes,
        _keys.last_used_at,
        _users.id.label("user_id"),
        _users.role,
        _users.status,
    )
    .join_from(ApiKey, User, _keys.owner_id == _users.id)
    .where(
        _keys.prefix == bindparam("prefix"),
        _keys.revoked_at.is_(None),
        or_(_keys.expires_at.is_(None), _keys.expires_at > bindparam("now")),
        *visible(User),
    )
)
_REVOKE = (
    update(ApiKey)
    .where(_keys.id == bindparam("key_id"), *_MINE)
    .values(revoked_at=bindparam("now"))
    .returning(_keys.id)
)
_REVOKE_ALL = (
    update(ApiKey)
    .where(_keys.owner_id == bindparam("of_user"), _keys.revoked_at.is_(None))
    .values(revoked_at=bindparam("now"))
)
_NOTE_USE = (
    update(ApiKey)
    .where(_keys.id == bindparam("key_id"), or_(_keys.last_used_at.is_(None), _keys.last_used_at < bindparam("before")))
    .values(last_used_at=bindparam("now"))
)
_QUIETLY = {"synchronize_session": False}


class ApiKeyReader:
    """Reads keys, outside of any transaction. Who is let in is never asked of a replica."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def standing(self, prefix: str) -> dict[str, Any] | None:
        """A key that is good, with its hash, and its owner as they are now."""
        return await self._database.fetch_one(_STANDING, {"prefix": prefix, "now": utc_now()}, current=True)

    async def get(self, principal: Principal, key_id: int) -> dict[str, Any] | None:
        """A key of the principal's that was not revoked."""
        return await self._database.fetch_one(_BY_ID, {"key_id": key_id, **seen_by(principal)})

    async def page(self, principal: Principal, query: ApiKeyQuery) -> Rows:
        """One page of the principal's keys that were not revoked."""
        return await _LIST.fetch(self._database, query.selection(), **seen_by(principal))


class ApiKeyRepository(Repository[ApiKey]):
    """Writes keys, within a unit of work."""

    model = ApiKey

    async def count(self, principal: Principal) -> int:
        """How many keys the principal has that were not revoked."""
        statement = select(func.count()).select_from(ApiKey).where(*_MINE)
        return (await self.session.execute(statement, seen_by(principal))).scalar_one()

    async def revoke(self, principal: Principal, key_id: int) -> bool:
        """Revoke a key of the principal's, if there is one that was not revoked."""
        parameters = {"key_id": key_id, "now": utc_now(), **seen_by(principal)}
        revoked = await self.session.execute(_REVOKE, parameters, execution_options=_QUIETLY)
        return revoked.one_or_none() is not None

    async def revoke_all(self, user_id: int) -> None:
        """Revoke all keys of a user."""
        parameters = {"of_user": user_id, "now": utc_now()}
        await self.session.execute(_REVOKE_ALL, parameters, execution_options=_QUIETLY)

    async def forget_revoked(self, principal: Principal, *, but: int) -> None:
        """Delete the principal's revoked keys, but for so many that were revoked last."""
        revoked = (_keys.revoked_at.is_not(None), *visible(ApiKey))
        kept = select(_keys.id).where(*revoked).order_by(_keys.revoked_at.desc(), _keys.id.desc()).limit(but)
        statement = delete(ApiKey).where(*revoked, _keys.id.not_in(kept))
        await self.session.execute(statement, seen_by(principal), execution_options=_QUIETLY)

    async def note_use(self, key_id: int, *, unless_since: datetime) -> None:
        """Note that a key is used now, unless it was noted since a moment."""
        parameters = {"key_id": key_id, "now": utc_now(), "before": unless_since}
        await self.session.execute(_NOTE_USE, parameters, execution_options=_QUIETLY)

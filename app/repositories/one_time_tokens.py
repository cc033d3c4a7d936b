"""Tokens that are good once, in the database."""

from typing import Any

from sqlalchemy import bindparam, delete, select

from app.core.enums import TokenPurpose
from app.models import OneTimeToken, User
from app.repositories.visibility import visible
from lintel.db import Database, Repository, utc_now

_tokens = OneTimeToken.__table__.c
_users = User.__table__.c
_GOOD = (
    _tokens.hash == bindparam("hash"),
    _tokens.purpose == bindparam("purpose"),
    _tokens.expires_at > bindparam("now"),
)
_OWNER = (
    select(_users.id, _users.email, _users.full_name, _users.username)
    .join_from(OneTimeToken, User, _tokens.user_id == _users.id)
    .where(*_GOOD, *visible(User))
)
_TAKE = delete(OneTimeToken).where(*_GOOD, _tokens.user_id == bindparam("of_user")).returning(_tokens.new_email)
_PURGE = delete(OneTimeToken).where(_tokens.expires_at <= bindparam("now")).returning(_tokens.user_id)
_QUIETLY = {"synchronize_session": False}
_OF_USER = delete(OneTimeToken).where(_tokens.user_id == bindparam("of_user"))


class OneTimeTokenReader:
    """Reads tokens, outside of any transaction and never from a replica."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def owner(self, hashed: str, purpose: TokenPurpose) -> dict[str, Any] | None:
        """Id, address and names of the user whose good token it is. It stays good: `take` is what counts."""
        return await self._database.fetch_one(_OWNER, _good(hashed, purpose), current=True)


class OneTimeTokenRepository(Repository[OneTimeToken]):
    """Writes tokens, within a unit of work that holds the user's row: the user first, then tokens, for everybody."""

    model = OneTimeToken

    async def of(self, user_id: int, purpose: TokenPurpose) -> OneTimeToken | None:
        """The token that a user has for a purpose, good or not."""
        statement = select(OneTimeToken).where(_tokens.user_id == user_id, _tokens.purpose == purpose)
        return (await self.session.execute(statement)).scalar_one_or_none()

    async def take(self, hashed: str, purpose: TokenPurpose, *, of_user: int) -> dict[str, Any] | None:
        """Use a good token up, in the statement that finds it: of two who come with it one gets what it says."""
        taken = (await self.session.execute(_TAKE, {**_good(hashed, purpose), "of_user": of_user})).one_or_none()
        return None if taken is None else dict(taken._mapping)  # noqa: SLF001 - SQLAlchemy's public name

    async def purge(self) -> int:
        """Delete those that nobody came with in time; how many."""
        deleted = await self.session.execute(_PURGE, {"now": utc_now()}, execution_options=_QUIETLY)
        return len(deleted.all())

    async def end_all(self, user_id: int) -> None:
        """Delete all tokens of a user."""
        await self.session.execute(_OF_USER, {"of_user": user_id}, execution_options=_QUIETLY)


def _good(hashed: str, purpose: TokenPurpose) -> dict[str, Any]:
    return {"hash": hashed, "purpose": purpose, "now": utc_now()}

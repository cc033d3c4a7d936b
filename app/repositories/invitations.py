"""Invitations in the database."""

from typing import Any

from sqlalchemy import bindparam, delete, select

from app.core.enums import UserRole, UserStatus
from app.core.permissions import ROLE_PERMISSIONS, Permission
from app.models import Invitation, User
from app.repositories.visibility import visible
from app.schemas.invitations import InvitationQuery
from lintel.db import Database, Listing, Repository, Rows, unique, utc_now

_invitations: Any = Invitation.__table__.c
_users: Any = User.__table__.c
_READ = (
    _invitations.id,
    _invitations.email,
    _invitations.role,
    _invitations.invited_by,
    _invitations.created_at,
    _invitations.expires_at,
)
_BY_ID = select(*_READ).where(_invitations.id == bindparam("invitation_id"))
_LIST = Listing(_READ)
_INVITING = [role for role in UserRole if Permission.USERS_MANAGE in ROLE_PERMISSIONS[role]]
_GOOD = (
    _invitations.hash == bindparam("hash"),
    _invitations.email == bindparam("address"),
    _invitations.expires_at > bindparam("now"),
    # Whoever may make no accounts any more has left no way to make some.
    _invitations.invited_by.in_(
        select(_users.id).where(_users.role.in_(_INVITING), _users.status == UserStatus.ACTIVE, *visible(User))
    ),
)
_IS_GOOD = select(_invitations.id).where(*_GOOD)
_TAKE = delete(Invitation).where(*_GOOD).returning(_invitations.id, _invitations.role)
_END = delete(Invitation).where(_invitations.id == bindparam("invitation_id")).returning(_invitations.id)
_EXPIRED = _invitations.expires_at <= bindparam("now")
_DUPLICATES = {"uq_invitations_email": "There is an invitation for this address already."}
_QUIETLY = {"synchronize_session": False}


class InvitationReader:
    """Reads invitations, outside of any transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, invitation_id: int) -> dict[str, Any] | None:
        """An invitation, good or not."""
        return await self._database.fetch_one(_BY_ID, {"invitation_id": invitation_id})

    async def is_good(self, hashed: str, email: str) -> bool:
        """Whether there is a good invitation for an address. It stays good: `take` is what counts."""
        return await self._database.fetch_one(_IS_GOOD, _of(hashed, email), current=True) is not None

    async def page(self, query: InvitationQuery) -> Rows:
        """One page of all invitations."""
        return await _LIST.fetch(self._database, query.selection())


class InvitationRepository(Repository[Invitation]):
    """Writes invitations, within a unit of work."""

    model = Invitation

    async def add(self, row: Invitation) -> Invitation:
        """Insert an invitation, in place of one for the address that has expired.

        Raises:
            AlreadyExists: There is one that has not.
        """
        expired = delete(Invitation).where(_invitations.email == bindparam("address"), _EXPIRED)
        await self.session.execute(expired, {"address": row.email, "now": utc_now()}, execution_options=_QUIETLY)
        with unique(_DUPLICATES):
            return await super().add(row)

    async def take(self, hashed: str, email: str) -> dict[str, Any] | None:
        """Use a good invitation up, in the statement that finds it: its id and role, for one of two who come."""
        taken = (await self.session.execute(_TAKE, _of(hashed, email), execution_options=_QUIETLY)).one_or_none()
        return None if taken is None else dict(taken._mapping)  # noqa: SLF001 - SQLAlchemy's public name

    async def end(self, invitation_id: int) -> bool:
        """Delete an invitation, if there is one."""
        ended = await self.session.execute(_END, {"invitation_id": invitation_id}, execution_options=_QUIETLY)
        return ended.one_or_none() is not None

    async def purge(self) -> int:
        """Delete those that have expired; how many."""
        expired = delete(Invitation).where(_EXPIRED).returning(_invitations.id)
        deleted = await self.session.execute(expired, {"now": utc_now()}, execution_options=_QUIETLY)
        return len(deleted.all())


def _of(hashed: str, email: str) -> dict[str, Any]:
    return {"hash": hashed, "address": email, "now": utc_now()}

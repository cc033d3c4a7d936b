"""Users in the database."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, exists, select, update
from sqlalchemy.dialects import postgresql, sqlite

from app.core.enums import UserRole, UserStatus
from app.models import Analysis, ApiKey, User, UserSession
from app.repositories.batched import batched
from app.repositories.sessions import is_live
from app.repositories.visibility import visible
from lintel.api import ListQuery
from lintel.db import Database, Listing, Repository, Rows, contains, note_changed, unique, utc_now
from lintel.errors import AlreadyExists

ALL_USERS = "users"
"""What lists of users depend on; every write here notes it, so that no service can forget to."""

_users = User.__table__.c
_PUBLIC = (
    _users.id,
    _users.email,
    _users.username,
    _users.full_name,
    _users.role,
    _users.status,
    _users.email_verified_at,
    _users.created_at,
    _users.updated_at,
    _users.version,
)
_BY_ID = select(*_PUBLIC).where(_users.id == bindparam("user_id"), *visible(User))
_SIGN_IN = select(_users.id, _users.status, _users.hashed_password).where(
    _users.email == bindparam("email"), *visible(User)
)
_CREDENTIALS = select(_users.email, _users.full_name, _users.username, _users.hashed_password).where(
    _users.id == bindparam("user_id"), *visible(User)
)
_sessions = UserSession.__table__.c
_STANDING = (
    select(_users.role, _users.status, _sessions.id.label("session_id"))
    .outerjoin_from(User, UserSession, (_sessions.user_id == _users.id) & is_live(bindparam("session_id")))
    .where(_users.id == bindparam("user_id"), *visible(User))
)
_STANDINGS = select(_users.id, _users.role, _users.status).where(
    _users.id.in_(bindparam("user_ids", expanding=True)), *visible(User)
)
_BY_USERNAME = select(_users.id).where(_users.username == bindparam("username"), *visible(User))
_ID_OF_EMAIL = select(_users.id).where(_users.email == bindparam("email"), *visible(User))
_DISTRUST = (
    update(User)
    .where(
        _users.email == bindparam("address"),
        _users.status == UserStatus.PENDING_VERIFICATION,
        _users.email_verified_at.is_(None),
        _users.hashed_password != bindparam("hashed"),
        *visible(User),
    )
    .values(hashed_password="", full_name=None, username=None)
)
_UNVERIFIED = (
    _users.status == UserStatus.PENDING_VERIFICATION,
    _users.email_verified_at.is_(None),
    # Whom an administrator has wait, after they were in, keeps what they have.
    *(~exists().where(owner == _users.id) for owner in (UserSession.user_id, ApiKey.owner_id, Analysis.owner_id)),
    *visible(User),
)
_LONG_AGO = select(_users.id).where(_users.updated_at < bindparam("before"), *_UNVERIFIED).limit(bindparam("most"))
_LEAVE = (
    update(User)
    .where(_users.id.in_(_LONG_AGO), *_UNVERIFIED)
    .values(deleted_at=bindparam("now"), status=UserStatus.INACTIVE)
    .returning(_users.id)
)
_GIVE_WAY = (
    update(User)
    .where(_users.email == bindparam("address"), *_UNVERIFIED)
    .values(deleted_at=bindparam("now"), status=UserStatus.INACTIVE)
    .returning(_users.id)
)
_LIST = Listing(
    _PUBLIC,
    where=visible(User),
    filters={
        "role": _users.role == bindparam("role"),
        "status": _users.status == bindparam("status"),
        "search": contains("search", (_users.email, _users.full_name, _users.username)),
    },
    needs={"is_active": ["status"], "name": ["full_name"]},
)
_DUPLICATES = {
    "uq_users_email": "A user with this e-mail address already exists.",
    "uq_users_username": "A user with this username already exists.",
}


def one_user(user_id: int) -> str:
    """What an answer about one user depends on."""
    return f"user:{user_id}"


class UserReader:
    """Reads users, outside of any transaction. Who is let in is never asked of a replica."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, user_id: int) -> dict[str, Any] | None:
        """A user, without secrets."""
        return await self._database.fetch_one(_BY_ID, {"user_id": user_id})

    async def id_of(self, username: str) -> int | None:
        """The user with a username."""
        row = await self._database.fetch_one(_BY_USERNAME, {"username": username.lower()})
        return None if row is None else int(row["id"])

    async def standing(self, user_id: int, session_id: UUID) -> dict[str, Any] | None:
        """Role and status of a user, and the session unless it has ended, as every request needs them."""
        parameters = {"user_id": user_id, "session_id": session_id, "now": utc_now()}
        return await self._database.fetch_one(_STANDING, parameters, current=True)

    async def standings(self, user_ids: Collection[int]) -> list[dict[str, Any]]:
        """Id, role and status of several users; of any number, in as many statements as that takes."""
        rows: list[dict[str, Any]] = []
        for some in batched(user_ids):
            rows += await self._database.fetch_all(_STANDINGS, {"user_ids": some}, current=True)
        return rows

    async def sign_in(self, email: str) -> dict[str, Any] | None:
        """What signing in needs of the user with this address."""
        return await self._database.fetch_one(_SIGN_IN, {"email": email}, current=True)

    async def credentials(self, user_id: int) -> dict[str, Any] | None:
        """What proving that one is this user, and choosing another password, needs."""
        return await self._database.fetch_one(_CREDENTIALS, {"user_id": user_id}, current=True)

    async def page(self, query: ListQuery) -> Rows:
        """One page of the users that a query is about, of whatever kind the query is."""
        return await _LIST.fetch(self._database, query.selection())


class UserRepository(Repository[User]):
    """Writes users, within a unit of work."""

    model = User

    async def add(self, row: User) -> User:
        """Insert a user.

        Raises:
            AlreadyExists: Somebody has the address.
        """
        with unique(_DUPLICATES):
            added = await super().add(row)
        note_changed(self.session, ALL_USERS, one_user(added.id))
        return added

    async def add_unless_known(self, values: Mapping[str, Any]) -> int:
        """Insert a user who is to verify their address, unless somebody has it; the same statements whoever has it.

        Where it was registered before and not verified since, nobody's password and names count any more: one of the
        two may not read the mail to it, and the other one is not to get an account whose password a stranger knows.

        Returns:
            The id of who has the address now.

        Raises:
            AlreadyExists: Somebody has the username.
        """
        dialect = postgresql if self.session.get_bind().dialect.name == "postgresql" else sqlite
        add = dialect.insert(User).values(**values)
        # First, so that who has the username is told alike to those whose address is known and to others.
        if values["username"] is not None:
            taken = await self.session.execute(_BY_USERNAME, {"username": values["username"]})
            if taken.one_or_none() is not None:
                raise AlreadyExists(_DUPLICATES["uq_users_username"])
        with unique(_DUPLICATES):
            await self.session.execute(
                add.on_conflict_do_nothing(index_elements=["email"], index_where=_users.deleted_at.is_(None))
            )
        await self.session.execute(
            _DISTRUST,
            {"address": values["email"], "hashed": values["hashed_password"]},
            execution_options={"synchronize_session": False},
        )
        user_id: int = (await self.session.execute(_ID_OF_EMAIL, {"email": values["email"]})).scalar_one()
        note_changed(self.session, ALL_USERS, one_user(user_id))
        return user_id

    async def give_way(self, email: str) -> None:
        """Delete softly whoever registered an address and did not verify it, for who has shown that it is theirs."""
        parameters = {"address": email, "now": utc_now()}
        left = await self.session.execute(_GIVE_WAY, parameters, execution_options={"synchronize_session": False})
        note_changed(self.session, ALL_USERS, *(one_user(user_id) for user_id in left.scalars()))

    async def update(self, row: User, changes: Any) -> User:
        """Change a user.

        Raises:
            AlreadyExists: Somebody has the new address.
        """
        note_changed(self.session, ALL_USERS, one_user(row.id))
        with unique(_DUPLICATES):
            return await super().update(row, changes)

    async def get(self, row_id: int, *, for_update: bool = False) -> User | None:
        """A user who has not left."""
        user = await super().get(row_id, for_update=for_update)
        return user if user is not None and user.deleted_at is None else None

    async def by_email(self, email: str) -> User | None:
        """The user with an address."""
        statement = select(User).where(User.email == email, *visible(User))
        return (await self.session.execute(statement)).scalar_one_or_none()

    async def leave_unverified(self, before: datetime, *, most: int) -> list[int]:
        """Delete softly who registered before a moment and never verified their address; not all of many at once."""
        parameters = {"before": before, "now": utc_now(), "most": most}
        left = await self.session.execute(_LEAVE, parameters, execution_options={"synchronize_session": False})
        user_ids = list(left.scalars())
        note_changed(self.session, ALL_USERS, *map(one_user, user_ids))
        return user_ids

    async def verified_by_email(self, email: str) -> bool:
        """Whether somebody has an address who would not give way to its owner."""
        user = await self.by_email(email)
        return user is not None and (
            user.email_verified_at is not None or user.status is not UserStatus.PENDING_VERIFICATION
        )

    async def remove(self, row: User) -> None:
        """Delete a user softly; the row stays until it is purged."""
        await self.update(row, {"deleted_at": utc_now(), "status": UserStatus.INACTIVE})

    async def lock(self, user_ids: Collection[int]) -> None:
        """Hold these users until the unit ends: whoever can administer first, then the others, each by their numbers.

        Units that change many thus come one after the other, and none of two waits for the other.
        """
        await self.lock_active_admins()
        statement = select(User.id).where(User.id.in_(user_ids)).order_by(User.id).with_for_update()
        await self.session.execute(statement)

    async def lock_active_admins(self) -> list[int]:
        """The ids of everybody who can administer, held until the unit ends.

        Two units that each remove one of the last two administrators thus come one after the other.
        """
        statement = (
            select(User.id)
            .where(User.role == UserRole.ADMIN, User.status == UserStatus.ACTIVE, *visible(User))
            .order_by(User.id)
            .with_for_update()
        )
        return list((await self.session.execute(statement)).scalars())

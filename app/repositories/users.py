"""Users in the database."""

from functools import cache
from typing import Any

from sqlalchemy import Select, bindparam, func, or_, select

from app.core.enums import UserRole, UserStatus
from app.models import User
from app.repositories.visibility import visible
from app.schemas.users import UserQuery
from lintel.db import Database, PageOfRows, Repository, fetch_page, page_statement, unique, utc_now

ESCAPE = "/"

_users = User.__table__.c
_PUBLIC = (
    _users.id,
    _users.email,
    _users.full_name,
    _users.role,
    _users.status,
    _users.created_at,
    _users.updated_at,
)
_BY_ID = select(*_PUBLIC).where(_users.id == bindparam("user_id"), *visible(User))
_SIGN_IN = select(_users.id, _users.status, _users.hashed_password).where(
    _users.email == bindparam("email"), *visible(User)
)
_STANDING = select(_users.role, _users.status).where(_users.id == bindparam("user_id"), *visible(User))
_DUPLICATES = {"uq_users_email": "A user with this e-mail address already exists."}


class UserReader:
    """Reads users, outside of any transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, user_id: int) -> dict[str, Any] | None:
        """A user, without secrets."""
        return await self._database.fetch_one(_BY_ID, {"user_id": user_id})

    async def standing(self, user_id: int) -> dict[str, Any] | None:
        """Role and status of a user, as every request needs them."""
        return await self._database.fetch_one(_STANDING, {"user_id": user_id})

    async def sign_in(self, email: str) -> dict[str, Any] | None:
        """What signing in needs of the user with this address."""
        return await self._database.fetch_one(_SIGN_IN, {"email": email})

    async def page(self, query: UserQuery) -> PageOfRows:
        """One page of all users."""
        statement = _page(
            query.sort_by,
            descending=query.sort_order == "desc",
            by_role=query.role is not None,
            by_status=query.status is not None,
            by_text=query.search is not None,
        )
        parameters = {"role": query.role, "status": query.status, "search": query.search and _containing(query.search)}
        return await fetch_page(
            self._database,
            statement,
            page=query.page,
            size=query.size,
            **{name: value for name, value in parameters.items() if value is not None},
        )


class UserRepository(Repository[User]):
    """Writes users, within a unit of work."""

    model = User

    async def add(self, row: User) -> User:
        """Insert a user.

        Raises:
            AlreadyExists: Somebody has the address.
        """
        with unique(_DUPLICATES):
            return await super().add(row)

    async def update(self, row: User, changes: Any) -> User:
        """Change a user.

        Raises:
            AlreadyExists: Somebody has the new address.
        """
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

    async def remove(self, row: User) -> None:
        """Delete a user softly; the row stays until it is purged."""
        await self.update(row, {"deleted_at": utc_now(), "status": UserStatus.INACTIVE})

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


def _containing(text: str) -> str:
    """A LIKE pattern for any text with this one in it; its own signs mean only themselves."""
    for sign in (ESCAPE, "%", "_"):
        text = text.replace(sign, f"{ESCAPE}{sign}")
    return f"%{text.lower()}%"


@cache
def _page(sort: str, *, descending: bool, by_role: bool, by_status: bool, by_text: bool) -> Select[Any]:
    where = visible(User)
    if by_role:
        where.append(_users.role == bindparam("role"))
    if by_status:
        where.append(_users.status == bindparam("status"))
    if by_text:
        pattern: Any = bindparam("search")
        columns = (_users.email, _users.full_name)
        where.append(or_(*(func.lower(column).like(pattern, escape=ESCAPE) for column in columns)))
    return page_statement(_PUBLIC, where=where, sort=sort, descending=descending)

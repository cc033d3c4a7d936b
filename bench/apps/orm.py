"""The real service, its reads through the ORM instead of Core."""

from dataclasses import replace

from fastapi import FastAPI
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.config import Settings
from app.core.enums import UserStatus
from app.core.exceptions import InactiveUser, UserNotFound
from app.core.permissions import ROLE_PERMISSIONS
from app.core.policies import AccountPolicy
from app.main import create_app
from app.models import User
from app.repositories.visibility import visible
from app.schemas.users import UserQuery, UserRead
from app.services.auth import AuthService
from app.services.container import Services
from app.services.users import UserService
from bench.apps.service import serving
from lintel.errors import Unauthenticated
from lintel.security import Principal


class OrmUserService(UserService):
    """Reads with a session."""

    async def list_users(self, query: UserQuery) -> tuple[list[UserRead], int]:
        """One page, and how many there are."""
        living = visible(User)
        newest = select(User).where(*living).order_by(User.created_at.desc(), User.id.desc())
        async with AsyncSession(self._database.reader) as session:
            total = (await session.execute(select(func.count()).select_from(User).where(*living))).scalar_one()
            page = newest.offset((query.page - 1) * query.size).limit(query.size)
            users = (await session.execute(page)).scalars().all()
        return [UserRead.model_validate(user) for user in users], total

    async def get_user(self, principal: Principal, user_id: int) -> UserRead:  # noqa: ARG002 - always their own here
        """One account."""
        async with AsyncSession(self._database.reader) as session:
            user = await session.get(User, user_id)
        if user is None or user.deleted_at is not None:
            raise UserNotFound
        return UserRead.model_validate(user)


class OrmAuthService(AuthService):
    """Knows callers with a session."""

    async def authenticate(self, token: str | None) -> Principal:
        """Who a token stands for."""
        async with AsyncSession(self._database.reader) as session:
            user = await session.get(User, self._subject(token))
        if user is None or user.deleted_at is not None:
            raise Unauthenticated
        if user.status is not UserStatus.ACTIVE:
            raise InactiveUser
        return Principal(user.id, ROLE_PERMISSIONS[user.role])


def create(*, database_url: str) -> FastAPI:
    """The application."""
    return serving(database_url, _with_the_orm)


def _with_the_orm(settings: Settings) -> FastAPI:
    own = Services.of(settings)
    users = OrmUserService(own.database, own.users._passwords, AccountPolicy.of(settings))  # noqa: SLF001 - the same one
    auth = OrmAuthService(own.database, own.auth._passwords, own.auth._tokens)  # noqa: SLF001 - the same ones
    return create_app(settings, services=replace(own, users=users, auth=auth))

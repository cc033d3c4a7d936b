"""The real service, its reads through the ORM instead of Core."""

from dataclasses import replace
from uuid import UUID

from fastapi import FastAPI
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.config import Settings
from app.core.enums import UserStatus
from app.core.exceptions import InactiveUser, UserNotFound
from app.core.permissions import ROLE_PERMISSIONS
from app.core.policies import AccountPolicy
from app.main import create_app
from app.models import User, UserSession
from app.repositories.visibility import visible
from app.schemas.users import UserQuery, UserRead
from app.services.auth import AuthService
from app.services.container import Services
from app.services.users import UserService
from bench.apps.service import serving
from lintel.api import Found
from lintel.db import Database, utc_now
from lintel.errors import Unauthenticated
from lintel.security import Principal, TokenSigner


class OrmUserService(UserService):
    """Reads with a session."""

    async def list_users(self, principal: Principal, query: UserQuery) -> Found[UserRead]:  # noqa: ARG002 - an administrator here
        """One page, and how many there are."""
        living = visible(User)
        newest = select(User).where(*living).order_by(User.created_at.desc(), User.id.desc())
        async with AsyncSession(self._database.reader) as session:
            total = (await session.execute(select(func.count()).select_from(User).where(*living))).scalar_one()
            page = newest.offset((query.page - 1) * query.size).limit(query.size)
            users = (await session.execute(page)).scalars().all()
        has_next = query.page * query.size < total
        return Found(items=[UserRead.model_validate(user) for user in users], total=total, has_next=has_next)

    async def get_user(self, principal: Principal, user_id: int) -> UserRead:  # noqa: ARG002 - always their own here
        """One account."""
        async with AsyncSession(self._database.reader) as session:
            user = await session.get(User, user_id)
        if user is None or user.deleted_at is not None:
            raise UserNotFound
        return UserRead.model_validate(user)


class OrmAuthService(AuthService):
    """Knows callers with a session."""

    def __init__(self, database: Database, tokens: TokenSigner) -> None:
        super().__init__(database, tokens)
        self._database = database

    async def _principal(self, user_id: int, session_id: UUID) -> Principal:
        async with AsyncSession(self._database.reader) as session:
            user = await session.get(User, user_id)
            signed_in = await session.get(UserSession, session_id)
        if user is None or user.deleted_at is not None:
            raise Unauthenticated
        if user.status is not UserStatus.ACTIVE:
            raise InactiveUser
        if signed_in is None or signed_in.revoked_at is not None or signed_in.expires_at <= utc_now():
            raise Unauthenticated
        return Principal(user.id, ROLE_PERMISSIONS[user.role])


def create(*, database_url: str) -> FastAPI:
    """The application."""
    return serving(database_url, _with_the_orm)


def _with_the_orm(settings: Settings) -> FastAPI:
    own = Services.of(settings)
    users = OrmUserService(
        own.database,
        own.users._passwords,  # noqa: SLF001 - the same ones
        AccountPolicy.of(settings),
        own.users._answers,  # noqa: SLF001 - the same ones
        own.pubsub,
        queue=own.queue,
    )
    auth = OrmAuthService(own.database, own.auth._tokens)  # noqa: SLF001 - the same ones
    return create_app(settings, services=replace(own, users=users, auth=auth))

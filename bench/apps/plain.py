"""FastAPI and SQLAlchemy the usual way: a session a request, the ORM, a response model, and nothing else on.

It shares no code with ours, and answers the same bodies. It is a lean one of its kind: enough connections for the load,
no e-mail validation of answers.
"""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import Depends, FastAPI, HTTPException, Query, Request
from fastapi.security import OAuth2PasswordBearer
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey
from pydantic import BaseModel, ConfigDict, Field, computed_field
from sqlalchemy import DateTime, String, TypeDecorator, func, select
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from bench.apps.settings import POOL_SIZE, SECRET_KEY

PREFIX = "/api/v1/users"
CLAIMS = jwt.JWTClaimsRegistry(exp={"essential": True}, aud={"essential": True, "value": "lintel"})
KEY = OctKey.import_key(SECRET_KEY)

oauth2 = OAuth2PasswordBearer(tokenUrl="login")


class UtcOnSqlite(TypeDecorator[datetime]):
    """SQLite keeps no offset."""

    impl = DateTime
    cache_ok = True

    def process_result_value(self, value: datetime | None, dialect: Any) -> datetime | None:  # noqa: ARG002 - SQLAlchemy calls it
        """What was stored was UTC."""
        return value.replace(tzinfo=UTC) if value is not None else None


Moment = DateTime(timezone=True).with_variant(UtcOnSqlite(), "sqlite")


class Base(DeclarativeBase):
    """Of one table."""


class User(Base):
    """An account."""

    __tablename__ = "users"

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(254))
    username: Mapped[str | None] = mapped_column(String(50))
    full_name: Mapped[str | None] = mapped_column(String(100))
    role: Mapped[str] = mapped_column(String(32))
    status: Mapped[str] = mapped_column(String(32))
    email_verified_at: Mapped[datetime | None] = mapped_column(Moment)
    hashed_password: Mapped[str] = mapped_column(String(255))
    created_at: Mapped[datetime] = mapped_column(Moment)
    updated_at: Mapped[datetime] = mapped_column(Moment)
    deleted_at: Mapped[datetime | None] = mapped_column(Moment)
    version: Mapped[int]


class UserPublic(BaseModel):
    """An account as it is answered."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    email: str
    username: str | None
    full_name: str | None
    role: str
    status: str
    email_verified_at: datetime | None
    created_at: datetime
    updated_at: datetime
    version: int

    @computed_field  # type: ignore[prop-decorator]  # pydantic's own order
    @property
    def is_active(self) -> bool:
        """Whether status is active."""
        return self.status == "active"

    @computed_field  # type: ignore[prop-decorator]  # pydantic's own order
    @property
    def name(self) -> str | None:
        """Same as full_name."""
        return self.full_name


class Links(BaseModel):
    """Where the neighbouring pages are."""

    self_: str = Field(serialization_alias="self")
    first: str
    prev: str | None
    next: str | None
    last: str


class UsersPublic(BaseModel):
    """A page of accounts."""

    items: list[UserPublic]
    page: int
    size: int
    total: int
    pages: int
    has_next: bool
    has_prev: bool
    links: Links


async def get_session(request: Request) -> AsyncIterator[AsyncSession]:
    """A session for as long as the request."""
    async with request.app.state.sessions() as session:
        yield session


SessionDep = Annotated[AsyncSession, Depends(get_session)]


async def get_current_user(session: SessionDep, token: Annotated[str, Depends(oauth2)]) -> User:
    """Who is asking."""
    try:
        decoded = jwt.decode(token, KEY, algorithms=["HS256"])
        CLAIMS.validate(decoded.claims)
    except JoseError:
        raise HTTPException(401, "Could not validate credentials") from None
    user = await session.get(User, int(decoded.claims["sub"]))
    if user is None or user.deleted_at is not None:
        raise HTTPException(401, "Could not validate credentials")
    if user.status != "active":
        raise HTTPException(403, "Inactive user")
    return user


CurrentUser = Annotated[User, Depends(get_current_user)]


async def read_users(
    session: SessionDep,
    user: CurrentUser,
    page: Annotated[int, Query(ge=1)] = 1,
    size: Annotated[int, Query(ge=1, le=100)] = 20,
) -> UsersPublic:
    """List accounts; for administrators."""
    if user.role != "admin":
        raise HTTPException(403, "Not enough permissions")
    living = User.deleted_at.is_(None)
    total = (await session.execute(select(func.count()).select_from(User).where(living))).scalar_one()
    newest = select(User).where(living).order_by(User.created_at.desc(), User.id.desc())
    users = (await session.execute(newest.offset((page - 1) * size).limit(size))).scalars().all()
    return page_of([UserPublic.model_validate(found) for found in users], page, size, total)


def page_of(items: list[UserPublic], page: int, size: int, total: int) -> UsersPublic:
    """A page with its links."""
    pages = -(-total // size)
    return UsersPublic(
        items=items,
        page=page,
        size=size,
        total=total,
        pages=pages,
        has_next=page < pages,
        has_prev=page > 1,
        links=Links(
            self_=f"{PREFIX}?size={size}&page={page}",
            first=f"{PREFIX}?size={size}&page=1",
            prev=f"{PREFIX}?size={size}&page={page - 1}" if page > 1 else None,
            next=f"{PREFIX}?size={size}&page={page + 1}" if page < pages else None,
            last=f"{PREFIX}?size={size}&page={pages}",
        ),
    )


async def read_me(user: CurrentUser) -> UserPublic:
    """Read your own account."""
    return UserPublic.model_validate(user)


def create(*, database_url: str) -> FastAPI:
    """The application."""
    engine = create_async_engine(make_url(database_url), pool_size=POOL_SIZE)
    app = FastAPI()
    app.state.sessions = async_sessionmaker(engine, expire_on_commit=False)
    app.get(PREFIX)(read_users)
    app.get(f"{PREFIX}/me")(read_me)
    return app

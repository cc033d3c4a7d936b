"""The two endpoints on asyncpg and msgspec, without SQLAlchemy and without response models, under our whole stack.

As near to the limit as one gets without giving up layers, tokens or the look at the caller's row.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Annotated, Any

import asyncpg
import msgspec
from fastapi import Depends, FastAPI, Query, Request, Response
from fastapi.security import OAuth2PasswordBearer

from app.api.identity import identifier
from app.core.config import Settings
from app.services.container import Services
from bench.apps.service import serving
from bench.apps.settings import POOL_SIZE
from lintel.application import create_app
from lintel.errors import PermissionDenied, Unauthenticated
from lintel.routing import Router

PREFIX = "/api/v1/users"
COLUMNS = "id, email, username, full_name, role, status, email_verified_at, created_at, updated_at, version"
CALLER = "SELECT id, role, status FROM users WHERE id = $1 AND deleted_at IS NULL"
ONE = f"SELECT {COLUMNS} FROM users WHERE id = $1 AND deleted_at IS NULL"  # noqa: S608 - constants
PAGE = f"""
    SELECT {COLUMNS}, (SELECT count(*) FROM users WHERE deleted_at IS NULL) AS total
    FROM users WHERE deleted_at IS NULL ORDER BY created_at DESC, id DESC LIMIT $1 OFFSET $2
"""  # noqa: S608 - constants

bearer = OAuth2PasswordBearer(tokenUrl="login", auto_error=False)
encode = msgspec.json.Encoder().encode
router = Router(prefix=PREFIX)


class User(msgspec.Struct):
    """An account."""

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
    is_active: bool
    name: str | None


class Links(msgspec.Struct):
    """Where the neighbouring pages are."""

    self_: str = msgspec.field(name="self")
    first: str
    prev: str | None
    next: str | None
    last: str


class Page(msgspec.Struct):
    """A page of accounts."""

    items: list[User]
    page: int
    size: int
    total: int
    pages: int
    has_next: bool
    has_prev: bool
    links: Links


async def authenticated(request: Request, token: Annotated[str | None, Depends(bearer)]) -> asyncpg.Record:
    """The caller's row."""
    user_id = request.app.state.auth.claimed_by(token or "")
    caller = await request.app.state.pool.fetchrow(CALLER, user_id)
    if caller is None or caller["status"] != "active":
        raise Unauthenticated
    return caller


Caller = Annotated[Any, Depends(authenticated)]


@router.get("/me")
async def read_me(request: Request, caller: Caller) -> Response:
    """Read your own account."""
    row = await request.app.state.pool.fetchrow(ONE, caller["id"])
    return _json(_user(row))


@router.get("")
async def list_users(
    request: Request,
    caller: Caller,
    page: Annotated[int, Query(ge=1)] = 1,
    size: Annotated[int, Query(ge=1, le=100)] = 20,
) -> Response:
    """List accounts."""
    if caller["role"] != "admin":
        raise PermissionDenied
    rows = await request.app.state.pool.fetch(PAGE, size, (page - 1) * size)
    total = rows[0]["total"]
    answer = _page([_user(row) for row in rows], page, size, total)
    links = answer.links
    targets = {"first": links.first, "prev": links.prev, "next": links.next, "last": links.last}
    return _json(
        answer,
        **{
            "X-Total-Count": str(total),
            "X-Page-Count": str(answer.pages),
            "Link": ", ".join(f'<{target}>; rel="{name}"' for name, target in targets.items() if target),
        },
    )


def create(*, database_url: str) -> FastAPI:
    """The application."""
    return serving(database_url, lambda settings: _without_sqlalchemy(settings, database_url))


def _without_sqlalchemy(settings: Settings, database_url: str) -> FastAPI:
    @asynccontextmanager
    async def pool() -> AsyncIterator[None]:
        async with asyncpg.create_pool(database_url, min_size=POOL_SIZE, max_size=POOL_SIZE) as app.state.pool:
            yield

    services = Services.of(settings)  # for its tokens; they ask no database
    app = create_app(
        settings,
        routers=[router],
        public_routes=[],
        authenticators=[authenticated],
        resources=[pool],
        identify=identifier(services.auth, services.api_keys),
    )
    app.state.auth = services.auth
    return app


def _user(row: Any) -> User:
    return User(*(*row[:10], row[5] == "active", row[3]))


def _page(items: list[User], page: int, size: int, total: int) -> Page:
    pages = -(-total // size)
    has_next, has_prev = page < pages, page > 1
    links = Links(
        f"{PREFIX}?size={size}&page={page}",
        f"{PREFIX}?size={size}&page=1",
        f"{PREFIX}?size={size}&page={page - 1}" if has_prev else None,
        f"{PREFIX}?size={size}&page={page + 1}" if has_next else None,
        f"{PREFIX}?size={size}&page={pages}",
    )
    return Page(items, page, size, total, pages, has_next, has_prev, links)


def _json(answer: msgspec.Struct, **headers: str) -> Response:
    return Response(encode(answer), media_type="application/json", headers=headers)

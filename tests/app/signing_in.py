"""What tests of sessions share: ways to sign in, and to look at what is stored."""

from datetime import timedelta
from typing import Any

from pydantic import SecretStr
from sqlalchemy import select, update

from app.models import UserSession
from app.schemas.auth import LoginForm, RefreshRequest, Token
from app.services.container import Services
from lintel.errors import Unauthenticated
from lintel.security import Client, Principal
from tests.conftest import PASSWORD

DAY, SECOND = timedelta(days=1), timedelta(seconds=1)


def form(username: str = "ada@example.com", password: str = PASSWORD) -> LoginForm:
    return LoginForm(username=username, password=SecretStr(password))


async def rows(services: Services) -> list[dict[str, Any]]:
    """The sessions in the database, the eldest first."""
    return await services.database.fetch_all(select(*UserSession.__table__.c).order_by(UserSession.created_at))


async def set_back(services: Services, **columns: timedelta) -> None:
    """Have moments of all sessions be earlier: so much time has passed."""
    async with services.database.writer.begin() as connection:
        for row in await rows(services):
            moments = {name: row[name] - passed for name, passed in columns.items()}
            await connection.execute(update(UserSession).where(UserSession.id == row["id"]).values(moments))


async def signed_in(services: Services, client: Client | None = None) -> Token:
    return await services.sessions.login(form(), client or Client())


async def refreshed(services: Services, token: Token, client: Client | None = None) -> Token:
    request = RefreshRequest(refresh_token=SecretStr(token.refresh_token))
    return await services.sessions.refresh(request, client or Client())


async def ada(services: Services, token: Token) -> Principal:
    return await services.auth.authenticate(token.access_token)


async def works(services: Services, token: Token) -> bool:
    try:
        await services.auth.authenticate(token.access_token)
    except Unauthenticated:
        return False
    return True

"""The data of the database cases: a thousand accounts, and an administrator who asks."""

from datetime import UTC, datetime, timedelta

from pydantic import SecretStr
from sqlalchemy import insert
from structlog.testing import capture_logs

from app.core.config import Settings
from app.core.enums import UserRole, UserStatus
from app.core.migrations import MIGRATIONS
from app.models import User
from app.schemas.auth import LoginForm
from app.services.container import Services
from bench.apps.settings import ALL_ON
from lintel.security import Client
from lintel.settings import load_settings

USERS = 1_000
EMAIL, PASSWORD = "admin@example.com", "Lovelace1815"
EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


def settings_of(database_url: str) -> Settings:
    """The real service's settings, everything on."""
    return load_settings(Settings, env_file=None, **ALL_ON, database_url=SecretStr(database_url))


async def fill(database_url: str) -> str:
    """Migrate an empty database and fill it.

    Returns:
        An access token of the administrator.
    """
    services = Services.of(settings_of(database_url))
    with capture_logs():  # a sign-in is no line of the bench's output
        async with services.database.opened():
            await MIGRATIONS.upgrade(services.database.migrator)
            await services.users.ensure_admin(EMAIL, PASSWORD)
            await services.database.run(lambda session: session.execute(insert(User), list(map(_user, range(USERS)))))
            token = await services.sessions.login(LoginForm(username=EMAIL, password=SecretStr(PASSWORD)), Client())
    return token.access_token


def _user(number: int) -> dict[str, object]:
    moment = EPOCH + timedelta(minutes=number)
    return {
        "email": f"user{number:04}@example.com",
        "full_name": f"User Number {number:04}",
        "role": UserRole.USER,
        "status": UserStatus.ACTIVE,
        "hashed_password": "x" * 97,
        "created_at": moment,
        "updated_at": moment,
    }

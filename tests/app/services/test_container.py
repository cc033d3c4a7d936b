"""All services of one application."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from app.core.config import Settings
from app.schemas.auth import LoginForm
from app.services.container import Services
from lintel.errors import Unauthenticated
from lintel.security import Client, PasswordHasher
from lintel.settings import Environment
from tests.app.conftest import ServicesFactory, add_user
from tests.conftest import ON_SQLITE, PASSWORD, SettingsFactory

pytestmark = pytest.mark.anyio

OTHER_KEY = "another key for tests, which is long enough 0123456789"


async def token_of(services: Services) -> str:
    form = LoginForm(username="ada@example.com", password=SecretStr(PASSWORD))
    return (await services.sessions.login(form, Client())).access_token


class TestServices:
    async def test_work_together_on_one_database(self, services: Services) -> None:
        ada = await add_user(services)
        assert (await services.auth.authenticate(await token_of(services))).id == ada.id
        assert (await services.health.ready()).services == {"database": True, "storage": True}

    @pytest.mark.parametrize(
        "values",
        [
            {"secret_key": OTHER_KEY},
            {"jwt_issuer": "another"},
            {"jwt_audience": "another"},
        ],
        ids=["key", "issuer", "audience"],
    )
    async def test_with_other_settings_do_not_know_our_tokens(
        self, make_services: ServicesFactory, services: Services, values: dict[str, str]
    ) -> None:
        await add_user(services)
        token = await token_of(services)
        other = await make_services(**values)
        with pytest.raises(Unauthenticated):
            await other.auth.authenticate(token)

    async def test_with_the_same_settings_know_our_tokens(
        self, make_services: ServicesFactory, services: Services
    ) -> None:
        ada = await add_user(services)
        assert (await (await make_services()).auth.authenticate(await token_of(services))).id == ada.id

    @ON_SQLITE
    async def test_make_a_key_for_development_that_outlives_a_restart(
        self, make_services: ServicesFactory, tmp_path: Path
    ) -> None:
        values = {"environment": Environment.DEVELOPMENT, "secret_key": None}
        services = await make_services(**values)
        await add_user(services)
        token = await token_of(services)
        assert (await (await make_services(**values)).auth.authenticate(token)).id == 1
        assert (tmp_path / "data" / "secret_key").stat().st_mode & 0o777 == 0o600

    @ON_SQLITE
    def test_are_connected_to_nothing_when_made(self, make_settings: SettingsFactory, tmp_path: Path) -> None:
        services = Services.of(make_settings(database_url=f"sqlite:///{tmp_path}/never.db"))
        assert not (tmp_path / "never.db").exists()
        assert services.database.checked_out() == 0

    @ON_SQLITE
    @pytest.mark.parametrize(
        ("values", "cost"),
        [({}, "$argon2id$v=19$m=19456,t=2,p=1$"), ({"password_hash": "bcrypt"}, "$2b$12$")],
        ids=["default", "bcrypt"],
    )
    def test_hash_as_the_standard_says_unless_told_otherwise(
        self, make_settings: SettingsFactory, values: dict[str, Any], cost: str
    ) -> None:
        services = Services.of(make_settings(**values))
        assert services.users._passwords._present.cost().startswith(cost)
        assert services.sessions._passwords is services.users._passwords

    @ON_SQLITE
    @pytest.mark.parametrize(
        ("redis_url", "checks"),
        [(None, {"database", "storage"}), ("redis://127.0.0.1:1/0", {"database", "redis", "storage"})],
    )
    def test_watch_redis_where_there_is_one(
        self,
        make_settings: SettingsFactory,
        cheap_passwords: PasswordHasher,
        redis_url: str | None,
        checks: set[str],
    ) -> None:
        settings: Settings = make_settings(redis_url=redis_url)
        services = Services.of(settings, passwords=cheap_passwords)
        assert services.monitor.services == dict.fromkeys(checks, True)

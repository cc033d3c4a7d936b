"""What all tests share: both databases, a running application, people to call it, and the records it writes."""

import asyncio
import base64
import gc
import json
import os
import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx2
import pytest
import structlog
from fastapi import FastAPI
from pydantic import AliasChoices, SecretStr
from sqlalchemy import delete
from structlog.typing import EventDict

from app.core.config import Settings
from app.core.enums import UserRole
from app.main import create_app
from app.models import Base
from app.schemas.users import UserCreate, UserRead
from app.services.container import Services
from lintel.context import current_context
from lintel.db import Database, Migrations
from lintel.security import PasswordHasher
from lintel.settings import Environment, load_settings
from lintel.testing import create_database, drop_database

pytest_plugins = ["lintel.testing.plugin"]

ROOT = Path(__file__).resolve().parent.parent
MIRRORS = (ROOT / "tests" / "app", ROOT / "tests" / "lintel")
MIGRATIONS = Migrations(ROOT / "alembic")
PASSWORD = "Bernoulli1843"
CHEAP_KIB = 8
"""argon2id's least memory: tests make many hashes and keep none."""

USUAL: dict[str, Any] = {
    "environment": Environment.TEST,
    "secret_key": "a key for tests that is long enough 0123456789",
    "docs": True,
    # Counted all the same, so that every test passes the limiter; no test but those about it reaches this.
    "rate_limit_per_minute": 1_000_000,
    "rate_limit_texts_per_minute": 1_000_000,
    "rate_limit_auth_per_minute": 1_000_000,
    "login_attempts": 1_000_000,
    "login_attempts_per_address": 1_000_000,
    "login_attempts_per_account": 1_000_000,
    "registrations_per_address": 1_000_000,
    "password_mails_per_address": 1_000_000,
    "flags_refresh_seconds": 3_600,  # so that no test counts that statement
}
IN_PRODUCTION: dict[str, Any] = {
    "environment": Environment.PRODUCTION,
    "docs": None,
    "allowed_hosts": "localhost",
    "email_verification": "optional",  # there is no mail server
}
ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""For tests about what happens before any database is asked."""

EMPTY = ";".join(
    [
        *(str(delete(table)) for table in reversed(Base.metadata.sorted_tables)),
        (
            "SELECT setval(format('%I.%I', schemaname, sequencename), 1, false) FROM pg_sequences"
            " WHERE last_value IS NOT NULL"
        ),
    ]
)

SettingsFactory = Callable[..., Settings]
Saw = Callable[[str], None]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what coverage is measured with: tests that mirror the code, each on its first database."""
    for item in items:
        mirrors = any(item.path.is_relative_to(folder) for folder in MIRRORS)
        if mirrors and item.get_closest_marker("second_database") is None:
            item.add_marker("measured")


def pytest_collection_finish(session: pytest.Session) -> None:
    """What is loaded by now stays: the collector need not look through it again and again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No variable of this machine is a setting of a test."""
    ours = {"SECRETS_DIR"}
    for name, field in Settings.model_fields.items():
        alias = field.validation_alias
        ours |= {name.upper(), *(map(str, alias.choices) if isinstance(alias, AliasChoices) else ())}
    for name in list(os.environ):
        if name.upper().removesuffix("_FILE") in ours:
            monkeypatch.delenv(name)


@pytest.fixture
def saw(record_property: Callable[[str, object], None]) -> Saw:
    """Takes what a test of a fault saw, for the table of `make faults`."""
    return lambda text: record_property("saw", text)


@pytest.fixture(scope="session")
def cheap_passwords() -> PasswordHasher:
    return PasswordHasher(memory_kib=CHEAP_KIB)


@pytest.fixture(scope="session")
def usual_settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """To copy: reading them anew takes as long as many a test."""
    return load_settings(Settings, env_file=None, data_dir=tmp_path_factory.mktemp("unused"), **USUAL)


@pytest.fixture
def make_settings(tmp_path: Path, database_url: str, usual_settings: Settings) -> SettingsFactory:
    """Settings of a test, on its own data folder and database; no `.env` and no variable of the machine counts."""

    def make(**values: Any) -> Settings:
        if not values:
            places = {"data_dir": tmp_path / "data", "database_url": SecretStr(database_url)}
            return usual_settings.model_copy(update=places)
        places = {"data_dir": tmp_path / "data", "database_url": database_url}
        return load_settings(Settings, env_file=None, **{**USUAL, **places, **values})

    return make


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty file to copy."""
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    asyncio.run(_migrate(f"sqlite:///{path}"))
    return path


@pytest.fixture(scope="session")
def file_settings(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> SettingsFactory:
    """Settings on an SQLite file of their own, for a service that lives longer than one test."""

    def make(**values: Any) -> Settings:
        folder = tmp_path_factory.mktemp("service")
        shutil.copy(sqlite_template, folder / "test.db")
        places = {"data_dir": folder, "database_url": f"sqlite:///{folder / 'test.db'}"}
        return load_settings(Settings, env_file=None, **{**USUAL, **places, **values})

    return make


@pytest.fixture(scope="session")
def postgres_database(postgres_url: str) -> Iterator[str]:
    """A migrated database on a server of the tests' own."""
    name = f"lintel_{uuid4().hex}"
    url = asyncio.run(create_database(postgres_url, name))
    asyncio.run(_migrate(url))
    yield url
    asyncio.run(drop_database(postgres_url, name))


@pytest.fixture(
    params=["sqlite", pytest.param("postgresql", marks=[pytest.mark.services, pytest.mark.second_database])]
)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty, migrated database; every test that asks for one runs on both kinds."""
    if request.param == "sqlite":
        path = tmp_path / "test.db"
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        return f"sqlite:///{path}"
    url: str = request.getfixturevalue("postgres_database")
    asyncio.run(_empty(url))
    return url


async def _migrate(url: str) -> None:
    database = Database(load_settings(Settings, env_file=None, database_url=url))
    async with database.opened():
        await MIGRATIONS.upgrade(database.migrator)


async def _empty(url: str) -> None:
    """Deletes: for a few rows TRUNCATE, which makes every file anew, takes several times as long."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(EMPTY)
    finally:
        await connection.close()


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with an account, and a client that is signed in as them."""

    user: UserRead
    client: httpx2.AsyncClient
    token: str

    @property
    def id(self) -> int:
        return self.user.id

    @property
    def session_id(self) -> UUID:
        """What they are signed in with, as their token says."""
        claims = self.token.split(".")[1]
        return UUID(json.loads(base64.urlsafe_b64decode(claims + "=="))["sid"])


class RunningService:
    """An application that has started, and ways to be somebody. Its clients close with the stack."""

    def __init__(self, app: FastAPI, services: Services, stack: AsyncExitStack) -> None:
        self.app = app
        self.services = services
        self._stack = stack

    async def visitor(self, **headers: str) -> httpx2.AsyncClient:
        """A client of nobody; any exception of the application is its answer, as with a server."""
        transport = httpx2.ASGITransport(app=self.app, raise_app_exceptions=False)
        client = httpx2.AsyncClient(transport=transport, base_url="http://localhost", headers=headers)
        return await self._stack.enter_async_context(client)

    async def person(self, email: str = "ada@example.com", role: UserRole = UserRole.USER) -> Person:
        """Somebody new, signed in over HTTP."""
        user = await self.services.users.create_user(
            UserCreate(email=email, password=SecretStr(PASSWORD), full_name="Ada Lovelace", role=role)
        )
        visitor = await self.visitor()
        login = await visitor.post("/api/v1/auth/login", data={"username": email, "password": PASSWORD})
        token = login.json()["access_token"]
        return Person(user, await self.visitor(Authorization=f"Bearer {token}"), token)


@pytest.fixture
async def start(make_settings: SettingsFactory, cheap_passwords: PasswordHasher) -> AsyncIterator[Callable[..., Any]]:
    """Starts the service with these settings; it stops with the test."""
    async with AsyncExitStack() as stack:

        async def start_service(**values: Any) -> RunningService:
            settings = make_settings(**values)
            services = Services.of(settings, passwords=cheap_passwords)
            app = create_app(settings, services=services)
            await stack.enter_async_context(app.router.lifespan_context(app))
            await services.monitor.check()
            return RunningService(app, services, stack)

        yield start_service


@pytest.fixture(scope="session")
def routes_of_tests(usual_settings: Settings, cheap_passwords: PasswordHasher) -> FastAPI:
    """One application for all tests with the usual settings: making its routes takes longer than most tests do."""
    return create_app(usual_settings, services=Services.of(usual_settings, passwords=cheap_passwords))


@pytest.fixture
async def service(
    make_settings: SettingsFactory, cheap_passwords: PasswordHasher, routes_of_tests: FastAPI
) -> AsyncIterator[RunningService]:
    """The service with the usual settings, on services and a database of its own."""
    settings = make_settings()
    services = Services.of(settings, passwords=cheap_passwords)
    routes_of_tests.state.settings = settings
    routes_of_tests.state.services = services
    routes_of_tests.state.health = services.monitor
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(services.database.opened())
        await stack.enter_async_context(services.cache.opened())
        await stack.enter_async_context(services.flags.opened())
        await stack.enter_async_context(services.monitor.watching())
        await services.monitor.check()  # so that no test counts its statements
        yield RunningService(routes_of_tests, services, stack)
    assert not routes_of_tests.dependency_overrides


@pytest.fixture
async def visitor(service: RunningService) -> httpx2.AsyncClient:
    """A client of nobody."""
    return await service.visitor()


@pytest.fixture
async def ada(service: RunningService) -> Person:
    """A user."""
    return await service.person()


@pytest.fixture
async def bob(service: RunningService) -> Person:
    """Another user."""
    return await service.person("bob@example.com")


@pytest.fixture
async def admin(service: RunningService) -> Person:
    """An administrator."""
    return await service.person("root@example.com", UserRole.ADMIN)


@pytest.fixture
def log_records() -> Iterator[list[EventDict]]:
    """Every record written during the test, with what was bound around it."""
    with structlog.testing.capture_logs([lambda _, __, record: {**current_context(), **record}]) as records:
        yield records

"""What tests of the service share: its services without HTTP, and what they say to the database."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, AsyncExitStack, contextmanager
from typing import Any

import httpx2
import pytest
from pydantic import SecretStr
from sqlalchemy import event
from sqlalchemy.engine import Connection

from app.core.enums import UserRole
from app.core.permissions import ROLE_PERMISSIONS
from app.schemas.users import UserCreate, UserRead
from app.services.container import Services
from lintel.db import Database
from lintel.security import PasswordHasher, Principal
from tests.conftest import PASSWORD, RunningService, SettingsFactory

ServicesFactory = Callable[..., Awaitable[Services]]
Statements = Callable[[], AbstractContextManager[list[str]]]


@pytest.fixture
async def make_services(
    make_settings: SettingsFactory, cheap_passwords: PasswordHasher
) -> AsyncIterator[ServicesFactory]:
    """Services with these settings, without HTTP; they are closed with the test."""
    async with AsyncExitStack() as stack:

        async def make(*, passwords: PasswordHasher = cheap_passwords, **values: Any) -> Services:
            services = Services.of(make_settings(**values), passwords=passwords)
            await stack.enter_async_context(services.database.opened())
            return services

        yield make


@pytest.fixture
async def services(make_services: ServicesFactory) -> Services:
    """Services with the settings of tests."""
    return await make_services()


@pytest.fixture
def statements(service: RunningService) -> Statements:
    """Records the statements sent through both doors of the running service while a block runs."""
    return lambda: recorded(service.services.database)


@contextmanager
def recorded(database: Database) -> Iterator[list[str]]:
    """Every statement sent within, health checks aside."""
    seen: list[str] = []

    def record(connection: Connection, cursor: object, statement: str, *rest: object) -> None:
        if statement != "SELECT 1":
            seen.append(statement)

    engines = [database.writer.sync_engine, database.reader.sync_engine]
    for engine in engines:
        event.listen(engine, "before_cursor_execute", record)
    try:
        yield seen
    finally:
        for engine in engines:
            event.remove(engine, "before_cursor_execute", record)


async def add_user(
    services: Services, email: str = "ada@example.com", role: UserRole = UserRole.USER, **values: Any
) -> UserRead:
    """Somebody with an account and the usual password."""
    new = UserCreate(email=email, password=SecretStr(PASSWORD), role=role, **values)
    return await services.users.create_user(new)


def principal_of(user: UserRead) -> Principal:
    """As they are once signed in."""
    return Principal(user.id, ROLE_PERMISSIONS[user.role], frozenset({user.role}))


def assert_problem(answer: httpx2.Response, status: int, code: str, *pointers: str) -> None:
    """The answer is this error in the one shape, about these fields."""
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), answer.text
    body = json.loads(answer.text)
    assert (body["status"], body["error_code"]) == (status, code), answer.text
    assert [error["pointer"] for error in body["errors"]] == list(pointers), answer.text

"""A table of keys beside the throw-away tables, on both databases."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import String, func, select
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from lintel.db import Database, IdMixin, Session, new_metadata
from lintel.idempotency import Answer, IdempotencyKeyMixin, IdempotencyKeys, KeyedRequest
from lintel.settings import DatabaseSettings, load_settings
from lintel.testing import temporary_database

ON_POSTGRESQL = pytest.mark.parametrize("url", [pytest.param("postgresql", marks=pytest.mark.services)], indirect=True)
SECRET = "a secret for tests that is long enough"


class Base(DeclarativeBase):
    metadata = new_metadata()


class Key(IdempotencyKeyMixin, Base):
    __tablename__ = "keys"


class Account(IdMixin, Base):
    __tablename__ = "accounts"

    owner: Mapped[str] = mapped_column(String(50))


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.services)])
async def url(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'keys.db'}"
        return
    async with temporary_database(request.getfixturevalue("postgres_url")) as created:
        yield created


@pytest.fixture
async def database(url: str) -> AsyncIterator[Database]:
    database = Database(load_settings(DatabaseSettings, env_file=None, database_url=url))
    async with database.opened():
        async with database.writer.begin() as connection:
            await connection.run_sync(Base.metadata.create_all)
        yield database


@pytest.fixture
async def make_keys(url: str, database: Database) -> AsyncIterator[Callable[..., Awaitable[IdempotencyKeys]]]:
    """Keys as another process has them: on connections of their own."""
    async with AsyncExitStack() as stack:

        async def make(**values: Any) -> IdempotencyKeys:
            other = Database(load_settings(DatabaseSettings, env_file=None, database_url=url))
            await stack.enter_async_context(other.opened())
            return IdempotencyKeys(other, Key, **{"secret": SECRET, **values})

        yield make


@pytest.fixture
def keys(database: Database) -> IdempotencyKeys:
    return IdempotencyKeys(database, Key, secret=SECRET)


def request_of(**values: Any) -> KeyedRequest:
    usual = {"principal_id": 1, "key": "one", "operation": "open_account", "content": b"ada"}
    return KeyedRequest(**{**usual, **values})


async def open_account(session: Session) -> int:
    """The effect that must happen once."""
    account = Account(owner="ada")
    session.add(account)
    await session.flush()
    return account.id


def answer(account_id: int) -> Answer:
    return Answer(201, {"location": f"/accounts/{account_id}"}, b"the account " + str(account_id).encode())


async def accounts(database: Database) -> int:
    async with database.read() as connection:
        return (await connection.execute(select(func.count()).select_from(Account))).scalar_one()

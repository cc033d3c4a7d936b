"""Empty databases of both kinds, and throw-away tables to put in them."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint, select, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from lintel.db import Database, IdMixin, Session, TimestampMixin, new_metadata
from lintel.settings import DatabaseSettings, load_settings
from lintel.testing import temporary_database

ON_SQLITE = pytest.mark.parametrize("empty_url", ["sqlite"], indirect=True)
ON_POSTGRESQL = pytest.mark.parametrize(
    "empty_url", [pytest.param("postgresql", marks=pytest.mark.services)], indirect=True
)

SOON = 5.0
"""Seconds: far more than the timeouts set here, far less than what they cut short."""

DatabaseFactory = Callable[..., Awaitable[Database]]


class Base(DeclarativeBase):
    metadata = new_metadata()


class Account(IdMixin, TimestampMixin, Base):
    __tablename__ = "accounts"
    __table_args__ = (
        UniqueConstraint("bank", "number"),
        CheckConstraint("balance >= 0", name="not_overdrawn"),
        {"sqlite_autoincrement": True},
    )

    owner: Mapped[str] = mapped_column(String(50), unique=True)
    bank: Mapped[str | None] = mapped_column(String(50), default=None)
    number: Mapped[int | None] = mapped_column(default=None)
    balance: Mapped[int] = mapped_column(default=0)


class Entry(IdMixin, Base):
    __tablename__ = "entries"

    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.services)])
async def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    """A database without tables; every test that asks for one runs on both kinds."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.db'}"
        return
    async with temporary_database(request.getfixturevalue("postgres_url")) as url:
        yield url


@pytest.fixture
async def make_database(empty_url: str) -> AsyncIterator[DatabaseFactory]:
    """Opens the empty database with these settings; it is closed with the test."""
    async with AsyncExitStack() as stack:

        async def make(**values: Any) -> Database:
            database = Database(load_settings(DatabaseSettings, env_file=None, **{"database_url": empty_url, **values}))
            await stack.enter_async_context(database.opened())
            return database

        yield make
    await sqlite_threads_ended()


async def sqlite_threads_ended() -> None:
    """aiosqlite lets the thread of a connection that could not be opened end by itself, and it needs the loop."""
    deadline = time.monotonic() + 5
    while any("_connection_worker_thread" in thread.name for thread in threading.enumerate()):
        assert time.monotonic() < deadline, "a connection was not closed"
        await asyncio.sleep(0.001)


@pytest.fixture
async def database(make_database: DatabaseFactory) -> Database:
    """A database with the throw-away tables."""
    database = await make_database()
    async with database.writer.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    return database


async def execute(database: Database, *statements: str) -> None:
    """Run statements in a transaction beside the test's own."""
    async with database.writer.begin() as connection:
        for statement in statements:
            await connection.execute(text(statement))


async def open_account(database: Database, owner: str = "ada", **values: Any) -> int:
    """An account that is there; its id."""

    async def work(session: Session) -> int:
        account = Account(owner=owner, **values)
        session.add(account)
        await session.flush()
        return account.id

    return await database.run(work)


async def owners(database: Database) -> list[str]:
    """Whose accounts another connection sees."""
    async with database.read() as connection:
        return list((await connection.execute(select(Account.owner).order_by(Account.owner))).scalars())


async def balance(database: Database, account_id: int) -> int:
    """What another connection sees in an account."""
    async with database.read() as connection:
        return (await connection.execute(select(Account.balance).where(Account.id == account_id))).scalar_one()


async def backend(connection: AsyncConnection | Session) -> int:
    """The PostgreSQL process that serves a connection."""
    pid: int = (await connection.execute(text("SELECT pg_backend_pid()"))).scalar_one()
    return pid


async def terminate(database: Database, pid: int) -> None:
    """End a PostgreSQL process, as a failover or an administrator would."""
    async with database.read() as connection:
        await connection.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})


def engine_of(database: Database, door: str) -> AsyncEngine:
    engine: AsyncEngine = getattr(database, door)
    return engine


async def value(database: Database, statement: str, door: str = "reader") -> Any:
    async with engine_of(database, door).connect() as connection:
        return (await connection.execute(text(statement))).scalar_one()


async def increment(database: Database, account_id: int) -> None:
    """Reads, then writes what it has read and one more."""

    async def work(session: Session) -> None:
        statement = select(Account).where(Account.id == account_id).with_for_update()
        account = (await session.execute(statement)).scalar_one()
        account.balance += 1

    await database.run(work)

"""Statements that take too long."""

import asyncio
import time
from typing import Any

import pytest
from sqlalchemy import Result, text

from lintel.db import Database, Session
from lintel.errors import Unavailable
from tests.lintel.db.conftest import (
    SOON,
    Account,
    DatabaseFactory,
    balance,
    execute,
    increment,
    open_account,
    owners,
    value,
)

pytestmark = pytest.mark.anyio

ENDLESS = {
    "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n",
    "postgresql": "SELECT pg_sleep(60)",
}


async def write_endlessly(database: Database) -> Result[Any]:
    statement = text(ENDLESS[database.writer.dialect.name])

    async def work(session: Session) -> Result[Any]:
        return await session.execute(statement)

    return await database.run(work)


async def read_endlessly(database: Database) -> Result[Any]:
    async with database.read() as connection:
        return await connection.execute(text(ENDLESS[database.reader.dialect.name]))


class TestStatementTimeout:
    @pytest.mark.parametrize("endless", [read_endlessly, write_endlessly])
    async def test_ends_a_statement_that_would_not_end(self, make_database: DatabaseFactory, endless: Any) -> None:
        database = await make_database(database_statement_timeout=0.2)
        started = time.monotonic()
        with pytest.raises(Unavailable):
            await endless(database)
        assert 0.15 < time.monotonic() - started < SOON

    async def test_ends_a_statement_that_would_end_too_late(self, make_database: DatabaseFactory) -> None:
        database = await make_database(database_statement_timeout=0.1)
        count = (
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000000) SELECT count(*) FROM n"
        )
        with pytest.raises(Unavailable):
            await database.fetch_one(text(count))

    @pytest.mark.parametrize("endless", [read_endlessly, write_endlessly])
    async def test_leaves_the_connection_fit_for_the_next(self, make_database: DatabaseFactory, endless: Any) -> None:
        database = await make_database(database_statement_timeout=0.2, database_pool_size=1, database_max_overflow=0)
        with pytest.raises(Unavailable):
            await endless(database)
        await execute(database, "CREATE TABLE later (x INTEGER)")
        assert await value(database, "SELECT count(*) FROM later") == 0

    async def test_undoes_the_unit(self, make_database: DatabaseFactory, database: Database) -> None:
        impatient = await make_database(database_statement_timeout=0.2)

        async def work(session: Session) -> None:
            session.add(Account(owner="ada"))
            await session.flush()
            await session.execute(text(ENDLESS[impatient.writer.dialect.name]))

        with pytest.raises(Unavailable):
            await impatient.run(work)
        assert await owners(database) == []

    async def test_is_counted_anew_for_each_statement(self, make_database: DatabaseFactory) -> None:
        database = await make_database(database_statement_timeout=0.3)
        count = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) SELECT count(*) FROM n"
        async with database.read() as connection:
            for _ in range(3):
                assert (await connection.execute(text(count))).scalar_one() == 20_000
                await asyncio.sleep(0.2)

    async def test_ends_the_wait_for_a_lock(self, make_database: DatabaseFactory, database: Database) -> None:
        account_id = await open_account(database)
        impatient = await make_database(database_statement_timeout=0.2)
        started = time.monotonic()
        async with database.writer.begin() as holder:
            await holder.execute(text("UPDATE accounts SET balance = 5"))
            with pytest.raises(Unavailable):
                await increment(impatient, account_id)
        assert time.monotonic() - started < SOON
        assert await balance(database, account_id) == 5

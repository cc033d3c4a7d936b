"""Engines for the two databases."""

import asyncio
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url, text
from sqlalchemy.exc import StatementError
from sqlalchemy.pool import QueuePool

from lintel.db import Database, Session
from lintel.errors import Unavailable
from lintel.settings import DatabaseSettings, LintelSettings, load_settings
from tests.lintel.db.conftest import (
    ON_POSTGRESQL,
    ON_SQLITE,
    SOON,
    Account,
    DatabaseFactory,
    backend,
    balance,
    engine_of,
    increment,
    open_account,
    owners,
    value,
)
from tests.lintel.db.relay import Relay, mute_server

pytestmark = pytest.mark.anyio

INCREMENTS = 300


@ON_SQLITE
class TestSqlite:
    @pytest.mark.parametrize("door", ["writer", "reader"])
    @pytest.mark.parametrize(
        ("pragma", "expected"),
        [
            ("journal_mode", "wal"),
            ("synchronous", 2),
            ("busy_timeout", 1_500),
            ("foreign_keys", 1),
            ("trusted_schema", 0),
        ],
    )
    async def test_every_connection_has_its_pragmas(
        self, make_database: DatabaseFactory, door: str, pragma: str, expected: object
    ) -> None:
        database = await make_database(database_statement_timeout=1.5)
        assert await value(database, f"PRAGMA {pragma}", door) == expected

    @pytest.mark.parametrize(("door", "expected"), [("reader", 1), ("writer", 0)])
    async def test_only_the_reader_refuses_to_write(self, database: Database, door: str, expected: int) -> None:
        assert await value(database, "PRAGMA query_only", door) == expected

    async def test_a_second_connection_of_the_reader_refuses_as_well(self, database: Database) -> None:
        async with database.read(), database.read() as second:
            assert (await second.execute(text("PRAGMA query_only"))).scalar_one() == 1

    async def test_a_unit_holds_the_write_lock_from_its_beginning(self, database: Database) -> None:
        path = make_url(str(database.writer.url)).database

        async def work(session: Session) -> None:
            await session.execute(text("SELECT 1"))
            with (
                closing(sqlite3.connect(str(path), timeout=0)) as other,
                pytest.raises(sqlite3.OperationalError, match="locked"),
            ):
                other.execute("BEGIN IMMEDIATE")

        await database.run(work)

    async def test_readers_do_not_wait_for_the_writer(self, database: Database) -> None:
        await open_account(database, "ada")

        async def work(session: Session) -> list[str]:
            session.add(Account(owner="bob"))
            await session.flush()
            return await owners(database)

        assert await database.run(work) == ["ada"]
        assert await owners(database) == ["ada", "bob"]

    async def test_increments_from_two_processes_lose_nothing(
        self, database: Database, make_database: DatabaseFactory
    ) -> None:
        account_id = await open_account(database)
        other = await make_database()
        await asyncio.gather(*(increment(door, account_id) for door in [database, other] * (INCREMENTS // 2)))
        assert await balance(database, account_id) == INCREMENTS

    async def test_makes_the_folder_of_its_file(self, make_database: DatabaseFactory, tmp_path: Path) -> None:
        database = await make_database(database_url=None, data_dir=tmp_path / "deep" / "down")
        await database.ping()
        assert (tmp_path / "deep" / "down" / "lintel.db").is_file()

    async def test_makes_the_folder_of_its_readers_file(self, make_database: DatabaseFactory, tmp_path: Path) -> None:
        await make_database(database_reader_url=f"sqlite:///{tmp_path}/replica/x.db")
        assert (tmp_path / "replica").is_dir()

    async def test_has_one_writer_and_as_many_readers_as_set(self, make_database: DatabaseFactory) -> None:
        database = await make_database(database_pool_size=3, database_max_overflow=9, database_pool_timeout=0.05)
        async with database.read(), database.read(), database.read():
            with pytest.raises(Unavailable):
                await database.ping()
        async with database.writer.connect():
            with pytest.raises(Unavailable):
                await open_account(database)


class TestIncrements:
    async def test_at_the_same_time_lose_nothing(self, database: Database) -> None:
        account_id = await open_account(database)
        await asyncio.gather(*(increment(database, account_id) for _ in range(INCREMENTS)))
        assert await balance(database, account_id) == INCREMENTS
        assert database.checked_out() == 0


@ON_POSTGRESQL
class TestPostgres:
    @pytest.mark.parametrize("door", ["writer", "reader"])
    @pytest.mark.parametrize(
        ("name", "expected"),
        [
            ("statement_timeout", "1500ms"),
            ("lock_timeout", "1500ms"),
            ("idle_in_transaction_session_timeout", "9s"),
            ("timezone", "UTC"),
        ],
    )
    async def test_every_connection_has_its_settings(
        self, make_database: DatabaseFactory, door: str, name: str, expected: str
    ) -> None:
        database = await make_database(database_statement_timeout=1.5)
        assert await value(database, f"SHOW {name}", door) == expected

    async def test_reads_are_outside_of_any_transaction(self, database: Database) -> None:
        async with database.read() as connection:
            moments = {(await connection.execute(text("SELECT now()"))).scalar_one() for _ in range(2)}
        assert len(moments) == 2

    async def test_statements_of_a_unit_share_a_transaction(self, database: Database) -> None:
        async def work(session: Session) -> set[Any]:
            return {(await session.execute(text("SELECT now()"))).scalar_one() for _ in range(2)}

        assert len(await database.run(work)) == 1

    @pytest.mark.parametrize("door", ["writer", "reader"])
    async def test_opens_as_many_connections_as_set_and_no_more(
        self, make_database: DatabaseFactory, door: str
    ) -> None:
        database = await make_database(database_pool_size=1, database_max_overflow=1, database_pool_timeout=0.05)
        engine = engine_of(database, door)
        async with engine.connect(), engine.connect():
            assert database.checked_out() == 2
            with pytest.raises(Unavailable):
                await (open_account(database) if door == "writer" else database.ping())

    async def test_keeps_as_many_connections_as_set(self, make_database: DatabaseFactory) -> None:
        database = await make_database(database_pool_size=1, database_max_overflow=1)
        async with database.read() as one, database.read() as two:
            assert await backend(one) != await backend(two)
        pool = database.reader.pool
        assert isinstance(pool, QueuePool)
        assert pool.checkedin() == 1

    @pytest.mark.parametrize(("recycle", "is_renewed"), [(0, True), (60, False), (-1, False)])
    async def test_renews_connections_that_are_older_than_set(
        self, make_database: DatabaseFactory, recycle: int, *, is_renewed: bool
    ) -> None:
        database = await make_database(database_pool_size=1, database_pool_recycle=recycle)
        async with database.read() as connection:
            before = await backend(connection)
        async with database.read() as connection:
            assert (await backend(connection) != before) is is_renewed

    async def test_gives_up_on_a_server_that_accepts_and_says_nothing(self, make_database: DatabaseFactory) -> None:
        async with mute_server() as port:
            database = await make_database(
                database_url=f"postgresql://x@127.0.0.1:{port}/x", database_connect_timeout=0.2
            )
            started = time.monotonic()
            with pytest.raises(Unavailable):
                await database.ping()
            assert time.monotonic() - started < SOON

    async def test_gives_up_on_a_server_that_falls_silent(self, make_database: DatabaseFactory, empty_url: str) -> None:
        async with Relay.to(empty_url) as relay:
            database = await make_database(database_url=relay.url, database_statement_timeout=0.1)
            started = time.monotonic()

            async def work(session: Session) -> None:
                await session.execute(text("SELECT 1"))
                relay.is_silent = True
                await session.execute(text("SELECT 2"))

            with pytest.raises(Unavailable):
                await database.run(work)
            assert time.monotonic() - started < 3 * SOON
            assert database.checked_out() == 0


class TestErrors:
    @pytest.mark.parametrize("door", ["writer", "reader"])
    async def test_do_not_repeat_what_was_sent(self, database: Database, door: str) -> None:
        with pytest.raises(StatementError) as failure:
            async with engine_of(database, door).connect() as connection:
                await connection.execute(text("SELECT * FROM nowhere WHERE x = :x"), {"x": "a secret"})
        assert "a secret" not in str(failure.value)

    @pytest.mark.parametrize("debug", [True, False])
    async def test_and_statements_are_shown_while_debugging(self, empty_url: str, *, debug: bool) -> None:
        settings = load_settings(LintelSettings, env_file=None, database_url=empty_url, debug=debug)
        database = Database(settings)
        for engine in (database.writer, database.reader):
            assert engine.sync_engine.hide_parameters is not debug
            assert engine.echo is debug

    async def test_are_silent_unless_told_otherwise(self, empty_url: str) -> None:
        database = Database(load_settings(DatabaseSettings, env_file=None, database_url=empty_url))
        assert database.writer.sync_engine.hide_parameters
        assert not database.writer.echo

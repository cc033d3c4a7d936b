"""Engines for the two databases."""

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Result, make_url, select, text
from sqlalchemy.exc import StatementError
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.pool import QueuePool

from lintel.db import Database, Session, _engines
from lintel.errors import Unavailable
from lintel.settings import DatabaseSettings, LintelSettings, load_settings
from tests.lintel.db.conftest import (
    ON_POSTGRESQL,
    ON_SQLITE,
    Account,
    DatabaseFactory,
    backend,
    balance,
    execute,
    open_account,
    owners,
)

pytestmark = pytest.mark.anyio

INCREMENTS = 300
ENDLESS = {
    "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n",
    "postgresql": "SELECT pg_sleep(60)",
}
SOON = 5.0
"""Seconds: far more than the timeouts set here, far less than what they cut short."""


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


async def write_endlessly(database: Database) -> Result[Any]:
    statement = text(ENDLESS[database.writer.dialect.name])

    async def work(session: Session) -> Result[Any]:
        return await session.execute(statement)

    return await database.run(work)


async def read_endlessly(database: Database) -> Result[Any]:
    async with database.read() as connection:
        return await connection.execute(text(ENDLESS[database.reader.dialect.name]))


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


@ON_POSTGRESQL
class TestConnectionsThatWereIdle:
    @pytest.fixture
    def pings(self, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        """One entry for each time the server was asked whether it is there."""
        seen: list[str] = []
        ping = _engines._ping

        def count(connection: Any) -> None:
            seen.append("ping")
            ping(connection)

        monkeypatch.setattr(_engines, "_ping", count)
        return seen

    async def test_are_not_asked_under_load(self, database: Database, pings: list[str]) -> None:
        for _ in range(5):
            await owners(database)
        assert pings == []

    async def test_are_asked_after_a_rest(
        self, database: Database, pings: list[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await owners(database)
        monkeypatch.setattr("lintel.db._engines.MAX_REST_SECONDS", 0.0)
        await owners(database)
        assert pings == ["ping"]

    async def test_are_replaced_when_nobody_answers(self, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
        async with database.read() as connection:
            before = await backend(connection)

        def silence(_: Any) -> None:
            raise TimeoutError

        monkeypatch.setattr(_engines, "_ping", silence)
        monkeypatch.setattr("lintel.db._engines.MAX_REST_SECONDS", 0.0)
        async with database.read() as connection:
            assert await backend(connection) != before
        assert database.checked_out() == 0


@ON_POSTGRESQL
class TestServersThatGoAway:
    """After connections were made to them, so that the pool has some at hand."""

    async def test_are_unavailable_and_found_again(self, make_database: DatabaseFactory, empty_url: str) -> None:
        async with Relay.to(empty_url) as relay:
            database = await make_database(database_url=relay.url)
            await value(database, "SELECT 1")
            relay.go_away()
            for _ in range(3):
                with pytest.raises(Unavailable):
                    await database.fetch_all(text("SELECT 1"))
                with pytest.raises(Unavailable):
                    async with database.read():
                        pass
            assert database.checked_out() == 0
            relay.come_back()
            assert await database.fetch_all(text("SELECT 1 AS one")) == [{"one": 1}]

    async def test_leave_nothing_behind_when_nobody_waits_for_them(
        self, make_database: DatabaseFactory, empty_url: str
    ) -> None:
        async with Relay.to(f"{empty_url}?ssl=disable") as relay:
            database = await make_database(database_url=f"{relay.url}")
            await value(database, "SELECT 1")
            relay.go_away()
            await asyncio.sleep(0.1)  # the driver hears of it
            relay.come_back()
            relay.is_silent = True
            reading = asyncio.create_task(database.fetch_all(text("SELECT 1")))
            await asyncio.sleep(0.1)
            reading.cancel()
            with pytest.raises(asyncio.CancelledError):
                await reading
            relay.is_silent = False
            assert database.checked_out() == 0
            assert await database.fetch_all(text("SELECT 1 AS one")) == [{"one": 1}]

    async def test_are_not_asked_for_long_whether_they_are_there(
        self, make_database: DatabaseFactory, empty_url: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(_engines, "MAX_REST_SECONDS", 0.0)
        monkeypatch.setattr(_engines, "PING_SECONDS", 0.1)
        async with Relay.to(empty_url) as relay:
            database = await make_database(database_url=relay.url, database_connect_timeout=0.2)
            await value(database, "SELECT 1")
            relay.is_silent, started = True, time.monotonic()
            with pytest.raises(Unavailable):
                await database.fetch_all(text("SELECT 1"))
            assert time.monotonic() - started < SOON


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


@asynccontextmanager
async def mute_server() -> AsyncIterator[int]:
    """Accepts connections and never answers."""
    over = asyncio.Event()

    async def listen(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await over.wait()
        writer.close()

    server = await asyncio.start_server(listen, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]
        over.set()


class Relay:
    """Stands between a client and its server, and can stop handing over what the server says."""

    def __init__(self, host: str, port: int) -> None:
        self.url = ""
        self.is_silent = False
        self._is_away = False
        self._host, self._port = host, port
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers: list[asyncio.StreamWriter] = []

    @classmethod
    @asynccontextmanager
    async def to(cls, url: str) -> AsyncIterator["Relay"]:
        target = make_url(url)
        relay = cls(str(target.host), int(target.port or 5432))
        server = await asyncio.start_server(relay._accept, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        relay.url = target.set(host="127.0.0.1", port=port).render_as_string(hide_password=False)
        try:
            yield relay
        finally:
            server.close()
            for writer in relay._writers:
                writer.close()
            await asyncio.gather(*relay._tasks)

    def go_away(self) -> None:
        """Close every connection, and each new one at once."""
        self._is_away = True
        for writer in self._writers:
            writer.transport.abort()

    def come_back(self) -> None:
        self._is_away = False

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._is_away:
            writer.transport.abort()
            return
        far_reader, far_writer = await asyncio.open_connection(self._host, self._port)
        self._writers += [writer, far_writer]
        for source, target, is_answer in [(reader, far_writer, False), (far_reader, writer, True)]:
            task = asyncio.create_task(self._hand_over(source, target, is_answer=is_answer))
            self._tasks.add(task)

    async def _hand_over(self, source: asyncio.StreamReader, target: asyncio.StreamWriter, *, is_answer: bool) -> None:
        try:
            while data := await source.read(65_536):
                if not (is_answer and self.is_silent):
                    target.write(data)
        except OSError:
            pass
        target.close()

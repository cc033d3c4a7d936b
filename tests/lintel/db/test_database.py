"""Units of work and reads."""

import asyncio
from collections.abc import Awaitable, Callable
from contextvars import copy_context
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, make_url, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.pool import QueuePool

from lintel.db import CommitUnknown, Database, Session
from lintel.db._database import RETRY
from lintel.errors import Conflict, ServiceError, Unavailable
from lintel.testing._process import free_port
from tests.lintel.db.conftest import (
    ON_POSTGRESQL,
    ON_SQLITE,
    Account,
    DatabaseFactory,
    Entry,
    backend,
    balance,
    execute,
    open_account,
    owners,
    terminate,
)

pytestmark = pytest.mark.anyio

SERIALIZATION_FAILURE = text("DO $$ BEGIN RAISE EXCEPTION 'again' USING ERRCODE = '40001'; END $$")
CHECKED_AT_COMMIT = "FOREIGN KEY (account_id) REFERENCES accounts (id) DEFERRABLE INITIALLY DEFERRED"
DIES_WHILE_COMMITTING = (
    """
    CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql
    AS $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NEW; END $$
    """,
    """
    CREATE CONSTRAINT TRIGGER dies AFTER INSERT ON accounts DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION die()
    """,
)


async def insert_ada(session: Session) -> str:
    session.add(Account(owner="ada"))
    await session.flush()
    return "done"


async def works(database: Database) -> bool:
    """Whether both doors still do what they should."""
    await open_account(database, "later")
    return "later" in await owners(database)


class TestRun:
    async def test_has_committed_when_it_returns(self, database: Database) -> None:
        assert await database.run(insert_ada) == "done"
        assert await owners(database) == ["ada"]

    async def test_shows_nothing_to_others_before(self, database: Database) -> None:
        async def work(session: Session) -> list[str]:
            await insert_ada(session)
            return await owners(database)

        assert await database.run(work) == []

    async def test_flushes_what_the_unit_has_not(self, database: Database) -> None:
        async def work(session: Session) -> None:
            session.add(Account(owner="ada"))

        await database.run(work)
        assert await owners(database) == ["ada"]

    async def test_gives_back_rows_that_can_be_read_after_the_commit(self, database: Database) -> None:
        async def work(session: Session) -> Account:
            account = Account(owner="ada")
            session.add(account)
            await session.flush()
            return account

        account = await database.run(work)
        assert (account.owner, account.balance, account.created_at.tzinfo is not None) == ("ada", 0, True)

    @pytest.mark.parametrize("error", [LookupError("ours"), Conflict("meant"), asyncio.CancelledError()])
    async def test_undoes_everything_when_the_unit_raises(self, database: Database, error: BaseException) -> None:
        async def work(session: Session) -> None:
            await insert_ada(session)
            raise error

        with pytest.raises(type(error)) as failure:
            await database.run(work)
        assert failure.value is error
        assert await owners(database) == []

    async def test_undoes_everything_when_the_last_flush_fails(self, database: Database) -> None:
        async def work(session: Session) -> str:
            await insert_ada(session)
            session.add(Account(owner="bob", balance=-1))
            return "never seen"

        with pytest.raises(IntegrityError):
            await database.run(work)
        assert await owners(database) == []

    async def test_is_called_once_for_an_error_that_would_come_again(self, database: Database) -> None:
        await open_account(database, "ada")
        calls = []

        async def work(session: Session) -> None:
            calls.append(1)
            await insert_ada(session)

        with pytest.raises(Conflict):
            await database.run(work)
        assert len(calls) == 1

    async def test_can_run_many_units_at_the_same_time(self, database: Database) -> None:
        names = [f"owner {number:02}" for number in range(40)]
        await asyncio.gather(*(open_account(database, name) for name in names))
        assert await owners(database) == names


class TestNestedUnit:
    async def test_is_refused_and_undoes_the_outer_one(self, database: Database) -> None:
        async def outer(session: Session) -> None:
            await insert_ada(session)
            await open_account(database, "bob")

        with pytest.raises(RuntimeError, match="must not run inside another"):
            await database.run(outer)
        assert await owners(database) == []

    async def test_is_refused_in_a_task_that_the_unit_waits_for(self, database: Database) -> None:
        async def outer(_: Session) -> None:
            await asyncio.gather(open_account(database, "bob"))

        with pytest.raises(RuntimeError, match="must not run inside another"):
            await database.run(outer)

    async def test_leaves_the_way_free_for_the_next(self, database: Database) -> None:
        async def outer(_: Session) -> None:
            await database.run(insert_ada)

        with pytest.raises(RuntimeError):
            await database.run(outer)
        assert await works(database)


@ON_POSTGRESQL
class TestRunAgain:
    async def test_after_a_deadlock_both_units_succeed(self, database: Database) -> None:
        first, second = await open_account(database, "ada"), await open_account(database, "bob")
        both_hold_one, attempts = asyncio.Barrier(2), []

        def transfer(source: int, target: int) -> Callable[[Session], Awaitable[None]]:
            is_first_try = True

            async def work(session: Session) -> None:
                nonlocal is_first_try
                attempts.append(source)
                for step, account_id in enumerate([source, target]):
                    account = await session.get_one(Account, account_id, with_for_update=True)
                    account.balance += 1
                    if step == 0 and is_first_try:
                        is_first_try = False
                        await both_hold_one.wait()

            return work

        await asyncio.gather(database.run(transfer(first, second)), database.run(transfer(second, first)))
        assert [await balance(database, account_id) for account_id in (first, second)] == [2, 2]
        assert len(attempts) == 3

    async def test_after_a_serialization_failure_the_unit_sees_what_the_other_wrote(self, database: Database) -> None:
        account_id = await open_account(database)
        seen = []

        async def work(session: Session) -> None:
            await session.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
            account = await session.get_one(Account, account_id)
            seen.append(account.balance)
            if len(seen) == 1:
                await execute(database, "UPDATE accounts SET balance = 10")
            account.balance += 1

        await database.run(work)
        assert seen == [0, 10]
        assert await balance(database, account_id) == 11

    async def test_ends_as_unavailable_when_it_never_succeeds(self, database: Database) -> None:
        attempts = []

        async def work(session: Session) -> None:
            attempts.append(1)
            await insert_ada(session)
            await session.execute(SERIALIZATION_FAILURE)

        with pytest.raises(Unavailable):
            await database.run(work)
        assert len(attempts) == RETRY["attempts"]
        assert await owners(database) == []

    async def test_when_its_connection_was_killed_midway(self, database: Database) -> None:
        pids = []

        async def work(session: Session) -> str:
            await insert_ada(session)
            pids.append(await backend(session))
            if len(pids) == 1:
                await terminate(database, pids[0])
            await session.execute(select(1))
            return "done"

        assert await database.run(work) == "done"
        assert await owners(database) == ["ada"]
        assert len(set(pids)) == 2

    async def test_ends_as_unavailable_when_every_connection_is_killed(self, database: Database) -> None:
        async def work(session: Session) -> None:
            await terminate(database, await backend(session))
            await session.execute(select(1))

        with pytest.raises(Unavailable):
            await database.run(work)
        assert await works(database)
        assert database.checked_out() == 0

    async def test_is_not_needed_for_idle_connections_that_were_killed(self, database: Database) -> None:
        await asyncio.gather(*(open_account(database, f"owner {number}") for number in range(3)))
        await asyncio.gather(*(owners(database) for _ in range(3)))
        async with database.read() as connection:
            kill = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND {}"
            found = await connection.execute(text(kill.format("datname = current_database()")))
            assert len(found.all()) >= 4
        attempts = []

        async def work(session: Session) -> None:
            attempts.append(1)
            await insert_ada(session)

        await asyncio.gather(*(owners(database) for _ in range(3)))
        await database.run(work)
        assert len(attempts) == 1


class TestCommit:
    @pytest.fixture
    async def checking_late(self, database: Database) -> Database:
        """Refuses at COMMIT what refers to no account."""
        await execute(database, f"CREATE TABLE notes (account_id INTEGER, {CHECKED_AT_COMMIT})")
        return database

    async def test_that_is_refused_is_an_error_and_not_a_result(self, checking_late: Database) -> None:
        async def work(session: Session) -> str:
            await insert_ada(session)
            await session.execute(text("INSERT INTO notes VALUES (77)"))
            return "never seen"

        with pytest.raises(Conflict):
            await checking_late.run(work)
        assert await owners(checking_late) == []

    async def test_that_is_refused_leaves_the_connection_fit_for_the_next(self, checking_late: Database) -> None:
        async def work(session: Session) -> None:
            await session.execute(text("INSERT INTO notes VALUES (77)"))

        for _ in range(2):
            with pytest.raises(Conflict):
                await checking_late.run(work)
        assert await works(checking_late)
        assert checking_late.checked_out() == 0

    @ON_POSTGRESQL
    async def test_that_finds_a_duplicate_is_an_error_and_not_a_result(self, database: Database) -> None:
        await execute(database, "CREATE TABLE words (word text UNIQUE DEFERRABLE INITIALLY DEFERRED)")

        async def work(session: Session) -> str:
            await session.execute(text("INSERT INTO words VALUES ('one'), ('one')"))
            return "never seen"

        with pytest.raises(Conflict, match="Already exists"):
            await database.run(work)

    @ON_POSTGRESQL
    async def test_that_fails_to_serialize_is_run_again(self, database: Database) -> None:
        calls = []

        async def count_and_insert(session: Session) -> int:
            calls.append(1)
            await session.execute(text("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE"))
            count = len((await session.execute(select(Account.id))).all())
            session.add(Account(owner=f"owner {len(calls)}"))
            await session.flush()
            return count

        async def work(session: Session) -> int:
            count = await count_and_insert(session)
            if len(calls) == 1:
                # The same at the same time, in a request of its own.
                await asyncio.create_task(database.run(count_and_insert), context=another_request)
            return count

        another_request = copy_context()
        assert await database.run(work) == 1
        assert await owners(database) == ["owner 2", "owner 3"]

    @ON_POSTGRESQL
    async def test_on_a_connection_that_is_gone_is_not_repeated(self, database: Database) -> None:
        calls = []

        async def work(session: Session) -> str:
            calls.append(1)
            await insert_ada(session)
            await terminate(database, await backend(session))
            return "never seen"

        with pytest.raises(CommitUnknown):
            await database.run(work)
        assert len(calls) == 1
        assert await works(database)

    @ON_POSTGRESQL
    async def test_during_which_the_connection_is_lost_is_not_repeated(self, database: Database) -> None:
        await execute(database, *DIES_WHILE_COMMITTING)
        calls = []

        async def work(session: Session) -> str:
            calls.append(1)
            return await insert_ada(session)

        with pytest.raises(CommitUnknown):
            await database.run(work)
        assert len(calls) == 1


class TestRead:
    async def test_sees_what_was_committed(self, database: Database) -> None:
        await open_account(database, "ada")
        async with database.read() as connection:
            assert (await connection.execute(select(Account.owner))).scalars().all() == ["ada"]

    async def test_passes_on_what_is_raised_within(self, database: Database) -> None:
        with pytest.raises(LookupError, match="ours"):
            async with database.read():
                raise LookupError("ours")
        assert database.checked_out() == 0

    async def test_passes_on_what_is_a_bug(self, database: Database) -> None:
        with pytest.raises(Exception, match="nowhere") as failure:
            async with database.read() as connection:
                await connection.execute(text("SELECT * FROM nowhere"))
        assert not isinstance(failure.value, Unavailable)

    @ON_SQLITE
    @pytest.mark.parametrize(
        "statement",
        [
            "INSERT INTO entries (account_id) VALUES (1)",
            "DELETE FROM accounts",
            "DROP TABLE accounts",
            "CREATE TABLE x (y)",
        ],
    )
    async def test_refuses_to_write(self, database: Database, statement: str) -> None:
        await open_account(database, "ada")
        with pytest.raises(Unavailable):
            async with database.read() as connection:
                await connection.execute(text(statement))
        assert await owners(database) == ["ada"]

    @ON_POSTGRESQL
    async def test_that_loses_its_connection_is_unavailable_once(self, database: Database) -> None:
        async def read() -> None:
            async with database.read() as connection:
                await terminate(database, await backend(connection))
                await connection.execute(select(1))

        with pytest.raises(Unavailable):
            await read()
        assert await works(database)


class TestPing:
    async def test_returns_when_the_database_answers(self, database: Database) -> None:
        await database.ping()
        assert database.checked_out() == 0

    async def test_is_unavailable_when_nobody_listens(self, make_database: DatabaseFactory) -> None:
        database = await make_database(database_url=f"postgresql://x@127.0.0.1:{free_port()}/x")
        with pytest.raises(Unavailable):
            await database.ping()


class TestCheckedOut:
    async def test_counts_both_doors(self, database: Database) -> None:
        counted = []

        async def work(session: Session) -> None:
            await session.execute(select(1))
            async with database.read():
                counted.append(database.checked_out())

        await database.run(work)
        assert (counted, database.checked_out()) == ([2], 0)

    @pytest.mark.parametrize("statement", ["SELECT * FROM nowhere", "INSERT INTO entries VALUES (1, 77)"])
    async def test_is_nothing_after_an_error(self, database: Database, statement: str) -> None:
        async def work(session: Session) -> None:
            await session.execute(text(statement))

        async def read() -> None:
            async with database.read() as connection:
                await connection.execute(text(statement))

        for attempt in (database.run(work), read(), database.run(work), read()):
            with pytest.raises((ServiceError, DBAPIError)):
                await attempt
        assert database.checked_out() == 0

    @pytest.mark.parametrize("pause", [0.0, 0.001, 0.01, 0.1])
    async def test_is_nothing_after_cancellations(
        self, database: Database, make_database: DatabaseFactory, empty_url: str, pause: float
    ) -> None:
        # asyncpg complains aloud when it is cancelled while it asks for TLS.
        plain = f"{empty_url}?ssl=disable" if empty_url.startswith("postgresql") else empty_url
        cancelled = await make_database(database_url=plain)

        async def write() -> None:
            async def work(session: Session) -> None:
                await insert_ada(session)
                await session.execute(delete(Entry))
                await asyncio.sleep(60)

            await cancelled.run(work)

        async def read() -> None:
            async with cancelled.read() as connection:
                await connection.execute(select(Account))
                await asyncio.sleep(60)

        for _ in range(3):
            tasks = [asyncio.create_task(kind()) for kind in (write, read, write, read)]
            await asyncio.sleep(pause)
            for task in tasks:
                task.cancel()
            ends = await asyncio.gather(*tasks, return_exceptions=True)
            assert {type(end) for end in ends} == {asyncio.CancelledError}
        async with asyncio.timeout(10):  # connections that were being made are given back as soon as they are
            while cancelled.checked_out():  # noqa: ASYNC110 - the pool announces nothing
                await asyncio.sleep(0.01)
        assert await owners(database) == []
        assert await works(cancelled)


class TestUnavailable:
    @pytest.mark.parametrize(
        "values",
        [
            pytest.param({"database_url": "postgresql://x@127.0.0.1:{port}/x"}, id="nobody listens"),
            pytest.param({"database_url": "postgresql://x@nowhere.invalid/x"}, id="no such host"),
            pytest.param({"database_url": "sqlite:///{folder}"}, id="the file is a folder"),
        ],
    )
    async def test_when_there_is_no_database(
        self, make_database: DatabaseFactory, values: dict[str, str], tmp_path: Path
    ) -> None:
        url = values["database_url"].format(port=free_port(), folder=tmp_path)
        database = await make_database(database_url=url)
        with pytest.raises(Unavailable):
            await database.run(insert_ada)
        with pytest.raises(Unavailable):
            await owners(database)
        assert database.checked_out() == 0

    @ON_POSTGRESQL
    @pytest.mark.parametrize("part", [{"database": "nowhere"}, {"username": "nobody"}])
    async def test_when_the_server_lets_nobody_in(
        self, make_database: DatabaseFactory, empty_url: str, part: dict[str, Any]
    ) -> None:
        url = make_url(empty_url).set(**part).render_as_string(hide_password=False)
        with pytest.raises(Unavailable):
            await (await make_database(database_url=url)).ping()

    async def test_when_no_connection_gets_free_in_time(self, make_database: DatabaseFactory) -> None:
        database = await make_database(database_pool_size=1, database_max_overflow=0, database_pool_timeout=0.1)
        loop = asyncio.get_running_loop()
        async with database.read(), database.writer.connect():
            for door in (database.ping, lambda: database.run(insert_ada)):
                started = loop.time()
                with pytest.raises(Unavailable) as failure:
                    await door()
                assert 0.09 < loop.time() - started < 2
                assert failure.value.retry_after == 1

    async def test_ends_when_a_connection_gets_free(self, make_database: DatabaseFactory) -> None:
        database = await make_database(database_pool_size=1, database_max_overflow=0, database_pool_timeout=5)
        async with database.read():
            waiting = asyncio.create_task(database.ping())
            await asyncio.sleep(0.05)
            assert not waiting.done()
        await waiting


class TestOpened:
    async def test_closes_every_connection_at_the_end(self, database: Database) -> None:
        async with database.opened():
            await works(database)
        for engine in (database.writer, database.reader):
            assert isinstance(engine.pool, QueuePool)
            assert engine.pool.checkedin() == 0

    async def test_closes_them_when_the_service_fails(self, database: Database) -> None:
        async def fail() -> None:
            async with database.opened():
                await works(database)
                raise LookupError

        with pytest.raises(LookupError):
            await fail()
        assert isinstance(database.reader.pool, QueuePool)
        assert database.reader.pool.checkedin() == 0

    @ON_POSTGRESQL
    async def test_leaves_none_on_the_server(self, database: Database, make_database: DatabaseFactory) -> None:
        other = await make_database()
        async with other.opened():
            async with other.read() as connection:
                pid = await backend(connection)
            await other.run(insert_ada)
        async with database.read() as connection:
            left = text("SELECT count(*) FROM pg_stat_activity WHERE pid = :pid")
            assert (await connection.execute(left, {"pid": pid})).scalar_one() == 0

"""What a driver's exception means."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import exc, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from lintel.db import Database, Session, database_faults, unique, violated_constraint
from lintel.db._faults import connection_faults, is_lost_connection, is_retriable
from lintel.errors import AlreadyExists, Conflict, ServiceError, Unavailable
from tests.lintel.db.conftest import (
    ON_POSTGRESQL,
    ON_SQLITE,
    Account,
    DatabaseFactory,
    Entry,
    execute,
    open_account,
    owners,
)

pytestmark = pytest.mark.anyio


def raised_on_the_server(sqlstate: str) -> str:
    return f"DO $$ BEGIN RAISE EXCEPTION 'reason' USING ERRCODE = '{sqlstate}'; END $$"


async def failure_of(database: Database, *statements: str) -> DBAPIError:
    """What the driver raises, as it is before anything is translated."""
    with pytest.raises(DBAPIError) as failure:
        await execute(database, *statements)
    return failure.value


async def translation_of(database: Database, *statements: str) -> ServiceError:
    with pytest.raises(ServiceError) as failure, database_faults():
        await execute(database, *statements)
    return failure.value


def new_account(owner: str | None, **values: Any) -> Callable[[Session], Awaitable[None]]:
    async def work(session: Session) -> None:
        session.add(Account(owner=owner, **values))
        await session.flush()

    return work


class TestDatabaseFaults:
    def test_lets_success_through(self) -> None:
        with database_faults():
            passed = True
        assert passed

    @pytest.mark.parametrize("error", [OSError(), ConnectionRefusedError(), TimeoutError()])
    def test_takes_a_connection_that_did_not_come_as_unavailable(self, error: Exception) -> None:
        with pytest.raises(Unavailable) as failure, connection_faults():
            raise error
        assert failure.value.__cause__ is error

    @pytest.mark.parametrize("error", [OSError(), FileNotFoundError(), TimeoutError()])
    def test_leaves_to_a_unit_what_its_own_code_raises(self, error: Exception) -> None:
        with pytest.raises(type(error)), database_faults():
            raise error

    @pytest.mark.parametrize("error", [exc.TimeoutError()])
    def test_takes_an_empty_pool_as_unavailable(self, error: Exception) -> None:
        with pytest.raises(Unavailable) as failure, database_faults():
            raise error
        assert failure.value.__cause__ is error

    @pytest.mark.parametrize(
        "error",
        [ValueError("x"), exc.InvalidRequestError("x"), exc.NoResultFound("x"), exc.ArgumentError("x"), Conflict("x")],
    )
    def test_passes_bugs_and_meant_errors_unchanged(self, error: Exception) -> None:
        with pytest.raises(type(error)) as failure, database_faults():
            raise error
        assert failure.value is error

    async def test_takes_a_duplicate_as_already_there(self, database: Database) -> None:
        await database.run(new_account("ada"))
        with pytest.raises(AlreadyExists) as failure:
            await database.run(new_account("ada"))
        assert isinstance(failure.value.__cause__, IntegrityError)
        assert "ada" not in failure.value.detail

    async def test_takes_a_duplicate_primary_key_as_already_there(self, database: Database) -> None:
        await database.run(new_account("ada", id=7))
        with pytest.raises(AlreadyExists):
            await database.run(new_account("bob", id=7))

    async def test_takes_a_reference_to_nothing_as_a_conflict(self, database: Database) -> None:
        async def work(session: Session) -> None:
            session.add(Entry(account_id=77))
            await session.flush()

        with pytest.raises(Conflict, match="refer") as failure:
            await database.run(work)
        assert type(failure.value) is Conflict

    async def test_takes_deleting_what_is_referred_to_as_a_conflict(self, database: Database) -> None:
        await open_account(database, "ada", id=5)
        await execute(database, "INSERT INTO entries (account_id) VALUES (5)")
        assert type(await translation_of(database, "DELETE FROM accounts")) is Conflict
        assert await owners(database) == ["ada"]

    @pytest.mark.parametrize("values", [{"owner": "ada", "balance": -1}, {"owner": None}], ids=["check", "not null"])
    async def test_leaves_what_validation_let_through_a_bug(self, database: Database, values: dict[str, Any]) -> None:
        with pytest.raises(IntegrityError):
            await database.run(new_account(**values))
        assert await owners(database) == []

    @pytest.mark.parametrize("statement", ["SELECT * FROM nowhere", "SELEKT 1", "INSERT INTO accounts (x) VALUES (1)"])
    async def test_leaves_a_wrong_statement_a_bug(self, database: Database, statement: str) -> None:
        with pytest.raises(DBAPIError), database_faults():
            await execute(database, statement)


@ON_POSTGRESQL
class TestSqlstates:
    @pytest.mark.parametrize(
        "sqlstate",
        [
            "08006",  # connection failure
            "25006",  # read-only transaction
            "28000",  # invalid authorization
            "3D000",  # no such database
            "40001",  # serialization failure
            "40P01",  # deadlock
            "53100",  # disk full
            "53300",  # too many connections
            "55P03",  # lock not available
            "57014",  # statement timeout
            "57P03",  # starting up
            "58030",  # I/O error
        ],
    )
    async def test_that_time_or_an_operator_mends_are_unavailable(self, database: Database, sqlstate: str) -> None:
        assert isinstance(await translation_of(database, raised_on_the_server(sqlstate)), Unavailable)

    @pytest.mark.parametrize(
        "sqlstate", ["22012", "22P02", "23502", "23514", "23P01", "25001", "42P01", "55000", "P0001"]
    )
    async def test_that_only_we_can_mend_are_bugs(self, database: Database, sqlstate: str) -> None:
        with pytest.raises(DBAPIError), database_faults():
            await execute(database, raised_on_the_server(sqlstate))

    async def test_of_a_replica_that_is_asked_to_write_is_unavailable(self, database: Database) -> None:
        writing = "INSERT INTO entries (account_id) VALUES (1)"
        assert isinstance(await translation_of(database, "SET TRANSACTION READ ONLY", writing), Unavailable)

    @pytest.mark.parametrize(("sqlstate", "expected"), [("40001", True), ("40P01", True), ("40002", False)])
    async def test_of_a_clash_with_another_transaction_can_run_again(
        self, database: Database, sqlstate: str, *, expected: bool
    ) -> None:
        failure = await failure_of(database, raised_on_the_server(sqlstate))
        assert is_retriable(failure) is expected
        assert not is_lost_connection(failure)

    async def test_tell_a_lost_connection(self, database: Database) -> None:
        failure = await failure_of(database, "SELECT pg_terminate_backend(pg_backend_pid())")
        assert is_lost_connection(failure)
        assert not is_retriable(failure)


@ON_SQLITE
class TestSqliteCodes:
    async def test_of_a_full_disk_is_unavailable(self, database: Database) -> None:
        filling = (
            "INSERT INTO accounts (owner, balance, created_at, updated_at) VALUES (hex(zeroblob(999999)), 0, 0, 0)"
        )
        async with database.writer.connect() as connection:
            await connection.execute(text("PRAGMA max_page_count = 10"))
        assert isinstance(await translation_of(database, filling), Unavailable)

    async def test_of_a_locked_file_is_unavailable(self, database: Database, make_database: DatabaseFactory) -> None:
        impatient = await make_database(database_statement_timeout=0.05)
        async with database.writer.begin():
            assert isinstance(await translation_of(impatient, "DELETE FROM entries"), Unavailable)

    async def test_of_a_file_that_cannot_be_opened_is_unavailable(
        self, make_database: DatabaseFactory, tmp_path: Path
    ) -> None:
        database = await make_database(database_url=f"sqlite:///{tmp_path}")
        assert isinstance(await translation_of(database, "SELECT 1"), Unavailable)

    async def test_of_a_file_that_is_something_else(self, make_database: DatabaseFactory, tmp_path: Path) -> None:
        (tmp_path / "letter.txt").write_text("Dear Ada, this is no database. " * 100)
        database = await make_database(database_url=f"sqlite:///{tmp_path}/letter.txt")
        with pytest.raises(Unavailable):
            await database.ping()


class TestUnique:
    @pytest.mark.parametrize(
        ("constraint", "first", "second"),
        [
            ("uq_accounts_owner", {"owner": "ada"}, {"owner": "ada"}),
            (
                "uq_accounts_bank_number",
                {"owner": "ada", "bank": "x", "number": 1},
                {"owner": "bob", "bank": "x", "number": 1},
            ),
        ],
    )
    async def test_says_what_was_told_about_the_constraint(
        self, database: Database, constraint: str, first: dict[str, Any], second: dict[str, Any]
    ) -> None:
        async def work(session: Session) -> None:
            session.add(Account(**first))
            await session.flush()
            session.add(Account(**second))
            with unique({constraint: "Somebody was faster.", "uq_other": "Not this."}):
                await session.flush()

        with pytest.raises(AlreadyExists, match=r"^Somebody was faster\.$") as failure:
            await database.run(work)
        assert isinstance(failure.value.__cause__, IntegrityError)

    @pytest.mark.parametrize("messages", [{}, {"uq_accounts_bank_number": "Not this.", "uq_accounts": "Nor this."}])
    async def test_leaves_constraints_it_was_told_nothing_about(
        self, database: Database, messages: dict[str, str]
    ) -> None:
        await open_account(database, "ada")

        async def work(session: Session) -> None:
            session.add(Account(owner="ada"))
            with unique(messages):
                await session.flush()

        with pytest.raises(AlreadyExists) as failure:
            await database.run(work)
        assert failure.value.detail == "Already exists"

    @pytest.mark.parametrize("values", [{"owner": "ada", "balance": -1}, {"owner": None}], ids=["check", "not null"])
    async def test_leaves_other_violations(self, database: Database, values: dict[str, Any]) -> None:
        async def work(session: Session) -> None:
            session.add(Account(**values))
            with unique({"uq_accounts_owner": "Not this."}):
                await session.flush()

        with pytest.raises(IntegrityError):
            await database.run(work)

    def test_lets_success_and_other_errors_through(self) -> None:
        with unique({"uq_x": "Not this."}):
            pass
        with pytest.raises(LookupError), unique({"uq_x": "Not this."}):
            raise LookupError


class TestViolatedConstraint:
    async def test_is_named_as_in_the_metadata(self, database: Database) -> None:
        columns, moment = "owner, bank, number, balance, created_at, updated_at", "CURRENT_TIMESTAMP"
        add = f"INSERT INTO accounts ({columns}) VALUES ('{{}}', 'x', {{}}, 0, {moment}, {moment})"  # noqa: S608
        one = await failure_of(database, add.format("ada", 1), add.format("bob", 1))
        other = await failure_of(database, add.format("ada", 1), add.format("ada", 2))
        assert isinstance(one, IntegrityError)
        assert isinstance(other, IntegrityError)
        assert violated_constraint(one) == "uq_accounts_bank_number"
        assert violated_constraint(other) == "uq_accounts_owner"

    @ON_SQLITE
    @pytest.mark.parametrize(
        "statement", ["INSERT INTO entries VALUES (1, 77)", "INSERT INTO entries VALUES (1, NULL)"]
    )
    async def test_is_unknown_where_the_database_does_not_tell(self, database: Database, statement: str) -> None:
        failure = await failure_of(database, statement)
        assert isinstance(failure, IntegrityError)
        assert violated_constraint(failure) is None

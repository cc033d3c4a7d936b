"""The base of all repositories, on a table that exists only here."""

import asyncio
from contextvars import copy_context
from datetime import datetime

import pytest
from sqlalchemy import text

from lintel.db import Database, Repository, Session
from lintel.errors import AlreadyExists, Unavailable
from tests.lintel.db.conftest import Account, DatabaseFactory, balance, open_account, owners

pytestmark = pytest.mark.anyio

MISSING = 4_711


class Accounts(Repository[Account]):
    model = Account


class TestAdd:
    async def test_gives_the_row_its_id(self, database: Database) -> None:
        async def work(session: Session) -> int:
            return (await Accounts(session).add(Account(owner="ada"))).id

        assert await database.run(work) > 0
        assert await owners(database) == ["ada"]

    async def test_is_undone_with_the_unit(self, database: Database) -> None:
        async def work(session: Session) -> None:
            await Accounts(session).add(Account(owner="ada"))
            raise LookupError

        with pytest.raises(LookupError):
            await database.run(work)
        assert await owners(database) == []

    async def test_meets_a_duplicate_at_once(self, database: Database) -> None:
        await open_account(database, "ada")
        reached = []

        async def work(session: Session) -> None:
            await Accounts(session).add(Account(owner="ada"))
            reached.append(1)

        with pytest.raises(AlreadyExists):
            await database.run(work)
        assert reached == []


class TestGet:
    @pytest.mark.parametrize("for_update", [True, False])
    async def test_finds_a_row_by_its_id(self, database: Database, *, for_update: bool) -> None:
        account_id = await open_account(database, "ada")

        async def work(session: Session) -> tuple[Account | None, Account | None]:
            accounts = Accounts(session)
            found = await accounts.get(account_id, for_update=for_update)
            return found, await accounts.get(MISSING, for_update=for_update)

        found, missing = await database.run(work)
        assert found is not None
        assert found.owner == "ada"
        assert missing is None

    async def test_for_update_keeps_other_writers_out(self, database: Database, make_database: DatabaseFactory) -> None:
        account_id = await open_account(database)
        impatient = await make_database(database_statement_timeout=0.1)

        async def write(session: Session) -> None:
            await session.execute(text("UPDATE accounts SET balance = 9"))

        async def work(session: Session) -> None:
            await Accounts(session).get(account_id, for_update=True)
            with pytest.raises(Unavailable):
                await asyncio.create_task(impatient.run(write), context=another_request)

        another_request = copy_context()
        await database.run(work)
        assert await balance(database, account_id) == 0


class TestUpdate:
    async def test_changes_the_named_columns_and_the_time_of_the_change(self, database: Database) -> None:
        account_id = await open_account(database, "ada", bank="x")

        async def work(session: Session) -> Account:
            accounts = Accounts(session)
            account = await accounts.get(account_id)
            assert account is not None
            return await accounts.update(account, {"balance": 3, "bank": None})

        account = await database.run(work)
        assert (account.owner, account.balance, account.bank) == ("ada", 3, None)
        assert account.updated_at > account.created_at
        assert await balance(database, account_id) == 3

    @pytest.mark.parametrize("name", ["nope", "metadata", "__tablename__", "registry"])
    async def test_refuses_what_is_no_column(self, database: Database, name: str) -> None:
        account_id = await open_account(database)

        async def work(session: Session) -> None:
            accounts = Accounts(session)
            account = await accounts.get(account_id)
            assert account is not None
            await accounts.update(account, {"balance": 3, name: "x"})

        with pytest.raises(AttributeError, match=name):
            await database.run(work)
        assert await balance(database, account_id) == 0

    async def test_of_nothing_changes_nothing(self, database: Database) -> None:
        account_id = await open_account(database)

        async def work(session: Session) -> tuple[datetime, datetime]:
            accounts = Accounts(session)
            account = await accounts.get(account_id)
            assert account is not None
            before = account.updated_at
            return before, (await accounts.update(account, {})).updated_at

        before, after = await database.run(work)
        assert before == after


class TestRemove:
    async def test_deletes_the_row_alone(self, database: Database) -> None:
        account_id = await open_account(database, "ada")
        await open_account(database, "bob")

        async def work(session: Session) -> Account | None:
            accounts = Accounts(session)
            account = await accounts.get(account_id)
            assert account is not None
            await accounts.remove(account)
            return await accounts.get(account_id)

        assert await database.run(work) is None
        assert await owners(database) == ["bob"]

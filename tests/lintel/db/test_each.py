"""Many items in one request, each with an end of its own."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import select

from lintel.db import Database, Repository, Session, each, each_within, unique
from lintel.errors import (
    AlreadyExists,
    Conflict,
    InvalidInput,
    NotFound,
    PermissionDenied,
    PreconditionFailed,
    ServiceError,
    TooManyRequests,
    Unavailable,
)
from tests.lintel.db.conftest import Account, balance, open_account, owners

pytestmark = pytest.mark.anyio

OF_ONE = (InvalidInput, PermissionDenied, NotFound, Conflict, AlreadyExists, PreconditionFailed)
OF_ALL = (Unavailable, TooManyRequests, ServiceError, ZeroDivisionError)


class Accounts(Repository[Account]):
    model = Account

    async def open(self, owner: str) -> int:
        with unique({"uq_accounts_owner": "Somebody has this name."}):
            return (await self.add(Account(owner=owner))).id


def kinds(ends: Sequence[Any]) -> list[Any]:
    return [type(end) if isinstance(end, ServiceError) else end for end in ends]


class TestEach:
    async def test_tells_what_each_became_in_their_order(self) -> None:
        async def halve(number: int) -> int:
            if number % 2:
                raise InvalidInput
            return number // 2

        items: list[int | ServiceError] = [4, 3, NotFound(), 2]
        assert kinds(await each(items, halve)) == [2, InvalidInput, NotFound, 1]

    @pytest.mark.parametrize("kind", OF_ONE)
    async def test_an_error_about_an_item_is_its_end(self, kind: type[ServiceError]) -> None:
        async def fail(_: int) -> None:
            raise kind

        assert kinds(await each([1, 2], fail)) == [kind, kind]

    @pytest.mark.parametrize("kind", OF_ALL)
    async def test_any_other_is_about_all_of_them(self, kind: type[Exception]) -> None:
        async def fail(_: int) -> None:
            raise kind

        with pytest.raises(kind):
            await each([1, 2], fail)


class TestEachWithin:
    async def test_what_fails_leaves_nothing_behind(self, database: Database) -> None:
        await open_account(database, "ada")

        async def work(session: Session) -> list[Any]:
            async def open_two(name: str) -> None:
                await Accounts(session).open(f"{name} I")
                await Accounts(session).open(name)

            return await each_within(session, ["bob", "ada", "cleo"], open_two)

        assert kinds(await database.run(work)) == [None, AlreadyExists, None]
        assert await owners(database) == ["ada", "bob", "bob I", "cleo", "cleo I"]

    async def test_a_row_that_failed_to_change_is_as_it_was_for_the_next(self, database: Database) -> None:
        row_id = await open_account(database, "ada")

        async def work(session: Session) -> list[Any]:
            async def take(amount: int) -> int:
                account = await Accounts(session).get(row_id, for_update=True)
                assert account is not None
                await Accounts(session).update(account, {"balance": account.balance + amount})
                if amount > 10:
                    raise Conflict
                return account.balance

            return await each_within(session, [1, 20, 3], take)

        assert kinds(await database.run(work)) == [1, Conflict, 4]
        assert await balance(database, row_id) == 4

    async def test_what_is_about_all_undoes_all(self, database: Database) -> None:
        async def work(session: Session) -> list[Any]:
            async def open_or_fail(name: str) -> None:
                await Accounts(session).open(name)
                if name == "bob":
                    raise Unavailable

            return await each_within(session, ["ada", "bob"], open_or_fail)

        with pytest.raises(Unavailable):
            await database.run(work)
        assert await owners(database) == []

    async def test_items_are_taken_by_an_order_and_told_in_theirs(self, database: Database) -> None:
        items: list[str | ServiceError] = ["b", InvalidInput(), "c", "a"]
        taken: list[str] = []

        async def work(session: Session) -> list[Any]:
            async def take(name: str) -> str:
                taken.append(name)
                return name.upper()

            return await each_within(session, items, take, order=str)

        assert kinds(await database.run(work)) == ["B", InvalidInput, "C", "A"]
        assert taken == ["a", "b", "c"]

    async def test_two_units_with_one_order_do_not_wait_for_each_other(self, database: Database) -> None:
        runs: list[str] = []

        async def open_all(names: Sequence[str]) -> list[Any]:
            async def work(session: Session) -> list[Any]:
                runs.append(names[0])
                return await each_within(session, names, Accounts(session).open, order=str)

            return await database.run(work)

        names = [f"owner {number}" for number in range(20)]
        one, other = await asyncio.gather(open_all(names), open_all(names[::-1]))
        assert (len(runs), sum(isinstance(end, AlreadyExists) for end in [*one, *other])) == (2, 20)
        async with database.read() as connection:
            assert len((await connection.execute(select(Account.id))).all()) == 20

"""Single reads, each on a connection that is given back at once."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import bindparam, select, text
from sqlalchemy.exc import MultipleResultsFound

from lintel.db import Database
from lintel.errors import Unavailable
from tests.lintel.db.conftest import Account, DatabaseFactory, open_account, owners

pytestmark = pytest.mark.anyio

OWNERS = select(Account.id, Account.owner).order_by(Account.id)
ENDLESS = {
    "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n",
    "postgresql": "SELECT pg_sleep(60)",
}
BY_OWNER = OWNERS.where(Account.owner == bindparam("owner"))


@pytest.fixture(params=["an idle connection", "a new connection"])
async def reading(request: pytest.FixtureRequest, database: Database, make_database: DatabaseFactory) -> Database:
    """A database whose reader has, or has not, a connection at hand."""
    # SQLite cannot be told to stop: what is cancelled there goes on for as long as a statement may take.
    other = await make_database(database_statement_timeout=2)
    if request.param == "an idle connection":
        await owners(other)
    return other


class TestFetchAll:
    async def test_finds_rows_by_column_name(self, reading: Database, database: Database) -> None:
        ids = [await open_account(database, owner) for owner in ("ada", "bob")]
        expected = [{"id": ids[0], "owner": "ada"}, {"id": ids[1], "owner": "bob"}]
        assert await reading.fetch_all(OWNERS) == expected
        assert await reading.fetch_all(BY_OWNER, {"owner": "bob"}) == expected[1:]
        assert reading.checked_out() == 0

    async def test_gives_the_connection_back_when_the_statement_fails(self, reading: Database) -> None:
        with pytest.raises(Exception, match="nothing_like_it"):
            await reading.fetch_all(select(text("nothing_like_it")))
        assert reading.checked_out() == 0
        assert await reading.fetch_all(OWNERS) == []

    async def test_gives_the_connection_back_when_cancelled(self, reading: Database) -> None:
        endless = text(ENDLESS[reading.reader.dialect.name])
        for _ in range(3):
            task = asyncio.create_task(reading.fetch_all(endless))
            await asyncio.sleep(0.05)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        async with asyncio.timeout(10):
            while reading.checked_out():  # noqa: ASYNC110 - the pool announces nothing
                await asyncio.sleep(0.01)
        assert await reading.fetch_all(OWNERS) == []

    async def test_says_when_there_is_no_database(self, make_database: DatabaseFactory, tmp_path: Any) -> None:
        nowhere = await make_database(database_url=f"sqlite:///{tmp_path}")
        with pytest.raises(Unavailable):
            await nowhere.fetch_all(OWNERS)


class TestFetchOne:
    async def test_finds_a_row_or_none(self, reading: Database, database: Database) -> None:
        number = await open_account(database, "ada")
        assert await reading.fetch_one(BY_OWNER, {"owner": "ada"}) == {"id": number, "owner": "ada"}
        assert await reading.fetch_one(BY_OWNER, {"owner": "bob"}) is None

    async def test_refuses_to_choose(self, reading: Database, database: Database) -> None:
        for owner in ("ada", "bob"):
            await open_account(database, owner)
        with pytest.raises(MultipleResultsFound):
            await reading.fetch_one(OWNERS)

"""One page and the number of all rows, in one statement."""

from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import ColumnElement, Select, bindparam, event, insert

from lintel.db import Database, PageOfRows, fetch_page, page_statement
from tests.lintel.db.conftest import Account

pytestmark = pytest.mark.anyio

ROWS = 23
_columns = Account.__table__.c
COLUMNS = (_columns.id, _columns.owner, _columns.balance)


@pytest.fixture
async def rows(database: Database) -> list[dict[str, Any]]:
    """Rows in which every value of the sort column is there several times."""
    rows = [{"owner": f"owner {number * 7 % ROWS:02}", "balance": number % 4} for number in range(ROWS)]
    async with database.writer.begin() as connection:
        await connection.execute(insert(Account), rows)
    return [{"id": number, **row} for number, row in enumerate(rows, 1)]


def statement_of(
    *, where: Sequence[ColumnElement[bool]] = (), sort: str = "id", descending: bool = False
) -> Select[Any]:
    return page_statement(COLUMNS, where=where, sort=sort, descending=descending)


async def fetch(database: Database, statement: Select[Any], *, page: int, size: int, **values: Any) -> PageOfRows:
    return await fetch_page(database, statement, page=page, size=size, **values)


class TestFetchPage:
    @pytest.mark.parametrize("descending", [True, False])
    @pytest.mark.parametrize("sort", ["id", "owner", "balance"])
    @pytest.mark.parametrize("size", [1, 5, ROWS, 100])
    async def test_pages_hold_every_row_once_and_in_order(
        self, database: Database, rows: list[dict[str, Any]], sort: str, size: int, *, descending: bool
    ) -> None:
        statement = statement_of(sort=sort, descending=descending)
        seen: list[dict[str, Any]] = []
        for page in range(1, -(-ROWS // size) + 1):
            found = await fetch(database, statement, page=page, size=size)
            assert found.total == ROWS
            seen += [{name: row[name] for name in ("id", "owner", "balance")} for row in found.rows]
        assert seen == sorted(rows, key=lambda row: (row[sort], row["id"]), reverse=descending)

    @pytest.mark.parametrize(("page", "size"), [(2, ROWS), (2, 100), (6, 5), (10_000_000, 100)])
    async def test_a_page_past_the_end_is_empty_and_keeps_the_total(
        self, database: Database, rows: list[dict[str, Any]], page: int, size: int
    ) -> None:
        found = await fetch(database, statement_of(), page=page, size=size)
        assert (list(found.rows), found.total) == ([], len(rows))

    @pytest.mark.parametrize("page", [1, 2])
    async def test_a_list_of_nothing_has_a_total_of_nothing(self, database: Database, page: int) -> None:
        found = await fetch(database, statement_of(sort="owner"), page=page, size=5)
        assert (list(found.rows), found.total) == ([], 0)

    @pytest.mark.parametrize(("page", "length"), [(1, 4), (2, 2), (3, 0)])
    async def test_filters_count_as_well(
        self, database: Database, rows: list[dict[str, Any]], page: int, length: int
    ) -> None:
        statement = statement_of(where=[_columns.balance == bindparam("wanted")], sort="owner")
        found = await fetch(database, statement, page=page, size=4, wanted=1)
        assert (len(found.rows), found.total) == (length, sum(row["balance"] == 1 for row in rows))
        assert {row["balance"] for row in found.rows} <= {1}

    @pytest.mark.parametrize("page", [1, 3, 99])
    async def test_takes_one_statement(self, database: Database, rows: list[dict[str, Any]], page: int) -> None:
        seen: list[str] = []
        event.listen(
            database.reader.sync_engine, "before_cursor_execute", lambda *arguments: seen.append(str(arguments[2]))
        )
        await fetch(database, statement_of(sort="owner"), page=page, size=5)
        assert len(seen) == 1
        assert "count(" in seen[0]

    async def test_a_statement_can_be_kept_and_used_again(self, database: Database, rows: list[dict[str, Any]]) -> None:
        statement = statement_of(where=[_columns.balance == bindparam("wanted")])
        lists = [await fetch(database, statement, page=1, size=2, wanted=wanted) for wanted in (0, 3, 0)]
        assert [found.total for found in lists] == [6, 5, 6]
        assert [row["id"] for row in lists[0].rows] == [row["id"] for row in lists[2].rows] == [1, 5]


class TestPageStatement:
    @pytest.mark.parametrize("sort", ["nowhere", "created_at"])
    def test_refuses_to_sort_by_what_rows_do_not_hold(self, sort: str) -> None:
        with pytest.raises(KeyError, match=sort):
            statement_of(sort=sort)

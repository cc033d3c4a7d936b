"""Lists by number and by key: every row once, in order, in one statement."""

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Column, Float, MetaData, String, Table, bindparam, delete, event, insert

from lintel.db import BadKey, BigId, Database, Key, Listing, Rows, Selection, UtcDateTime, contains, utc_now
from tests.lintel.db.conftest import Account

pytestmark = pytest.mark.anyio

ROWS = 23
_table = Table(
    "things",
    MetaData(),
    Column("id", BigId, primary_key=True),
    Column("owner", String(50), nullable=False),
    Column("balance", BigId, nullable=False),
    Column("score", Float),
    Column("seen_at", UtcDateTime),
)
THINGS = Listing(
    list(_table.c),
    filters={
        "balance": _table.c.balance == bindparam("balance"),
        "search": contains("search", [_table.c.owner]),
    },
    needs={"title": ["owner"]},
    sorts={"newest": "id"},
)
SORTS = ["id", "owner", "balance", "score", "seen_at"]


@pytest.fixture
async def things(database: Database) -> AsyncIterator[list[dict[str, Any]]]:
    """Rows in which every value of a sort column is there several times, or is missing."""
    now = utc_now()
    rows = [
        {
            "id": number,
            "owner": f"owner {number * 7 % ROWS:02}",
            "balance": number % 4,
            "score": None if number % 3 == 0 else (number % 5) / 7,
            "seen_at": None if number % 2 else now.replace(microsecond=number % 6),
        }
        for number in range(1, ROWS + 1)
    ]
    async with database.writer.begin() as connection:
        await connection.run_sync(_table.metadata.create_all)
        await connection.execute(insert(_table), rows)
    yield rows
    async with database.writer.begin() as connection:
        await connection.run_sync(_table.metadata.drop_all)


def ordered(rows: list[dict[str, Any]], sort: str, *, descending: bool) -> list[int]:
    """The ids as they should come: what is missing is smallest."""
    by = sorted(rows, key=lambda row: (row[sort] is not None, row[sort] or 0, row["id"]), reverse=descending)
    if rows and isinstance(rows[0][sort], str):
        by = sorted(rows, key=lambda row: (row[sort], row["id"]), reverse=descending)
    return [row["id"] for row in by]


async def fetch(database: Database, **values: Any) -> Rows:
    return await THINGS.fetch(database, Selection(**values))


def ids(found: Rows) -> list[int]:
    return [row["id"] for row in found.rows]


@contextmanager
def statements_of(database: Database) -> Iterator[list[str]]:
    seen: list[str] = []

    def note(*arguments: Any) -> None:
        seen.append(str(arguments[2]))

    event.listen(database.reader.sync_engine, "before_cursor_execute", note)
    yield seen
    event.remove(database.reader.sync_engine, "before_cursor_execute", note)


class TestByNumber:
    async def test_pages_hold_every_row_once_and_in_order(
        self, database: Database, things: list[dict[str, Any]]
    ) -> None:
        for sort, descending, size in product(SORTS, [True, False], [1, 5, ROWS, 100]):
            seen: list[int] = []
            pages = -(-ROWS // size)
            for page in range(1, pages + 1):
                found = await fetch(database, page=page, size=size, sort=sort, descending=descending)
                assert (found.total, found.has_next) == (ROWS, page < pages)
                seen += ids(found)
            assert seen == ordered(things, sort, descending=descending), (sort, descending, size)

    async def test_a_page_past_the_end_is_empty_and_keeps_the_total(
        self, database: Database, things: list[dict[str, Any]]
    ) -> None:
        for page, size in [(2, ROWS), (2, 100), (6, 5), (10_000_000, 100)]:
            found = await fetch(database, sort="id", page=page, size=size)
            assert (list(found.rows), found.total, found.has_next) == ([], len(things), False)

    @pytest.mark.usefixtures("things")
    async def test_filters_count_as_well(self, database: Database) -> None:
        for page, length in [(1, 4), (2, 2), (3, 0)]:
            found = await fetch(database, sort="owner", page=page, size=4, filters={"balance": 1, "search": None})
            assert (len(found.rows), found.total) == (length, 6)
            assert {row["balance"] for row in found.rows} <= {1}

    @pytest.mark.usefixtures("things")
    async def test_takes_one_statement_that_counts_only_if_asked(self, database: Database) -> None:
        for page in (1, 3, 99):
            with statements_of(database) as seen:
                await fetch(database, sort="owner", page=page, size=5)
                uncounted = await fetch(database, sort="owner", page=page, size=5, counted=False)
            assert ["count(" in statement for statement in seen] == [True, False]
            assert (uncounted.total, uncounted.has_next) == (None, page < 5)


class TestByKey:
    async def test_there_and_back_again(self, database: Database, things: list[dict[str, Any]]) -> None:
        for sort, descending, size in product(SORTS, [True, False], [1, 4, ROWS]):
            part: dict[str, Any] = {"sort": sort, "descending": descending, "size": size, "page": None}
            expected = ordered(things, sort, descending=descending)
            found = await fetch(database, **part)
            assert found.before is None
            there = ids(found)
            while found.after is not None:
                found = await fetch(database, **part, start=found.after)
                there += ids(found)
            assert there == expected, (sort, descending, size)
            back = ids(found)
            while found.before is not None:
                found = await fetch(database, **part, start=found.before, backwards=True)
                assert found.after is not None
                back = ids(found) + back
            assert back == expected, (sort, descending, size)

    @pytest.mark.parametrize("sort", ["owner", "score"])
    async def test_nothing_is_left_out_or_repeated_when_rows_come_and_go(
        self, database: Database, things: list[dict[str, Any]], sort: str
    ) -> None:
        expected = ordered(things, sort, descending=True)
        found = await fetch(database, sort=sort, size=8, page=None)
        async with database.writer.begin() as connection:
            await connection.execute(delete(_table).where(_table.c.id.in_([expected[0], expected[7], expected[9]])))
            row = {"owner": "zz", "balance": 1, "score": 99.0, "seen_at": None}
            await connection.execute(insert(_table), [{"id": 100, **row}])
        after = await fetch(database, sort=sort, size=100, page=None, start=found.after)
        assert ids(after) == [number for number in expected[8:] if number != expected[9]]

    @pytest.mark.usefixtures("things")
    async def test_is_one_statement_and_never_counts(self, database: Database) -> None:
        with statements_of(database) as seen:
            for sort in SORTS:
                found = await fetch(database, sort=sort, size=5, page=None)
                await fetch(database, sort=sort, size=5, page=None, start=found.after, filters={"balance": 2})
        assert len(seen) == 2 * len(SORTS)
        assert not any("count(" in statement for statement in seen)

    @pytest.mark.usefixtures("things")
    @pytest.mark.parametrize(
        ("sort", "key"),
        [("balance", Key("much", 1)), ("balance", Key(None, 1)), ("seen_at", Key("noon", 1)), ("id", Key(1, "one"))],
    )
    async def test_a_key_of_another_list_is_refused(self, database: Database, sort: str, key: Key) -> None:
        with pytest.raises(BadKey):
            await fetch(database, sort=sort, page=None, start=key)

    @pytest.mark.usefixtures("things")
    async def test_past_the_end_is_nothing(self, database: Database) -> None:
        found = await fetch(database, sort="id", descending=False, page=None, start=Key(ROWS, ROWS))
        assert found == Rows([])


class TestFields:
    @pytest.mark.usefixtures("things")
    @pytest.mark.parametrize("page", [1, None])
    async def test_only_what_is_needed_is_read(self, database: Database, page: int | None) -> None:
        with statements_of(database) as seen:
            found = await fetch(database, sort="balance", page=page, size=2, fields=frozenset({"title"}))
        assert [set(row) for row in found.rows] == [{"id", "owner", "balance"}] * 2
        assert not any("score" in statement or "seen_at" in statement for statement in seen)

    @pytest.mark.usefixtures("things")
    async def test_no_more_statements_are_kept_than_a_few_hundred(self, database: Database) -> None:
        listing = Listing(list(_table.c), filters={f"f{n}": _table.c.balance != bindparam(f"f{n}") for n in range(300)})
        for number in range(300):
            await listing.fetch(database, Selection(sort="id", filters={f"f{number}": 7}))
        assert listing._statement.cache_info().currsize == 256

    @pytest.mark.parametrize("sort", ["nowhere", "created_at"])
    async def test_what_rows_do_not_hold_is_no_order(self, database: Database, sort: str) -> None:
        with pytest.raises(KeyError, match=sort):
            await fetch(database, sort=sort)


class TestContains:
    @given(text=st.text(st.sampled_from("aB%_/\\' "), min_size=1, max_size=5))
    async def test_is_literal_and_ignores_case(self, text: str) -> None:
        condition = contains("search", [Account.__table__.c.owner])
        kind: Any = next(iter(condition.compile().binds.values())).type
        pattern = kind.process_bind_param(text, None)
        plain = pattern[1:-1].replace("//", "\x00").replace("/%", "%").replace("/_", "_").replace("\x00", "/")
        assert plain == text.lower()

    @pytest.mark.usefixtures("things")
    async def test_finds_text_as_it_is(self, database: Database) -> None:
        for text, count in [("OWNER 0", 10), ("%", 0), ("_", 0), ("er 21", 1), ("/", 0)]:
            assert (await fetch(database, sort="id", filters={"search": text})).total == count


class TestChunks:
    @pytest.mark.parametrize(("sort", "size"), [("id", 1), ("id", ROWS), ("balance", 5), ("seen_at", 7)])
    async def test_are_every_row_once_in_order(
        self, database: Database, things: list[dict[str, Any]], sort: str, size: int
    ) -> None:
        selection = Selection(sort=sort, descending=False, size=size)
        with statements_of(database) as statements:
            chunks = [list(rows) async for rows in THINGS.chunks(database, selection)]
        assert [row["id"] for rows in chunks for row in rows] == ordered(things, sort, descending=False)
        assert len(statements) == len(chunks) == -(-ROWS // size)

    async def test_are_none_of_nothing(self, database: Database, things: list[dict[str, Any]]) -> None:
        selection = Selection(sort="id", filters={"balance": 99})
        assert [rows async for rows in THINGS.chunks(database, selection)] == []

    async def test_hold_no_connection_and_miss_nothing_that_stays(
        self, database: Database, things: list[dict[str, Any]]
    ) -> None:
        seen: list[int] = []
        async for rows in THINGS.chunks(database, Selection(sort="id", descending=False, size=4)):
            assert database.checked_out() == 0
            seen += [row["id"] for row in rows]
            if len(seen) == 4:
                async with database.writer.begin() as connection:
                    await connection.execute(delete(_table).where(_table.c.id.in_([2, 4, 5, ROWS])))
                    await connection.execute(insert(_table), [{**things[0], "id": ROWS + 1, "balance": 0}])
        assert seen == [1, 2, 3, 4, *range(6, ROWS), ROWS + 1]

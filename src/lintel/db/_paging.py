"""One page and the number of all rows, in one statement."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, func, select, true

from lintel.db._database import Database

TOTAL = "total_"
LIMIT = "limit_"
OFFSET = "offset_"


@dataclass(frozen=True, slots=True)
class PageOfRows:
    """One page of a list.

    Attributes:
        rows: The rows of the page, in order.
        total: The number of rows on all pages.
    """

    rows: Sequence[Mapping[str, Any]]
    total: int


def page_statement(
    columns: Sequence[ColumnElement[Any]], *, where: Sequence[ColumnElement[bool]], sort: str, descending: bool
) -> Select[Any]:
    """A statement for `fetch_page`, to be built once per shape and kept.

    The count stands left of an outer join, so that a page past the end still tells the total. The id breaks ties, so
    that no row is on two pages or on none.

    Args:
        columns: What each row holds; among them `id` and the sort column.
        where: The filters; the count has the same ones.
        sort: Name of the column to sort by.
        descending: The direction, for ties as well.
    """
    filtered = select(*columns).where(*where)
    count = select(func.count().label(TOTAL)).select_from(*filtered.get_final_froms()).where(*where).subquery()
    page = (
        filtered.order_by(*_order(filtered.selected_columns, sort, descending=descending))
        .limit(bindparam(LIMIT))
        .offset(bindparam(OFFSET))
        .subquery()
    )
    return (
        select(count.c[TOTAL], page)
        .select_from(count.outerjoin(page, true()))
        .order_by(*_order(page.c, sort, descending=descending))
    )


async def fetch_page(
    database: Database, statement: Select[Any], *, page: int, size: int, **parameters: Any
) -> PageOfRows:
    """Fetch page number `page` (from 1) of `size` rows.

    Raises:
        Unavailable: The database does not answer.
    """
    rows = await database.fetch_all(statement, {**parameters, LIMIT: size, OFFSET: (page - 1) * size})
    total = rows[0][TOTAL]
    for row in rows:
        del row[TOTAL]
    return PageOfRows([row for row in rows if row["id"] is not None], total)


def _order(columns: Any, sort: str, *, descending: bool) -> list[ColumnElement[Any]]:
    names = [sort] if sort == "id" else [sort, "id"]
    return [_ordered(columns[name], descending=descending) for name in names]


def _ordered(column: Any, *, descending: bool) -> ColumnElement[Any]:
    """NULL is the smallest value on every database; plain columns keep the order that an index has."""
    ordered: ColumnElement[Any] = column.desc() if descending else column.asc()
    if not column.nullable:
        return ordered
    return ordered.nulls_last() if descending else ordered.nulls_first()

"""Lists: pages by number, which count, and pages by key, which cost the same however far one has come."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, NamedTuple

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import ColumnElement, Select, bindparam, func, select, true, tuple_, union_all

from lintel.db._database import Database

TOTAL = "total_"
LIMIT = "limit_"
OFFSET = "offset_"
KEY = "key_"
KEY_ID = "key_id_"
MAX_STATEMENTS = 256
"""Shapes of one list that are kept: sorting, filters and fields make more than anybody uses."""


class Key(NamedTuple):
    """Where a row stands in a list: what it is sorted by, and its id. Plain JSON values."""

    value: Any
    id: Any


class BadKey(ValueError):
    """The key is of another list: its values are of other types."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which part of a list is asked for.

    Attributes:
        sort: Name of the column to sort by; the id breaks ties.
        descending: The direction, for ties as well. NULL is the smallest value on every database.
        size: Most rows.
        page: Number of the page, from 1; None for pages by key.
        start: Where to go on, for pages by key; None for the beginning.
        backwards: Whether the rows before `start` are meant, not those after it.
        counted: Whether a page by number tells the number of all rows.
        fields: The columns that rows hold; None for all.
        filters: Values by name; None is no filter.
    """

    sort: str
    descending: bool = True
    size: int = 20
    page: int | None = 1
    start: Key | None = None
    backwards: bool = False
    counted: bool = True
    fields: frozenset[str] | None = None
    filters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Rows:
    """Part of a list.

    Attributes:
        rows: The rows, in order.
        total: The number of rows of the whole list, where it was counted.
        has_next: Whether there are more behind them.
        before: Where the part before them ends; None where there is none, and for pages by number.
        after: Where the part behind them begins; None where there is none, and for pages by number.
    """

    rows: Sequence[Mapping[str, Any]]
    total: int | None = None
    has_next: bool = False
    before: Key | None = None
    after: Key | None = None


class Listing:
    """What can be listed, declared once; statements are made as they are asked for, and kept.

    Args:
        columns: What a row holds; among them `id` and every column to sort by.
        where: What always applies, such as who may see what; its parameters are given to `fetch`.
        filters: Further conditions by the name of the filter, each with a `bindparam` of that name. It applies where
            the selection has a value for it.
        sorts: Other columns to sort by than those of the name: `{"created_at": "id"}` where ids come in that order.
        needs: Columns by the field that is made of them, where no column has its name.
        always: Columns that are read whatever fields are asked for.
    """

    def __init__(
        self,
        columns: Sequence[ColumnElement[Any]],
        *,
        where: Collection[ColumnElement[bool]] = (),
        filters: Mapping[str, ColumnElement[bool]] | None = None,
        sorts: Mapping[str, str] | None = None,
        needs: Mapping[str, Collection[str]] | None = None,
        always: Collection[str] = (),
    ) -> None:
        self._columns = {column.name: column for column in columns}
        self._where = list(where)
        self._filters = dict(filters or {})
        self._sorts = dict(sorts or {})
        self._needs = dict(needs or {})
        self._always = frozenset(always)
        self._statement = lru_cache(maxsize=MAX_STATEMENTS)(self._made)

    async def fetch(self, database: Database, selection: Selection, **parameters: Any) -> Rows:
        """Fetch part of the list, in one statement.

        Args:
            database: Where it is.
            selection: Which part.
            parameters: Of the conditions that always apply.

        Raises:
            BadKey: `selection.start` is of another list.
            KeyError: There is no such column or filter.
            Unavailable: The database does not answer.
        """
        filters = {name: value for name, value in selection.filters.items() if value is not None}
        shape = _Shape.of(selection, sort=self._sorts.get(selection.sort, selection.sort), filters=frozenset(filters))
        if selection.page is None:
            key = {} if selection.start is None else self._parameters_of(selection.start, shape)
            rows = await database.fetch_all(
                self._statement(shape), {**parameters, **filters, **key, LIMIT: selection.size + 1}
            )
            return self._by_key(rows, selection, shape)
        limit = selection.size if selection.counted else selection.size + 1
        rows = await database.fetch_all(
            self._statement(shape),
            {**parameters, **filters, LIMIT: limit, OFFSET: (selection.page - 1) * selection.size},
        )
        return _counted(rows, selection) if selection.counted else _uncounted(rows, selection)

    async def chunks(
        self, database: Database, selection: Selection, **parameters: Any
    ) -> AsyncIterator[Sequence[Mapping[str, Any]]]:
        """All rows from the selection's start on, `size` of them at a time, each time in one statement.

        No connection is held in between, and each statement has a deadline of its own. Whatever is added or taken
        meanwhile, no row comes twice, and none that stays in its place is left out.

        Raises:
            Unavailable: The database does not answer.
        """
        chunk = replace(selection, page=None)
        while (rows := await self.fetch(database, chunk, **parameters)).rows:
            yield rows.rows
            if rows.after is None:
                return
            chunk = replace(chunk, start=rows.after)

    def _by_key(self, rows: list[dict[str, Any]], selection: Selection, shape: "_Shape") -> Rows:
        has_more = len(rows) > selection.size
        rows = rows[: selection.size]
        if selection.backwards:
            rows.reverse()
        came_from_elsewhere = selection.start is not None
        has_next, has_before = (
            (came_from_elsewhere, has_more) if selection.backwards else (has_more, came_from_elsewhere)
        )
        if not rows:
            return Rows(rows)
        return Rows(
            rows,
            has_next=has_next,
            before=self._key_of(rows[0], shape) if has_before else None,
            after=self._key_of(rows[-1], shape) if has_next else None,
        )

    def _key_of(self, row: Mapping[str, Any], shape: "_Shape") -> Key:
        plain = {name: _adapter(self._columns[name]).dump_python(row[name], mode="json") for name in shape.order}
        return Key(plain[shape.sort], plain["id"])

    def _parameters_of(self, key: Key, shape: "_Shape") -> dict[str, Any]:
        try:
            parameters = {KEY_ID: _adapter(self._columns["id"]).validate_python(key.id)}
            if shape.sort != "id" and not (key.value is None and _is_nullable(self._columns[shape.sort])):
                parameters[KEY] = _adapter(self._columns[shape.sort]).validate_python(key.value)
        except ValidationError:
            raise BadKey from None
        return parameters

    def _made(self, shape: "_Shape") -> Select[Any]:
        where = [*self._where, *(self._filters[name] for name in sorted(shape.filters))]
        columns = self._chosen(shape)
        if not shape.is_by_key:
            return _numbered(columns, where, shape)
        parts = [_part(columns, [*where, *conditions], shape) for conditions in _ranges(self._columns, shape)]
        if len(parts) == 1:
            return parts[0]
        both = union_all(*(select(part.subquery()) for part in parts)).subquery()
        return select(both).order_by(*shape.ordered(both.c)).limit(bindparam(LIMIT))

    def _chosen(self, shape: "_Shape") -> list[ColumnElement[Any]]:
        self._columns[shape.sort]  # a clear error for what rows do not hold
        if shape.fields is None:
            return list(self._columns.values())
        wanted = {column for name in shape.fields for column in self._needs.get(name, [name])}
        wanted |= {*self._always, *shape.order}
        return [column for name, column in self._columns.items() if name in wanted]


@dataclass(frozen=True, slots=True)
class _Shape:
    """What makes one statement another."""

    sort: str
    is_descending: bool
    is_by_key: bool
    is_counted: bool
    start: str
    """Where a page by key begins: `first`, `value` or `null`."""
    fields: frozenset[str] | None
    filters: frozenset[str]

    @classmethod
    def of(cls, selection: Selection, *, sort: str, filters: frozenset[str]) -> "_Shape":
        is_by_key = selection.page is None
        begins = "first" if selection.start is None else "null" if selection.start.value is None else "value"
        return cls(
            sort=sort,
            is_descending=selection.descending != (is_by_key and selection.backwards),
            is_by_key=is_by_key,
            is_counted=not is_by_key and selection.counted,
            start=begins if is_by_key else "first",
            fields=selection.fields,
            filters=filters,
        )

    @property
    def order(self) -> tuple[str, ...]:
        return ("id",) if self.sort == "id" else (self.sort, "id")

    def ordered(self, columns: Any, *, nulls: bool = True) -> list[ColumnElement[Any]]:
        return [self._ordered(columns[name], nulls=nulls) for name in self.order]

    def _ordered(self, column: Any, *, nulls: bool) -> ColumnElement[Any]:
        """Plain columns keep the order that an index has."""
        ordered: ColumnElement[Any] = column.desc() if self.is_descending else column.asc()
        if not nulls or not _is_nullable(column):
            return ordered
        return ordered.nulls_last() if self.is_descending else ordered.nulls_first()


def _numbered(columns: Sequence[Any], where: Sequence[ColumnElement[bool]], shape: _Shape) -> Select[Any]:
    filtered = select(*columns).where(*where)
    page = (
        filtered.order_by(*shape.ordered(filtered.selected_columns)).limit(bindparam(LIMIT)).offset(bindparam(OFFSET))
    )
    if not shape.is_counted:
        return page
    # The count stands left of an outer join, so that a page past the end still tells it.
    count = select(func.count().label(TOTAL)).select_from(*filtered.get_final_froms()).where(*where).subquery()
    rows = page.subquery()
    return select(count.c[TOTAL], rows).select_from(count.outerjoin(rows, true())).order_by(*shape.ordered(rows.c))


def _part(columns: Sequence[Any], where: Sequence[ColumnElement[bool]], shape: _Shape) -> Select[Any]:
    statement = select(*columns).where(*where)
    return statement.order_by(*shape.ordered(statement.selected_columns, nulls=False)).limit(bindparam(LIMIT))


def _ranges(columns: Mapping[str, Any], shape: _Shape) -> list[list[ColumnElement[bool]]]:
    """The conditions of the one or two stretches of an index that hold the rows asked for.

    A comparison with NULL is neither true nor false, and `OR` would keep the index from being used: so what has a value
    and what has none are stretches of their own.
    """
    column, identity = columns[shape.sort], columns["id"]
    key, key_id = bindparam(KEY, type_=column.type), bindparam(KEY_ID, type_=identity.type)
    beyond_id = identity < key_id if shape.is_descending else identity > key_id
    pair, key_pair = tuple_(column, identity), tuple_(key, key_id)
    beyond_pair = pair < key_pair if shape.is_descending else pair > key_pair
    if shape.sort == "id" or not _is_nullable(column):
        beyond = beyond_id if shape.sort == "id" else beyond_pair
        return [[] if shape.start == "first" else [beyond]]
    stretches = {"value": [column.is_not(None)], "null": [column.is_(None)]}
    order = ["value", "null"] if shape.is_descending else ["null", "value"]
    if shape.start != "first":
        order = order[order.index(shape.start) :]
        stretches[shape.start].append(beyond_pair if shape.start == "value" else beyond_id)
    return [stretches[name] for name in order]


def _counted(rows: list[dict[str, Any]], selection: Selection) -> Rows:
    total = rows[0][TOTAL]
    for row in rows:
        del row[TOTAL]
    return Rows([row for row in rows if row["id"] is not None], total, (selection.page or 0) * selection.size < total)


def _uncounted(rows: list[dict[str, Any]], selection: Selection) -> Rows:
    return Rows(rows[: selection.size], has_next=len(rows) > selection.size)


@lru_cache(maxsize=1_024)
def _adapter(column: Any) -> TypeAdapter[Any]:
    # A decorator of types does not tell what it makes; what it decorates does.
    python_type: Any = getattr(column.type, "impl_instance", column.type).python_type
    return TypeAdapter(python_type | None if _is_nullable(column) else python_type)


def _is_nullable(column: Any) -> bool:
    """Whether there may be no value; what is computed may have none."""
    return getattr(column, "nullable", True) is not False

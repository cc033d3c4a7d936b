"""Lists: the query that they take and the shapes that they answer with."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Generic, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, model_validator

from lintel.api._cursors import Position
from lintel.api._fields import read_sparse
from lintel.api._models import ResponseModel
from lintel.db import Key, Rows, Selection

ItemT = TypeVar("ItemT")
ShownT = TypeVar("ShownT")
ModelT = TypeVar("ModelT", bound=ResponseModel)

MAX_PAGE = 10_000_000
"""Far beyond any list, and small enough that the offset fits 64 bits."""
MAX_CURSOR = 2_000
"""Beyond what any key comes to, and below what servers read of a URL."""


class SortOrder(StrEnum):
    """Direction of a list."""

    ASC = "asc"
    DESC = "desc"


class CursorQuery(BaseModel):
    """The query of a list that has cursors alone.

    Each list adds `sort_by` (an enum), `fields` (`fields_of` its items) and its filters.

    Attributes:
        not_filters: Fields of the query that are no filters of the list.
    """

    model_config = ConfigDict(extra="forbid")
    not_filters: ClassVar[frozenset[str]] = frozenset()

    size: Annotated[int, Field(ge=1, le=100, description="Items on a page.")] = 20
    cursor: Annotated[
        Annotated[str, Field(max_length=MAX_CURSOR, pattern="^[A-Za-z0-9_-]*$")] | None,
        Field(
            description="Where to go on: `next_cursor` or `prev_cursor` of an answer to the same query; empty to "
            "begin. As quick on the last page as on the first."
        ),
    ] = None
    sort_order: Annotated[SortOrder, Field(description="Direction.")] = SortOrder.DESC
    _position: Position | None = PrivateAttr(default=None)

    @property
    def asked_fields(self) -> frozenset[str] | None:
        """The fields of an item that are asked for; None for all."""
        fields: str | None = getattr(self, "fields", None)
        return None if fields is None else frozenset(fields.split(","))

    @property
    def filters(self) -> dict[str, Any]:
        """What each filter is to be; None where it is not used."""
        others = ListQuery.model_fields.keys() | {"sort_by", "fields"} | self.not_filters
        return {name: getattr(self, name) for name in type(self).model_fields if name not in others}

    def begin_at(self, position: Position | None) -> None:
        """Go on where a cursor says; called by who has read it."""
        self._position = position

    def context(self) -> str:
        """What a cursor of this query is good for."""
        asked = self.model_dump(mode="json", exclude={"page", "size", "count", "cursor", "fields"})
        return json.dumps(asked, sort_keys=True)

    def selection(self, *, sort: str | None = None) -> Selection:
        """What to ask the database for.

        Args:
            sort: What to sort by, for lists that leave nothing to choose.
        """
        position = self._position
        return Selection(
            sort=sort or str(getattr(self, "sort_by")),  # noqa: B009 - each list has its own
            descending=self.sort_order is SortOrder.DESC,
            size=self.size,
            page=None,
            start=None if position is None else position.key,
            backwards=position is not None and position.backwards,
            fields=self.asked_fields,
            filters=self.filters,
        )


class ListQuery(CursorQuery):
    """The query of a list that has pages with numbers, and cursors instead of them for who gives one."""

    page: Annotated[int, Field(ge=1, le=MAX_PAGE, description="Number of the page; 1 where there is no `cursor`.")] = 1
    count: Annotated[
        bool, Field(description="Whether to tell how many there are on all pages; yes, where there is no `cursor`.")
    ] = True

    @model_validator(mode="after")
    def _one_way_to_page(self) -> Self:
        if self.cursor is not None and not self.model_fields_set.isdisjoint({"page", "count"}):
            raise ValueError("give page and count, or cursor, not both")
        return self

    def selection(self, *, sort: str | None = None) -> Selection:
        """The same with the number of the page, if there is no cursor."""
        selection = super().selection(sort=sort)
        return replace(selection, page=self.page, counted=self.count) if self.cursor is None else selection


class Found(BaseModel, Generic[ItemT]):
    """What a service answers to the query of a list.

    Attributes:
        items: The items, in order.
        total: The number of items of the whole list, where it was counted.
        has_next: Whether there are more behind them.
        before: Where the part before them ends, if the query had a cursor and there is one.
        after: Where the part behind them begins, likewise.
    """

    items: list[ItemT]
    total: int | None = None
    has_next: bool = False
    before: Key | None = None
    after: Key | None = None

    @classmethod
    def of(cls, model: type[ModelT], rows: Rows, query: CursorQuery) -> "Found[ModelT]":
        """The rows as items; of no other fields than were asked for."""
        items = model.of_rows(rows.rows) if query.asked_fields is None else read_sparse(model, rows.rows)
        return Found(items=items, total=rows.total, has_next=rows.has_next, before=rows.before, after=rows.after)

    def shown(self, show: Callable[[ItemT], ShownT]) -> "Found[ShownT]":
        """The same with each item as another version of an API shows it."""
        items = [show(item) for item in self.items]
        return Found(items=items, total=self.total, has_next=self.has_next, before=self.before, after=self.after)


class Links(ResponseModel):
    """Where the neighbouring pages are. Paths without a host."""

    self_: Annotated[str, Field(serialization_alias="self", description="This page.")]
    first: Annotated[str, Field(description="The first page.")]
    prev: Annotated[str | None, Field(description="The page before, if there is one.")]
    next: Annotated[str | None, Field(description="The page after, if there is one.")]
    last: Annotated[str | None, Field(description="The last page; null where it was not counted.")]


class Page(ResponseModel, Generic[ItemT]):
    """One page of a list, by its number."""

    items: Annotated[list[ItemT], Field(description="The items of this page, in order.")]
    page: Annotated[int, Field(description="Number of this page, from 1.")]
    size: Annotated[int, Field(description="Most items on a page.")]
    total: Annotated[int | None, Field(description="Items on all pages; null with `count=false`.")]
    pages: Annotated[int | None, Field(description="Number of pages; null with `count=false`.")]
    has_next: Annotated[bool, Field(description="Whether there is a page after this one.")]
    has_prev: Annotated[bool, Field(description="Whether there is a page before this one.")]
    links: Annotated[Links, Field(description="Where the neighbouring pages are.")]


class CursorLinks(ResponseModel):
    """Where the neighbouring parts are. Paths without a host."""

    self_: Annotated[str, Field(serialization_alias="self", description="This part.")]
    first: Annotated[str, Field(description="The beginning.")]
    prev: Annotated[str | None, Field(description="The part before, if there is one.")]
    next: Annotated[str | None, Field(description="The part after, if there is one.")]


class CursorPage(ResponseModel, Generic[ItemT]):
    """Part of a list, from a cursor on: no item is left out or comes twice, whatever is added or taken meanwhile."""

    items: Annotated[list[ItemT], Field(description="The items of this part, in order.")]
    size: Annotated[int, Field(description="Most items of a part.")]
    next_cursor: Annotated[str | None, Field(description="`cursor` of the part after, if there is one.")]
    prev_cursor: Annotated[str | None, Field(description="`cursor` of the part before, if there is one.")]
    links: Annotated[CursorLinks, Field(description="Where the neighbouring parts are.")]


def only(items: list[Any], fields: frozenset[str]) -> list[Mapping[str, Any]]:
    """The items with these fields alone, as JSON values."""
    return [item.model_dump(mode="json", by_alias=True, include=fields) for item in items]

"""Lists: the query they take and the shape they answer with."""

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import Annotated, Any, Generic, TypeVar
from urllib.parse import parse_qsl, urlencode

from fastapi import Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from lintel.api._locations import quoted
from lintel.api._models import ResponseModel

ItemT = TypeVar("ItemT")

MAX_PAGE = 10_000_000
"""Far beyond any list, and small enough that the offset fits 64 bits."""


class SortOrder(StrEnum):
    """Direction of a list."""

    ASC = "asc"
    DESC = "desc"


class PageQuery(BaseModel):
    """The query of a list; each list adds its filters and its sort fields."""

    model_config = ConfigDict(extra="forbid")

    page: Annotated[int, Field(ge=1, le=MAX_PAGE, description="Number of the page, from 1.")] = 1
    size: Annotated[int, Field(ge=1, le=100, description="Items on a page.")] = 20
    sort_order: Annotated[SortOrder, Field(description="Direction.")] = SortOrder.DESC


class Links(ResponseModel):
    """Where the neighbouring pages are. Paths without a host."""

    self_: Annotated[str, Field(serialization_alias="self", description="This page.")]
    first: Annotated[str, Field(description="The first page.")]
    prev: Annotated[str | None, Field(description="The page before, if there is one.")]
    next: Annotated[str | None, Field(description="The page after, if there is one.")]
    last: Annotated[str, Field(description="The last page.")]


class Page(ResponseModel, Generic[ItemT]):
    """One page of a list."""

    items: Annotated[list[ItemT], Field(description="The items of this page, in order.")]
    page: Annotated[int, Field(description="Number of this page, from 1.")]
    size: Annotated[int, Field(description="Most items on a page.")]
    total: Annotated[int, Field(description="Items on all pages.")]
    pages: Annotated[int, Field(description="Number of pages.")]
    has_next: Annotated[bool, Field(description="Whether there is a page after this one.")]
    has_prev: Annotated[bool, Field(description="Whether there is a page before this one.")]
    links: Annotated[Links, Field(description="Where the neighbouring pages are.")]


class Pager:
    """Makes a page of the items found, with its links and headers (`X-Total-Count`, `X-Page-Count`, `Link`)."""

    def __init__(self, request: Request, response: Response) -> None:
        self._request = request
        self._response = response

    def page(self, found: tuple[Sequence[ItemT], int], *, query: PageQuery) -> Page[ItemT]:
        """The answer of a list endpoint.

        Args:
            found: The items of the page, and how many there are on all pages.
            query: What was asked for.
        """
        items, total = found
        pages = -(-total // query.size)
        has_next, has_prev = query.page < pages, query.page > 1
        address = self._addresses()
        links = Links(
            self_=address(query.page),
            first=address(1),
            prev=address(min(query.page - 1, max(pages, 1))) if has_prev else None,
            next=address(query.page + 1) if has_next else None,
            last=address(max(pages, 1)),
        )
        self._set_headers(links, total=total, pages=pages)
        return Page(
            items=list(items),
            page=query.page,
            size=query.size,
            total=total,
            pages=pages,
            has_next=has_next,
            has_prev=has_prev,
            links=links,
        )

    def _addresses(self) -> Callable[[int], str]:
        """The address of a page by its number: this request's, with another `page`."""
        scope: Mapping[str, Any] = self._request.scope
        asked = parse_qsl(scope["query_string"].decode("latin-1"))
        parts = {name: urlencode({name: value}) for name, value in asked}
        # Never the Host header: it is whatever the sender wrote.
        path = quoted(scope["path"])
        return lambda page: f"{path}?{'&'.join({**parts, 'page': f'page={page}'}.values())}"

    def _set_headers(self, links: Links, *, total: int, pages: int) -> None:
        targets = {"first": links.first, "prev": links.prev, "next": links.next, "last": links.last}
        headers = self._response.headers
        headers["X-Total-Count"] = str(total)
        headers["X-Page-Count"] = str(pages)
        headers["Link"] = ", ".join(f'<{target}>; rel="{name}"' for name, target in targets.items() if target)


async def _pager(request: Request, response: Response) -> Pager:
    return Pager(request, response)


PagerDep = Annotated[Pager, Depends(_pager)]
"""The maker of pages, in an endpoint's signature."""

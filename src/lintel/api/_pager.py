"""From a query to the answer of a list: cursors, links and headers."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Any, TypeVar, cast
from urllib.parse import parse_qsl, urlencode

from fastapi import Depends, Request, Response
from fastapi.responses import JSONResponse

from lintel.api._cursors import Cursors, InvalidCursor, Position
from lintel.api._lists import CursorLinks, CursorPage, CursorQuery, Found, Links, ListQuery, Page, only
from lintel.db import BadKey, Key
from lintel.errors import FieldError, InvalidInput
from lintel.paths import quoted

ItemT = TypeVar("ItemT")
QueryT = TypeVar("QueryT", bound=ListQuery)
ShownT = TypeVar("ShownT")
PageT = TypeVar("PageT", Page[Any], CursorPage[Any])
CursorQueryT = TypeVar("CursorQueryT", bound=CursorQuery)


class Pager:
    """Answers the query of a list, with its links and headers (`X-Total-Count`, `X-Page-Count`, `Link`).

    Args:
        request: Whose query it is.
        response: Takes the headers.
        cursors: Reads and makes cursors.
    """

    def __init__(self, request: Request, response: Response, cursors: Cursors) -> None:
        self._request = request
        self._response = response
        self._cursors = cursors

    async def answer(
        self, query: QueryT, find: Callable[[QueryT], Awaitable[Found[ItemT]]]
    ) -> Page[ItemT] | CursorPage[ItemT]:
        """The answer of a list endpoint.

        Args:
            query: What was asked for.
            find: The service's method that finds it.

        Raises:
            InvalidInput: The cursor is not one of ours, or is of another query.
        """
        found = await self._found(query, find)
        if query.cursor is not None:
            return self._shown(self._by_key(found, query), query)
        return self._shown(self._numbered(found, query), query)

    async def part(
        self,
        query: CursorQueryT,
        find: Callable[[CursorQueryT], Awaitable[Found[ItemT]]],
        *,
        shown: Callable[[ItemT], ShownT],
    ) -> CursorPage[ShownT]:
        """The answer of a list endpoint that has cursors alone; as `answer`.

        Args:
            query: What was asked for.
            find: The service's method that finds it.
            shown: Each item as this version of the API shows it.
        """
        found = (await self._found(query, find)).shown(shown)
        return self._shown(self._by_key(found, query), query)

    async def _found(
        self, query: CursorQueryT, find: Callable[[CursorQueryT], Awaitable[Found[ItemT]]]
    ) -> Found[ItemT]:
        try:
            query.begin_at(self._position(query))
            return await find(query)
        except (InvalidCursor, BadKey):
            message = "is no cursor of this list with this order and these filters"
            raise InvalidInput(errors=[FieldError("/query/cursor", message, "cursor")]) from None

    def _position(self, query: CursorQuery) -> Position | None:
        return self._cursors.read(query.cursor, context=self._context(query)) if query.cursor else None

    def _context(self, query: CursorQuery) -> str:
        return f"{self._request.scope['path']} {query.context()}"

    def _numbered(self, found: Found[ItemT], query: ListQuery) -> Page[ItemT]:
        pages = None if found.total is None else -(-found.total // query.size)
        number, has_prev = query.page, query.page > 1
        before = number - 1 if pages is None else min(number - 1, max(pages, 1))
        address = self._addresses("page")
        links = Links(
            self_=address(number),
            first=address(1),
            prev=address(before) if has_prev else None,
            next=address(number + 1) if found.has_next else None,
            last=None if pages is None else address(max(pages, 1)),
        )
        self._set_headers(links, total=found.total, pages=pages)
        return Page(
            items=found.items,
            page=number,
            size=query.size,
            total=found.total,
            pages=pages,
            has_next=found.has_next,
            has_prev=has_prev,
            links=links,
        )

    def _by_key(self, found: Found[ItemT], query: CursorQuery) -> CursorPage[ItemT]:
        after = self._cursor(found.after, query, backwards=False)
        before = self._cursor(found.before, query, backwards=True)
        address = self._addresses("cursor")
        links = CursorLinks(
            self_=address(query.cursor or ""),
            first=address(""),
            prev=None if before is None else address(before),
            next=None if after is None else address(after),
        )
        self._set_headers(links)
        return CursorPage(items=found.items, size=query.size, next_cursor=after, prev_cursor=before, links=links)

    def _cursor(self, key: Key | None, query: CursorQuery, *, backwards: bool) -> str | None:
        return None if key is None else self._cursors.make(Position(key, backwards), context=self._context(query))

    def _shown(self, page: PageT, query: CursorQuery) -> PageT:
        """The page with no other fields than were asked for: written here, for FastAPI would miss the others."""
        fields = query.asked_fields
        if fields is None:
            return page
        body = page.model_dump(mode="json", by_alias=True, exclude={"items"})
        content = {"items": only(page.items, fields), **body}
        return cast("PageT", JSONResponse(content, headers=dict(self._response.headers)))

    def _addresses(self, name: str) -> Callable[[object], str]:
        """This request's address with another page or cursor."""
        scope: Mapping[str, Any] = self._request.scope
        asked = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        parts = {name: urlencode({name: value}) for name, value in asked}
        # Never the Host header: it is whatever the sender wrote.
        path = quoted(scope["path"])
        return lambda value: f"{path}?{'&'.join({**parts, name: f'{name}={value}'}.values())}"

    def _set_headers(self, links: Links | CursorLinks, *, total: int | None = None, pages: int | None = None) -> None:
        targets = {"first": links.first, "prev": links.prev, "next": links.next, "last": getattr(links, "last", None)}
        headers = self._response.headers
        if total is not None:
            headers["X-Total-Count"], headers["X-Page-Count"] = str(total), str(pages)
        headers["Link"] = ", ".join(f'<{target}>; rel="{name}"' for name, target in targets.items() if target)


async def _pager(request: Request, response: Response) -> Pager:
    return Pager(request, response, request.app.state.cursors)


PagerDep = Annotated[Pager, Depends(_pager)]
"""The maker of pages, in an endpoint's signature."""

"""Lists over HTTP: pages, cursors, links, headers, fields."""

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any
from urllib.parse import parse_qs, urlsplit

import pytest
from fastapi import FastAPI, Query
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field, ValidationError, computed_field
from starlette.requests import Request
from starlette.responses import Response

from lintel.api import (
    CursorPage,
    Cursors,
    Found,
    InvalidCursor,
    ListQuery,
    LocatorDep,
    Page,
    Pager,
    PagerDep,
    Position,
    ResponseModel,
    fields_of,
)
from lintel.db import Key, Rows
from lintel.errors import install_error_handlers
from lintel.testing import asgi_request

pytestmark = pytest.mark.anyio
CURSORS = Cursors(["a secret", "the one before"])
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


class Thing(ResponseModel):
    id: int
    name: str
    made_at: datetime | None

    @computed_field  # type: ignore[prop-decorator]  # pydantic's own order
    @property
    def title(self) -> str:
        """The name, shouted."""
        return self.name.upper()


class ThingSort(StrEnum):
    ID = "id"
    NAME = "name"


class ThingQuery(ListQuery):
    name: Annotated[str | None, Field(max_length=10)] = None
    fields: Annotated[str | None, fields_of(Thing)] = None
    sort_by: ThingSort = ThingSort.ID


def pager(path: str = "/things", query: bytes = b"") -> tuple[Pager, Response]:
    response = Response()
    scope = {"type": "http", "path": path, "query_string": query, "headers": [], "root_path": ""}
    return Pager(Request(scope), response, CURSORS), response


async def numbered(
    made: Pager, items: Sequence[str], *, total: int | None, page: int, size: int, has_next: bool = False
) -> Page[str]:
    async def find(_: ListQuery) -> Found[str]:
        is_next = has_next if total is None else page * size < total
        return Found(items=list(items), total=total, has_next=is_next)

    answer = await made.answer(ListQuery(page=page, size=size), find)
    assert isinstance(answer, Page)
    return answer


class TestPage:
    @given(total=st.integers(0, 10_000), page=st.integers(1, 300), size=st.integers(1, 100))
    async def test_the_arithmetic_holds(self, total: int, page: int, size: int) -> None:
        made, response = pager()
        answer = await numbered(made, [], total=total, page=page, size=size)
        assert answer.pages is not None
        assert (answer.pages - 1) * size < total <= answer.pages * size or total == answer.pages == 0
        assert answer.has_next == (page < answer.pages)
        assert answer.has_prev == (page > 1)
        assert (answer.links.next is None, answer.links.prev is None) == (not answer.has_next, not answer.has_prev)
        assert response.headers["x-total-count"] == str(total)

    async def test_links_keep_the_query_and_never_name_a_host(self) -> None:
        made, response = pager("/v1/things", b"page=2&size=1&name=a%20b%26c&search=")
        links = (await numbered(made, ["x"], total=3, page=2, size=1)).links
        assert links.next == "/v1/things?page=3&size=1&name=a+b%26c&search="
        assert links.prev == "/v1/things?page=1&size=1&name=a+b%26c&search="
        assert '</v1/things?page=3&size=1&name=a+b%26c&search=>; rel="next"' in response.headers["link"]
        assert response.headers["x-page-count"] == "3"

    async def test_behind_the_end_the_page_before_is_the_last(self) -> None:
        made, _ = pager()
        assert (await numbered(made, [], total=3, page=9, size=1)).links.prev == "/things?page=3"

    @pytest.mark.parametrize("has_next", [True, False])
    async def test_what_was_not_counted_is_not_told(self, *, has_next: bool) -> None:
        made, response = pager()
        answer = await numbered(made, ["x"], total=None, page=2, size=1, has_next=has_next)
        assert (answer.total, answer.pages, answer.links.last, answer.has_next) == (None, None, None, has_next)
        assert (answer.links.prev, answer.links.next) == ("/things?page=1", "/things?page=3" if has_next else None)
        assert "x-total-count" not in response.headers
        assert "x-page-count" not in response.headers


class TestAddresses:
    @given(st.text(st.characters(exclude_categories=["Cs"]), max_size=20), st.text(max_size=10).map(ascii))
    async def test_are_one_line_of_ascii_whatever_is_in_the_path_and_query(self, path: str, query: str) -> None:
        made, response = pager(f"/{path}", query.encode())
        links = (await numbered(made, ["x"], total=3, page=2, size=1)).links
        for target in (links.self_, links.first, links.prev, links.next, links.last, response.headers["link"]):
            assert target is not None
            assert target.isascii()
            assert target.isprintable()


class TestCursors:
    @given(st.text(max_size=50) | st.integers() | st.none() | st.floats(allow_nan=False), st.integers(), st.booleans())
    def test_say_what_was_put_in(self, value: Any, row_id: int, backwards: bool) -> None:  # noqa: FBT001 - hypothesis
        position = Position(Key(value, row_id), backwards)
        text = CURSORS.make(position, context="here")
        assert CURSORS.read(text, context="here") == position
        assert not set(text) - set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")

    def test_are_good_for_nothing_else(self) -> None:
        text = CURSORS.make(Position(Key("x", 1), backwards=False), context="here")
        with pytest.raises(InvalidCursor):
            CURSORS.read(text, context="there")
        with pytest.raises(InvalidCursor):
            Cursors(["another secret"]).read(text, context="here")

    @pytest.mark.parametrize("change", [lambda text: text[:-2], lambda text: f"{text}AA", lambda _: "", lambda _: "é"])
    def test_cannot_be_changed(self, change: Callable[[str], str]) -> None:
        text = CURSORS.make(Position(Key("x", 1), backwards=False), context="here")
        with pytest.raises(InvalidCursor):
            CURSORS.read(change(text), context="here")

    def test_of_the_secret_before_are_still_read(self) -> None:
        position = Position(Key("x", 1), backwards=True)
        assert CURSORS.read(Cursors(["the one before"]).make(position, context=""), context="") == position


class TestListQuery:
    @pytest.mark.parametrize("values", [{"cursor": "", "page": 1}, {"cursor": "abc", "count": True}])
    def test_there_is_one_way_to_page(self, values: dict[str, Any]) -> None:
        with pytest.raises(ValidationError, match="not both"):
            ThingQuery(**values)

    def test_becomes_what_the_database_is_asked(self) -> None:
        query = ThingQuery(name="x", fields="title,id,id", sort_by=ThingSort.NAME, page=3, count=False)
        asked = query.selection()
        assert (asked.sort, asked.page, asked.counted, asked.filters) == ("name", 3, False, {"name": "x"})
        assert asked.fields == frozenset({"id", "title"})

    @pytest.mark.parametrize("text", ["", "id,", ",id", "id name", "secret", "id,secret", "ID", "id\n"])
    def test_knows_only_the_fields_of_its_items(self, text: str) -> None:
        with pytest.raises(ValidationError, match=r"id.name.made_at.title") as caught:
            ThingQuery(fields=text)
        assert "secret" not in caught.value.errors()[0]["msg"]


def service() -> FastAPI:
    app = FastAPI()
    app.state.cursors = CURSORS
    install_error_handlers(app)
    rows: list[dict[str, Any]] = [{"id": number, "name": f"n{number}", "made_at": NOON} for number in range(1, 6)]

    async def find(query: ThingQuery) -> Found[Thing]:
        asked = query.selection()
        if asked.page is not None:
            return Found.of(Thing, Rows(rows[: asked.size], total=len(rows), has_next=True), query)
        at = 0 if asked.start is None else asked.start.id
        part = rows[max(0, at - 1 - asked.size) : at - 1] if asked.backwards else rows[at : at + asked.size]
        first, last = part[0]["id"], part[-1]["id"]
        return Found.of(
            Thing,
            Rows(
                part if asked.fields is None else [{name: row[name] for name in ("id", "name")} for row in part],
                before=Key(first, first) if first > 1 else None,
                after=Key(last, last) if last < len(rows) else None,
            ),
            query,
        )

    @app.get("/things")
    async def list_things(query: Annotated[ThingQuery, Query()], pager: PagerDep) -> Page[Thing] | CursorPage[Thing]:
        return await pager.answer(query, find)

    @app.post("/things")
    async def make(locate: LocatorDep) -> str:
        return locate.created("read_thing", "made", number=7)

    @app.get("/things/{number}")
    async def read_thing(number: int) -> int:
        return number

    return app


class TestInAnEndpoint:
    async def test_cursors_lead_through_the_list_and_back(self) -> None:
        app, seen = service(), []
        answer = (await asgi_request(app, "GET", "/things", query=b"cursor=&size=2&name=x")).json()
        assert list(answer) == ["items", "size", "next_cursor", "prev_cursor", "links"]
        seen += [item["id"] for item in answer["items"]]
        while (target := answer["links"]["next"]) is not None:
            reply = await asgi_request(app, "GET", "/things", query=urlsplit(target).query.encode())
            answer = reply.json()
            seen += [item["id"] for item in answer["items"]]
            assert parse_qs(urlsplit(answer["links"]["self"]).query)["name"] == ["x"]
            assert 'rel="first"' in (reply.header("link") or "")
            assert reply.header("x-total-count") is None
        assert seen == [1, 2, 3, 4, 5]
        assert answer["next_cursor"] is None
        back = f"cursor={answer['prev_cursor']}&size=2&name=x".encode()
        reply = await asgi_request(app, "GET", "/things", query=back)
        assert [item["id"] for item in reply.json()["items"]] == [3, 4]

    @pytest.mark.parametrize("change", ["sort_order=asc", "sort_by=name", "name=y"])
    async def test_a_cursor_of_another_query_is_refused(self, change: str) -> None:
        app = service()
        cursor = (await asgi_request(app, "GET", "/things", query=b"cursor=&size=2")).json()["next_cursor"]
        same = await asgi_request(app, "GET", "/things", query=f"cursor={cursor}&size=3&fields=id".encode())
        other = await asgi_request(app, "GET", "/things", query=f"cursor={cursor}&{change}".encode())
        assert (same.status, other.status) == (200, 422)
        assert other.json()["errors"][0]["pointer"] == "/query/cursor"

    @pytest.mark.parametrize("query", [b"page=1", b"cursor="])
    async def test_fields_are_exactly_those_asked_for(self, query: bytes) -> None:
        reply = await asgi_request(service(), "GET", "/things", query=query + b"&fields=title,id&size=1")
        whole = await asgi_request(service(), "GET", "/things", query=query + b"&size=1")
        assert reply.json()["items"] == [{"id": 1, "title": "N1"}]
        assert whole.json()["items"] == [{"id": 1, "name": "n1", "made_at": "2026-11-21T12:00:00Z", "title": "N1"}]
        assert {**reply.json(), "items": 0, "links": 0} == {**whole.json(), "items": 0, "links": 0}
        assert reply.header("link") is not None
        assert json.loads(reply.header("content-length") or "0") == len(reply.body)

    async def test_pages_and_locations_respect_the_root_path(self) -> None:
        app, outer = service(), FastAPI()
        outer.mount("/inner", app)
        listed = await asgi_request(outer, "GET", "/inner/things", query=b"size=1")
        made = await asgi_request(outer, "POST", "/inner/things")
        assert listed.json()["links"]["self"] == "/inner/things?size=1&page=1"
        assert (await asgi_request(outer, "GET", made.header("location") or "")).json() == 7

"""Pages, their links and headers."""

from typing import Annotated

import pytest
from fastapi import FastAPI, Query
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request
from starlette.responses import Response

from lintel.api import LocatorDep, Page, PageQuery, Pager, PagerDep
from lintel.testing import asgi_request


def pager(path: str = "/things", query: bytes = b"") -> tuple[Pager, Response]:
    response = Response()
    scope = {"type": "http", "path": path, "query_string": query, "headers": [], "root_path": ""}
    return Pager(Request(scope), response), response


class TestPage:
    @given(total=st.integers(0, 10_000), page=st.integers(1, 300), size=st.integers(1, 100))
    def test_the_arithmetic_holds(self, total: int, page: int, size: int) -> None:
        made, response = pager()
        answer: Page[str] = made.page(([], total), query=PageQuery(page=page, size=size))
        assert (answer.pages - 1) * size < total <= answer.pages * size or total == answer.pages == 0
        assert answer.has_next == (page < answer.pages)
        assert answer.has_prev == (page > 1)
        assert (answer.links.next is None, answer.links.prev is None) == (not answer.has_next, not answer.has_prev)
        assert response.headers["x-total-count"] == str(total)

    def test_links_keep_the_query_and_never_name_a_host(self) -> None:
        made, response = pager("/v1/things", b"page=2&size=1&name=a%20b%26c")
        links = made.page((["x"], 3), query=PageQuery(page=2, size=1)).links
        assert links.next == "/v1/things?page=3&size=1&name=a+b%26c"
        assert links.prev == "/v1/things?page=1&size=1&name=a+b%26c"
        assert '</v1/things?page=3&size=1&name=a+b%26c>; rel="next"' in response.headers["link"]
        assert response.headers["x-page-count"] == "3"

    def test_behind_the_end_the_page_before_is_the_last(self) -> None:
        made, _ = pager()
        assert made.page(([], 3), query=PageQuery(page=9, size=1)).links.prev == "/things?page=3"


class TestAddresses:
    @given(st.text(st.characters(exclude_categories=["Cs"]), max_size=20), st.text(max_size=10).map(ascii))
    def test_are_one_line_of_ascii_whatever_is_in_the_path_and_query(self, path: str, query: str) -> None:
        made, response = pager(f"/{path}", query.encode())
        links = made.page((["x"], 3), query=PageQuery(page=2, size=1)).links
        for target in (links.self_, links.first, links.prev, links.next, links.last, response.headers["link"]):
            assert target is not None
            assert target.isascii()
            assert target.isprintable()


class TestInAnEndpoint:
    @pytest.mark.anyio
    async def test_pages_and_locations_respect_the_root_path(self) -> None:
        app = FastAPI()

        @app.get("/things")
        async def list_things(query: Annotated[PageQuery, Query()], pager: PagerDep) -> Page[str]:
            return pager.page((["a"], 2), query=query)

        @app.post("/things")
        async def make(locate: LocatorDep) -> str:
            return locate.created("read_thing", "made", number=7)

        @app.get("/things/{number}")
        async def read_thing(number: int) -> int:
            return number

        outer = FastAPI()
        outer.mount("/inner", app)
        listed = await asgi_request(outer, "GET", "/inner/things", query=b"size=1")
        made = await asgi_request(outer, "POST", "/inner/things")
        assert listed.json()["links"]["self"] == "/inner/things?size=1&page=1"
        assert (await asgi_request(outer, "GET", made.header("location") or "")).json() == 7

"""Where new resources are."""

from typing import Any

import pytest
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request
from starlette.responses import Response

from lintel.api import Locator


def location_of(name: Any, root_path: str = "") -> str:
    app = FastAPI()

    @app.get("/things/{name}")
    async def read_thing(name: str) -> str:
        return name

    response = Response()
    request = Request({"type": "http", "app": app, "headers": [], "root_path": root_path})
    assert Locator(request, response).created("read_thing", "made", name=name) == "made"
    return response.headers["location"]


class TestCreated:
    def test_is_the_path_that_reads_it(self) -> None:
        assert location_of("7") == "/things/7"
        assert location_of("7", root_path="/behind") == "/behind/things/7"

    @pytest.mark.parametrize(
        ("name", "path"),
        [
            ("a\r\nX-Evil: 1", "/things/a%0D%0AX-Evil:%201"),
            ("Zoë ☃", "/things/Zo%C3%AB%20%E2%98%83"),
            ("a?b#c", "/things/a%3Fb%23c"),
            ("100%", "/things/100%25"),
            ("\\evil", "/things/%5Cevil"),
        ],
    )
    def test_is_percent_encoded(self, name: str, path: str) -> None:
        assert location_of(name) == path

    @given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="/"), min_size=1))
    def test_is_one_line_of_ascii_whatever_is_in_it(self, name: str) -> None:
        found = location_of(name)
        assert found.isascii()
        assert found.isprintable()
        assert " " not in found


class TestMonitored:
    def test_is_a_link_beside_the_location(self) -> None:
        app = FastAPI()

        @app.get("/jobs/{name}")
        async def read_job(name: str) -> str:
            return name

        response = Response()
        locator = Locator(Request({"type": "http", "app": app, "headers": [], "root_path": "/behind"}), response)
        assert locator.monitored("read_job", "made", name="a>b") == "made"
        assert response.headers["link"] == '</behind/jobs/a%3Eb>; rel="monitor"'

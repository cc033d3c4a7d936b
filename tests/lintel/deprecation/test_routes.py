"""Deprecated routes over HTTP: every answer says so, the document and the page as well."""

from datetime import date
from typing import Any

import pytest
from fastapi import APIRouter, FastAPI
from pydantic import BaseModel

from lintel.api import ReadingDep
from lintel.application import create_app
from lintel.deprecation import Deprecation, SuccessorError, deprecated
from lintel.errors import NotFound
from lintel.routing import Router
from lintel.settings import Environment, LintelSettings, load_settings
from lintel.testing import AsgiResponse, asgi_request

pytestmark = pytest.mark.anyio

SINCE, SUNSET = date(2026, 12, 1), date(2027, 12, 1)
OLD = Deprecation(since=SINCE, sunset=SUNSET, successor="{name}_v2", guidance="Say it <shorter>.")
LEAVING = Deprecation(since=SINCE, guidance="There is nothing like it any more.")
PUBLIC = ["GET /v1/words/{word}", "GET /v1/echo", "GET /v1/now", "GET /v1/state", "GET /v2/words/{word}"]


class State(BaseModel):
    version: int


def old_router() -> APIRouter:
    router = Router(prefix="/v1")

    @router.get("/words/{word}")
    @deprecated(OLD)
    async def read_word(word: str, length: int = 1) -> str:
        """Read a word."""
        if word == "none":
            raise NotFound
        if word == "broken":
            raise RuntimeError
        return word * length

    @router.get("/echo", response_model=None)
    @deprecated(LEAVING)
    async def echo() -> None:
        """Nothing."""

    @router.get("/state")
    @deprecated(LEAVING)
    async def read_state(reading: ReadingDep) -> State:
        """What can be kept."""
        return reading.of(State(version=1))

    @router.get("/now")
    async def now() -> str:
        """Not deprecated."""
        return "now"

    return router


def new_router() -> APIRouter:
    router = Router(prefix="/v2")

    @router.get("/words/{word}")
    async def read_word_v2(word: str) -> str:
        """Read a word."""
        return word

    return router


def make(*routers: APIRouter, public: list[str], **values: Any) -> FastAPI:
    settings = load_settings(
        LintelSettings,
        env_file=None,
        environment=Environment.TEST,
        secret_key="a key for tests that is long enough 0123456789",
        docs=True,
        allowed_hosts=("localhost",),
        **values,
    )
    return create_app(settings, routers=routers, public_routes=public, authenticators=[])


@pytest.fixture
def app() -> FastAPI:
    return make(old_router(), new_router(), public=PUBLIC)


async def get(app: FastAPI, path: str, *, query: bytes = b"", method: str = "GET") -> AsgiResponse:
    return await asgi_request(app, method, path, headers=[(b"host", b"localhost")], query=query)


def said(answer: AsgiResponse) -> tuple[str | None, ...]:
    return tuple(answer.header(name) for name in ("deprecation", "sunset", "link"))


class TestAnswers:
    @pytest.mark.parametrize(
        ("word", "query", "status"),
        [
            ("hey", b"", 200),
            ("none", b"", 404),
            ("hey", b"length=x", 422),
            ("hey", b"what=1", 422),
            ("broken", b"", 500),
        ],
    )
    async def test_say_when_and_what_to_use_instead(self, app: FastAPI, word: str, query: bytes, status: int) -> None:
        answer = await get(app, f"/v1/words/{word}", query=query)
        assert (answer.status, *said(answer)[:2]) == (status, "@1796083200", "Wed, 01 Dec 2027 00:00:00 GMT")
        assert str(answer.header("link")).split(", ") == [
            f'</v2/words/{word}>; rel="successor-version"',
            '</deprecations#read_word>; rel="deprecation"; type="text/html"',
        ]

    async def test_say_so_to_head_and_with_a_slash_at_the_end(self, app: FastAPI) -> None:
        for answer in (await get(app, "/v1/words/hey", method="HEAD"), await get(app, "/v1/words/hey/")):
            assert (answer.status, answer.header("deprecation")) == (200, "@1796083200")

    async def test_name_no_end_and_no_successor_where_there_is_none(self, app: FastAPI) -> None:
        link = '</deprecations#echo>; rel="deprecation"; type="text/html"'
        assert said(await get(app, "/v1/echo")) == ("@1796083200", None, link)

    async def test_say_so_to_who_has_what_there_is(self, app: FastAPI) -> None:
        headers = [(b"host", b"localhost"), (b"if-none-match", b'"1"')]
        answer = await asgi_request(app, "GET", "/v1/state", headers=headers)
        assert (answer.status, answer.header("deprecation")) == (304, "@1796083200")

    @pytest.mark.parametrize("path", ["/v1/now", "/v2/words/hey", "/nowhere", "/v1/words"])
    async def test_of_others_say_nothing(self, app: FastAPI, path: str) -> None:
        assert said(await get(app, path)) == (None, None, None)

    async def test_are_one_line_whatever_is_in_the_path(self, app: FastAPI) -> None:
        answer = await get(app, '/v1/words/a>, "{x}" ☃')
        assert str(answer.header("link")).startswith("</v2/words/a%3E,%20%22%7Bx%7D%22%20%E2%98%83>; ")

    async def test_can_be_read_by_browsers(self) -> None:
        app = make(old_router(), new_router(), public=PUBLIC, cors_origins=["https://a.example"])
        headers = [(b"host", b"localhost"), (b"origin", b"https://a.example")]
        answer = await asgi_request(app, "GET", "/v1/words/hey", headers=headers)
        assert {"Deprecation", "Sunset", "Link"} <= set(str(answer.header("access-control-expose-headers")).split(", "))


class TestRouter:
    async def test_declares_it_of_all_its_routes_but_those_that_do_so_themselves(self) -> None:
        router = Router(prefix="/v1", deprecation=OLD)

        @router.get("/words/{word}")
        async def read_word(word: str) -> str:
            """Read a word."""
            return word

        @router.get("/echo")
        @deprecated(LEAVING)
        async def echo() -> str:
            """Nothing."""
            return ""

        app = make(router, new_router(), public=[PUBLIC[0], PUBLIC[1], PUBLIC[-1]])
        assert str((await get(app, "/v1/words/hey")).header("link")).startswith("</v2/words/hey>")
        assert said(await get(app, "/v1/echo"))[1] is None


class TestSuccessor:
    def test_that_is_not_there_ends_the_start(self) -> None:
        with pytest.raises(SuccessorError, match=r"read_word \(/v1/words/\{word\}\) .* read_word_v2 \(no such route\)"):
            make(old_router(), public=PUBLIC[:-1])

    def test_that_asks_for_more_ends_the_start(self) -> None:
        router = Router()

        @router.get("/old")
        @deprecated(Deprecation(since=SINCE, successor="read_word_v2", guidance="?"))
        async def old() -> None: ...

        with pytest.raises(SuccessorError, match=r"old \(/old\) .* \(/v2/words/\{word\}\)"):
            make(router, new_router(), public=["GET /old", PUBLIC[-1]])


class TestDocument:
    def test_marks_them_with_dates_successor_and_guidance(self, app: FastAPI) -> None:
        paths = app.openapi()["paths"]
        operation = paths["/v1/words/{word}"]["get"]
        assert operation["deprecated"] is True
        assert operation["description"] == (
            "Read a word.\n\n**Deprecated** since 2026-12-01; goes on 2027-12-01 at the earliest. "
            "Use `read_word_v2` (`/v2/words/{word}`) instead. Say it <shorter>."
        )
        assert paths["/v1/echo"]["get"]["description"].endswith("since 2026-12-01. There is nothing like it any more.")
        assert [path for path, item in paths.items() if "deprecated" not in item["get"]] == [
            "/v1/now",
            "/v2/words/{word}",
        ]

    def test_declares_what_answers_say(self, app: FastAPI) -> None:
        paths = app.openapi()["paths"]
        said = {"Deprecation", "Sunset", "Link"}
        for path, expected in (("/v1/words/{word}", said), ("/v1/echo", said - {"Sunset"}), ("/v1/now", set())):
            for status, response in paths[path]["get"]["responses"].items():
                assert set(response["headers"]) & said == (set() if status == "429" else expected), (path, status)


class TestPage:
    async def test_tells_of_each(self, app: FastAPI) -> None:
        page = await get(app, "/deprecations")
        assert (page.status, page.header("content-type")) == (200, "text/html; charset=utf-8")
        assert '<h2 id="read_word"><code>GET /v1/words/{word}</code></h2>' in page.text
        assert "It goes on 2027-12-01 at the earliest. Instead: <code>/v2/words/{word}</code>." in page.text
        assert "Say it &lt;shorter&gt;." in page.text
        assert "Deprecated since 2026-12-01. No day is set for its end.</p>" in page.text

    async def test_is_there_where_there_is_none(self) -> None:
        page = await get(make(new_router(), public=[PUBLIC[-1]]), "/deprecations")
        assert (page.status, "<p>Nothing.</p>" in page.text) == (200, True)

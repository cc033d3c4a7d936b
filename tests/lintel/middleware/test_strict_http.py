"""The request line and the headers, before anything else looks at them."""

import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from lintel.errors import MEDIA_TYPE
from lintel.middleware import StrictHttpMiddleware
from lintel.testing import AsgiResponse, asgi_request

pytestmark = pytest.mark.anyio

MAX_URL, MAX_HEADERS = 100, 1_000
BODY = (b"content-length", b"2")
CHUNKED = (b"transfer-encoding", b"chunked")


async def fine(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b""})


APP: ASGIApp = StrictHttpMiddleware(fine, max_url_bytes=MAX_URL, max_header_bytes=MAX_HEADERS)


async def get(
    path: bytes = b"/x", query: bytes = b"", headers: list[tuple[bytes, bytes]] | None = None
) -> AsgiResponse:
    return await asgi_request(APP, "GET", path.decode("latin-1"), raw_path=path, query=query, headers=headers or [])


def check_refused(answer: AsgiResponse, status: int) -> None:
    assert (answer.status, answer.header("connection")) == (status, "close")
    assert answer.header("content-type") == MEDIA_TYPE


class TestSizes:
    async def test_a_path_and_query_may_be_as_long_as_allowed_together(self) -> None:
        assert (await get(b"/" + b"x" * 49, b"y" * 50)).status == 200
        check_refused(await get(b"/" + b"x" * 50, b"y" * 50), 414)

    async def test_names_and_values_of_all_headers_count(self) -> None:
        assert (await get(headers=[(b"n" * 300, b"v" * 200), (b"n" * 250, b"v" * 250)])).status == 200
        check_refused(await get(headers=[(b"n" * 300, b"v" * 200), (b"n" * 250, b"v" * 251)]), 431)

    async def test_there_may_be_a_hundred(self) -> None:
        assert (await get(headers=[(b"n", b"v")] * 100)).status == 200
        check_refused(await get(headers=[(b"n", b"v")] * 101), 431)


class TestLengthOfTheBody:
    @pytest.mark.parametrize("headers", [[BODY, CHUNKED], [CHUNKED, BODY]])
    async def test_is_said_in_one_way(self, headers: list[tuple[bytes, bytes]]) -> None:
        check_refused(await get(headers=headers), 400)

    @pytest.mark.parametrize("headers", [[], [BODY], [CHUNKED]])
    async def test_may_be_said_in_either(self, headers: list[tuple[bytes, bytes]]) -> None:
        assert (await get(headers=headers)).status == 200


class TestAddress:
    @pytest.mark.parametrize(
        "part",
        [
            b"%ff",
            b"%c3",
            b"%ed%a0%80",
            b"%c0%af",
            b"\xff",
            b"\xc3\xa9",
            b"a\xe9%20",
            b"%",
            b"%2",
            b"%zz",
            b"%%",
            b"% 2",
        ],
    )
    async def test_is_percent_encoded_utf8(self, part: bytes) -> None:
        check_refused(await get(b"/" + part), 400)
        check_refused(await get(query=b"a=" + part), 400)
        check_refused(await get(query=part + b"=a"), 400)

    @pytest.mark.parametrize("part", [b"%c3%a9", b"%F0%9F%98%80", b"%25zz", b"%e2%80%ae", b'~"<>'])
    async def test_may_be_anything_else(self, part: bytes) -> None:
        assert (await get(b"/" + part, b"a=" + part)).status == 200

    @pytest.mark.parametrize("path", [b"/me%2f", b"/me%2Fx.css", b"/api%2fv1"])
    async def test_has_no_encoded_slash_in_its_path(self, path: bytes) -> None:
        check_refused(await get(path), 404)

    @pytest.mark.parametrize("sign", [b"%00", b"%0a", b"%0A/", b"%1f", b"%7f", b"%c2%85"])
    async def test_has_no_control_character_in_its_path(self, sign: bytes) -> None:
        check_refused(await get(b"/me" + sign), 404)

    @pytest.mark.parametrize("part", [b"a%2fb", b"a%0ab"])
    async def test_may_have_either_in_its_query(self, part: bytes) -> None:
        assert (await get(query=b"q=" + part)).status == 200

    async def test_may_come_decoded_only(self) -> None:
        """`raw_path` is optional in ASGI."""

        async def without_raw_path(scope: Scope, receive: Receive, send: Send) -> None:
            await APP({**scope, "raw_path": None}, receive, send)

        assert (await asgi_request(without_raw_path, "GET", "/é")).status == 200

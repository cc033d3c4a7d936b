import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, StreamingResponse
from starlette.routing import Route

from lintel.testing import NoResponseError, asgi_request

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

pytestmark = pytest.mark.anyio


class Recorder:
    """Keeps the scope and every message of the request, then answers 204."""

    def __init__(self) -> None:
        self.scope: Message = {}
        self.messages: list[Message] = []

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        self.scope = scope
        self.messages.append(await receive())
        while self.messages[-1].get("more_body"):
            self.messages.append(await receive())
        await send({"type": "http.response.start", "status": 204})
        await send({"type": "http.response.body"})
        self.messages.append(await receive())


class TestRequest:
    async def test_arrives_exactly_as_given(self) -> None:
        app = Recorder()
        headers = [(b"HoST", b"a"), (b"host", b"b\xff\r\n"), (b"", b"")]
        await asgi_request(app, "gEt", "/%41/é", raw_path=b"/%zz", headers=headers, query=b"a=%ff")
        assert app.scope["method"] == "gEt"
        assert app.scope["path"] == "/%41/é"
        assert app.scope["raw_path"] == b"/%zz"
        assert app.scope["headers"] == headers
        assert app.scope["query_string"] == b"a=%ff"

    async def test_adds_no_header(self) -> None:
        app = Recorder()
        await asgi_request(app, "POST", "/", body=b"text")
        assert app.scope["headers"] == []

    async def test_describes_the_connection_as_told(self) -> None:
        app = Recorder()
        await asgi_request(app, "GET", "/", scheme="https", client=None, http_version="1.0")
        assert (app.scope["scheme"], app.scope["client"], app.scope["http_version"]) == ("https", None, "1.0")

    async def test_encodes_the_path_where_no_raw_path_is_given(self) -> None:
        app = Recorder()
        await asgi_request(app, "GET", "/a b/%/é")
        assert app.scope["raw_path"] == b"/a%20b/%25/%C3%A9"

    @pytest.mark.parametrize(
        ("body", "chunks"),
        [
            (b"", [(b"", False)]),
            (b"one", [(b"one", False)]),
            ([], [(b"", False)]),
            ([b"one", b"", b"two"], [(b"one", True), (b"", True), (b"two", True), (b"", False)]),
        ],
    )
    async def test_hands_the_body_out_in_its_parts_and_then_disconnects(
        self, body: bytes | list[bytes], chunks: list[tuple[bytes, bool]]
    ) -> None:
        app = Recorder()
        await asgi_request(app, "POST", "/", body=body)
        *parts, last = app.messages
        assert [(part["body"], part["more_body"]) for part in parts] == chunks
        assert last == {"type": "http.disconnect"}


class TestResponse:
    async def test_keeps_repeated_headers_and_finds_them_in_any_case(self) -> None:
        async def endpoint(request: Request) -> PlainTextResponse:
            response = PlainTextResponse("é", status_code=201)
            response.raw_headers += [(b"X-Twice", b"one"), (b"x-twice", b"\xe9")]
            return response

        response = await asgi_request(Starlette(routes=[Route("/", endpoint)]), "GET", "/")
        assert (response.status, response.text, response.is_complete) == (201, "é", True)
        assert response.headers_all("X-TWICE") == ["one", "é"]
        assert response.header("x-twice") == "one"
        assert response.header("missing") is None
        assert (b"X-Twice", b"one") in response.headers

    async def test_reads_json(self) -> None:
        async def endpoint(request: Request) -> JSONResponse:
            return JSONResponse(await request.json())

        app = Starlette(routes=[Route("/", endpoint, methods=["POST"])])
        response = await asgi_request(app, "POST", "/", body=[b'{"a":', b"1}"])
        assert response.json() == {"a": 1}

    async def test_streams_to_the_end_while_the_application_listens_for_a_disconnect(self) -> None:
        async def endpoint(request: Request) -> StreamingResponse:
            return StreamingResponse(iter(["a", "b", "c"]))

        response = await asgi_request(Starlette(routes=[Route("/", endpoint)]), "GET", "/")
        assert (response.text, response.is_complete) == ("abc", True)

    async def test_keeps_what_was_raised_after_the_answer(self) -> None:
        async def endpoint(request: Request) -> None:
            raise LookupError("inside")

        response = await asgi_request(Starlette(routes=[Route("/", endpoint)]), "GET", "/")
        assert response.status == 500
        assert isinstance(response.raised, LookupError)

    async def test_tells_when_it_was_cut_off(self) -> None:
        async def app(scope: Message, receive: Receive, send: Send) -> None:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"half", "more_body": True})
            raise OSError("gone")

        response = await asgi_request(app, "GET", "/")
        assert (response.body, response.is_complete) == (b"half", False)
        assert isinstance(response.raised, OSError)


class TestBadApplication:
    async def test_without_a_response_is_an_error(self) -> None:
        async def app(scope: Message, receive: Receive, send: Send) -> None:
            raise LookupError("inside")

        with pytest.raises(NoResponseError, match="GET /x") as failure:
            await asgi_request(app, "GET", "/x")
        assert isinstance(failure.value.__cause__, LookupError)

    async def test_that_hangs_is_cancelled(self) -> None:
        cancelled = asyncio.Event()

        async def app(scope: Message, receive: Receive, send: Send) -> None:
            try:
                await receive()
                await receive()
            except asyncio.CancelledError:
                cancelled.set()
                raise

        with pytest.raises(TimeoutError):
            await asgi_request(app, "GET", "/", deadline=0.05)
        assert cancelled.is_set()

    @pytest.mark.parametrize(
        "messages",
        [
            [{"type": "http.response.start", "status": 200}] * 2,
            [{"type": "http.response.start", "status": 200}, *[{"type": "http.response.body"}] * 2],
        ],
        ids=["two starts", "body after the end"],
    )
    async def test_that_sends_out_of_order_is_told(self, messages: list[Message]) -> None:
        async def app(scope: Message, receive: Receive, send: Send) -> None:
            for message in messages:
                await send(message)

        response = await asgi_request(app, "GET", "/")
        assert "Unexpected ASGI message" in str(response.raised)

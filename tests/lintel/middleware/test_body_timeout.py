"""Bodies that do not come, or come drop by drop."""

import asyncio
from collections.abc import Iterable

import pytest
from fastapi import FastAPI, Request
from pydantic import BaseModel
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lintel.errors import RequestTimeout, install_error_handlers
from lintel.middleware import BodyTimeoutMiddleware
from lintel.middleware._body_timeout import BYTES_A_SECOND
from lintel.testing import asgi_request

pytestmark = pytest.mark.anyio

SECONDS = 0.2
LATE = 2.0
"""Seconds: ten times as long as is waited for."""


class Thing(BaseModel):
    name: str


@pytest.fixture
def app() -> ASGIApp:
    application = FastAPI()
    install_error_handlers(application)

    @application.post("/json")
    async def read_json(thing: Thing) -> str:
        return thing.name

    @application.post("/stream")
    async def read_stream(request: Request) -> int:
        return sum([len(chunk) async for chunk in request.stream()])

    return BodyTimeoutMiddleware(application, seconds=SECONDS)


def slowly(app: ASGIApp, parts: Iterable[bytes], pause: float) -> ASGIApp:
    """The application behind a line on which the parts of a body come with pauses, and whose end comes too late."""

    async def behind(scope: Scope, _: Receive, send: Send) -> None:
        coming = iter(parts)

        async def receive() -> Message:
            await asyncio.sleep(pause)
            part = next(coming, None)
            if part is None:
                await asyncio.sleep(LATE)
                return {"type": "http.request", "body": b"", "more_body": False}
            return {"type": "http.request", "body": part, "more_body": True}

        await app(scope, receive, send)

    return behind


JSON = [(b"content-type", b"application/json"), (b"content-length", b"100")]


class TestLate:
    @pytest.mark.parametrize("path", ["/json", "/stream"])
    @pytest.mark.parametrize(("parts", "pause"), [([], 0), ([b"{"] * 100, SECONDS / 10)], ids=["silence", "drops"])
    async def test_is_408_and_the_end_of_the_connection(
        self, app: ASGIApp, path: str, parts: list[bytes], pause: float
    ) -> None:
        answer = await asgi_request(slowly(app, parts, pause), "POST", path, headers=JSON)
        assert (answer.status, answer.header("connection")) == (408, "close")
        assert answer.json()["error_code"] == "REQUEST_TIMEOUT"


class TestInTime:
    async def test_is_read_as_if_nothing_were_there(self, app: ASGIApp) -> None:
        body = b'{"name": "Ada"}'
        assert (await asgi_request(app, "POST", "/json", headers=JSON, body=body)).json() == "Ada"
        assert (await asgi_request(app, "POST", "/stream", body=[b"ab", b"c"])).json() == 3

    async def test_a_large_body_may_take_longer(self, app: ASGIApp) -> None:
        """Ten pauses, together much longer than the limit, but each with bytes enough to pay for it."""
        parts = [b"x" * BYTES_A_SECOND] * 10
        layer = BodyTimeoutMiddleware(_read_ten, seconds=SECONDS)
        answer = await asgi_request(slowly(layer, parts, SECONDS / 2), "POST", "/x")
        assert answer.status == 200


async def _read_ten(scope: Scope, receive: Receive, send: Send) -> None:
    for _ in range(10):
        await receive()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b""})


class TestAfterTheBody:
    async def test_a_departure_is_waited_for_as_long_as_it_takes(self) -> None:
        received = []

        async def streaming(scope: Scope, receive: Receive, send: Send) -> None:
            received.append(await receive())
            await asyncio.wait_for(receive(), SECONDS * 3)

        with pytest.raises(TimeoutError) as raised:
            await BodyTimeoutMiddleware(streaming, seconds=SECONDS)({"type": "http"}, _no_body(), _nothing)
        assert not isinstance(raised.value, RequestTimeout)
        assert len(received) == 1

    async def test_an_own_deadline_of_the_server_stays_its_own(self) -> None:
        async def impatient() -> Message:
            raise TimeoutError

        async def reading(scope: Scope, receive: Receive, send: Send) -> None:
            await receive()

        with pytest.raises(TimeoutError):
            await BodyTimeoutMiddleware(reading, seconds=SECONDS)({"type": "http"}, impatient, _nothing)


def _no_body() -> Receive:
    messages = iter([{"type": "http.request", "body": b"", "more_body": False}])

    async def receive() -> Message:
        message = next(messages, None)
        if message is None:
            await asyncio.Event().wait()
        return message or {}

    return receive


async def _nothing(_: Message) -> None: ...

"""Generators behind streamed answers are closed with their request."""

import asyncio
import gc
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.responses import StreamingResponse
from fastapi.sse import EventSourceResponse
from starlette.types import ASGIApp, Message

from lintel.routing import Router
from lintel.testing import asgi_request

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
def without_collector() -> Iterator[None]:
    """What is closed is closed by the request, not by the garbage collector."""
    gc.disable()
    yield
    gc.enable()


@pytest.fixture
def ends() -> list[str]:
    """How generators ended."""
    return []


async def counting(last: int, ends: list[str]) -> AsyncIterator[int]:
    try:
        for number in range(last):
            yield number
        ends.append("exhausted")
    except (GeneratorExit, asyncio.CancelledError):
        ends.append("closed")
        raise


@pytest.fixture
def app(ends: list[str]) -> FastAPI:
    inner, outer = Router(prefix="/inner"), Router()

    @inner.get("/events", response_class=EventSourceResponse)
    async def events(last: int) -> AsyncIterator[int]:
        async for number in counting(last, ends):
            yield number

    @inner.get("/lines")
    async def lines(last: int) -> AsyncIterator[int]:
        async for number in counting(last, ends):
            yield number

    @inner.get("/bytes")
    async def parts(last: int) -> StreamingResponse:
        return StreamingResponse(b"%d" % number async for number in counting(last, ends))

    @inner.get("/failing")
    async def failing() -> AsyncIterator[int]:
        yield 1
        raise ZeroDivisionError

    @inner.get("/plain")
    async def plain() -> str:
        return "done"

    outer.include_router(inner)
    application = FastAPI()
    application.include_router(outer)
    return application


async def leave_while_it_is_sent(app: ASGIApp, path: str) -> None:
    """Take the first part of a body, then nothing: the second can never be sent, and the client goes away."""
    stuck, left = asyncio.Event(), asyncio.Event()
    parts = 0
    first = True

    async def receive() -> Message:
        nonlocal first
        if first:
            first = False
            return {"type": "http.request", "body": b"", "more_body": False}
        await left.wait()
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        nonlocal parts
        parts += message["type"] == "http.response.body"
        if parts > 1:
            stuck.set()
            await asyncio.Event().wait()

    scope: dict[str, Any] = {
        "type": "http", "asgi": {"version": "3.0", "spec_version": "2.3"}, "http_version": "1.1", "method": "GET",
        "scheme": "http", "path": path, "raw_path": path.encode(), "query_string": b"last=1000000", "root_path": "",
        "headers": [(b"host", b"x")], "client": None, "server": None,
    }  # fmt: skip
    task = asyncio.ensure_future(app(scope, receive, send))
    await asyncio.wait_for(stuck.wait(), 10)
    left.set()
    await asyncio.wait_for(task, 10)


class TestClosing:
    @pytest.mark.parametrize("path", ["/inner/events", "/inner/lines", "/inner/bytes"])
    async def test_happens_when_the_client_leaves_between_two_items(
        self, app: FastAPI, ends: list[str], path: str
    ) -> None:
        await leave_while_it_is_sent(app, path)
        await asyncio.sleep(0)  # a generator within another is closed when the outer one is gone
        assert ends == ["closed"]

    @pytest.mark.parametrize(("path", "body"), [("/inner/lines", b"0\n1\n"), ("/inner/bytes", b"01")])
    async def test_changes_nothing_for_who_stays(self, app: FastAPI, ends: list[str], path: str, body: bytes) -> None:
        answer = await asgi_request(app, "GET", path, query=b"last=2")
        assert (answer.status, answer.body, ends) == (200, body, ["exhausted"])

    async def test_changes_nothing_for_events(self, app: FastAPI, ends: list[str]) -> None:
        answer = await asgi_request(app, "GET", "/inner/events", query=b"last=2")
        assert (answer.body.count(b"data:"), ends) == (2, ["exhausted"])

    async def test_hides_no_error(self, app: FastAPI) -> None:
        answer = await asgi_request(app, "GET", "/inner/failing")
        assert isinstance(answer.raised, ZeroDivisionError)

    async def test_is_no_concern_of_other_answers(self, app: FastAPI) -> None:
        assert (await asgi_request(app, "GET", "/inner/plain")).json() == "done"

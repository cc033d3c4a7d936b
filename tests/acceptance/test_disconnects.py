"""acceptance.md row 17: the client leaves in the middle of an upload, of a streamed answer, of a stream of events."""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import aclosing
from typing import Any

import pytest
from fastapi import Request
from fastapi.responses import StreamingResponse
from fastapi.sse import EventSourceResponse
from sqlalchemy import text
from structlog.typing import EventDict

from app.models import User
from lintel import application
from lintel.db import Database, Session
from lintel.routing import Router
from tests.acceptance.wire import PARSERS, Wired, eventually, listening
from tests.conftest import SettingsFactory

HEAD = b"Host: localhost\r\n"
PART = b"1000\r\n" + b"x" * 4_096 + b"\r\n"


class Left:
    """What became of the handlers whose clients left."""

    def __init__(self) -> None:
        self.started = 0
        self.cancelled = 0
        self.finished = 0


def leaving_router(database: Database, left: Left) -> Router:
    """Handlers that hold a connection to the database for as long as their client listens or sends."""
    router = Router()

    async def endless() -> AsyncGenerator[bytes]:
        async with database.read() as connection:
            left.started += 1
            try:
                while True:
                    await connection.execute(text("SELECT 1"))
                    yield b"x" * 1_000
                    await asyncio.sleep(0.01)
            except (asyncio.CancelledError, GeneratorExit):
                left.cancelled += 1
                raise

    @router.get("/stream")
    async def stream() -> StreamingResponse:
        return StreamingResponse(endless())

    @router.get("/events", response_class=EventSourceResponse)
    async def events() -> AsyncIterator[str]:
        async with aclosing(endless()) as parts:
            async for part in parts:
                yield part.decode()

    @router.post("/upload")
    async def upload(request: Request) -> int:
        async def work(session: Session) -> int:
            session.add(User(email="half@example.com", hashed_password="x"))
            await session.flush()
            left.started += 1
            return sum([len(part) async for part in request.stream()])

        received = await database.run(work)
        left.finished += 1
        return received

    return router


@pytest.fixture
def left() -> Left:
    return Left()


@pytest.fixture
def database(make_settings: SettingsFactory) -> Database:
    return Database(make_settings())


@pytest.fixture(params=PARSERS)
def wired(
    request: pytest.FixtureRequest, make_settings: SettingsFactory, database: Database, left: Left
) -> Iterator[Wired]:
    """These handlers on both databases behind both parsers."""
    app = application.create_app(
        make_settings(),
        routers=[leaving_router(database, left)],
        public_routes=["GET /stream", "GET /events", "POST /upload"],
        authenticators=[],
        resources=[database.opened],
    )
    with listening(app, request.param) as server:
        yield server


def errors(caplog: pytest.LogCaptureFixture, records: list[EventDict]) -> list[Any]:
    ours = [record for record in records if record["log_level"] in {"error", "critical"} or record.get("exc_info")]
    return ours + [record for record in caplog.records if record.levelno >= logging.ERROR]


class TestLeaving:
    @pytest.mark.parametrize("path", [b"/stream", b"/events"])
    def test_a_streamed_answer_ends_it_and_gives_the_connection_back(
        self, wired: Wired, database: Database, left: Left, path: bytes,
        caplog: pytest.LogCaptureFixture, log_records: list[EventDict],
    ) -> None:  # fmt: skip
        with wired.connect() as connection:
            connection.sendall(b"GET %s HTTP/1.1\r\n%s\r\n" % (path, HEAD))
            assert connection.recv(4_096).startswith(b"HTTP/1.1 200")
            assert eventually(lambda: left.started == 1)
            assert database.checked_out() == 1
        assert eventually(lambda: database.checked_out() == 0)
        assert left.cancelled == 1
        assert errors(caplog, log_records) == []

    def test_an_upload_undoes_what_it_had_begun(
        self, wired: Wired, database: Database, left: Left, caplog: pytest.LogCaptureFixture,
        log_records: list[EventDict],
    ) -> None:  # fmt: skip
        head = b"POST /upload HTTP/1.1\r\n" + HEAD
        with wired.connect() as connection:
            connection.sendall(head + b"Transfer-Encoding: chunked\r\n\r\n" + PART)
            assert eventually(lambda: left.started == 1)
            assert database.checked_out() == 1
        assert eventually(lambda: database.checked_out() == 0)
        assert left.finished == 0
        assert eventually(lambda: [r["status"] for r in log_records if r["event"] == "request"] == [499])
        assert errors(caplog, log_records) == []
        # The unique address is free again, and the one writer of SQLite too.
        again = wired.send(head + b"Content-Length: 3\r\n\r\nabc")
        assert (again.status, again.body) == (200, b"3")


class TestStaying:
    def test_an_upload_is_kept(self, wired: Wired, database: Database, left: Left) -> None:
        answer = wired.send(
            b"POST /upload HTTP/1.1\r\n" + HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + PART + b"0\r\n\r\n"
        )
        assert (answer.status, answer.body, left.finished) == (200, b"4096", 1)
        repeated = wired.send(b"POST /upload HTTP/1.1\r\n" + HEAD + b"Content-Length: 0\r\n\r\n")
        assert repeated.status == 409

"""Files that are made while they are sent, over real HTTP."""

import socket
import time
from collections.abc import AsyncGenerator, Iterator
from pathlib import Path

import pytest
from fastapi import Response

from lintel import application
from lintel.errors import Unavailable
from lintel.files import LINE_FILE, LineFormat, StreamedFile
from lintel.routing import Router
from lintel.settings import LintelSettings, load_settings
from tests.acceptance.wire import PARSERS, Wired, eventually, listening

HEAD = b"Host: localhost\r\n"
LAST_CHUNK = b"0\r\n\r\n"
PIECE = b"x" * 50_000


class Pieces:
    """Makes pieces, and knows what became of them."""

    def __init__(self) -> None:
        self.made = 0
        self.closed = 0

    async def some(self, count: int, *, fails: bool = False) -> AsyncGenerator[bytes]:
        try:
            for _ in range(count):
                self.made += 1
                yield PIECE
            if fails:
                raise Unavailable
        finally:
            self.closed += 1


@pytest.fixture
def pieces() -> Pieces:
    return Pieces()


@pytest.fixture(params=PARSERS)
def wired(request: pytest.FixtureRequest, tmp_path: Path, pieces: Pieces) -> Iterator[Wired]:
    router = Router()

    @router.get("/{count:int}", response_class=Response, responses=LINE_FILE)
    async def stream(*, count: int, fails: bool = False) -> Response:
        made = pieces.some(count, fails=fails)
        return StreamedFile(made, filename="a b.csv", media_type=LineFormat.CSV.media_type)

    settings = load_settings(LintelSettings, env_file=None, data_dir=tmp_path, secret_key="k" * 40)
    app = application.create_app(settings, routers=[router], public_routes=["GET /{count:int}"], authenticators=[])
    with listening(app, request.param) as server:
        yield server


def whole(wired: Wired, target: bytes) -> bytes:
    """Everything that the server sends until it closes the connection, or is done."""
    with wired.connect() as connection:
        connection.sendall(b"GET %s HTTP/1.1\r\n%s\r\n" % (target, HEAD))
        received = b""
        while not received.endswith(LAST_CHUNK) and (part := _received(connection)):
            received += part
    return received


def _received(connection: socket.socket) -> bytes:
    try:
        return connection.recv(65_536)
    except ConnectionResetError:
        return b""


class TestStreamedFile:
    def test_is_sent_piece_by_piece_and_ends_as_it_should(self, wired: Wired, pieces: Pieces) -> None:
        answer = whole(wired, b"/3")
        head = answer.partition(b"\r\n\r\n")[0].lower()
        assert head.startswith(b"http/1.1 200")
        assert b"content-type: text/csv; charset=utf-8; header=present" in head
        assert b'content-disposition: attachment; filename="a b.csv"' in head
        assert b"content-length" not in head
        assert answer.count(PIECE) == 3
        assert answer.endswith(LAST_CHUNK)
        assert pieces.closed == 1

    def test_of_nothing_is_whole_too(self, wired: Wired) -> None:
        answer = whole(wired, b"/0")
        assert answer.startswith(b"HTTP/1.1 200")
        assert answer.endswith(LAST_CHUNK)

    def test_is_not_made_for_who_asks_for_its_head(self, wired: Wired, pieces: Pieces) -> None:
        answer = wired.send(b"HEAD /1000000 HTTP/1.1\r\n" + HEAD + b"\r\n")
        assert (answer.status, answer.headers["content-type"]) == (200, LineFormat.CSV.media_type)
        assert eventually(lambda: pieces.closed == 1)
        assert pieces.made == 1

    def test_that_fails_at_once_is_a_problem(self, wired: Wired) -> None:
        answer = wired.send(b"GET /0?fails=true HTTP/1.1\r\n" + HEAD + b"\r\n")
        assert (answer.status, answer.headers["content-type"]) == (503, "application/problem+json")

    def test_that_fails_in_the_middle_is_cut_off(self, wired: Wired, pieces: Pieces) -> None:
        answer = whole(wired, b"/3?fails=true")
        assert answer.startswith(b"HTTP/1.1 200")
        assert answer.count(PIECE) == 3
        assert not answer.endswith(LAST_CHUNK)
        assert pieces.closed == 1

    def test_is_made_no_further_than_its_reader_reads(self, wired: Wired, pieces: Pieces) -> None:
        with wired.connect() as connection:
            connection.sendall(b"GET /1000000 HTTP/1.1\r\n%s\r\n" % HEAD)
            assert connection.recv(4_096).startswith(b"HTTP/1.1 200")
            made = -1
            while made != pieces.made:
                made = pieces.made
                time.sleep(0.3)
            assert made < 1_000
            assert pieces.closed == 0
        assert eventually(lambda: pieces.closed == 1)
        assert pieces.made <= made + 1

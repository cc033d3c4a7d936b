"""acceptance.md A, byte by byte, to both of uvicorn's parsers: rows 2, 4-7, 13, 26, and stray upgrades.

httptools is what `python -m app serve` uses; h11 lets pass what RFC 9112 lets it: folded lines, which it joins with a
space (5.2), and bare line feeds (2.2). tests/deploy has the same for the proxy.
"""

from collections.abc import Iterator

import pytest

from app.main import create_app
from app.services.container import Services
from lintel.errors import MEDIA_TYPE, Problem
from lintel.security import PasswordHasher
from tests.acceptance.wire import PARSERS, RawAnswer, Wired, listening
from tests.conftest import SettingsFactory

FIRST_ERROR = 400
EXPECTED = {200, 400, 401, 405, 415, 416, 422}
HOST = b"Host: localhost\r\n"
HANDSHAKE = (
    b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
)
POST = b"POST /api/v1/auth/register HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
EMPTY_CHUNK = b"\r\n0\r\n\r\n"


@pytest.fixture(scope="module", params=PARSERS)
def wired(
    request: pytest.FixtureRequest, file_settings: SettingsFactory, cheap_passwords: PasswordHasher
) -> Iterator[Wired]:
    """The service on SQLite behind each parser, one of each for all of these tests."""
    settings = file_settings()
    app = create_app(settings, services=Services.of(settings, passwords=cheap_passwords))
    with listening(app, request.param) as server:
        yield server


def check(answer: RawAnswer, expected: set[int]) -> None:
    """Hold an answer to the oracle's rules; what a parser refuses it answers by itself, in plain text."""
    assert answer.status in expected, answer
    assert "server" not in answer.headers
    assert b"Traceback" not in answer.body
    if answer.status < FIRST_ERROR:
        return
    if answer.headers["content-type"] == MEDIA_TYPE:
        Problem.model_validate_json(answer.body)
    else:
        assert answer.status == 400
        assert answer.is_closed
        assert answer.body in {b"Invalid HTTP request received.", b""}


def get(path: bytes = b"/health", headers: bytes = HOST) -> bytes:
    return b"GET %s HTTP/1.1\r\n%s\r\n" % (path, headers)


class TestHost:
    """Row 2."""

    @pytest.mark.parametrize(
        "headers",
        [
            b"",
            HOST + HOST,
            HOST + b"Host: evil.example\r\n",
            b"Host:\r\n",
            b"Host: \r\n",
            b"Host: evil/x?\r\n",
            b"Host: localhost@evil.example\r\n",
            b"Host: localhost, evil.example\r\n",
            b"Host: localhost:80:80\r\n",
            b"Host: [::1\r\n",
        ],
    )
    def test_is_given_once_and_is_ours(self, wired: Wired, headers: bytes) -> None:
        answer = wired.send(get(headers=headers))
        check(answer, {400})
        assert b"evil" not in answer.body

    def test_is_wanted_of_old_clients_too(self, wired: Wired) -> None:
        check(wired.send(b"GET /health HTTP/1.0\r\n\r\n"), {400})


class TestSmuggling:
    """Row 4."""

    @pytest.mark.parametrize(
        "lines",
        [
            b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
            b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
            b"Content-Length: 5\r\nTransfer-Encoding: Chunked\r\n",
            b"Content-Length: 2\r\nContent-Length: 3\r\n",
            b"Content-Length: 2, 3\r\n",
            b"Content-Length: -1\r\n",
            b"Content-Length: +2\r\n",
            b"Content-Length: 0x2\r\n",
            b"Content-Length: 1_0\r\n",
            b"Content-Length: 2 2\r\n",
            b"Content-Length: 9999999999999999999999\r\n",
            b"Transfer-Encoding: xchunked\r\n",
            b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
            b"Transfer-Encoding: gzip\r\n",
            b"Content-Length : 2\r\n",
            b"X-A : b\r\n",
            b"X-A: b\r\r\n",
            b"X-A: b\0c\r\n",
            b"X A: b\r\n",
            b": b\r\n",
            b"X-A\r\n",
        ],
    )
    def test_is_answered_with_400_and_the_end_of_the_connection(self, wired: Wired, lines: bytes) -> None:
        answer = wired.send(POST + lines + EMPTY_CHUNK)
        check(answer, {400, 413} if b"9999" in lines else {400})
        assert answer.is_closed

    @pytest.mark.parametrize(
        "request_",
        [get(headers=HOST + b"X-A: b\r\n Host: evil.example\r\n"), b"GET /health HTTP/1.1\nHost: localhost\n\n"],
        ids=["folded line", "bare line feeds"],
    )
    def test_by_folded_lines_and_bare_line_feeds_as_well(self, wired: Wired, request_: bytes) -> None:
        """h11 reads them as the standard allows; there is no second Host in either reading."""
        answer = wired.send(request_)
        check(answer, {400} if wired.parser == "httptools" else {200})
        assert answer.is_closed == (answer.status == 400)

    @pytest.mark.parametrize("chunk", [b"zz\r\n{}\r\n", b"-2\r\n{}\r\n", b"2\r\n{}XX", b"2 ;\x00\r\n{}\r\n"])
    def test_in_a_chunk_is_never_read_as_a_body(self, wired: Wired, chunk: bytes) -> None:
        answer = wired.send(POST + b"Transfer-Encoding: chunked\r\n\r\n" + chunk + b"0\r\n\r\n")
        assert answer.status == 400
        assert answer.is_closed


class TestSplitting:
    """Row 5."""

    @pytest.mark.parametrize("value", [b"a\rX-Evil: 1", b"a%0d%0aX-Evil:%201", b"trace-12345\r\n X-Evil: 1"])
    def test_no_answer_repeats_a_line_break(self, wired: Wired, value: bytes) -> None:
        requests = [
            get(headers=HOST + b"X-Request-ID: " + value + b"\r\n"),
            get(headers=HOST + b"Origin: " + value + b"\r\n"),
        ]
        if b"%" in value:
            requests += [get(b"/problems/" + value), get(b"/api/v1/analyses?page=" + value), get(b"/" + value)]
        for request in requests:
            answer = wired.send(request)
            assert answer.status < 500
            assert not [line for line in answer.lines if line.lower().startswith("x-evil")]


class TestLetters:
    """Row 6."""

    NAMES = (
        b"Cookie", b"Authorization", b"Origin", b"X-Request-ID", b"Accept", b"Accept-Encoding", b"Content-Type",
        b"Range", b"If-None-Match", b"User-Agent", b"Referer", b"X-Forwarded-For", b"Access-Control-Request-Headers",
    )  # fmt: skip

    @pytest.mark.parametrize("name", NAMES, ids=bytes.decode)
    @pytest.mark.parametrize("value", ["é☃".encode(), b"\xff\xfe", b"Bearer \xe9", b'a="\xe2\x98"', b"a; \xc3"])
    def test_that_headers_do_not_have_are_no_fault_of_ours(self, wired: Wired, name: bytes, value: bytes) -> None:
        for method in (b"GET", b"POST", b"OPTIONS"):
            line = name + b": " + value + b"\r\nAccess-Control-Request-Method: GET\r\nContent-Length: 0\r\n"
            for path in (b"/api/v1/users/me", b"/docs/assets/swagger.js", b"/api/v1/auth/login"):
                check(wired.send(method + b" " + path + b" HTTP/1.1\r\n" + HOST + line + b"\r\n"), EXPECTED)


class TestSizes:
    """Row 7."""

    @pytest.mark.parametrize(
        ("request_", "expected"),
        [
            (get(headers=HOST + b"X-A: " + b"a" * 100_000 + b"\r\n"), {431, 400}),
            (get(headers=HOST + b"X-A: " + b"a" * 33_000 + b"\r\n"), {431, 400}),
            (get(headers=HOST + b"X-A: b\r\n" * 10_000), {431, 400}),
            (get(headers=HOST + b"X-A: b\r\n" * 100), {431}),
            (get(b"/" + b"a" * 65_536), {414, 400}),
            (get(b"/health?" + b"a" * 65_536), {414, 400}),
            (get(b"/health?" + b"a" * 8_192), {414}),
        ],
        ids=["long", "longer than allowed", "many", "more than allowed", "path", "query", "longer than allowed"],
    )
    def test_beyond_the_limits_are_refused(self, wired: Wired, request_: bytes, expected: set[int]) -> None:
        answer = wired.send(request_)
        check(answer, expected)
        assert answer.is_closed

    def test_within_them_are_not(self, wired: Wired) -> None:
        headers = HOST + b"X-A: b\r\n" * 90 + b"X-B: " + b"a" * 15_000 + b"\r\n"
        check(wired.send(get(b"/health", headers)), {200})
        check(wired.send(get(b"/" + b"a" * 8_000)), {404})


class TestMethods:
    """Row 13."""

    @pytest.mark.parametrize("method", [b"TRACE", b"BREW", b"get", b"CONNECT", b"PROPFIND", b"G" * 100])
    def test_that_are_unknown_are_refused(self, wired: Wired, method: bytes) -> None:
        answer = wired.send(method + b" /health HTTP/1.1\r\nCookie: canary\r\n" + HOST + b"\r\n")
        check(answer, {405, 400, 404} if method == b"CONNECT" else {405, 400})
        assert b"canary" not in answer.body  # TRACE is made to repeat what it was sent

    def test_a_405_says_which_there_are(self, wired: Wired) -> None:
        answer = wired.send(b"TRACE /health HTTP/1.1\r\n" + HOST + b"\r\n")
        check(answer, {405})
        assert answer.headers["allow"] == "GET, HEAD"


class TestAddress:
    """Row 26."""

    @pytest.mark.parametrize(
        "path", [b"/%ff", b"/\xff", b"/health?%ff=1", b"/health?a=\xff", b"/problems/%c3", b"/%c0%af"]
    )
    def test_that_is_not_utf8_is_refused(self, wired: Wired, path: bytes) -> None:
        check(wired.send(get(path)), {400})


class TestUpgrade:
    @pytest.mark.parametrize("protocol", [b"websocket", b"h2c", b"TLS/1.0"])
    def test_to_what_is_not_spoken_is_answered_as_if_nobody_had_asked(self, wired: Wired, protocol: bytes) -> None:
        answer = wired.send(get(headers=HOST + b"Connection: Upgrade\r\nUpgrade: " + protocol + b"\r\n"))
        if (wired.parser, protocol) == ("h11", b"websocket"):  # our own protocol is of httptools
            assert answer.status == 400
        else:
            check(answer, {200})

    def test_of_what_is_no_websocket_is_a_problem(self, wired: Wired) -> None:
        check(wired.send(get(b"/health", HOST + HANDSHAKE)), {404})
        check(wired.send(get(b"/nowhere", HOST + HANDSHAKE)), {404})
        check(wired.send(get(b"/health", b"Host: elsewhere\r\n" + HANDSHAKE)), {400})

    def test_of_another_method_is_the_request_itself(self, wired: Wired) -> None:
        if wired.parser == "httptools":
            request = b"POST /health HTTP/1.1\r\n" + HOST + HANDSHAKE + b"Content-Length: 0\r\n\r\n"
            check(wired.send(request), {405})

"""The load checks every answer, and never waits for ever."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest

from bench.harness.load import HOST, Request, WrongAnswerError, send

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"
ASK = Request(path="/x?a=1", headers={"Authorization": "Bearer t"})

Answer = Callable[[int], list[bytes]]
"""The pieces sent for the n-th request of all; none closes the connection."""


class Server:
    """Answers what it is told to, and keeps what it was asked."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.asked: list[bytes] = []
        self.listener = socket.create_server((HOST, 0))
        self.port: int = self.listener.getsockname()[1]
        self.connections = 0
        self._lock = threading.Lock()
        self._open: list[socket.socket] = []

    def accept(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            self._open.append(connection)
            threading.Thread(target=self._serve, args=[connection], daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):  # a client that is not content hangs up
            while request := connection.recv(65_536):
                with self._lock:
                    self.asked.append(request)
                    pieces = self.answer(len(self.asked))
                if not pieces:
                    return
                for piece in pieces:
                    connection.sendall(piece)

    def close(self) -> None:
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


@contextmanager
def serving(answer: Answer) -> Iterator[Server]:
    server = Server(answer)
    thread = threading.Thread(target=server.accept)
    thread.start()
    try:
        yield server
    finally:
        server.close()
        thread.join(10)


def ask(server: Server, request: Request = ASK, *, count: int = 10, deadline: float = 20) -> int:
    return send(request, port=server.port, count=count, connections=3, deadline=deadline)


class TestSend:
    def test_asks_exactly_so_often_over_so_many_connections(self) -> None:
        with serving(lambda _: [OK]) as server:
            assert ask(server) == 2
        assert len(server.asked) == 10
        assert server.connections == 3

    def test_sends_path_query_host_and_headers(self) -> None:
        with serving(lambda _: [OK]) as server:
            ask(server, count=1)
        assert server.asked == [b"GET /x?a=1 HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer t\r\n\r\n"]

    def test_reads_answers_that_come_in_pieces(self) -> None:
        with serving(lambda _: [OK[:9], OK[9:38], OK[38:]]) as server:
            assert ask(server) == 2

    def test_refuses_another_status(self) -> None:
        with (
            serving(lambda n: [OK if n < 5 else OK.replace(b"200 OK", b"429 No")]) as server,
            pytest.raises(WrongAnswerError, match="answered 429 with 2 bytes instead of 200"),
        ):
            ask(server)

    def test_refuses_a_body_of_another_length_than_the_first(self) -> None:
        with (
            serving(lambda n: [OK if n < 5 else OK.replace(b": 2", b": 3") + b" "]) as server,
            pytest.raises(WrongAnswerError, match="answered 200 with 3 bytes instead of 200 with 2 bytes"),
        ):
            ask(server)

    def test_refuses_a_body_of_another_length_than_expected(self) -> None:
        with serving(lambda _: [OK]) as server, pytest.raises(WrongAnswerError, match="instead of 200 with 7 bytes"):
            ask(server, Request(path="/", length=7))

    def test_refuses_an_answer_without_a_length(self) -> None:
        with (
            serving(lambda _: [b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"]) as server,
            pytest.raises(WrongAnswerError, match="without a Content-Length"),
        ):
            ask(server)

    def test_refuses_a_head_without_end(self) -> None:
        with (
            serving(lambda _: [b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 20_000]) as server,
            pytest.raises(WrongAnswerError, match="without an end"),
        ):
            ask(server)

    def test_fails_when_the_server_hangs_up(self) -> None:
        with (
            serving(lambda n: [OK] if n < 5 else []) as server,
            pytest.raises(WrongAnswerError, match="closed the connection"),
        ):
            ask(server)

    def test_fails_when_nobody_listens(self) -> None:
        with serving(lambda _: [OK]) as server:
            pass
        with pytest.raises(WrongAnswerError, match="10 of 10 answers missing"):
            ask(server)

    def test_gives_up_at_its_deadline(self) -> None:
        with (
            serving(lambda n: [OK if n < 5 else OK[:-1]]) as server,
            pytest.raises(WrongAnswerError, match=r"\d of 10 answers missing"),
        ):
            ask(server, deadline=0.5)

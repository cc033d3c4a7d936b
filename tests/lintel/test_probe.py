"""The health check of a container, as the engine runs it."""

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from lintel.probe import probe
from lintel.testing._process import free_port

DEADLINE = 0.5
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


@contextmanager
def server(answer: bytes, *, pause: float = 0) -> Iterator[tuple[str, list[bytes]]]:
    """A server that sends these bytes, one by one if there is a pause; its address, and what it was asked."""
    asked: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                asked.append(connection.recv(65_536))
                step = 1 if pause else len(answer) or 1
                try:
                    for start in range(0, len(answer), step):
                        connection.sendall(answer[start : start + step])
                        time.sleep(pause)
                except OSError:
                    pass  # the probe has gone

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/health", asked
        thread.join(30)


class TestProbe:
    def test_is_content_with_200(self) -> None:
        with server(ANSWER) as (url, asked):
            assert probe(url) is None
        assert asked[0].startswith(b"GET /health HTTP/1.1\r\n")

    @pytest.mark.parametrize("status", [204, 307, 400, 503])
    def test_says_what_else_was_answered(self, status: int) -> None:
        with server(b"HTTP/1.1 %d Word\r\nContent-Length: 0\r\n\r\n" % status) as (url, _):
            assert probe(url) == f"answered {status}"

    def test_says_that_nobody_answers(self) -> None:
        assert probe(f"http://127.0.0.1:{free_port()}/") == "no answer: ConnectionRefusedError"

    @pytest.mark.parametrize("answer", [b"", b"SSH-2.0-server\r\n\r\n"])
    def test_does_not_take_anything_for_an_answer(self, answer: bytes) -> None:
        with server(answer) as (url, _):
            problem = probe(url, seconds=DEADLINE)
        assert problem is not None
        assert problem.startswith("no answer: ")

    def test_has_one_deadline_for_the_whole_answer(self) -> None:
        with server(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100, pause=DEADLINE / 5) as (url, _):
            started = time.monotonic()
            assert probe(url, seconds=DEADLINE) == "no answer: TimeoutError"
            assert time.monotonic() - started < DEADLINE * 10
        assert probe(f"http://127.0.0.1:{free_port()}/") is not None  # and its alarm is off

    @pytest.mark.parametrize(
        ("names", "sent"),
        [
            ("api.test", b"api.test"),
            ("api.test, other.test", b"api.test"),
            ('["api.test", "other.test"]', b"api.test"),
            ("*.api.test", b"*.api.test"),
            ("", b"127.0.0.1"),
        ],
    )
    def test_sends_the_first_of_the_allowed_hosts(self, names: str, sent: bytes) -> None:
        with server(ANSWER) as (url, asked):
            probe(url, host=names)
        hosts = [line for line in asked[0].split(b"\r\n") if line.lower().startswith(b"host:")]
        assert [line.split(b": ")[1].split(b":")[0] for line in hosts] == [sent]


class TestCommand:
    def run(self, *arguments: str) -> tuple[int, str]:
        command = [sys.executable, "-m", "lintel.probe", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
        return done.returncode, done.stdout + done.stderr

    def test_exits_with_0_and_says_nothing_when_all_is_well(self) -> None:
        with server(ANSWER) as (url, asked):
            assert self.run(url, "--host", "api.test", "--seconds", "20") == (0, "")
        assert b"Host: api.test\r\n" in asked[0]

    def test_exits_with_1_and_one_line_when_not(self) -> None:
        assert self.run(f"http://127.0.0.1:{free_port()}/") == (1, "no answer: ConnectionRefusedError\n")

    def test_imports_nothing_of_the_service(self) -> None:
        script = "import sys, lintel.probe; print([m for m in sys.modules if m.startswith(('pydantic', 'fastapi'))])"
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=30, check=True)
        assert done.stdout == "[]\n"

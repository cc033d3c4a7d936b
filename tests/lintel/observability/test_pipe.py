"""Records for a reader who reads late, never, or no more."""

import os
import threading
from collections.abc import Iterator
from io import StringIO
from typing import TextIO

import pytest
from structlog.testing import capture_logs

from lintel.observability import _pipe
from lintel.observability._output import BatchedOutput
from lintel.observability._pipe import Pipe

LINE = "x" * 99 + "\n"
MORE_THAN_FITS = 2_000


@pytest.fixture
def ends() -> Iterator[tuple[int, TextIO]]:
    """Where a pipe is read, and where it is written."""
    reading, writing = os.pipe()
    with os.fdopen(writing, "w", encoding="ascii") as stream:
        yield reading, stream
    os.close(reading)


def made(stream: TextIO) -> Pipe:
    pipe = Pipe.of(stream)
    assert pipe is not None
    return pipe


def read(descriptor: int, size: int) -> str:
    found = b""
    while len(found) < size:
        found += os.read(descriptor, size - len(found))
    return found.decode()


def test_what_does_not_fit_is_kept_and_comes_first_when_there_is_room(ends: tuple[int, TextIO]) -> None:
    reading, stream = ends
    pipe = made(stream)
    for _ in range(MORE_THAN_FITS):
        pipe.write(LINE)
    read(reading, 60_000)
    pipe.write("last ü\n")
    rest = MORE_THAN_FITS * len(LINE) - 60_000
    late = threading.Timer(0.1, pipe.finish)
    late.start()
    assert read(reading, rest + 10).endswith(f"{LINE}last \\xfc\n")
    late.join()


def test_a_reader_that_never_reads_costs_memory_up_to_a_bound_and_is_told_what_is_missing(
    ends: tuple[int, TextIO], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_pipe, "MAX_KEPT", 1_000)
    reading, stream = ends
    output = BatchedOutput(stream)
    for _ in range(MORE_THAN_FITS):
        output.write(LINE)
    kept = 65_536 + 1_000
    output._end()  # waits, and gives up
    with capture_logs() as records:
        read(reading, 60_000)
        output.write("last\n")
        read(reading, kept - 60_000 - 2_000)
        output.write("last\n")
    [record] = records
    assert MORE_THAN_FITS - kept // len(LINE) <= record["records"] <= MORE_THAN_FITS


def test_a_reader_that_has_gone_is_no_error() -> None:
    reading, writing = os.pipe()
    with os.fdopen(writing, "w", encoding="ascii") as stream:
        pipe = made(stream)
        os.close(reading)
        pipe.write(LINE)
        pipe.finish()


def test_a_file_and_a_stream_in_memory_are_written_as_usual(tmp_path_factory: pytest.TempPathFactory) -> None:
    assert Pipe.of(StringIO()) is None
    with (tmp_path_factory.mktemp("log") / "log").open("w", encoding="utf-8") as file:
        assert Pipe.of(file) is None

"""Lines for standard output, many in one write."""

import asyncio
import subprocess
import sys
from io import StringIO
from threading import Thread

import pytest

from lintel.observability._output import MAX_LINES, BatchedOutput


class Written(StringIO):
    """Keeps each write apart."""

    def __init__(self) -> None:
        super().__init__()
        self.writes: list[str] = []

    def write(self, text: str) -> int:
        self.writes.append(text)
        return len(text)


@pytest.fixture
def written() -> Written:
    return Written()


class TestWrite:
    def test_is_at_once_without_a_loop(self, written: Written) -> None:
        output = BatchedOutput(written)
        output.write("a\n")
        output.write("b\n")
        assert written.writes == ["a\n", "b\n"]

    @pytest.mark.anyio
    async def test_is_one_write_for_each_round_of_the_loop(self, written: Written) -> None:
        output = BatchedOutput(written)
        for round_ in range(2):
            for line in ("a", "b", "c"):
                output.write(f"{line}{round_}\n")
            assert len(written.writes) == round_
            await asyncio.sleep(0)
        assert written.writes == ["a0\nb0\nc0\n", "a1\nb1\nc1\n"]

    @pytest.mark.anyio
    async def test_of_another_thread_keeps_the_order(self, written: Written) -> None:
        output = BatchedOutput(written)
        output.write("first\n")
        thread = Thread(target=output.write, args=("second\n",))
        thread.start()
        thread.join()
        assert "".join(written.writes) == "first\nsecond\n"

    @pytest.mark.anyio
    async def test_is_bounded_while_the_loop_is_blocked(self, written: Written) -> None:
        output = BatchedOutput(written)
        for _ in range(MAX_LINES + 1):
            output.write("a\n")
        assert written.writes == ["a\n" * (MAX_LINES + 1)]

    def test_left_by_one_loop_comes_before_that_of_the_next(self, written: Written) -> None:
        output = BatchedOutput(written)

        async def write(line: str) -> None:
            output.write(line)

        asyncio.run(write("first\n"))
        asyncio.run(write("second\n"))
        output.flush()
        assert "".join(written.writes) == "first\nsecond\n"

    def test_left_at_the_end_of_the_process_is_written(self) -> None:
        program = """
import asyncio, sys
from lintel.observability._output import BatchedOutput
output = BatchedOutput(sys.stdout)
async def main():
    output.write("last words\\n")
    raise SystemExit(3)
asyncio.run(main())
"""
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False, timeout=60)
        assert (done.returncode, done.stdout, done.stderr) == (3, b"last words\n", b"")

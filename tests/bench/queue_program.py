"""A program of jobs without a library: the queue is a file, and `left` is as many as its name says."""

import sys
import time
from pathlib import Path

from bench.peers import program


def enqueue(url: str, names: list[str]) -> None:
    if "unwritable" in url:
        sys.exit("the queue cannot be written")
    Path(url).write_text("\n".join(names), encoding="utf-8")


def work(url: str) -> None:
    for name in Path(url).read_text(encoding="utf-8").splitlines():
        if name == program.MARK:
            program.mark()
        else:
            until = time.process_time() + 0.01
            while time.process_time() < until:
                pass
    time.sleep(60)  # until terminated


def left(url: str) -> int:
    return int(Path(url).suffix.removeprefix("."))


if __name__ == "__main__":
    program.main(enqueue, work, left)

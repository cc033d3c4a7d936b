"""Where records go: standard output, all that one round of the event loop has made in one write."""

import asyncio
import atexit
from threading import Lock
from typing import TextIO

import structlog

from lintel.observability._pipe import Pipe

MAX_LINES = 1_000
"""Written even if the loop does not come round: it is being blocked."""


class BatchedOutput:
    """Lines for a stream, written together when the event loop comes round again.

    A write is a call of the operating system and costs as much as making the line; a busy server would make one for
    each request. Where no loop runs a line is written at once. A pipe that nobody reads is not waited for.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._pipe = Pipe.of(stream)
        self._lines: list[str] = []
        self._lock = Lock()
        self._awaited: asyncio.AbstractEventLoop | None = None
        atexit.register(self._end)

    def write(self, text: str) -> None:
        """Take whole lines, to be written soon."""
        self._lines.append(text)
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self.flush()
            return
        if self._awaited is not loop:
            self._awaited = loop
            loop.call_soon(self.flush)
        elif len(self._lines) > MAX_LINES:
            self.flush()

    def flush(self) -> None:
        """Write what has been taken so far."""
        with self._lock:
            self._awaited = None
            lines, self._lines = self._lines, []
            if lines:
                self._put("".join(lines))
            dropped = 0 if self._pipe is None else self._pipe.take_dropped()
        if dropped:
            structlog.get_logger("lintel.logging").warning("records were dropped that nobody read", records=dropped)

    def _end(self) -> None:
        self.flush()
        if self._pipe is not None:
            self._pipe.finish()

    def _put(self, text: str) -> None:
        if self._pipe is not None:
            self._pipe.write(text)
        else:
            self._stream.write(text)
            self._stream.flush()

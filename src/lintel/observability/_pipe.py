"""Standard output that somebody else reads, or has stopped reading."""

import os
import select
import stat
import time
from typing import Self, TextIO

MAX_KEPT = 4 * 1024 * 1024
"""Bytes kept for a reader that does not read: some ten thousand records."""

SECONDS_AT_THE_END = 1.0


class Pipe:
    """A pipe that is never waited for: a service must not stop because whoever collects its log does.

    What there is no room for is kept and goes first when there is; beyond a bound it is dropped and counted.

    Args:
        descriptor: Does not block.
        encoding: Of the text; what it does not have is escaped.
    """

    def __init__(self, descriptor: int, *, encoding: str) -> None:
        self._descriptor = descriptor
        self._encoding = encoding
        self._kept = bytearray()
        self._dropped = 0

    @classmethod
    def of(cls, stream: TextIO) -> Self | None:
        """The pipe that a stream writes to; None if it is something else, or cannot be opened once more (Linux can).

        It is opened anew, as others may share the stream's own descriptor and expect it to block.
        """
        try:
            descriptor = stream.fileno()
            if not stat.S_ISFIFO(os.fstat(descriptor).st_mode):
                return None
            again = os.open(f"/proc/self/fd/{descriptor}", os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except (OSError, ValueError):  # such as a stream in memory, which has no descriptor
            return None
        return cls(again, encoding=stream.encoding)

    def write(self, text: str) -> None:
        """Write as much as there is room for, what was kept before it first."""
        self._kept += text.encode(self._encoding, "backslashreplace")
        try:
            while self._kept:
                written = os.write(self._descriptor, self._kept)
                del self._kept[:written]
        except BlockingIOError:
            self._bound()
        except OSError:  # nobody will ever read it
            self._kept.clear()

    def finish(self, *, seconds: float = SECONDS_AT_THE_END) -> None:
        """Wait a little for room for what was kept: a slow reader is to have the end of it."""
        deadline = time.monotonic() + seconds
        while self._kept and (left := deadline - time.monotonic()) > 0:
            select.select([], [self._descriptor], [], left)
            self.write("")

    def take_dropped(self) -> int:
        """How many lines were dropped, once there is room to say so."""
        dropped = 0
        if not self._kept:
            dropped, self._dropped = self._dropped, 0
        return dropped

    def _bound(self) -> None:
        if len(self._kept) > MAX_KEPT:
            end = self._kept.rfind(b"\n", 0, MAX_KEPT) + 1
            self._dropped += self._kept.count(b"\n", end)
            del self._kept[end:]

"""One file being read."""

import os
from collections.abc import Sequence
from pathlib import Path
from stat import S_ISREG
from threading import Lock

from lintel.storage._folders import NOT_THERE, READ_FLAGS, opened_folder
from lintel.storage._port import FileMissing


class Reader:
    """A file, opened and read by threads. Whoever is cancelled meanwhile may close it at any moment."""

    def __init__(self, root: Path, parts: Sequence[str]) -> None:
        self._root = root
        self._parts = parts
        self._lock = Lock()
        self._descriptor: int | None = None
        self._is_closed = False

    def open(self) -> os.stat_result:
        """Open it, and say what the system knows of it.

        Raises:
            FileMissing: There is no such file.
        """
        with self._lock:
            if self._is_closed:
                raise FileMissing
            self._descriptor = self._opened()
            stat = os.fstat(self._descriptor)
        if not S_ISREG(stat.st_mode):
            raise FileMissing
        return stat

    def read(self, size: int, start: int) -> bytes:
        """Up to `size` bytes from `start`; none once it is closed."""
        with self._lock:
            return b"" if self._descriptor is None else os.pread(self._descriptor, size, start)

    def close(self) -> None:
        """Close it, as soon as no thread reads. Can be called before it is open, and again."""
        with self._lock:
            self._is_closed = True
            if self._descriptor is not None:
                os.close(self._descriptor)
                self._descriptor = None

    def _opened(self) -> int:
        try:
            with opened_folder(self._root, self._parts[:-1]) as folder:
                return os.open(self._parts[-1], READ_FLAGS, dir_fd=folder)
        except OSError as error:
            if error.errno in NOT_THERE:
                raise FileMissing from None
            raise

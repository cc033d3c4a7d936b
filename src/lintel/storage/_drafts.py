"""Files that are being written: beside the others, and moved into place once they are whole."""

import os
import secrets
import time
from collections.abc import Sequence
from contextlib import suppress
from io import FileIO
from pathlib import Path
from threading import Lock

from lintel.storage._folders import opened_folder
from lintel.storage._keys import InvalidKey
from lintel.storage._port import KeyTaken

FOLDER = ".drafts"
"""No key begins with a dot."""
PRIVATE_FILE = 0o600
ABANDONED_AFTER = 86_400.0
"""Seconds without a write; whoever wrote it was killed."""
WRITE_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class Draft:
    """One file being written, by threads. Whoever is cancelled meanwhile may discard it at any moment."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._name = secrets.token_hex(16)
        self._lock = Lock()
        self._file: FileIO | None = None
        self._is_there = False
        self._is_discarded = False

    def write(self, block: bytes) -> None:
        """Append a block, all of it."""
        with self._lock:
            if self._is_discarded:
                return
            file = self._file or self._begin()
            rest = memoryview(block)
            while rest:
                rest = rest[file.write(rest) :]

    def publish(self, parts: Sequence[str], *, create_only: bool) -> None:
        """Make it the file `parts`, on the disk before it has the name.

        Raises:
            KeyTaken: There is one already, and it is not to be replaced.
            InvalidKey: A part of the key is a file or a link here, or the whole of it a folder.
        """
        with self._lock:
            if self._is_discarded:
                return
            os.fsync((self._file or self._begin()).fileno())
            try:
                self._place(parts, create_only=create_only)
            except (NotADirectoryError, IsADirectoryError):
                raise InvalidKey("a key must not begin with another whole key") from None

    def discard(self) -> None:
        """Close it, and take it away unless it has become a file. Can be called again."""
        with self._lock:
            self._is_discarded = True
            if self._file is not None:
                self._file.close()
            if self._is_there:
                self._is_there = False
                with suppress(FileNotFoundError):
                    (self._root / FOLDER / self._name).unlink()

    def _begin(self) -> FileIO:
        with opened_folder(self._root, [FOLDER], make=True) as folder:
            descriptor = os.open(self._name, WRITE_FLAGS, PRIVATE_FILE, dir_fd=folder)
        self._is_there = True
        self._file = os.fdopen(descriptor, "wb", buffering=0)
        return self._file

    def _place(self, parts: Sequence[str], *, create_only: bool) -> None:
        with (
            opened_folder(self._root, [FOLDER]) as drafts,
            opened_folder(self._root, parts[:-1], make=True) as folder,
        ):
            if create_only:
                self._link(drafts, folder, parts[-1])
            else:
                os.replace(self._name, parts[-1], src_dir_fd=drafts, dst_dir_fd=folder)
                self._is_there = False
            os.fsync(folder)

    def _link(self, drafts: int, folder: int, name: str) -> None:
        try:
            os.link(self._name, name, src_dir_fd=drafts, dst_dir_fd=folder, follow_symlinks=False)
        except FileExistsError:
            raise KeyTaken from None


def sweep_drafts(root: Path) -> None:
    """Take away what nobody has written to for a day."""
    with suppress(FileNotFoundError):
        for path in (root / FOLDER).iterdir():
            with suppress(FileNotFoundError):
                if time.time() - path.stat().st_mtime > ABANDONED_AFTER:
                    path.unlink()

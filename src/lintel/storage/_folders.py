"""Ways through folders that no symbolic link can lead astray."""

import errno
import os
import stat
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from lintel.storage._keys import is_key

PRIVATE_FOLDER = 0o700
FOLDER_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
READ_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
"""Without waiting, should somebody have put a pipe there."""
NOT_THERE = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.EISDIR})
"""A symbolic link counts as nothing there: it could lead anywhere."""


@contextmanager
def opened_folder(root: Path, parts: Sequence[str], *, make: bool = False) -> Iterator[int]:
    """A descriptor of the folder `parts` below `root`, opened part by part; the root itself may be a link.

    Raises:
        OSError: It is not there, or a part of it is a link or no folder.
    """
    if make:
        root.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
    folder = os.open(root, FOLDER_FLAGS & ~os.O_NOFOLLOW)
    try:
        for part in parts:
            if make:
                with suppress(FileExistsError):
                    os.mkdir(part, PRIVATE_FOLDER, dir_fd=folder)
            below = os.open(part, FOLDER_FLAGS, dir_fd=folder)
            os.close(folder)
            folder = below
        yield folder
    finally:
        os.close(folder)


def keys_below(root: Path, parts: Sequence[str], *, after: str | None) -> Generator[tuple[str, os.stat_result]]:
    """The keys that begin with `parts` and come after another, in their order, with what the system knows of each."""
    try:
        with opened_folder(root, parts) as folder:
            yield from _below(folder, "".join(f"{part}/" for part in parts), after or "")
    except (FileNotFoundError, NotADirectoryError):
        return


def _below(folder: int, prefix: str, after: str) -> Generator[tuple[str, os.stat_result]]:
    for name, is_folder in _names(folder):
        key = prefix + name
        if not is_folder and key > after and is_key(key):
            with suppress(FileNotFoundError):  # deleted meanwhile
                yield key, os.stat(name, dir_fd=folder, follow_symlinks=False)
        # A folder that lies wholly before is not looked into.
        elif is_folder and (key + "/" > after or after.startswith(key + "/")) and is_key(key):
            with suppress(FileNotFoundError), opened_folder_at(folder, name) as below:
                yield from _below(below, f"{key}/", after)


@contextmanager
def opened_folder_at(folder: int, name: str) -> Iterator[int]:
    """A descriptor of a folder in another."""
    below = os.open(name, FOLDER_FLAGS, dir_fd=folder)
    try:
        yield below
    finally:
        os.close(below)


def _names(folder: int) -> list[tuple[str, bool]]:
    """Files and folders, in the order of their keys: a folder stands where its first key would."""
    found = []
    with os.scandir(folder) as entries:
        for entry in entries:
            mode = entry.stat(follow_symlinks=False).st_mode
            if stat.S_ISREG(mode) or stat.S_ISDIR(mode):
                found.append((entry.name, stat.S_ISDIR(mode)))
    return sorted(found, key=lambda item: item[0] + "/" if item[1] else item[0])

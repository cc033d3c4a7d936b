"""Files in a folder of this machine."""

import errno
import os
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager, closing
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TypeVar, TypeVarTuple

import structlog
from anyio import CancelScope, to_thread

from lintel.storage._content import Meter
from lintel.storage._drafts import Draft, sweep_drafts
from lintel.storage._folders import NOT_THERE, keys_below, opened_folder
from lintel.storage._keys import key_parts, prefix_parts
from lintel.storage._links import LinkSigner
from lintel.storage._port import (
    PAGE_SIZE,
    Content,
    Disposition,
    FileInfo,
    FilePage,
    FileStream,
    StorageFull,
    StorageUnavailable,
    StoredFile,
)
from lintel.storage._reader import Reader

T = TypeVar("T")
Args = TypeVarTuple("Args")

BLOCK = 262_144
"""Bytes that one thread writes or reads at a time."""
NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})

_log = structlog.get_logger("lintel.storage")


class FolderStorage:
    """Keeps files in a folder, readable by this user alone. Needs a POSIX system.

    A file is written beside, flushed to the disk and moved into place. Several processes of one machine can share the
    folder; several machines cannot, unless something else shares it with all these promises.

    Args:
        root: The folder; made when first needed.
        links: Makes the signed URLs, which `lintel.files` answers.
    """

    def __init__(self, root: Path, *, links: LinkSigner) -> None:
        self._root = root
        self._links = links

    async def put(
        self,
        key: str,
        content: Content,
        *,
        content_type: str,  # noqa: ARG002 - of the port
        create_only: bool = False,
        max_bytes: int | None = None,
    ) -> StoredFile:
        """See `Storage.put`; `content_type` is not kept."""
        parts = key_parts(key)
        meter = Meter(max_bytes)
        async with self._draft() as draft, aclosing(meter.blocks(content, BLOCK)) as blocks:
            async for block in blocks:
                await _in_thread(draft.write, block)
            await _in_thread(partial(draft.publish, parts, create_only=create_only))
        return meter.receipt(key)

    @asynccontextmanager
    async def get_stream(self, key: str, *, start: int = 0, end: int | None = None) -> AsyncIterator[FileStream]:
        """See `Storage.get_stream`."""
        async with self._reader(key) as reader:
            info = _info(key, await _in_thread(reader.open))
            async with aclosing(_chunks(reader, *part_of(info.size, start, end))) as chunks:
                yield FileStream(info, chunks)

    async def head(self, key: str) -> FileInfo:
        """See `Storage.head`."""
        async with self._reader(key) as reader:
            return _info(key, await _in_thread(reader.open))

    async def delete(self, key: str) -> None:
        """See `Storage.delete`; folders that become empty stay."""
        await _in_thread(self._unlink, key_parts(key))

    async def list_files(self, prefix: str = "", *, after: str | None = None, size: int = PAGE_SIZE) -> FilePage:
        """See `Storage.list_files`."""
        check_page(size, after)
        found = await _in_thread(self._list, prefix_parts(prefix), after, size + 1)
        return FilePage(found[:size], found[size - 1].key if len(found) > size else None)

    async def signed_url(
        self, key: str, *, expires_in: timedelta, filename: str, content_type: str, disposition: Disposition
    ) -> str:
        """See `Storage.signed_url`; a path on this service."""
        return self._links.url(
            key, expires_in=expires_in, filename=filename, content_type=content_type, disposition=disposition
        )

    async def check(self) -> None:
        """Write something, and take it away again."""
        async with self._draft() as draft:
            await _in_thread(draft.write, b"\0")

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """Take away what processes that were killed left half written."""
        await _in_thread(sweep_drafts, self._root)
        yield

    @asynccontextmanager
    async def _draft(self) -> AsyncIterator[Draft]:
        draft = Draft(self._root)
        try:
            yield draft
        finally:
            with CancelScope(shield=True):
                await _in_thread(draft.discard)

    @asynccontextmanager
    async def _reader(self, key: str) -> AsyncIterator[Reader]:
        reader = Reader(self._root, key_parts(key))
        try:
            yield reader
        finally:
            with CancelScope(shield=True):
                await _in_thread(reader.close)

    def _unlink(self, parts: tuple[str, ...]) -> None:
        try:
            with opened_folder(self._root, parts[:-1]) as folder:
                os.unlink(parts[-1], dir_fd=folder)
        except OSError as error:
            if error.errno not in NOT_THERE:
                raise

    def _list(self, parts: tuple[str, ...], after: str | None, size: int) -> list[FileInfo]:
        with closing(keys_below(self._root, parts, after=after)) as keys:
            return [_info(key, stat) for key, stat in islice(keys, size)]


def part_of(size: int, start: int, end: int | None) -> tuple[int, int]:
    """The first byte of a part of a file, and that behind its last.

    Raises:
        ValueError: There is no such part.
    """
    behind = size if end is None else min(end, size)
    if start < 0 or (end is not None and end <= start) or (start and start >= size):
        raise ValueError("no such part of the file")
    return start, behind


def check_page(size: int, after: str | None) -> None:
    """Refuse what cannot be asked of a list.

    Raises:
        ValueError: The size is none of a page, or `after` is no key.
    """
    if not 1 <= size <= PAGE_SIZE:
        raise ValueError(f"a page has 1 to {PAGE_SIZE} files")
    if after is not None:
        key_parts(after)


def _info(key: str, stat: os.stat_result) -> FileInfo:
    etag = f'"{stat.st_mtime_ns:x}-{stat.st_size:x}-{stat.st_ino:x}"'
    return FileInfo(key, stat.st_size, etag, datetime.fromtimestamp(stat.st_mtime, UTC))


async def _chunks(reader: Reader, start: int, behind: int) -> AsyncGenerator[bytes]:
    while start < behind:
        chunk = await _in_thread(reader.read, min(BLOCK, behind - start), start)
        if not chunk:
            raise StorageUnavailable
        start += len(chunk)
        yield chunk


async def _in_thread(work: Callable[[*Args], T], *args: *Args) -> T:
    """The result of work with files, of which the loop must not wait; what the system says, in the port's words."""
    try:
        return await to_thread.run_sync(work, *args)
    except OSError as error:
        # Without its text, which holds a path.
        _log.error("storage failed", reason=errno.errorcode.get(error.errno or 0, "unknown"))
        raise (StorageFull() if error.errno in NO_ROOM else StorageUnavailable()) from None

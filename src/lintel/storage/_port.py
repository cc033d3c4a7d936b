"""Where files are kept: what is agreed, and what can go wrong."""

from collections.abc import AsyncIterable, AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, NamedTuple, Protocol

from lintel.errors import AlreadyExists, ContentTooLarge, NotFound, Unavailable

Content = bytes | AsyncIterable[bytes]
"""What is put: all of it, or piece by piece."""

Disposition = Literal["attachment", "inline"]
"""Whether a browser saves a file or shows it."""

PAGE_SIZE = 1_000


class FileMissing(NotFound):
    """There is no file with this key."""

    code = "FILE_NOT_FOUND"
    title = "File not found"
    meaning = "There is no such file, or no longer."


class KeyTaken(AlreadyExists):
    """There is a file with this key already, and it was not to be replaced."""

    code = "FILE_EXISTS"
    title = "File already exists"
    meaning = "There is a file in this place already, and it was not to be replaced."


class FileTooLarge(ContentTooLarge):
    """More bytes came than were agreed. Nothing of them was kept."""

    code = "FILE_TOO_LARGE"
    title = "File too large"
    meaning = "The file is larger than is allowed here."


class StorageUnavailable(Unavailable):
    """The storage does not answer, or refuses us. The log says more."""

    code = "STORAGE_UNAVAILABLE"
    title = "Storage unavailable"
    meaning = "The place where files are kept does not answer at present. Try again as Retry-After says."


class StorageFull(StorageUnavailable):
    """There is no room for the file. Nothing of it was kept."""

    code = "STORAGE_FULL"
    title = "Storage full"
    meaning = "There is no room for the file at present."


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file that was put.

    Attributes:
        key: Where it is.
        size: In bytes.
        sha256: Of its content, in hexadecimal digits.
    """

    key: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class FileInfo:
    """What a storage knows of a file.

    Attributes:
        key: Where it is.
        size: In bytes.
        etag: Strong, in its quotes: two contents under one key never have the same.
        modified_at: When it was put (UTC).
    """

    key: str
    size: int
    etag: str
    modified_at: datetime


class FileStream(NamedTuple):
    """A file being read.

    Attributes:
        file: The file that the bytes are of.
        chunks: The bytes asked for, piece by piece.
    """

    file: FileInfo
    chunks: AsyncIterator[bytes]


class FilePage(NamedTuple):
    """Some files, in the order of their keys.

    Attributes:
        files: At most as many as were asked for.
        after: Where the next page begins; None behind the last.
    """

    files: Sequence[FileInfo]
    after: str | None


class Storage(Protocol):
    """Keeps files under keys (see `key_parts`). A file is there whole or not at all, and is replaced whole.

    No storage is asked for the type of a file or its name: folders have no place for them. They belong in the row that
    holds the key, and into each signed URL. Every method raises `StorageUnavailable` when the storage does not answer,
    and `InvalidKey` for what is no key.
    """

    async def put(
        self, key: str, content: Content, *, content_type: str, create_only: bool = False, max_bytes: int | None = None
    ) -> StoredFile:
        """Keep a file. When this fails or is cancelled while content is read, nothing of it is left.

        Args:
            key: Where.
            content: Its bytes. A stream is read at the pace of the storage, in bounded memory.
            content_type: Told to storages that show files to people; nothing here reads it back.
            create_only: Refuse to replace. Of several at once, one succeeds.
            max_bytes: Refuse more.

        Raises:
            KeyTaken: With `create_only`, and there is one.
            FileTooLarge: More than `max_bytes` came; no more than that was read.
            StorageFull: There is no room.
        """
        ...

    def get_stream(
        self, key: str, *, start: int = 0, end: int | None = None
    ) -> AbstractAsyncContextManager[FileStream]:
        """Read a file, or a part of it, while the block runs.

        Args:
            key: Which.
            start: First byte, from 0; must lie within the file, or be 0.
            end: Behind the last byte; None, or beyond the file: to its end.

        Raises:
            FileMissing: There is none.
            ValueError: `start` lies behind the file, or `end` not behind `start`.
        """
        ...

    async def head(self, key: str) -> FileInfo:
        """What is known of a file.

        Raises:
            FileMissing: There is none.
        """
        ...

    async def delete(self, key: str) -> None:
        """There is no such file afterwards, whether or not there was one."""
        ...

    async def list_files(self, prefix: str = "", *, after: str | None = None, size: int = PAGE_SIZE) -> FilePage:
        """One page of the files whose keys begin with whole parts, in the order of their keys.

        Args:
            prefix: `exports/2026`, for instance; empty for all.
            after: `after` of the page before; None for the first.
            size: Most files of the page, 1 to 1000.
        """
        ...

    async def signed_url(
        self, key: str, *, expires_in: timedelta, filename: str, content_type: str, disposition: Disposition
    ) -> str:
        """An address where whoever has it can read the file, for a while; there need not be a file.

        Args:
            key: Which.
            expires_in: For how long: 1 second to 7 days.
            filename: Under which it is saved; made harmless.
            content_type: What it is sent as.
            disposition: `inline` only has effect for types that cannot run scripts.

        Returns:
            An absolute address, or a path on this service.
        """
        ...

    async def check(self) -> None:
        """Ask for an answer; for health checks."""
        ...

    def opened(self) -> AbstractAsyncContextManager[Any]:
        """Keep what is needed while the block runs."""
        ...

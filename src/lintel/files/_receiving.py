"""Files that people send: read within bounds, known by their content, gone when they are dealt with."""

import hashlib
from collections.abc import AsyncIterable, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

from anyio import SpooledTemporaryFile

from lintel.errors import InvalidInput, UnsupportedMediaType
from lintel.files._digests import CONTENT_DIGEST, SaidDigests
from lintel.files._kinds import HEAD, FileKind, kind_of
from lintel.storage import FileTooLarge, safe_filename

CHUNK = 64 * 1024
IN_MEMORY = 1024 * 1024
"""Bytes; a larger file waits on the disk."""


class FileTypeRefused(UnsupportedMediaType):
    """By its content it is no file of a kind that is taken here, or another one than its sender says."""

    code = "FILE_TYPE_REFUSED"
    title = "File type refused"
    meaning = "The file is of none of the kinds that are taken here, or of another one than you said."


class FileEmpty(InvalidInput):
    """There is nothing in it."""

    code = "FILE_EMPTY"
    title = "File empty"
    meaning = "There is nothing in the file."


class FormFile(Protocol):
    """A file of a form, such as FastAPI's `UploadFile`."""

    filename: str | None

    @property
    def content_type(self) -> str | None:
        """What its sender says that it is."""
        ...

    @property
    def headers(self) -> Mapping[str, str]:
        """The head of its part."""
        ...

    async def read(self, size: int = -1) -> bytes:
        """The next bytes; none at the end."""
        ...


@dataclass(frozen=True, slots=True)
class IncomingFile:
    """A file on its way, of which nothing is known yet but what its sender says.

    Attributes:
        chunks: Its bytes, piece by piece: of a form, or `request.stream()`.
        said_type: The media type that its sender says.
        said_name: The name that its sender says.
        said_digest: `Content-Digest`, as its sender gives it.
    """

    chunks: AsyncIterable[bytes]
    said_type: str | None = None
    said_name: str | None = None
    said_digest: str | None = None


@dataclass(frozen=True, slots=True)
class ReceivedFile:
    """A file that came whole, while the block runs that received it.

    Attributes:
        kind: What it is, by its content.
        size: In bytes.
        sha256: Of its content, in hexadecimal digits.
        filename: The name that its sender gave, made harmless. For people; never a part of a path or a key.
    """

    kind: FileKind
    size: int
    sha256: str
    filename: str
    _file: SpooledTemporaryFile[bytes]

    async def read(self) -> bytes:
        """All of it, for files that are small enough."""
        await self._file.seek(0)
        return await self._file.read()

    async def chunks(self) -> AsyncIterator[bytes]:
        """Its bytes, piece by piece, for `Storage.put`."""
        await self._file.seek(0)
        while chunk := await self._file.read(CHUNK):
            yield chunk


def incoming(file: FormFile) -> IncomingFile:
    """A file of a form, on its way."""
    return IncomingFile(_pieces(file), file.content_type, file.filename, file.headers.get(CONTENT_DIGEST))


@asynccontextmanager
async def received(file: IncomingFile, *, kinds: Sequence[FileKind], max_bytes: int) -> AsyncIterator[ReceivedFile]:
    """Read a file while counting; what is kept of it is gone when the block ends, however it ends.

    No more is read than `max_bytes` and one piece, and of another kind no more than its beginning.

    Args:
        file: The file.
        kinds: Which are taken.
        max_bytes: The largest size.

    Raises:
        FileTooLarge: There is more.
        FileTypeRefused: It is of no such kind, or of another one than its sender says.
        FileEmpty: There is nothing.
        DigestMismatch: It is not what its sender's digest says.
    """
    said = SaidDigests(file.said_digest)
    async with SpooledTemporaryFile[bytes](max_size=IN_MEMORY) as kept:
        size, digest, head, kind = 0, hashlib.sha256(), b"", None
        async for chunk in file.chunks:
            size += len(chunk)
            if size > max_bytes:
                raise FileTooLarge
            head += chunk[: HEAD - len(head)]
            if kind is None and len(head) == HEAD:
                kind = _judged(file, head, kinds)
            digest.update(chunk)
            said.update(chunk)
            await kept.write(chunk)
        if not size:
            raise FileEmpty
        said.check()
        filename = safe_filename(file.said_name or "")
        yield ReceivedFile(kind or _judged(file, head, kinds), size, digest.hexdigest(), filename, kept)


def _judged(file: IncomingFile, head: bytes, kinds: Sequence[FileKind]) -> FileKind:
    kind = kind_of(head, kinds)
    if kind is None or not kind.may_be_called(file.said_type):
        raise FileTypeRefused
    return kind


async def _pieces(file: FormFile) -> AsyncIterator[bytes]:
    while chunk := await file.read(CHUNK):
        yield chunk

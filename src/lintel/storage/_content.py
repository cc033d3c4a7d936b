"""Content on its way into a storage: counted, hashed, bounded, and cut into blocks of one size."""

import hashlib
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator

from lintel.storage._port import Content, FileTooLarge, StoredFile


class Meter:
    """Counts and hashes what passes.

    Args:
        max_bytes: Refuse more.
    """

    def __init__(self, max_bytes: int | None) -> None:
        self._max_bytes = max_bytes
        self._hash = hashlib.sha256()
        self.size = 0

    async def blocks(self, content: Content, size: int) -> AsyncGenerator[bytes]:
        """The content in blocks of `size` bytes, of which only the last is smaller; none of an empty one.

        Raises:
            FileTooLarge: More came than is allowed.
        """
        block = bytearray()
        async for piece in _pieces(content, size):
            self._count(piece)
            block += piece
            while len(block) >= size:
                yield bytes(block[:size])
                del block[:size]
        if block:
            yield bytes(block)

    def receipt(self, key: str) -> StoredFile:
        """What has passed, under the key it is kept at."""
        return StoredFile(key, self.size, self._hash.hexdigest())

    def _count(self, piece: bytes) -> None:
        self.size += len(piece)
        if self._max_bytes is not None and self.size > self._max_bytes:
            raise FileTooLarge
        self._hash.update(piece)


async def _pieces(content: Content, size: int) -> AsyncIterator[bytes]:
    if isinstance(content, AsyncIterable):
        async for piece in content:
            yield piece
        return
    for start in range(0, len(content), size):
        yield content[start : start + size]

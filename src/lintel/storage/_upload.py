"""A large file on its way into a bucket, in parts."""

import asyncio
from collections.abc import AsyncIterator
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from anyio import move_on_after

from lintel.storage._faults import s3_faults
from lintel.storage._port import StorageUnavailable

if TYPE_CHECKING:
    from obstore.store import S3Store

PART = 5 * 1024 * 1024
"""Bytes of a part, the least that S3 takes; a file has up to 10,000."""
AT_ONCE = 2
ABORT_SECONDS = 10.0


class Upload:
    """Sends blocks while the block runs; the file is there when it ends, and nothing of it if it fails.

    Cancelling obstore's own call would leave parts in the bucket that nobody sees and everybody pays for. What it reads
    from fails instead, and then it takes the parts away.
    """

    def __init__(self, store: "S3Store", path: str, *, attributes: Any, timeout: float) -> None:
        self._store = store
        self._path = path
        self._attributes = attributes
        self._timeout = timeout
        self._blocks: asyncio.Queue[bytes | None] = asyncio.Queue(maxsize=1)
        self._given_up = asyncio.Event()

    async def __aenter__(self) -> Self:
        self._sending = asyncio.create_task(self._send())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if error is None:
                await self._hand(None)
                await self._ended()
        finally:
            await self._give_up()

    async def send(self, block: bytes) -> None:
        """Hand over a block, as soon as the one before is under way.

        Raises:
            StorageUnavailable: The server does not answer, or refuses.
        """
        await self._hand(block)

    async def _hand(self, block: bytes | None) -> None:
        handing = asyncio.create_task(self._blocks.put(block))
        try:
            await asyncio.wait({handing, self._sending}, timeout=self._timeout, return_when=asyncio.FIRST_COMPLETED)
            if self._sending.done():
                self._sending.result()
            if not handing.done():
                raise StorageUnavailable
        finally:
            handing.cancel()

    async def _ended(self) -> None:
        done, _ = await asyncio.wait({self._sending}, timeout=self._timeout)
        if not done:
            raise StorageUnavailable
        self._sending.result()

    async def _give_up(self) -> None:
        """Nothing to do for one that has ended."""
        self._given_up.set()
        with move_on_after(ABORT_SECONDS, shield=True):
            await asyncio.wait({self._sending})
        self._sending.cancel()
        if self._sending.done() and not self._sending.cancelled():
            self._sending.exception()  # seen

    async def _send(self) -> None:
        import obstore  # noqa: PLC0415 - an optional extra

        with s3_faults():
            await obstore.put_async(
                self._store,
                self._path,
                self._parts(),
                attributes=self._attributes,
                chunk_size=PART,
                max_concurrency=AT_ONCE,
            )

    async def _parts(self) -> AsyncIterator[bytes]:
        giving_up = asyncio.create_task(self._given_up.wait())
        try:
            while (block := await self._next(giving_up)) is not None:
                yield block
        finally:
            giving_up.cancel()

    async def _next(self, giving_up: asyncio.Task[Any]) -> bytes | None:
        coming = asyncio.create_task(self._blocks.get())
        await asyncio.wait({coming, giving_up}, return_when=asyncio.FIRST_COMPLETED)
        if coming.done() and not self._given_up.is_set():
            return coming.result()
        coming.cancel()
        raise UploadGivenUp


class UploadGivenUp(Exception):
    """Whoever sent the file has gone."""

"""Files in a bucket of S3, or of a server that speaks its protocol. Needs the extra `storage`."""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from anyio import move_on_after

from lintel.storage._bucket import Bucket
from lintel.storage._content import Meter
from lintel.storage._disposition import content_disposition, safe_content_type
from lintel.storage._faults import s3_faults, within
from lintel.storage._folder import check_page, part_of
from lintel.storage._keys import is_key, key_parts, prefix_parts
from lintel.storage._links import LinkSigner, check_lifetime
from lintel.storage._port import (
    PAGE_SIZE,
    Content,
    Disposition,
    FileInfo,
    FilePage,
    FileStream,
    StoredFile,
)
from lintel.storage._presign import Credentials, presigned_get
from lintel.storage._upload import PART, Upload

if TYPE_CHECKING:
    from obstore import ObjectMeta

DRAFTS = ".drafts"
"""No key begins with a dot."""
BLOCK = 262_144
"""Bytes that are passed on at a time."""
CLEAN_UP_SECONDS = 10.0

Attributes = Mapping[str, str]


class S3Storage:
    """Keeps files in a bucket, through `obstore`.

    A file below 5 MiB is one request; a larger one is sent in parts (up to 48 GiB) and appears when all are there. A
    large one that must not replace another is sent under a passing name and copied by the server (up to 5 GB).

    Args:
        bucket: Where it is.
        credentials: Who we are; None for the identity that the machine gives us. Such an identity changes by the hour,
            so signed URLs are then paths on this service.
        links: Makes those.
        timeout: Seconds that a request may take, or a stream may stand still.

    Raises:
        ImportError: The extra is not installed.
    """

    def __init__(
        self, bucket: Bucket, *, credentials: Credentials | None, links: LinkSigner, timeout: float = 20.0
    ) -> None:
        import obstore  # noqa: PLC0415 - an optional extra

        self._obstore = obstore
        self._bucket = bucket
        self._credentials = credentials
        self._links = links
        self._timeout = timeout
        self._store = bucket.store(credentials, timeout=timeout)

    async def put(
        self, key: str, content: Content, *, content_type: str, create_only: bool = False, max_bytes: int | None = None
    ) -> StoredFile:
        """See `Storage.put`."""
        key_parts(key)
        meter = Meter(max_bytes)
        attributes: Attributes = {"Content-Type": safe_content_type(content_type)}
        async with aclosing(meter.blocks(content, BLOCK)) as blocks:
            first = [block async for block in _up_to(blocks, PART)]
            if meter.size < PART:
                await self._put_small(key, b"".join(first), attributes, create_only=create_only)
            elif create_only:
                await self._put_new(key, first, blocks, attributes)
            else:
                await self._put_large(key, first, blocks, attributes)
        return meter.receipt(key)

    @asynccontextmanager
    async def get_stream(self, key: str, *, start: int = 0, end: int | None = None) -> AsyncIterator[FileStream]:
        """See `Storage.get_stream`."""
        key_parts(key)
        if start or end is not None:
            info = await self.head(key)
            first, behind = part_of(info.size, start, end)
            options: Any = {"range": (first, behind), "if_match": info.etag} if behind else {}
        else:
            options = {}
        with s3_faults():
            async with within(self._timeout):
                found = await self._obstore.get_async(self._store, key, options=options)
        async with aclosing(self._chunks(found.stream(min_chunk_size=BLOCK))) as chunks:
            yield FileStream(_info(found.meta), chunks)

    async def head(self, key: str) -> FileInfo:
        """See `Storage.head`."""
        key_parts(key)
        with s3_faults():
            async with within(self._timeout):
                return _info(await self._obstore.head_async(self._store, key))

    async def delete(self, key: str) -> None:
        """See `Storage.delete`."""
        key_parts(key)
        await self._delete(key)

    async def list_files(self, prefix: str = "", *, after: str | None = None, size: int = PAGE_SIZE) -> FilePage:
        """See `Storage.list_files`; a page may have fewer files than `size`, if something else lies among them."""
        check_page(size, after)
        below = "/".join(prefix_parts(prefix))
        with s3_faults():
            async with within(self._timeout):
                pages = self._obstore.list(self._store, below or None, offset=after, chunk_size=size)
                found: list[ObjectMeta] = list(await anext(aiter(pages), []))
        files = [_info(meta) for meta in found if is_key(meta["path"])]
        return FilePage(files, found[-1]["path"] if len(found) == size else None)

    async def signed_url(
        self, key: str, *, expires_in: timedelta, filename: str, content_type: str, disposition: Disposition
    ) -> str:
        """See `Storage.signed_url`; an address of the bucket, where the credentials are known."""
        key_parts(key)
        if self._credentials is None:
            return self._links.url(
                key, expires_in=expires_in, filename=filename, content_type=content_type, disposition=disposition
            )
        return presigned_get(
            self._bucket.address(key),
            credentials=self._credentials,
            region=self._bucket.region,
            seconds=check_lifetime(expires_in),
            now=datetime.now(UTC),
            overrides={
                "response-content-type": safe_content_type(content_type),
                "response-content-disposition": content_disposition(filename, content_type, disposition),
            },
        )

    async def check(self) -> None:
        """Look into the bucket."""
        await self.list_files(size=1)

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """Nothing to open: connections are made when needed and closed when idle."""
        yield

    async def _put_small(self, key: str, content: bytes, attributes: Attributes, *, create_only: bool) -> None:
        mode: Any = "create" if create_only else "overwrite"
        with s3_faults():
            async with within(self._timeout):
                await self._obstore.put_async(self._store, key, content, mode=mode, attributes=dict(attributes))

    async def _put_large(
        self, key: str, first: list[bytes], rest: AsyncGenerator[bytes], attributes: Attributes
    ) -> None:
        async with Upload(self._store, key, attributes=attributes, timeout=self._timeout) as upload:
            while first:
                await upload.send(first.pop(0))
            async for block in rest:
                await upload.send(block)

    async def _put_new(self, key: str, first: list[bytes], rest: AsyncGenerator[bytes], attributes: Attributes) -> None:
        draft = f"{DRAFTS}/{uuid4().hex}"
        try:
            await self._put_large(draft, first, rest, attributes)
            with s3_faults():
                async with within(self._timeout):
                    await self._obstore.copy_async(self._store, draft, key, overwrite=False)
        finally:
            with move_on_after(CLEAN_UP_SECONDS, shield=True):
                await self._delete(draft)

    async def _delete(self, path: str) -> None:
        with s3_faults():
            async with within(self._timeout):
                await self._obstore.delete_async(self._store, path)

    async def _chunks(self, stream: AsyncIterator[bytes]) -> AsyncGenerator[bytes]:
        while True:
            with s3_faults():
                try:
                    async with within(self._timeout):
                        chunk = bytes(await anext(stream))
                except StopAsyncIteration:
                    return
            yield chunk


async def _up_to(blocks: AsyncGenerator[bytes], size: int) -> AsyncIterator[bytes]:
    """The blocks up to a size, without asking for one more."""
    while size > 0 and (block := await anext(blocks, b"")):
        size -= len(block)
        yield block


def _info(meta: "ObjectMeta") -> FileInfo:
    return FileInfo(meta["path"], meta["size"], meta["e_tag"] or '""', meta["last_modified"])

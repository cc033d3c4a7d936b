"""What every storage must do."""

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import httpx2
import pytest

from lintel.storage import FileMissing, FileTooLarge, InvalidKey, KeyTaken, Storage, StoredFile

MIB = 1_048_576
TEXT = "text/plain"
SAMPLE = bytes(range(256)) * 40
LARGE = 50 * MIB
FLAT = 40 * MIB
"""What a transfer of 50 MiB may add to the memory of the process."""

Fetch = Callable[..., Awaitable[httpx2.Response]]
Leftovers = Callable[[], list[str]]


class StorageConformance:
    """Subclass it with the fixtures `storage`, `fetch` and `leftovers`.

    `fetch(url, **headers)` follows over HTTP what `signed_url` returned, and answers with the response. `leftovers()`
    names what lies in the storage beside files: drafts, and parts of uploads that were given up.
    """

    pytestmark = pytest.mark.anyio

    @pytest.fixture
    def folder(self) -> str:
        """A prefix that nobody has used."""
        return f"tests/{uuid4().hex}"

    @pytest.fixture
    def key(self, folder: str) -> str:
        """A place where there is no file."""
        return f"{folder}/sample.txt"

    async def test_what_was_put_is_read_back(self, storage: Storage, key: str) -> None:
        stored = await storage.put(key, SAMPLE, content_type=TEXT)
        assert stored == StoredFile(key, len(SAMPLE), hashlib.sha256(SAMPLE).hexdigest())
        assert await _read(storage, key) == SAMPLE

    async def test_a_stream_is_put_whole_however_it_is_cut(self, storage: Storage, key: str) -> None:
        stored = await storage.put(key, _pieces(SAMPLE, 1_000), content_type=TEXT)
        assert (stored.size, stored.sha256) == (len(SAMPLE), hashlib.sha256(SAMPLE).hexdigest())
        assert await _read(storage, key) == SAMPLE

    @pytest.mark.parametrize("create_only", [False, True])
    async def test_nothing_is_a_file_too(self, storage: Storage, key: str, create_only: bool) -> None:  # noqa: FBT001
        stored = await storage.put(key, _pieces(b"", 1), content_type=TEXT, create_only=create_only)
        assert (stored.size, stored.sha256) == (0, hashlib.sha256(b"").hexdigest())
        assert (await storage.head(key)).size == 0
        assert await _read(storage, key) == b""

    async def test_a_file_is_replaced_whole_and_its_etag_with_it(self, storage: Storage, key: str) -> None:
        await storage.put(key, b"first, and longer", content_type=TEXT)
        before = await storage.head(key)
        await storage.put(key, b"second", content_type=TEXT)
        after = await storage.head(key)
        assert await _read(storage, key) == b"second"
        assert (after.size, after.etag != before.etag) == (6, True)
        assert before.etag[0] == before.etag[-1] == '"'
        assert before.modified_at.utcoffset() == timedelta(0)

    @pytest.mark.parametrize(
        ("start", "end", "expected"),
        [
            (0, 1, slice(0, 1)),
            (5, 300, slice(5, 300)),
            (10_000, None, slice(10_000, None)),
            (7, 10**12, slice(7, None)),
        ],
    )
    async def test_a_part_is_read_alone(
        self, storage: Storage, key: str, start: int, end: int | None, expected: slice
    ) -> None:
        await storage.put(key, SAMPLE, content_type=TEXT)
        assert await _read(storage, key, start=start, end=end) == SAMPLE[expected]

    @pytest.mark.parametrize(("start", "end"), [(len(SAMPLE), None), (5, 5), (6, 5), (-1, None)])
    async def test_a_part_that_is_not_there_is_refused(
        self, storage: Storage, key: str, start: int, end: int | None
    ) -> None:
        await storage.put(key, SAMPLE, content_type=TEXT)
        with pytest.raises(ValueError, match="no such part"):
            await _read(storage, key, start=start, end=end)

    async def test_what_is_not_there_is_missing(self, storage: Storage, key: str) -> None:
        with pytest.raises(FileMissing):
            await storage.head(key)
        with pytest.raises(FileMissing):
            await _read(storage, key)
        with pytest.raises(FileMissing):
            await _read(storage, key, start=1)

    async def test_deleting_can_be_repeated(self, storage: Storage, key: str) -> None:
        await storage.put(key, SAMPLE, content_type=TEXT)
        for _ in range(2):
            await storage.delete(key)
            with pytest.raises(FileMissing):
                await storage.head(key)

    @pytest.mark.parametrize("size", [10, 6 * MIB])
    async def test_of_many_that_must_not_replace_one_wins(
        self, storage: Storage, leftovers: Leftovers, key: str, size: int
    ) -> None:
        contents = [bytes([letter]) * size for letter in b"abcd"]
        puts = (storage.put(key, _pieces(it, MIB), content_type=TEXT, create_only=True) for it in contents)
        outcomes = await asyncio.gather(*puts, return_exceptions=True)
        winners = [content for content, it in zip(contents, outcomes, strict=True) if isinstance(it, StoredFile)]
        assert sum(isinstance(it, KeyTaken) for it in outcomes) == 3, outcomes
        assert [await _read(storage, key)] == winners
        assert leftovers() == []

    @pytest.mark.parametrize(
        "key",
        [
            "",
            "/a",
            "a/",
            "a//b",
            "../a",
            "a/../b",
            "a/./b",
            ".a",
            "a\\b",
            "a b",
            "a\n",
            "a\0",
            "ä",
            "a" * 600,
            "a/" * 20,
        ],
    )
    async def test_what_is_no_key_is_refused_everywhere(self, storage: Storage, key: str) -> None:
        with pytest.raises(InvalidKey):
            await storage.put(key, b"x", content_type=TEXT)
        for ask in (storage.head, storage.delete, lambda it: _read(storage, it)):
            with pytest.raises(InvalidKey):
                await ask(key)
        with pytest.raises(InvalidKey):
            await storage.signed_url(
                key, expires_in=timedelta(minutes=1), filename="a", content_type=TEXT, disposition="attachment"
            )

    async def test_more_than_agreed_is_refused_while_it_comes(
        self, storage: Storage, leftovers: Leftovers, key: str
    ) -> None:
        read = 0

        async def endless() -> AsyncIterator[bytes]:
            nonlocal read
            while True:
                read += 100_000
                yield b"x" * 100_000

        for limit in (1_000_000, 7 * MIB):
            read = 0
            with pytest.raises(FileTooLarge):
                await storage.put(key, endless(), content_type=TEXT, max_bytes=limit)
            assert read <= limit + 100_000
            with pytest.raises(FileMissing):
                await storage.head(key)
        assert leftovers() == []

    async def test_exactly_as_much_as_agreed_is_kept(self, storage: Storage, key: str) -> None:
        assert (await storage.put(key, SAMPLE, content_type=TEXT, max_bytes=len(SAMPLE))).size == len(SAMPLE)

    @pytest.mark.parametrize("create_only", [False, True])
    @pytest.mark.parametrize("size", [100_000, 12 * MIB])
    async def test_of_a_stream_that_fails_nothing_is_left(
        self,
        storage: Storage,
        leftovers: Leftovers,
        key: str,
        size: int,
        create_only: bool,  # noqa: FBT001
    ) -> None:
        async def failing() -> AsyncIterator[bytes]:
            async for piece in _pieces(b"x" * size, MIB):
                yield piece
            raise ConnectionResetError

        with pytest.raises(ConnectionResetError):
            await storage.put(key, failing(), content_type=TEXT, create_only=create_only)
        with pytest.raises(FileMissing):
            await storage.head(key)
        assert leftovers() == []

    @pytest.mark.parametrize("create_only", [False, True])
    @pytest.mark.parametrize("size", [100_000, 12 * MIB])
    async def test_of_one_that_is_cancelled_nothing_is_left(
        self,
        storage: Storage,
        leftovers: Leftovers,
        key: str,
        size: int,
        create_only: bool,  # noqa: FBT001
    ) -> None:
        stuck = asyncio.Event()

        async def stalling() -> AsyncIterator[bytes]:
            async for piece in _pieces(b"x" * size, MIB):
                yield piece
            stuck.set()
            await asyncio.Event().wait()

        putting = asyncio.create_task(storage.put(key, stalling(), content_type=TEXT, create_only=create_only))
        await asyncio.wait_for(stuck.wait(), 60)
        putting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await putting
        with pytest.raises(FileMissing):
            await storage.head(key)
        assert leftovers() == []

    async def test_a_failed_replacement_leaves_the_file_as_it_was(self, storage: Storage, key: str) -> None:
        await storage.put(key, SAMPLE, content_type=TEXT)
        with pytest.raises(FileTooLarge):
            await storage.put(key, b"x" * (6 * MIB), content_type=TEXT, max_bytes=5 * MIB + 1)
        assert await _read(storage, key) == SAMPLE

    @pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="no /proc to read memory from")
    async def test_large_files_pass_in_little_memory(self, storage: Storage, key: str) -> None:
        memory = _Memory()

        async def long() -> AsyncIterator[bytes]:
            for _ in range(LARGE // 65_536):
                memory.look()
                yield b"\1" * 65_536

        assert (await storage.put(key, long(), content_type=TEXT)).size == LARGE
        received = 0
        async with storage.get_stream(key) as stream:
            async for chunk in stream.chunks:
                memory.look()
                received += len(chunk)
        await storage.delete(key)
        assert (received, stream.file.size) == (LARGE, LARGE)
        assert memory.added < FLAT

    async def test_giving_up_on_reading_leaves_nothing_open(self, storage: Storage, key: str) -> None:
        await storage.put(key, b"x" * MIB, content_type=TEXT)
        before = _descriptors()
        for _ in range(5):
            async with storage.get_stream(key) as stream:
                await anext(stream.chunks)
        assert _descriptors() <= before + 1  # a connection may be kept

    async def test_lists_are_pages_in_the_order_of_keys(self, storage: Storage, folder: str) -> None:
        names = ["a", "a-b", "a.b", "b/a", "b/c/d", "b-c", "b0", "z"]
        for name in names:
            await storage.put(f"{folder}/x/{name}", name.encode(), content_type=TEXT)
        await storage.put(f"{folder}/xy", b"beside", content_type=TEXT)
        expected = sorted(f"{folder}/x/{name}" for name in names)
        assert await _keys(storage, f"{folder}/x", size=1_000) == expected
        assert await _keys(storage, f"{folder}/x/", size=3) == expected
        assert await _keys(storage, f"{folder}/x/b", size=1) == [f"{folder}/x/b/a", f"{folder}/x/b/c/d"]
        assert await _keys(storage, f"{folder}/nothing", size=2) == []

    async def test_lists_say_what_head_says(self, storage: Storage, key: str, folder: str) -> None:
        await storage.put(key, SAMPLE, content_type=TEXT)
        page = await storage.list_files(folder)
        assert (list(page.files), page.after) == ([await storage.head(key)], None)

    @pytest.mark.parametrize("size", [0, 1_001])
    async def test_a_page_has_bounds(self, storage: Storage, size: int) -> None:
        with pytest.raises(ValueError, match="page"):
            await storage.list_files(size=size)

    async def test_it_says_that_it_is_well(self, storage: Storage, leftovers: Leftovers) -> None:
        await storage.check()
        assert leftovers() == []

    async def test_a_signed_url_is_read_without_credentials(self, storage: Storage, key: str, fetch: Fetch) -> None:
        await storage.put(key, SAMPLE, content_type="application/x-other")
        url = await storage.signed_url(
            key,
            expires_in=timedelta(minutes=1),
            filename="Größe & Co;\r\n.txt",
            content_type="text/plain; charset=utf-8",
            disposition="inline",
        )
        answer = await fetch(url)
        assert (answer.status_code, answer.content) == (200, SAMPLE)
        assert answer.headers["content-type"] == "text/plain; charset=utf-8"
        assert answer.headers["content-disposition"] == (
            "inline; filename=\"Groe & Co;.txt\"; filename*=UTF-8''Gr%C3%B6%C3%9Fe%20%26%20Co%3B.txt"
        )

    async def test_a_signed_url_answers_with_parts(self, storage: Storage, key: str, fetch: Fetch) -> None:
        await storage.put(key, SAMPLE, content_type=TEXT)
        url = await storage.signed_url(
            key, expires_in=timedelta(minutes=1), filename="a", content_type=TEXT, disposition="attachment"
        )
        part = await fetch(url, range="bytes=100-199")
        assert (part.status_code, part.content) == (206, SAMPLE[100:200])
        assert part.headers["content-range"] == f"bytes 100-199/{len(SAMPLE)}"
        assert (await fetch(url, range="bytes=-5")).content == SAMPLE[-5:]
        assert (await fetch(url, range="bytes=99999-")).status_code == 416

    @pytest.mark.parametrize("content_type", ["text/html", "image/svg+xml", "application/xhtml+xml", "application/pdf"])
    async def test_what_could_run_scripts_is_never_shown_in_place(
        self, storage: Storage, key: str, fetch: Fetch, content_type: str
    ) -> None:
        await storage.put(key, b"<script>", content_type=content_type)
        url = await storage.signed_url(
            key, expires_in=timedelta(minutes=1), filename="a.html", content_type=content_type, disposition="inline"
        )
        assert (await fetch(url)).headers["content-disposition"].startswith("attachment;")

    @pytest.mark.parametrize("life", [timedelta(0), timedelta(seconds=-5), timedelta(days=8)])
    async def test_a_link_that_lives_too_long_or_not_at_all_is_not_made(
        self, storage: Storage, key: str, life: timedelta
    ) -> None:
        with pytest.raises(ValueError, match="7 days"):
            await storage.signed_url(key, expires_in=life, filename="a", content_type=TEXT, disposition="attachment")


class _Memory:
    """How much more memory the process has than it had."""

    def __init__(self) -> None:
        self._before = _resident()
        self.added = 0

    def look(self) -> None:
        self.added = max(self.added, _resident() - self._before)


def _resident() -> int:
    pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def _descriptors() -> int:
    folder = Path("/proc/self/fd")
    return len(list(folder.iterdir())) if folder.exists() else 0


async def _pieces(content: bytes, size: int) -> AsyncIterator[bytes]:
    for start in range(0, len(content), size):
        await asyncio.sleep(0)
        yield content[start : start + size]


async def _read(storage: Storage, key: str, *, start: int = 0, end: int | None = None) -> bytes:
    async with storage.get_stream(key, start=start, end=end) as stream:
        return b"".join([chunk async for chunk in stream.chunks])


async def _keys(storage: Storage, prefix: str, *, size: int) -> list[str]:
    keys: list[str] = []
    after = None
    while True:
        page = await storage.list_files(prefix, after=after, size=size)
        assert len(page.files) <= size
        keys += [file.key for file in page.files]
        if page.after is None:
            return keys
        after = page.after

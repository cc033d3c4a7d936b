import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI

from lintel import application
from lintel.files import SignedFiles, files_router
from lintel.settings import LintelSettings, load_settings
from lintel.storage import FileStream, FolderStorage, LinkSigner, StorageUnavailable
from tests.guards import cpu_guard

pytestmark = pytest.mark.anyio

CONTENT = bytes(range(256)) * 100
SIZE = len(CONTENT)

Link = Callable[..., Awaitable[str]]


class Away(FolderStorage):
    """Knows its files, but cannot read them."""

    def get_stream(self, key: str, *, start: int = 0, end: int | None = None) -> Any:
        raise StorageUnavailable


@pytest.fixture
def links() -> LinkSigner:
    return LinkSigner("a secret of tests", path="/files")


@pytest.fixture
async def storage(tmp_path: Path, links: LinkSigner) -> FolderStorage:
    storage = FolderStorage(tmp_path / "files", links=links)
    await storage.put("a/b.bin", CONTENT, content_type="image/png")
    await storage.put("empty", b"", content_type="image/png")
    return storage


@pytest.fixture
def app(tmp_path: Path, storage: FolderStorage, links: LinkSigner) -> FastAPI:
    """With all layers around it, as in a service."""
    return app_of(tmp_path, storage, links)


def app_of(tmp_path: Path, storage: FolderStorage, links: LinkSigner) -> FastAPI:
    settings = load_settings(LintelSettings, env_file=None, data_dir=tmp_path, secret_key="k" * 40, docs=True)
    return application.create_app(
        settings,
        routers=[files_router(lambda: SignedFiles(storage, links))],
        public_routes=["GET /files/{key:path}"],
        authenticators=[],
    )


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx2.AsyncClient]:
    async with client_of(app) as client:
        yield client


def client_of(app: FastAPI) -> httpx2.AsyncClient:
    transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
    return httpx2.AsyncClient(transport=transport, base_url="http://localhost")


@pytest.fixture
def link(storage: FolderStorage) -> Link:
    async def make(key: str = "a/b.bin", **values: Any) -> str:
        usual = {"filename": "b.png", "content_type": "image/png", "disposition": "inline"}
        return await storage.signed_url(key, **{"expires_in": timedelta(minutes=1), **usual, **values})

    return make


class TestWhole:
    async def test_is_sent_with_what_the_link_says_and_nothing_that_runs(
        self, client: httpx2.AsyncClient, link: Link
    ) -> None:
        answer = await client.get(await link(), headers={"Accept-Encoding": "gzip"})
        assert (answer.status_code, answer.content) == (200, CONTENT)
        headers = dict(answer.headers)
        assert re.fullmatch(r'"[0-9a-f]+-[0-9a-f]+-[0-9a-f]+"', headers["etag"])
        expected = {
            "content-length": str(SIZE),
            "content-type": "image/png",
            "content-disposition": 'inline; filename="b.png"',
            "content-security-policy": "sandbox; default-src 'none'; frame-ancestors 'none'",
            "x-content-type-options": "nosniff",
            "accept-ranges": "bytes",
            "cache-control": "private, no-cache",
        }
        assert {name: headers.get(name) for name in expected} == expected
        assert "content-encoding" not in headers

    async def test_nothing_at_all_is_an_answer_too(self, client: httpx2.AsyncClient, link: Link) -> None:
        answer = await client.get(await link("empty"))
        assert (answer.status_code, answer.content, answer.headers["content-length"]) == (200, b"", "0")

    async def test_head_tells_the_same_and_reads_nothing(
        self, tmp_path: Path, links: LinkSigner, storage: FolderStorage
    ) -> None:
        reads = 0

        class Counting(FolderStorage):
            @asynccontextmanager
            async def get_stream(
                self, key: str, *, start: int = 0, end: int | None = None
            ) -> AsyncIterator[FileStream]:
                async with super().get_stream(key, start=start, end=end) as stream:

                    async def counted() -> AsyncIterator[bytes]:
                        nonlocal reads
                        async for chunk in stream.chunks:
                            reads += 1
                            yield chunk

                    yield FileStream(stream.file, counted())

        counting = Counting(tmp_path / "files", links=links)
        await counting.put("large", b"x" * 3_000_000, content_type="image/png")
        url = await counting.signed_url(
            "large", expires_in=timedelta(minutes=1), filename="a", content_type="image/png", disposition="inline"
        )
        async with client_of(app_of(tmp_path, counting, links)) as client:
            answer = await client.head(url)
        assert (answer.status_code, answer.content, answer.headers["content-length"]) == (200, b"", "3000000")
        assert reads <= 1


class TestParts:
    @pytest.mark.parametrize(
        ("asked", "part"), [("0-9", slice(0, 10)), ("-5", slice(-5, None)), ("100-", slice(100, None))]
    )
    async def test_one_is_sent_alone(self, client: httpx2.AsyncClient, link: Link, asked: str, part: slice) -> None:
        answer = await client.get(await link(), headers={"Range": f"bytes={asked}"})
        start, behind, _ = part.indices(SIZE)
        assert (answer.status_code, answer.content) == (206, CONTENT[part])
        assert answer.headers["content-range"] == f"bytes {start}-{behind - 1}/{SIZE}"
        assert answer.headers["content-length"] == str(behind - start)

    async def test_several_are_sent_with_heads(self, client: httpx2.AsyncClient, link: Link) -> None:
        answer = await client.get(await link(), headers={"Range": "bytes=0-2,10-11"})
        boundary = answer.headers["content-type"].removeprefix("multipart/byteranges; boundary=")
        assert answer.status_code == 206
        assert answer.headers["content-length"] == str(len(answer.content))
        head = f"\r\n--{boundary}\r\nContent-Type: image/png\r\nContent-Range: bytes "
        assert answer.content == (
            f"{head}0-2/{SIZE}\r\n\r\n".encode()
            + CONTENT[:3]
            + f"{head}10-11/{SIZE}\r\n\r\n".encode()
            + CONTENT[10:12]
            + f"\r\n--{boundary}--\r\n".encode()
        )

    async def test_behind_the_end_is_416_and_says_where_the_end_is(
        self, client: httpx2.AsyncClient, link: Link
    ) -> None:
        for key, size in (("a/b.bin", SIZE), ("empty", 0)):
            answer = await client.get(await link(key), headers={"Range": f"bytes={SIZE}-"})
            assert (answer.status_code, answer.json()["error_code"]) == (416, "RANGE_NOT_SATISFIABLE")
            assert answer.headers["content-range"] == f"bytes */{size}"

    async def test_a_thousand_overlapping_ones_are_the_whole_file_in_little_time(
        self, client: httpx2.AsyncClient, link: Link
    ) -> None:
        url, asked = await link(), "bytes=" + ",".join(f"{at}-" for at in range(1_000))
        with cpu_guard(0.5):
            answer = await client.get(url, headers={"Range": asked})
            assert (answer.status_code, len(answer.content)) == (200, SIZE)

    @pytest.mark.parametrize(
        ("tag", "status"),
        [("its own", 206), ('"other"', 200), ("W/its own", 200), ("Sat, 21 Nov 2026 00:00:00 GMT", 200)],
    )
    async def test_only_of_the_file_that_the_client_knows(
        self, client: httpx2.AsyncClient, link: Link, tag: str, status: int
    ) -> None:
        url = await link()
        etag = (await client.get(url)).headers["etag"]
        headers = {"Range": "bytes=0-1", "If-Range": tag.replace("its own", etag)}
        assert (await client.get(url, headers=headers)).status_code == status


class TestKnown:
    @pytest.mark.parametrize("form", ["{}", "W/{}", '"other", {}', "*"])
    async def test_what_the_client_has_is_not_sent_again(
        self, client: httpx2.AsyncClient, link: Link, form: str
    ) -> None:
        url = await link()
        etag = (await client.get(url)).headers["etag"]
        answer = await client.get(url, headers={"If-None-Match": form.format(etag), "Range": "bytes=0-1"})
        assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", etag)

    async def test_another_is(self, client: httpx2.AsyncClient, link: Link) -> None:
        assert (await client.get(await link(), headers={"If-None-Match": '"other"'})).status_code == 200

    async def test_is_known_by_its_date_where_no_tag_is_named(self, client: httpx2.AsyncClient, link: Link) -> None:
        url = await link()
        first = await client.get(url)
        date = first.headers["last-modified"]
        same = await client.get(url, headers={"If-Modified-Since": date})
        assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", first.headers["etag"])
        both = await client.get(url, headers={"If-Modified-Since": date, "If-None-Match": '"other"'})
        assert both.status_code == 200
        part = await client.get(url, headers={"If-Range": date, "Range": "bytes=0-1"})
        assert (part.status_code, part.content) == (200, CONTENT)

    @pytest.mark.parametrize(
        "date",
        [
            "Sat, 01 Jan 2000 00:00:00 GMT",
            "",
            "yesterday",
            "Fri, 31 Dec 2100 23:59:59",
            "9" * 500,
            "Mon, 99",
            f"Sat, 01 Jan 2000 00:00:00 +{'9' * 30}",
        ],
    )
    async def test_that_is_newer_is_sent_and_what_is_no_date_is_ignored(
        self, client: httpx2.AsyncClient, link: Link, date: str
    ) -> None:
        answer = await client.get(await link(), headers={"If-Modified-Since": date})
        assert (answer.status_code, answer.content) == (200, CONTENT)


class TestRefused:
    async def test_a_link_that_was_changed(self, client: httpx2.AsyncClient, link: Link) -> None:
        url = await link()
        for changed in (
            url.replace("a/b.bin", "empty"),
            url.replace("b.png", "c.png"),
            url.replace("image%2Fpng", "text%2Fhtml"),
            url.replace("inline", "attachment"),
            f"{url[:-1]}{'A' if url[-1] != 'A' else 'B'}",
        ):
            answer = await client.get(changed)
            assert answer.status_code == 403, changed
            assert answer.json()["error_code"] == "LINK_REFUSED", changed

    @pytest.mark.parametrize("key", ["..%2f..%2fetc%2fpasswd", "%2fetc%2fpasswd", "a%00b", "..", "a//b"])
    async def test_a_way_out_of_the_storage(self, client: httpx2.AsyncClient, link: Link, key: str) -> None:
        answer = await client.get((await link()).replace("a/b.bin", key))
        assert answer.status_code in {403, 404, 422}, key

    async def test_a_file_that_is_gone(self, client: httpx2.AsyncClient, link: Link, storage: FolderStorage) -> None:
        url = await link()
        await storage.delete("a/b.bin")
        answer = await client.get(url)
        assert (answer.status_code, answer.json()["error_code"]) == (404, "FILE_NOT_FOUND")

    async def test_no_link_at_all(self, client: httpx2.AsyncClient) -> None:
        assert (await client.get("/files/a/b.bin")).status_code == 422


class TestOutage:
    async def test_a_storage_that_is_away_is_503_with_a_time_to_come_back(
        self, tmp_path: Path, links: LinkSigner, link: Link
    ) -> None:
        url = await link()
        away = Away(tmp_path / "files", links=links)
        async with client_of(app_of(tmp_path, away, links)) as client:
            answer = await client.get(url)
        assert (answer.status_code, answer.json()["error_code"]) == (503, "STORAGE_UNAVAILABLE")
        assert answer.headers["retry-after"] == "1"


class TestOpenApi:
    async def test_declares_parts_and_refusals(self, client: httpx2.AsyncClient) -> None:
        [operation] = (await client.get("/openapi.json")).json()["paths"]["/files/{key}"].values()
        assert {"200", "206", "304", "403", "404", "416", "422", "503"} <= set(operation["responses"])

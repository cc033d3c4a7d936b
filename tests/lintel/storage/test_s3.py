import socket
from collections.abc import Callable, Iterator
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from pydantic import SecretStr
from structlog.typing import EventDict

from lintel.storage import Bucket, Credentials, LinkSigner, S3Storage, Storage, StorageUnavailable
from lintel.testing import s3_request
from lintel.testing.conformance import StorageConformance

pytestmark = [pytest.mark.anyio, pytest.mark.services]

TEXT = "text/plain"
CREDENTIALS = Credentials("test", SecretStr("hunter2"))


@pytest.fixture
def bucket(s3_url: str) -> Bucket:
    """A part of the bucket, so that prefixes are tested with everything."""
    return Bucket.of(s3_url.replace("?", "/some/prefix?"))


@pytest.fixture
def storage(bucket: Bucket, links: LinkSigner) -> S3Storage:
    return S3Storage(bucket, credentials=CREDENTIALS, links=links)


class TestConformance(StorageConformance):
    @pytest.fixture
    def leftovers(self, bucket: Bucket) -> Callable[[], list[str]]:
        def look() -> list[str]:
            uploads = s3_request(bucket.endpoint or "", "GET", f"/{bucket.name}?uploads")
            drafts = s3_request(bucket.endpoint or "", "GET", f"/{bucket.name}?list-type=2&prefix=some/prefix/.drafts")
            return ["upload"] * uploads.count("<Upload>") + ["draft"] * drafts.count("<Contents>")

        return look


class TestUrls:
    async def test_the_name_of_the_key_is_in_them_and_the_key_is_not(self, storage: Storage) -> None:
        url = await storage.signed_url(
            "a", expires_in=timedelta(minutes=1), filename="a", content_type=TEXT, disposition="attachment"
        )
        assert parse_qs(urlsplit(url).query)["X-Amz-Expires"] == ["60"]
        assert "hunter2" not in url

    async def test_without_credentials_of_ours_they_are_paths_on_this_service(
        self, bucket: Bucket, links: LinkSigner
    ) -> None:
        storage = S3Storage(bucket, credentials=None, links=links)
        url = await storage.signed_url(
            "a", expires_in=timedelta(minutes=1), filename="a", content_type=TEXT, disposition="attachment"
        )
        assert url.startswith("/files/a?expires=")


class TestFaults:
    @pytest.fixture
    def silent(self, links: LinkSigner) -> Iterator[Storage]:
        """On a server that accepts connections and never says a word."""
        with socket.socket() as server:
            server.bind(("127.0.0.1", 0))
            server.listen()
            url = f"s3://files?endpoint=http://127.0.0.1:{server.getsockname()[1]}"
            yield S3Storage(Bucket.of(url), credentials=CREDENTIALS, links=links, timeout=0.3)

    @pytest.fixture
    def absent(self, links: LinkSigner) -> Storage:
        """On a port that nobody listens on."""
        url = "s3://files?endpoint=http://127.0.0.1:1"
        return S3Storage(Bucket.of(url), credentials=CREDENTIALS, links=links, timeout=2)

    @pytest.mark.parametrize("name", ["silent", "absent"])
    async def test_one_that_does_not_answer_is_unavailable_in_time(
        self, request: pytest.FixtureRequest, name: str, log_records: list[EventDict]
    ) -> None:
        storage: Storage = request.getfixturevalue(name)
        large = b"x" * 6_000_000
        for asked in (
            storage.head("a"),
            storage.delete("a"),
            storage.check(),
            storage.put("a", b"x", content_type=TEXT),
            storage.put("a", large, content_type=TEXT),
            storage.put("a", large, content_type=TEXT, create_only=True),
        ):
            with pytest.raises(StorageUnavailable) as failed:
                await asked
            assert (failed.value.__cause__, failed.value.retry_after) == (None, 1)
        assert "hunter2" not in str(log_records)
        assert "127.0.0.1" not in str(log_records)

    async def test_a_bucket_that_is_not_there_is_not_well(self, bucket: Bucket, links: LinkSigner) -> None:
        other = Bucket.of(f"s3://no-such-bucket?endpoint={bucket.endpoint}")
        with pytest.raises(StorageUnavailable):
            await S3Storage(other, credentials=CREDENTIALS, links=links).check()

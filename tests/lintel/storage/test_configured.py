from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from lintel.settings import LintelSettings, SettingsError, load_settings
from lintel.storage import Bucket, FileLink, FolderStorage, LinkRefused, S3Storage, link_signer_of, storage_of

KEYS = {"storage_access_key_id": "AKID", "storage_secret_access_key": "hunter2"}


def settings(tmp_path: Path, **values: Any) -> LintelSettings:
    return load_settings(LintelSettings, env_file=None, data_dir=tmp_path, **{"secret_key": "k" * 40, **values})


class TestStorage:
    @pytest.mark.parametrize("url", [None, "file:///srv/my%20files"])
    def test_is_a_folder_unless_there_is_a_bucket(self, tmp_path: Path, url: str | None) -> None:
        storage = storage_of(settings(tmp_path, storage_url=url))
        assert isinstance(storage, FolderStorage)
        assert storage._root == (Path("/srv/my files") if url else tmp_path / "files")

    def test_is_a_bucket_where_one_is_named(self, tmp_path: Path) -> None:
        assert isinstance(storage_of(settings(tmp_path, storage_url="s3://bucket/a/b", **KEYS)), S3Storage)

    @pytest.mark.parametrize("missing", KEYS)
    def test_half_of_the_credentials_are_refused(self, tmp_path: Path, missing: str) -> None:
        half = {name: value for name, value in KEYS.items() if name != missing}
        with pytest.raises(SettingsError, match="go together"):
            storage_of(settings(tmp_path, storage_url="s3://bucket", **half))

    @pytest.mark.parametrize("url", ["ftp://a/b", "bucket", "s3:bucket", "file://host/a", "file:a", "s3://", "s3://[a"])
    def test_what_is_neither_is_refused_and_not_shown(self, tmp_path: Path, url: str) -> None:
        with pytest.raises(SettingsError, match="STORAGE_URL must be") as refused:
            settings(tmp_path, storage_url=url)
        assert f"{url}\n" not in f"{refused.value}\n"


class TestLinkSigner:
    def test_knows_the_links_of_an_earlier_secret_as_long_as_that_is_named(self, tmp_path: Path) -> None:
        old, new = "o" * 40, "n" * 40
        url = link_signer_of(settings(tmp_path, secret_key=old)).url(
            "a/b", expires_in=timedelta(minutes=1), filename="f", content_type="text/plain", disposition="inline"
        )
        query = dict(parse_qsl(urlsplit(url).query))
        signature = query.pop("signature")
        given = FileLink("a/b", int(query.pop("expires")), **query)  # type: ignore[arg-type]
        link_signer_of(settings(tmp_path, secret_key=new, secret_key_previous=old)).verify(given, signature)
        with pytest.raises(LinkRefused):
            link_signer_of(settings(tmp_path, secret_key=new)).verify(given, signature)


class TestBucket:
    def test_is_read_from_its_address(self) -> None:
        url = (
            "s3://files/a/b?region=eu-west-1&endpoint=https://s3.example.com/&public_endpoint=https://files.example.com"
        )
        bucket = Bucket.of(url)
        assert bucket == Bucket("files", "a/b", "eu-west-1", "https://s3.example.com", "https://files.example.com")
        assert bucket.address("c.txt") == "https://files.example.com/files/a/b/c.txt"

    def test_is_amazons_where_no_server_is_named(self) -> None:
        assert Bucket.of("s3://files?region=eu-west-1").address("a/b") == "https://files.s3.eu-west-1.amazonaws.com/a/b"
        assert Bucket.of("s3://files/x").address("a") == "https://files.s3.us-east-1.amazonaws.com/x/a"

    @pytest.mark.parametrize("endpoint", ["http://127.0.0.1:9000", "http://[::1]:9000", "http://localhost:9000"])
    def test_without_tls_only_on_this_machine(self, endpoint: str) -> None:
        assert Bucket.of(f"s3://files?endpoint={endpoint}").endpoint == endpoint
        with pytest.raises(ValueError, match="TLS"):
            Bucket.of("s3://files?endpoint=http://10.0.0.1:9000")

    @pytest.mark.parametrize(
        "url",
        [
            "s3://key:hunter2@files",
            "s3://files:80",
            "s3://files#x",
            "s3://files?secret=hunter2",
            "s3://files?region=a&region=b",
            "s3://files?endpoint=ftp://hunter2",
            "s3://files?endpoint=https://user:hunter2@host",
            "s3://files/../hunter2",
        ],
    )
    def test_anything_else_is_refused_and_not_shown(self, tmp_path: Path, url: str) -> None:
        with pytest.raises(SettingsError, match="STORAGE_URL") as refused:
            storage_of(settings(tmp_path, storage_url=url))
        assert "hunter2" not in str(refused.value)

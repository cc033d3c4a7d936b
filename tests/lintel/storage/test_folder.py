import asyncio
import os
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from structlog.typing import EventDict

from lintel.storage import (
    FileMissing,
    FolderStorage,
    InvalidKey,
    LinkSigner,
    Storage,
    StorageUnavailable,
)
from lintel.testing.conformance import StorageConformance

Leftovers = Callable[[], list[str]]

pytestmark = pytest.mark.anyio

TEXT = "text/plain"
TOO_LARGE = """
import asyncio, pathlib, resource, sys
from lintel.storage import FolderStorage, LinkSigner, StorageFull

async def main():
    root = pathlib.Path(sys.argv[1])
    storage = FolderStorage(root, links=LinkSigner("secret", path="/files"))
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))
    try:
        await storage.put("large", b"x" * 2_000_000, content_type="text/plain")
    except StorageFull as error:
        print(type(error).__name__, [path.name for path in root.rglob("*") if path.is_file()])

asyncio.run(main())
"""
"""A system's limit on the size of a file stands for a disk that is full."""


@pytest.fixture
def storage(folder_storage: FolderStorage) -> FolderStorage:
    return folder_storage


class TestConformance(StorageConformance):
    @pytest.fixture
    def leftovers(self, root: Path) -> Leftovers:
        return lambda: sorted(path.name for path in root.glob(".drafts/*"))


class TestPrivacy:
    async def test_nobody_else_can_read_anything(self, storage: Storage, root: Path) -> None:
        await storage.put("a/b/c.txt", b"secret", content_type=TEXT)
        assert _modes(root) == {"files": 0o700, ".drafts": 0o700, "a": 0o700, "b": 0o700, "c.txt": 0o600}


class TestLinks:
    async def test_a_symbolic_link_leads_nowhere(self, storage: Storage, root: Path, tmp_path: Path) -> None:
        outside = _with_links(root, tmp_path)
        for key in ("folder/secret", "file"):
            with pytest.raises(FileMissing):
                await storage.head(key)
            await storage.delete(key)
        with pytest.raises(InvalidKey):
            await storage.put("folder/new", b"x", content_type=TEXT)
        await storage.put("file", b"mine", content_type=TEXT)
        assert [file.key for file in (await storage.list_files()).files] == ["file"]
        assert {path.name: path.read_text() for path in outside.iterdir()} == {"secret": "not yours"}

    async def test_what_is_no_file_is_missing(self, storage: Storage, root: Path) -> None:
        await asyncio.to_thread(_make_no_files, root)
        for key in ("folder", "pipe", "folder/none", "pipe/below"):
            with pytest.raises(FileMissing):
                await storage.head(key)
        assert (await storage.list_files()).files == []


class TestKeys:
    async def test_one_that_begins_with_another_whole_one_is_refused(self, storage: Storage) -> None:
        await storage.put("a/b", b"x", content_type=TEXT)
        for key in ("a/b/c", "a"):
            with pytest.raises(InvalidKey):
                await storage.put(key, b"x", content_type=TEXT)


class TestRoom:
    def test_a_file_that_does_not_fit_is_told_and_nothing_of_it_is_left(self, root: Path) -> None:
        command = [sys.executable, "-c", TOO_LARGE, str(root)]
        outcome = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert outcome.stdout.splitlines()[-1:] == ["StorageFull []"], outcome.stdout + outcome.stderr


class TestFaults:
    async def test_a_folder_that_cannot_be_used_is_unavailable_and_named_to_nobody(
        self, tmp_path: Path, links: LinkSigner, log_records: list[EventDict]
    ) -> None:
        (tmp_path / "taken").write_text("a file")
        storage = FolderStorage(tmp_path / "taken", links=links)
        with pytest.raises(StorageUnavailable) as failed:
            await storage.put("a", b"x", content_type=TEXT)
        with pytest.raises(StorageUnavailable):
            await storage.check()
        assert (failed.value.__cause__, failed.value.retry_after) == (None, 1)
        assert {record["reason"] for record in log_records} <= {"EEXIST", "ENOTDIR"}
        assert str(tmp_path) not in f"{failed.value}{log_records}"


class TestDrafts:
    async def test_what_a_killed_process_left_goes_after_a_day(self, links: LinkSigner, root: Path) -> None:
        (root / ".drafts").mkdir(parents=True)
        old, new = root / ".drafts" / "old", root / ".drafts" / "new"
        for path in (old, new):
            path.write_text("half")
        yesterday = time.time() - 86_401
        os.utime(old, (yesterday, yesterday))
        async with FolderStorage(root, links=links).opened():
            assert [path.name for path in (root / ".drafts").iterdir()] == ["new"]


def _modes(root: Path) -> dict[str, int]:
    return {path.name: stat.S_IMODE(path.stat().st_mode) for path in [root, *root.rglob("*")]}


def _with_links(root: Path, tmp_path: Path) -> Path:
    """Links out of the storage, as somebody else could lay them; returns where they lead."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_text("not yours")
    root.mkdir()
    (root / "folder").symlink_to(outside)
    (root / "file").symlink_to(outside / "secret")
    return outside


def _make_no_files(root: Path) -> None:
    (root / "folder").mkdir(parents=True)
    os.mkfifo(root / "pipe")

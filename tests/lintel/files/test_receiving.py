"""Files that people send (rows 85 to 88)."""

import base64
import hashlib
import tempfile
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest

from lintel.files import JPEG, PNG, WEBP, DigestMismatch, FileEmpty, FileTypeRefused, IncomingFile, received
from lintel.storage import FileTooLarge

pytestmark = pytest.mark.anyio

KINDS = (PNG, JPEG, WEBP)
CONTENT = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8


class Sender:
    """Sends pieces and knows how many were taken."""

    def __init__(self, *pieces: bytes) -> None:
        self.pieces = pieces
        self.taken = 0

    async def send(self) -> AsyncIterator[bytes]:
        for piece in self.pieces:
            self.taken += 1
            yield piece


def file(*pieces: bytes, said: str | None = None, name: str | None = None, digest: str | None = None) -> IncomingFile:
    return IncomingFile(Sender(*pieces).send(), said, name, digest)


def member(name: str, content: bytes) -> str:
    """A digest as it is said (RFC 9530)."""
    made = hashlib.new(name.replace("-", ""), content).digest()
    return f"{name}=:{base64.b64encode(made).decode()}:"


class TestReceived:
    @pytest.mark.parametrize("size", [1, 7, 63, 64, 65, 4_096])
    async def test_is_the_file_whatever_pieces_it_comes_in(self, size: int) -> None:
        pieces = [CONTENT[start : start + size] for start in range(0, len(CONTENT), size)]
        async with received(file(*pieces, name="../a\n.png"), kinds=KINDS, max_bytes=len(CONTENT)) as sent:
            assert (sent.kind, sent.size) == (PNG, len(CONTENT))
            assert sent.sha256 == hashlib.sha256(CONTENT).hexdigest()
            assert await sent.read() == await sent.read() == CONTENT
            assert b"".join([chunk async for chunk in sent.chunks()]) == CONTENT
            assert "/" not in sent.filename
            assert "\n" not in sent.filename

    async def test_beyond_the_limit_is_refused_without_reading_the_rest(self) -> None:
        sender = Sender(CONTENT, CONTENT, CONTENT, CONTENT)
        with pytest.raises(FileTooLarge):
            async with received(IncomingFile(sender.send()), kinds=KINDS, max_bytes=len(CONTENT) + 1):
                raise AssertionError
        assert sender.taken == 2

    async def test_of_another_kind_is_refused_after_its_beginning(self) -> None:
        sender = Sender(b"<svg onload='alert(1)'>" + b" " * 64, b"more", b"more")
        with pytest.raises(FileTypeRefused):
            async with received(IncomingFile(sender.send(), "image/png"), kinds=KINDS, max_bytes=1_000):
                raise AssertionError
        assert sender.taken == 1

    @pytest.mark.parametrize("content", [b"\x89PNG", b"RIFF\x00\x00\x00\x00WAVE", b"\xff\xd8", b"GIF89a", b"%PDF-1.7"])
    async def test_that_only_begins_like_one_is_refused(self, content: bytes) -> None:
        with pytest.raises(FileTypeRefused):
            async with received(file(content), kinds=KINDS, max_bytes=1_000):
                raise AssertionError

    @pytest.mark.parametrize("said", ["image/jpeg", "text/html", "image/png2"])
    async def test_that_is_another_one_than_its_sender_says_is_refused(self, said: str) -> None:
        with pytest.raises(FileTypeRefused):
            async with received(file(CONTENT, said=said), kinds=KINDS, max_bytes=len(CONTENT)):
                raise AssertionError

    @pytest.mark.parametrize("said", [None, "", "application/octet-stream", "IMAGE/PNG; charset=x"])
    async def test_of_which_nothing_else_is_said_is_what_it_is(self, said: str | None) -> None:
        async with received(file(CONTENT, said=said), kinds=KINDS, max_bytes=len(CONTENT)) as sent:
            assert sent.kind is PNG

    @pytest.mark.parametrize("pieces", [(), (b"",), (b"", b"")])
    async def test_that_is_empty_is_refused(self, pieces: tuple[bytes, ...]) -> None:
        with pytest.raises(FileEmpty):
            async with received(file(*pieces), kinds=KINDS, max_bytes=1_000):
                raise AssertionError

    async def test_is_gone_after_the_block(self) -> None:
        async with received(file(CONTENT * 1_000), kinds=KINDS, max_bytes=10_000_000) as sent:
            pass
        with pytest.raises(ValueError, match="closed"):
            await sent.read()


class TestDigest:
    @pytest.mark.parametrize(
        "digest",
        [
            None,
            "",
            member("sha-256", CONTENT),
            f"{member('sha-512', CONTENT)}, {member('sha-256', CONTENT)}",
            f"md5=:AAAA:, {member('sha-256', CONTENT)}",
            "crc32c=:AAAA:",
        ],
    )
    async def test_that_fits_or_that_nobody_knows_is_no_obstacle(self, digest: str | None) -> None:
        async with received(file(CONTENT[:9], CONTENT[9:], digest=digest), kinds=KINDS, max_bytes=10_000) as sent:
            assert await sent.read() == CONTENT

    @pytest.mark.parametrize(
        "digest",
        [
            member("sha-256", CONTENT[1:]),
            f"{member('sha-256', CONTENT)}, {member('sha-512', b'')}",
            "sha-256=:AAAA:",
            "sha-256=:A:",
            "sha-256=AAAA",
            "sha-256",
        ],
    )
    async def test_that_does_not_fit_is_refused(self, digest: str) -> None:
        with pytest.raises(DigestMismatch):
            async with received(file(CONTENT, digest=digest), kinds=KINDS, max_bytes=10_000):
                raise AssertionError

    @pytest.mark.parametrize("digest", [None, member("sha-256", b"")])
    async def test_leaves_no_temporary_file_whatever_comes(
        self, digest: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
        large, before = CONTENT * 1_000, open_files()
        with suppress(DigestMismatch, FileTooLarge, ZeroDivisionError):
            async with received(file(large, large, digest=digest), kinds=KINDS, max_bytes=len(large) * 2):
                assert len(open_files()) == len(before) + 1
                raise ZeroDivisionError
        assert open_files() == before
        assert files_in(tmp_path) == []


def files_in(folder: Path) -> list[Path]:
    return list(folder.iterdir())


def open_files() -> list[str]:
    """What this process has open below the folder of temporary files; without a name, or with one."""
    folder, found = tempfile.gettempdir(), []
    for number in Path("/proc/self/fd").iterdir():
        with suppress(OSError):
            found.append(str(number.readlink()))
    return [name for name in found if name.startswith(folder)]

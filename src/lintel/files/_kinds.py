"""What a file is, by its first bytes: neither its name nor what its sender says decides."""

from collections.abc import Iterable
from dataclasses import dataclass

HEAD = 64
"""So many bytes are enough to tell."""


@dataclass(frozen=True, slots=True)
class FileKind:
    """A kind of file.

    Attributes:
        media_type: What it is sent as.
        suffix: What its key ends with, without a dot.
        marks: Bytes that every file of the kind has, each at its place.
        also_called: Media types that senders use for it as well.
    """

    media_type: str
    suffix: str
    marks: tuple[tuple[int, bytes], ...]
    also_called: frozenset[str] = frozenset()

    def begins(self, head: bytes) -> bool:
        """Whether a file that begins like this is one."""
        return all(head[place : place + len(mark)] == mark for place, mark in self.marks)

    def may_be_called(self, media_type: str | None) -> bool:
        """Whether a sender may say that it is this; to say nothing, or that it is some bytes, is no lie."""
        said = (media_type or "").partition(";")[0].strip().lower()
        return said in {"", "application/octet-stream", self.media_type} | self.also_called


PNG = FileKind("image/png", "png", ((0, b"\x89PNG\r\n\x1a\n"),))
JPEG = FileKind("image/jpeg", "jpg", ((0, b"\xff\xd8\xff"),), frozenset({"image/jpg", "image/pjpeg"}))
WEBP = FileKind("image/webp", "webp", ((0, b"RIFF"), (8, b"WEBP")))


def kind_of(head: bytes, kinds: Iterable[FileKind]) -> FileKind | None:
    """Which of these kinds a file is that begins like this."""
    return next((kind for kind in kinds if kind.begins(head)), None)

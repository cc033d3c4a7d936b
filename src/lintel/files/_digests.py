"""What a sender says of the content in a digest (RFC 9530)."""

import base64
import binascii
import hashlib
import re
from collections.abc import Iterator, Mapping
from typing import Any

from lintel.errors import InvalidInput

CONTENT_DIGEST = "content-digest"
ALGORITHMS: Mapping[str, Any] = {"sha-256": hashlib.sha256, "sha-512": hashlib.sha512}
"""Those that RFC 9530 has for use against manipulation; others are not looked at."""
_MEMBER = re.compile(r"(sha-256|sha-512)=:([A-Za-z0-9+/=]*):")


class DigestMismatch(InvalidInput):
    """What came is not what was sent."""

    code = "DIGEST_MISMATCH"
    title = "Digest mismatch"
    meaning = "The content is not what its `Content-Digest` says. Send it again."


class SaidDigests:
    """The digests that a sender gave, and those of what has come so far.

    Args:
        header: `Content-Digest`, if there is one.

    Raises:
        DigestMismatch: It cannot be read.
    """

    def __init__(self, header: str | None) -> None:
        self._said = dict(_digests(header or ""))
        self._made = {name: ALGORITHMS[name](usedforsecurity=False) for name in self._said}

    def update(self, chunk: bytes) -> None:
        """More has come."""
        for digest in self._made.values():
            digest.update(chunk)

    def check(self) -> None:
        """All has come.

        Raises:
            DigestMismatch: It is something else.
        """
        if any(self._made[name].digest() != said for name, said in self._said.items()):
            raise DigestMismatch


def _digests(header: str) -> Iterator[tuple[str, bytes]]:
    for member in header.split(","):
        name = member.partition("=")[0].strip()
        if name not in ALGORITHMS:
            continue
        written = _MEMBER.fullmatch(member.strip())
        try:
            yield name, base64.b64decode(written[2] if written else "=", validate=True)
        except binascii.Error:
            raise DigestMismatch from None

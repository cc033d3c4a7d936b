"""Keys that programs show instead of signing in."""

import hashlib
import re
import secrets
import string
import zlib
from dataclasses import dataclass
from typing import Final

from lintel.security._tokens import InvalidToken

ALPHABET: Final = string.digits + string.ascii_letters
NAME_LENGTH: Final = 12
SECRET_LENGTH: Final = 43
"""256 bits, in letters and digits alone: a double click takes the whole key, and no writing escapes a part of it."""
CHECK_LENGTH: Final = 6


@dataclass(frozen=True, slots=True)
class ApiKeyParts:
    """What is stored of a key, and enough to recognise it.

    Attributes:
        prefix: By which it is found, and shown to its owner; no secret.
        hash: SHA-256 of the whole key, in hex. A slow hash would protect nothing: there is too much to guess.
    """

    prefix: str
    hash: str

    def is_hashed_as(self, stored: str | None) -> bool:
        """Whether it is the key whose hash was stored; takes as long for every key, and where none was."""
        return secrets.compare_digest(self.hash, stored or "0" * len(self.hash))


class ApiKeys:
    """Makes and reads keys of one service: `<label>_<name>_<secret and checksum>`.

    The label lets scanners find keys where they should not be, and the checksum tells a key from what only looks like
    one, without asking anybody.

    Args:
        label: Small letters and digits.
    """

    def __init__(self, label: str = "lintel") -> None:
        self._label = label
        self._form = re.compile(
            rf"({label}_[0-9A-Za-z]{{{NAME_LENGTH}}})_[0-9A-Za-z]{{{SECRET_LENGTH + CHECK_LENGTH}}}"
        )

    def make(self) -> tuple[str, ApiKeyParts]:
        """A new key, to be shown once, and what to store of it."""
        stated = f"{self._label}_{_random(NAME_LENGTH)}_{_random(SECRET_LENGTH)}"
        key = stated + _checksum(stated)
        return key, self.read(key)

    def read(self, text: str) -> ApiKeyParts:
        """What to look for, and to compare with what is found.

        Raises:
            InvalidToken: It does not have the form of a key.
        """
        form = self._form.fullmatch(text)
        if form is None or _checksum(text[:-CHECK_LENGTH]) != text[-CHECK_LENGTH:]:
            raise InvalidToken
        return ApiKeyParts(form[1], hashlib.sha256(text.encode()).hexdigest())


def _random(length: int) -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(length))


def _checksum(text: str) -> str:
    number, digits = zlib.crc32(text.encode()), ""
    for _ in range(CHECK_LENGTH):
        number, digit = divmod(number, len(ALPHABET))
        digits = ALPHABET[digit] + digits
    return digits

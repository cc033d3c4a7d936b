"""Kinds of password hashes: how each is recognised, made and compared, and what comparing costs."""

import base64
import hmac
import re
from typing import Protocol

import bcrypt
from pwdlib.hashers.argon2 import Argon2Hasher

MEMORY_KIB = 19_456
"""OWASP's smallest argon2id profile (19 MiB, two passes, one lane): about 20 ms of CPU."""
PASSES = 2
LANES = 1
ROUNDS = 12
"""2^12 rounds of bcrypt, about 250 ms of CPU: OWASP's least are 2^10."""

MAX_MEMORY_KIB = 1_048_576
MAX_PASSES = 16
MAX_LANES = 16
"""A stored hash that asks for more is not compared: it would hold a core, or the memory, for minutes."""
BCRYPT_BYTES = 72
"""What bcrypt reads of a password."""


class Kind(Protocol):
    """One way of hashing."""

    def cost_of(self, stored: str) -> str | None:
        """A hash of no password that costs the same to compare; None if `stored` is none of this kind."""
        ...

    def verify(self, password: bytes, stored: str) -> bool:
        """Whether `stored` was made of this password.

        Raises:
            ValueError: It cannot be read after all.
        """
        ...


class MakingKind(Kind, Protocol):
    """One that new hashes are made by."""

    def cost(self) -> str:
        """A hash of no password that costs what new ones cost."""
        ...

    def hash(self, password: bytes) -> str:
        """A new hash."""
        ...

    def is_outdated(self, stored: str) -> bool:
        """Whether a hash of this kind was made with other parameters."""
        ...


class Argon2id:
    """argon2id, with these parameters for new hashes; others, and argon2i and argon2d, are compared.

    Args:
        memory_kib: Memory of one hash.
    """

    _FORM = re.compile(
        r"(?P<cost>\$argon2(?:id|i|d)\$v=19\$m=(?P<memory>[1-9]\d{0,8}),t=(?P<passes>[1-9]\d{0,3}),p=(?P<lanes>[1-9]\d{0,3})\$)"
        r"(?P<salt>[A-Za-z0-9+/]{11,88})\$(?P<digest>[A-Za-z0-9+/]{16,128})",
        re.ASCII,
    )
    _NO_PASSWORD = f"{'A' * 22}${'A' * 43}"

    def __init__(self, memory_kib: int = MEMORY_KIB) -> None:
        self._memory_kib = memory_kib
        self._hasher = Argon2Hasher(time_cost=PASSES, memory_cost=memory_kib, parallelism=LANES)

    def cost_of(self, stored: str) -> str | None:
        """See `Kind.cost_of`."""
        found = self._FORM.fullmatch(stored)
        if found is None:
            return None
        memory, passes, lanes = (int(found[name]) for name in ("memory", "passes", "lanes"))
        within = 8 * lanes <= memory <= MAX_MEMORY_KIB and passes <= MAX_PASSES and lanes <= MAX_LANES
        readable = within and _is_base64(found["salt"]) and _is_base64(found["digest"])
        return f"{found['cost']}{self._NO_PASSWORD}" if readable else None

    def cost(self) -> str:
        """See `MakingKind.cost`."""
        return f"$argon2id$v=19$m={self._memory_kib},t={PASSES},p={LANES}${self._NO_PASSWORD}"

    def hash(self, password: bytes) -> str:
        """See `MakingKind.hash`."""
        return self._hasher.hash(password)

    def verify(self, password: bytes, stored: str) -> bool:
        """See `Kind.verify`."""
        return self._hasher.verify(password, stored)

    def is_outdated(self, stored: str) -> bool:
        """See `MakingKind.is_outdated`."""
        return self._hasher.check_needs_rehash(stored)


class Bcrypt:
    """bcrypt as others made it: of the first 72 bytes of a password. Compared, never made.

    (Hashes with the mark `$2x$` are of a broken implementation, and not read.)
    """

    _FORM = re.compile(r"\$2[aby]\$(?P<rounds>0[4-9]|1[0-6])\$[./A-Za-z0-9]{53}", re.ASCII)

    def cost_of(self, stored: str) -> str | None:
        """See `Kind.cost_of`."""
        found = self._FORM.fullmatch(stored)
        return _bcrypt_of_nothing(int(found["rounds"])) if found else None

    def verify(self, password: bytes, stored: str) -> bool:
        """See `Kind.verify`."""
        return bcrypt.checkpw(password[:BCRYPT_BYTES], stored.encode())


class BcryptOfHmac:
    """bcrypt of an HMAC-SHA256 of the password, so that every byte of it counts.

    The form is `bcrypt-sha256` version 2 as passlib defined it: the salt is the key of the HMAC, so that a hash which
    another service lost cannot be tried out on ours. The mark in front tells it from a plain bcrypt hash.

    Args:
        rounds: Binary logarithm of the rounds of new hashes.
    """

    _FORM = re.compile(
        r"\$bcrypt-sha256\$v=2,t=2b,r=(?P<rounds>0?[4-9]|1[0-6])\$(?P<salt>[./A-Za-z0-9]{22})\$(?P<digest>[./A-Za-z0-9]{31})",
        re.ASCII,
    )

    def __init__(self, rounds: int = ROUNDS) -> None:
        self._rounds = rounds

    def cost_of(self, stored: str) -> str | None:
        """See `Kind.cost_of`; plain bcrypt costs the same."""
        found = self._FORM.fullmatch(stored)
        return _bcrypt_of_nothing(int(found["rounds"])) if found else None

    def cost(self) -> str:
        """See `MakingKind.cost`."""
        return _bcrypt_of_nothing(self._rounds)

    def hash(self, password: bytes) -> str:
        """See `MakingKind.hash`."""
        salt = bcrypt.gensalt(self._rounds)
        plain = bcrypt.hashpw(_keyed(password, salt[7:]), salt).decode()
        return f"$bcrypt-sha256$v=2,t=2b,r={self._rounds}${plain[7:29]}${plain[29:]}"

    def verify(self, password: bytes, stored: str) -> bool:
        """See `Kind.verify`."""
        found = self._FORM.fullmatch(stored)
        if found is None:
            raise ValueError("not such a hash")
        salt = found["salt"].encode()
        plain = b"$2b$%02d$%b%b" % (int(found["rounds"]), salt, found["digest"].encode())
        return bcrypt.checkpw(_keyed(password, salt), plain)

    def is_outdated(self, stored: str) -> bool:
        """See `MakingKind.is_outdated`."""
        found = self._FORM.fullmatch(stored)
        return found is None or int(found["rounds"]) != self._rounds


def _bcrypt_of_nothing(rounds: int) -> str:
    return f"$2b${rounds:02}${'.' * 53}"


def _keyed(password: bytes, salt: bytes) -> bytes:
    return base64.b64encode(hmac.digest(salt, password, "sha256"))


def _is_base64(text: str) -> bool:
    """Whether it is written as argon2 wants it: without padding, and with no bit that nobody reads."""
    if len(text) % 4 == 1:
        return False
    data = base64.b64decode(text + "=" * (-len(text) % 4))
    return base64.b64encode(data).decode().rstrip("=") == text

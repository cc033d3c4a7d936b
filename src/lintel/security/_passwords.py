"""Passwords: hashed off the event loop, never too many at once, and compared in the same time whoever is meant."""

import os
import unicodedata
from typing import Literal

from lintel.security._hashes import MEMORY_KIB, ROUNDS, Argon2id, Bcrypt, BcryptOfHmac, Kind, MakingKind
from lintel.security._threads import BackgroundThreads

MAX_WAITING = 64
"""Beyond this many waiting callers the answer is 503: their turn would come after they had left."""
MAX_COSTS = 4
"""Kinds and parameters of stored hashes for which a failure is made to take as long."""

PasswordScheme = Literal["argon2id", "bcrypt"]


class PasswordHasher:
    """Hashes and verifies passwords without holding up other requests.

    Passwords are composed (NFC) first, so that it does not matter which keyboard they were typed on; after that every
    byte counts. Hashes are made by one scheme. Those of the other one, plain bcrypt hashes of other programs (of which
    72 bytes count) and those with other parameters are verified too, and replaced when their owner next comes.

    To fail takes as long for everybody, known or unknown: as long as the kinds of hashes that were met by this process
    take together. Where all are of one kind and up to date, that is one hash.

    Args:
        scheme: Makes new hashes.
        workers: Processes that share this machine's cores.
        memory_kib: Memory of one argon2id hash; lower it in tests only.
        rounds: Binary logarithm of bcrypt's rounds; lower it in tests only.
    """

    def __init__(
        self,
        scheme: PasswordScheme = "argon2id",
        *,
        workers: int = 1,
        memory_kib: int = MEMORY_KIB,
        rounds: int = ROUNDS,
    ) -> None:
        argon2id, bcrypt = Argon2id(memory_kib), BcryptOfHmac(rounds)
        self._present: MakingKind = argon2id if scheme == "argon2id" else bcrypt
        self._kinds: tuple[Kind, ...] = (argon2id, bcrypt, Bcrypt())
        size = max(1, (os.cpu_count() or 1) // workers)
        self._threads = BackgroundThreads(size, max_waiting=MAX_WAITING, refusal="Too many sign-ins at once.")
        self._costs: dict[str, Kind] = {}
        self._recognise(self._present.cost())

    async def hash(self, password: str) -> str:
        """The hash to store.

        Raises:
            Unavailable: Too many hashes are waiting already.
        """
        return await self._threads.run(self._present.hash, _read(password))

    async def verify(self, password: str, stored: str | None) -> tuple[bool, str | None]:
        """Whether a password is right, and a better hash to store if the stored one is out of date.

        Takes as long for `stored=None` (no such account), and for one that cannot be read, as for a wrong password.

        Raises:
            Unavailable: Too many hashes are waiting already.
        """
        return await self._threads.run(self._verify, _read(password), stored or "")

    def _verify(self, password: bytes, stored: str) -> tuple[bool, str | None]:
        kind, spent = self._recognise(stored)
        if kind is not None:
            try:
                if kind.verify(password, stored):
                    return True, self._better(kind, password, stored)
            except ValueError:
                spent = None  # it looked like a hash, but nothing was compared
        for nobodys, of_kind in tuple(self._costs.items()):
            if nobodys != spent:
                of_kind.verify(password, nobodys)
        return False, None

    def _recognise(self, stored: str) -> tuple[Kind | None, str | None]:
        """The kind of a stored hash, and a hash of nobody that costs the same, which is remembered."""
        for kind in self._kinds:
            nobodys = kind.cost_of(stored)
            if nobodys is not None:
                if len(self._costs) < MAX_COSTS:
                    self._costs.setdefault(nobodys, next(k for k in self._kinds if k.cost_of(nobodys)))
                return kind, nobodys
        return None, None

    def _better(self, kind: Kind, password: bytes, stored: str) -> str | None:
        if kind is self._present and not self._present.is_outdated(stored):
            return None
        return self._present.hash(password)


def _read(password: str) -> bytes:
    return unicodedata.normalize("NFC", password).encode("utf-8", "surrogatepass")

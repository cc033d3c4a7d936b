"""Password hashes: argon2id, made off the event loop and never too many at once."""

import os

import anyio
import anyio.to_thread
from pwdlib import PasswordHash
from pwdlib.exceptions import UnknownHashError
from pwdlib.hashers.argon2 import Argon2Hasher

from lintel.errors import Unavailable

MEMORY_KIB = 19_456
"""OWASP's smallest argon2id profile (19 MiB, two passes, one lane): about 20 ms of CPU."""
PASSES = 2
LANES = 1
MAX_WAITING = 64
"""Beyond this many waiting callers the answer is 503: their turn would come after they had left."""


class PasswordHasher:
    """Hashes and verifies passwords without holding up other requests.

    Args:
        workers: Processes that share this machine's cores.
        memory_kib: Memory of one hash; lower it in tests only.
    """

    def __init__(self, *, workers: int = 1, memory_kib: int = MEMORY_KIB) -> None:
        self._hash = PasswordHash((Argon2Hasher(time_cost=PASSES, memory_cost=memory_kib, parallelism=LANES),))
        self._size = max(1, (os.cpu_count() or 1) // workers)
        self._limiter: anyio.CapacityLimiter | None = None
        # Verified when there is no account, so that its absence takes as long as a wrong password.
        self._dummy = self._hash.hash("no account has this password")

    async def hash(self, password: str) -> str:
        """The hash to store.

        Raises:
            Unavailable: Too many hashes are waiting already.
        """
        return await anyio.to_thread.run_sync(self._hash.hash, password, limiter=self._turn())

    async def verify(self, password: str, stored: str | None) -> tuple[bool, str | None]:
        """Whether a password is right, and a better hash to store if the stored one is out of date.

        Takes as long for `stored=None` (no such account) as for a wrong password.

        Raises:
            Unavailable: Too many hashes are waiting already.
        """
        right, better = await anyio.to_thread.run_sync(
            self._verify, password, stored or self._dummy, limiter=self._turn()
        )
        return right and bool(stored), better

    def _verify(self, password: str, stored: str) -> tuple[bool, str | None]:
        try:
            return self._hash.verify_and_update(password, stored)
        except UnknownHashError:
            # An account whose hash we cannot read has no password; the time is spent all the same.
            self._hash.verify(password, self._dummy)
            return False, None

    def _turn(self) -> anyio.CapacityLimiter:
        if self._limiter is None:
            self._limiter = anyio.CapacityLimiter(self._size)
        if self._limiter.statistics().tasks_waiting >= MAX_WAITING:
            raise Unavailable("Too many sign-ins at once.")
        return self._limiter

"""What becomes of caching while the shared store does not answer."""

import asyncio
from collections.abc import AsyncIterator, Collection, Coroutine, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, TypeVar

import structlog

from lintel.cache._port import CacheStore, StoreUnavailable

DEADLINE = 0.05
"""Seconds that a question to the shared store may take."""
PAUSE = 1.0
"""Seconds between two attempts to reach it while it is away. No request waits for them."""
REPAIR_DEADLINE = 2.0
"""Seconds that such an attempt may take, connecting included."""
MAX_OWED = 1_000
"""Generations to be renewed that are remembered one by one; with more, everything is forgotten instead."""

T = TypeVar("T")

_log = structlog.get_logger("lintel.cache")


class FailoverStore:
    """Asks a shared store, for as long as it answers in time; meanwhile there is none for this process.

    What could not be renewed is owed: it is renewed before this process uses the store again. Where connections broke,
    everything is: the server may have come back with what it knew some time ago. Other processes that still reach the
    store can see old values until then, and at most until these end.

    Args:
        shared: Asked first.
        everything: The generation that all values depend on.
        deadline: Seconds that a question may take.
        pause: Seconds between two attempts while the store is away.
    """

    def __init__(
        self, shared: CacheStore, *, everything: str, deadline: float = DEADLINE, pause: float = PAUSE
    ) -> None:
        self._shared = shared
        self._everything = everything
        self._deadline = deadline
        self._pause = pause
        self._owed: set[str] = set()
        self._is_down = False
        self._went_down = asyncio.Event()

    async def get_many(self, keys: Sequence[str]) -> list[str | None]:
        """See `CacheStore.get_many`."""
        return await self._ask(self._shared.get_many(keys))

    async def set(self, key: str, text: str, *, ttl: float) -> None:
        """See `CacheStore.set`."""
        await self._ask(self._shared.set(key, text, ttl=ttl))

    async def add(self, key: str, text: str, *, ttl: float) -> bool:
        """See `CacheStore.add`."""
        return await self._ask(self._shared.add(key, text, ttl=ttl))

    async def remove(self, key: str, text: str) -> None:
        """See `CacheStore.remove`."""
        await self._ask(self._shared.remove(key, text))

    async def delete(self, keys: Collection[str]) -> None:
        """See `CacheStore.delete`."""
        await self._ask(self._shared.delete(keys))

    async def renew(self, keys: Collection[str]) -> None:
        """See `CacheStore.renew`; never fails, but may be done later."""
        try:
            await self._ask(self._shared.renew(keys))
        except StoreUnavailable:
            self._owe(keys)

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """Opens the shared store, and goes on without it if it does not answer."""
        async with self._shared.opened():
            await self._try()
            task = asyncio.create_task(self._repair())
            try:
                yield
            finally:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
                if self._owed:
                    await self._try()

    async def _ask(self, question: Coroutine[Any, Any, T]) -> T:
        if self._is_down:
            question.close()
            raise StoreUnavailable
        try:
            async with asyncio.timeout(self._deadline):
                return await question
        except TimeoutError:
            self._note_failure("timeout")
            raise StoreUnavailable from None
        except StoreUnavailable:
            self._owe([self._everything])
            self._note_failure("error")
            raise

    def _owe(self, keys: Collection[str]) -> None:
        self._owed.update(keys)
        if len(self._owed) > MAX_OWED:
            self._owed = {self._everything}

    def _note_failure(self, reason: str) -> None:
        if not self._is_down:
            self._is_down = True
            self._went_down.set()
            _log.error("nothing is cached: the shared store does not answer", reason=reason)

    async def _repair(self) -> None:
        while True:
            await self._went_down.wait()
            await asyncio.sleep(self._pause)
            await self._try()

    async def _try(self) -> None:
        """Renew what is owed; then, and only then, the store is used again."""
        owed, self._owed = self._owed, set()
        try:
            async with asyncio.timeout(REPAIR_DEADLINE):
                await self._shared.renew(owed) if owed else await self._shared.get_many([self._everything])
        except (StoreUnavailable, TimeoutError) as error:
            self._owe(owed)
            if not isinstance(error, TimeoutError):
                self._owe([self._everything])
            self._note_failure("timeout" if isinstance(error, TimeoutError) else "error")
            return
        except BaseException:
            self._owe(owed)
            raise
        if self._is_down and not self._owed:
            self._is_down = False
            self._went_down.clear()
            _log.warning("values are cached again")

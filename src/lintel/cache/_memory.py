"""A store in the memory of one process."""

from collections import OrderedDict
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from typing import Any

from cashews.backends.memory import Memory

from lintel.cache._generations import GENERATION_TTL, new_generation

MAX_BYTES = 16 * 1_048_576
OVERHEAD = 400
"""Bytes that an entry takes besides its two texts."""


class MemoryStore:
    """Keeps texts in this process. Several processes would each keep their own, and not hear of each other's changes.

    Args:
        max_bytes: About as much memory as it may take; what was not asked for longest is forgotten first.
    """

    def __init__(self, *, max_bytes: int = MAX_BYTES) -> None:
        # Neither a limit of entries, which tells little about memory, nor a task that looks for what is out of date:
        # that is found when it is asked for, or forgotten as the oldest.
        self._memory = Memory(size=max_bytes, check_interval=0)
        self._memory.store = _Weighed(max_bytes)
        self._max_text = max_bytes // 4

    @property
    def weight(self) -> int:
        """Bytes taken, about."""
        store = self._memory.store
        return store.weight if isinstance(store, _Weighed) else 0

    async def get_many(self, keys: Sequence[str]) -> list[str | None]:
        """See `CacheStore.get_many`; never waits."""
        return list(await self._memory.get_many(*keys))

    async def set(self, key: str, text: str, *, ttl: float) -> None:
        """See `CacheStore.set`."""
        if len(text) <= self._max_text:
            await self._memory.set(key, text, expire=ttl)

    async def add(self, key: str, text: str, *, ttl: float) -> bool:
        """See `CacheStore.add`."""
        await self._memory.get(key)  # forgets it if it is out of date
        return await self._memory.set(key, text, expire=ttl, exist=False)

    async def remove(self, key: str, text: str) -> None:
        """See `CacheStore.remove`."""
        if await self._memory.get(key) == text:
            await self._memory.delete(key)

    async def delete(self, keys: Collection[str]) -> None:
        """See `CacheStore.delete`."""
        await self._memory.delete_many(*keys)

    async def renew(self, keys: Collection[str]) -> None:
        """See `CacheStore.renew`."""
        await self._memory.set_many({key: new_generation() for key in keys}, expire=GENERATION_TTL)

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """Nothing to open."""
        yield


class _Weighed(OrderedDict[str, tuple[float | None, Any]]):
    """Entries with a bound on what they weigh together; the first ones go first."""

    def __init__(self, max_bytes: int) -> None:
        super().__init__()
        self._max_bytes = max_bytes
        self.weight = 0

    def __setitem__(self, key: str, entry: tuple[float | None, Any]) -> None:
        if key in self:
            del self[key]
        weight = _weight(key, entry)
        while self and self.weight + weight > self._max_bytes:
            del self[next(iter(self))]
        self.weight += weight
        super().__setitem__(key, entry)

    def __delitem__(self, key: str) -> None:
        self.weight -= _weight(key, self[key])
        super().__delitem__(key)


def _weight(key: str, entry: tuple[float | None, Any]) -> int:
    return len(key) + len(entry[1]) + OVERHEAD

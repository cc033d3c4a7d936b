"""Answers kept for a while, and never longer than they are true."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Collection, Coroutine
from contextlib import AbstractAsyncContextManager, nullcontext, suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from lintel.cache._flights import Flights, TooLong
from lintel.cache._generations import GENERATION_TTL, age_of, new_generation
from lintel.cache._key import CacheKey, escaped
from lintel.cache._port import CacheStore, StoreUnavailable
from lintel.cache._values import codec_of
from lintel.observability import CacheMetrics

T = TypeVar("T")
Load = Callable[[], Awaitable[T]]

TTL = 3_600.0
PATIENCE = 5.0
"""Seconds that somebody waits for what another task or process is loading."""
POLL = 0.01
MAX_POLL = 0.1
"""Seconds between two looks at what another process is loading: the first, and the longest."""
MAX_VALUE_BYTES = 1_048_576
JITTER = 0.1
"""The part of a lifetime that is taken off at random, so that what was loaded together does not end together."""


class Cache:
    """Keeps what was loaded, for as long as nothing it depends on changes.

    Each value is kept with the generations of what it depends on, read before it was loaded. `invalidate`, called after
    a change was committed, renews them: a value loaded before then is never found again, however late it was put there.

    Of many callers at once one loads, among all processes that share the store. A fault of the store is a miss.

    Args:
        store: Where values lie; None keeps none, so that everything is loaded each time.
        namespace: Stands before every key: application and version.
        ttl: Seconds that a value may be kept where nothing else is said.
        patience: Seconds to wait for another's loading before loading oneself.
        settle: Seconds after a change in which nothing is kept: the longest that a replica may lag behind.
    """

    def __init__(
        self,
        store: CacheStore | None,
        *,
        namespace: str,
        ttl: float = TTL,
        patience: float = PATIENCE,
        settle: float = 0.0,
    ) -> None:
        self._store = store
        self._prefix = namespace
        self._ttl = ttl
        self._patience = patience
        self._settle = settle
        self._flights: Flights[str] = Flights()
        self._renewing: set[asyncio.Task[None]] = set()
        self.metrics: CacheMetrics | None = None
        """Where it counts, if anybody reads that."""

    @property
    def enabled(self) -> bool:
        """Whether anything is kept at all."""
        return self._store is not None

    def opened(self) -> AbstractAsyncContextManager[Any]:
        """Keep connections while the block runs."""
        return nullcontext() if self._store is None else self._store.opened()

    async def get_or_load(
        self,
        key: CacheKey,
        load: Load[T],
        *,
        ttl: float | None = None,
        depends_on: Collection[str] = (),
        kind: Any = Any,
        keep_none: bool = True,
    ) -> T:
        """The value of a key, loaded if it is not there.

        Args:
            key: Which question, and for whom.
            load: Gives the value. What it raises reaches those who wait for it, and is not kept.
            ttl: Seconds it may be kept, at most; the cache's own unless said.
            depends_on: What it is made of; `invalidate` names the same.
            kind: Its type, as Pydantic reads it. Unless said, JSON's own types.
            keep_none: Whether None, too, is an answer to keep.

        Raises:
            TypeError: The value is not of its kind, or cannot be written as JSON.
        """
        if self._store is None:
            return await load()
        place = self._place(key, depends_on)
        codec = codec_of(kind)
        try:
            seen = await self._look(self._store, place)
        except StoreUnavailable:
            self._count(key, "error")
            return await self._loaded(key, load)
        if seen.text is not None:
            try:
                found: T = codec.decode(seen.text)
            except ValueError:  # somebody else wrote there
                await self.delete(key)
            else:
                self._count(key, "hit")
                return found
        self._count(key, "miss")
        encoded = partial(self._encoded, key, load, codec.encode)
        work = partial(
            self._load_once, self._store, place, seen.head, encoded, ttl=ttl or self._ttl, keep_none=keep_none
        )
        try:
            value: T = codec.decode(await self._flights.join((place.key, seen.head), work, patience=self._patience))
        except TooLong:
            return await self._loaded(key, load)
        return value

    async def invalidate(self, *names: str) -> None:
        """Nothing that depends on one of these is found any more. To be called after the change was committed.

        A store that does not answer is told later, and not used before; see `FailoverStore`. Never raises.
        """
        await self._renew([self._generation(name) for name in names])

    async def clear(self) -> None:
        """Nothing is found any more."""
        await self._renew([everything(self._prefix)])

    async def get(self, key: CacheKey, *, kind: Any = Any) -> Any:
        """The value that `set` put there; None where there is none. An empty list is one."""
        if self._store is not None:
            with suppress(StoreUnavailable, ValueError):
                seen = await self._look(self._store, self._place(key, ()))
                self._count(key, "hit" if seen.text is not None else "miss")
                return None if seen.text is None else codec_of(kind).decode(seen.text)
        return None

    async def set(self, key: CacheKey, value: Any, *, ttl: float | None = None, kind: Any = Any) -> None:
        """Keep a value that depends on nothing; what is read from a database belongs in `get_or_load`.

        Raises:
            TypeError: It cannot be written as JSON.
        """
        text = codec_of(kind).encode(value)
        if self._store is not None:
            with suppress(StoreUnavailable):
                place = self._place(key, ())
                await self._keep(self._store, place, await self._look(self._store, place), text, ttl or self._ttl)

    async def delete(self, key: CacheKey) -> None:
        """Forget a value."""
        if self._store is not None:
            with suppress(StoreUnavailable):
                await self._store.delete([self._place(key, ()).key])

    def _place(self, key: CacheKey, depends_on: Collection[str]) -> "_Place":
        generations = [everything(self._prefix), *(self._generation(name) for name in sorted(set(depends_on)))]
        return _Place(f"{self._prefix}:value:{key.text}", generations)

    def _generation(self, name: str) -> str:
        return f"{self._prefix}:generation:{escaped(name)}"

    async def _look(self, store: CacheStore, place: "_Place") -> "_Seen":
        """The value and the generations of this moment, which are made where there are none."""
        *generations, text = await store.get_many([*place.generations, place.key])
        if None in generations:
            for key, generation in zip(place.generations, generations, strict=True):
                if generation is None:
                    await store.add(key, new_generation(), ttl=GENERATION_TTL)
            *generations, text = await store.get_many([*place.generations, place.key])
        known = [generation for generation in generations if generation is not None]
        if len(known) < len(generations):
            raise StoreUnavailable  # something else lies there
        return _Seen.of(known, text)

    async def _load_once(
        self,
        store: CacheStore,
        place: "_Place",
        head: str,
        encoded: Callable[[], Coroutine[Any, Any, str]],
        *,
        ttl: float,
        keep_none: bool,
    ) -> str:
        """Load and keep, or wait for the process that does."""
        token = new_generation()
        try:
            lock, seen = await self._lock_or_wait(store, place, head, token)
        except StoreUnavailable:
            return await encoded()
        if not lock and seen.text is not None:
            return seen.text
        try:
            text = await encoded()
            if text != "null" or keep_none:
                with suppress(StoreUnavailable):
                    await self._keep(store, place, seen, text, ttl)
            return text
        finally:
            if lock:
                with suppress(StoreUnavailable):
                    await store.remove(lock, token)

    async def _lock_or_wait(self, store: CacheStore, place: "_Place", head: str, token: str) -> tuple[str, "_Seen"]:
        """The lock that is ours now; or none, and the value that somebody else has loaded.

        Neither, if that takes too long.
        """
        deadline, pause = time.monotonic() + self._patience, POLL
        while True:
            lock = f"{place.key}:lock:{head}"
            is_ours = await store.add(lock, token, ttl=self._patience)
            seen = await self._look(store, place)  # it may have come while we asked
            if is_ours and seen.text is None:
                return lock, seen
            if is_ours:
                await store.remove(lock, token)
            if seen.text is not None or time.monotonic() > deadline:
                return "", seen
            await asyncio.sleep(pause * random.uniform(0.5, 1))  # noqa: S311 - no secret
            pause, head = min(2 * pause, MAX_POLL), seen.head

    async def _keep(self, store: CacheStore, place: "_Place", seen: "_Seen", text: str, ttl: float) -> None:
        is_settled = not self._settle or seen.youngest >= self._settle
        if is_settled and len(text) <= MAX_VALUE_BYTES:
            lifetime = ttl * (1 - JITTER * random.random())  # noqa: S311 - no secret
            await store.set(place.key, f"{seen.head}{text}}}", ttl=lifetime)

    async def _encoded(self, key: CacheKey, load: Load[T], encode: Callable[[T], str]) -> str:
        return encode(await self._loaded(key, load))

    async def _loaded(self, key: CacheKey, load: Load[T]) -> T:
        self._count(key, "load")
        return await load()

    async def _renew(self, keys: Collection[str]) -> None:
        if self._store is None:
            return
        # A caller who is cancelled has committed all the same.
        task = asyncio.create_task(self._store.renew(keys))
        self._renewing.add(task)
        task.add_done_callback(self._renewing.discard)
        await asyncio.shield(task)

    def _count(self, key: CacheKey, event: str) -> None:
        if self.metrics is not None:
            self.metrics.count(key.name, event)


def everything(namespace: str) -> str:
    """The key of the generation that all values of a namespace depend on."""
    return f"{namespace}:generation"


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a value lies, and the keys of what it depends on."""

    key: str
    generations: list[str]


@dataclass(frozen=True, slots=True)
class _Seen:
    """What was there at one moment.

    Attributes:
        head: How a value of these generations begins in the store.
        text: Such a value, as JSON; None where there is none.
        youngest: Seconds since the last of the generations was made.
    """

    head: str
    text: str | None
    youngest: float

    @classmethod
    def of(cls, generations: list[str], stored: str | None) -> "_Seen":
        head = f'{{"generations":"{" ".join(generations)}","value":'
        fits = stored is not None and stored.startswith(head) and stored.endswith("}")
        return cls(head, stored[len(head) : -1] if stored and fits else None, min(map(age_of, generations)))

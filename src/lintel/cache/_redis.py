"""A store in Redis or Valkey, shared by all processes. Needs the extra `redis`."""

from collections.abc import AsyncIterator, Collection, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from types import SimpleNamespace
from typing import Any

from cashews.exceptions import CacheBackendInteractionError
from cashews.picklers import Pickler
from cashews.serialize import Serializer

from lintel.cache._generations import GENERATION_TTL, new_generation
from lintel.cache._port import StoreUnavailable

MAX_CONNECTIONS = 32
SOCKET_SECONDS = 2.0


class RedisStore:
    """Keeps texts in a Redis server.

    Args:
        url: `redis://…`, or `rediss://…` for TLS.
        max_connections: Of this process. Further questions wait for one.

    Raises:
        ImportError: The extra is not installed.
    """

    def __init__(self, url: str, *, max_connections: int = MAX_CONNECTIONS) -> None:
        # An optional extra.
        from cashews.backends.redis import Redis  # noqa: PLC0415
        from redis.asyncio import BlockingConnectionPool  # noqa: PLC0415
        from redis.asyncio.retry import Retry  # noqa: PLC0415
        from redis.backoff import NoBackoff  # noqa: PLC0415
        from redis.exceptions import RedisError  # noqa: PLC0415

        self._pool = BlockingConnectionPool.from_url(
            url,
            client_name="lintel",
            max_connections=max_connections,
            timeout=SOCKET_SECONDS,
            socket_connect_timeout=SOCKET_SECONDS,
            socket_timeout=SOCKET_SECONDS,
            # Once more, because a connection that was cut meanwhile is noticed only when it is used.
            retry=Retry(NoBackoff(), 1),
        )
        serializer = Serializer()  # type: ignore[no-untyped-call]
        serializer.set_pickler(_Plain())
        self._redis = Redis(
            url,
            suppress=False,  # else an outage would look like nothing found, with a traceback for each question
            serializer=serializer,
            connection_pool_class=SimpleNamespace(from_url=lambda *_, **__: self._pool),
        )
        # A pipeline raises the driver's own.
        self._faults = (CacheBackendInteractionError, RedisError, OSError)

    async def get_many(self, keys: Sequence[str]) -> list[str | None]:
        """See `CacheStore.get_many`; one round trip."""
        with self._translated():
            found = await (await self._ready()).get_many(*keys)
        return [text if isinstance(text, str) else None for text in found]

    async def set(self, key: str, text: str, *, ttl: float) -> None:
        """See `CacheStore.set`."""
        with self._translated():
            await (await self._ready()).set(key, text, expire=ttl)

    async def add(self, key: str, text: str, *, ttl: float) -> bool:
        """See `CacheStore.add`."""
        with self._translated():
            return bool(await (await self._ready()).set(key, text, expire=ttl, exist=False))

    async def remove(self, key: str, text: str) -> None:
        """See `CacheStore.remove`; a script, so that nothing comes between looking and removing."""
        with self._translated():
            await (await self._ready()).unlock(key, text)

    async def delete(self, keys: Collection[str]) -> None:
        """See `CacheStore.delete`."""
        if keys:
            with self._translated():
                await (await self._ready()).delete_many(*keys)

    async def renew(self, keys: Collection[str]) -> None:
        """See `CacheStore.renew`; all of them or none."""
        if keys:
            with self._translated():
                await (await self._ready()).set_many({key: new_generation() for key in keys}, expire=GENERATION_TTL)

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """Connects when first needed; closes what was opened."""
        try:
            yield
        finally:
            await self._pool.aclose()

    async def _ready(self) -> Any:
        if not self._redis.is_init:
            await self._redis.init()  # type: ignore[no-untyped-call]
        return self._redis

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except self._faults:
            raise StoreUnavailable from None


class _Plain(Pickler):
    """Texts as they are. cashews' own default would read and run pickles."""

    @staticmethod
    def loads(value: bytes) -> str | None:
        try:
            return value.decode()
        except UnicodeDecodeError:
            return None

    @staticmethod
    def dumps(value: str) -> bytes:
        return value.encode()

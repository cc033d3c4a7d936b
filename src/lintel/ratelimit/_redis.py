"""Counters in Redis or Valkey, shared by all processes. Needs the extra `redis`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

from lintel.ratelimit._port import CountersUnavailable, Decision, Policy
from lintel.ratelimit._window import standing

MAX_CONNECTIONS = 32
SOCKET_SECONDS = 2.0


class RedisRateLimiter:
    """Counts in a Redis server, by scripts of `limits` that run there undivided.

    A counter is gone two windows after its first request, so the server need not be cleaned up.

    Args:
        url: `redis://…`, or `rediss://…` for TLS.
        prefix: Stands before every key; applications that must not count together have different ones.
        max_connections: Of this process. Further requests wait for one.

    Raises:
        ImportError: The extra is not installed.
    """

    def __init__(self, url: str, *, prefix: str, max_connections: int = MAX_CONNECTIONS) -> None:
        # Optional extras; `limits` would also cost 0.1 s at each start.
        from limits.aio.storage import RedisStorage  # noqa: PLC0415
        from limits.errors import StorageError  # noqa: PLC0415
        from limits.storage import storage_from_string  # noqa: PLC0415
        from redis.asyncio import BlockingConnectionPool  # noqa: PLC0415
        from redis.asyncio.retry import Retry  # noqa: PLC0415
        from redis.backoff import NoBackoff  # noqa: PLC0415

        self._pool = BlockingConnectionPool.from_url(
            url,
            max_connections=max_connections,
            timeout=SOCKET_SECONDS,
            socket_connect_timeout=SOCKET_SECONDS,
            socket_timeout=SOCKET_SECONDS,
            # Once more, because a connection that was cut meanwhile is noticed only when it is used.
            retry=Retry(NoBackoff(), 1),
        )
        storage = storage_from_string(
            "async+redis://",  # the scheme chooses the storage, the pool says where it is
            implementation="redispy",  # else it would be coredis
            wrap_exceptions=True,
            key_prefix=prefix,
            connection_pool=cast("Any", self._pool),  # handed on to redis-py, whatever the annotation says
        )
        self._storage = cast("RedisStorage", storage)
        self._failure = StorageError

    async def hit(self, policy: Policy, key: str, *, cost: int = 1) -> Decision:
        """See `RateLimiter.hit`; two round trips."""
        name, limit, window = _name(policy, key), policy.limit, policy.window
        try:
            allowed = await self._storage.acquire_sliding_window_entry(name, limit, window, cost)
            before, _, now, ends_after = await self._storage.get_sliding_window(name, window)
        except self._failure:
            raise CountersUnavailable from None
        # Not by the strategy of `limits`, which takes the first millisecond of a window for its end.
        used, reset_after = standing(before=before, now=now, left=max(0.0, ends_after - window), window=window)
        return Decision(allowed, limit, max(0, limit - used), reset_after)

    async def forget(self, policy: Policy, key: str) -> None:
        """See `RateLimiter.forget`."""
        try:
            await self._storage.clear_sliding_window(_name(policy, key), policy.window)
        except self._failure:
            raise CountersUnavailable from None

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """Connects when first needed; closes what was opened."""
        try:
            yield
        finally:
            await self._pool.aclose()


def _name(policy: Policy, key: str) -> str:
    return f"{policy.name}/{key}/{policy.limit}/{policy.window}"

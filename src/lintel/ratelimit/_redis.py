"""Counters in Redis or Valkey, shared by all processes. Needs the extra `redis`."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from lintel.ratelimit._port import Charge, CountersUnavailable, Decision, Policy
from lintel.ratelimit._script import SCRIPT
from lintel.ratelimit._window import decided

MAX_CONNECTIONS = 32
SOCKET_SECONDS = 2.0
MILLISECONDS = 1_000


class RedisRateLimiter:
    """Counts in a Redis server, by a script that runs there undivided: one round trip for however many policies.

    A counter is gone two windows after its last window began, so the server need not be cleaned up.

    Args:
        url: `redis://…`, or `rediss://…` for TLS.
        prefix: Stands before every key; applications that must not count together have different ones.
        max_connections: Of this process. Further requests wait for one.

    Raises:
        ImportError: The extra is not installed.
    """

    def __init__(self, url: str, *, prefix: str, max_connections: int = MAX_CONNECTIONS) -> None:
        # An optional extra.
        from redis.asyncio import BlockingConnectionPool, Redis  # noqa: PLC0415
        from redis.asyncio.retry import Retry  # noqa: PLC0415
        from redis.backoff import NoBackoff  # noqa: PLC0415
        from redis.exceptions import RedisError  # noqa: PLC0415

        self._prefix = prefix
        self._pool = BlockingConnectionPool.from_url(
            url,
            max_connections=max_connections,
            timeout=SOCKET_SECONDS,
            socket_connect_timeout=SOCKET_SECONDS,
            socket_timeout=SOCKET_SECONDS,
            # Once more, because a connection that was cut meanwhile is noticed only when it is used.
            retry=Retry(NoBackoff(), 1),
        )
        self._redis: Any = Redis(connection_pool=self._pool)
        self._count: Any = self._redis.register_script(SCRIPT)
        self._failure = RedisError

    async def hit(self, policy: Policy, key: str, *, cost: int = 1) -> Decision:
        """See `RateLimiter.hit`; one round trip."""
        return (await self.hit_all((Charge(policy, key, cost),)))[0]

    async def hit_all(self, charges: Sequence[Charge]) -> list[Decision]:
        """See `RateLimiter.hit_all`; one round trip."""
        keys = [self._name(charge.policy, charge.key) for charge in charges]
        asked = [
            number
            for charge in charges
            for number in (charge.policy.limit, charge.policy.window * MILLISECONDS, charge.cost)
        ]
        try:
            found = await self._count(keys, asked)
        except self._failure:
            raise CountersUnavailable from None
        return [_decision(charge, *row) for charge, row in zip(charges, found, strict=True)]

    async def forget(self, policy: Policy, key: str) -> None:
        """See `RateLimiter.forget`."""
        try:
            await self._redis.delete(self._name(policy, key))
        except self._failure:
            raise CountersUnavailable from None

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """Connects when first needed; closes what was opened."""
        try:
            yield
        finally:
            await self._pool.aclose()

    def _name(self, policy: Policy, key: str) -> str:
        return f"{self._prefix}:{policy.name}/{key}/{policy.limit}/{policy.window}"


def _decision(charge: Charge, allowed: int, before: int, now: int, left: int) -> Decision:
    return decided(charge.policy, charge.cost, before, now, left / MILLISECONDS, allowed=bool(allowed))

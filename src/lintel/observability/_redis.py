"""Whether Redis answers. Needs the extra `redis`."""

from lintel.observability._health import Check

CONNECT_TIMEOUT = 2.0


def redis_check(url: str) -> Check:
    """A health check of a Redis or Valkey server; connects anew each time, as a client that starts would.

    Raises:
        ImportError: The extra is not installed.
    """
    from redis.asyncio import Redis  # noqa: PLC0415 - an optional extra

    async def check() -> None:
        async with Redis.from_url(url, socket_connect_timeout=CONNECT_TIMEOUT, socket_timeout=CONNECT_TIMEOUT) as redis:
            await redis.ping()

    return check

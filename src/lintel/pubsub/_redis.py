"""Messages over Redis or Valkey. Needs the extra `redis`."""

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from lintel.pubsub._brokered import (
    CONNECT_SECONDS,
    DEADLINE,
    SILENCE_SECONDS,
    BrokeredPubSub,
    LinkLost,
    Receive,
)
from lintel.pubsub._fanout import MAX_QUEUED

if TYPE_CHECKING:
    from redis.asyncio import Redis
    from redis.asyncio.client import PubSub as RedisSubscription

MAX_CONNECTIONS = 8
"""Of one process: one that listens, the others publish. Further ones wait."""


class RedisPubSub(BrokeredPubSub):
    """See `BrokeredPubSub`.

    Args:
        url: `redis://…`, or `rediss://…` for TLS.
        prefix: Of the server's channel; applications that must not hear each other have different ones. The number of
            the database is added, because for Redis itself all its databases share their channels.
        max_queued: Messages that wait for one subscriber.
        deadline: Seconds that publishing may take.

    Raises:
        ImportError: The extra is not installed.
    """

    def __init__(self, url: str, *, prefix: str, max_queued: int = MAX_QUEUED, deadline: float = DEADLINE) -> None:
        super().__init__(_Connector(url, prefix), max_queued=max_queued, deadline=deadline)


class _Connector:
    def __init__(self, url: str, prefix: str) -> None:
        from redis.asyncio import BlockingConnectionPool, Redis  # noqa: PLC0415 - an optional extra
        from redis.asyncio.retry import Retry  # noqa: PLC0415
        from redis.backoff import NoBackoff  # noqa: PLC0415
        from redis.exceptions import RedisError  # noqa: PLC0415

        def client() -> Redis:
            pool = BlockingConnectionPool.from_url(
                url,
                max_connections=MAX_CONNECTIONS,
                timeout=CONNECT_SECONDS,
                socket_connect_timeout=CONNECT_SECONDS,
                socket_timeout=CONNECT_SECONDS,
                retry=Retry(NoBackoff(), 0),  # or a subscription would be made anew without our knowing
            )
            return Redis.from_pool(pool)

        self._client = client
        self._prefix = prefix
        self._faults = (RedisError, OSError)

    async def __call__(self, receive: Receive) -> "_RedisLink":
        redis = self._client()
        number = redis.connection_pool.connection_kwargs.get("db", 0)
        channel = f"{self._prefix}:{number}"
        link = _RedisLink(redis, channel, receive, self._faults)
        try:
            await link.start()
        except BaseException:
            await link.close()
            raise
        return link


class _RedisLink:
    def __init__(self, redis: "Redis", channel: str, receive: Receive, faults: tuple[type[Exception], ...]) -> None:
        self._redis = redis
        self._subscription: RedisSubscription = redis.pubsub()
        self._channel = channel
        self._receive = receive
        self._faults = faults

    async def start(self) -> None:
        """Subscribe, and wait until the server says that it counts."""
        try:
            await self._subscription.subscribe(self._channel)
            confirmed = await self._subscription.get_message(timeout=CONNECT_SECONDS)
        except self._faults:
            raise LinkLost from None
        if confirmed is None:
            raise LinkLost

    async def send(self, line: str) -> None:
        try:
            await self._redis.publish(self._channel, line)
        except self._faults:
            raise LinkLost from None

    async def listen(self) -> None:
        is_asked = False
        while True:
            try:
                message = await self._subscription.get_message(timeout=SILENCE_SECONDS)
                if message is None and not is_asked:
                    await self._subscription.ping()
            except self._faults:
                raise LinkLost from None
            if message is None and is_asked:
                raise LinkLost
            is_asked = message is None
            self._hand_over(message)

    def _hand_over(self, message: "dict[str, Any] | None") -> None:
        if message is not None and message["type"] == "message":
            with suppress(UnicodeDecodeError):  # somebody else's, on our channel
                self._receive(message["data"].decode())

    async def close(self) -> None:
        with suppress(*self._faults):
            await self._subscription.aclose()  # type: ignore[no-untyped-call]
        with suppress(*self._faults):
            await self._redis.aclose(close_connection_pool=True)

"""Messages over PostgreSQL's LISTEN and NOTIFY. Needs the extra `postgres`."""

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from sqlalchemy.engine import URL

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
    from asyncpg import Connection

CHANNEL = "lintel_pubsub"
NOTIFY = "SELECT pg_notify($1, $2)"
OF_SQLALCHEMY = ("prepared_statement_cache_size", "prepared_statement_name_func", "async_fallback")
"""What a URL may say to SQLAlchemy, and the driver does not know."""


class PostgresPubSub(BrokeredPubSub):
    """See `BrokeredPubSub`. All who use one database hear each other.

    Keeps a connection of its own, outside of any pool and of any transaction. It must reach the server itself: a
    pooler that hands out connections for one transaction at a time (PgBouncer) cannot listen.

    Args:
        url: Of the database that is written to; a replica cannot notify.
        max_queued: Messages that wait for one subscriber.
        deadline: Seconds that publishing may take.
        channel: Of the server.

    Raises:
        ImportError: The extra is not installed.
    """

    def __init__(
        self, url: URL, *, max_queued: int = MAX_QUEUED, deadline: float = DEADLINE, channel: str = CHANNEL
    ) -> None:
        super().__init__(_Connector(url, channel), max_queued=max_queued, deadline=deadline)


class _Connector:
    def __init__(self, url: URL, channel: str) -> None:
        import asyncpg  # noqa: PLC0415 - an optional extra

        self._asyncpg = asyncpg
        self._options = _driver_options(url)
        self._channel = channel
        self._faults = (
            asyncpg.PostgresError,
            asyncpg.InterfaceError,
            asyncpg.InternalClientError,  # of a connection that is being lost at this moment
            OSError,
            TimeoutError,
        )

    async def __call__(self, receive: Receive) -> "_PostgresLink":
        try:
            connection = await self._asyncpg.connect(**self._options, timeout=CONNECT_SECONDS)
        except self._faults:
            raise LinkLost from None
        link = _PostgresLink(connection, self._channel, receive, self._faults)
        try:
            await link.start()
        except BaseException:
            await link.close()
            raise
        return link


class _PostgresLink:
    def __init__(
        self, connection: "Connection", channel: str, receive: Receive, faults: tuple[type[Exception], ...]
    ) -> None:
        self._connection = connection
        self._channel = channel
        self._receive = receive
        self._faults = faults
        self._turn = asyncio.Lock()  # a connection does one thing at a time
        self._ended = asyncio.Event()

    async def start(self) -> None:
        self._connection.add_termination_listener(lambda _: self._ended.set())
        try:
            await self._connection.add_listener(self._channel, self._hand_over)
        except self._faults:
            raise LinkLost from None

    async def send(self, line: str) -> None:
        async with self._turn:
            try:
                await self._connection.execute(NOTIFY, self._channel, line)
            except self._faults:
                raise LinkLost from None

    async def listen(self) -> None:
        while not self._ended.is_set():
            try:
                await asyncio.wait_for(self._ended.wait(), SILENCE_SECONDS)
            except TimeoutError:
                await self._ask()
        raise LinkLost

    async def _ask(self) -> None:
        async with self._turn:
            try:
                await self._connection.execute("SELECT 1", timeout=SILENCE_SECONDS)
            except self._faults:
                raise LinkLost from None

    def _hand_over(self, _connection: Any, _pid: int, _channel: str, payload: str) -> None:
        self._receive(payload)

    async def close(self) -> None:
        with suppress(*self._faults):
            await self._connection.close(timeout=CONNECT_SECONDS)


def _driver_options(url: URL) -> dict[str, Any]:
    """What the driver is called with, by the same reading of the URL as the engines'."""
    url = url.set(drivername="postgresql+asyncpg")
    _, options = url.get_dialect()().create_connect_args(url)
    return {name: value for name, value in options.items() if name not in OF_SQLALCHEMY}

"""Messages between processes, over one connection to a server that may go away."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from typing import Any, Protocol

import structlog
from uuid_utils import uuid4

from lintel.pubsub._fanout import MAX_QUEUED, Fanout
from lintel.pubsub._port import Subscription
from lintel.pubsub._wire import received, sent

DEADLINE = 0.5
"""Seconds that publishing may take. Only the first one in an outage takes that long."""
CONNECT_SECONDS = 2.0
SILENCE_SECONDS = 15.0
"""After so long without a word the server is asked whether it is there, and has as long to answer."""
PAUSES = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
"""Seconds between attempts to connect; a random part of each is left out, so that processes do not come at once."""

Receive = Callable[[str], None]

_log = structlog.get_logger("lintel.pubsub")


class LinkLost(Exception):
    """The connection is gone. Says nothing more: a driver's text may name a host or a password."""


class Link(Protocol):
    """A connection that listens."""

    async def send(self, line: str) -> None:
        """Publish a line.

        Raises:
            LinkLost: It could not be.
        """
        ...

    async def listen(self) -> None:
        """Hand over what comes in, for as long as the connection lasts.

        Raises:
            LinkLost: It lasts no longer.
        """
        ...

    async def close(self) -> None:
        """Close it, whatever state it is in."""
        ...


class Connector(Protocol):
    """Knows the server."""

    async def __call__(self, receive: Receive) -> Link:
        """A connection that listens already.

        Raises:
            LinkLost: There is none to be had.
        """
        ...


class BrokeredPubSub:
    """Messages over a server; subscribers of the same process get them at once, and in an outage too.

    All channels share one channel of the server: a process looks at the name and drops what nobody in it hears. So
    there is nothing to subscribe to anew after an outage, and nothing to wait for before a subscription counts.

    Args:
        connect: Makes the connection; the only one, however many subscribers there are.
        max_queued: Messages that wait for one subscriber; one more and all of them become a `Resync`.
        deadline: Seconds that publishing may take.
    """

    def __init__(self, connect: Connector, *, max_queued: int = MAX_QUEUED, deadline: float = DEADLINE) -> None:
        self._connect = connect
        self._fanout = Fanout(max_queued=max_queued)
        self._deadline = deadline
        self._origin = uuid4().hex
        self._link: Link | None = None
        self._is_down = False
        self._lost = asyncio.Event()
        self._tried = asyncio.Event()

    async def publish(self, channel: str, data: Mapping[str, Any]) -> None:
        """See `PubSub.publish`; waits no longer than the deadline, and not at all in an outage that is known."""
        message = sent(self._origin, channel, data)
        self._fanout.deliver(message)
        link = self._link
        if link is None:
            return
        try:
            async with asyncio.timeout(self._deadline):
                await link.send(str(message))
        except (LinkLost, TimeoutError):
            if link is self._link:
                self._link = None
                self._lost.set()

    def subscribe(self, *channels: str) -> AbstractAsyncContextManager[Subscription]:
        """See `PubSub.subscribe`."""
        return self._fanout.subscribed(channels)

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """Connects, and goes on without where the first attempt fails."""
        self._fanout.open()
        self._tried.clear()
        keeping = asyncio.create_task(self._keep_connected())
        try:
            await self._tried.wait()
            yield
        finally:
            self._fanout.close()
            keeping.cancel()
            await asyncio.wait([keeping])

    async def _keep_connected(self) -> None:
        attempt = 0
        while True:
            self._lost.clear()
            with suppress(LinkLost, TimeoutError):
                await self._stay_connected()
            attempt = 0 if self._link is not None else attempt + 1
            self._link = None
            self._note_outage()
            pause = PAUSES[min(attempt, len(PAUSES) - 1)]
            await asyncio.sleep(pause * random.uniform(0.5, 1))  # noqa: S311 - spreads load, keeps no secret

    async def _stay_connected(self) -> None:
        async with asyncio.timeout(CONNECT_SECONDS):
            link = await self._connect(self._receive)
        try:
            self._link = link
            self._note_connected()
            await _first_of(link.listen(), self._lost.wait())
        finally:
            await link.close()

    def _receive(self, line: str) -> None:
        message = received(line)
        if message is not None and message.origin != self._origin:
            with suppress(ValueError, RecursionError):  # somebody else's, on our channel
                self._fanout.deliver(message)

    def _note_connected(self) -> None:
        self._tried.set()
        self._fanout.resync()
        if self._is_down:
            self._is_down = False
            _log.warning("messages between processes are carried again")

    def _note_outage(self) -> None:
        self._tried.set()
        if not self._is_down:
            self._is_down = True
            _log.error("messages between processes are not carried: the server does not answer")


async def _first_of(*waits: Any) -> None:
    """Wait for whichever ends first; its exception is raised, the others are cancelled."""
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)

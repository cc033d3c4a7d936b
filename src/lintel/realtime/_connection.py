"""One WebSocket: what it is sent, what it may say, and how it ends."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from lintel.errors import Unavailable
from lintel.pubsub import Resync, Subscription
from lintel.realtime._flood import Allowance
from lintel.realtime._frames import (
    Command,
    Frame,
    Ping,
    Subscribe,
    error_text,
    message_text,
    read_command,
)
from lintel.security import Access

MAX_CHANNELS = 32
"""That one connection hears."""

CLOSE_SECONDS = 1.0
GONE = (WebSocketDisconnect, OSError, RuntimeError)
"""What sending raises when the connection was closed a moment ago; servers have no one name for it."""

MayHear = Callable[[str], Awaitable[bool]]


class CloseCode(IntEnum):
    """Why a connection ends; those below 4000 are of RFC 6455, 7.4.1."""

    NORMAL = 1000
    GOING_AWAY = 1001
    UNSUPPORTED_DATA = 1003
    POLICY_VIOLATION = 1008
    TOO_BIG = 1009
    INTERNAL_ERROR = 1011
    TRY_AGAIN_LATER = 1013
    UNAUTHENTICATED = 4401


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one connection is held to.

    Attributes:
        max_message_bytes: The largest message of a client.
        messages_per_second: Of a client, for long; twice as many at once.
        slow_seconds: How long a client may not read what it is sent.
    """

    max_message_bytes: int
    messages_per_second: float
    slow_seconds: float


class Connection:
    """A WebSocket that was accepted.

    Attributes:
        access: Who it is.
        channels: What it hears.
    """

    __slots__ = ("_allowance", "_ending", "_limits", "_may_hear", "_socket", "_subscription", "access", "channels")

    def __init__(
        self,
        socket: WebSocket,
        access: Access,
        subscription: Subscription,
        *,
        limits: Limits,
        may_hear: MayHear | None,
    ) -> None:
        self.access = access
        self.channels: set[str] = set()
        self._socket = socket
        self._subscription = subscription
        self._limits = limits
        self._may_hear = may_hear
        self._allowance = Allowance(limits.messages_per_second)
        self._ending: asyncio.Future[tuple[int, str]] = asyncio.get_running_loop().create_future()

    def end(self, code: int, reason: str) -> None:
        """Have it closed; the first reason counts."""
        if not self._ending.done():
            self._ending.set_result((code, reason))

    async def run(self) -> None:
        """Until one side has had enough."""
        await _while_there(self._welcome())  # alone: nothing that the client says is answered before it
        talking = [asyncio.create_task(_while_there(talk)) for talk in (self._listen(), self._speak())]
        try:
            ends: list[asyncio.Future[Any]] = [*talking, self._ending]
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            for task in talking:
                if task.done():
                    task.result()
        finally:
            for task in talking:
                task.cancel()
            await asyncio.wait(talking)
        await self._close()

    async def _close(self) -> None:
        if self._socket.client_state is WebSocketState.DISCONNECTED or not self._ending.done():
            return
        with suppress(TimeoutError, *GONE):
            async with asyncio.timeout(CLOSE_SECONDS):  # one who does not read is cut off by the server
                await self._socket.close(*self._ending.result())

    async def _welcome(self) -> None:
        await self._send(Frame.text("welcome", data={"channels": sorted(self.channels)}))

    async def _speak(self) -> None:
        async for message in self._subscription:
            await self._send(Frame.text("resync") if isinstance(message, Resync) else message_text(message))
        self.end(CloseCode.GOING_AWAY, "the service ends")

    async def _send(self, text: str) -> None:
        try:
            async with asyncio.timeout(self._limits.slow_seconds):
                await self._socket.send_text(text)
        except TimeoutError:
            self.end(CloseCode.POLICY_VIOLATION, "too slow")
            raise _Gone from None
        except GONE:
            raise _Gone from None

    async def _listen(self) -> None:
        while not self._ending.done():
            message = await self._socket.receive()
            if message["type"] == "websocket.disconnect":
                return
            text = message.get("text")
            if text is None:
                self.end(CloseCode.UNSUPPORTED_DATA, "messages are text")
            elif len(text.encode()) > self._limits.max_message_bytes:
                self.end(CloseCode.TOO_BIG, "the message is too large")
            elif not self._allowance.take():
                self.end(CloseCode.POLICY_VIOLATION, "too many messages")
            else:
                await self._send(await self._answer(read_command(text)))

    async def _answer(self, command: Command | None) -> str:
        if command is None:
            return error_text("BAD_MESSAGE", "Send JSON: subscribe, unsubscribe or ping.")
        if isinstance(command, Ping):
            return Frame.text("pong")
        if self._may_hear is None:
            return error_text("FORBIDDEN", "This address hears one channel.", channel=command.channel)
        if isinstance(command, Subscribe):
            return await self._subscribe(command.channel, self._may_hear)
        self.channels.discard(command.channel)
        self._subscription.discard(command.channel)
        return Frame.text("unsubscribed", channel=command.channel)

    async def _subscribe(self, channel: str, may_hear: MayHear) -> str:
        if len(self.channels) >= MAX_CHANNELS and channel not in self.channels:
            return error_text("TOO_MANY_CHANNELS", f"At most {MAX_CHANNELS} at a time.", channel=channel)
        try:
            if not await may_hear(channel):
                return error_text("FORBIDDEN", "There is no such channel for you.", channel=channel)
        except Unavailable:
            return error_text("SERVICE_UNAVAILABLE", "Try again later.", channel=channel)
        self.channels.add(channel)
        self._subscription.add(channel)
        return Frame.text("subscribed", channel=channel)


class _Gone(Exception):
    """Nobody is there to talk to."""


async def _while_there(talk: Coroutine[None, None, None]) -> None:
    with suppress(_Gone):
        await talk

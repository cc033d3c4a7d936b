"""News between processes: what is sent, what is received, and who carries it."""

import re
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, Protocol, Self

CHANNEL = re.compile(r"[a-z][a-z0-9_-]*(?::[A-Za-z0-9_.-]+)*", re.ASCII)
MAX_CHANNEL = 128
MAX_BYTES = 7_000
"""Of one message's data as JSON in UTF-8. PostgreSQL carries less than 8000 with all that goes with it."""


@dataclass(frozen=True, slots=True)
class Message:
    """News on a channel.

    Attributes:
        channel: Where it was published.
        data: What was published, as JSON tells it: a tuple has become a list.
        id: Unique and time-ordered (UUIDv7); the same for every subscriber in every process.
    """

    channel: str
    data: Mapping[str, Any]
    id: str


@dataclass(frozen=True, slots=True)
class Resync:
    """Messages may have been missed on any channel: read the truth anew."""


class Subscription(Protocol):
    """What comes in on some channels, in order; at most so much that memory is bounded.

    It ends when the carrier is closed. Waiting for the next message may be cancelled, and goes on afterwards.
    """

    def add(self, channel: str) -> None:
        """Hear one channel more; one that is heard already makes no difference.

        Raises:
            ValueError: No name of a channel.
        """
        ...

    def discard(self, channel: str) -> None:
        """Hear a channel no more, whether it was heard or not."""
        ...

    def __aiter__(self) -> Self: ...

    async def __anext__(self) -> Message | Resync: ...


class PubSub(Protocol):
    """Carries messages to whoever listens at that moment, in all processes that share the same carrier.

    Best effort by contract: nothing is kept for those who are not there, and what is sent while the carrier is away
    reaches only subscribers of the same process. Publish after a commit, with ids and not with truth, and have every
    subscriber read the database: at the start, on each message, on each `Resync`, and now and then.
    """

    async def publish(self, channel: str, data: Mapping[str, Any]) -> None:
        """Send a message; returns when it is on its way, or cannot be.

        Args:
            channel: Words and ids with colons between them, such as `job:0192…`; at most 128 characters.
            data: JSON of at most 7000 bytes. Send an id where more is to be said.

        Raises:
            ValueError: No name of a channel, no JSON, or too much of it. An outage raises nothing.
        """
        ...

    def subscribe(self, *channels: str) -> AbstractAsyncContextManager[Subscription]:
        """Hear channels while the block runs, from its first line on.

        Raises:
            ValueError: No name of a channel.
        """
        ...

    def opened(self) -> AbstractAsyncContextManager[Any]:
        """Keep the connection while the block runs; its end ends all subscriptions.

        One that is not open carries messages within this process only.
        """
        ...


def check_channel(channel: str) -> None:
    """Refuse what is no name of a channel.

    Raises:
        ValueError: It is none.
    """
    if len(channel) > MAX_CHANNEL or not CHANNEL.fullmatch(channel):
        raise ValueError("no name of a channel: words and ids with colons between them, at most 128 characters")

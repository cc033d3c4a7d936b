"""How a message travels: the process it is from, its id, its channel and its data, with spaces between."""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from uuid_utils import uuid7

from lintel.pubsub._port import MAX_BYTES, Message, check_channel


class Sent(NamedTuple):
    """A message on its way; its data is read only where somebody listens."""

    origin: str
    id: str
    channel: str
    text: str

    def __str__(self) -> str:
        return " ".join(self)

    def message(self) -> Message:
        """What subscribers get."""
        return Message(self.channel, json.loads(self.text), self.id)


def sent(origin: str, channel: str, data: Mapping[str, Any]) -> Sent:
    """A new message.

    Raises:
        ValueError: No name of a channel, no JSON object, or too much of it.
    """
    check_channel(channel)
    try:
        text = json.dumps(dict(data), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        size = len(text.encode())
    except (TypeError, ValueError, RecursionError):  # a lone surrogate among them
        raise ValueError("the data of a message must be a JSON object") from None
    if size > MAX_BYTES:
        raise ValueError(f"a message of {size} bytes is too large, {MAX_BYTES} are allowed: send an id instead")
    return Sent(origin, str(uuid7()), channel, text)


def received(line: str) -> Sent | None:
    """A message from another process; None for what is no message."""
    parts = line.split(" ", 3)
    return Sent(*parts) if len(parts) == len(Sent._fields) else None

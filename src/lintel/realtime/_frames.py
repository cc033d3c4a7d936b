"""What is said over a WebSocket, in both directions: JSON objects as text."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from uuid_utils import uuid7

from lintel.pubsub import Message

MAX_CHANNEL = 128

Kind = Literal["welcome", "message", "subscribed", "unsubscribed", "resync", "pong", "error"]


class Frame(BaseModel):
    """What a client is sent."""

    model_config = ConfigDict(frozen=True)

    type: Kind
    channel: str | None = None
    data: Any = None
    id: str
    timestamp: datetime

    @classmethod
    def text(cls, kind: Kind, *, channel: str | None = None, data: Any = None, frame_id: str | None = None) -> str:
        """A frame of this moment, as it is sent."""
        frame = cls(type=kind, channel=channel, data=data, id=frame_id or str(uuid7()), timestamp=datetime.now(UTC))
        return frame.model_dump_json()


def message_text(message: Message) -> str:
    """A frame with a message; its id is that of the message, the same for everybody who hears it."""
    return Frame.text("message", channel=message.channel, data=message.data, frame_id=message.id)


def error_text(code: str, detail: str, *, channel: str | None = None) -> str:
    """A frame that says what is wrong with what the client sent."""
    return Frame.text("error", channel=channel, data={"error_code": code, "detail": detail})


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Subscribe(_Strict):
    """The client wants to hear a channel."""

    type: Literal["subscribe"]
    channel: Annotated[str, Field(max_length=MAX_CHANNEL)]


class Unsubscribe(_Strict):
    """The client wants to hear a channel no more."""

    type: Literal["unsubscribe"]
    channel: Annotated[str, Field(max_length=MAX_CHANNEL)]


class Ping(_Strict):
    """The client wants to know whether the server is there; browsers cannot send pings of the protocol."""

    type: Literal["ping"]


Command = Subscribe | Unsubscribe | Ping

_command: TypeAdapter[Command] = TypeAdapter(Annotated[Command, Field(discriminator="type")])


def read_command(text: str) -> Command | None:
    """What a client says; None for what cannot be understood."""
    try:
        return _command.validate_json(text)
    except (ValidationError, RecursionError):
        return None

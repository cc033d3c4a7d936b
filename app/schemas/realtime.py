"""WebSockets: tickets, and messages to channels."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import ConfigDict, Field

from lintel.api import JsonObject, RequestModel, ResponseModel

MAX_DATA = 4_096


class TicketRead(ResponseModel):
    """What opens one WebSocket, once."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"ticket": "q3dXh0…", "expires_at": "2026-11-21T10:30:30Z", "expires_in": 30}]}
    )

    ticket: Annotated[str, Field(description="For `?ticket=` of the WebSocket's address. Shown once.")]
    expires_at: Annotated[datetime, Field(description="When it is good no more (UTC).")]
    expires_in: Annotated[int, Field(description="Seconds until then.")]


class MessageCreate(RequestModel):
    """A message to all who hear a channel."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"data": {"text": "Tonight at ten we are away."}}]})

    data: Annotated[
        dict[str, Any],
        Field(description="Any JSON object, at most 4096 bytes."),
        JsonObject(max_bytes=MAX_DATA),
    ]


class MessageAccepted(ResponseModel):
    """What became of a message."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"channel": "news", "receivers": 3}]})

    channel: Annotated[str, Field(description="Where it was sent.")]
    receivers: Annotated[
        int,
        Field(
            description="WebSockets that heard the channel at that moment and are connected to the server process that "
            "answered; those of other processes are sent it too, but are not counted, and none has confirmed it."
        ),
    ]

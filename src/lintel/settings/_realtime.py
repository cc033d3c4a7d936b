"""How long streams and WebSockets live, and how many there may be."""

from pydantic import Field

from lintel.settings._base import BaseGroup


class RealtimeSettings(BaseGroup):
    """Streams of events and WebSockets."""

    ws_heartbeat_seconds: float = Field(
        default=20.0, gt=0, le=3_600, description="Seconds between two pings to a WebSocket."
    )
    ws_timeout_seconds: float = Field(
        default=20.0, gt=0, le=3_600, description="Seconds without a pong after which a WebSocket is dropped."
    )
    ws_max_connections: int = Field(
        default=1_000, ge=0, le=1_000_000, description="WebSockets that one server process holds at a time."
    )
    ws_max_per_user: int = Field(
        default=10, ge=1, le=10_000, description="WebSockets that one user may have in one server process."
    )
    ws_max_message_bytes: int = Field(
        default=16_384, ge=128, le=16_777_216, description="Largest message that a client may send; a larger one: 1009."
    )
    ws_messages_per_second: float = Field(
        default=10.0, gt=0, le=10_000, description="Messages a second that a client may send for long; more: 1008."
    )
    ws_slow_seconds: float = Field(
        default=10.0,
        gt=0,
        le=3_600,
        description="Seconds without reading what was sent, after which a client is dropped.",
    )
    ws_ticket_seconds: int = Field(default=30, ge=1, le=300, description="Life of a ticket that opens one WebSocket.")
    sse_poll_seconds: float = Field(
        default=5.0, gt=0, le=300, description="Seconds between two looks at what a stream of events follows."
    )
    sse_max_seconds: float = Field(
        default=900.0, gt=0, le=86_400, description="How long one stream of events lasts; clients come again."
    )
    sse_max_per_user: int = Field(
        default=20, ge=1, le=10_000, description="Streams of events that one user may have in one server process."
    )
    realtime_recheck_seconds: float = Field(
        default=3.0, gt=0, le=60, description="Seconds between two looks at whether those who listen still may."
    )

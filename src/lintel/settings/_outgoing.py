"""Whom the service itself may call, and how long it waits."""

from pydantic import Field

from lintel.settings._base import BaseGroup
from lintel.settings._types import StringList


class OutgoingSettings(BaseGroup):
    """Calls of the service to others: webhooks, engines over HTTP, sign-in providers."""

    outgoing_allowed_hosts: StringList = Field(
        default=(),
        description="Inner hosts that may be called: name, *.example.internal, 10.1.0.0/16, each with :port if it is "
        "not 80 or 443. Public addresses need no line, except for other ports.",
    )
    outgoing_connect_timeout: float = Field(
        default=5.0, gt=0, le=60, description="Seconds to look up a host and connect to it."
    )
    outgoing_read_timeout: float = Field(default=10.0, gt=0, le=600, description="Seconds without a byte of an answer.")
    outgoing_timeout: float = Field(
        default=30.0, gt=0, le=3_600, description="Seconds that a call may take in all, unless its code says otherwise."
    )
    outgoing_max_bytes: int = Field(
        default=1_048_576, ge=1_024, description="Most bytes read of an answer, unless its code says otherwise."
    )
    outgoing_max_connections: int = Field(
        default=50, ge=1, le=10_000, description="Connections to others at a time, for each purpose and process."
    )

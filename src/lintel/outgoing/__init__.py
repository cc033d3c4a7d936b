"""Calls to others, which never reach what only this machine or its network may reach."""

from lintel.outgoing._allowed import AllowedHost
from lintel.outgoing._answer import OutgoingAnswer, OutgoingStream
from lintel.outgoing._client import Outgoing, OutgoingLimits, outgoing_of
from lintel.outgoing._destinations import Destinations
from lintel.outgoing._errors import OutgoingRefused, OutgoingTimeout, OutgoingTooLarge, OutgoingUnavailable
from lintel.outgoing._network import Resolver
from lintel.outgoing._transport import GuardedTransport

__all__ = [
    "AllowedHost",
    "Destinations",
    "GuardedTransport",
    "Outgoing",
    "OutgoingAnswer",
    "OutgoingLimits",
    "OutgoingRefused",
    "OutgoingStream",
    "OutgoingTimeout",
    "OutgoingTooLarge",
    "OutgoingUnavailable",
    "Resolver",
    "outgoing_of",
]

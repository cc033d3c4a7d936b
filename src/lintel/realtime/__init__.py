"""Streams of events and WebSockets: what they follow, whom they serve, and how they end."""

from lintel.realtime._connection import CloseCode, Connection, Limits, MayHear
from lintel.realtime._draining import Draining
from lintel.realtime._follow import Follower, Snapshot
from lintel.realtime._handshake import BEARER, authenticated_socket, bearer_of, check_origin
from lintel.realtime._places import StreamPlaces
from lintel.realtime._sockets import ConnectionManager, SocketLimits

__all__ = [
    "BEARER",
    "CloseCode",
    "Connection",
    "ConnectionManager",
    "Draining",
    "Follower",
    "Limits",
    "MayHear",
    "Snapshot",
    "SocketLimits",
    "StreamPlaces",
    "authenticated_socket",
    "bearer_of",
    "check_origin",
]

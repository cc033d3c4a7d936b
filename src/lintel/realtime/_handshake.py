"""Who asks for a WebSocket, and from which page."""

from collections.abc import Awaitable, Callable, Collection
from contextlib import suppress
from urllib.parse import urlsplit

from fastapi import WebSocketException
from starlette.websockets import WebSocket

from lintel.errors import PermissionDenied, Unauthenticated
from lintel.realtime._connection import CloseCode
from lintel.security import Access

BEARER = "bearer"
"""Of two subprotocols that a browser offers, the first: the second is the token."""
DEFAULT_PORTS = {"http": 80, "https": 443}


def check_origin(socket: WebSocket, allowed: Collection[str]) -> None:
    """Refuse a page of somebody else: browsers say where a page is from, and ask no server whether it may connect.

    A page of this very host is ours. Who sends no Origin is no browser.

    Args:
        socket: Not accepted yet.
        allowed: Origins of further pages, as `https://app.example.com`; `*` for any.

    Raises:
        PermissionDenied: The page is neither.
    """
    origins = socket.headers.getlist("origin")
    if not origins:
        return
    if len(origins) > 1 or not ("*" in allowed or origins[0] in allowed or _is_here(origins[0], socket)):
        raise PermissionDenied("Pages of this origin may not connect.")


def _is_here(origin: str, socket: WebSocket) -> bool:
    scheme, _, rest = origin.partition("://")
    default = DEFAULT_PORTS.get(scheme)
    return default is not None and _place(rest, default) == _place(socket.headers.get("host", ""), default)


def _place(authority: str, default: int) -> tuple[str | None, int]:
    with suppress(ValueError):  # a port that is no number
        parts = urlsplit(f"//{authority}")
        return parts.hostname, parts.port or default
    return None, -1


def bearer_of(socket: WebSocket) -> str | None:
    """The token of `Authorization`, which browsers cannot send, or of the subprotocols `bearer, <token>`."""
    scheme, _, token = socket.headers.get("authorization", "").partition(" ")
    if scheme.lower() == BEARER and token:
        return token.strip()
    match socket.scope.get("subprotocols"):
        case [str(first), str(second)] if first == BEARER:
            return second
        case _:
            return None


async def authenticated_socket(socket: WebSocket, identify: Callable[[], Awaitable[Access]]) -> Access:
    """Accept a WebSocket whose sender is known; close it with 4401 where they are not.

    It is accepted in either case: a page cannot see why a handshake failed, but it can see why a connection was closed.

    Raises:
        WebSocketException: The sender is not known, or may no longer come.
    """
    access, reason = None, ""
    try:
        access = await identify()
    except (Unauthenticated, PermissionDenied) as error:
        reason = error.title
    offered = socket.scope.get("subprotocols", ())
    await socket.accept(subprotocol=BEARER if BEARER in offered else None)
    if access is None:
        raise WebSocketException(CloseCode.UNAUTHENTICATED, reason)
    return access

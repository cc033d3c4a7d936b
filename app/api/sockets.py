"""What WebSocket endpoints ask for."""

from functools import partial
from typing import Annotated

from fastapi import Depends, Query, WebSocket

from app.api.deps import RealtimeServiceDep
from lintel.realtime import authenticated_socket, bearer_of, check_origin
from lintel.security import Access


async def socket_access(
    socket: WebSocket, realtime: RealtimeServiceDep, ticket: Annotated[str | None, Query()] = None
) -> Access:
    """Who opens a WebSocket; nobody gets past without a ticket or a token of an active account."""
    check_origin(socket, socket.app.state.settings.cors_origins)
    return await authenticated_socket(socket, partial(realtime.identify, ticket=ticket, token=bearer_of(socket)))


SocketAccess = Annotated[Access, Depends(socket_access)]
"""Any known sender of a WebSocket, which has been accepted."""

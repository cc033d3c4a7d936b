from functools import partial

from fastapi import WebSocket

from app.api.callers import CurrentAccess, MessagesSend
from app.api.deps import ChannelName, RealtimeServiceDep
from app.api.sockets import SocketAccess
from app.core.channels import user_channel
from app.core.exceptions import ChannelNotFound
from app.schemas.realtime import MessageAccepted, MessageCreate, TicketRead
from lintel.errors import problems
from lintel.realtime import CloseCode
from lintel.routing import Router

router = Router(prefix="/ws", tags=["realtime"])


@router.post("/tickets", status_code=201, summary="Get a ticket for a WebSocket")
async def create_ticket(access: CurrentAccess, realtime: RealtimeServiceDep) -> TicketRead:
    """Get what opens one WebSocket, once and within half a minute: pages cannot send a token along with one.

    The connection lives no longer than the token with which you asked.
    """
    return await realtime.create_ticket(access)


@router.post("/{channel}/messages", status_code=202, summary="Send a message", responses=problems(ChannelNotFound))
async def send_message(
    channel: ChannelName, new: MessageCreate, me: MessagesSend, realtime: RealtimeServiceDep
) -> MessageAccepted:
    """Send a message to all who hear a public channel, or to one user (`user:<id>`); for moderators."""
    return await realtime.send_message(me, channel, new)


@router.websocket("")
async def open_socket(socket: WebSocket, access: SocketAccess, realtime: RealtimeServiceDep) -> None:
    """Hear what concerns you, and further channels that you ask for."""
    channels, may_hear = [user_channel(access.principal.id)], partial(realtime.may_hear, access.principal)
    await realtime.sockets.serve(socket, access, channels=channels, may_hear=may_hear)


@router.websocket("/{channel}")
async def open_channel(channel: str, socket: WebSocket, access: SocketAccess, realtime: RealtimeServiceDep) -> None:
    """Hear one channel."""
    if await realtime.may_hear(access.principal, channel):
        await realtime.sockets.serve(socket, access, channels=[channel])
    else:
        await socket.close(CloseCode.POLICY_VIOLATION, "there is no such channel for you")

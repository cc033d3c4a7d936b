"""WebSockets and streams: who may open one, what they may hear, and who may speak."""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog

from app.core.channels import PUBLIC_CHANNELS, USER, job_of, user_channel
from app.core.exceptions import ChannelNotFound
from app.models import Ticket
from app.repositories.jobs import JobReader
from app.repositories.tickets import TicketRepository
from app.schemas.realtime import MessageAccepted, MessageCreate, TicketRead
from app.services.auth import AuthService
from lintel.db import Database, Session, utc_now
from lintel.errors import Unauthenticated
from lintel.pubsub import PubSub
from lintel.realtime import ConnectionManager
from lintel.security import Access, Principal, new_one_time_token, one_time_hash

MAX_TICKET = 100

_log = structlog.get_logger("app.realtime")


class RealtimeService:
    """Everything about WebSockets but the sockets themselves."""

    def __init__(
        self, database: Database, auth: AuthService, pubsub: PubSub, sockets: ConnectionManager, *, ticket_seconds: int
    ) -> None:
        self._database = database
        self._jobs = JobReader(database)
        self._auth = auth
        self._pubsub = pubsub
        self._ticket_seconds = ticket_seconds
        self.sockets = sockets

    async def create_ticket(self, access: Access) -> TicketRead:
        """A ticket for whoever has this access: it opens one WebSocket, which lives no longer than the access."""
        ticket = new_one_time_token()
        expires_at = utc_now() + timedelta(seconds=self._ticket_seconds)

        async def work(session: Session) -> None:
            tickets = TicketRepository(session)
            await tickets.purge()
            await tickets.add(
                Ticket(
                    hash=one_time_hash(ticket),
                    user_id=access.principal.id,
                    session_id=access.principal.session_id,
                    expires_at=expires_at,
                    access_expires_at=datetime.fromtimestamp(access.expires_at, UTC),
                )
            )

        await self._database.run(work)
        return TicketRead(ticket=ticket, expires_at=expires_at, expires_in=self._ticket_seconds)

    async def delete_expired_tickets(self) -> int:
        """Delete the tickets that nobody came with in time; how many there were."""

        async def work(session: Session) -> int:
            return await TicketRepository(session).purge()

        return await self._database.run(work)

    async def identify(self, *, ticket: str | None, token: str | None) -> Access:
        """Who wants to open a WebSocket: by a ticket where there is one, else by a token.

        Raises:
            Unauthenticated: There is neither, or it is not good (any more).
            InactiveUser: The account cannot be used.
        """
        return await (self._auth.access(token) if ticket is None else self._redeem(ticket))

    async def _redeem(self, ticket: str) -> Access:
        if len(ticket) > MAX_TICKET:
            raise Unauthenticated
        hashed = one_time_hash(ticket)

        async def work(session: Session) -> dict[str, Any] | None:
            return await TicketRepository(session).take(hashed)

        found = await self._database.run(work)
        if found is None:
            raise Unauthenticated
        return await self._auth.access_of(
            found["user_id"], found["session_id"], expires_at=found["access_expires_at"].timestamp()
        )

    async def may_hear(self, principal: Principal, channel: str) -> bool:
        """Whether somebody may hear a channel: the public ones, their own and those of their jobs."""
        if channel in PUBLIC_CHANNELS or channel == user_channel(principal.id):
            return True
        job_id = job_of(channel)
        return job_id is not None and await self._jobs.get(principal, job_id) is not None

    async def send_message(self, principal: Principal, channel: str, new: MessageCreate) -> MessageAccepted:
        """A message to all who hear a public channel, or one user's.

        Raises:
            ChannelNotFound: It is neither.
        """
        if channel not in PUBLIC_CHANNELS and not _is_user_channel(channel):
            raise ChannelNotFound
        receivers = self.sockets.listeners(channel)
        await self._pubsub.publish(channel, new.data)
        _log.info("message sent", channel=channel, sender_id=principal.id, receivers=receivers)
        return MessageAccepted(channel=channel, receivers=receivers)

    async def still_valid(self, accesses: Collection[Access]) -> Collection[Access]:
        """Those whose account is still what it was."""
        return await self._auth.still_valid(accesses)


def _is_user_channel(channel: str) -> bool:
    number = channel.removeprefix(USER)
    return channel.startswith(USER) and number.isascii() and number.isdigit() and not number.startswith("0")

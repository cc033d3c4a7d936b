"""Tickets in the database."""

from typing import Any

from sqlalchemy import bindparam, delete

from app.models import Ticket
from lintel.db import Repository, utc_now

_tickets = Ticket.__table__.c
_TAKE = (
    delete(Ticket)
    .where(_tickets.hash == bindparam("hash"), _tickets.expires_at > bindparam("now"))
    .returning(_tickets.user_id, _tickets.session_id, _tickets.access_expires_at)
)
_PURGE = delete(Ticket).where(_tickets.expires_at <= bindparam("now")).returning(_tickets.user_id)
_QUIETLY = {"synchronize_session": False}


class TicketRepository(Repository[Ticket]):
    """Writes tickets, within a unit of work."""

    model = Ticket

    async def take(self, hashed: str) -> dict[str, Any] | None:
        """A ticket that is still good, taken away in the same statement: of two who come with it one gets it."""
        result = await self.session.execute(_TAKE, {"hash": hashed, "now": utc_now()})
        row = result.one_or_none()
        return None if row is None else dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public name

    async def purge(self) -> int:
        """Delete those that nobody came with in time; how many."""
        deleted = await self.session.execute(_PURGE, {"now": utc_now()}, execution_options=_QUIETLY)
        return len(deleted.all())

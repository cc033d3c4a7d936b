from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base
from lintel.db import UtcDateTime


class Ticket(Base):
    """What opens one WebSocket, once and soon. Of the ticket itself only the hash is kept."""

    __tablename__ = "tickets"
    __table_args__ = (
        Index("ix_tickets_expires_at", "expires_at"),
        Index("ix_tickets_user_id", "user_id"),
        Index("ix_tickets_session_id", "session_id"),
    )

    hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    # Ends with it: a connection lives no longer than what it was opened with.
    session_id: Mapped[UUID] = mapped_column(ForeignKey("sessions.id", ondelete="CASCADE"))
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    # Of the token it was given for.
    access_expires_at: Mapped[datetime] = mapped_column(UtcDateTime)

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Integer, LargeBinary, String, Uuid
from sqlalchemy.orm import Mapped, mapped_column
from uuid_utils.compat import uuid7

from app.models.base import Base
from lintel.db import UtcDateTime, utc_now


class UserSession(Base):
    """That somebody is signed in somewhere: a chain of refresh tokens, of which the last one is good."""

    __tablename__ = "sessions"
    __table_args__ = (
        Index("ix_sessions_user_id_last_used_at", "user_id", "last_used_at"),
        Index("ix_sessions_expires_at", "expires_at"),
    )

    # The `sid` of access tokens.
    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, default=uuid7)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    # Of the refresh tokens nothing is kept but what they are sealed with, and which of them is the last.
    refresh_salt: Mapped[bytes] = mapped_column(LargeBinary(16))
    refresh_number: Mapped[int] = mapped_column(Integer, default=0)
    user_agent: Mapped[str | None] = mapped_column(String(256), default=None)
    ip_address: Mapped[str | None] = mapped_column(String(45), default=None)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)
    last_used_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)
    # Unless it is refreshed before.
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    # However often it is refreshed.
    ends_at: Mapped[datetime] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)

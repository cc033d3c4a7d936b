from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from app.core.enums import UserRole
from app.models.base import Base, enum_column
from lintel.db import IdMixin, UtcDateTime, utc_now


class Invitation(IdMixin, Base):
    """That the owner of an address may make an account. Of the token in the mail only the hash is kept."""

    __tablename__ = "invitations"
    __table_args__ = (
        Index("uq_invitations_email", "email", unique=True),
        Index("uq_invitations_hash", "hash", unique=True),
        Index("ix_invitations_invited_by", "invited_by"),
        {"sqlite_autoincrement": True},
    )

    email: Mapped[str] = mapped_column(String(254))
    role: Mapped[UserRole] = mapped_column(enum_column(UserRole))
    # There is none before the mail is sent.
    hash: Mapped[str | None] = mapped_column(String(64), default=None)
    invited_by: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)

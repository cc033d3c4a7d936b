from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from app.core.enums import TokenPurpose
from app.models.base import Base, enum_column
from lintel.db import UtcDateTime, utc_now


class OneTimeToken(Base):
    """What a mail lets its reader do, once and soon. Of the token itself only the hash is kept."""

    __tablename__ = "one_time_tokens"
    # A new one takes the place of the one before it.
    __table_args__ = (Index("uq_one_time_tokens_user_id_purpose", "user_id", "purpose", unique=True),)

    hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    purpose: Mapped[TokenPurpose] = mapped_column(enum_column(TokenPurpose))
    # What the user's address is to be, if that is what it is for.
    new_email: Mapped[str | None] = mapped_column(String(254), default=None)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)

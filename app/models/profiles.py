from datetime import date
from typing import Any

from sqlalchemy import JSON, Boolean, Date, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from app.core.enums import VideoQuality
from app.models.base import Base, enum_column
from lintel.db import TimestampMixin


class Profile(TimestampMixin, Base):
    """What somebody says of themselves, and how they want things. Made when they first change it."""

    __tablename__ = "profiles"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    bio: Mapped[str | None] = mapped_column(String(500), default=None)
    birth_date: Mapped[date | None] = mapped_column(Date, default=None)
    address: Mapped[dict[str, str] | None] = mapped_column(JSON(none_as_null=True), default=None)
    preferences: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    avatar_key: Mapped[str | None] = mapped_column(String(128), default=None)
    language: Mapped[str] = mapped_column(String(35), default="en")
    timezone: Mapped[str] = mapped_column(String(64), default="UTC")
    email_notifications: Mapped[bool] = mapped_column(Boolean, default=True)
    default_video_quality: Mapped[VideoQuality] = mapped_column(enum_column(VideoQuality), default=VideoQuality.HD)

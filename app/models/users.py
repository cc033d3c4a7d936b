from datetime import datetime

from sqlalchemy import Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.enums import UserRole, UserStatus
from app.models.base import Base, enum_column
from lintel.db import IdMixin, SoftDeleteMixin, TimestampMixin, UtcDateTime, VersionMixin


class User(IdMixin, TimestampMixin, SoftDeleteMixin, VersionMixin, Base):
    """An account. Its address is kept in lower case, so that it is unique however it is written."""

    __tablename__ = "users"
    __table_args__ = (
        # Only among the living: who has left can come back.
        Index(
            "uq_users_email",
            "email",
            unique=True,
            sqlite_where=text("deleted_at IS NULL"),
            postgresql_where=text("deleted_at IS NULL"),
        ),
        Index(
            "uq_users_username",
            "username",
            unique=True,
            sqlite_where=text("deleted_at IS NULL"),
            postgresql_where=text("deleted_at IS NULL"),
        ),
        Index("ix_users_created_at_id", "created_at", "id"),
        Index("ix_users_role_status", "role", "status"),
        {"sqlite_autoincrement": True},
    )

    email: Mapped[str] = mapped_column(String(254))
    # In lower case too.
    username: Mapped[str | None] = mapped_column(String(50), default=None)
    full_name: Mapped[str | None] = mapped_column(String(100), default=None)
    role: Mapped[UserRole] = mapped_column(enum_column(UserRole), default=UserRole.USER)
    status: Mapped[UserStatus] = mapped_column(enum_column(UserStatus), default=UserStatus.ACTIVE)
    # Empty: nobody's password counts until the owner of the address has chosen one.
    hashed_password: Mapped[str] = mapped_column(String(255))
    # When it was last shown that mail to the address is read by the user, or an administrator said so.
    email_verified_at: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)

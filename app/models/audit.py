from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Index, String
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.core.audit import ActorKind, AuditAction, AuditOutcome, TargetKind
from app.models.base import Base, enum_column
from lintel.db import BigId, IdMixin, UtcDateTime, utc_now


class AuditEntry(IdMixin, Base):
    """That somebody did something, or tried. Written once, with what was done; deleted when it is old."""

    __tablename__ = "audit_entries"
    __table_args__ = (
        Index("ix_audit_entries_created_at_id", "created_at", "id"),
        Index("ix_audit_entries_user_id_created_at_id", "user_id", "created_at", "id"),
        Index("ix_audit_entries_actor_id_created_at_id", "actor_id", "created_at", "id"),
        {"sqlite_autoincrement": True},
    )

    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)
    action: Mapped[AuditAction] = mapped_column(enum_column(AuditAction))
    outcome: Mapped[AuditOutcome] = mapped_column(enum_column(AuditOutcome))
    actor_kind: Mapped[ActorKind] = mapped_column(enum_column(ActorKind))
    # None of these is a foreign key: an entry outlives what it is about.
    actor_id: Mapped[int | None] = mapped_column(BigId, default=None)
    api_key_id: Mapped[int | None] = mapped_column(BigId, default=None)
    # Whose account it concerns; they may read it.
    user_id: Mapped[int | None] = mapped_column(BigId, default=None)
    target_kind: Mapped[TargetKind | None] = mapped_column(enum_column(TargetKind), default=None)
    target_id: Mapped[str | None] = mapped_column(String(64), default=None)
    ip_address: Mapped[str | None] = mapped_column(String(45), default=None)
    user_agent: Mapped[str | None] = mapped_column(String(256), default=None)
    request_id: Mapped[str | None] = mapped_column(String(128), default=None)
    detail: Mapped[dict[str, Any]] = mapped_column(JSON().with_variant(JSONB, "postgresql"), default=dict)

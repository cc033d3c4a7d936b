from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Integer, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.enums import AnalysisStatus, AnalysisType, OptimizationTier
from app.models.base import Base, enum_column
from lintel.db import IdMixin, TimestampMixin, UtcDateTime

IS_UNFINISHED = text("status IN ('pending', 'processing')")


class Batch(IdMixin, TimestampMixin, Base):
    """Many texts that were sent together. Its row is locked by whoever notes what was found in some of them."""

    __tablename__ = "batches"
    __table_args__ = (
        Index("ix_batches_owner_id_created_at_id", "owner_id", "created_at", "id"),
        Index("ix_batches_owner_id_status", "owner_id", "status"),
        Index("ix_batches_unfinished", "job_id", sqlite_where=IS_UNFINISHED, postgresql_where=IS_UNFINISHED),
        {"sqlite_autoincrement": True},
    )

    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    status: Mapped[AnalysisStatus] = mapped_column(enum_column(AnalysisStatus))
    analysis_type: Mapped[AnalysisType] = mapped_column(enum_column(AnalysisType))
    optimization_tier: Mapped[OptimizationTier] = mapped_column(enum_column(OptimizationTier))
    total: Mapped[int] = mapped_column(Integer)
    completed: Mapped[int] = mapped_column(Integer, default=0)
    failed: Mapped[int] = mapped_column(Integer, default=0)
    # Without a foreign key: jobs are deleted some days after they end, batches are not.
    job_id: Mapped[UUID | None] = mapped_column(Uuid, default=None)
    processed_at: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)

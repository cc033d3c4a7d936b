from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Float, ForeignKey, Index, SmallInteger, String, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.core.enums import AnalysisStatus, AnalysisType, OptimizationTier
from app.models.base import Base, enum_column
from lintel.db import IdMixin, TimestampMixin, UtcDateTime


class Analysis(IdMixin, TimestampMixin, Base):
    """What was found in one text."""

    __tablename__ = "analyses"
    __table_args__ = (
        Index("ix_analyses_owner_id_created_at_id", "owner_id", "created_at", "id"),
        Index("ix_analyses_owner_id_status", "owner_id", "status"),
        Index("ix_analyses_owner_id_analysis_type", "owner_id", "analysis_type"),
        Index("ix_analyses_batch_id_position", "batch_id", "position"),
        {"sqlite_autoincrement": True},
    )

    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    batch_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("batches.id", ondelete="CASCADE"), default=None)
    position: Mapped[int | None] = mapped_column(SmallInteger, default=None)
    text_content: Mapped[str] = mapped_column(Text)
    analysis_type: Mapped[AnalysisType] = mapped_column(enum_column(AnalysisType))
    optimization_tier: Mapped[OptimizationTier] = mapped_column(enum_column(OptimizationTier))
    status: Mapped[AnalysisStatus] = mapped_column(enum_column(AnalysisStatus))
    progress: Mapped[int] = mapped_column(SmallInteger, default=0)
    sentiment_score: Mapped[float | None] = mapped_column(Float, default=None)
    result: Mapped[dict[str, Any] | None] = mapped_column(
        JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql"), default=None
    )
    processing_time_ms: Mapped[float | None] = mapped_column(Float, default=None)
    error_message: Mapped[str | None] = mapped_column(String(500), default=None)
    processed_at: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)

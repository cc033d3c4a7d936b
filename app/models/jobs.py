from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base
from lintel.jobs import JobMixin, ScheduleMixin


class Job(JobMixin, Base):
    """Work that goes on when the request is over."""

    __tablename__ = "jobs"

    owner_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), default=None)


class Schedule(ScheduleMixin, Base):
    """Work that recurs."""

    __tablename__ = "schedules"

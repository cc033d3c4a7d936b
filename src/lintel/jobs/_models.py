"""The two tables, as mixins: the service binds them to its own base and owns their migrations."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, BigInteger, Enum, Float, Index, SmallInteger, String, Table, Uuid, literal_column, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, declared_attr, mapped_column
from uuid_utils.compat import uuid7

from lintel.db import UtcDateTime, utc_now


class JobStatus(StrEnum):
    """How far a job is."""

    PENDING = "pending"
    PROCESSING = "processing"
    COMPLETED = "completed"
    ERROR = "error"
    CANCELLED = "cancelled"

    @property
    def is_live(self) -> bool:
        """Whether it still waits or runs."""
        return self in LIVE


LIVE = (JobStatus.PENDING, JobStatus.PROCESSING)
FINAL = (JobStatus.COMPLETED, JobStatus.ERROR, JobStatus.CANCELLED)
ENDED_BADLY = (JobStatus.ERROR, JobStatus.CANCELLED)
IS_PENDING = text("status = 'pending'")
IS_PROCESSING = text("status = 'processing'")
IS_LIVE = text("status IN ('pending', 'processing')")
IS_KEYED = text("status = 'pending' AND concurrency_key IS NOT NULL")
IS_OWNED = text("owner_id IS NOT NULL")
IS_OVER = text("finished_at IS NOT NULL")

IN_PENDING: Any = literal_column("'pending'")
IN_PROCESSING: Any = literal_column("'processing'")
"""Written out, so that a statement that is planned once can use the indexes of such rows only."""

_Json = JSON().with_variant(JSONB, "postgresql")
_Status = Enum(
    JobStatus,
    native_enum=False,
    create_constraint=False,
    length=16,
    values_callable=lambda statuses: [status.value for status in statuses],
)


class JobMixin:
    """A job: what is to be done, how far it is, and who holds it. Enqueuing it is inserting it.

    Attributes:
        available_at: From when it may be taken: in the future after a failed attempt, and for jobs meant for later.
        lease_owner: The worker that holds it.
        lease_token: Counts how often it was taken. Whoever writes must name the number they got (a fencing token).
        lease_until: When somebody else may take it.
        unique_key: Among the jobs that wait or run there is at most one with a key.
        concurrency_key: At most `concurrency_limit` jobs with one key run at once.
    """

    def __init_subclass__(cls, **options: Any) -> None:
        """Add the index of what is due, whose order only the columns of the table itself can tell."""
        super().__init_subclass__(**options)
        table = cls.__dict__.get("__table__")
        if isinstance(table, Table):
            due = (table.c.priority.desc(), table.c.available_at, table.c.id)
            _partial(f"ix_{table.name}_due", *due, where=IS_PENDING)

    @declared_attr.directive
    def __table_args__(cls) -> tuple[Any, ...]:  # noqa: N805 - SQLAlchemy passes the class
        """Indexes of what workers and lists look for; each holds only the rows that are looked for.

        Ids tell the order in which jobs were asked for (UUIDv7), so no index is needed for that.
        """
        table = cls.__tablename__  # type: ignore[attr-defined]
        return (
            _partial(f"ix_{table}_keyed", "available_at", where=IS_KEYED),
            _partial(f"ix_{table}_lease_until", "lease_until", where=IS_PROCESSING),
            _partial(f"uq_{table}_unique_key", "unique_key", where=IS_LIVE, unique=True),
            _partial(f"ix_{table}_finished_at", "finished_at", where=IS_OVER),
            _partial(f"ix_{table}_owner_id_id", "owner_id", "id", where=IS_OWNED),
        )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, default=uuid7, sort_order=-1)
    kind: Mapped[str] = mapped_column(String(64))
    queue: Mapped[str] = mapped_column(String(64), default="default")
    payload: Mapped[dict[str, Any]] = mapped_column(_Json)
    status: Mapped[JobStatus] = mapped_column(_Status, default=JobStatus.PENDING)
    progress: Mapped[int] = mapped_column(SmallInteger, default=0)
    priority: Mapped[int] = mapped_column(SmallInteger, default=0)
    attempts: Mapped[int] = mapped_column(SmallInteger, default=0)
    max_attempts: Mapped[int] = mapped_column(SmallInteger, default=3)
    timeout_seconds: Mapped[float] = mapped_column(Float, default=300)
    available_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)
    lease_owner: Mapped[str | None] = mapped_column(String(200), default=None)
    lease_token: Mapped[int] = mapped_column(BigInteger, default=0)
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)
    cancel_requested: Mapped[bool] = mapped_column(default=False)
    unique_key: Mapped[str | None] = mapped_column(String(200), default=None)
    concurrency_key: Mapped[str | None] = mapped_column(String(200), default=None)
    concurrency_limit: Mapped[int] = mapped_column(SmallInteger, default=1)
    owner_id: Mapped[int | None] = mapped_column(BigInteger, default=None)
    request_id: Mapped[str | None] = mapped_column(String(128), default=None)
    result: Mapped[dict[str, Any] | None] = mapped_column(_Json, default=None)
    error_code: Mapped[str | None] = mapped_column(String(64), default=None)
    error_message: Mapped[str | None] = mapped_column(String(500), default=None)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)
    started_at: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)


class ScheduleMixin:
    """When something recurs, and when it is next to be enqueued. What that is stands in the code.

    Attributes:
        is_enabled: Whether it is; for operators.
        next_run_at: The tick that nobody has enqueued yet.
        last_run_at: The tick that was enqueued last.
    """

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    cron: Mapped[str] = mapped_column(String(100))
    timezone: Mapped[str] = mapped_column(String(64))
    is_enabled: Mapped[bool] = mapped_column(default=True)
    next_run_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_run_at: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)


def _partial(name: str, *columns: Any, where: Any, unique: bool = False) -> Index:
    return Index(name, *columns, unique=unique, sqlite_where=where, postgresql_where=where)

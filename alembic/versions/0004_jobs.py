"""Jobs and schedules."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

Json = sa.JSON().with_variant(JSONB(), "postgresql")
Moment = sa.DateTime(timezone=True)
Name = sa.String(64)
BigId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "jobs",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", Name, nullable=False),
        sa.Column("queue", Name, nullable=False),
        sa.Column("payload", Json, nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("progress", sa.SmallInteger(), nullable=False),
        sa.Column("priority", sa.SmallInteger(), nullable=False),
        sa.Column("attempts", sa.SmallInteger(), nullable=False),
        sa.Column("max_attempts", sa.SmallInteger(), nullable=False),
        sa.Column("timeout_seconds", sa.Float(), nullable=False),
        sa.Column("available_at", Moment, nullable=False),
        sa.Column("lease_owner", sa.String(200)),
        sa.Column("lease_token", sa.BigInteger(), nullable=False),
        sa.Column("lease_until", Moment),
        sa.Column("cancel_requested", sa.Boolean(), nullable=False),
        sa.Column("unique_key", sa.String(200)),
        sa.Column("concurrency_key", sa.String(200)),
        sa.Column("concurrency_limit", sa.SmallInteger(), nullable=False),
        sa.Column("owner_id", BigId),
        sa.Column("request_id", sa.String(128)),
        sa.Column("result", Json),
        sa.Column("error_code", Name),
        sa.Column("error_message", sa.String(500)),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("updated_at", Moment, nullable=False),
        sa.Column("started_at", Moment),
        sa.Column("finished_at", Moment),
        sa.PrimaryKeyConstraint("id", name="pk_jobs"),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name="fk_jobs_owner_id_users", ondelete="CASCADE"),
    )
    _index("ix_jobs_due", [sa.text("priority DESC"), "available_at", "id"], "status = 'pending'")
    _index("ix_jobs_keyed", ["available_at"], "status = 'pending' AND concurrency_key IS NOT NULL")
    _index("ix_jobs_lease_until", ["lease_until"], "status = 'processing'")
    _index("uq_jobs_unique_key", ["unique_key"], "status IN ('pending', 'processing')", unique=True)
    _index("ix_jobs_finished_at", ["finished_at"], "finished_at IS NOT NULL")
    _index("ix_jobs_owner_id_id", ["owner_id", "id"], "owner_id IS NOT NULL")

    op.create_table(
        "schedules",
        sa.Column("name", Name, nullable=False),
        sa.Column("cron", sa.String(100), nullable=False),
        sa.Column("timezone", Name, nullable=False),
        sa.Column("is_enabled", sa.Boolean(), nullable=False),
        sa.Column("next_run_at", Moment, nullable=False),
        sa.Column("last_run_at", Moment),
        sa.PrimaryKeyConstraint("name", name="pk_schedules"),
    )


def _index(name: str, columns: list[object], where: str, *, unique: bool = False) -> None:
    rows = sa.text(where)
    op.create_index(name, "jobs", columns, unique=unique, sqlite_where=rows, postgresql_where=rows)


def downgrade() -> None:
    op.drop_table("schedules")
    op.drop_table("jobs")

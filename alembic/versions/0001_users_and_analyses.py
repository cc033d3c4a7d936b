"""Users and analyses."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

BigId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Json = sa.JSON().with_variant(JSONB(), "postgresql")
Moment = sa.DateTime(timezone=True)
Word = sa.String(32)


def upgrade() -> None:
    op.create_table(
        "users",
        sa.Column("id", BigId, nullable=False),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("full_name", sa.String(100)),
        sa.Column("role", Word, nullable=False),
        sa.Column("status", Word, nullable=False),
        sa.Column("hashed_password", sa.String(255), nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("updated_at", Moment, nullable=False),
        sa.Column("deleted_at", Moment),
        sa.PrimaryKeyConstraint("id", name="pk_users"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_users_created_at_id", "users", ["created_at", "id"])
    op.create_index("ix_users_role_status", "users", ["role", "status"])
    living = sa.text("deleted_at IS NULL")
    op.create_index("uq_users_email", "users", ["email"], unique=True, sqlite_where=living, postgresql_where=living)

    op.create_table(
        "analyses",
        sa.Column("id", BigId, nullable=False),
        sa.Column("owner_id", BigId, nullable=False),
        sa.Column("batch_id", sa.BigInteger()),
        sa.Column("text_content", sa.Text(), nullable=False),
        sa.Column("analysis_type", Word, nullable=False),
        sa.Column("optimization_tier", Word, nullable=False),
        sa.Column("status", Word, nullable=False),
        sa.Column("progress", sa.SmallInteger(), nullable=False),
        sa.Column("sentiment_score", sa.Float()),
        sa.Column("result", Json),
        sa.Column("processing_time_ms", sa.Float()),
        sa.Column("error_message", sa.String(500)),
        sa.Column("processed_at", Moment),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("updated_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_analyses"),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name="fk_analyses_owner_id_users", ondelete="CASCADE"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_analyses_owner_id_created_at_id", "analyses", ["owner_id", "created_at", "id"])
    op.create_index("ix_analyses_owner_id_status", "analyses", ["owner_id", "status"])
    op.create_index("ix_analyses_owner_id_analysis_type", "analyses", ["owner_id", "analysis_type"])
    op.create_index("ix_analyses_batch_id", "analyses", ["batch_id"])


def downgrade() -> None:
    op.drop_table("analyses")
    op.drop_table("users")

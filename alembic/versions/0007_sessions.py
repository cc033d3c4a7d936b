"""Sessions: where somebody is signed in. Tickets belong to one; those given before are good for seconds and go."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

BigId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Moment = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "sessions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", BigId, nullable=False),
        sa.Column("refresh_salt", sa.LargeBinary(16), nullable=False),
        sa.Column("refresh_number", sa.Integer(), nullable=False),
        sa.Column("user_agent", sa.String(256), nullable=True),
        sa.Column("ip_address", sa.String(45), nullable=True),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("last_used_at", Moment, nullable=False),
        sa.Column("expires_at", Moment, nullable=False),
        sa.Column("ends_at", Moment, nullable=False),
        sa.Column("revoked_at", Moment, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_sessions"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_sessions_user_id_users", ondelete="CASCADE"),
    )
    op.create_index("ix_sessions_user_id_last_used_at", "sessions", ["user_id", "last_used_at"])
    op.create_index("ix_sessions_expires_at", "sessions", ["expires_at"])
    op.drop_table("tickets")
    _create_tickets(
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["session_id"], ["sessions.id"], name="fk_tickets_session_id_sessions", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_tickets_session_id", "tickets", ["session_id"])


def downgrade() -> None:
    op.drop_table("tickets")
    _create_tickets()
    op.drop_table("sessions")


def _create_tickets(*more: sa.schema.SchemaItem) -> None:
    op.create_table(
        "tickets",
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("user_id", BigId, nullable=False),
        sa.Column("expires_at", Moment, nullable=False),
        sa.Column("access_expires_at", Moment, nullable=False),
        *more,
        sa.PrimaryKeyConstraint("hash", name="pk_tickets"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_tickets_user_id_users", ondelete="CASCADE"),
    )
    op.create_index("ix_tickets_expires_at", "tickets", ["expires_at"])
    op.create_index("ix_tickets_user_id", "tickets", ["user_id"])

"""Batches."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

BigId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Moment = sa.DateTime(timezone=True)
Word = sa.String(32)


def upgrade() -> None:
    op.create_table(
        "batches",
        sa.Column("id", BigId, nullable=False),
        sa.Column("owner_id", BigId, nullable=False),
        sa.Column("status", Word, nullable=False),
        sa.Column("analysis_type", Word, nullable=False),
        sa.Column("optimization_tier", Word, nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("completed", sa.Integer(), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.Column("job_id", sa.Uuid()),
        sa.Column("processed_at", Moment),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("updated_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_batches"),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name="fk_batches_owner_id_users", ondelete="CASCADE"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_batches_owner_id_created_at_id", "batches", ["owner_id", "created_at", "id"])
    op.create_index("ix_batches_owner_id_status", "batches", ["owner_id", "status"])

    op.drop_index("ix_analyses_batch_id", "analyses")
    with op.batch_alter_table("analyses", table_kwargs={"sqlite_autoincrement": True}) as analyses:
        analyses.add_column(sa.Column("position", sa.SmallInteger()))
        analyses.create_foreign_key("fk_analyses_batch_id_batches", "batches", ["batch_id"], ["id"], ondelete="CASCADE")
    op.create_index("ix_analyses_batch_id_position", "analyses", ["batch_id", "position"])


def downgrade() -> None:
    op.drop_index("ix_analyses_batch_id_position", "analyses")
    with op.batch_alter_table("analyses", table_kwargs={"sqlite_autoincrement": True}) as analyses:
        analyses.drop_constraint("fk_analyses_batch_id_batches", type_="foreignkey")
        analyses.drop_column("position")
    op.create_index("ix_analyses_batch_id", "analyses", ["batch_id"])
    op.drop_table("batches")

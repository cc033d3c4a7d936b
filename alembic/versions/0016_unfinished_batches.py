"""An index of the batches that have not ended, by their jobs."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

IS_UNFINISHED = sa.text("status IN ('pending', 'processing')")


def upgrade() -> None:
    op.create_index(
        "ix_batches_unfinished", "batches", ["job_id"], sqlite_where=IS_UNFINISHED, postgresql_where=IS_UNFINISHED
    )


def downgrade() -> None:
    op.drop_index("ix_batches_unfinished", "batches")

"""The address that a token lets its user take."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("one_time_tokens", sa.Column("new_email", sa.String(254), nullable=True))


def downgrade() -> None:
    op.drop_column("one_time_tokens", "new_email")

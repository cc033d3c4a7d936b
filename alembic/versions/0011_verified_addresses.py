"""When users proved their addresses."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

Moment = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("users", sa.Column("email_verified_at", Moment, nullable=True))


def downgrade() -> None:
    op.drop_column("users", "email_verified_at")

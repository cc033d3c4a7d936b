"""Where pictures of users are."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("profiles", sa.Column("avatar_key", sa.String(128), nullable=True))


def downgrade() -> None:
    op.drop_column("profiles", "avatar_key")

"""Names of users, profiles and settings."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

BigId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Moment = sa.DateTime(timezone=True)
LIVING = sa.text("deleted_at IS NULL")


def upgrade() -> None:
    op.add_column("users", sa.Column("username", sa.String(50), nullable=True))
    op.create_index(
        "uq_users_username", "users", ["username"], unique=True, sqlite_where=LIVING, postgresql_where=LIVING
    )
    op.create_table(
        "profiles",
        sa.Column("user_id", BigId, nullable=False),
        sa.Column("bio", sa.String(500), nullable=True),
        sa.Column("birth_date", sa.Date(), nullable=True),
        sa.Column("address", sa.JSON(), nullable=True),
        sa.Column("preferences", sa.JSON(), nullable=False),
        sa.Column("language", sa.String(35), nullable=False),
        sa.Column("timezone", sa.String(64), nullable=False),
        sa.Column("email_notifications", sa.Boolean(), nullable=False),
        sa.Column("default_video_quality", sa.String(32), nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("updated_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("user_id", name="pk_profiles"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_profiles_user_id_users", ondelete="CASCADE"),
    )


def downgrade() -> None:
    op.drop_table("profiles")
    op.drop_index("uq_users_username", table_name="users")
    op.drop_column("users", "username")

"""What has changed, for readers that keep answers."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "change",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("subject", sa.String().with_variant(sa.String(collation="C"), "postgresql"), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("change_pkey")),
        sqlite_autoincrement=True,
    )


def downgrade() -> None:
    op.drop_table("change")

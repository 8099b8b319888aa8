"""what orders works"""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

NAME = "work_in_order"


def _is_postgresql() -> bool:
    return op.get_bind().dialect.name == "postgresql"


def upgrade() -> None:
    if _is_postgresql():
        op.create_index(NAME, "work", ["id"], postgresql_include=["newest_key", "title_key", "citation_count"])


def downgrade() -> None:
    if _is_postgresql():
        op.drop_index(NAME, "work")

"""A fence may have its beginning."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("fence", sa.Column("begins_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(op.f("ix_fence_begins_at"), "fence", ["begins_at"])


def downgrade() -> None:
    """What was not watched yet is watched from now on."""
    op.drop_index(op.f("ix_fence_begins_at"), "fence")
    op.drop_column("fence", "begins_at")

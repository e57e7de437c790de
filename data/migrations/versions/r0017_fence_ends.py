"""A fence may have its end."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("fence", sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(op.f("ix_fence_ends_at"), "fence", ["ends_at"])


def downgrade() -> None:
    """Fences are watched until somebody takes them away again."""
    op.drop_index(op.f("ix_fence_ends_at"), "fence")
    op.drop_column("fence", "ends_at")

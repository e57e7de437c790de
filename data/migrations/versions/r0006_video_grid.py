"""Walls: how each shows several pictures."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("wall", sa.Column("grid", sa.String(length=16), nullable=False, server_default="main"))


def downgrade() -> None:
    with op.batch_alter_table("wall") as wall:
        wall.drop_column("grid")

"""What phones recorded while they had no network and brought afterwards: whose recording it is, and by which id it came."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("recording", sa.Column("origin", sa.String(length=8), nullable=False, server_default="RELAY"))
    op.add_column("segment", sa.Column("upload_id", sa.String(length=26), nullable=True))
    op.create_index(op.f("ix_segment_upload_id"), "segment", ["upload_id"], unique=True)


def downgrade() -> None:
    op.drop_index(op.f("ix_segment_upload_id"), "segment")
    op.drop_column("segment", "upload_id")
    op.drop_column("recording", "origin")

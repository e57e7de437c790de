"""Outside videos that were brought by resumable upload."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
ID = sa.String(length=26)


def upgrade() -> None:
    op.create_table(
        "brought_video",
        sa.Column("id", ID, nullable=False),
        sa.Column("court_code", sa.String(length=16), nullable=False),
        sa.Column("brought_by", ID, nullable=False),
        sa.Column("begun_at", INSTANT, nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("ended_at", INSTANT, nullable=True),
        sa.Column("refused_why", sa.String(length=48), nullable=True),
        sa.ForeignKeyConstraint(["court_code"], ["court.code"], name=op.f("fk_brought_video_court_code")),
        sa.ForeignKeyConstraint(["brought_by"], ["officer.id"], name=op.f("fk_brought_video_brought_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_brought_video")),
    )
    for column in ("brought_by", "begun_at", "sha256", "state"):
        op.create_index(op.f(f"ix_brought_video_{column}"), "brought_video", [column])


def downgrade() -> None:
    """What was brought stays a recording; the version before knows no other kind than the phone's that has no relay behind it."""
    op.execute("UPDATE recording SET origin = 'PHONE' WHERE origin = 'BROUGHT'")
    op.drop_table("brought_video")

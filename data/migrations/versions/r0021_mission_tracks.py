"""What stays of a mission's track when the raw positions go."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "mission_track",
        sa.Column("mission_id", sa.String(length=40), nullable=False),
        sa.Column("unit_no", sa.Integer(), nullable=False),
        sa.Column("source", sa.String(length=26), nullable=False),
        sa.Column("from_at", INSTANT, nullable=False),
        sa.Column("to_at", INSTANT, nullable=False),
        sa.Column("fixes", sa.Integer(), nullable=False),
        sa.Column("kept", sa.Integer(), nullable=False),
        sa.Column("track", sa.LargeBinary(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("made_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["mission_id"], ["mission.id"], name=op.f("fk_mission_track_mission_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["unit_no"], ["unit.no"], name=op.f("fk_mission_track_unit_no")),
        sa.PrimaryKeyConstraint("mission_id", "unit_no", "source", name=op.f("pk_mission_track")),
    )
    op.create_index(op.f("ix_mission_track_source"), "mission_track", ["source"])


def downgrade() -> None:
    """What was thinned is gone; raw positions that are still there stay."""
    op.drop_table("mission_track")

"""Recordings: streams on disk, their segments with digests, their gaps."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
ID = sa.String(length=26)
WORD = sa.String(length=16)


def upgrade() -> None:
    op.create_table(
        "recording",
        sa.Column("id", ID, nullable=False),
        sa.Column("court_code", WORD, nullable=False),
        sa.Column("stream", sa.String(length=64), nullable=False),
        sa.Column("call_id", ID, nullable=True),
        sa.Column("unit_no", sa.Integer(), nullable=True),
        sa.Column("state", WORD, nullable=False),
        sa.Column("category", WORD, nullable=False),
        sa.Column("began_at", INSTANT, nullable=False),
        sa.Column("broken_at", INSTANT, nullable=True),
        sa.Column("broken_why", WORD, nullable=True),
        sa.Column("ended_at", INSTANT, nullable=True),
        sa.Column("ended_why", WORD, nullable=True),
        sa.Column("held_at", INSTANT, nullable=True),
        sa.Column("held_by", ID, nullable=True),
        sa.Column("purged_at", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(["court_code"], ["court.code"], name=op.f("fk_recording_court_code")),
        sa.ForeignKeyConstraint(["call_id"], ["call.id"], name=op.f("fk_recording_call_id")),
        sa.ForeignKeyConstraint(["unit_no"], ["unit.no"], name=op.f("fk_recording_unit_no")),
        sa.ForeignKeyConstraint(["held_by"], ["officer.id"], name=op.f("fk_recording_held_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recording")),
    )
    for column in ("call_id", "unit_no", "began_at", "ended_at"):
        op.create_index(op.f(f"ix_recording_{column}"), "recording", [column])
    op.create_table(
        "segment",
        sa.Column("recording_id", ID, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("form", sa.String(length=8), nullable=False),
        sa.Column("began_at", INSTANT, nullable=False),
        sa.Column("duration_ms", sa.Integer(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("recovered", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["recording_id"], ["recording.id"], name=op.f("fk_segment_recording_id")),
        sa.PrimaryKeyConstraint("recording_id", "number", name=op.f("pk_segment")),
    )
    op.create_index(op.f("ix_segment_began_at"), "segment", ["began_at"])
    op.create_table(
        "recording_gap",
        sa.Column("id", ID, nullable=False),
        sa.Column("recording_id", ID, nullable=False),
        sa.Column("track", sa.String(length=8), nullable=False),
        sa.Column("from_at", INSTANT, nullable=False),
        sa.Column("to_at", INSTANT, nullable=False),
        sa.Column("why", WORD, nullable=False),
        sa.ForeignKeyConstraint(["recording_id"], ["recording.id"], name=op.f("fk_recording_gap_recording_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recording_gap")),
    )
    op.create_index(op.f("ix_recording_gap_recording_id"), "recording_gap", ["recording_id"])


def downgrade() -> None:
    for table in ("recording_gap", "segment", "recording"):
        op.drop_table(table)

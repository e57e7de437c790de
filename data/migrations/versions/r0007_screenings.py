"""Screenings: clips and their masks, releases, programmes."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
ID = sa.String(length=26)
WORD = sa.String(length=16)
DIGEST = sa.String(length=64)


def upgrade() -> None:
    op.create_table(
        "clip",
        sa.Column("id", ID, nullable=False),
        sa.Column("court_code", WORD, nullable=False),
        sa.Column("recording_id", ID, nullable=False),
        sa.Column("from_at", INSTANT, nullable=False),
        sa.Column("to_at", INSTANT, nullable=False),
        sa.Column("title", sa.String(length=20), nullable=False),
        sa.Column("words", sa.String(length=60), nullable=True),
        sa.Column("tag", WORD, nullable=False),
        sa.Column("made_by", ID, nullable=False),
        sa.Column("made_at", INSTANT, nullable=False),
        sa.Column("mask", sa.JSON(), nullable=False),
        sa.Column("masked_by", ID, nullable=True),
        sa.Column("masked_at", INSTANT, nullable=True),
        sa.Column("minor", sa.Boolean(), nullable=True),
        sa.Column("rendering", WORD, nullable=False),
        sa.Column("share_pct", sa.Integer(), nullable=False),
        sa.Column("failed_why", sa.String(length=48), nullable=True),
        sa.Column("sha256", DIGEST, nullable=True),
        sa.Column("size", sa.BigInteger(), nullable=True),
        sa.Column("duration_ms", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["court_code"], ["court.code"], name=op.f("fk_clip_court_code")),
        sa.ForeignKeyConstraint(["recording_id"], ["recording.id"], name=op.f("fk_clip_recording_id")),
        sa.ForeignKeyConstraint(["made_by"], ["officer.id"], name=op.f("fk_clip_made_by")),
        sa.ForeignKeyConstraint(["masked_by"], ["officer.id"], name=op.f("fk_clip_masked_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clip")),
    )
    op.create_index(op.f("ix_clip_recording_id"), "clip", ["recording_id"])
    op.create_index(op.f("ix_clip_made_at"), "clip", ["made_at"])
    op.create_index(op.f("ix_clip_rendering"), "clip", ["rendering"])
    op.create_table(
        "clip_release",
        sa.Column("id", ID, nullable=False),
        sa.Column("number", sa.String(length=24), nullable=False),
        sa.Column("court_code", WORD, nullable=False),
        sa.Column("clip_id", ID, nullable=False),
        sa.Column("audience", WORD, nullable=False),
        sa.Column("state", WORD, nullable=False),
        sa.Column("sha256", DIGEST, nullable=True),
        sa.Column("proposed_by", ID, nullable=False),
        sa.Column("proposed_at", INSTANT, nullable=False),
        sa.Column("first_by", ID, nullable=True),
        sa.Column("first_at", INSTANT, nullable=True),
        sa.Column("second_by", ID, nullable=True),
        sa.Column("second_at", INSTANT, nullable=True),
        sa.Column("live_at", INSTANT, nullable=True),
        sa.Column("revoked_at", INSTANT, nullable=True),
        sa.Column("revoked_cause", WORD, nullable=True),
        sa.Column("revoked_why", sa.String(length=120), nullable=True),
        sa.ForeignKeyConstraint(["court_code"], ["court.code"], name=op.f("fk_clip_release_court_code")),
        sa.ForeignKeyConstraint(["clip_id"], ["clip.id"], name=op.f("fk_clip_release_clip_id")),
        sa.ForeignKeyConstraint(["proposed_by"], ["officer.id"], name=op.f("fk_clip_release_proposed_by")),
        sa.ForeignKeyConstraint(["first_by"], ["officer.id"], name=op.f("fk_clip_release_first_by")),
        sa.ForeignKeyConstraint(["second_by"], ["officer.id"], name=op.f("fk_clip_release_second_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clip_release")),
    )
    op.create_index(op.f("ix_clip_release_clip_id"), "clip_release", ["clip_id"])
    op.create_index(op.f("ix_clip_release_state"), "clip_release", ["state"])
    op.create_index(op.f("ix_clip_release_proposed_at"), "clip_release", ["proposed_at"])
    op.create_table(
        "screening",
        sa.Column("id", ID, nullable=False),
        sa.Column("number", sa.String(length=24), nullable=False),
        sa.Column("court_code", WORD, nullable=False),
        sa.Column("title", sa.String(length=30), nullable=False),
        sa.Column("state", WORD, nullable=False),
        sa.Column("planned_by", ID, nullable=False),
        sa.Column("planned_at", INSTANT, nullable=False),
        sa.Column("began_at", INSTANT, nullable=True),
        sa.Column("ended_at", INSTANT, nullable=True),
        sa.Column("stage_link_id", ID, nullable=True),
        sa.Column("stage_session_id", ID, nullable=True),
        sa.Column("position", sa.Integer(), nullable=True),
        sa.Column("showing", sa.Integer(), nullable=False),
        sa.Column("playing", sa.Boolean(), nullable=False),
        sa.Column("at_ms", sa.Integer(), nullable=False),
        sa.Column("moved_at", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(["court_code"], ["court.code"], name=op.f("fk_screening_court_code")),
        sa.ForeignKeyConstraint(["planned_by"], ["officer.id"], name=op.f("fk_screening_planned_by")),
        sa.ForeignKeyConstraint(["stage_link_id"], ["link.id"], name=op.f("fk_screening_stage_link_id")),
        sa.ForeignKeyConstraint(["stage_session_id"], ["session.id"], name=op.f("fk_screening_stage_session_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_screening")),
    )
    op.create_index(op.f("ix_screening_state"), "screening", ["state"])
    op.create_index(op.f("ix_screening_planned_at"), "screening", ["planned_at"])
    op.create_index(op.f("ix_screening_stage_session_id"), "screening", ["stage_session_id"])
    op.create_table(
        "screening_item",
        sa.Column("screening_id", ID, nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("release_id", ID, nullable=True),
        sa.Column("title", sa.String(length=30), nullable=True),
        sa.Column("words", sa.String(length=300), nullable=True),
        sa.ForeignKeyConstraint(["screening_id"], ["screening.id"], name=op.f("fk_screening_item_screening_id")),
        sa.ForeignKeyConstraint(["release_id"], ["clip_release.id"], name=op.f("fk_screening_item_release_id")),
        sa.PrimaryKeyConstraint("screening_id", "position", name=op.f("pk_screening_item")),
    )
    op.create_index(op.f("ix_screening_item_release_id"), "screening_item", ["release_id"])


def downgrade() -> None:
    """What was certified is gone with it: sessions and links of a stage too, which the version before does not know."""
    op.drop_table("screening_item")
    op.drop_table("screening")
    op.drop_table("clip_release")
    op.drop_table("clip")
    op.execute("DELETE FROM session WHERE kind = 'STAGE'")
    op.execute("DELETE FROM link WHERE purpose = 'stage'")

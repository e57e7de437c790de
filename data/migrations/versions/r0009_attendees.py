"""Who is invited to a screening: its plan, the people, who asked for a bailiff; who of a case's parties is never invited."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
ID = sa.String(length=26)
WORD = sa.String(length=16)


def upgrade() -> None:
    for column in ("minor", "unfit"):
        op.add_column("case_party", sa.Column(column, sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("screening", sa.Column("kind", WORD, nullable=False, server_default="SCREENING"))
    op.add_column("screening", sa.Column("cause", sa.String(length=64), nullable=True))
    op.add_column("screening", sa.Column("held_at", INSTANT, nullable=True))
    op.add_column("screening", sa.Column("place", sa.String(length=30), nullable=True))
    op.add_column("screening", sa.Column("materials", sa.JSON(), nullable=False, server_default="[]"))
    op.add_column("screening", sa.Column("resting", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_index(op.f("ix_screening_held_at"), "screening", ["held_at"])
    op.create_table(
        "attendee",
        sa.Column("id", ID, nullable=False),
        sa.Column("screening_id", ID, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("case_id", ID, nullable=True),
        sa.Column("party_id", ID, nullable=True),
        sa.Column("name", sa.LargeBinary(), nullable=True),
        sa.Column("masked", sa.String(length=32), nullable=False),
        sa.Column("ground", sa.String(length=8), nullable=False),
        sa.Column("questioned_at", INSTANT, nullable=True),
        sa.Column("invited_by", ID, nullable=False),
        sa.Column("invited_at", INSTANT, nullable=False),
        sa.Column("code", sa.LargeBinary(), nullable=True),
        sa.Column("code_hash", sa.String(length=64), nullable=True),
        sa.Column("taken_off_at", INSTANT, nullable=True),
        sa.Column("taken_off_why", WORD, nullable=True),
        sa.Column("seat", sa.Integer(), nullable=True),
        sa.Column("checked_in_at", INSTANT, nullable=True),
        sa.Column("left_at", INSTANT, nullable=True),
        sa.Column("photo_consent", sa.Boolean(), nullable=True),
        sa.Column("purged_at", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(["screening_id"], ["screening.id"], name=op.f("fk_attendee_screening_id")),
        sa.ForeignKeyConstraint(["case_id"], ["enforcement_case.id"], name=op.f("fk_attendee_case_id")),
        sa.ForeignKeyConstraint(["invited_by"], ["officer.id"], name=op.f("fk_attendee_invited_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attendee")),
        sa.UniqueConstraint("screening_id", "number", name=op.f("uq_attendee_screening_id_number")),
        sa.UniqueConstraint("screening_id", "seat", name=op.f("uq_attendee_screening_id_seat")),
        sa.UniqueConstraint("code_hash", name=op.f("uq_attendee_code_hash")),
    )
    op.create_index(op.f("ix_attendee_case_id"), "attendee", ["case_id"])
    op.create_index(op.f("ix_attendee_party_id"), "attendee", ["party_id"])
    op.create_table(
        "screening_help",
        sa.Column("id", ID, nullable=False),
        sa.Column("screening_id", ID, nullable=False),
        sa.Column("asked_at", INSTANT, nullable=False),
        sa.Column("taken_by", ID, nullable=True),
        sa.Column("taken_at", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(["screening_id"], ["screening.id"], name=op.f("fk_screening_help_screening_id")),
        sa.ForeignKeyConstraint(["taken_by"], ["officer.id"], name=op.f("fk_screening_help_taken_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_screening_help")),
    )
    op.create_index(op.f("ix_screening_help_screening_id"), "screening_help", ["screening_id"])


def downgrade() -> None:
    """Who was invited is gone with it; a session that the version before has no state for is over."""
    op.drop_table("screening_help")
    op.drop_table("attendee")
    op.execute("UPDATE screening SET state = 'PLANNED' WHERE state = 'CHECK_IN'")
    op.execute("UPDATE screening SET state = 'ENDED' WHERE state IN ('INTERVIEWS', 'CLOSED')")
    op.drop_index(op.f("ix_screening_held_at"), "screening")
    for column in ("resting", "materials", "place", "held_at", "cause", "kind"):
        op.drop_column("screening", column)
    for column in ("unfit", "minor"):
        op.drop_column("case_party", column)

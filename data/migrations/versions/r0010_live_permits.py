"""The live picture of a mission before a stage: permits, and their places in a programme."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0011"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
ID = sa.String(length=26)
WORD = sa.String(length=16)


def upgrade() -> None:
    op.create_table(
        "live_permit",
        sa.Column("id", ID, nullable=False),
        sa.Column("number", sa.String(length=24), nullable=False),
        sa.Column("court_code", WORD, nullable=False),
        sa.Column("screening_id", ID, nullable=False),
        sa.Column("mission_id", sa.String(length=40), nullable=False),
        sa.Column("delay_s", sa.Integer(), nullable=False),
        sa.Column("state", WORD, nullable=False),
        sa.Column("proposed_by", ID, nullable=False),
        sa.Column("proposed_at", INSTANT, nullable=False),
        sa.Column("first_by", ID, nullable=True),
        sa.Column("first_at", INSTANT, nullable=True),
        sa.Column("second_by", ID, nullable=True),
        sa.Column("second_at", INSTANT, nullable=True),
        sa.Column("over_at", INSTANT, nullable=True),
        sa.Column("over_cause", WORD, nullable=True),
        sa.Column("over_why", sa.String(length=120), nullable=True),
        sa.ForeignKeyConstraint(["court_code"], ["court.code"], name=op.f("fk_live_permit_court_code")),
        sa.ForeignKeyConstraint(["screening_id"], ["screening.id"], name=op.f("fk_live_permit_screening_id")),
        sa.ForeignKeyConstraint(["mission_id"], ["mission.id"], name=op.f("fk_live_permit_mission_id")),
        sa.ForeignKeyConstraint(["proposed_by"], ["officer.id"], name=op.f("fk_live_permit_proposed_by")),
        sa.ForeignKeyConstraint(["first_by"], ["officer.id"], name=op.f("fk_live_permit_first_by")),
        sa.ForeignKeyConstraint(["second_by"], ["officer.id"], name=op.f("fk_live_permit_second_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_live_permit")),
    )
    for column in ("screening_id", "mission_id", "state"):
        op.create_index(op.f(f"ix_live_permit_{column}"), "live_permit", [column])
    with op.batch_alter_table("screening_item") as item:
        item.add_column(sa.Column("permit_id", ID, nullable=True))
        item.create_foreign_key(op.f("fk_screening_item_permit_id"), "live_permit", ["permit_id"], ["id"])


def downgrade() -> None:
    """A programme loses its live places: the version before knows no such thing."""
    op.execute("DELETE FROM screening_item WHERE kind = 'LIVE'")
    with op.batch_alter_table("screening_item") as item:
        item.drop_constraint(op.f("fk_screening_item_permit_id"), type_="foreignkey")
        item.drop_column("permit_id")
    op.drop_table("live_permit")

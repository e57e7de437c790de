"""Somebody before the screen objects from his own device."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
ID = sa.String(length=26)


def upgrade() -> None:
    with op.batch_alter_table("attendee") as attendee:
        attendee.add_column(sa.Column("objecting", sa.LargeBinary(), nullable=True))
        attendee.add_column(sa.Column("objecting_hash", sa.String(length=64), nullable=True))
        attendee.create_unique_constraint(op.f("uq_attendee_objecting_hash"), ["objecting_hash"])
    op.create_table(
        "objection",
        sa.Column("id", ID, nullable=False),
        sa.Column("screening_id", ID, nullable=False),
        sa.Column("attendee_id", ID, nullable=False),
        sa.Column("release_id", ID, nullable=True),
        sa.Column("permit_id", ID, nullable=True),
        sa.Column("stopped", sa.Boolean(), nullable=False),
        sa.Column("seat", sa.Integer(), nullable=True),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("looked_by", ID, nullable=True),
        sa.Column("looked_at", INSTANT, nullable=True),
        sa.Column("finding", sa.String(length=16), nullable=True),
        sa.ForeignKeyConstraint(["screening_id"], ["screening.id"], name=op.f("fk_objection_screening_id")),
        sa.ForeignKeyConstraint(["attendee_id"], ["attendee.id"], name=op.f("fk_objection_attendee_id")),
        sa.ForeignKeyConstraint(["release_id"], ["clip_release.id"], name=op.f("fk_objection_release_id")),
        sa.ForeignKeyConstraint(["permit_id"], ["live_permit.id"], name=op.f("fk_objection_permit_id")),
        sa.ForeignKeyConstraint(["looked_by"], ["officer.id"], name=op.f("fk_objection_looked_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_objection")),
    )
    for column in ("screening_id", "attendee_id"):
        op.create_index(op.f(f"ix_objection_{column}"), "objection", [column])


def downgrade() -> None:
    """Who objected is gone with it; what was withdrawn stays withdrawn."""
    op.drop_table("objection")
    with op.batch_alter_table("attendee") as attendee:
        attendee.drop_constraint(op.f("uq_attendee_objecting_hash"), type_="unique")
        attendee.drop_column("objecting_hash")
        attendee.drop_column("objecting")

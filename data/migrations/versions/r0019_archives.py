"""The archive of positions, and the holds on their days."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
ID = sa.String(length=26)


def upgrade() -> None:
    op.create_table(
        "position_archive",
        sa.Column("id", ID, nullable=False),
        sa.Column("court_code", sa.String(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("share_pct", sa.Integer(), nullable=False),
        sa.Column("ended_at", INSTANT, nullable=True),
        sa.Column("why", sa.String(length=48), nullable=True),
        sa.Column("fixes", sa.BigInteger(), nullable=False),
        sa.Column("units", sa.Integer(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=True),
        sa.Column("sha256", sa.String(length=64), nullable=True),
        sa.Column("purged_at", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(["court_code"], ["court.code"], name=op.f("fk_position_archive_court_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_position_archive")),
    )
    for column in ("day", "state"):
        op.create_index(op.f(f"ix_position_archive_{column}"), "position_archive", [column])
    op.create_table(
        "position_hold",
        sa.Column("id", ID, nullable=False),
        sa.Column("court_code", sa.String(), nullable=False),
        sa.Column("unit_no", sa.Integer(), nullable=True),
        sa.Column("mission_id", sa.String(length=40), nullable=True),
        sa.Column("case_id", ID, nullable=True),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("to_on", sa.Date(), nullable=False),
        sa.Column("held_at", INSTANT, nullable=False),
        sa.Column("held_by", ID, nullable=True),
        sa.Column("lifted_at", INSTANT, nullable=True),
        sa.Column("lifted_by", ID, nullable=True),
        sa.ForeignKeyConstraint(["court_code"], ["court.code"], name=op.f("fk_position_hold_court_code")),
        sa.ForeignKeyConstraint(["unit_no"], ["unit.no"], name=op.f("fk_position_hold_unit_no")),
        sa.ForeignKeyConstraint(["mission_id"], ["mission.id"], name=op.f("fk_position_hold_mission_id")),
        sa.ForeignKeyConstraint(["case_id"], ["enforcement_case.id"], name=op.f("fk_position_hold_case_id")),
        sa.ForeignKeyConstraint(["held_by"], ["officer.id"], name=op.f("fk_position_hold_held_by")),
        sa.ForeignKeyConstraint(["lifted_by"], ["officer.id"], name=op.f("fk_position_hold_lifted_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_position_hold")),
    )
    op.create_index(op.f("ix_position_hold_lifted_at"), "position_hold", ["lifted_at"])


def downgrade() -> None:
    """The files stay; without their digests nothing of them is shown any more."""
    for table in ("position_hold", "position_archive"):
        op.drop_table(table)

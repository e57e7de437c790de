"""The heartbeat of the whole: changes of parts, reported faults, the screens of a wall."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0010"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
ID = sa.String(length=26)


def upgrade() -> None:
    op.add_column("wall", sa.Column("screens", sa.String(length=64), nullable=False, server_default=""))
    op.create_table(
        "part_change",
        sa.Column("id", ID, nullable=False),
        sa.Column("part", sa.String(length=24), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_part_change")),
    )
    op.create_index(op.f("ix_part_change_part"), "part_change", ["part"])
    op.create_table(
        "fault",
        sa.Column("id", ID, nullable=False),
        sa.Column("court_code", sa.String(length=16), nullable=False),
        sa.Column("number", sa.String(length=24), nullable=False),
        sa.Column("reporter", sa.String(length=64), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("face", sa.String(length=16), nullable=False),
        sa.Column("sentence", sa.LargeBinary(), nullable=True),
        sa.Column("snapshot", sa.JSON(), nullable=False),
        sa.Column("reported_at", INSTANT, nullable=False),
        sa.Column("taken_by", ID, nullable=True),
        sa.Column("taken_at", INSTANT, nullable=True),
        sa.Column("closed_by", ID, nullable=True),
        sa.Column("closed_at", INSTANT, nullable=True),
        sa.Column("remedy", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["court_code"], ["court.code"], name=op.f("fk_fault_court_code")),
        sa.ForeignKeyConstraint(["taken_by"], ["officer.id"], name=op.f("fk_fault_taken_by")),
        sa.ForeignKeyConstraint(["closed_by"], ["officer.id"], name=op.f("fk_fault_closed_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fault")),
    )
    for column in ("reporter", "reported_at", "closed_at"):
        op.create_index(op.f(f"ix_fault_{column}"), "fault", [column])


def downgrade() -> None:
    op.drop_table("fault")
    op.drop_table("part_change")
    op.drop_column("wall", "screens")

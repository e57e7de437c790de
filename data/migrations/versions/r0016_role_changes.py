"""Roles that one person proposes and another confirms."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
ID = sa.String(length=26)
WORD = sa.String(length=16)


def upgrade() -> None:
    op.create_table(
        "role_change",
        sa.Column("id", ID, nullable=False),
        sa.Column("court_code", sa.String(length=16), nullable=False),
        sa.Column("officer_id", ID, nullable=False),
        sa.Column("role_before", WORD, nullable=False),
        sa.Column("role", WORD, nullable=False),
        sa.Column("proposed_by", ID, nullable=False),
        sa.Column("proposed_at", INSTANT, nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.Column("state", WORD, nullable=False),
        sa.Column("decided_by", ID, nullable=True),
        sa.Column("decided_at", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(["court_code"], ["court.code"], name=op.f("fk_role_change_court_code")),
        sa.ForeignKeyConstraint(["officer_id"], ["officer.id"], name=op.f("fk_role_change_officer_id")),
        sa.ForeignKeyConstraint(["proposed_by"], ["officer.id"], name=op.f("fk_role_change_proposed_by")),
        sa.ForeignKeyConstraint(["decided_by"], ["officer.id"], name=op.f("fk_role_change_decided_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_role_change")),
    )
    for column in ("officer_id", "state"):
        op.create_index(op.f(f"ix_role_change_{column}"), "role_change", [column])


def downgrade() -> None:
    """What was proposed is gone; roles that were confirmed stay."""
    op.drop_table("role_change")

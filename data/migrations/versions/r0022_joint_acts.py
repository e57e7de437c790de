"""What two people do together; who made a link, and when its owner was told."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
ID = sa.String(length=26)
WORD = sa.String(length=16)


def upgrade() -> None:
    op.create_table(
        "joint",
        sa.Column("id", ID, nullable=False),
        sa.Column("court_code", sa.String(length=16), nullable=False),
        sa.Column("what", WORD, nullable=False),
        sa.Column("about", sa.Text(), nullable=False),
        sa.Column("proposed_by", ID, nullable=False),
        sa.Column("proposed_at", INSTANT, nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.Column("state", WORD, nullable=False),
        sa.Column("decided_by", ID, nullable=True),
        sa.Column("decided_at", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(["court_code"], ["court.code"], name=op.f("fk_joint_court_code")),
        sa.ForeignKeyConstraint(["proposed_by"], ["officer.id"], name=op.f("fk_joint_proposed_by")),
        sa.ForeignKeyConstraint(["decided_by"], ["officer.id"], name=op.f("fk_joint_decided_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_joint")),
    )
    op.create_index(op.f("ix_joint_state"), "joint", ["state"])
    op.add_column("link", sa.Column("made_by", ID, nullable=True))
    op.add_column("link", sa.Column("told_at", INSTANT, nullable=True))


def downgrade() -> None:
    """What was proposed is gone; what was confirmed was done."""
    op.drop_column("link", "told_at")
    op.drop_column("link", "made_by")
    op.drop_index(op.f("ix_joint_state"), "joint")
    op.drop_table("joint")

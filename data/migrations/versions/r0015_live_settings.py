"""Settings that were changed while the centre ran: old to new, by whom."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

ID = sa.String(length=26)


def upgrade() -> None:
    op.create_table(
        "setting_change",
        sa.Column("id", ID, nullable=False),
        sa.Column("key", sa.String(length=32), nullable=False),
        sa.Column("old", sa.Text(), nullable=False),
        sa.Column("new", sa.Text(), nullable=True),
        sa.Column("by", ID, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["by"], ["officer.id"], name=op.f("fk_setting_change_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_setting_change")),
    )
    op.create_index(op.f("ix_setting_change_key"), "setting_change", ["key"])


def downgrade() -> None:
    """What the file says counts again."""
    op.drop_table("setting_change")

"""The tablet at the door of a screening has a session of its own."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

ID = sa.String(length=26)
LINKS = (("door_link_id", "link"), ("door_session_id", "session"))


def upgrade() -> None:
    with op.batch_alter_table("screening") as screening:
        for column, table in LINKS:
            screening.add_column(sa.Column(column, ID, nullable=True))
            screening.create_foreign_key(op.f(f"fk_screening_{column}"), table, [column], ["id"])
        screening.add_column(sa.Column("door_digits", sa.String(length=4), nullable=True))
        screening.add_column(sa.Column("door_tries", sa.Integer(), nullable=False, server_default="0"))
        screening.add_column(sa.Column("door_used_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(op.f("ix_screening_door_session_id"), "screening", ["door_session_id"])


def downgrade() -> None:
    """A door that is open is a session of a kind that the version before does not know: it opens nothing there."""
    op.drop_index(op.f("ix_screening_door_session_id"), "screening")
    with op.batch_alter_table("screening") as screening:
        for column, _ in LINKS:
            screening.drop_constraint(op.f(f"fk_screening_{column}"), type_="foreignkey")
        for column in ("door_link_id", "door_session_id", "door_digits", "door_tries", "door_used_at"):
            screening.drop_column(column)

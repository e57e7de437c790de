"""What a screening leads to: interviews, promises, settlements, money on the spot; how far a session was followed."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0009"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
ID = sa.String(length=26)
WORD = sa.String(length=16)


def upgrade() -> None:
    op.add_column("screening", sa.Column("followed_day", sa.Integer(), nullable=False, server_default="0"))
    op.create_table(
        "interview",
        sa.Column("attendee_id", ID, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("by", ID, nullable=False),
        sa.ForeignKeyConstraint(["attendee_id"], ["attendee.id"], name=op.f("fk_interview_attendee_id")),
        sa.ForeignKeyConstraint(["by"], ["officer.id"], name=op.f("fk_interview_by")),
        sa.PrimaryKeyConstraint("attendee_id", name=op.f("pk_interview")),
    )
    _outcome(
        "promise",
        sa.Column("number", sa.String(length=24), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("made_at", INSTANT, nullable=False),
        sa.Column("made_by", ID, nullable=False),
        sa.Column("state", WORD, nullable=False),
        sa.Column("kept_at", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(["made_by"], ["officer.id"], name=op.f("fk_promise_made_by")),
    )
    _outcome(
        "settlement",
        sa.Column("number", sa.String(length=24), nullable=False),
        sa.Column("terms", sa.LargeBinary(), nullable=False),
        sa.Column("yes", sa.String(length=8), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("by", ID, nullable=False),
        sa.Column("confirmed_at", INSTANT, nullable=True),
        sa.Column("confirmed_by", ID, nullable=True),
        sa.ForeignKeyConstraint(["by"], ["officer.id"], name=op.f("fk_settlement_by")),
        sa.ForeignKeyConstraint(["confirmed_by"], ["officer.id"], name=op.f("fk_settlement_confirmed_by")),
    )
    _outcome(
        "spot_payment",
        sa.Column("receipt_no", sa.String(length=32), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("by", ID, nullable=False),
        sa.ForeignKeyConstraint(["by"], ["officer.id"], name=op.f("fk_spot_payment_by")),
    )
    for table, column in (
        ("promise", "case_id"), ("promise", "made_at"), ("promise", "state"), ("settlement", "at"), ("spot_payment", "case_id"),
        ("spot_payment", "at"),
    ):  # fmt: skip
        op.create_index(op.f(f"ix_{table}_{column}"), table, [column])


def _outcome(table: str, *columns: sa.Column | sa.Constraint) -> None:  # type: ignore[type-arg]
    """What they share: whose it is, how much, and why it was taken back."""
    op.create_table(
        table,
        sa.Column("id", ID, nullable=False),
        sa.Column("screening_id", ID, nullable=False),
        sa.Column("attendee_id", ID, nullable=False),
        sa.Column("case_id", ID, nullable=False),
        sa.Column("cents", sa.BigInteger(), nullable=False),
        sa.Column("withdrawn_at", INSTANT, nullable=True),
        sa.Column("withdrawn_why", sa.String(length=60), nullable=True),
        *columns,
        sa.ForeignKeyConstraint(["screening_id"], ["screening.id"], name=op.f(f"fk_{table}_screening_id")),
        sa.ForeignKeyConstraint(["attendee_id"], ["attendee.id"], name=op.f(f"fk_{table}_attendee_id")),
        sa.ForeignKeyConstraint(["case_id"], ["enforcement_case.id"], name=op.f(f"fk_{table}_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
    )
    for column in ("screening_id", "attendee_id"):
        op.create_index(op.f(f"ix_{table}_{column}"), table, [column])


def downgrade() -> None:
    """What was promised and settled is gone with it."""
    for table in ("spot_payment", "settlement", "promise", "interview"):
        op.drop_table(table)
    op.drop_column("screening", "followed_day")

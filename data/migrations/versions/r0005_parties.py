"""A party in a call by his own phone, and the record of that talk, which nobody changes once it is complete."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
ID = sa.String(length=26)
WORD = sa.String(length=16)
SHEET = "talk_sheet"


def upgrade() -> None:
    op.create_table(
        "party_guest",
        sa.Column("participant_id", ID, nullable=False),
        sa.Column("case_id", ID, nullable=False),
        sa.Column("kind", WORD, nullable=False),
        sa.Column("name", sa.LargeBinary(), nullable=False),
        sa.Column("masked", sa.String(length=32), nullable=False),
        sa.Column("notice_at", INSTANT, nullable=True),
        sa.Column("consented_at", INSTANT, nullable=True),
        sa.Column("declined_at", INSTANT, nullable=True),
        sa.Column("muted_at", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(["participant_id"], ["participant.id"], name=op.f("fk_party_guest_participant_id")),
        sa.ForeignKeyConstraint(["case_id"], ["enforcement_case.id"], name=op.f("fk_party_guest_case_id")),
        sa.PrimaryKeyConstraint("participant_id", name=op.f("pk_party_guest")),
    )
    op.create_table(
        SHEET,
        sa.Column("id", ID, nullable=False),
        sa.Column("participant_id", ID, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("officer_id", ID, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["participant_id"], ["participant.id"], name=op.f("fk_talk_sheet_participant_id")),
        sa.ForeignKeyConstraint(["officer_id"], ["officer.id"], name=op.f("fk_talk_sheet_officer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_talk_sheet")),
        sa.UniqueConstraint("participant_id", "version", name=op.f("uq_talk_sheet_participant_id_version")),
    )
    _make_append_only()


def _make_append_only() -> None:
    """A correction is a new version."""
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {SHEET}_refuses_{verb.lower()} BEFORE {verb} ON {SHEET} "
                f"BEGIN SELECT RAISE(ABORT, '{SHEET} is append-only'); END"
            )
        return
    op.execute(f"CREATE TRIGGER {SHEET}_refuses_change BEFORE UPDATE OR DELETE ON {SHEET} FOR EACH ROW EXECUTE FUNCTION refuse_change()")
    op.execute(f"CREATE TRIGGER {SHEET}_refuses_truncate BEFORE TRUNCATE ON {SHEET} FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()")


def downgrade() -> None:
    op.drop_table(SHEET)
    op.drop_table("party_guest")

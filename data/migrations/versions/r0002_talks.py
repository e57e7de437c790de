"""Calls become talks: picture and sound, participants, the centre's own ring, whispers, notes of cases, support orders."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
ID = sa.String(length=26)
WORD = sa.String(length=16)


def _of_call() -> list[sa.Column[Any]]:
    return [
        sa.Column("kind", WORD, nullable=False, server_default="ONE_TAP"),
        sa.Column("rung_by", ID, nullable=True),
        sa.Column("rung_team_id", ID, nullable=True),
        sa.Column("media", WORD, nullable=False, server_default="NONE"),
        sa.Column("mode", WORD, nullable=True),
        sa.Column("media_at", INSTANT, nullable=True),
        sa.Column("rtt_ms", sa.Integer(), nullable=True),
        sa.Column("loss_permille", sa.Integer(), nullable=True),
        sa.Column("kbps", sa.Integer(), nullable=True),
        sa.Column("fps", sa.Integer(), nullable=True),
        sa.Column("picture_closed_at", INSTANT, nullable=True),
        sa.Column("commander_id", ID, nullable=True),
        sa.Column("commanded_at", INSTANT, nullable=True),
        sa.Column("output", WORD, nullable=False, server_default="UNKNOWN"),
        sa.Column("output_at", INSTANT, nullable=True),
        sa.Column("whispering", ID, nullable=True),
        sa.Column("speaking", ID, nullable=True),
    ]


CALL_POINTS_AT = {"rung_by": "officer", "rung_team_id": "team", "commander_id": "officer"}
TABLES = ("participant", "whisper", "case_note", "support_order")


def upgrade() -> None:
    with op.batch_alter_table("call") as call:
        for column in _of_call():
            call.add_column(column)
        for name, table in CALL_POINTS_AT.items():
            call.create_foreign_key(op.f(f"fk_call_{name}"), table, [name], ["id"])
    op.create_table(
        "participant",
        sa.Column("id", ID, nullable=False),
        sa.Column("call_id", ID, nullable=False),
        sa.Column("kind", WORD, nullable=False),
        sa.Column("state", WORD, nullable=False),
        sa.Column("permissions", sa.JSON(), nullable=False),
        sa.Column("unit_no", sa.Integer(), nullable=True),
        sa.Column("device_no", sa.Integer(), nullable=True),
        sa.Column("officer_id", ID, nullable=True),
        sa.Column("wall_id", ID, nullable=True),
        sa.Column("session_id", ID, nullable=True),
        sa.Column("link_id", ID, nullable=True),
        sa.Column("ask", sa.String(length=60), nullable=True),
        sa.Column("digits", sa.String(length=4), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("invited_at", INSTANT, nullable=True),
        sa.Column("waiting_at", INSTANT, nullable=True),
        sa.Column("verified_at", INSTANT, nullable=True),
        sa.Column("joined_at", INSTANT, nullable=True),
        sa.Column("left_at", INSTANT, nullable=True),
        sa.Column("media", WORD, nullable=False),
        sa.Column("mode", WORD, nullable=True),
        sa.Column("media_at", INSTANT, nullable=True),
        *_points("participant", call_id="call.id", unit_no="unit.no", device_no="device.no", officer_id="officer.id"),
        *_points("participant", wall_id="wall.id", session_id="session.id", link_id="link.id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_participant")),
    )
    op.create_table(
        "whisper",
        sa.Column("id", ID, nullable=False),
        sa.Column("call_id", ID, nullable=False),
        sa.Column("officer_id", ID, nullable=False),
        sa.Column("text", sa.String(length=60), nullable=False),
        sa.Column("sent_at", INSTANT, nullable=False),
        sa.Column("seen_at", INSTANT, nullable=True),
        *_points("whisper", call_id="call.id", officer_id="officer.id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_whisper")),
    )
    op.create_table(
        "case_note",
        sa.Column("id", ID, nullable=False),
        sa.Column("case_id", ID, nullable=True),
        sa.Column("call_id", ID, nullable=False),
        sa.Column("officer_id", ID, nullable=False),
        sa.Column("text", sa.String(length=200), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        *_points("case_note", case_id="enforcement_case.id", call_id="call.id", officer_id="officer.id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_note")),
    )
    op.create_table(
        "support_order",
        sa.Column("id", ID, nullable=False),
        sa.Column("number", sa.String(length=24), nullable=False),
        sa.Column("court_code", sa.String(length=16), nullable=False),
        sa.Column("call_id", ID, nullable=False),
        sa.Column("team_id", ID, nullable=False),
        sa.Column("state", WORD, nullable=False),
        sa.Column("text", sa.String(length=60), nullable=True),
        sa.Column("lat", sa.Float(), nullable=False),
        sa.Column("lon", sa.Float(), nullable=False),
        sa.Column("distance_m", sa.Float(), nullable=False),
        sa.Column("eta_s", sa.Float(), nullable=False),
        sa.Column("estimated", sa.Boolean(), nullable=False),
        sa.Column("sent_by", ID, nullable=False),
        sa.Column("sent_at", INSTANT, nullable=False),
        sa.Column("delivered_at", INSTANT, nullable=True),
        sa.Column("answered_at", INSTANT, nullable=True),
        sa.Column("answered_by", sa.Integer(), nullable=True),
        sa.Column("reason", WORD, nullable=True),
        sa.Column("overdue_at", INSTANT, nullable=True),
        sa.Column("arrived_at", INSTANT, nullable=True),
        sa.Column("withdrawn_at", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(["court_code"], ["court.code"], name=op.f("fk_support_order_court_code")),
        *_points("support_order", call_id="call.id", team_id="team.id", sent_by="officer.id", answered_by="unit.no"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_support_order")),
    )
    for table, columns in (
        ("participant", ("call_id", "session_id", "link_id")),
        ("whisper", ("call_id",)),
        ("case_note", ("call_id", "case_id")),
        ("support_order", ("call_id", "sent_at", "state")),
    ):
        for name in columns:
            op.create_index(op.f(f"ix_{table}_{name}"), table, [name], unique=False)


def downgrade() -> None:
    """A talk is then what it was called before; links and sessions of leaders, whom the older version does not know, are gone."""
    for table in reversed(TABLES):
        op.drop_table(table)
    op.execute("UPDATE call SET state = 'ANSWERED' WHERE state IN ('LIVE', 'DEGRADED', 'RECONNECTING')")
    op.execute("DELETE FROM session WHERE kind = 'JOIN'")
    op.execute("DELETE FROM link WHERE purpose = 'leader'")
    with op.batch_alter_table("call") as call:
        for name in CALL_POINTS_AT:
            call.drop_constraint(op.f(f"fk_call_{name}"), type_="foreignkey")
        for column in reversed(_of_call()):
            call.drop_column(column.name)


def _points(table: str, **columns: str) -> list[sa.ForeignKeyConstraint]:
    return [sa.ForeignKeyConstraint([name], [target], name=op.f(f"fk_{table}_{name}")) for name, target in columns.items()]

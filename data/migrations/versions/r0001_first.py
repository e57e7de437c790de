"""The first schema: every table, the journal's counter, and triggers that let nobody change what is written."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

APPEND_ONLY = ("entry", "audit")


def upgrade() -> None:
    _tables()
    op.execute("INSERT INTO counter (name, last, digest) VALUES ('journal', 0, '')")
    for table in APPEND_ONLY:
        _append_only(table)


def _append_only(table: str) -> None:
    """Rows are added, never changed or deleted, by whoever speaks SQL to this database."""
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_refuses_{verb.lower()} BEFORE {verb} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )
        return
    op.execute(
        "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$"
    )
    op.execute(f"CREATE TRIGGER {table}_refuses_change BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION refuse_change()")
    op.execute(f"CREATE TRIGGER {table}_refuses_truncate BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()")


def downgrade() -> None:
    for name in reversed(TABLES):
        op.drop_table(name)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION refuse_change()")


TABLES = [
    "audit",
    "counter",
    "court",
    "entry",
    "received",
    "area",
    "fence",
    "team",
    "officer",
    "vehicle",
    "account",
    "enforcement_case",
    "unit",
    "wall",
    "case_party",
    "device",
    "duty",
    "fence_inside",
    "link",
    "mission",
    "recovery",
    "session",
    "call",
    "sos",
]


def _tables() -> None:
    op.create_table(
        "audit",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_kind", sa.String(length=16), nullable=False),
        sa.Column("actor_id", sa.String(length=40), nullable=False),
        sa.Column("actor_role", sa.String(length=16), nullable=False),
        sa.Column("address", sa.String(length=64), nullable=True),
        sa.Column("act", sa.String(length=48), nullable=False),
        sa.Column("object_kind", sa.String(length=16), nullable=True),
        sa.Column("object_id", sa.String(length=96), nullable=True),
        sa.Column("fields", sa.JSON(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("result", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
    )
    op.create_index(op.f("ix_audit_act"), "audit", ["act"], unique=False)
    op.create_index(op.f("ix_audit_at"), "audit", ["at"], unique=False)
    op.create_index(op.f("ix_audit_object_id"), "audit", ["object_id"], unique=False)
    op.create_table(
        "counter",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_counter")),
    )
    op.create_table(
        "court",
        sa.Column("code", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("level", sa.String(length=16), nullable=False),
        sa.Column("lat", sa.Float(), nullable=True),
        sa.Column("lon", sa.Float(), nullable=True),
        sa.Column("duty_phone", sa.String(length=32), nullable=True),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_court")),
    )
    op.create_table(
        "entry",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("kind", sa.String(length=48), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("court_code", sa.String(length=16), nullable=False),
        sa.Column("actor_kind", sa.String(length=16), nullable=False),
        sa.Column("actor_id", sa.String(length=40), nullable=False),
        sa.Column("actor_role", sa.String(length=16), nullable=False),
        sa.Column("subject_kind", sa.String(length=16), nullable=False),
        sa.Column("subject_id", sa.String(length=40), nullable=False),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.Column("prev", sa.String(length=64), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_entry")),
        sa.UniqueConstraint("id", name=op.f("uq_entry_id")),
    )
    op.create_index(op.f("ix_entry_kind"), "entry", ["kind"], unique=False)
    op.create_table(
        "received",
        sa.Column("sender", sa.String(length=40), nullable=False),
        sa.Column("message_id", sa.String(length=96), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("sender", "message_id", name=op.f("pk_received")),
    )
    op.create_table(
        "area",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("court_code", sa.String(length=16), nullable=False),
        sa.Column("street", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("lat", sa.Float(), nullable=False),
        sa.Column("lon", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(["court_code"], ["court.code"], name=op.f("fk_area_court_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_area")),
    )
    op.create_table(
        "fence",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("court_code", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("ring", sa.JSON(), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["court_code"], ["court.code"], name=op.f("fk_fence_court_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fence")),
    )
    op.create_table(
        "team",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("court_code", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("leader_id", sa.String(length=26), nullable=True),
        sa.ForeignKeyConstraint(["court_code"], ["court.code"], name=op.f("fk_team_court_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_team")),
        sa.UniqueConstraint("court_code", "name", name=op.f("uq_team_court_code_name")),
    )
    op.create_table(
        "officer",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("court_code", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("title", sa.String(length=16), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("badge_no", sa.String(length=32), nullable=True),
        sa.Column("sex", sa.String(length=1), nullable=True),
        sa.Column("phone", sa.LargeBinary(), nullable=True),
        sa.Column("team_id", sa.String(length=26), nullable=True),
        sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["court_code"], ["court.code"], name=op.f("fk_officer_court_code")),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name=op.f("fk_officer_team_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_officer")),
    )
    op.create_index(op.f("ix_officer_team_id"), "officer", ["team_id"], unique=False)
    op.create_table(
        "vehicle",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("court_code", sa.String(length=16), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("plate", sa.LargeBinary(), nullable=True),
        sa.Column("team_id", sa.String(length=26), nullable=True),
        sa.ForeignKeyConstraint(["court_code"], ["court.code"], name=op.f("fk_vehicle_court_code")),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name=op.f("fk_vehicle_team_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vehicle")),
    )
    op.create_index(op.f("ix_vehicle_team_id"), "vehicle", ["team_id"], unique=False)
    op.create_table(
        "account",
        sa.Column("officer_id", sa.String(length=26), nullable=False),
        sa.Column("username", sa.String(length=64), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("pin_hash", sa.Text(), nullable=True),
        sa.Column("must_change", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["officer_id"], ["officer.id"], name=op.f("fk_account_officer_id")),
        sa.PrimaryKeyConstraint("officer_id", name=op.f("pk_account")),
        sa.UniqueConstraint("username", name=op.f("uq_account_username")),
    )
    op.create_table(
        "enforcement_case",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("court_code", sa.String(length=16), nullable=False),
        sa.Column("case_no", sa.String(length=64), nullable=False),
        sa.Column("cause", sa.String(length=64), nullable=False),
        sa.Column("matter", sa.String(length=64), nullable=True),
        sa.Column("filed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("claim_cents", sa.BigInteger(), nullable=False),
        sa.Column("recovered_cents", sa.BigInteger(), nullable=False),
        sa.Column("stage", sa.String(length=16), nullable=False),
        sa.Column("node", sa.Integer(), nullable=True),
        sa.Column("side_state", sa.String(length=24), nullable=True),
        sa.Column("judge_id", sa.String(length=26), nullable=True),
        sa.Column("team_id", sa.String(length=26), nullable=True),
        sa.Column("area_id", sa.String(length=32), nullable=True),
        sa.Column("lat", sa.Float(), nullable=True),
        sa.Column("lon", sa.Float(), nullable=True),
        sa.Column("address", sa.LargeBinary(), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closing_kind", sa.String(length=24), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["area_id"], ["area.id"], name=op.f("fk_enforcement_case_area_id")),
        sa.ForeignKeyConstraint(["court_code"], ["court.code"], name=op.f("fk_enforcement_case_court_code")),
        sa.ForeignKeyConstraint(["judge_id"], ["officer.id"], name=op.f("fk_enforcement_case_judge_id")),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name=op.f("fk_enforcement_case_team_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_enforcement_case")),
        sa.UniqueConstraint("case_no", name=op.f("uq_enforcement_case_case_no")),
    )
    op.create_index(op.f("ix_enforcement_case_area_id"), "enforcement_case", ["area_id"], unique=False)
    op.create_index(op.f("ix_enforcement_case_changed_at"), "enforcement_case", ["changed_at"], unique=False)
    op.create_index(op.f("ix_enforcement_case_closed_at"), "enforcement_case", ["closed_at"], unique=False)
    op.create_table(
        "unit",
        sa.Column("no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("court_code", sa.String(length=16), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("officer_id", sa.String(length=26), nullable=True),
        sa.Column("vehicle_id", sa.String(length=26), nullable=True),
        sa.Column("team_id", sa.String(length=26), nullable=True),
        sa.Column("on_duty", sa.Boolean(), nullable=False),
        sa.Column("duty_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("returned_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("silent_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("silent_until", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["court_code"], ["court.code"], name=op.f("fk_unit_court_code")),
        sa.ForeignKeyConstraint(["officer_id"], ["officer.id"], name=op.f("fk_unit_officer_id")),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name=op.f("fk_unit_team_id")),
        sa.ForeignKeyConstraint(["vehicle_id"], ["vehicle.id"], name=op.f("fk_unit_vehicle_id")),
        sa.PrimaryKeyConstraint("no", name=op.f("pk_unit")),
        sa.UniqueConstraint("officer_id", name=op.f("uq_unit_officer_id")),
        sa.UniqueConstraint("vehicle_id", name=op.f("uq_unit_vehicle_id")),
    )
    op.create_index(op.f("ix_unit_team_id"), "unit", ["team_id"], unique=False)
    op.create_table(
        "wall",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("court_code", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("layout", sa.Integer(), nullable=False),
        sa.Column("visitors", sa.Boolean(), nullable=False),
        sa.Column("focus_kind", sa.String(length=16), nullable=True),
        sa.Column("focus_id", sa.String(length=40), nullable=True),
        sa.Column("steered_by", sa.String(length=26), nullable=True),
        sa.Column("steered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["court_code"], ["court.code"], name=op.f("fk_wall_court_code")),
        sa.ForeignKeyConstraint(["steered_by"], ["officer.id"], name=op.f("fk_wall_steered_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_wall")),
    )
    op.create_table(
        "case_party",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("case_id", sa.String(length=26), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("natural", sa.Boolean(), nullable=False),
        sa.Column("name", sa.LargeBinary(), nullable=False),
        sa.Column("masked", sa.String(length=32), nullable=False),
        sa.Column("id_no", sa.LargeBinary(), nullable=True),
        sa.Column("phone", sa.LargeBinary(), nullable=True),
        sa.Column("address", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["enforcement_case.id"], name=op.f("fk_case_party_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_party")),
    )
    op.create_index(op.f("ix_case_party_case_id"), "case_party", ["case_id"], unique=False)
    op.create_table(
        "device",
        sa.Column("no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("court_code", sa.String(length=16), nullable=False),
        sa.Column("unit_no", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=True),
        sa.Column("osmand_hash", sa.String(length=64), nullable=True),
        sa.Column("enrolled_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["court_code"], ["court.code"], name=op.f("fk_device_court_code")),
        sa.ForeignKeyConstraint(["unit_no"], ["unit.no"], name=op.f("fk_device_unit_no")),
        sa.PrimaryKeyConstraint("no", name=op.f("pk_device")),
        sa.UniqueConstraint("osmand_hash", name=op.f("uq_device_osmand_hash")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_device_token_hash")),
    )
    op.create_index(op.f("ix_device_unit_no"), "device", ["unit_no"], unique=False)
    op.create_table(
        "duty",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("unit_no", sa.Integer(), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_why", sa.String(length=16), nullable=True),
        sa.ForeignKeyConstraint(["unit_no"], ["unit.no"], name=op.f("fk_duty_unit_no")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_duty")),
    )
    op.create_index(op.f("ix_duty_unit_no_began_at"), "duty", ["unit_no", "began_at"], unique=False)
    op.create_table(
        "fence_inside",
        sa.Column("fence_id", sa.String(length=26), nullable=False),
        sa.Column("unit_no", sa.Integer(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["fence_id"], ["fence.id"], name=op.f("fk_fence_inside_fence_id")),
        sa.ForeignKeyConstraint(["unit_no"], ["unit.no"], name=op.f("fk_fence_inside_unit_no")),
        sa.PrimaryKeyConstraint("fence_id", "unit_no", name=op.f("pk_fence_inside")),
    )
    op.create_table(
        "link",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("secret_hash", sa.String(length=64), nullable=False),
        sa.Column("purpose", sa.String(length=16), nullable=False),
        sa.Column("officer_id", sa.String(length=26), nullable=True),
        sa.Column("unit_no", sa.Integer(), nullable=True),
        sa.Column("wall_id", sa.String(length=26), nullable=True),
        sa.Column("code", sa.String(length=12), nullable=True),
        sa.Column("address", sa.String(length=64), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["officer_id"], ["officer.id"], name=op.f("fk_link_officer_id")),
        sa.ForeignKeyConstraint(["unit_no"], ["unit.no"], name=op.f("fk_link_unit_no")),
        sa.ForeignKeyConstraint(["wall_id"], ["wall.id"], name=op.f("fk_link_wall_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_link")),
        sa.UniqueConstraint("secret_hash", name=op.f("uq_link_secret_hash")),
    )
    op.create_table(
        "mission",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("no", sa.String(length=24), nullable=False),
        sa.Column("court_code", sa.String(length=16), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("matter", sa.String(length=64), nullable=False),
        sa.Column("case_id", sa.String(length=26), nullable=True),
        sa.Column("foreign_case_no", sa.String(length=64), nullable=True),
        sa.Column("team_id", sa.String(length=26), nullable=True),
        sa.Column("vehicle_id", sa.String(length=26), nullable=True),
        sa.Column("area_id", sa.String(length=32), nullable=True),
        sa.Column("place", sa.String(length=64), nullable=True),
        sa.Column("lat", sa.Float(), nullable=True),
        sa.Column("lon", sa.Float(), nullable=True),
        sa.Column("planned_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("planned_to", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("departed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("arrived_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.String(length=24), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["area_id"], ["area.id"], name=op.f("fk_mission_area_id")),
        sa.ForeignKeyConstraint(["case_id"], ["enforcement_case.id"], name=op.f("fk_mission_case_id")),
        sa.ForeignKeyConstraint(["court_code"], ["court.code"], name=op.f("fk_mission_court_code")),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name=op.f("fk_mission_team_id")),
        sa.ForeignKeyConstraint(["vehicle_id"], ["vehicle.id"], name=op.f("fk_mission_vehicle_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mission")),
    )
    op.create_index(op.f("ix_mission_planned_from"), "mission", ["planned_from"], unique=False)
    op.create_index(op.f("ix_mission_state"), "mission", ["state"], unique=False)
    op.create_index(op.f("ix_mission_team_id"), "mission", ["team_id"], unique=False)
    op.create_table(
        "recovery",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("case_id", sa.String(length=26), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cents", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["enforcement_case.id"], name=op.f("fk_recovery_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recovery")),
    )
    op.create_index(op.f("ix_recovery_at"), "recovery", ["at"], unique=False)
    op.create_table(
        "session",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("officer_id", sa.String(length=26), nullable=True),
        sa.Column("wall_id", sa.String(length=26), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("locked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("address", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(["officer_id"], ["officer.id"], name=op.f("fk_session_officer_id")),
        sa.ForeignKeyConstraint(["wall_id"], ["wall.id"], name=op.f("fk_session_wall_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_session")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_session_token_hash")),
    )
    op.create_index(op.f("ix_session_officer_id"), "session", ["officer_id"], unique=False)
    op.create_index(op.f("ix_session_wall_id"), "session", ["wall_id"], unique=False)
    op.create_table(
        "call",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("number", sa.String(length=24), nullable=False),
        sa.Column("court_code", sa.String(length=16), nullable=False),
        sa.Column("unit_no", sa.Integer(), nullable=False),
        sa.Column("device_no", sa.Integer(), nullable=False),
        sa.Column("mission_id", sa.String(length=40), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("placed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lat", sa.Float(), nullable=True),
        sa.Column("lon", sa.Float(), nullable=True),
        sa.Column("accuracy_m", sa.Float(), nullable=True),
        sa.Column("fix_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("area_id", sa.String(length=32), nullable=True),
        sa.Column("owner_id", sa.String(length=26), nullable=True),
        sa.Column("owned_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("missed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_why", sa.String(length=16), nullable=True),
        sa.ForeignKeyConstraint(["court_code"], ["court.code"], name=op.f("fk_call_court_code")),
        sa.ForeignKeyConstraint(["device_no"], ["device.no"], name=op.f("fk_call_device_no")),
        sa.ForeignKeyConstraint(["mission_id"], ["mission.id"], name=op.f("fk_call_mission_id")),
        sa.ForeignKeyConstraint(["owner_id"], ["officer.id"], name=op.f("fk_call_owner_id")),
        sa.ForeignKeyConstraint(["unit_no"], ["unit.no"], name=op.f("fk_call_unit_no")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_call")),
    )
    op.create_index(op.f("ix_call_placed_at"), "call", ["placed_at"], unique=False)
    op.create_index(op.f("ix_call_state"), "call", ["state"], unique=False)
    op.create_table(
        "sos",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("number", sa.String(length=24), nullable=False),
        sa.Column("court_code", sa.String(length=16), nullable=False),
        sa.Column("unit_no", sa.Integer(), nullable=False),
        sa.Column("device_no", sa.Integer(), nullable=False),
        sa.Column("mission_id", sa.String(length=40), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("raised_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lat", sa.Float(), nullable=True),
        sa.Column("lon", sa.Float(), nullable=True),
        sa.Column("accuracy_m", sa.Float(), nullable=True),
        sa.Column("fix_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("battery_pct", sa.Integer(), nullable=True),
        sa.Column("area_id", sa.String(length=32), nullable=True),
        sa.Column("owner_id", sa.String(length=26), nullable=True),
        sa.Column("owned_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("responding_team_id", sa.String(length=26), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_by", sa.String(length=26), nullable=True),
        sa.ForeignKeyConstraint(["closed_by"], ["officer.id"], name=op.f("fk_sos_closed_by")),
        sa.ForeignKeyConstraint(["court_code"], ["court.code"], name=op.f("fk_sos_court_code")),
        sa.ForeignKeyConstraint(["device_no"], ["device.no"], name=op.f("fk_sos_device_no")),
        sa.ForeignKeyConstraint(["mission_id"], ["mission.id"], name=op.f("fk_sos_mission_id")),
        sa.ForeignKeyConstraint(["owner_id"], ["officer.id"], name=op.f("fk_sos_owner_id")),
        sa.ForeignKeyConstraint(["responding_team_id"], ["team.id"], name=op.f("fk_sos_responding_team_id")),
        sa.ForeignKeyConstraint(["unit_no"], ["unit.no"], name=op.f("fk_sos_unit_no")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sos")),
    )
    op.create_index(op.f("ix_sos_raised_at"), "sos", ["raised_at"], unique=False)
    op.create_index(op.f("ix_sos_state"), "sos", ["state"], unique=False)

"""The schema: every mapped class. Only `data.actions` changes these rows, only `data.queries` reads them, only `data.journal` commits.

Times are UTC; money is whole cents (分); places are WGS 84 degrees. Columns of type `Sealed` hold ciphertext: names of parties, identity
numbers, phones, addresses and plates never lie readable in the database file.
"""

from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    ColumnElement,
    Date,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Text,
    UniqueConstraint,
    false,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator

from data.rules.walls import STAGE_LAYOUT

Sealed = LargeBinary  # written and read through `data.sealing`; the database never sees the text


class Instant(TypeDecorator[datetime]):
    """A moment in UTC. Refuses a datetime without a zone; SQLite forgets the zone, so it is put back on reading."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment without a time zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Table(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {datetime: Instant, str: String, dict[str, Any]: JSON, list[Any]: JSON}


def _ulid() -> Mapped[str]:
    return mapped_column(String(26), primary_key=True)


# --- the journal ----------------------------------------------------------------------------------------------------------------


class CounterRow(Table):
    """One row a counter. `journal`: the last number and the digest of its entry; taken last in each transaction."""

    __tablename__ = "counter"
    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    last: Mapped[int] = mapped_column(BigInteger)
    digest: Mapped[str] = mapped_column(String(64), default="")


class EntryRow(Table):
    """One event of the journal, numbered and chained. Append-only: triggers refuse update and delete."""

    __tablename__ = "entry"
    seq: Mapped[int] = mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False)
    id: Mapped[str] = mapped_column(String(26), unique=True)
    kind: Mapped[str] = mapped_column(String(48), index=True)
    occurred_at: Mapped[datetime] = mapped_column(Instant)
    recorded_at: Mapped[datetime] = mapped_column(Instant)
    court_code: Mapped[str] = mapped_column(String(16))
    actor_kind: Mapped[str] = mapped_column(String(16))
    actor_id: Mapped[str] = mapped_column(String(40))
    actor_role: Mapped[str] = mapped_column(String(16))
    subject_kind: Mapped[str] = mapped_column(String(16))
    subject_id: Mapped[str] = mapped_column(String(40))
    payload: Mapped[dict[str, Any]] = mapped_column(JSON)
    prev: Mapped[str] = mapped_column(String(64))
    digest: Mapped[str] = mapped_column(String(64))


# --- the court and its people ---------------------------------------------------------------------------------------------------


class CourtRow(Table):
    __tablename__ = "court"
    code: Mapped[str] = mapped_column(String(16), primary_key=True)
    name: Mapped[str] = mapped_column(String(64))
    level: Mapped[str] = mapped_column(String(16))
    lat: Mapped[float | None] = mapped_column(Float)
    lon: Mapped[float | None] = mapped_column(Float)
    duty_phone: Mapped[str | None] = mapped_column(String(32))  # the centre's own office number, shown to officers


class TeamRow(Table):
    __tablename__ = "team"
    id: Mapped[str] = _ulid()
    court_code: Mapped[str] = mapped_column(ForeignKey("court.code"))
    name: Mapped[str] = mapped_column(String(32))  # 三组, 快反组
    position: Mapped[int] = mapped_column(Integer, default=0)  # order on a list
    leader_id: Mapped[str | None] = mapped_column(String(26))
    __table_args__ = (UniqueConstraint("court_code", "name"),)


class OfficerRow(Table):
    __tablename__ = "officer"
    id: Mapped[str] = _ulid()
    court_code: Mapped[str] = mapped_column(ForeignKey("court.code"))
    name: Mapped[str] = mapped_column(String(64))
    title: Mapped[str] = mapped_column(String(16))  # 法官, 法警, 书记员: how the wall calls him after the surname
    role: Mapped[str] = mapped_column(String(16))  # permissions.Role
    badge_no: Mapped[str | None] = mapped_column(String(32))
    sex: Mapped[str | None] = mapped_column(String(1))
    phone: Mapped[bytes | None] = mapped_column(Sealed)
    team_id: Mapped[str | None] = mapped_column(ForeignKey("team.id"), index=True)
    disabled_at: Mapped[datetime | None] = mapped_column(Instant)


class VehicleRow(Table):
    __tablename__ = "vehicle"
    id: Mapped[str] = _ulid()
    court_code: Mapped[str] = mapped_column(ForeignKey("court.code"))
    kind: Mapped[str] = mapped_column(String(16))  # 警车 / 指挥车 / 货运 / 拖车 as POLICE, COMMAND, TRANSPORT, TOW
    plate: Mapped[bytes | None] = mapped_column(Sealed)
    team_id: Mapped[str | None] = mapped_column(ForeignKey("team.id"), index=True)


class UnitRow(Table):
    """Whatever moves on the map: an officer or a vehicle under a number that says nothing about the person."""

    __tablename__ = "unit"
    no: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    court_code: Mapped[str] = mapped_column(ForeignKey("court.code"))
    kind: Mapped[str] = mapped_column(String(8))  # OFFICER | VEHICLE
    officer_id: Mapped[str | None] = mapped_column(ForeignKey("officer.id"), unique=True)
    vehicle_id: Mapped[str | None] = mapped_column(ForeignKey("vehicle.id"), unique=True)
    team_id: Mapped[str | None] = mapped_column(ForeignKey("team.id"), index=True)
    on_duty: Mapped[bool] = mapped_column(Boolean, default=False)
    duty_since: Mapped[datetime | None] = mapped_column(Instant)
    returned_at: Mapped[datetime | None] = mapped_column(Instant)  # end of the last mission: 15 min later duty ends by itself
    silent_since: Mapped[datetime | None] = mapped_column(Instant)
    silent_until: Mapped[datetime | None] = mapped_column(Instant)


class DutyRow(Table):
    """One stretch of duty of a unit; positions outside it are never kept."""

    __tablename__ = "duty"
    id: Mapped[str] = _ulid()
    unit_no: Mapped[int] = mapped_column(ForeignKey("unit.no"))
    began_at: Mapped[datetime] = mapped_column(Instant)
    ended_at: Mapped[datetime | None] = mapped_column(Instant)
    ended_why: Mapped[str | None] = mapped_column(String(16))
    __table_args__ = (Index(None, "unit_no", "began_at"),)


class DeviceRow(Table):
    __tablename__ = "device"
    no: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    court_code: Mapped[str] = mapped_column(ForeignKey("court.code"))
    unit_no: Mapped[int] = mapped_column(ForeignKey("unit.no"), index=True)
    kind: Mapped[str] = mapped_column(String(16))  # PHONE | VEHICLE | BODYCAM_4G
    token_hash: Mapped[str | None] = mapped_column(String(64), unique=True)
    osmand_hash: Mapped[str | None] = mapped_column(String(64), unique=True)
    enrolled_at: Mapped[datetime] = mapped_column(Instant)
    revoked_at: Mapped[datetime | None] = mapped_column(Instant)


class AreaRow(Table):
    """A community (社区) of the district: the finest place at which the wall ever counts cases."""

    __tablename__ = "area"
    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    court_code: Mapped[str] = mapped_column(ForeignKey("court.code"))
    street: Mapped[str] = mapped_column(String(32))
    name: Mapped[str] = mapped_column(String(32))
    lat: Mapped[float] = mapped_column(Float)
    lon: Mapped[float] = mapped_column(Float)


class FenceRow(Table):
    __tablename__ = "fence"
    id: Mapped[str] = _ulid()
    court_code: Mapped[str] = mapped_column(ForeignKey("court.code"))
    name: Mapped[str] = mapped_column(String(64))
    kind: Mapped[str] = mapped_column(String(16))  # WATCH (看到谁进出) | COURT (法院驻地)
    ring: Mapped[list[Any]] = mapped_column(JSON)  # [[lat, lon], …], WGS 84
    begins_at: Mapped[datetime | None] = mapped_column(Instant, index=True)  # not watched yet; None once it is
    ends_at: Mapped[datetime | None] = mapped_column(Instant, index=True)  # nobody watches it after that
    removed_at: Mapped[datetime | None] = mapped_column(Instant)


class FenceInsideRow(Table):
    """Which unit is inside which fence now, so that a restart neither forgets nor repeats a crossing."""

    __tablename__ = "fence_inside"
    fence_id: Mapped[str] = mapped_column(ForeignKey("fence.id"), primary_key=True)
    unit_no: Mapped[int] = mapped_column(ForeignKey("unit.no"), primary_key=True)
    since: Mapped[datetime] = mapped_column(Instant)


# --- cases and missions ---------------------------------------------------------------------------------------------------------


class CaseRow(Table):
    __tablename__ = "enforcement_case"
    id: Mapped[str] = _ulid()
    court_code: Mapped[str] = mapped_column(ForeignKey("court.code"))
    case_no: Mapped[str] = mapped_column(String(64), unique=True)  # normalised, full-width brackets
    cause: Mapped[str] = mapped_column(String(64))  # 案由
    matter: Mapped[str | None] = mapped_column(String(64))  # 事项: 腾退厂房
    filed_at: Mapped[datetime] = mapped_column(Instant)
    claim_cents: Mapped[int] = mapped_column(BigInteger, default=0)
    recovered_cents: Mapped[int] = mapped_column(BigInteger, default=0)
    stage: Mapped[str] = mapped_column(String(16))  # cases.Stage
    node: Mapped[int | None] = mapped_column(Integer)  # 1…37
    side_state: Mapped[str | None] = mapped_column(String(24))
    judge_id: Mapped[str | None] = mapped_column(ForeignKey("officer.id"))
    team_id: Mapped[str | None] = mapped_column(ForeignKey("team.id"))
    area_id: Mapped[str | None] = mapped_column(ForeignKey("area.id"), index=True)
    lat: Mapped[float | None] = mapped_column(Float)  # exact place: RESTRICTED, never on a wall
    lon: Mapped[float | None] = mapped_column(Float)
    address: Mapped[bytes | None] = mapped_column(Sealed)
    closed_at: Mapped[datetime | None] = mapped_column(Instant, index=True)
    closing_kind: Mapped[str | None] = mapped_column(String(24))
    changed_at: Mapped[datetime] = mapped_column(Instant, index=True)  # at the source, of the newest change


class CasePartyRow(Table):
    __tablename__ = "case_party"
    id: Mapped[str] = _ulid()
    case_id: Mapped[str] = mapped_column(ForeignKey("enforcement_case.id"), index=True)
    kind: Mapped[str] = mapped_column(String(16))  # APPLICANT | DEBTOR | THIRD_PARTY
    natural: Mapped[bool] = mapped_column(Boolean, default=True)  # False: a company
    name: Mapped[bytes] = mapped_column(Sealed)
    masked: Mapped[str] = mapped_column(String(32))  # 张某某, 某建材公司: made once by rules.masking, what the wall shows
    id_no: Mapped[bytes | None] = mapped_column(Sealed)
    phone: Mapped[bytes | None] = mapped_column(Sealed)
    address: Mapped[bytes | None] = mapped_column(Sealed)
    minor: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())
    unfit: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())  # ill or pregnant: is not invited to a screening


class RecoveryRow(Table):
    """Money that came in: how much more a report of the case system said than the one before. Below zero: a correction."""

    __tablename__ = "recovery"
    id: Mapped[str] = _ulid()
    case_id: Mapped[str] = mapped_column(ForeignKey("enforcement_case.id"))
    at: Mapped[datetime] = mapped_column(Instant, index=True)
    cents: Mapped[int] = mapped_column(BigInteger)


class MissionRow(Table):
    __tablename__ = "mission"
    id: Mapped[str] = mapped_column(String(40), primary_key=True)  # ours, or the sender's own id
    no: Mapped[str] = mapped_column(String(24))  # 勤〔20260112〕003
    court_code: Mapped[str] = mapped_column(ForeignKey("court.code"))
    kind: Mapped[str] = mapped_column(String(24))  # missions.MissionKind
    matter: Mapped[str] = mapped_column(String(64))  # 腾退厂房
    case_id: Mapped[str | None] = mapped_column(ForeignKey("enforcement_case.id"))
    foreign_case_no: Mapped[str | None] = mapped_column(String(64))  # a case of another court that we assist
    team_id: Mapped[str | None] = mapped_column(ForeignKey("team.id"), index=True)
    vehicle_id: Mapped[str | None] = mapped_column(ForeignKey("vehicle.id"))
    area_id: Mapped[str | None] = mapped_column(ForeignKey("area.id"))
    place: Mapped[str | None] = mapped_column(String(64))  # street or community; shown while under way
    lat: Mapped[float | None] = mapped_column(Float)
    lon: Mapped[float | None] = mapped_column(Float)
    planned_from: Mapped[datetime] = mapped_column(Instant, index=True)
    planned_to: Mapped[datetime] = mapped_column(Instant)
    state: Mapped[str] = mapped_column(String(16), index=True)  # missions.MissionState
    departed_at: Mapped[datetime | None] = mapped_column(Instant)
    arrived_at: Mapped[datetime | None] = mapped_column(Instant)
    ended_at: Mapped[datetime | None] = mapped_column(Instant)
    outcome: Mapped[str | None] = mapped_column(String(24))
    changed_at: Mapped[datetime] = mapped_column(Instant)  # at the source, of the newest change


class ReceivedRow(Table):
    """An id that a sender made for a message, so that sending twice is the same as sending once."""

    __tablename__ = "received"
    sender: Mapped[str] = mapped_column(String(40), primary_key=True)
    message_id: Mapped[str] = mapped_column(String(96), primary_key=True)
    at: Mapped[datetime] = mapped_column(Instant)


# --- calls and alarms -----------------------------------------------------------------------------------------------------------


class CallRow(Table):
    __tablename__ = "call"
    id: Mapped[str] = _ulid()  # made on the phone
    number: Mapped[str] = mapped_column(String(24))  # 呼〔20260112〕003
    court_code: Mapped[str] = mapped_column(ForeignKey("court.code"))
    unit_no: Mapped[int] = mapped_column(ForeignKey("unit.no"))
    device_no: Mapped[int] = mapped_column(ForeignKey("device.no"))
    mission_id: Mapped[str | None] = mapped_column(ForeignKey("mission.id"))
    state: Mapped[str] = mapped_column(String(16), index=True)  # calls.CallState
    placed_at: Mapped[datetime] = mapped_column(Instant, index=True)  # on the phone, corrected
    received_at: Mapped[datetime] = mapped_column(Instant)
    lat: Mapped[float | None] = mapped_column(Float)
    lon: Mapped[float | None] = mapped_column(Float)
    accuracy_m: Mapped[float | None] = mapped_column(Float)
    fix_at: Mapped[datetime | None] = mapped_column(Instant)
    area_id: Mapped[str | None] = mapped_column(String(32))
    owner_id: Mapped[str | None] = mapped_column(ForeignKey("officer.id"))
    owned_at: Mapped[datetime | None] = mapped_column(Instant)
    answered_at: Mapped[datetime | None] = mapped_column(Instant)
    missed_at: Mapped[datetime | None] = mapped_column(Instant)
    ended_at: Mapped[datetime | None] = mapped_column(Instant)
    ended_why: Mapped[str | None] = mapped_column(String(16))
    kind: Mapped[str] = mapped_column(String(16), default="ONE_TAP")  # calls.CallKind
    rung_by: Mapped[str | None] = mapped_column(ForeignKey("officer.id"))  # the centre's own ring: who pressed, and for which whole team
    rung_team_id: Mapped[str | None] = mapped_column(ForeignKey("team.id"))
    media: Mapped[str] = mapped_column(String(16), default="NONE")  # calls.MediaState of the officer
    mode: Mapped[str | None] = mapped_column(String(16))  # calls.Mode, while degraded
    media_at: Mapped[datetime | None] = mapped_column(Instant)
    rtt_ms: Mapped[int | None] = mapped_column(Integer)
    loss_permille: Mapped[int | None] = mapped_column(Integer)
    kbps: Mapped[int | None] = mapped_column(Integer)
    fps: Mapped[int | None] = mapped_column(Integer)
    picture_closed_at: Mapped[datetime | None] = mapped_column(Instant)
    commander_id: Mapped[str | None] = mapped_column(ForeignKey("officer.id"))  # 指挥长: one at a time
    commanded_at: Mapped[datetime | None] = mapped_column(Instant)
    output: Mapped[str] = mapped_column(String(16), default="UNKNOWN")  # whispers.Output
    output_at: Mapped[datetime | None] = mapped_column(Instant)
    whispering: Mapped[str | None] = mapped_column(String(26))  # participants, one each or nobody
    speaking: Mapped[str | None] = mapped_column(String(26))


class ParticipantRow(Table):
    """Somebody in a call, or on the way into it."""

    __tablename__ = "participant"
    id: Mapped[str] = _ulid()
    call_id: Mapped[str] = mapped_column(ForeignKey("call.id"), index=True)
    kind: Mapped[str] = mapped_column(String(16))  # participants.ParticipantKind
    state: Mapped[str] = mapped_column(String(16))  # participants.ParticipantState
    permissions: Mapped[list[Any]] = mapped_column(JSON)
    unit_no: Mapped[int | None] = mapped_column(ForeignKey("unit.no"))
    device_no: Mapped[int | None] = mapped_column(ForeignKey("device.no"))
    officer_id: Mapped[str | None] = mapped_column(ForeignKey("officer.id"))
    wall_id: Mapped[str | None] = mapped_column(ForeignKey("wall.id"))
    session_id: Mapped[str | None] = mapped_column(ForeignKey("session.id"), index=True)
    link_id: Mapped[str | None] = mapped_column(ForeignKey("link.id"), index=True)
    ask: Mapped[str | None] = mapped_column(String(60))  # 请您: what the scene wants of a leader
    digits: Mapped[str | None] = mapped_column(String(4))  # gone once he is in
    tries: Mapped[int] = mapped_column(Integer, default=0)
    invited_at: Mapped[datetime | None] = mapped_column(Instant)
    waiting_at: Mapped[datetime | None] = mapped_column(Instant)
    verified_at: Mapped[datetime | None] = mapped_column(Instant)
    joined_at: Mapped[datetime | None] = mapped_column(Instant)
    left_at: Mapped[datetime | None] = mapped_column(Instant)
    media: Mapped[str] = mapped_column(String(16), default="NONE")  # calls.MediaState of this participant
    mode: Mapped[str | None] = mapped_column(String(16))
    media_at: Mapped[datetime | None] = mapped_column(Instant)


class PartyGuestRow(Table):
    """A party in a call by his own phone: who he was when he was invited, whatever is reported later; what he answered."""

    __tablename__ = "party_guest"
    participant_id: Mapped[str] = mapped_column(ForeignKey("participant.id"), primary_key=True)
    case_id: Mapped[str] = mapped_column(ForeignKey("enforcement_case.id"))
    kind: Mapped[str] = mapped_column(String(16))  # cases.PartyKind
    name: Mapped[bytes] = mapped_column(Sealed)
    masked: Mapped[str] = mapped_column(String(32))
    notice_at: Mapped[datetime | None] = mapped_column(Instant)  # the notice stood on his screen
    consented_at: Mapped[datetime | None] = mapped_column(Instant)
    declined_at: Mapped[datetime | None] = mapped_column(Instant)
    muted_at: Mapped[datetime | None] = mapped_column(Instant)  # by the desk; None: he may speak


class TalkSheetRow(Table):
    """谈话笔录: one complete version of what was said with a party. Nobody changes it: a correction is the next version."""

    __tablename__ = "talk_sheet"
    __table_args__ = (UniqueConstraint("participant_id", "version"),)
    id: Mapped[str] = _ulid()
    participant_id: Mapped[str] = mapped_column(ForeignKey("participant.id"))
    version: Mapped[int] = mapped_column(Integer)
    content: Mapped[bytes] = mapped_column(Sealed)  # sheets.Sheet as JSON
    sha256: Mapped[str] = mapped_column(String(64))  # of that JSON; it also stands in the journal's chain
    officer_id: Mapped[str] = mapped_column(ForeignKey("officer.id"))
    at: Mapped[datetime] = mapped_column(Instant)


class WhisperRow(Table):
    """A line for the officer's eye alone."""

    __tablename__ = "whisper"
    id: Mapped[str] = _ulid()
    call_id: Mapped[str] = mapped_column(ForeignKey("call.id"), index=True)
    officer_id: Mapped[str] = mapped_column(ForeignKey("officer.id"))
    text: Mapped[str] = mapped_column(String(60))
    sent_at: Mapped[datetime] = mapped_column(Instant)
    seen_at: Mapped[datetime | None] = mapped_column(Instant)


class CaseNoteRow(Table):
    """What came out of a call, one line; it belongs to the case, if there is one of ours."""

    __tablename__ = "case_note"
    id: Mapped[str] = _ulid()
    case_id: Mapped[str | None] = mapped_column(ForeignKey("enforcement_case.id"), index=True)
    call_id: Mapped[str] = mapped_column(ForeignKey("call.id"), index=True)
    officer_id: Mapped[str] = mapped_column(ForeignKey("officer.id"))
    text: Mapped[str] = mapped_column(String(200))
    at: Mapped[datetime] = mapped_column(Instant)


class OrderRow(Table):
    """A support order (指令): one team is sent to one call."""

    __tablename__ = "support_order"
    id: Mapped[str] = _ulid()
    number: Mapped[str] = mapped_column(String(24))  # 指〔20260112〕003
    court_code: Mapped[str] = mapped_column(ForeignKey("court.code"))
    call_id: Mapped[str] = mapped_column(ForeignKey("call.id"), index=True)
    team_id: Mapped[str] = mapped_column(ForeignKey("team.id"))
    state: Mapped[str] = mapped_column(String(16), index=True)  # orders.OrderState
    text: Mapped[str | None] = mapped_column(String(60))
    lat: Mapped[float] = mapped_column(Float)  # where to
    lon: Mapped[float] = mapped_column(Float)
    distance_m: Mapped[float] = mapped_column(Float)  # straight line, when it was sent
    eta_s: Mapped[float] = mapped_column(Float)
    estimated: Mapped[bool] = mapped_column(Boolean)
    sent_by: Mapped[str] = mapped_column(ForeignKey("officer.id"))
    sent_at: Mapped[datetime] = mapped_column(Instant, index=True)
    delivered_at: Mapped[datetime | None] = mapped_column(Instant)
    answered_at: Mapped[datetime | None] = mapped_column(Instant)
    answered_by: Mapped[int | None] = mapped_column(ForeignKey("unit.no"))
    reason: Mapped[str | None] = mapped_column(String(16))  # orders.Reason
    overdue_at: Mapped[datetime | None] = mapped_column(Instant)
    arrived_at: Mapped[datetime | None] = mapped_column(Instant)
    withdrawn_at: Mapped[datetime | None] = mapped_column(Instant)


class SosRow(Table):
    __tablename__ = "sos"
    id: Mapped[str] = _ulid()  # made on the phone
    number: Mapped[str] = mapped_column(String(24))
    court_code: Mapped[str] = mapped_column(ForeignKey("court.code"))
    unit_no: Mapped[int] = mapped_column(ForeignKey("unit.no"))
    device_no: Mapped[int] = mapped_column(ForeignKey("device.no"))
    mission_id: Mapped[str | None] = mapped_column(ForeignKey("mission.id"))
    state: Mapped[str] = mapped_column(String(16), index=True)  # sos.SosState
    raised_at: Mapped[datetime] = mapped_column(Instant, index=True)  # on the phone, corrected: the original time
    received_at: Mapped[datetime] = mapped_column(Instant)
    lat: Mapped[float | None] = mapped_column(Float)
    lon: Mapped[float | None] = mapped_column(Float)
    accuracy_m: Mapped[float | None] = mapped_column(Float)
    fix_at: Mapped[datetime | None] = mapped_column(Instant)
    battery_pct: Mapped[int | None] = mapped_column(Integer)
    area_id: Mapped[str | None] = mapped_column(String(32))
    owner_id: Mapped[str | None] = mapped_column(ForeignKey("officer.id"))
    owned_at: Mapped[datetime | None] = mapped_column(Instant)
    level: Mapped[int] = mapped_column(Integer, default=0)
    responding_team_id: Mapped[str | None] = mapped_column(ForeignKey("team.id"))
    closed_at: Mapped[datetime | None] = mapped_column(Instant)
    closed_by: Mapped[str | None] = mapped_column(ForeignKey("officer.id"))


# --- walls ----------------------------------------------------------------------------------------------------------------------


class WallRow(Table):
    __tablename__ = "wall"
    id: Mapped[str] = _ulid()
    court_code: Mapped[str] = mapped_column(ForeignKey("court.code"))
    name: Mapped[str] = mapped_column(String(32))  # 指挥大厅
    position: Mapped[int] = mapped_column(Integer)  # wall k of the desk's list
    layout: Mapped[int] = mapped_column(Integer, default=1)
    visitors: Mapped[bool] = mapped_column(Boolean, default=False)
    grid: Mapped[str] = mapped_column(String(16), default="main")  # main | quad | single
    focus_kind: Mapped[str | None] = mapped_column(String(16))  # walls.Focus
    focus_id: Mapped[str | None] = mapped_column(String(40))
    steered_by: Mapped[str | None] = mapped_column(ForeignKey("officer.id"))
    steered_at: Mapped[datetime | None] = mapped_column(Instant)
    screens: Mapped[str] = mapped_column(String(64), default="")  # walls.Screen, those it stands on: "map,video"; "": one for everything
    revoked_at: Mapped[datetime | None] = mapped_column(Instant)

    @classmethod
    def stage_of(cls, screening_id: str) -> ColumnElement[bool]:
        """Which walls are the stage of this screening."""
        return (cls.layout == STAGE_LAYOUT) & (cls.focus_id == screening_id) & cls.revoked_at.is_(None)


# --- the heartbeat of the whole ------------------------------------------------------------------------------------------------------


class PartChangeRow(Table):
    """A part of the product went down or came back; the newest of each part only, the journal has them all."""

    __tablename__ = "part_change"
    id: Mapped[str] = _ulid()
    part: Mapped[str] = mapped_column(String(24), index=True)  # heartbeat.parts.REGISTER
    state: Mapped[str] = mapped_column(String(8))  # up | down
    at: Mapped[datetime] = mapped_column(Instant)


class FaultRow(Table):
    """What somebody reported as broken, with what his page knew of itself at that moment."""

    __tablename__ = "fault"
    id: Mapped[str] = _ulid()
    court_code: Mapped[str] = mapped_column(ForeignKey("court.code"))
    number: Mapped[str] = mapped_column(String(24))
    reporter: Mapped[str] = mapped_column(String(64), index=True)  # of whatever kind: officer, unit, wall
    role: Mapped[str] = mapped_column(String(16))
    face: Mapped[str] = mapped_column(String(16))  # faults.Face
    sentence: Mapped[bytes | None] = mapped_column(Sealed)  # he may have written anything
    snapshot: Mapped[dict[str, Any]] = mapped_column(JSON)  # faults.snapshot
    reported_at: Mapped[datetime] = mapped_column(Instant, index=True)
    taken_by: Mapped[str | None] = mapped_column(ForeignKey("officer.id"))
    taken_at: Mapped[datetime | None] = mapped_column(Instant)
    closed_by: Mapped[str | None] = mapped_column(ForeignKey("officer.id"))
    closed_at: Mapped[datetime | None] = mapped_column(Instant, index=True)
    remedy: Mapped[bytes | None] = mapped_column(Sealed)


# --- identity -------------------------------------------------------------------------------------------------------------------


class AccountRow(Table):
    """How an officer signs in at a desk."""

    __tablename__ = "account"
    officer_id: Mapped[str] = mapped_column(ForeignKey("officer.id"), primary_key=True)
    username: Mapped[str] = mapped_column(String(64), unique=True)
    password_hash: Mapped[str] = mapped_column(Text)
    pin_hash: Mapped[str | None] = mapped_column(Text)
    must_change: Mapped[bool] = mapped_column(Boolean, default=False)


class SecondFactorRow(Table):
    """An officer's authenticator. The secret is sealed; a code is used once: no step that is not later than `last_step` counts."""

    __tablename__ = "second_factor"
    officer_id: Mapped[str] = mapped_column(ForeignKey("officer.id"), primary_key=True)
    secret: Mapped[bytes] = mapped_column(LargeBinary)
    made_at: Mapped[datetime] = mapped_column(Instant)
    confirmed_at: Mapped[datetime | None] = mapped_column(Instant)  # None: shown, and no code was typed yet
    last_step: Mapped[int | None] = mapped_column(BigInteger)


class RecoveryCodeRow(Table):
    """One of ten codes on paper, for the day the authenticator is lost. Only the digest is kept."""

    __tablename__ = "recovery_code"
    code_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    officer_id: Mapped[str] = mapped_column(ForeignKey("officer.id"), index=True)
    used_at: Mapped[datetime | None] = mapped_column(Instant)


class RoleChangeRow(Table):
    """A role that one person proposes for another, and a third confirms."""

    __tablename__ = "role_change"
    id: Mapped[str] = _ulid()
    court_code: Mapped[str] = mapped_column(ForeignKey("court.code"))
    officer_id: Mapped[str] = mapped_column(ForeignKey("officer.id"), index=True)
    role_before: Mapped[str] = mapped_column(String(16))  # permissions.Role
    role: Mapped[str] = mapped_column(String(16))
    proposed_by: Mapped[str] = mapped_column(ForeignKey("officer.id"))
    proposed_at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime] = mapped_column(Instant)
    state: Mapped[str] = mapped_column(String(16), index=True)  # role_changes.ChangeState
    decided_by: Mapped[str | None] = mapped_column(ForeignKey("officer.id"))
    decided_at: Mapped[datetime | None] = mapped_column(Instant)


class JointRow(Table):
    """What one person alone may not do: proposed by one, confirmed by another."""

    __tablename__ = "joint"
    id: Mapped[str] = _ulid()
    court_code: Mapped[str] = mapped_column(ForeignKey("court.code"))
    what: Mapped[str] = mapped_column(String(16))  # joint.Joint
    about: Mapped[str] = mapped_column(Text)  # an officer's id, key=value, or nothing
    proposed_by: Mapped[str] = mapped_column(ForeignKey("officer.id"))
    proposed_at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime] = mapped_column(Instant)
    state: Mapped[str] = mapped_column(String(16), index=True)  # joint.JointState
    decided_by: Mapped[str | None] = mapped_column(ForeignKey("officer.id"))
    decided_at: Mapped[datetime | None] = mapped_column(Instant)


class SessionRow(Table):
    """Something that is signed in: a person at a desk, a wall's browser, a director's page. Phones are devices, not sessions."""

    __tablename__ = "session"
    id: Mapped[str] = _ulid()
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    kind: Mapped[str] = mapped_column(String(16))  # OFFICER | WALL | JOIN | PARTY | STAGE | DOOR | DIRECTOR
    officer_id: Mapped[str | None] = mapped_column(ForeignKey("officer.id"), index=True)
    wall_id: Mapped[str | None] = mapped_column(ForeignKey("wall.id"), index=True)
    opened_at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime] = mapped_column(Instant)
    locked_at: Mapped[datetime | None] = mapped_column(Instant)
    closed_at: Mapped[datetime | None] = mapped_column(Instant)
    address: Mapped[str | None] = mapped_column(String(64))


class LinkRow(Table):
    """A one-time link. Only the digest of its secret is kept; reading it changes nothing, pressing the button uses it up."""

    __tablename__ = "link"
    id: Mapped[str] = _ulid()
    secret_hash: Mapped[str] = mapped_column(String(64), unique=True)
    purpose: Mapped[str] = mapped_column(String(16))  # as `rules.links.Purpose`
    officer_id: Mapped[str | None] = mapped_column(ForeignKey("officer.id"))
    unit_no: Mapped[int | None] = mapped_column(ForeignKey("unit.no"))
    wall_id: Mapped[str | None] = mapped_column(ForeignKey("wall.id"))
    code: Mapped[str | None] = mapped_column(String(12))  # pairing: what the wall shows and the desk types
    address: Mapped[str | None] = mapped_column(String(64))  # pairing: from where that browser asks; gone once it is decided or lapsed
    made_by: Mapped[str | None] = mapped_column(String(26))  # an officer's id; None: the command line
    told_at: Mapped[datetime | None] = mapped_column(Instant)  # sign_in, host: when its owner was told that it was made
    made_at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime] = mapped_column(Instant)
    approved_at: Mapped[datetime | None] = mapped_column(Instant)
    used_at: Mapped[datetime | None] = mapped_column(Instant)


class SettingChangeRow(Table):
    """One change of a setting while the centre runs. The newest of a key is in force; `new` None: as in the file again."""

    __tablename__ = "setting_change"
    id: Mapped[str] = _ulid()
    key: Mapped[str] = mapped_column(String(32), index=True)
    old: Mapped[str] = mapped_column(Text)  # in the words of the file
    new: Mapped[str | None] = mapped_column(Text)
    by: Mapped[str] = mapped_column(ForeignKey("officer.id"))
    at: Mapped[datetime] = mapped_column(Instant)


class AuditRow(Table):
    """One trace for the inspector; its digest travels in the journal's chain, so it cannot be changed unseen."""

    __tablename__ = "audit"
    id: Mapped[str] = _ulid()
    at: Mapped[datetime] = mapped_column(Instant, index=True)
    actor_kind: Mapped[str] = mapped_column(String(16))
    actor_id: Mapped[str] = mapped_column(String(40))
    actor_role: Mapped[str] = mapped_column(String(16))
    address: Mapped[str | None] = mapped_column(String(64))
    act: Mapped[str] = mapped_column(String(48), index=True)  # sign_in, read_restricted, read_track, denied, …
    object_kind: Mapped[str | None] = mapped_column(String(16))
    object_id: Mapped[str | None] = mapped_column(String(96), index=True)
    fields: Mapped[list[Any]] = mapped_column(JSON, default=list)
    reason: Mapped[str | None] = mapped_column(Text)
    result: Mapped[str] = mapped_column(String(32))  # done | refused | failed


# --- recordings -----------------------------------------------------------------------------------------------------------------


class RecordingRow(Table):
    """One published stream on disk, in segments. Its files stand in `recordings/<id>/`."""

    __tablename__ = "recording"
    id: Mapped[str] = _ulid()
    court_code: Mapped[str] = mapped_column(ForeignKey("court.code"))
    stream: Mapped[str] = mapped_column(String(64))  # the relay's name of it
    origin: Mapped[str] = mapped_column(String(8), default="RELAY", server_default="RELAY")  # recordings.Origin
    call_id: Mapped[str | None] = mapped_column(ForeignKey("call.id"), index=True)
    unit_no: Mapped[int | None] = mapped_column(ForeignKey("unit.no"), index=True)
    state: Mapped[str] = mapped_column(String(16))  # recordings.RecordingState
    category: Mapped[str] = mapped_column(String(16))  # recordings.Category
    began_at: Mapped[datetime] = mapped_column(Instant, index=True)
    broken_at: Mapped[datetime | None] = mapped_column(Instant)
    broken_why: Mapped[str | None] = mapped_column(String(16))
    ended_at: Mapped[datetime | None] = mapped_column(Instant, index=True)
    ended_why: Mapped[str | None] = mapped_column(String(16))
    held_at: Mapped[datetime | None] = mapped_column(Instant)  # 留存: nothing purges it
    held_by: Mapped[str | None] = mapped_column(ForeignKey("officer.id"))
    purged_at: Mapped[datetime | None] = mapped_column(Instant)


class SegmentRow(Table):
    """One file of a recording; its digest also stands in the journal's chain."""

    __tablename__ = "segment"
    recording_id: Mapped[str] = mapped_column(ForeignKey("recording.id"), primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    form: Mapped[str] = mapped_column(String(8))  # webm | mp4
    began_at: Mapped[datetime] = mapped_column(Instant, index=True)
    duration_ms: Mapped[int] = mapped_column(Integer)
    size: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(String(64))
    recovered: Mapped[bool] = mapped_column(Boolean, default=False)  # the process or the disk ended it
    upload_id: Mapped[str | None] = mapped_column(String(26), index=True, unique=True)  # made by the phone that brought it afterwards


class RecordingGapRow(Table):
    """Something that a recording does not hold, and why."""

    __tablename__ = "recording_gap"
    id: Mapped[str] = _ulid()
    recording_id: Mapped[str] = mapped_column(ForeignKey("recording.id"), index=True)
    track: Mapped[str] = mapped_column(String(8))  # audio | video
    from_at: Mapped[datetime] = mapped_column(Instant)
    to_at: Mapped[datetime] = mapped_column(Instant)
    why: Mapped[str] = mapped_column(String(16))


class PositionArchiveRow(Table):
    """One sealed day file of positions on its way into the archive, there, or gone. id: its seal; its digest stands in the chain too."""

    __tablename__ = "position_archive"
    id: Mapped[str] = _ulid()
    court_code: Mapped[str] = mapped_column(ForeignKey("court.code"))
    day: Mapped[date] = mapped_column(Date, index=True)  # UTC, as the day files
    state: Mapped[str] = mapped_column(String(16), index=True)  # archives.ArchiveState
    share_pct: Mapped[int] = mapped_column(Integer, default=0)
    ended_at: Mapped[datetime | None] = mapped_column(Instant)
    why: Mapped[str | None] = mapped_column(String(48))
    fixes: Mapped[int] = mapped_column(BigInteger, default=0)
    units: Mapped[int] = mapped_column(Integer, default=0)
    size: Mapped[int | None] = mapped_column(BigInteger)
    sha256: Mapped[str | None] = mapped_column(String(64))
    purged_at: Mapped[datetime | None] = mapped_column(Instant)


class PositionHoldRow(Table):
    """留存: positions of these civil days stay, whatever their time. Of one unit, one mission or one case."""

    __tablename__ = "position_hold"
    id: Mapped[str] = _ulid()
    court_code: Mapped[str] = mapped_column(ForeignKey("court.code"))
    unit_no: Mapped[int | None] = mapped_column(ForeignKey("unit.no"))
    mission_id: Mapped[str | None] = mapped_column(ForeignKey("mission.id"))
    case_id: Mapped[str | None] = mapped_column(ForeignKey("enforcement_case.id"))
    from_on: Mapped[date] = mapped_column(Date)
    to_on: Mapped[date] = mapped_column(Date)
    held_at: Mapped[datetime] = mapped_column(Instant)
    held_by: Mapped[str | None] = mapped_column(ForeignKey("officer.id"))
    lifted_at: Mapped[datetime | None] = mapped_column(Instant, index=True)
    lifted_by: Mapped[str | None] = mapped_column(ForeignKey("officer.id"))


class MissionTrackRow(Table):
    """精简轨迹: what stays of where one unit was on one mission, out of one sealed day file. It goes with the mission, and only with it.

    source: the seal of the day file. track: `geo.kept_tracks`; its digest stands in the chain too. fixes: that it was thinned from.
    """

    __tablename__ = "mission_track"
    mission_id: Mapped[str] = mapped_column(ForeignKey("mission.id", ondelete="CASCADE"), primary_key=True)
    unit_no: Mapped[int] = mapped_column(ForeignKey("unit.no"), primary_key=True)
    source: Mapped[str] = mapped_column(String(26), primary_key=True, index=True)
    from_at: Mapped[datetime] = mapped_column(Instant)
    to_at: Mapped[datetime] = mapped_column(Instant)
    fixes: Mapped[int] = mapped_column(Integer)
    kept: Mapped[int] = mapped_column(Integer)
    track: Mapped[bytes] = mapped_column(LargeBinary)
    sha256: Mapped[str] = mapped_column(String(64))
    made_at: Mapped[datetime] = mapped_column(Instant)


class BroughtVideoRow(Table):
    """带入视频: an outside video that comes by resumable upload into `recordings/incoming/`. Kept, it is the recording of this id."""

    __tablename__ = "brought_video"
    id: Mapped[str] = _ulid()
    court_code: Mapped[str] = mapped_column(ForeignKey("court.code"))
    brought_by: Mapped[str] = mapped_column(ForeignKey("officer.id"), index=True)
    begun_at: Mapped[datetime] = mapped_column(Instant, index=True)
    expires_at: Mapped[datetime] = mapped_column(Instant)
    size: Mapped[int] = mapped_column(BigInteger)  # promised
    sha256: Mapped[str] = mapped_column(String(64), index=True)  # promised
    name: Mapped[str | None] = mapped_column(String(80))  # of the file, as text: it may be somebody's name
    state: Mapped[str] = mapped_column(String(16), index=True)  # videos.VideoState
    ended_at: Mapped[datetime | None] = mapped_column(Instant)
    refused_why: Mapped[str | None] = mapped_column(String(48))


# --- screenings -----------------------------------------------------------------------------------------------------------------


class ClipRow(Table):
    """A part of one of our recordings, and what of it an audience may see. Its rendered file stands in `clips/<id>/`."""

    __tablename__ = "clip"
    id: Mapped[str] = _ulid()
    court_code: Mapped[str] = mapped_column(ForeignKey("court.code"))
    recording_id: Mapped[str] = mapped_column(ForeignKey("recording.id"), index=True)
    from_at: Mapped[datetime] = mapped_column(Instant)
    to_at: Mapped[datetime] = mapped_column(Instant)
    title: Mapped[str] = mapped_column(String(20))
    words: Mapped[str | None] = mapped_column(String(60))
    tag: Mapped[str] = mapped_column(String(16))  # one of clips.TAGS
    made_by: Mapped[str] = mapped_column(ForeignKey("officer.id"))
    made_at: Mapped[datetime] = mapped_column(Instant, index=True)
    mask: Mapped[dict[str, Any]] = mapped_column(JSON)  # as masks.written
    masked_by: Mapped[str | None] = mapped_column(ForeignKey("officer.id"))
    masked_at: Mapped[datetime | None] = mapped_column(Instant)
    minor: Mapped[bool | None] = mapped_column(Boolean)  # whether a minor is in the picture; None: nobody has said
    rendering: Mapped[str] = mapped_column(String(16), index=True)  # clips.Rendering
    share_pct: Mapped[int] = mapped_column(Integer, default=0)  # of the rendering that is done
    failed_why: Mapped[str | None] = mapped_column(String(48))
    sha256: Mapped[str | None] = mapped_column(String(64))  # of the rendered file; it also stands in the journal's chain
    size: Mapped[int | None] = mapped_column(BigInteger)
    duration_ms: Mapped[int | None] = mapped_column(Integer)


class ReleaseRow(Table):
    """放: one clip for one audience."""

    __tablename__ = "clip_release"
    id: Mapped[str] = _ulid()
    number: Mapped[str] = mapped_column(String(24))  # 放〔20260112〕001
    court_code: Mapped[str] = mapped_column(ForeignKey("court.code"))
    clip_id: Mapped[str] = mapped_column(ForeignKey("clip.id"), index=True)
    audience: Mapped[str] = mapped_column(String(16))  # release.Audience
    state: Mapped[str] = mapped_column(String(16), index=True)  # release.ReleaseState
    sha256: Mapped[str | None] = mapped_column(String(64))  # of the file that is certified
    proposed_by: Mapped[str] = mapped_column(ForeignKey("officer.id"))
    proposed_at: Mapped[datetime] = mapped_column(Instant, index=True)
    first_by: Mapped[str | None] = mapped_column(ForeignKey("officer.id"))
    first_at: Mapped[datetime | None] = mapped_column(Instant)
    second_by: Mapped[str | None] = mapped_column(ForeignKey("officer.id"))
    second_at: Mapped[datetime | None] = mapped_column(Instant)
    live_at: Mapped[datetime | None] = mapped_column(Instant)
    revoked_at: Mapped[datetime | None] = mapped_column(Instant)
    revoked_cause: Mapped[str | None] = mapped_column(String(16))  # release.Cause
    revoked_why: Mapped[str | None] = mapped_column(String(120))


class ScreeningRow(Table):
    """执行警示教育: one session before one stage, and what that stage shows now."""

    __tablename__ = "screening"
    id: Mapped[str] = _ulid()
    number: Mapped[str] = mapped_column(String(24))  # 教〔20260112〕001
    court_code: Mapped[str] = mapped_column(ForeignKey("court.code"))
    title: Mapped[str] = mapped_column(String(30))
    kind: Mapped[str] = mapped_column(String(16), default="SCREENING", server_default="SCREENING")  # screening.ScreeningKind
    cause: Mapped[str | None] = mapped_column(String(64))  # 案由 of a LIKE_CASE session: every case of it has this one
    held_at: Mapped[datetime | None] = mapped_column(Instant, index=True)  # when it is to begin
    place: Mapped[str | None] = mapped_column(String(30))  # the room
    materials: Mapped[list[Any]] = mapped_column(JSON, default=list, server_default="[]")  # what of screening.MATERIALS is there
    state: Mapped[str] = mapped_column(String(16), index=True)  # screening.ScreeningState
    planned_by: Mapped[str] = mapped_column(ForeignKey("officer.id"))
    planned_at: Mapped[datetime] = mapped_column(Instant, index=True)
    began_at: Mapped[datetime | None] = mapped_column(Instant)
    ended_at: Mapped[datetime | None] = mapped_column(Instant)
    stage_link_id: Mapped[str | None] = mapped_column(ForeignKey("link.id"))
    stage_session_id: Mapped[str | None] = mapped_column(ForeignKey("session.id"), index=True)  # the one browser that is its stage
    door_link_id: Mapped[str | None] = mapped_column(ForeignKey("link.id"))
    door_session_id: Mapped[str | None] = mapped_column(ForeignKey("session.id"), index=True)  # the one tablet that is its door
    door_digits: Mapped[str | None] = mapped_column(String(4))  # open the door again that has locked itself
    door_tries: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    door_used_at: Mapped[datetime | None] = mapped_column(Instant)  # when somebody was let in last; None: locked by hand
    position: Mapped[int | None] = mapped_column(Integer)  # of what is shown; None: the court's card
    resting: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())  # 休息: the card says so
    showing: Mapped[int] = mapped_column(Integer, default=0)  # counts what was shown: another showing is another number
    playing: Mapped[bool] = mapped_column(Boolean, default=False)
    at_ms: Mapped[int] = mapped_column(Integer, default=0)  # where the clip was at `moved_at`
    moved_at: Mapped[datetime | None] = mapped_column(Instant)
    followed_day: Mapped[int] = mapped_column(Integer, default=0, server_default="0")  # of follow_up.DAYS the last that was written down


class LivePermitRow(Table):
    """现: two people permit the live mosaic of one mission before one stage."""

    __tablename__ = "live_permit"
    id: Mapped[str] = _ulid()
    number: Mapped[str] = mapped_column(String(24))  # 现〔20260112〕001
    court_code: Mapped[str] = mapped_column(ForeignKey("court.code"))
    screening_id: Mapped[str] = mapped_column(ForeignKey("screening.id"), index=True)
    mission_id: Mapped[str] = mapped_column(ForeignKey("mission.id"), index=True)
    delay_s: Mapped[int] = mapped_column(Integer)
    state: Mapped[str] = mapped_column(String(16), index=True)  # live_permits.PermitState
    proposed_by: Mapped[str] = mapped_column(ForeignKey("officer.id"))
    proposed_at: Mapped[datetime] = mapped_column(Instant)
    first_by: Mapped[str | None] = mapped_column(ForeignKey("officer.id"))
    first_at: Mapped[datetime | None] = mapped_column(Instant)
    second_by: Mapped[str | None] = mapped_column(ForeignKey("officer.id"))
    second_at: Mapped[datetime | None] = mapped_column(Instant)
    over_at: Mapped[datetime | None] = mapped_column(Instant)
    over_cause: Mapped[str | None] = mapped_column(String(16))  # live_permits.Cause
    over_why: Mapped[str | None] = mapped_column(String(120))


class ScreeningItemRow(Table):
    """One place of a programme."""

    __tablename__ = "screening_item"
    screening_id: Mapped[str] = mapped_column(ForeignKey("screening.id"), primary_key=True)
    position: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    kind: Mapped[str] = mapped_column(String(8))  # screening.ItemKind
    release_id: Mapped[str | None] = mapped_column(ForeignKey("clip_release.id"), index=True)
    permit_id: Mapped[str | None] = mapped_column(ForeignKey("live_permit.id"))
    title: Mapped[str | None] = mapped_column(String(30))  # of a card
    words: Mapped[str | None] = mapped_column(String(300))


class AttendeeRow(Table):
    """One person invited to one screening for one case of his. Everywhere but on the host's page and in his letter he is a number."""

    __tablename__ = "attendee"
    id: Mapped[str] = _ulid()
    screening_id: Mapped[str] = mapped_column(ForeignKey("screening.id"))
    number: Mapped[int] = mapped_column(Integer)  # 1… within the session, never given twice
    case_id: Mapped[str | None] = mapped_column(ForeignKey("enforcement_case.id"), index=True)  # None: purged
    party_id: Mapped[str | None] = mapped_column(String(26), index=True)  # no foreign key: a report of the case replaces its parties
    name: Mapped[bytes | None] = mapped_column(Sealed)  # as it was when he was invited
    masked: Mapped[str] = mapped_column(String(32))
    ground: Mapped[str] = mapped_column(String(8))  # attendees.Ground
    questioned_at: Mapped[datetime | None] = mapped_column(Instant)  # SUMMONS: apart from the session
    invited_by: Mapped[str] = mapped_column(ForeignKey("officer.id"))
    invited_at: Mapped[datetime] = mapped_column(Instant)
    code: Mapped[bytes | None] = mapped_column(Sealed)  # of the letter, so that it can be printed again
    code_hash: Mapped[str | None] = mapped_column(String(64), unique=True)
    objecting: Mapped[bytes | None] = mapped_column(Sealed)  # the secret of his link to object by, so that it can be printed again
    objecting_hash: Mapped[str | None] = mapped_column(String(64), unique=True)
    taken_off_at: Mapped[datetime | None] = mapped_column(Instant)
    taken_off_why: Mapped[str | None] = mapped_column(String(16))  # attendees.TakenOff
    seat: Mapped[int | None] = mapped_column(Integer)
    checked_in_at: Mapped[datetime | None] = mapped_column(Instant)
    left_at: Mapped[datetime | None] = mapped_column(Instant)
    photo_consent: Mapped[bool | None] = mapped_column(Boolean)  # None: not asked
    purged_at: Mapped[datetime | None] = mapped_column(Instant)  # who it was is forgotten
    __table_args__ = (UniqueConstraint("screening_id", "number"), UniqueConstraint("screening_id", "seat"))


class ObjectionRow(Table):
    """异议: an attendee has recognised himself. stopped: what was shown then is withdrawn; otherwise it is to be looked at."""

    __tablename__ = "objection"
    id: Mapped[str] = _ulid()
    screening_id: Mapped[str] = mapped_column(ForeignKey("screening.id"), index=True)
    attendee_id: Mapped[str] = mapped_column(ForeignKey("attendee.id"), index=True)
    release_id: Mapped[str | None] = mapped_column(ForeignKey("clip_release.id"))  # what he stopped
    permit_id: Mapped[str | None] = mapped_column(ForeignKey("live_permit.id"))  # the same, of a live picture
    stopped: Mapped[bool] = mapped_column(Boolean)
    seat: Mapped[int | None] = mapped_column(Integer)  # where he sat then
    at: Mapped[datetime] = mapped_column(Instant)
    looked_by: Mapped[str | None] = mapped_column(ForeignKey("officer.id"))
    looked_at: Mapped[datetime | None] = mapped_column(Instant)
    finding: Mapped[str | None] = mapped_column(String(16))  # objections.Finding


class ScreeningHelpRow(Table):
    """«请法警协助»: asked for in the room or at its door, and who went."""

    __tablename__ = "screening_help"
    id: Mapped[str] = _ulid()
    screening_id: Mapped[str] = mapped_column(ForeignKey("screening.id"), index=True)
    asked_at: Mapped[datetime] = mapped_column(Instant)
    taken_by: Mapped[str | None] = mapped_column(ForeignKey("officer.id"))
    taken_at: Mapped[datetime | None] = mapped_column(Instant)


class InterviewRow(Table):
    """Somebody of the court sat down with this attendee. What was said there stands in promises and settlements, nowhere else."""

    __tablename__ = "interview"
    attendee_id: Mapped[str] = mapped_column(ForeignKey("attendee.id"), primary_key=True)
    at: Mapped[datetime] = mapped_column(Instant)
    by: Mapped[str] = mapped_column(ForeignKey("officer.id"))


class PromiseRow(Table):
    """承诺: so much, until that day."""

    __tablename__ = "promise"
    id: Mapped[str] = _ulid()
    number: Mapped[str] = mapped_column(String(24))  # 诺〔20260112〕001
    screening_id: Mapped[str] = mapped_column(ForeignKey("screening.id"), index=True)
    attendee_id: Mapped[str] = mapped_column(ForeignKey("attendee.id"), index=True)
    case_id: Mapped[str] = mapped_column(ForeignKey("enforcement_case.id"), index=True)
    cents: Mapped[int] = mapped_column(BigInteger)
    due_on: Mapped[date] = mapped_column(Date)  # a day of the court's calendar, to its end
    made_at: Mapped[datetime] = mapped_column(Instant, index=True)
    made_by: Mapped[str] = mapped_column(ForeignKey("officer.id"))
    state: Mapped[str] = mapped_column(String(16), index=True)  # promises.PromiseState
    kept_at: Mapped[datetime | None] = mapped_column(Instant)
    withdrawn_at: Mapped[datetime | None] = mapped_column(Instant)
    withdrawn_why: Mapped[str | None] = mapped_column(String(60))


class SettlementRow(Table):
    """和解: it counts once the applicant himself has said yes."""

    __tablename__ = "settlement"
    id: Mapped[str] = _ulid()
    number: Mapped[str] = mapped_column(String(24))  # 和〔20260112〕001
    screening_id: Mapped[str] = mapped_column(ForeignKey("screening.id"), index=True)
    attendee_id: Mapped[str] = mapped_column(ForeignKey("attendee.id"), index=True)
    case_id: Mapped[str] = mapped_column(ForeignKey("enforcement_case.id"))
    cents: Mapped[int] = mapped_column(BigInteger)
    terms: Mapped[bytes] = mapped_column(Sealed)
    yes: Mapped[str] = mapped_column(String(8))  # settlements.Yes
    at: Mapped[datetime] = mapped_column(Instant, index=True)
    by: Mapped[str] = mapped_column(ForeignKey("officer.id"))
    confirmed_at: Mapped[datetime | None] = mapped_column(Instant)
    confirmed_by: Mapped[str | None] = mapped_column(ForeignKey("officer.id"))
    withdrawn_at: Mapped[datetime | None] = mapped_column(Instant)
    withdrawn_why: Mapped[str | None] = mapped_column(String(60))


class SpotPaymentRow(Table):
    """当场履行: paid into the case's account during the session, against a receipt."""

    __tablename__ = "spot_payment"
    id: Mapped[str] = _ulid()
    screening_id: Mapped[str] = mapped_column(ForeignKey("screening.id"), index=True)
    attendee_id: Mapped[str] = mapped_column(ForeignKey("attendee.id"), index=True)
    case_id: Mapped[str] = mapped_column(ForeignKey("enforcement_case.id"), index=True)
    cents: Mapped[int] = mapped_column(BigInteger)
    receipt_no: Mapped[str] = mapped_column(String(32))
    at: Mapped[datetime] = mapped_column(Instant, index=True)
    by: Mapped[str] = mapped_column(ForeignKey("officer.id"))
    withdrawn_at: Mapped[datetime | None] = mapped_column(Instant)
    withdrawn_why: Mapped[str | None] = mapped_column(String(60))

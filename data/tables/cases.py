"""Cases, their parties and money, and missions."""

from datetime import datetime

from sqlalchemy import BigInteger, Boolean, Float, ForeignKey, Integer, LargeBinary, String, false
from sqlalchemy.orm import Mapped, mapped_column

from data.tables.table import Instant, Sealed, Table, ulid


class CaseRow(Table):
    __tablename__ = "enforcement_case"
    id: Mapped[str] = ulid()
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
    id: Mapped[str] = ulid()
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
    id: Mapped[str] = ulid()
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


class CaseNoteRow(Table):
    """What came out of a call, one line; it belongs to the case, if there is one of ours."""

    __tablename__ = "case_note"
    id: Mapped[str] = ulid()
    case_id: Mapped[str | None] = mapped_column(ForeignKey("enforcement_case.id"), index=True)
    call_id: Mapped[str] = mapped_column(ForeignKey("call.id"), index=True)
    officer_id: Mapped[str] = mapped_column(ForeignKey("officer.id"))
    text: Mapped[str] = mapped_column(String(200))
    at: Mapped[datetime] = mapped_column(Instant)


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

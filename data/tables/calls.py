"""Calls and who takes part, what is said in them, support orders, alarms."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Boolean, Float, ForeignKey, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from data.tables.table import Instant, Sealed, Table, ulid


class CallRow(Table):
    __tablename__ = "call"
    id: Mapped[str] = ulid()  # made on the phone
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
    id: Mapped[str] = ulid()
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
    id: Mapped[str] = ulid()
    participant_id: Mapped[str] = mapped_column(ForeignKey("participant.id"))
    version: Mapped[int] = mapped_column(Integer)
    content: Mapped[bytes] = mapped_column(Sealed)  # sheets.Sheet as JSON
    sha256: Mapped[str] = mapped_column(String(64))  # of that JSON; it also stands in the journal's chain
    officer_id: Mapped[str] = mapped_column(ForeignKey("officer.id"))
    at: Mapped[datetime] = mapped_column(Instant)


class WhisperRow(Table):
    """A line for the officer's eye alone."""

    __tablename__ = "whisper"
    id: Mapped[str] = ulid()
    call_id: Mapped[str] = mapped_column(ForeignKey("call.id"), index=True)
    officer_id: Mapped[str] = mapped_column(ForeignKey("officer.id"))
    text: Mapped[str] = mapped_column(String(60))
    sent_at: Mapped[datetime] = mapped_column(Instant)
    seen_at: Mapped[datetime | None] = mapped_column(Instant)


class OrderRow(Table):
    """A support order (指令): one team is sent to one call."""

    __tablename__ = "support_order"
    id: Mapped[str] = ulid()
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
    id: Mapped[str] = ulid()  # made on the phone
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

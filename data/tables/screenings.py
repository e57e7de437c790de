"""Screenings: programme, audience, objections, outcomes."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Boolean, Date, ForeignKey, Integer, String, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column

from data.tables.table import Instant, Sealed, Table, ulid


class ScreeningRow(Table):
    """执行警示教育: one session before one stage, and what that stage shows now."""

    __tablename__ = "screening"
    id: Mapped[str] = ulid()
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
    id: Mapped[str] = ulid()
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
    id: Mapped[str] = ulid()
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
    id: Mapped[str] = ulid()
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
    id: Mapped[str] = ulid()
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
    id: Mapped[str] = ulid()
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
    id: Mapped[str] = ulid()
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
    id: Mapped[str] = ulid()
    screening_id: Mapped[str] = mapped_column(ForeignKey("screening.id"), index=True)
    attendee_id: Mapped[str] = mapped_column(ForeignKey("attendee.id"), index=True)
    case_id: Mapped[str] = mapped_column(ForeignKey("enforcement_case.id"), index=True)
    cents: Mapped[int] = mapped_column(BigInteger)
    receipt_no: Mapped[str] = mapped_column(String(32))
    at: Mapped[datetime] = mapped_column(Instant, index=True)
    by: Mapped[str] = mapped_column(ForeignKey("officer.id"))
    withdrawn_at: Mapped[datetime | None] = mapped_column(Instant)
    withdrawn_why: Mapped[str | None] = mapped_column(String(60))

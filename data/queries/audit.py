"""The inspector's list, whether it is still as it was written, and «谁看过我» for an officer."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, String, and_, cast, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from data.errors import NotFound, NotPermitted
from data.events import CallCentreRang
from data.rules import masking
from data.rules.case_numbers import normalise
from data.rules.identity import OF_A_PERSON, same_username, trace_digest
from data.rules.permissions import ALLOWED, Actor, Clearance, Sight, Verb, may
from data.tables import AccountRow, AuditRow, CallRow, CaseRow, EntryRow, MissionRow, OfficerRow, TeamRow, UnitRow, WallRow

MOST_SEEN = 50
MOST_LISTED = 500


@dataclass(frozen=True, slots=True)
class Trace:
    """One line of the inspector's list: who, when, what, about what, why, from where."""

    id: str
    at: datetime
    actor_kind: str
    actor_id: str
    actor_role: str
    address: str | None
    act: str
    object_kind: str | None
    object_id: str | None
    fields: tuple[str, ...]
    reason: str | None
    result: str


@dataclass(frozen=True, slots=True)
class Seen:
    """Somebody in this role looked at the officer at this time; who it was the inspector knows."""

    at: datetime
    role: str


def traces(
    session: Session,
    sight: Sight,
    *,
    since: datetime | None = None,
    before: datetime | None = None,
    act: str | None = None,
    actor_id: str | None = None,
    object_id: str | None = None,
    limit: int = 100,
) -> list[Trace]:
    """The newest traces first, those that match. Raises NotPermitted for everybody but the inspector."""
    if sight.role not in ALLOWED[Verb.SEE_AUDIT]:
        raise NotPermitted(Verb.SEE_AUDIT, verb=Verb.SEE_AUDIT.value)
    wanted = {AuditRow.act: act, AuditRow.actor_id: actor_id, AuditRow.object_id: object_id}
    rows = select(AuditRow).where(*(column == value for column, value in wanted.items() if value is not None))
    if since is not None:
        rows = rows.where(AuditRow.at >= since)
    if before is not None:
        rows = rows.where(AuditRow.at < before)
    newest = rows.order_by(AuditRow.at.desc(), AuditRow.id.desc()).limit(min(limit, MOST_LISTED))
    return [_trace(row) for row in session.scalars(newest)]


def _trace(row: AuditRow) -> Trace:
    return Trace(
        id=row.id,
        at=row.at,
        actor_kind=row.actor_kind,
        actor_id=row.actor_id,
        actor_role=row.actor_role,
        address=row.address,
        act=row.act,
        object_kind=row.object_kind,
        object_id=row.object_id,
        fields=tuple(row.fields),
        reason=row.reason,
        result=row.result,
    )


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the inspector looks for; nothing: everything. who: an account, a badge number, a part of a name, a wall, or an id of a line.

    case_no: traces about this case, its missions and their calls. about: an id, or as `who`: whose line it is, or whose unit.
    """

    who: str | None = None
    act: str | None = None
    case_no: str | None = None
    about: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    def named(self) -> tuple[str, ...]:
        """Which of them were said, never what: for the trace that this look leaves itself."""
        return tuple(sorted(name for name in ("who", "act", "case_no", "about", "since", "until") if getattr(self, name) is not None))


@dataclass(frozen=True, slots=True)
class Line:
    """One trace, and how its doer and what it is about are called at a desk; None for machines, strangers and what has a number only."""

    trace: Trace
    who: str | None
    about: str | None = None


def search(session: Session, actor: Actor, wanted: Wanted, before: str | None = None, limit: int = 100) -> list[Line]:
    """The newest traces first, those that match, and are older than the trace `before`.

    Raises NotPermitted for everybody but the inspector, NotFound not_found.case, .trace, BadInput for a case number that is none.
    """
    if not may(actor, Verb.SEE_AUDIT):
        raise NotPermitted(Verb.SEE_AUDIT, code="identity.locked" if actor.locked else None, verb=Verb.SEE_AUDIT.value)
    rows = select(AuditRow).where(*_matching(session, wanted))
    if before is not None:
        last = session.get(AuditRow, before)
        if last is None:
            raise NotFound("trace", code="not_found.trace")
        rows = rows.where(or_(AuditRow.at < last.at, and_(AuditRow.at == last.at, AuditRow.id < last.id)))
    found = session.scalars(rows.order_by(AuditRow.at.desc(), AuditRow.id.desc()).limit(limit)).all()
    names = _names(session, {_doer(row) for row in found} | {_subject(row) for row in found})
    return [Line(_trace(row), names.get(_doer(row)), names.get(_subject(row))) for row in found]


def _doer(row: AuditRow) -> tuple[str, str]:
    return "wall" if row.actor_kind == "WALL" else "officer", row.actor_id


def _subject(row: AuditRow) -> tuple[str, str]:
    return row.object_kind or "", row.object_id or ""


def _names(session: Session, wanted: set[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """How a desk calls these officers, units of officers, walls and teams: by kind and id."""
    ids = {kind: {key for each, key in wanted if each == kind} for kind in ("officer", "unit", "wall", "team")}
    units = _called(session, UnitRow.no, {int(no) for no in ids["unit"] if no.isdecimal() and len(no) < 10})
    found = {("officer", key): name for key, name in _called(session, OfficerRow.id, ids["officer"]).items()}
    found |= {("unit", str(no)): name for no, name in units.items()}
    for kind, row in (("wall", WallRow), ("team", TeamRow)):
        found |= {(kind, key): name for key, name in session.execute(select(row.id, row.name).where(row.id.in_(ids[kind])))}
    return found


def _matching(session: Session, wanted: Wanted) -> list[ColumnElement[bool]]:
    said: list[ColumnElement[bool]] = []
    if wanted.who is not None:
        doers = (AuditRow.actor_id.in_(named) for named in (_people(wanted.who), _walls(wanted.who)))
        said.append(or_(AuditRow.actor_id == wanted.who, *doers))
    if wanted.act is not None:
        said.append(AuditRow.act == wanted.act)
    if wanted.about is not None:
        named = _people(wanted.about), _walls(wanted.about), _units(wanted.about)
        said.append(or_(AuditRow.object_id == wanted.about, *(AuditRow.object_id.in_(each) for each in named)))
    if wanted.case_no is not None:
        said.append(AuditRow.object_id.in_(_of_case(session, wanted.case_no)))
    if wanted.since is not None:
        said.append(AuditRow.at >= wanted.since)
    if wanted.until is not None:
        said.append(AuditRow.at < wanted.until)
    return said


def _people(typed: str) -> Select[str]:
    part = OfficerRow.name.contains(typed, autoescape=True)
    people = select(OfficerRow.id).outerjoin(AccountRow, AccountRow.officer_id == OfficerRow.id)
    return people.where(or_(part, OfficerRow.badge_no == typed, AccountRow.username == same_username(typed)))


def _walls(typed: str) -> Select[str]:
    return select(WallRow.id).where(WallRow.name == typed)


def _units(typed: str) -> Select[str]:
    """The units of people who are called so."""
    return select(cast(UnitRow.no, String)).where(UnitRow.officer_id.in_(_people(typed)))


def _of_case(session: Session, typed: str) -> list[str]:
    """The case, its missions, and the calls of those."""
    case_id = session.scalar(select(CaseRow.id).where(CaseRow.case_no == normalise(typed)))
    if case_id is None:
        raise NotFound("case", code="not_found.case")
    missions = list(session.scalars(select(MissionRow.id).where(MissionRow.case_id == case_id)))
    return [case_id, *missions, *session.scalars(select(CallRow.id).where(CallRow.mission_id.in_(missions)))]


@dataclass(frozen=True, slots=True)
class CentreRing:
    """One ring of the centre to an officer or a team: who rang whom, when, and what became of it. ended_why: as the call's.

    officer: who rang, unit: whose phone, team: which one was rung, as the desk calls them; None when that is not known any more.
    """

    at: datetime
    call_id: str
    number: str
    officer_id: str
    role: str
    unit_no: int
    team_id: str | None
    answered_at: datetime | None
    ended_at: datetime | None
    ended_why: str | None
    officer: str | None
    unit: str | None
    team: str | None


def centre_rings(
    session: Session, sight: Sight, *, since: datetime | None = None, before: datetime | None = None, limit: int = 100
) -> list[CentreRing]:
    """Every ring of the centre, the newest first: whoever is rung may be seen. Raises NotPermitted for everybody but the inspector."""
    if sight.role not in ALLOWED[Verb.SEE_AUDIT]:
        raise NotPermitted(Verb.SEE_AUDIT, verb=Verb.SEE_AUDIT.value)
    rung = (
        select(EntryRow.recorded_at, EntryRow.actor_id, EntryRow.actor_role, EntryRow.payload, CallRow)
        .join(CallRow, CallRow.id == EntryRow.subject_id)
        .where(EntryRow.kind == CallCentreRang.kind, CallRow.court_code == sight.court_code)
    )
    if since is not None:
        rung = rung.where(EntryRow.recorded_at >= since)
    if before is not None:
        rung = rung.where(EntryRow.recorded_at < before)
    found = session.execute(rung.order_by(EntryRow.seq.desc()).limit(min(limit, MOST_LISTED))).all()
    officers = _called(session, OfficerRow.id, {officer_id for _, officer_id, _, _, _ in found})
    holders = _called(session, UnitRow.no, {said["unit_no"] for _, _, _, said, _ in found})
    teams = {row.id: row.name for row in session.execute(select(TeamRow.id, TeamRow.name))}
    return [
        CentreRing(
            at,
            call.id,
            call.number,
            officer_id,
            role,
            said["unit_no"],
            said.get("team_id"),
            call.answered_at,
            call.ended_at,
            call.ended_why,
            officers.get(officer_id),
            holders.get(said["unit_no"]),
            teams.get(said.get("team_id")),
        )
        for at, officer_id, role, said, call in found
    ]


def _called(session: Session, by: InstrumentedAttribute[Any], wanted: set[Any]) -> dict[Any, str]:
    """Officers as the desk calls them, by their own id or by the unit that they are."""
    named = select(by, OfficerRow.name, OfficerRow.title).where(by.in_(wanted))
    rows = session.execute(named if by is OfficerRow.id else named.join(UnitRow, UnitRow.officer_id == OfficerRow.id))
    return {key: masking.officer(name, title, Clearance.DESK) for key, name, title in rows}


def who_saw(
    session: Session, *, unit_no: int | None = None, officer_id: str | None = None, since: datetime | None = None, limit: int = MOST_SEEN
) -> list[Seen]:
    """«谁看过我»: who opened this officer's track or restricted fields or followed him, newest first, by role and time only.

    For the officer's own phone: the door passes the unit of the device that asks, never one that was asked for.
    """
    about = [_about("unit", str(unit_no))] if unit_no is not None else []
    officer_id = officer_id or session.scalar(select(UnitRow.officer_id).where(UnitRow.no == unit_no))
    if officer_id is not None:
        about.append(_about("officer", officer_id))
    if not about:
        return []
    seen = select(AuditRow.at, AuditRow.actor_role).where(AuditRow.act.in_(OF_A_PERSON), AuditRow.result == "done", or_(*about))
    if officer_id is not None:
        seen = seen.where(AuditRow.actor_id != officer_id)  # his own looking at himself is no news
    if since is not None:
        seen = seen.where(AuditRow.at >= since)
    return [Seen(at, role) for at, role in session.execute(seen.order_by(AuditRow.at.desc()).limit(min(limit, MOST_SEEN)))]


def _about(kind: str, object_id: str) -> ColumnElement[bool]:
    return and_(AuditRow.object_kind == kind, AuditRow.object_id == object_id)


def first_forged(session: Session) -> str | None:
    """The id of the first trace that is not as it was written, or is gone; None when all are. `Journal.verify` checks the chain."""
    entries = select(EntryRow.payload).where(EntryRow.kind == "audit.recorded").order_by(EntryRow.seq)
    for payload in session.scalars(entries.execution_options(yield_per=500)):
        row = session.get(AuditRow, payload["audit_id"])
        if (
            row is None
            or trace_digest({column.key: getattr(row, column.key) for column in AuditRow.__table__.columns}) != payload["digest"]
        ):
            return str(payload["audit_id"])
        session.expunge(row)
    return None

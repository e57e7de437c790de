"""The wall's rows: the snapshot with which a viewer begins, and the rows that an event touched.

The wall's own law: the snapshot before plus the touched rows equals a fresh snapshot, for every event and every Sight. At civil midnight
«today» becomes another day without an event: every viewer then begins again from a snapshot.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from data.events import Row
from data.journal import CIVIL_OFFSET_S, head
from data.queries import calls, cases, entries, heartbeat, organisation, people, recordings, today, units
from data.queries.calls import open_or_of_today
from data.queries.reading import Drawn, Ids, Reading, Say
from data.rules.civil import day_start
from data.rules.permissions import NO_ROWS, Actor, Clearance, Role, Sight
from data.rules.walls import VISITORS_LAYOUT
from data.tables import (
    CallRow,
    CaseRow,
    FaultRow,
    MissionRow,
    OrderRow,
    ParticipantRow,
    RecordingRow,
    SosRow,
    TeamRow,
    UnitRow,
    WallRow,
    WhisperRow,
)  # fmt: skip

_KINDS: dict[str, Callable[[Reading, Ids], Drawn]] = {
    "court": organisation.courts,
    "area": organisation.areas,
    "fence": organisation.fences,
    "team": units.teams,
    "unit": units.units_,
    "case": cases.cases,
    "mission": cases.missions_,
    "call": calls.calls_,
    "participant": calls.participants_,
    "whisper": calls.whispers_,
    "order": calls.orders_,
    "sos": calls.alarms,
    "recording": recordings.recordings_,
    "help": people.helps,
    "wall": organisation.walls,
    "part": heartbeat.parts_,
    "fault": heartbeat.faults_,
}
_OF_UNIT: dict[str, type[CallRow] | type[SosRow] | type[RecordingRow]] = {"call": CallRow, "sos": SosRow, "recording": RecordingRow}
TODAY = ("today", "today")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything a viewer sees. seq: the journal's number read before the rows; rows by kind, then by id."""

    seq: int
    rows: dict[str, Drawn]


def snapshot(session: Session, sight: Sight, now: datetime, civil_offset_s: int = CIVIL_OFFSET_S, *, say: Say) -> Snapshot:
    """Everything that this Sight sees. say: the texts, `say(key, **holes)`. Time: UTC; `civil_offset_s` says what today is."""
    seq = head(session)
    if sight.clearance in NO_ROWS:
        return Snapshot(seq, {})
    reading = _reading(session, sight, now, civil_offset_s, say)
    reading.undrawable.clear()
    drawn = {kind: draw(reading, None) for kind, draw in _KINDS.items()}
    newest = entries.newest(reading, entries.NEWEST)
    drawn["entry"] = entries.entries(reading, None, [entry.seq for entry in newest])
    drawn["today"] = today.today(reading, newest)
    return Snapshot(seq, {kind: rows for kind, rows in drawn.items() if rows or not reading.own_only})


def rows(
    session: Session, sight: Sight, refs: Iterable[Row], now: datetime, civil_offset_s: int = CIVIL_OFFSET_S, *, say: Say
) -> list[tuple[str, str, dict[str, Any] | None]]:
    """The touched rows as this Sight sees them now: (kind, id, row), None when it does not see it (any more).

    May hold more rows than were asked for: the entry that a newer one pushes off the list, and every row that says the name of an officer
    who is called otherwise now. A phone gets nothing about others, not even that there is something.
    """
    touched = set(refs)
    if sight.clearance in NO_ROWS or not touched:
        return []
    reading = _reading(session, sight, now, civil_offset_s, say)
    if reading.own_only and not _may_be_own(sight, touched):
        return []
    touched |= _of_officers(reading, {officer_id for kind, officer_id in touched if kind == "officer"})
    found = _drawn(reading, touched)
    asked = _asked(reading, touched)
    answered: list[tuple[str, str, dict[str, Any] | None]] = []
    for kind in _KINDS:
        for row_id in sorted(row_id for of_kind, row_id in asked if of_kind == kind):
            row = found.get(kind, {}).get(row_id)
            if row is not None or not reading.own_only or _was_own(reading, kind, row_id):
                answered.append((kind, row_id, row))
    return answered + _stream(reading, touched)


def sight_of(actor: Actor, wall_visitors: bool = False, court_code: str = "") -> Sight:
    """What this actor may see. wall_visitors: the wall it is, or the desk, is in visitors' mode."""
    court = court_code or actor.court_code
    openness = Clearance.VISITORS if wall_visitors else None
    if actor.role in (Role.DUTY, Role.COMMANDER, Role.LEADER):
        return Sight(openness or Clearance.DESK, actor.role, court, positions=openness is None)
    if actor.role in (Role.WALL, Role.UPPER):
        return Sight(openness or Clearance.WALL, actor.role, court, positions=openness is None)
    if actor.role is Role.INSPECTOR:  # reads tracks with a reason, not the live map
        return Sight(openness or Clearance.WALL, actor.role, court, positions=False)
    if actor.role is Role.TECHNICAL:  # status only
        return Sight(Clearance.VISITORS, actor.role, court, positions=False)
    if actor.role in (Role.DEVICE, Role.FIELD, Role.JUDGE):
        return Sight(Clearance.FIELD, actor.role, court, team_id=actor.team_id, unit_no=actor.unit_no)
    if actor.role is Role.PARTY:
        return Sight(Clearance.PARTY, actor.role, court, positions=False)
    if actor.role is Role.STAGE:
        return Sight(Clearance.STAGE, actor.role, court, positions=False)
    return Sight(Clearance.NOTHING, actor.role, court, positions=False)


def visible_units(sight: Sight) -> frozenset[int] | None:
    """Whose positions this Sight may see: None for all of the court, else these units."""
    if not sight.positions or sight.clearance in NO_ROWS | {Clearance.VISITORS}:
        return frozenset()
    if sight.clearance is Clearance.FIELD:
        return frozenset() if sight.unit_no is None else frozenset({sight.unit_no})
    return None


def visitors_of(session: Session, wall_id: str) -> bool | None:
    """Whether guests can see this wall now; None when there is no such wall (any more)."""
    found = session.execute(
        select(WallRow.visitors, WallRow.layout).where(WallRow.id == wall_id, WallRow.revoked_at.is_(None))
    ).one_or_none()
    return found and (found.visitors or found.layout == VISITORS_LAYOUT)


def find_unit(session: Session, sight: Sight, typed: str, now: datetime, civil_offset_s: int = CIVIL_OFFSET_S, *, say: Say) -> Drawn:
    """The unit of this number as a row, nothing if this Sight sees none."""
    if not (typed.isascii() and typed.isdigit() and len(typed) < 10) or sight.clearance in NO_ROWS:
        return {}
    return units.units_(_reading(session, sight, now, civil_offset_s, say), frozenset({str(int(typed))}))


def reading_of(session: Session, sight: Sight, now: datetime, civil_offset_s: int = CIVIL_OFFSET_S, *, say: Say) -> Reading:
    """One reading by this Sight, for a list that is not the wall's."""
    return _reading(session, sight, now, civil_offset_s, say)


# --- inside -----------------------------------------------------------------------------------------------------------------------


def _reading(session: Session, sight: Sight, now: datetime, civil_offset_s: int, say: Say) -> Reading:
    remembered = session.info.get("remembered", {})
    undrawable = remembered.setdefault(("undrawable", sight), set())
    return Reading(session, sight, now, day_start(now, civil_offset_s), civil_offset_s, say, undrawable)


def _drawn(reading: Reading, touched: set[Row]) -> dict[str, Drawn]:
    ids = {kind: frozenset(row_id for of_kind, row_id in touched if of_kind == kind) for kind in _KINDS}
    return {kind: draw(reading, ids[kind]) for kind, draw in _KINDS.items() if ids[kind]}


def _asked(reading: Reading, touched: set[Row]) -> set[Row]:
    """What may be answered; a phone's question about another team or unit is not."""
    if not reading.own_only:
        return touched
    own = {"unit": str(reading.sight.unit_no), "team": reading.sight.team_id}
    return {(kind, row_id) for kind, row_id in touched if kind not in own or own[kind] == row_id}


def _may_be_own(sight: Sight, touched: set[Row]) -> bool:
    """Every event about a unit's call, alarm or mission names the unit or its team too."""
    own = {("unit", str(sight.unit_no)), ("team", sight.team_id)}
    return any(ref in own or ref[0] in ("court", "officer") for ref in touched)


def _was_own(reading: Reading, kind: str, row_id: str) -> bool:
    """Whether a row that is not drawn any more was this phone's, so that it must take it off."""
    sight, session = reading.sight, reading.session
    if kind == "mission":
        return session.scalar(select(MissionRow.team_id).where(MissionRow.id == row_id)) == sight.team_id
    if kind == "order":
        return session.scalar(select(OrderRow.team_id).where(OrderRow.id == row_id)) == sight.team_id
    if kind in ("participant", "whisper"):
        part = ParticipantRow if kind == "participant" else WhisperRow
        whose = select(CallRow.unit_no).join(part, part.call_id == CallRow.id).where(part.id == row_id)
        return session.scalar(whose) == sight.unit_no
    if kind == "call" and session.scalar(select(CallRow.rung_team_id).where(CallRow.id == row_id)) == (sight.team_id or ""):
        return True
    if kind in _OF_UNIT:
        table = _OF_UNIT[kind]
        return session.scalar(select(table.unit_no).where(table.id == row_id)) == sight.unit_no
    return False


def _stream(reading: Reading, touched: set[Row]) -> list[tuple[str, str, dict[str, Any] | None]]:
    """The touched entries, the ones they push off the list, and the day's figures."""
    asked = frozenset(row_id for kind, row_id in touched if kind == "entry")
    renamed = any(kind == "officer" for kind, _ in touched)
    if reading.own_only or not (asked or renamed or TODAY in touched):
        return []
    newest = entries.newest(reading, entries.NEWEST + len(asked))
    shown = [entry.seq for entry in newest[: entries.NEWEST]]
    drawn = entries.entries(reading, None if renamed else asked, shown)
    gone = {str(entry.seq) for entry in newest[entries.NEWEST :]} | (asked - {str(number) for number in shown})
    answered: list[tuple[str, str, dict[str, Any] | None]] = [("entry", row_id, row) for row_id, row in drawn.items()]
    answered += [("entry", row_id, None) for row_id in sorted(gone, key=int)]
    if TODAY in touched:
        answered += [(*TODAY, row) for row in today.today(reading, newest[: entries.NEWEST]).values()]
    return answered


def _of_officers(reading: Reading, officer_ids: set[str]) -> set[Row]:
    """Every row that says the name of one of these officers."""
    if not officer_ids:
        return set()
    ids, session = sorted(officer_ids), reading.session
    found: set[Row] = {("team", row_id) for row_id in session.scalars(select(TeamRow.id).where(TeamRow.leader_id.in_(ids)))}
    numbers = list(session.scalars(select(UnitRow.no).where(UnitRow.officer_id.in_(ids))))
    found |= {("unit", str(no)) for no in numbers}
    for kind, table in (("call", CallRow), ("sos", SosRow)):
        named = or_(table.unit_no.in_(numbers), table.owner_id.in_(ids))
        found |= {(kind, row_id) for row_id in session.scalars(select(table.id).where(named, open_or_of_today(reading, table)))}
    shown = select(CallRow.id).where(open_or_of_today(reading, CallRow))
    ringing = or_(CallRow.rung_by.in_(ids), CallRow.commander_id.in_(ids))
    found |= {("call", row_id) for row_id in session.scalars(shown.where(ringing))}
    found |= {
        ("participant", row_id)
        for row_id in session.scalars(
            select(ParticipantRow.id).where(ParticipantRow.officer_id.in_(ids), ParticipantRow.call_id.in_(shown))
        )
    }
    found |= {
        ("whisper", row_id)
        for row_id in session.scalars(select(WhisperRow.id).where(WhisperRow.officer_id.in_(ids), WhisperRow.call_id.in_(shown)))
    }
    of_order = select(OrderRow.id).join(CallRow, CallRow.id == OrderRow.call_id)
    found |= {
        ("order", row_id)
        for row_id in session.scalars(
            of_order.where(
                or_(OrderRow.sent_by.in_(ids), CallRow.unit_no.in_(numbers)), OrderRow.sent_at >= reading.day_start - timedelta(days=1)
            )
        )
    }
    changed_today = CaseRow.changed_at >= reading.day_start
    of_judge = select(CaseRow.id).where(CaseRow.judge_id.in_(ids), or_(changed_today, CaseRow.closed_at.is_(None)))
    found |= {("case", row_id) for row_id in session.scalars(of_judge)}
    found |= {
        ("fault", row_id) for row_id in session.scalars(select(FaultRow.id).where(FaultRow.taken_by.in_(ids), heartbeat.of_now(reading)))
    }
    return found | {("wall", row_id) for row_id in session.scalars(select(WallRow.id).where(WallRow.steered_by.in_(ids)))}

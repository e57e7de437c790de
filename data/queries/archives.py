"""The archive of positions: what a track is read from, what is due, what whoever keeps the house sees of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from data.errors import NotFound, NotPermitted
from data.rules import archives, case_numbers
from data.rules.archives import ArchiveState, HeldFor
from data.rules.permissions import Actor, Sight, Verb, may
from data.tables import CaseRow, MissionRow, PositionArchiveRow, PositionHoldRow

LISTED_MOST = 400


@dataclass(frozen=True, slots=True)
class ArchivedDay:
    """One file that a track is read from."""

    id: str
    day: date
    sha256: str


@dataclass(frozen=True, slots=True)
class ArchiveView:
    """One day on the list: numbers and times. held: a legal hold keeps it."""

    id: str
    day: date
    state: str
    share_pct: int
    ended_at: datetime | None
    why: str | None
    fixes: int
    units: int
    size: int | None
    sha256: str | None
    purged_at: datetime | None
    held: bool


@dataclass(frozen=True, slots=True)
class HoldView:
    """One hold: for which unit, mission or case, by id."""

    id: str
    unit_no: int | None
    mission_id: str | None
    case_id: str | None
    from_on: date
    to_on: date
    held_at: datetime
    lifted_at: datetime | None


@dataclass(frozen=True, slots=True)
class HoldLine:
    """One hold that stands, as whoever may lift it reads it. about: unit number, mission number or case number; own: he put it himself."""

    id: str
    held_for: HeldFor
    about: str
    from_on: date
    to_on: date
    held_at: datetime
    own: bool


def archived_days(session: Session, from_day: date, to_day: date) -> list[ArchivedDay]:
    """What stands in the archive of these days (UTC), in their order. The trace of the look is left before: `read_track`."""
    query = (
        select(PositionArchiveRow.id, PositionArchiveRow.day, PositionArchiveRow.sha256)
        .where(PositionArchiveRow.state == ArchiveState.KEPT, PositionArchiveRow.day.between(from_day, to_day))
        .order_by(PositionArchiveRow.day, PositionArchiveRow.id)
    )
    rows = session.execute(query)
    return [ArchivedDay(id_, day, sha256 or "") for id_, day, sha256 in rows]


def states(session: Session, archive_ids: Sequence[str]) -> dict[str, tuple[str, date, str]]:
    """State, day and digest of those that are known."""
    query = select(PositionArchiveRow.id, PositionArchiveRow.state, PositionArchiveRow.day, PositionArchiveRow.sha256)
    rows = session.execute(query.where(PositionArchiveRow.id.in_(archive_ids)))
    return {id_: (state, day, sha256 or "") for id_, state, day, sha256 in rows}


def due_for_purge(session: Session, oldest: date) -> list[str]:
    """Archived days before the oldest that is still kept; a hold is looked at when one of them is purged."""
    query = select(PositionArchiveRow.id).where(PositionArchiveRow.state == ArchiveState.KEPT, PositionArchiveRow.day < oldest)
    return list(session.scalars(query.order_by(PositionArchiveRow.day, PositionArchiveRow.id)))


def on_hold(session: Session, civil_offset_s: int) -> Callable[[date], bool]:
    """Whether a hold that stands keeps the positions of a day (UTC)."""
    rows = session.execute(select(PositionHoldRow.from_on, PositionHoldRow.to_on).where(PositionHoldRow.lifted_at.is_(None)))
    spans = [(from_on, to_on) for from_on, to_on in rows]
    return lambda day: any(archives.covers(from_on, to_on, day, civil_offset_s) for from_on, to_on in spans)


def hold_lines(session: Session, actor: Actor) -> list[HoldLine]:
    """Those that stand, the newest first. Raises NotPermitted."""
    if not may(actor, Verb.HOLD_POSITIONS):
        raise NotPermitted(Verb.HOLD_POSITIONS, verb=Verb.HOLD_POSITIONS.value)
    query = (
        select(PositionHoldRow, MissionRow.no, CaseRow.case_no)
        .outerjoin(MissionRow, MissionRow.id == PositionHoldRow.mission_id)
        .outerjoin(CaseRow, CaseRow.id == PositionHoldRow.case_id)
        .where(PositionHoldRow.lifted_at.is_(None))
        .order_by(PositionHoldRow.id.desc())
        .limit(LISTED_MOST)
    )
    lines = []
    for row, mission_no, case_no in session.execute(query):
        kind = HeldFor.MISSION if row.mission_id else HeldFor.CASE if row.case_id else HeldFor.UNIT
        own = row.held_by is not None and row.held_by == actor.officer_id
        lines.append(HoldLine(row.id, kind, mission_no or case_no or str(row.unit_no), row.from_on, row.to_on, row.held_at, own))
    return lines


def held_id(session: Session, _: Actor, held_for: str, typed: str) -> str:
    """The id of what a person names by its number: 勤〔20260112〕003, （2026）粤0607执1号. Raises BadInput case_number.bad, NotFound."""
    typed = typed.strip()
    if held_for == HeldFor.MISSION:
        found = session.scalar(select(MissionRow.id).where((MissionRow.no == typed[:24]) | (MissionRow.id == typed[:40])).limit(1))
    elif held_for == HeldFor.CASE:
        found = session.scalar(select(CaseRow.id).where(CaseRow.case_no == str(case_numbers.parse(typed))))
    else:
        return typed
    if found is None:
        raise NotFound(held_for, code=f"not_found.{held_for}")
    return found


def archives_(session: Session, sight: Sight, actor: Actor, civil_offset_s: int) -> tuple[list[ArchiveView], list[HoldView]]:
    """The newest days first, and the holds that stand or stood. Raises NotPermitted."""
    if not may(actor, Verb.SEE_DESK):
        raise NotPermitted(Verb.SEE_DESK, verb=Verb.SEE_DESK.value)
    holds = [
        HoldView(row.id, row.unit_no, row.mission_id, row.case_id, row.from_on, row.to_on, row.held_at, row.lifted_at)
        for row in session.scalars(
            select(PositionHoldRow)
            .where(PositionHoldRow.court_code == sight.court_code)
            .order_by(PositionHoldRow.lifted_at.is_not(None), PositionHoldRow.id.desc())
            .limit(LISTED_MOST)
        )
    ]
    standing = [each for each in holds if each.lifted_at is None]
    rows = session.scalars(
        select(PositionArchiveRow)
        .where(PositionArchiveRow.court_code == sight.court_code)
        .order_by(PositionArchiveRow.day.desc(), PositionArchiveRow.id.desc())
        .limit(LISTED_MOST)
    )
    return [_view(row, standing, civil_offset_s) for row in rows], holds


def _view(row: PositionArchiveRow, standing: Sequence[HoldView], civil_offset_s: int) -> ArchiveView:
    held = any(archives.covers(each.from_on, each.to_on, row.day, civil_offset_s) for each in standing)
    return ArchiveView(
        row.id, row.day, row.state, row.share_pct, row.ended_at, row.why, row.fixes, row.units, row.size, row.sha256, row.purged_at, held
    )  # fmt: skip

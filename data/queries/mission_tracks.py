"""Missions as tracks: whose way belongs to which mission, what of it is kept, and the list of those that can be looked at."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from data.errors import ArchiveChanged, NotFound, NotPermitted
from data.queries.cases import past_missions
from data.queries.reading import Reading
from data.rules.mission_tracks import Span, span
from data.rules.missions import LONGEST
from data.rules.permissions import Actor, Sight, Verb, may
from data.tables import EntryRow, MissionRow, MissionTrackRow, UnitRow

LISTED_MOST = 200
_BEGAN = func.coalesce(MissionRow.departed_at, MissionRow.arrived_at)
# Who was in the team at that hour: it says so itself, and a team of today may be another one.
_SAYS_WHO = ("mission.departed", "mission.arrived", "mission.finished", "mission.fruitless", "mission.cancelled")


@dataclass(frozen=True, slots=True)
class Trip:
    """One mission as a way: when it was, and by which units."""

    mission_id: str
    span: Span
    unit_nos: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class KeptTrack:
    """One piece that stays. fixes: that it was thinned from; track: packed, as its digest says."""

    unit_no: int
    from_at: datetime
    to_at: datetime
    fixes: int
    track: bytes


def trips_of(session: Session, day: date, now: datetime) -> list[Trip]:
    """Every mission that had a part on this day (UTC)."""
    begins = datetime.combine(day, time(), UTC)
    on_it = _missions().where(begins + timedelta(days=1) > _BEGAN, begins - LONGEST < _BEGAN)
    on_it = on_it.where(MissionRow.ended_at.is_(None) | (MissionRow.ended_at >= begins))
    return _trips(session, on_it, now)


def trip_of(session: Session, sight: Sight, actor: Actor, mission_id: str, now: datetime) -> Trip:
    """One mission, for whoever may look at tracks. Raises NotPermitted, NotFound not_found.mission: none, or it never left."""
    if not may(actor, Verb.SEE_TRACK):
        raise NotPermitted(Verb.SEE_TRACK, verb=Verb.SEE_TRACK.value)
    known = mission_id.isascii() and mission_id.isprintable() and len(mission_id) <= 40
    one = _missions().where(MissionRow.id == mission_id, MissionRow.court_code == sight.court_code)
    for trip in _trips(session, one, now) if known else ():
        return trip
    raise NotFound("mission", code="not_found.mission")


def kept_of(session: Session, source: str) -> frozenset[tuple[str, int]]:
    """Of which missions and units a piece out of this day file is there already."""
    query = select(MissionTrackRow.mission_id, MissionTrackRow.unit_no).where(MissionTrackRow.source == source)
    return frozenset((mission_id, unit_no) for mission_id, unit_no in session.execute(query))


def kept_tracks(session: Session, mission_id: str) -> list[KeptTrack]:
    """The pieces of one mission; the trace of the look is left before: `read_mission_track`. Raises ArchiveChanged track.changed."""
    query = select(MissionTrackRow).where(MissionTrackRow.mission_id == mission_id)
    rows = session.scalars(query.order_by(MissionTrackRow.unit_no, MissionTrackRow.from_at)).all()
    for row in rows:
        if hashlib.sha256(row.track).hexdigest() != row.sha256:
            raise ArchiveChanged(f"track of {mission_id}", code="track.changed", day=f"{row.from_at:%Y-%m-%d}")
    return [KeptTrack(row.unit_no, row.from_at, row.to_at, row.fixes, row.track) for row in rows]


def first_forged_track(session: Session) -> str | None:
    """The mission whose kept track is not as the journal says, or is gone although the mission is there; None when all are."""
    entries = select(EntryRow.payload).where(EntryRow.kind == "mission.track_kept").order_by(EntryRow.seq)
    for said in session.scalars(entries.execution_options(yield_per=500)):
        row = session.get(MissionTrackRow, (said["mission_id"], said["unit_no"], said["archive_id"]))
        if row is None and session.get(MissionRow, said["mission_id"]) is None:
            continue
        if row is None or hashlib.sha256(row.track).hexdigest() != said["sha256"]:
            return str(said["mission_id"])
        session.expunge(row)
    return None


def missions_with_tracks(reading: Reading, actor: Actor) -> list[dict[str, Any]]:
    """The newest that have left, as this viewer sees them; `kept`: the places that stay of each. Raises NotPermitted."""
    if not may(actor, Verb.SEE_TRACK):
        raise NotPermitted(Verb.SEE_TRACK, verb=Verb.SEE_TRACK.value)
    drawn = past_missions(reading, LISTED_MOST)
    counts = select(MissionTrackRow.mission_id, func.sum(MissionTrackRow.kept)).where(MissionTrackRow.mission_id.in_(drawn))
    kept = {mission_id: int(count) for mission_id, count in reading.session.execute(counts.group_by(MissionTrackRow.mission_id))}
    return [row | {"kept": kept.get(mission_id, 0)} for mission_id, row in drawn.items()]


# --- inside -----------------------------------------------------------------------------------------------------------------------------


def _missions() -> Select[Any]:
    columns: list[Any] = [MissionRow.id, MissionRow.departed_at, MissionRow.arrived_at, MissionRow.ended_at, MissionRow.vehicle_id]
    return select(*columns).order_by(_BEGAN, MissionRow.id)


def _trips(session: Session, query: Select[Any], now: datetime) -> list[Trip]:
    found = [
        (row.id, row.vehicle_id, within)
        for row in session.execute(query)
        if (within := span(row.departed_at, row.arrived_at, row.ended_at, now))
    ]
    who = _who(session, [mission_id for mission_id, _, _ in found])
    cars = _cars(session, {vehicle_id for _, vehicle_id, _ in found if vehicle_id})
    return [
        Trip(mission_id, within, tuple(sorted(who[mission_id] | ({cars[vehicle_id]} if vehicle_id in cars else set()))))
        for mission_id, vehicle_id, within in found
    ]


def _who(session: Session, mission_ids: Sequence[str]) -> dict[str, set[int]]:
    who: dict[str, set[int]] = defaultdict(set)
    query = select(EntryRow.subject_id, EntryRow.payload).where(EntryRow.kind.in_(_SAYS_WHO), EntryRow.subject_id.in_(mission_ids))
    for mission_id, said in session.execute(query):
        who[mission_id] |= set(said.get("unit_nos", ()))
    known = set(session.scalars(select(UnitRow.no).where(UnitRow.no.in_(set().union(*who.values())))))
    return defaultdict(set, {mission_id: numbers & known for mission_id, numbers in who.items()})


def _cars(session: Session, vehicle_ids: Iterable[str]) -> dict[str, int]:
    query = select(UnitRow.vehicle_id, UnitRow.no).where(UnitRow.vehicle_id.in_(vehicle_ids))
    return {str(vehicle_id): no for vehicle_id, no in session.execute(query)}

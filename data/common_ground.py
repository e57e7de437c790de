"""What the clips and live pictures of a programme and the people invited have in common, read for the ready-check and before it begins."""

from collections import defaultdict
from collections.abc import Iterable
from itertools import groupby

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from data.rules.conflicts import Ground, Shared, Somebody, conflicts
from data.sealing import Sealing
from data.tables import (
    AttendeeRow,
    CallRow,
    CasePartyRow,
    CaseRow,
    ClipRow,
    LivePermitRow,
    MissionRow,
    RecordingRow,
    ReleaseRow,
    ScreeningItemRow,
    UnitRow,
)

_WITHOUT_PARTIES: frozenset[Somebody] = frozenset()


def common_ground(session: Session, sealing: Sealing, screening_id: str) -> list[Shared]:
    """Clips that somebody invited must not be shown."""
    people = _people(session, screening_id)
    if not people:
        return []
    places = _places(session, screening_id)
    parties = _parties(session, sealing, {case for each in (*places, *people) for case in each.cases})
    return conflicts([_with(each, parties) for each in places], [_with(each, parties) for each in people])


def _with(ground: Ground, parties: dict[str, set[Somebody]]) -> Ground:
    theirs = frozenset(each for case in ground.cases for each in parties.get(case, ()))
    return Ground(ground.number, ground.cases, theirs, ground.areas)


def _people(session: Session, screening_id: str) -> list[Ground]:
    rows = session.execute(
        select(AttendeeRow.number, CaseRow.id, CaseRow.area_id)
        .join(CaseRow, CaseRow.id == AttendeeRow.case_id)
        .where(AttendeeRow.screening_id == screening_id, AttendeeRow.taken_off_at.is_(None))
    )
    return [_ground(row.number, [row.id], [row.area_id]) for row in rows]


def _places(session: Session, screening_id: str) -> list[Ground]:
    """Clip → recording → call → its mission; of a call without one, or a recording without a call, what its unit was out for then."""
    out_then = and_(
        CallRow.mission_id.is_(None),
        MissionRow.team_id == UnitRow.team_id,
        MissionRow.departed_at <= ClipRow.from_at,
        or_(MissionRow.ended_at.is_(None), MissionRow.ended_at >= ClipRow.from_at),
    )
    rows = session.execute(
        select(ScreeningItemRow.position, MissionRow.case_id, CallRow.area_id, MissionRow.area_id, CaseRow.area_id)
        .join(ReleaseRow, ReleaseRow.id == ScreeningItemRow.release_id)
        .join(ClipRow, ClipRow.id == ReleaseRow.clip_id)
        .join(RecordingRow, RecordingRow.id == ClipRow.recording_id)
        .outerjoin(CallRow, CallRow.id == RecordingRow.call_id)
        .outerjoin(UnitRow, UnitRow.no == func.coalesce(RecordingRow.unit_no, CallRow.unit_no))
        .outerjoin(MissionRow, or_(MissionRow.id == CallRow.mission_id, out_then))
        .outerjoin(CaseRow, CaseRow.id == MissionRow.case_id)
        .where(ScreeningItemRow.screening_id == screening_id)
        .order_by(ScreeningItemRow.position)
    )
    by_place = [(position, list(found)) for position, found in groupby(rows, key=lambda row: row[0])]
    grounds = [_ground(at + 1, [row[1] for row in found], [area for row in found for area in row[2:]]) for at, found in by_place]
    return sorted([*grounds, *_live_places(session, screening_id)], key=lambda each: each.number)


def _live_places(session: Session, screening_id: str) -> list[Ground]:
    """The missions whose live picture stands in the programme."""
    rows = session.execute(
        select(ScreeningItemRow.position, MissionRow.case_id, CaseRow.area_id, MissionRow.area_id.label("own"))
        .join(LivePermitRow, LivePermitRow.id == ScreeningItemRow.permit_id)
        .join(MissionRow, MissionRow.id == LivePermitRow.mission_id)
        .outerjoin(CaseRow, CaseRow.id == MissionRow.case_id)
        .where(ScreeningItemRow.screening_id == screening_id)
    )
    return [_ground(row.position + 1, [row.case_id], [row.area_id, row.own]) for row in rows]


def _ground(number: int, cases: Iterable[str | None], areas: Iterable[str | None]) -> Ground:
    return Ground(number, frozenset(filter(None, cases)), _WITHOUT_PARTIES, frozenset(filter(None, areas)))


def _parties(session: Session, sealing: Sealing, case_ids: set[str]) -> dict[str, set[Somebody]]:
    rows = session.scalars(select(CasePartyRow).where(CasePartyRow.case_id.in_(sorted(case_ids))))
    found: dict[str, set[Somebody]] = defaultdict(set)
    for row in rows:
        found[row.case_id].add(Somebody(sealing.open(row.name) or "", sealing.open(row.id_no)))
    return found

"""Recordings: the lamps on a wall, the list for who may replay them, the files of one look, what is due for purging, the disk's pace."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from data.errors import NotFound, NotPermitted
from data.queries.reading import Drawn, Ids, Reading, among, at, listing
from data.rules import recordings
from data.rules.identity import Act
from data.rules.permissions import Actor, Sight, Verb, may
from data.rules.recordings import Category, Origin, RecordingState
from data.tables import AuditRow, CallRow, CaseRow, MissionRow, RecordingGapRow, RecordingRow, SegmentRow, UnitRow

LISTED_MOST = 200
PACE_DAYS = 7


def recordings_(reading: Reading, ids: Ids) -> Drawn:
    """The lamps: what is being recorded now."""
    query = select(
        RecordingRow.id, RecordingRow.call_id, RecordingRow.unit_no, RecordingRow.state, RecordingRow.began_at, RecordingRow.broken_at,
        RecordingRow.broken_why,
    ).where(RecordingRow.ended_at.is_(None), *among(RecordingRow.id, ids))  # fmt: skip
    if reading.own_only:
        query = query.where(RecordingRow.unit_no == (reading.sight.unit_no or 0))

    def row(record: Any) -> dict[str, Any]:
        return {
            "id": record.id,
            "call_id": record.call_id,
            "unit": record.unit_no and str(record.unit_no),
            "state": RecordingState(record.state).value,
            "began_at": at(record.began_at),
            "broken_at": at(record.broken_at),
            "broken_why": record.broken_why,
        }

    return reading.draw("recording", query, RecordingRow.id, row)


@dataclass(frozen=True, slots=True)
class SegmentView:
    """One file. path: below the folder of recordings."""

    number: int
    form: str
    began_at: datetime
    duration_ms: int
    size: int
    sha256: str
    recovered: bool


@dataclass(frozen=True, slots=True)
class GapView:
    """filled_ms: how much of it the phone recorded itself and brought afterwards."""

    track: str
    from_at: datetime
    to_at: datetime
    why: str
    filled_ms: int


@dataclass(frozen=True, slots=True)
class RecordingView:
    """What the list says of one recording: numbers and times, no name."""

    id: str
    call_id: str | None
    call_number: str | None
    unit_no: int | None
    origin: str
    state: str
    category: str
    began_at: datetime
    ended_at: datetime | None
    held_at: datetime | None
    purged_at: datetime | None
    keep_until: datetime | None
    segments: int
    duration_ms: int
    size: int


def listed(
    session: Session, sight: Sight, actor: Actor, call_id: str | None = None, routine_days: int = recordings.ROUTINE_DAYS
) -> list[RecordingView]:
    """The newest first, those that this actor may replay. routine_days: as in force now. Raises NotPermitted."""
    if not may(actor, Verb.REPLAY_RECORDING):
        raise NotPermitted(Verb.REPLAY_RECORDING, verb=Verb.REPLAY_RECORDING.value)
    files = (
        select(
            SegmentRow.recording_id,
            func.count().label("segments"),
            func.sum(SegmentRow.duration_ms).label("duration_ms"),
            func.sum(SegmentRow.size).label("size"),
        )
        .group_by(SegmentRow.recording_id)
        .subquery()
    )
    query = (
        select(RecordingRow, CallRow.number, files.c.segments, files.c.duration_ms, files.c.size)
        .outerjoin(CallRow, CallRow.id == RecordingRow.call_id)
        .outerjoin(files, files.c.recording_id == RecordingRow.id)
        .where(RecordingRow.court_code == sight.court_code)
        .order_by(RecordingRow.began_at.desc(), RecordingRow.id.desc())
        .limit(LISTED_MOST)
    )
    if call_id is not None:
        query = query.where(RecordingRow.call_id == call_id)
    if actor.role in recordings.OWN_ONLY:
        query = query.where(_own(actor))
    return [_view(row, number, segments, ms, size, routine_days) for row, number, segments, ms, size in session.execute(query)]


def _own(actor: Actor) -> Any:
    """As `rules.recordings.is_own`."""
    own = [RecordingRow.unit_no == (actor.unit_no or 0)]
    if actor.role not in recordings.WITHOUT_REASON:
        of_team = select(UnitRow.no).where(UnitRow.team_id == (actor.team_id or ""))
        of_judge = (
            select(CallRow.id)
            .join(MissionRow, MissionRow.id == CallRow.mission_id)
            .join(CaseRow, CaseRow.id == MissionRow.case_id)
            .where(CaseRow.judge_id == (actor.officer_id or ""))
        )
        own += [RecordingRow.unit_no.in_(of_team), RecordingRow.call_id.in_(of_judge)]
    return or_(*own)


def _view(
    row: RecordingRow, number: str | None, segments: int | None, duration_ms: int | None, size: int | None, routine_days: int
) -> RecordingView:
    until = recordings.keep_until(Category(row.category), row.ended_at, routine_days) if row.ended_at else None
    return RecordingView(
        row.id, row.call_id, number, row.unit_no, row.origin, row.state, row.category, row.began_at, row.ended_at, row.held_at,
        row.purged_at, until, segments or 0, int(duration_ms or 0), int(size or 0),
    )  # fmt: skip


def files(session: Session, actor: Actor, recording_id: str, look_id: str, now: datetime) -> tuple[list[SegmentView], list[GapView]]:
    """The files and gaps of one recording for one look (`replay_recording`). Raises NotFound, NotPermitted."""
    check_look(session, actor, recording_id, look_id, now)
    of_it = select(SegmentRow).where(SegmentRow.recording_id == recording_id).order_by(SegmentRow.began_at, SegmentRow.number)
    pieces = _brought(session, recording_id)
    gaps = select(RecordingGapRow).where(RecordingGapRow.recording_id == recording_id).order_by(RecordingGapRow.from_at, RecordingGapRow.id)
    return (
        [
            SegmentView(row.number, row.form, row.began_at, row.duration_ms, row.size, row.sha256, row.recovered)
            for row in session.scalars(of_it)
        ],
        [
            GapView(row.track, row.from_at, row.to_at, row.why, recordings.filled_ms(row.from_at, row.to_at, pieces))
            for row in session.scalars(gaps)
        ],
    )


def _brought(session: Session, recording_id: str) -> list[tuple[datetime, int]]:
    """What the phone of the same call brought afterwards: beginning and milliseconds of each piece that still is here."""
    call_id = select(RecordingRow.call_id).where(RecordingRow.id == recording_id).scalar_subquery()
    by_phone = (RecordingRow.call_id == call_id, RecordingRow.origin == Origin.PHONE, RecordingRow.purged_at.is_(None))
    pieces = select(SegmentRow.began_at, SegmentRow.duration_ms).join(RecordingRow, RecordingRow.id == SegmentRow.recording_id)
    return [(began_at, duration_ms) for began_at, duration_ms in session.execute(pieces.where(*by_phone))]


def check_look(session: Session, actor: Actor, recording_id: str, look_id: str, now: datetime) -> None:
    """Whether this look is this actor's, of this recording, and not over. Raises NotPermitted, NotFound."""
    own = and_(AuditRow.id == look_id, AuditRow.actor_kind == actor.kind, AuditRow.actor_id == actor.id)
    look = session.scalar(
        select(AuditRow.at).where(own, AuditRow.act == Act.REPLAY, AuditRow.object_kind == "recording", AuditRow.object_id == recording_id)
    )
    if look is None or now - look > recordings.REPLAY_LASTS or not may(actor, Verb.REPLAY_RECORDING):
        raise NotPermitted("no look", code="recording.look_over")
    purged = session.execute(select(RecordingRow.purged_at).where(RecordingRow.id == recording_id)).first()
    if purged is None or purged[0] is not None:
        raise NotFound("purged", code="not_found.recording")


def due_for_purge(session: Session, now: datetime, routine_days: int = recordings.ROUTINE_DAYS) -> list[str]:
    """Recordings whose time is over."""
    over = now - timedelta(days=max(routine_days, recordings.LEAST_ROUTINE_DAYS))
    query = select(RecordingRow.id).where(
        RecordingRow.category == Category.ROUTINE,
        RecordingRow.held_at.is_(None),
        RecordingRow.purged_at.is_(None),
        RecordingRow.ended_at <= over,
    )
    return list(session.scalars(query.order_by(RecordingRow.ended_at)))


def purged_ids(session: Session, recording_ids: Sequence[str]) -> set[str]:
    """Which of these are purged: their files may go."""
    query = select(RecordingRow.id).where(RecordingRow.id.in_(recording_ids), RecordingRow.purged_at.is_not(None))
    return set(session.scalars(query))


def bytes_per_day(session: Session, now: datetime) -> list[int]:
    """Recorded on each of the last seven days, the oldest first; days before the first recording do not count."""
    since = now - timedelta(days=PACE_DAYS)
    query = select(SegmentRow.began_at, SegmentRow.size).where(SegmentRow.began_at >= since)
    days = [0] * PACE_DAYS
    whole = listing("segment", session, query, SegmentRow.recording_id, lambda record: (record.began_at, int(record.size)))
    for began_at, size in whole:
        days[PACE_DAYS - 1 - min(PACE_DAYS - 1, max(0, (now - began_at).days))] += size
    first = next((place for place, size in enumerate(days) if size), PACE_DAYS)
    return days[first:]

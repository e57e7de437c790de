"""What becomes of a recording: begun, each segment with its digest, gaps, the lamp, the end; held, replayed, purged."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from ulid import ULID

from data.actions.allowed import allowed
from data.actions.audit import record_audit
from data.actions.keeping import found, held
from data.errors import BadInput, NotFound, NotPermitted, RuleBroken
from data.events import (
    RecordingBegan,
    RecordingBroken,
    RecordingClassed,
    RecordingEnded,
    RecordingGap,
    RecordingHeld,
    RecordingHoldLifted,
    RecordingMended,
    RecordingPurged,
    SegmentKept,
)
from data.journal import Work
from data.rules import recordings, words
from data.rules.case_numbers import normalise
from data.rules.identity import Act
from data.rules.permissions import Verb
from data.rules.recordings import Category, RecordingState
from data.tables import CallRow, CaseRow, MissionRow, RecordingGapRow, RecordingRow, SegmentRow, SosRow, UnitRow

MISSING = "not_found.recording"


@dataclass(frozen=True, slots=True)
class Segment:
    """One file. form: webm | mp4; recovered: the process or the disk ended it."""

    number: int
    form: str
    began_at: datetime
    duration_ms: int
    size: int
    sha256: str
    recovered: bool = False


def begin_recording(work: Work, recording_id: str, stream: str, call_id: str | None) -> bool:
    """A stream of a call is recorded from now on. Returns whether it is new."""
    allowed(work, Verb.KEEP_RECORDING)
    recording_id = words.ulid(recording_id)
    if work.session.get(RecordingRow, recording_id) is not None:
        return False
    call = found(work, CallRow, call_id, "not_found.call") if call_id is not None else None
    row = RecordingRow(
        id=recording_id,
        court_code=work.court_code,
        stream=stream[:64],
        call_id=call_id,
        unit_no=call.unit_no if call else None,
        state=RecordingState.RUNNING,
        category=Category.ROUTINE,
        began_at=work.now,
    )
    work.session.add(row)
    work.record(RecordingBegan(recording_id=recording_id, call_id=call_id, unit_no=row.unit_no))
    return True


def keep_segment(work: Work, recording_id: str, segment: Segment) -> bool:
    """A file is whole; its digest goes into the journal's chain. The same again is nothing new; another digest is refused."""
    allowed(work, Verb.KEEP_RECORDING)
    row = held(work, RecordingRow, recording_id, MISSING)
    known = work.session.get(SegmentRow, (recording_id, segment.number))
    if known is not None:
        if known.sha256 != segment.sha256:
            raise RuleBroken("another digest", code="recording.other_digest")
        return False
    work.session.add(
        SegmentRow(
            recording_id=recording_id,
            number=segment.number,
            form=recordings.one_of(segment.form, recordings.FORMS),
            began_at=segment.began_at,
            duration_ms=segment.duration_ms,
            size=segment.size,
            sha256=recordings.digest(segment.sha256),
            recovered=segment.recovered,
        )
    )
    work.record(
        SegmentKept(
            recording_id=recording_id,
            call_id=row.call_id,
            number=segment.number,
            size=segment.size,
            duration_ms=segment.duration_ms,
            sha256=segment.sha256,
            recovered=segment.recovered,
        )
    )
    return True


def record_gap(work: Work, recording_id: str, track: str, from_at: datetime, to_at: datetime, why: str) -> None:
    """Something is not there, and since when, until when and why it is not."""
    allowed(work, Verb.KEEP_RECORDING)
    row = held(work, RecordingRow, recording_id, MISSING)
    recordings.one_of(why, recordings.GAPS)
    recordings.one_of(track, frozenset({"audio", "video"}))
    gap = RecordingGapRow(
        id=str(ULID.from_datetime(work.now)), recording_id=recording_id, track=track, from_at=from_at, to_at=max(from_at, to_at), why=why
    )
    work.session.add(gap)
    lasted_ms = int((gap.to_at - from_at) / timedelta(milliseconds=1))
    work.record(RecordingGap(recording_id=recording_id, call_id=row.call_id, track=track, lasted_ms=lasted_ms, why=why), from_at)


def turn_lamp(work: Work, recording_id: str, good: bool, why: str = "") -> bool:
    """Bytes reach the disk, or do not. Returns whether it changed anything."""
    allowed(work, Verb.KEEP_RECORDING)
    row = held(work, RecordingRow, recording_id, MISSING)
    if row.state != (RecordingState.BROKEN if good else RecordingState.RUNNING):
        return False
    if good:
        row.state, row.broken_why, row.broken_at = RecordingState.RUNNING, None, None
        work.record(RecordingMended(recording_id=recording_id, call_id=row.call_id, unit_no=row.unit_no))
        return True
    row.state, row.broken_why, row.broken_at = RecordingState.BROKEN, recordings.one_of(why, recordings.BREAKS), work.now
    work.record(RecordingBroken(recording_id=recording_id, call_id=row.call_id, unit_no=row.unit_no, why=why))
    return True


def end_recording(work: Work, recording_id: str, ended_at: datetime, why: str) -> bool:
    """Nothing more comes. What was recorded around an alarm stays with the file."""
    allowed(work, Verb.KEEP_RECORDING)
    row = held(work, RecordingRow, recording_id, MISSING)
    if row.ended_at is not None:
        return False
    row.state, row.ended_at, row.ended_why = RecordingState.ENDED, max(row.began_at, ended_at), recordings.one_of(why, recordings.ENDS)
    if near_alarm(work, row):
        row.category = Category.KEPT
    work.record(RecordingEnded(recording_id=recording_id, call_id=row.call_id, unit_no=row.unit_no, why=why))
    return True


def end_abandoned(work: Work) -> int:
    """At the recorder's start: what another process left open has ended. Returns how many."""
    allowed(work, Verb.KEEP_RECORDING)
    open_ones = select(RecordingRow.id).where(RecordingRow.ended_at.is_(None)).order_by(RecordingRow.id)
    return sum(end_recording(work, recording_id, work.now, "abandoned") for recording_id in work.session.scalars(open_ones).all())


def near_alarm(work: Work, row: RecordingRow) -> bool:
    """Part of other verbs: whether an alarm of the same unit is near what was recorded."""
    if row.unit_no is None or row.ended_at is None:
        return False
    near = SosRow.raised_at.between(row.began_at - recordings.ALARM_NEARBY, row.ended_at)
    return work.session.scalar(select(SosRow.id).where(SosRow.unit_no == row.unit_no, near).limit(1)) is not None


# --- how long it is kept ----------------------------------------------------------------------------------------------------------------


def class_recording(work: Work, recording_id: str, category: str, reason: str) -> bool:
    """Evidence, obstruction, a major dispute: as long as the file; or back to six months. Audited with the reason."""
    allowed(work, Verb.HOLD_RECORDING)
    row = held(work, RecordingRow, recording_id, MISSING)
    wanted = Category(recordings.one_of(category, frozenset(Category)))
    reason = words.word(reason, "reason", 200)
    if row.category == wanted:
        return False
    row.category = wanted
    record_audit(work, Act.HOLD, "recording", recording_id, fields=(wanted.value,), reason=reason)
    work.record(RecordingClassed(recording_id=recording_id, call_id=row.call_id, category=wanted.value))
    return True


def hold_recording(work: Work, recording_id: str, reason: str) -> bool:
    """留存: nothing purges it until the hold is lifted. Audited with the reason."""
    allowed(work, Verb.HOLD_RECORDING)
    row = held(work, RecordingRow, recording_id, MISSING)
    reason = words.word(reason, "reason", 200)
    if row.held_at is not None:
        return False
    row.held_at, row.held_by = work.now, work.actor.officer_id
    record_audit(work, Act.HOLD, "recording", recording_id, reason=reason)
    work.record(RecordingHeld(recording_id=recording_id, call_id=row.call_id))
    return True


def lift_hold(work: Work, recording_id: str, reason: str) -> bool:
    """By another person than who put it, audited with the reason. Raises NotPermitted recording.own_hold."""
    allowed(work, Verb.HOLD_RECORDING)
    row = held(work, RecordingRow, recording_id, MISSING)
    reason = words.word(reason, "reason", 200)
    if row.held_at is None:
        return False
    recordings.check_lift(row.held_by, work.actor.officer_id)
    row.held_at = row.held_by = None
    record_audit(work, Act.HOLD, "recording", recording_id, fields=("lifted",), reason=reason)
    work.record(RecordingHoldLifted(recording_id=recording_id, call_id=row.call_id))
    return True


def hold_case(work: Work, case_no: str, reason: str) -> int:
    """留存 of everything recorded for one case. Returns how many recordings are held by it now. Raises NotFound not_found.case."""
    allowed(work, Verb.HOLD_RECORDING)
    return sum(hold_recording(work, recording_id, reason) for recording_id in _of_case(work, case_no))


def lift_case(work: Work, case_no: str, reason: str) -> int:
    """The opposite, by a second person: every one of them or none. Raises NotPermitted recording.own_hold, NotFound not_found.case."""
    allowed(work, Verb.HOLD_RECORDING)
    return sum(lift_hold(work, recording_id, reason) for recording_id in _of_case(work, case_no))


def _of_case(work: Work, case_no: str) -> list[str]:
    """What was recorded in calls of this case's missions and is not purged."""
    case_id = work.session.scalar(select(CaseRow.id).where(CaseRow.case_no == normalise(case_no)))
    if case_id is None:
        raise NotFound("case", code="not_found.case")
    of_case = (
        select(RecordingRow.id)
        .join(CallRow, CallRow.id == RecordingRow.call_id)
        .join(MissionRow, MissionRow.id == CallRow.mission_id)
        .where(MissionRow.case_id == case_id, RecordingRow.purged_at.is_(None))
    )
    return list(work.session.scalars(of_case.order_by(RecordingRow.id)))


def purge_recording(work: Work, recording_id: str, routine_days: int = recordings.ROUTINE_DAYS) -> bool:
    """Its time is over: from now on it is gone, and what it was stands here with counts and digests. The files go after the commit."""
    allowed(work, Verb.KEEP_RECORDING)
    row = held(work, RecordingRow, recording_id, MISSING)
    if row.purged_at is not None:
        return False
    if not recordings.may_purge(Category(row.category), row.ended_at, row.held_at is not None, work.now, routine_days):
        raise RuleBroken("kept", code="recording.kept")
    row.purged_at = work.now
    segments = work.session.execute(
        select(SegmentRow.sha256, SegmentRow.size).where(SegmentRow.recording_id == recording_id).order_by(SegmentRow.number)
    ).all()
    record_audit(work, Act.PURGE, "recording", recording_id, fields=(f"segments:{len(segments)}",))
    work.record(
        RecordingPurged(
            recording_id=recording_id,
            call_id=row.call_id,
            size=sum(size for _, size in segments),
            digests=tuple(sha256 for sha256, _ in segments),
        )
    )
    return True


# --- replay -----------------------------------------------------------------------------------------------------------------------------


def replay_recording(work: Work, recording_id: str, reason: str | None) -> str:
    """Somebody looks at it: who, when, why. Returns the trace's id, with which the player asks for the files.

    Raises NotPermitted, NotFound, BadInput recording.reason (his role must say why), RuleBroken recording.purged.
    """
    allowed(work, Verb.REPLAY_RECORDING)
    row = found(work, RecordingRow, recording_id, MISSING)
    if work.actor.role in recordings.OWN_ONLY and not recordings.is_own(work.actor, row.unit_no, *_whose(work, row)):
        raise NotPermitted("another's recording", code="unit.not_yours")
    if row.purged_at is not None:
        raise RuleBroken("purged", code="recording.purged")
    if work.actor.role in recordings.WITH_REASON and not (reason or "").strip():
        raise BadInput("reason", code="recording.reason")
    return record_audit(work, Act.REPLAY, "recording", recording_id, reason=words.word_or_none(reason or None, "reason", 200))


def _whose(work: Work, row: RecordingRow) -> tuple[str | None, str | None]:
    """The team and the judge that it belongs to."""
    team_id = work.session.scalar(select(UnitRow.team_id).where(UnitRow.no == row.unit_no)) if row.unit_no is not None else None
    judge = (
        select(CaseRow.judge_id)
        .join(MissionRow, MissionRow.case_id == CaseRow.id)
        .join(CallRow, CallRow.mission_id == MissionRow.id)
        .where(CallRow.id == (row.call_id or ""))
    )
    return team_id, work.session.scalar(judge)

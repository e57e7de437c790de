"""手机补传: what a phone recorded while nothing reached the relay becomes a recording of its call, when its digest is right."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from ulid import ULID

from data.actions.allowed import allowed
from data.actions.keeping import found, held, speaking
from data.actions.recordings import near_alarm
from data.errors import BadInput, NotPermitted, RuleBroken
from data.events import RecordingUploaded
from data.journal import Work
from data.rules import recordings, words
from data.rules.permissions import Verb
from data.rules.recordings import Category, Origin, RecordingState
from data.tables import CallRow, RecordingRow, SegmentRow

Place = Callable[[str, int], None]  # gives the file its name: recording, number


@dataclass(frozen=True, slots=True)
class Piece:
    """One file of a phone. id: made there, so that twice is once; began_at: by our clock."""

    id: str
    form: str
    began_at: datetime
    duration_ms: int
    sha256: str


def admit_piece(work: Work, call_id: str, piece: Piece) -> bool:
    """Before its bytes come: whether they are wanted. False: they are here already.

    Raises NotPermitted unit.not_yours, NotFound, BadInput recording.bad_piece, RuleBroken recording.outside_call, .too_late, .purged,
    .other_digest (the same id with other bytes).
    """
    allowed(work, Verb.BRING_RECORDING)
    call = found(work, CallRow, words.ulid(call_id), "not_found.call")
    unit, _ = speaking(work)
    if call.unit_no != unit.no:
        raise NotPermitted("another's call", code="unit.not_yours")
    if recordings.one_of(piece.form, recordings.FORMS) and _known(work, call, piece):
        return False
    recordings.digest(piece.sha256)
    recordings.check_upload(piece.began_at, piece.duration_ms, call.placed_at, call.ended_at, work.now)
    row = _of_phone(work, call)
    if row is not None and row.purged_at is not None:
        raise RuleBroken("purged", code="recording.purged")
    return True


def keep_piece(work: Work, call_id: str, piece: Piece, size: int, place: Place) -> bool:
    """Its bytes are on our disk and are those of the digest: from the commit on it is shown. False: it was here before.

    place: called last before the commit, so that no row is without its file; a file without a row belongs to nobody and gives way.
    """
    allowed(work, Verb.BRING_RECORDING)
    held(work, CallRow, words.ulid(call_id), "not_found.call")  # of two at once one waits
    if not admit_piece(work, call_id, piece):
        return False
    if not 0 < size <= recordings.UPLOAD_MOST:
        raise BadInput("size", code="recording.bad_piece")
    call = found(work, CallRow, call_id, "not_found.call")
    row = _of_phone(work, call) or _begin(work, call, piece)
    number = (work.session.scalar(select(func.max(SegmentRow.number)).where(SegmentRow.recording_id == row.id)) or 0) + 1
    work.session.add(
        SegmentRow(
            recording_id=row.id,
            number=number,
            form=piece.form,
            began_at=piece.began_at,
            duration_ms=piece.duration_ms,
            size=size,
            sha256=piece.sha256,
            recovered=False,
            upload_id=piece.id,
        )
    )
    row.began_at = min(row.began_at, piece.began_at)
    row.ended_at = max(row.ended_at or piece.began_at, piece.began_at + timedelta(milliseconds=piece.duration_ms))
    if near_alarm(work, row):
        row.category = Category.KEPT
    work.record(
        RecordingUploaded(
            recording_id=row.id,
            call_id=call.id,
            unit_no=call.unit_no,
            number=number,
            began_at_ms=int(piece.began_at.timestamp() * 1000),
            duration_ms=piece.duration_ms,
            size=size,
            sha256=piece.sha256,
        )
    )
    work.session.flush()
    place(row.id, number)
    return True


def _known(work: Work, call: CallRow, piece: Piece) -> bool:
    """Whether this piece came before."""
    was = select(SegmentRow.sha256, RecordingRow.call_id).join(RecordingRow, RecordingRow.id == SegmentRow.recording_id)
    known = work.session.execute(was.where(SegmentRow.upload_id == words.ulid(piece.id))).first()
    if known is not None and (known.sha256, known.call_id) != (piece.sha256, call.id):
        raise RuleBroken("another digest", code="recording.other_digest")
    return known is not None


def _of_phone(work: Work, call: CallRow) -> RecordingRow | None:
    """What the phone of this call brought so far, as one recording."""
    of_it = (RecordingRow.call_id == call.id, RecordingRow.origin == Origin.PHONE)
    return work.session.scalars(select(RecordingRow).where(*of_it)).first()


def _begin(work: Work, call: CallRow, piece: Piece) -> RecordingRow:
    row = RecordingRow(
        id=str(ULID.from_datetime(work.now)),
        court_code=work.court_code,
        stream=f"{call.id}.phone",
        origin=Origin.PHONE,
        call_id=call.id,
        unit_no=call.unit_no,
        state=RecordingState.ENDED,
        category=Category.ROUTINE,
        began_at=piece.began_at,
        ended_at=piece.began_at,
        ended_why="uploaded",
    )
    work.session.add(row)
    work.session.flush()
    return row

"""带入视频: an outside video is begun, kept as a recording once it is whole and a film, or ended with nothing of it left."""

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import func, select
from ulid import ULID

from data.actions.allowed import allowed
from data.actions.audit import record_audit
from data.actions.clips import somebody
from data.actions.keeping import held
from data.errors import NotFound, RuleBroken
from data.events import VideoBegun, VideoEnded, VideoKept
from data.journal import Work
from data.rules import recordings, videos
from data.rules.identity import Act
from data.rules.permissions import Verb
from data.rules.recordings import Category, Origin, RecordingState
from data.rules.videos import Film, VideoState
from data.tables import BroughtVideoRow, CourtRow, RecordingRow, SegmentRow

MISSING = "not_found.video"
Place = Callable[[str, datetime], None]  # gives the file its name beside the recordings: form, beginning


def begin_video(work: Work, size: int, sha256: str, name: str) -> tuple[str, datetime]:
    """Its bytes are wanted. Returns its id, and until when it must be whole.

    name: of the file, kept as text. Raises BadInput video.empty, recording.bad_digest, TooLarge, TooMany, RuleBroken video.known.
    """
    allowed(work, Verb.CLEAR_CLIP)
    officer_id = somebody(work, Verb.CLEAR_CLIP)
    videos.check_length(size)
    recordings.digest(sha256)
    held(work, CourtRow, work.court_code, "not_found")  # of two at once one waits: the count below is right
    _check_new(work, sha256)
    coming = select(func.count()).where(BroughtVideoRow.state == VideoState.COMING, BroughtVideoRow.expires_at > work.now)
    own = work.session.scalar(coming.where(BroughtVideoRow.brought_by == officer_id)) or 0
    videos.check_room(own, work.session.scalar(coming) or 0)
    row = BroughtVideoRow(
        id=str(ULID.from_datetime(work.now)),
        court_code=work.court_code,
        brought_by=officer_id,
        begun_at=work.now,
        expires_at=work.now + videos.LASTS,
        size=size,
        sha256=sha256,
        name=videos.shown_name(name) or None,
        state=VideoState.COMING,
    )
    work.session.add(row)
    work.record(VideoBegun(video_id=row.id, size=size))
    return row.id, row.expires_at


def keep_video(work: Work, video_id: str, film: Film, place: Place) -> bool:
    """It is whole and has its digest: from the commit on it is a recording of the same id. False: it is here already.

    place: called last before the commit, so that no row is without its file. Raises Gone, NotFound, NotMedia.
    """
    allowed(work, Verb.CLEAR_CLIP)
    row = _own(work, video_id)
    if row.state == VideoState.KEPT:
        return False
    videos.check_coming(VideoState(row.state), row.expires_at, work.now)
    videos.check_film(film)
    began_at = work.now - timedelta(milliseconds=film.duration_ms)
    row.state, row.ended_at = VideoState.KEPT, work.now
    work.session.add(
        RecordingRow(
            id=row.id,
            court_code=row.court_code,
            stream="brought",
            origin=Origin.BROUGHT,
            state=RecordingState.ENDED,
            category=Category.ROUTINE,
            began_at=began_at,
            ended_at=work.now,
            ended_why="brought",
        )
    )
    work.session.flush()
    work.session.add(
        SegmentRow(
            recording_id=row.id,
            number=1,
            form=film.form,
            began_at=began_at,
            duration_ms=film.duration_ms,
            size=row.size,
            sha256=row.sha256,
            recovered=False,
        )
    )
    record_audit(work, Act.BRING, "video", row.id)
    work.record(VideoKept(video_id=row.id, size=row.size, duration_ms=film.duration_ms, sha256=row.sha256))
    work.session.flush()
    place(film.form, began_at)
    return True


def cancel_video(work: Work, video_id: str) -> None:
    """Its bytes go after the commit. Raises Gone, NotFound."""
    allowed(work, Verb.CLEAR_CLIP)
    row = _own(work, video_id)
    videos.check_coming(VideoState(row.state), row.expires_at, work.now)
    _end(work, row, VideoState.CANCELLED, "cancelled")


def refuse_video(work: Work, video_id: str, why: str) -> None:
    """What came is not what was promised, or no film. why: a code of ours."""
    allowed(work, Verb.CLEAR_CLIP)
    row = _own(work, video_id)
    videos.check_coming(VideoState(row.state), row.expires_at, work.now)
    _end(work, row, VideoState.REFUSED, why)


def lapse_videos(work: Work) -> list[str]:
    """The jobs process: what was not whole in time. Returns the ids."""
    allowed(work, Verb.KEEP_RECORDING)
    over = select(BroughtVideoRow).where(BroughtVideoRow.state == VideoState.COMING, BroughtVideoRow.expires_at <= work.now)
    rows = work.session.scalars(over.order_by(BroughtVideoRow.id).with_for_update()).all()
    for row in rows:
        _end(work, row, VideoState.LAPSED, "lapsed")
    return [row.id for row in rows]


def _end(work: Work, row: BroughtVideoRow, state: VideoState, why: str) -> None:
    row.state, row.ended_at, row.refused_why = state, work.now, why[:48]
    record_audit(work, Act.BRING, "video", row.id, result="refused" if state is VideoState.REFUSED else state.lower())
    work.record(VideoEnded(video_id=row.id, why=row.refused_why))


def _own(work: Work, video_id: str) -> BroughtVideoRow:
    """Held. Raises NotFound also for another's: nobody learns what others bring."""
    row = held(work, BroughtVideoRow, video_id, MISSING)
    if row.brought_by != work.actor.officer_id or row.court_code != work.court_code:
        raise NotFound("another's", code=MISSING)
    return row


def _check_new(work: Work, sha256: str) -> None:
    """Raises RuleBroken video.known: the same film is here, and not purged."""
    same = (
        select(BroughtVideoRow.id)
        .join(RecordingRow, RecordingRow.id == BroughtVideoRow.id)
        .where(BroughtVideoRow.sha256 == sha256, BroughtVideoRow.court_code == work.court_code, RecordingRow.purged_at.is_(None))
    )
    if work.session.scalar(same.limit(1)) is not None:
        raise RuleBroken("known", code="video.known")

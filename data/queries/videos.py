"""带入视频: what is on its way, for whoever brings it; what is here to cut from, for whoever clears clips; what may go from the disk."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from data.errors import NotFound, NotPermitted
from data.rules.permissions import Actor, Sight, Verb, may
from data.rules.videos import VideoState
from data.tables import BroughtVideoRow, RecordingRow, SegmentRow

LISTED_MOST = 200


@dataclass(frozen=True, slots=True)
class VideoView:
    """One as its bringer sees it. name: of the file, as text."""

    id: str
    size: int
    sha256: str
    name: str | None
    state: VideoState
    begun_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class KeptView:
    """One that is here: the recording of this id."""

    id: str
    name: str | None
    size: int
    sha256: str
    began_at: datetime
    brought_at: datetime
    duration_ms: int


def video(session: Session, sight: Sight, actor: Actor, video_id: str) -> VideoView:
    """His own. Raises NotPermitted, NotFound."""
    _check(actor)
    row = session.get(BroughtVideoRow, video_id)
    if row is None or row.court_code != sight.court_code or row.brought_by != actor.officer_id:
        raise NotFound("video", code="not_found.video")
    return _view(row)


def coming(session: Session, sight: Sight, actor: Actor, now: datetime) -> list[VideoView]:
    """His own that are on their way, the newest first. Raises NotPermitted."""
    _check(actor)
    query = select(BroughtVideoRow).where(
        BroughtVideoRow.court_code == sight.court_code,
        BroughtVideoRow.brought_by == actor.officer_id,
        BroughtVideoRow.state == VideoState.COMING,
        BroughtVideoRow.expires_at > now,
    )
    return [_view(row) for row in session.scalars(query.order_by(BroughtVideoRow.begun_at.desc(), BroughtVideoRow.id.desc()))]


def kept(session: Session, sight: Sight, actor: Actor) -> list[KeptView]:
    """What clips can be cut from, the newest first. Raises NotPermitted."""
    _check(actor)
    query = (
        select(BroughtVideoRow, RecordingRow.began_at, SegmentRow.duration_ms)
        .join(RecordingRow, RecordingRow.id == BroughtVideoRow.id)
        .join(SegmentRow, SegmentRow.recording_id == RecordingRow.id)
        .where(BroughtVideoRow.court_code == sight.court_code, RecordingRow.purged_at.is_(None))
        .order_by(BroughtVideoRow.ended_at.desc(), BroughtVideoRow.id.desc())
        .limit(LISTED_MOST)
    )
    return [
        KeptView(row.id, row.name, row.size, row.sha256, began_at, began_at + timedelta(milliseconds=duration_ms), duration_ms)
        for row, began_at, duration_ms in session.execute(query)
    ]


def promised(session: Session, now: datetime) -> dict[str, int]:
    """Of everything on its way, how large it will be: for the disk's sake."""
    on_way = (BroughtVideoRow.state == VideoState.COMING, BroughtVideoRow.expires_at > now)
    return {row.id: row.size for row in session.execute(select(BroughtVideoRow.id, BroughtVideoRow.size).where(*on_way))}


def unwanted(session: Session, video_ids: Sequence[str]) -> set[str]:
    """Which of these are on their way no more: what lies in `incoming/` of them may go."""
    query = select(BroughtVideoRow.id).where(BroughtVideoRow.id.in_(video_ids), BroughtVideoRow.state == VideoState.COMING)
    return set(video_ids) - set(session.scalars(query))


def _check(actor: Actor) -> None:
    if may(actor, Verb.CLEAR_CLIP):
        return
    raise NotPermitted("clear", code="identity.locked" if actor.locked else "identity.not_permitted", verb=Verb.CLEAR_CLIP.value)


def _view(row: BroughtVideoRow) -> VideoView:
    return VideoView(row.id, row.size, row.sha256, row.name, VideoState(row.state), row.begun_at, row.expires_at)

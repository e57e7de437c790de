"""Clips: cut from a recording, masked, rendered by the jobs process; each rendering with the digests of what it was made from."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import select
from ulid import ULID

from data.actions.allowed import allowed
from data.actions.audit import record_audit
from data.actions.keeping import found, held
from data.actions.releases import begin_anew, masked
from data.errors import NotPermitted, RuleBroken
from data.events import (
    ClipCut,
    ClipMasked,
    ClipPurged,
    ClipRendered,
    ClipRenderingAsked,
    ClipRenderingCancelled,
    ClipRenderingFailed,
    ClipRenderingMoved,
)
from data.journal import Work
from data.rules import clips, masks, recordings, release, words
from data.rules.clips import Rendering
from data.rules.identity import Act
from data.rules.masks import Mask
from data.rules.permissions import Verb
from data.rules.release import ReleaseState
from data.tables import ClipRow, RecordingRow, ReleaseRow, SegmentRow

MISSING = "not_found.clip"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the jobs process needs for one rendering. files: number, form, beginning and digest of each original file."""

    clip_id: str
    recording_id: str
    from_at: datetime
    to_at: datetime
    mask: Mask
    files: tuple[tuple[int, str, datetime, str], ...]


def cut_clip(work: Work, recording_id: str, from_at: datetime, to_at: datetime, title: str, about: str | None, tag: str) -> str:
    """A part of a recording that may become a clip; everything of it is hidden as yet. Returns its id.

    Raises NotFound, RuleBroken recording.purged, BadInput clip.outside, mask.bad_length, clip.tag, text.*.
    """
    allowed(work, Verb.CLEAR_CLIP)
    recording = found(work, RecordingRow, words.ulid(recording_id), "not_found.recording")
    if recording.purged_at is not None:
        raise RuleBroken("purged", code="recording.purged")
    length_ms = clips.check_cut(from_at, to_at, recording.began_at, recording.ended_at, work.now)
    row = ClipRow(
        id=str(ULID.from_datetime(work.now)),
        court_code=work.court_code,
        recording_id=recording.id,
        from_at=from_at,
        to_at=to_at,
        title=words.word(title, "title", clips.TITLE_LONGEST),
        words=words.word_or_none(about or None, "words", clips.WORDS_LONGEST),
        tag=clips.check_tag(tag),
        made_by=somebody(work, Verb.CLEAR_CLIP),
        made_at=work.now,
        mask=masks.written(Mask()),
        rendering=Rendering.NONE,
    )
    work.session.add(row)
    work.record(ClipCut(clip_id=row.id, recording_id=recording.id, length_ms=length_ms))
    return row.id


def mask_clip(work: Work, clip_id: str, said: Mapping[str, Any], minor: bool | None) -> None:
    """What of it may be seen and heard. What was rendered and certified before is void from now on.

    minor: whether a minor is in the picture; None: not looked for yet. Raises what `masks.read` raises.
    """
    allowed(work, Verb.CLEAR_CLIP)
    row = held(work, ClipRow, words.ulid(clip_id), MISSING)
    mask = masks.written(masks.read(said, length_ms_of(row)))
    if row.rendering != Rendering.NONE:
        clips.check_step(Rendering(row.rendering), Rendering.NONE)
    begin_anew(work, row.id)
    row.mask, row.minor, row.masked_by, row.masked_at = mask, minor, somebody(work, Verb.CLEAR_CLIP), work.now
    _forget_rendering(row, Rendering.NONE)
    digest = hashlib.sha256(orjson.dumps(mask, option=orjson.OPT_SORT_KEYS)).hexdigest()
    work.record(ClipMasked(clip_id=row.id, digest=digest, minor=minor))


def ask_rendering(work: Work, clip_id: str) -> None:
    """The jobs process makes the masked file. Raises RuleBroken clip.minor_unsaid, TransitionRefused clip.rendering."""
    allowed(work, Verb.CLEAR_CLIP)
    row = held(work, ClipRow, words.ulid(clip_id), MISSING)
    clips.check_renderable(row.minor)
    clips.check_step(Rendering(row.rendering), Rendering.ASKED)
    _forget_rendering(row, Rendering.ASKED)
    work.record(ClipRenderingAsked(clip_id=row.id))


def cancel_rendering(work: Work, clip_id: str) -> None:
    """Raises TransitionRefused clip.rendering: it is not under way."""
    allowed(work, Verb.CLEAR_CLIP)
    row = held(work, ClipRow, words.ulid(clip_id), MISSING)
    clips.check_step(Rendering(row.rendering), Rendering.CANCELLED)
    row.rendering = Rendering.CANCELLED
    work.record(ClipRenderingCancelled(clip_id=row.id))


# --- the jobs process -------------------------------------------------------------------------------------------------------------------


def next_rendering(work: Work) -> Wanted | None:
    """The oldest that waits, or that a process before left half done; None: nothing is to be rendered."""
    allowed(work, Verb.RENDER_CLIP)
    open_ones = select(ClipRow.id).where(ClipRow.rendering.in_(clips.UNDER_WAY)).order_by(ClipRow.made_at, ClipRow.id)
    clip_id = work.session.scalars(open_ones.limit(1)).one_or_none()
    if clip_id is None:
        return None
    row = held(work, ClipRow, clip_id, MISSING)
    if row.rendering == Rendering.ASKED:
        row.rendering = Rendering.RUNNING
        work.record(ClipRenderingMoved(clip_id=row.id, share_pct=0))
    files = work.session.execute(
        select(SegmentRow.number, SegmentRow.form, SegmentRow.began_at, SegmentRow.sha256, SegmentRow.duration_ms)
        .where(SegmentRow.recording_id == row.recording_id, SegmentRow.began_at < row.to_at)
        .order_by(SegmentRow.began_at, SegmentRow.number)
    ).all()
    kept = [each for each in files if each.began_at + timedelta(milliseconds=each.duration_ms) > row.from_at]
    mask = masks.read(row.mask, length_ms_of(row))
    originals = tuple((each.number, each.form, each.began_at, each.sha256) for each in kept)
    return Wanted(row.id, row.recording_id, row.from_at, row.to_at, mask, originals)


def tell_rendering(work: Work, clip_id: str, share_pct: int) -> bool:
    """So far it has come. Returns whether it is still wanted."""
    allowed(work, Verb.RENDER_CLIP)
    row = held(work, ClipRow, clip_id, MISSING)
    if row.rendering != Rendering.RUNNING:
        return False
    if share_pct > row.share_pct:
        row.share_pct = min(share_pct, 100)
        work.record(ClipRenderingMoved(clip_id=row.id, share_pct=row.share_pct))
    return True


def keep_rendered(work: Work, clip_id: str, sha256: str, size: int, duration_ms: int, originals: Sequence[str]) -> bool:
    """The file is whole; its digest goes into the chain beside those of its originals. Returns False when nobody wants it any more."""
    allowed(work, Verb.RENDER_CLIP)
    row = held(work, ClipRow, clip_id, MISSING)
    if row.rendering != Rendering.RUNNING:
        return False
    row.rendering, row.share_pct = Rendering.DONE, 100
    row.sha256, row.size, row.duration_ms = recordings.digest(sha256), size, duration_ms
    work.record(
        ClipRendered(
            clip_id=row.id, recording_id=row.recording_id, sha256=sha256, size=size, duration_ms=duration_ms, originals=tuple(originals)
        )
    )
    masked(work, row.id, sha256)
    return True


def fail_rendering(work: Work, clip_id: str, why: str) -> bool:
    """why: a code of ours. Returns False when it had been cancelled anyway."""
    allowed(work, Verb.RENDER_CLIP)
    row = held(work, ClipRow, clip_id, MISSING)
    if row.rendering != Rendering.RUNNING:
        return False
    row.rendering, row.failed_why = Rendering.FAILED, why[:48]
    work.record(ClipRenderingFailed(clip_id=row.id, why=row.failed_why))
    return True


def purge_clip(work: Work, clip_id: str) -> str | None:
    """Its masked file is gone from now on; it is removed after the commit. Returns its digest, None when it must stay."""
    allowed(work, Verb.RENDER_CLIP)
    row = held(work, ClipRow, clip_id, MISSING)
    releases = work.session.execute(select(ReleaseRow.state, ReleaseRow.revoked_at).where(ReleaseRow.clip_id == clip_id)).all()
    last = max((each.revoked_at for each in releases if each.revoked_at is not None), default=None)
    if row.sha256 is None or not release.may_purge([ReleaseState(each.state) for each in releases], last, work.now):
        return None
    sha256 = row.sha256
    _forget_rendering(row, Rendering.NONE)
    record_audit(work, Act.PURGE, "clip", row.id, fields=(sha256,))
    work.record(ClipPurged(clip_id=row.id, sha256=sha256))
    return sha256


# --- the parts --------------------------------------------------------------------------------------------------------------------------


def length_ms_of(row: ClipRow) -> int:
    return int((row.to_at - row.from_at) / timedelta(milliseconds=1))


def somebody(work: Work, verb: Verb) -> str:
    """The officer who does it. Raises NotPermitted: a signature is a person's."""
    if work.actor.officer_id is None:
        raise NotPermitted("nobody", verb=verb.value)
    return work.actor.officer_id


def _forget_rendering(row: ClipRow, rendering: Rendering) -> None:
    row.rendering, row.share_pct, row.failed_why = rendering, 0, None
    row.sha256 = row.size = row.duration_ms = None

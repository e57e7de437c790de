"""What is released, and nothing else: the only reader for a screening's stage. Every answer is read anew, so what is revoked is gone.

An audience sees the court's words, a clip's title, its release number and who signed it by surname and title; no case, no party, no place.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session, aliased

from data.errors import NotFound
from data.rules import screening
from data.rules.live_permits import PermitState
from data.rules.permissions import Clearance, Sight
from data.rules.release import Audience, ReleaseState
from data.rules.screening import ItemKind, ScreeningState
from data.rules.walls import STAGE_LAYOUT
from data.tables import ClipRow, LivePermitRow, OfficerRow, ReleaseRow, ScreeningItemRow, ScreeningRow, SessionRow, WallRow

_first, _second = aliased(OfficerRow), aliased(OfficerRow)
_LIVE = ReleaseRow.state == ReleaseState.LIVE, ReleaseRow.audience.in_((Audience.SCREENING, Audience.PUBLIC))


@dataclass(frozen=True, slots=True)
class Shown:
    """One place of the programme as an audience sees it. key: of this showing; at_ms: where the clip is now."""

    key: str
    kind: ItemKind
    title: str
    words: str | None
    release_id: str | None = None
    number: str | None = None
    certified: tuple[str, ...] = ()
    duration_ms: int | None = None
    at_ms: int = 0
    playing: bool = False
    permit_id: str | None = None
    delay_s: int | None = None


@dataclass(frozen=True, slots=True)
class Stage:
    """What the stage shows. item: None for the court's card."""

    screening_id: str
    black: bool
    item: Shown | None


@dataclass(frozen=True, slots=True)
class ReleasedFile:
    clip_id: str
    sha256: str


def stage(session: Session, sight: Sight, stage_session_id: str, now: datetime) -> Stage | None:
    """What this stage shows now; None when it is no stage (any more)."""
    row = _screening(session, sight, stage_session_id)
    if row is None:
        return None
    on = row.state in screening.ON
    item = _item(session, row, row.position, now) if on and row.position is not None else None
    if on and row.resting:
        item = Shown(f"{row.id}-{row.showing}", ItemKind.REST, "", None)
    return Stage(row.id, row.state == ScreeningState.BLACKOUT, item)


def _item(session: Session, row: ScreeningRow, position: int, now: datetime) -> Shown | None:
    place = session.get(ScreeningItemRow, (row.id, position))
    if place is None:
        return None
    key = f"{row.id}-{row.showing}"
    if place.kind == ItemKind.LIVE:
        return _live(session, key, place.permit_id)
    if place.release_id is None:
        return Shown(key, ItemKind.CARD, place.title or "", place.words)
    found = session.execute(
        select(ReleaseRow, ClipRow, _first.title.label("first"), _second.title.label("second"))
        .join(ClipRow, ClipRow.id == ReleaseRow.clip_id)
        .outerjoin(_first, _first.id == ReleaseRow.first_by)
        .outerjoin(_second, _second.id == ReleaseRow.second_by)
        .where(ReleaseRow.id == place.release_id, *_LIVE, ClipRow.sha256 == ReleaseRow.sha256)
    ).one_or_none()
    if found is None:
        return None
    release, clip = found.ReleaseRow, found.ClipRow
    at_ms = screening.place_of(row.at_ms, row.playing, row.moved_at or now, now, clip.duration_ms)
    return Shown(
        key,
        ItemKind.CLIP,
        clip.title,
        clip.words,
        release.id,
        release.number,
        tuple(title for title in (found.first, found.second) if title),
        clip.duration_ms,
        at_ms,
        row.playing,
    )


def _live(session: Session, key: str, permit_id: str | None) -> Shown | None:
    """A live picture that two people have permitted: its number and its signatures; not which mission it is."""
    found = session.execute(
        select(LivePermitRow, _first.title.label("first"), _second.title.label("second"))
        .outerjoin(_first, _first.id == LivePermitRow.first_by)
        .outerjoin(_second, _second.id == LivePermitRow.second_by)
        .where(LivePermitRow.id == permit_id, LivePermitRow.state == PermitState.LIVE)
    ).one_or_none()
    if found is None:
        return None
    permit = found.LivePermitRow
    signed = tuple(title for title in (found.first, found.second) if title)
    return Shown(key, ItemKind.LIVE, "", None, None, permit.number, signed, permit_id=permit.id, delay_s=permit.delay_s)


def released_file(session: Session, sight: Sight, stage_session_id: str, release_id: str) -> ReleasedFile:
    """The file of a release that stands in the programme of this stage, while that runs and the release lives. Raises NotFound."""
    row = _screening(session, sight, stage_session_id)
    if row is None or row.state not in screening.ON:
        raise NotFound("release", code="not_found.release")
    found = session.execute(
        select(ReleaseRow.clip_id, ReleaseRow.sha256)
        .join(ScreeningItemRow, ScreeningItemRow.release_id == ReleaseRow.id)
        .join(ClipRow, ClipRow.id == ReleaseRow.clip_id)
        .where(ScreeningItemRow.screening_id == row.id, ReleaseRow.id == release_id, *_LIVE, ClipRow.sha256 == ReleaseRow.sha256)
        .limit(1)
    ).one_or_none()
    if found is None or found.sha256 is None:
        raise NotFound("release", code="not_found.release")
    return ReleasedFile(found.clip_id, found.sha256)


def _screening(session: Session, sight: Sight, stage_session_id: str) -> ScreeningRow | None:
    """Of the browser that came by its link until it is over; of a wall on stage until a desk takes the wall back."""
    if sight.clearance is not Clearance.STAGE:
        return None
    of_link = (ScreeningRow.stage_session_id == stage_session_id) & ScreeningRow.state.not_in(screening.OVER)
    of_wall = (
        select(WallRow.focus_id)
        .join(SessionRow, SessionRow.wall_id == WallRow.id)
        .where(SessionRow.id == stage_session_id, WallRow.layout == STAGE_LAYOUT, WallRow.revoked_at.is_(None))
    )
    return session.scalars(select(ScreeningRow).where(or_(of_link, ScreeningRow.id.in_(of_wall)))).one_or_none()

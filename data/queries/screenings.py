"""What the host and those who clear clips see: clips with their releases, sessions with their programme, the recordings to cut from."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from data.errors import NotFound, NotPermitted
from data.rules import masking, screening, screening_doors
from data.rules.clips import UNDER_WAY
from data.rules.live_permits import PermitState
from data.rules.permissions import Clearance, Sight
from data.rules.release import KEPT_REVOKED, Audience, ReleaseState
from data.rules.screening import ItemKind
from data.rules.walls import STAGE_LAYOUT
from data.tables import ClipRow, LivePermitRow, OfficerRow, ReleaseRow, ScreeningItemRow, ScreeningRow, WallRow

LISTED_MOST = 200
SHOWABLE = frozenset({Audience.SCREENING, Audience.PUBLIC})


@dataclass(frozen=True, slots=True)
class ReleaseView:
    """certified: by whom (surname and title) and when."""

    id: str
    number: str
    clip_id: str
    audience: str
    state: str
    sha256: str | None
    certified: tuple[tuple[str, datetime], ...]
    certifiers: frozenset[str]  # their ids: nobody signs twice
    revoked_cause: str | None
    revoked_why: str | None


@dataclass(frozen=True, slots=True)
class ClipView:
    """One clip as those see it who clear it. release: the newest for a screening."""

    id: str
    recording_id: str
    from_at: datetime
    to_at: datetime
    title: str
    words: str | None
    tag: str
    mask: dict[str, Any]
    minor: bool | None
    rendering: str
    share_pct: int
    failed_why: str | None
    sha256: str | None
    size: int | None
    duration_ms: int | None
    made_at: datetime
    release: ReleaseView | None


@dataclass(frozen=True, slots=True)
class PlaceView:
    """One place of a programme. live: whether it can be shown."""

    position: int
    kind: str
    title: str
    words: str | None
    release_id: str | None
    clip_id: str | None
    number: str | None
    duration_ms: int | None
    live: bool
    permit_id: str | None = None


@dataclass(frozen=True, slots=True)
class ScreeningView:
    """One session as its host sees it. stage: whether a browser or a wall was made its stage; at_ms: where the clip is now."""

    id: str
    number: str
    title: str
    kind: str
    cause: str | None
    held_at: datetime | None
    place: str | None
    materials: tuple[str, ...]
    resting: bool
    state: str
    planned_at: datetime
    began_at: datetime | None
    ended_at: datetime | None
    stage: bool
    stage_session_id: str | None
    position: int | None
    key: str
    playing: bool
    at_ms: int
    places: tuple[PlaceView, ...]
    door: "TabletView | None" = None


@dataclass(frozen=True, slots=True)
class TabletView:
    """The tablet at its door. state: INVITED (its link waits) | OPEN | LOCKED; digits: open it again."""

    state: str
    digits: str | None


@dataclass(frozen=True, slots=True)
class WallView:
    """One wall for the host. staged: it is a stage; here: of this screening."""

    id: str
    name: str
    staged: bool
    here: bool


def clips(session: Session, sight: Sight) -> list[ClipView]:
    """The newest first. Raises NotPermitted."""
    _check(sight)
    rows = session.scalars(
        select(ClipRow).where(ClipRow.court_code == sight.court_code).order_by(ClipRow.made_at.desc(), ClipRow.id.desc()).limit(LISTED_MOST)
    ).all()
    releases = _releases(session, [row.id for row in rows])
    return [_clip(row, releases.get(row.id)) for row in rows]


def clip(session: Session, sight: Sight, clip_id: str) -> ClipView:
    """Raises NotFound, NotPermitted."""
    _check(sight)
    row = session.get(ClipRow, clip_id)
    if row is None or row.court_code != sight.court_code:
        raise NotFound("clip", code="not_found.clip")
    return _clip(row, _releases(session, [row.id]).get(row.id))


def live_releases(session: Session, sight: Sight) -> list[ClipView]:
    """What a programme may hold."""
    return [each for each in clips(session, sight) if each.release is not None and each.release.state == ReleaseState.LIVE]


def screenings(session: Session, sight: Sight, now: datetime) -> list[ScreeningView]:
    """The newest first."""
    _check(sight)
    newest = (
        select(ScreeningRow).where(ScreeningRow.court_code == sight.court_code).order_by(ScreeningRow.planned_at.desc()).limit(LISTED_MOST)
    )
    return [_screening(session, row, now) for row in session.scalars(newest).all()]


def one_screening(session: Session, sight: Sight, screening_id: str, now: datetime) -> ScreeningView:
    """Raises NotFound, NotPermitted."""
    _check(sight)
    row = session.get(ScreeningRow, screening_id)
    if row is None or row.court_code != sight.court_code:
        raise NotFound("screening", code="not_found.screening")
    return _screening(session, row, now)


def walls_for(session: Session, sight: Sight, screening_id: str) -> list[WallView]:
    """The walls that could be its stage, in the order of the desks' list."""
    _check(sight)
    rows = session.scalars(
        select(WallRow).where(WallRow.court_code == sight.court_code, WallRow.revoked_at.is_(None)).order_by(WallRow.position)
    ).all()
    staged = {row.id: row.focus_id for row in rows if row.layout == STAGE_LAYOUT}
    return [WallView(row.id, row.name, row.id in staged, staged.get(row.id) == screening_id) for row in rows]


def release_in(session: Session, sight: Sight, screening_id: str, position: int) -> tuple[str, str, str] | None:
    """Release, clip and digest of a place in a programme; None for a card."""
    _check(sight)
    found = session.execute(
        select(ReleaseRow.id, ReleaseRow.clip_id, ReleaseRow.sha256)
        .join(ScreeningItemRow, ScreeningItemRow.release_id == ReleaseRow.id)
        .where(ScreeningItemRow.screening_id == screening_id, ScreeningItemRow.position == position)
    ).one_or_none()
    return None if found is None or found.sha256 is None else (found.id, found.clip_id, found.sha256)


def revoked_clips(session: Session, now: datetime) -> list[str]:
    """Clips with a masked file and a release that was revoked long ago: `purge_clip` decides."""
    long_ago = now - KEPT_REVOKED
    query = (
        select(ClipRow.id)
        .join(ReleaseRow, ReleaseRow.clip_id == ClipRow.id)
        .where(ClipRow.sha256.is_not(None), ReleaseRow.revoked_at <= long_ago)
    )
    return sorted(set(session.scalars(query)))


def files_of_clips(session: Session, clip_ids: Sequence[str]) -> dict[str, str | None]:
    """Of each of these clips the digest of the file that it has."""
    return {row.id: row.sha256 for row in session.execute(select(ClipRow.id, ClipRow.sha256).where(ClipRow.id.in_(clip_ids)))}


def renderings_wait(session: Session) -> bool:
    """Whether anything is to be rendered: for the jobs process."""
    return session.scalar(select(ClipRow.id).where(ClipRow.rendering.in_(UNDER_WAY)).limit(1)) is not None


def _check(sight: Sight) -> None:
    if sight.clearance is not Clearance.DESK:
        raise NotPermitted("not for this desk")


def _clip(row: ClipRow, release: ReleaseView | None) -> ClipView:
    return ClipView(
        row.id, row.recording_id, row.from_at, row.to_at, row.title, row.words, row.tag, row.mask, row.minor, row.rendering,
        row.share_pct, row.failed_why, row.sha256, row.size, row.duration_ms, row.made_at, release,
    )  # fmt: skip


def _releases(session: Session, clip_ids: list[str]) -> dict[str, ReleaseView]:
    """The newest release of each for an audience here."""
    first, second = aliased(OfficerRow), aliased(OfficerRow)
    rows = session.execute(
        select(ReleaseRow, first, second)
        .outerjoin(first, first.id == ReleaseRow.first_by)
        .outerjoin(second, second.id == ReleaseRow.second_by)
        .where(ReleaseRow.clip_id.in_(clip_ids), ReleaseRow.audience.in_(SHOWABLE))
        .order_by(ReleaseRow.proposed_at, ReleaseRow.id)
    )
    return {row.clip_id: _release(row, first_by, second_by) for row, first_by, second_by in rows}


def _release(row: ReleaseRow, first: OfficerRow | None, second: OfficerRow | None) -> ReleaseView:
    signed = ((first, row.first_at), (second, row.second_at))
    certified = tuple(
        (masking.officer(who.name, who.title, Clearance.WALL), at) for who, at in signed if who is not None and at is not None
    )
    return ReleaseView(
        row.id, row.number, row.clip_id, row.audience, row.state, row.sha256, certified,
        frozenset(who.id for who, _ in signed if who is not None), row.revoked_cause, row.revoked_why,
    )  # fmt: skip


def _screening(session: Session, row: ScreeningRow, now: datetime) -> ScreeningView:
    places = tuple(_places(session, row.id))
    shown = next((place for place in places if place.position == row.position), None)
    at_ms = screening.place_of(row.at_ms, row.playing, row.moved_at or now, now, shown.duration_ms if shown else None)
    wall = session.scalar(select(WallRow.id).where(WallRow.stage_of(row.id)).limit(1))
    stage = row.stage_session_id is not None or wall is not None
    return ScreeningView(
        row.id, row.number, row.title, row.kind, row.cause, row.held_at, row.place, tuple(row.materials), row.resting, row.state,
        row.planned_at, row.began_at, row.ended_at, stage,
        row.stage_session_id, row.position, f"{row.id}-{row.showing}", row.playing, at_ms, places,
        _tablet(row, now),
    )  # fmt: skip


def _tablet(row: ScreeningRow, now: datetime) -> TabletView | None:
    if row.door_link_id is None:
        return None
    locked = screening_doors.is_locked(row.door_used_at, now)
    return TabletView("INVITED" if row.door_session_id is None else "LOCKED" if locked else "OPEN", row.door_digits)


def _places(session: Session, screening_id: str) -> list[PlaceView]:
    rows = session.execute(
        select(ScreeningItemRow, ReleaseRow, ClipRow, LivePermitRow)
        .outerjoin(ReleaseRow, ReleaseRow.id == ScreeningItemRow.release_id)
        .outerjoin(ClipRow, ClipRow.id == ReleaseRow.clip_id)
        .outerjoin(LivePermitRow, LivePermitRow.id == ScreeningItemRow.permit_id)
        .where(ScreeningItemRow.screening_id == screening_id)
        .order_by(ScreeningItemRow.position)
    )
    return [_place(*row) for row in rows]


def _place(item: ScreeningItemRow, release: ReleaseRow | None, clip: ClipRow | None, permit: LivePermitRow | None) -> PlaceView:
    if item.kind == ItemKind.LIVE:
        number, live = (permit.number, permit.state == PermitState.LIVE) if permit is not None else (None, False)
        return PlaceView(item.position, ItemKind.LIVE, "", None, None, None, number, None, live, item.permit_id)
    if release is None or clip is None:
        return PlaceView(item.position, ItemKind.CARD, item.title or "", item.words, None, None, None, None, True)
    live = release.state == ReleaseState.LIVE and release.sha256 == clip.sha256
    return PlaceView(item.position, ItemKind.CLIP, clip.title, clip.words, release.id, clip.id, release.number, clip.duration_ms, live)

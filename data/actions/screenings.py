"""执行警示教育: a session is planned, its programme set, its door and its stage opened; shown, blacked out, ended."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from ulid import ULID

from data.actions.allowed import allowed
from data.actions.attendees import hosted, of_screening
from data.actions.keeping import found, held, next_number
from data.actions.links import add_link, take_link
from data.actions.live_permits import end_with_screening
from data.actions.screening_doors import end_door
from data.actions.sessions import Opened, close_visit, open_for_stage
from data.common_ground import common_ground
from data.credentials import new_token
from data.errors import BadInput, NotPermitted, RuleBroken
from data.events import (
    BlackoutLifted,
    CheckInOpened,
    InterviewsBegan,
    ItemMoved,
    ItemShown,
    MaterialsTicked,
    PlanChanged,
    ProgrammeSet,
    ScreeningBegan,
    ScreeningBlackedOut,
    ScreeningClosed,
    ScreeningEnded,
    ScreeningPlanned,
    ScreeningRested,
    StageInvited,
    StageOpened,
)
from data.journal import Work
from data.rules import attendees, live_permits, screening, words
from data.rules.links import Purpose, closed, lifetime
from data.rules.live_permits import PermitState
from data.rules.permissions import Verb
from data.rules.promises import FOLLOWED
from data.rules.release import Audience, ReleaseState
from data.rules.screening import Item, ItemKind, People, ScreeningKind, ScreeningState
from data.tables import AttendeeRow, CaseRow, ClipRow, LivePermitRow, PromiseRow, ReleaseRow, ScreeningItemRow, ScreeningRow, WallRow

MISSING = "not_found.screening"
STAGE_LASTS = timedelta(hours=12)
SHOWABLE = frozenset({Audience.SCREENING, Audience.PUBLIC})


@dataclass(frozen=True, slots=True)
class Place:
    """One place of a programme as the host says it: a release, a permit for a live picture, or a card's words."""

    release_id: str | None = None
    permit_id: str | None = None
    title: str | None = None
    words: str | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """When and where it is, and for whom. cause: of a like-case session, which every case of it has."""

    kind: str = ScreeningKind.SCREENING
    cause: str | None = None
    held_at: datetime | None = None
    place: str | None = None


def plan_screening(work: Work, title: str, plan: Plan | None = None) -> str:
    """Returns its id. Raises what `change_plan` raises."""
    allowed(work, Verb.HOST_SCREENING)
    if work.actor.officer_id is None:
        raise NotPermitted("nobody", verb=Verb.HOST_SCREENING.value)
    row = ScreeningRow(
        id=str(ULID.from_datetime(work.now)),
        number=next_number(work, "教"),
        court_code=work.court_code,
        title=words.word(title, "title", screening.TITLE_LONGEST),
        state=ScreeningState.PLANNED,
        planned_by=work.actor.officer_id,
        planned_at=work.now,
    )
    _set_plan(work, row, plan or Plan())
    work.session.add(row)
    work.record(ScreeningPlanned(screening_id=row.id))
    return row.id


def change_plan(work: Work, screening_id: str, plan: Plan) -> None:
    """Until it begins. Raises RuleBroken screening.running, attendee.other_cause, .not_apart; BadInput screening.kind, .cause, time.*."""
    row = _before(work, screening_id)
    _set_plan(work, row, plan)
    for each in of_screening(work, row.id):
        if each.taken_off_at is None:
            _check_still_fits(work, row, each)
    work.record(PlanChanged(screening_id=row.id))


def tick_materials(work: Work, screening_id: str, there: Sequence[str], gone: Sequence[str] = ()) -> None:
    """What of the checklist is there now, and what is not after all; the rest stays as somebody else may have ticked it.

    Raises RuleBroken screening.running, BadInput screening.material.
    """
    row = _before(work, screening_id)
    if unknown := {*there, *gone} - set(screening.MATERIALS):
        raise BadInput(str(unknown), code="screening.material")
    ticked = {*row.materials, *there} - set(gone)
    row.materials = [name for name in screening.MATERIALS if name in ticked]
    work.record(MaterialsTicked(screening_id=row.id, there=tuple(row.materials)))


def open_check_in(work: Work, screening_id: str) -> None:
    """The door opens: who is invited can be let in. Raises TransitionRefused."""
    row = hosted(work, screening_id)
    screening.check_step(ScreeningState(row.state), ScreeningState.CHECK_IN)
    row.state = ScreeningState.CHECK_IN
    work.record(CheckInOpened(screening_id=row.id))


def _set_plan(work: Work, row: ScreeningRow, plan: Plan) -> None:
    cause = words.word_or_none(plan.cause, "cause", 64)
    row.kind, row.cause = screening.check_kind(plan.kind, cause), cause
    row.held_at = None if plan.held_at is None else words.moment(plan.held_at, "held_at", work.now, may_lie_ahead=True)
    row.place = words.word_or_none(plan.place, "place", screening.PLACE_LONGEST)


def _check_still_fits(work: Work, row: ScreeningRow, who: AttendeeRow) -> None:
    """A like-case session has cases of its cause only; a questioning stays apart from the session."""
    case = work.session.get(CaseRow, who.case_id)
    if row.kind == ScreeningKind.LIKE_CASE and case is not None and case.cause != row.cause:
        raise RuleBroken("another cause", code="attendee.other_cause")
    attendees.check_ground(who.ground, who.questioned_at, row.held_at)


def set_programme(work: Work, screening_id: str, places: Sequence[Place], was: Sequence[Place] | None = None) -> None:
    """In this order. What is not live for an audience here cannot be put in. was: what the host had before him; None: whatever there is.

    Raises RuleBroken screening.not_released, .running, .other_programme.
    """
    row = _before(work, screening_id)
    if was is not None and list(was) != _programme(work, row.id):
        raise RuleBroken("somebody else changed it", code="screening.other_programme")
    screening.check_number_of_items(len(places))
    work.session.execute(delete(ScreeningItemRow).where(ScreeningItemRow.screening_id == row.id))
    for position, place in enumerate(places):
        work.session.add(_item(work, row.id, position, place))
    released = tuple(place.release_id for place in places if place.release_id is not None)
    work.record(ProgrammeSet(screening_id=row.id, release_ids=released))


def _programme(work: Work, screening_id: str) -> list[Place]:
    rows = select(ScreeningItemRow).where(ScreeningItemRow.screening_id == screening_id).order_by(ScreeningItemRow.position)
    return [Place(each.release_id, each.permit_id, each.title, each.words) for each in work.session.scalars(rows)]


def _item(work: Work, screening_id: str, position: int, place: Place) -> ScreeningItemRow:
    if place.permit_id is not None:
        permit = found(work, LivePermitRow, words.ulid(place.permit_id), "not_found.permit")
        if permit.screening_id != screening_id or permit.state not in live_permits.OPEN:
            raise RuleBroken("not permitted", code="screening.not_released", position=position + 1)
        return ScreeningItemRow(screening_id=screening_id, position=position, kind=ItemKind.LIVE, permit_id=permit.id)
    if place.release_id is None:
        title = words.word(place.title, "title", screening.TITLE_LONGEST)
        said = _lines(place.words)
        return ScreeningItemRow(screening_id=screening_id, position=position, kind=ItemKind.CARD, title=title, words=said)
    release = found(work, ReleaseRow, words.ulid(place.release_id), "not_found.release")
    if not is_live(release):
        raise RuleBroken("not released", code="screening.not_released", position=position + 1)
    return ScreeningItemRow(screening_id=screening_id, position=position, kind=ItemKind.CLIP, release_id=release.id)


def _lines(said: str | None) -> str | None:
    """A card's words keep their lines."""
    lines = [words.word(line, "words", screening.CARD_LONGEST) for line in (said or "").split("\n") if line.strip()]
    text = "\n".join(lines)
    if len(text) > screening.CARD_LONGEST:
        raise BadInput("words", code="text.too_long", field="words", longest=screening.CARD_LONGEST)
    return text or None


# --- the stage --------------------------------------------------------------------------------------------------------------------------


def invite_stage(work: Work, screening_id: str, ttl: timedelta | None = None) -> str:
    """The secret of a one-time link for the browser before the audience: `/stage/<secret>`. Whoever was the stage is none any more."""
    row = hosted(work, screening_id)
    if row.state in screening.OVER:
        raise RuleBroken("over", code="screening.over")
    secret = new_token()
    link = add_link(work, Purpose.STAGE, secret, lifetime(Purpose.STAGE, ttl))
    work.session.flush()
    row.stage_link_id = link.id
    work.record(StageInvited(screening_id=row.id, link_id=link.id))
    return secret


def open_stage(work: Work, secret: str) -> Opened:
    """This browser is the stage from now on, in a session with no other right. Raises NotFound link.closed."""
    link = take_link(work, secret)
    row = work.session.scalars(select(ScreeningRow).where(ScreeningRow.stage_link_id == link.id)).one_or_none()
    if link.purpose != Purpose.STAGE or row is None or row.state in screening.OVER:
        raise closed()
    row = held(work, ScreeningRow, row.id, MISSING)
    close_visit(work, row.stage_session_id, "replaced")
    opened = open_for_stage(work, row.court_code, STAGE_LASTS)
    work.session.flush()
    row.stage_session_id = opened.session_id
    work.record(StageOpened(screening_id=row.id, session_id=opened.session_id))
    return opened


# --- while it runs ----------------------------------------------------------------------------------------------------------------------


def begin_screening(work: Work, screening_id: str) -> None:
    """Raises RuleBroken screening.empty, .not_released, .no_stage, what `check_people` raises, TransitionRefused."""
    row = hosted(work, screening_id)
    screening.check_step(ScreeningState(row.state), ScreeningState.RUNNING)
    screening.check_ready(programme(work, row.id))
    screening.check_people(ScreeningState(row.state), _people(work, row))
    if row.stage_session_id is None and not _has_wall(work, row.id):
        raise RuleBroken("no stage", code="screening.no_stage")
    row.state, row.began_at = ScreeningState.RUNNING, work.now
    _show(row, None, work)
    work.record(ScreeningBegan(screening_id=row.id))


def show_item(work: Work, screening_id: str, position: int | None) -> None:
    """This place of the programme, from its beginning; None: the court's card. Blackout goes on until it is lifted."""
    row = hosted(work, screening_id)
    release_id: str | None = None
    if position is not None:
        screening.check_shown(ScreeningState(row.state), programme(work, row.id), position)
        item = work.session.get_one(ScreeningItemRow, (row.id, position))
        release_id = item.release_id
    elif row.state not in screening.ON:
        screening.check_step(ScreeningState(row.state), ScreeningState.BLACKOUT)
    _show(row, position, work)
    row.playing = release_id is not None and row.state == ScreeningState.RUNNING
    work.record(ItemShown(screening_id=row.id, position=position, release_id=release_id))


def rest(work: Work, screening_id: str) -> None:
    """休息: the stage shows the court's card, which says so and that everybody may go. Raises TransitionRefused."""
    row = hosted(work, screening_id)
    if row.state not in screening.ON:
        screening.check_step(ScreeningState(row.state), ScreeningState.BLACKOUT)
    _show(row, None, work)
    row.resting = True
    work.record(ScreeningRested(screening_id=row.id))


def play_item(work: Work, screening_id: str, playing: bool, at_ms: int | None = None) -> None:
    """Pause it, or go on. at_ms: from there; None: from where it is. Raises TransitionRefused."""
    row = hosted(work, screening_id)
    if row.state != ScreeningState.RUNNING:
        screening.check_step(ScreeningState(row.state), ScreeningState.BLACKOUT)
    _move(row, playing, at_ms, work)
    work.record(ItemMoved(screening_id=row.id, playing=playing, at_ms=row.at_ms))


def black_out(work: Work, screening_id: str) -> bool:
    """Picture and sound are gone, and the clip stands still; also from a locked desk. Returns whether it was not so already.

    Raises TransitionRefused.
    """
    return blacked_out(work, hosted(work, screening_id, Verb.BLACK_OUT), "key")


def black_out_unwatched(work: Work, screening_id: str) -> bool:
    """A live picture is shown and nothing is heard of its host: black by itself, until he shows it again."""
    allowed(work, Verb.GUARD_STAGE)
    return blacked_out(work, held(work, ScreeningRow, words.ulid(screening_id), MISSING), "unwatched")


def blacked_out(work: Work, row: ScreeningRow, why: str) -> bool:
    """Part of other verbs: the stage is black and the clip stands still. Returns whether it was not so already."""
    if row.state == ScreeningState.BLACKOUT:
        return False
    screening.check_step(ScreeningState(row.state), ScreeningState.BLACKOUT)
    _move(row, False, None, work)
    row.state = ScreeningState.BLACKOUT
    work.record(ScreeningBlackedOut(screening_id=row.id, why=why))
    return True


def lift_blackout(work: Work, screening_id: str) -> bool:
    """What was shown is shown again, standing still: the host lets it go on. Returns whether it was black."""
    row = hosted(work, screening_id)
    if row.state == ScreeningState.RUNNING:
        return False
    screening.check_step(ScreeningState(row.state), ScreeningState.RUNNING)
    row.state = ScreeningState.RUNNING
    work.record(BlackoutLifted(screening_id=row.id))
    return True


def begin_interviews(work: Work, screening_id: str) -> None:
    """The film is over, anything live too: the stage shows the court's card, people are spoken to one by one. Raises TransitionRefused."""
    row = hosted(work, screening_id)
    screening.check_step(ScreeningState(row.state), ScreeningState.INTERVIEWS)
    row.state = ScreeningState.INTERVIEWS
    _show(row, None, work)
    work.record(InterviewsBegan(screening_id=row.id))
    end_with_screening(work, row.id)


def close_screening(work: Work, screening_id: str) -> None:
    """办结: nothing is followed any more, before its last look. Raises TransitionRefused, RuleBroken screening.promises_open."""
    row = hosted(work, screening_id)
    screening.check_step(ScreeningState(row.state), ScreeningState.CLOSED)
    still = select(PromiseRow.id).where(PromiseRow.screening_id == row.id, PromiseRow.state.in_(FOLLOWED))
    if work.session.scalar(still.limit(1)) is not None:
        raise RuleBroken("promises", code="screening.promises_open")
    row.state = ScreeningState.CLOSED
    work.record(ScreeningClosed(screening_id=row.id))


def end_screening(work: Work, screening_id: str) -> None:
    """The stage shows the court's card and has no right any more. Raises TransitionRefused."""
    row = hosted(work, screening_id)
    screening.check_step(ScreeningState(row.state), ScreeningState.ENDED)
    row.state, row.ended_at = ScreeningState.ENDED, work.now
    _show(row, None, work)
    close_visit(work, row.stage_session_id, "over")
    end_door(work, row, "over")
    work.record(ScreeningEnded(screening_id=row.id))
    end_with_screening(work, row.id)


# --- the parts --------------------------------------------------------------------------------------------------------------------------


def is_live(row: ReleaseRow) -> bool:
    return row.state == ReleaseState.LIVE and row.audience in SHOWABLE


def _is_shown(item: ScreeningItemRow, release: ReleaseRow | None, permit: LivePermitRow | None) -> bool:
    """Whether this place may be shown now."""
    if item.kind == ItemKind.LIVE:
        return permit is not None and permit.state == PermitState.LIVE
    return item.kind == ItemKind.CARD or (release is not None and is_live(release))


def programme(work: Work, screening_id: str) -> list[Item]:
    """As the rules want it."""
    rows = work.session.execute(
        select(ScreeningItemRow, ReleaseRow, LivePermitRow)
        .outerjoin(ReleaseRow, ReleaseRow.id == ScreeningItemRow.release_id)
        .outerjoin(LivePermitRow, LivePermitRow.id == ScreeningItemRow.permit_id)
        .where(ScreeningItemRow.screening_id == screening_id)
        .order_by(ScreeningItemRow.position)
    )
    return [Item(item.position, ItemKind(item.kind), _is_shown(item, release, permit)) for item, release, permit in rows]


def _has_wall(work: Work, screening_id: str) -> bool:
    return work.session.scalar(select(WallRow.id).where(WallRow.stage_of(screening_id)).limit(1)) is not None


def _before(work: Work, screening_id: str) -> ScreeningRow:
    """Raises RuleBroken screening.running."""
    row = hosted(work, screening_id)
    if row.state not in screening.BEFORE:
        raise RuleBroken("running", code="screening.running")
    return row


def _people(work: Work, row: ScreeningRow) -> People:
    invited = sum(each.taken_off_at is None for each in of_screening(work, row.id))
    first = next(iter(common_ground(work.session, work.sealing, row.id)), None)
    return People(invited, tuple(row.materials), None if first is None else (first.position, first.attendee))


def _show(row: ScreeningRow, position: int | None, work: Work) -> None:
    row.position, row.showing, row.resting = position, row.showing + 1, False
    row.playing, row.at_ms, row.moved_at = False, 0, work.now


def _move(row: ScreeningRow, playing: bool, at_ms: int | None, work: Work) -> None:
    duration_ms = _duration(work, row)
    here = screening.place_of(row.at_ms, row.playing, row.moved_at or work.now, work.now, duration_ms)
    row.at_ms = here if at_ms is None else screening.place_of(max(0, at_ms), False, work.now, work.now, duration_ms)
    row.playing, row.moved_at = playing and duration_ms is not None, work.now


def _duration(work: Work, row: ScreeningRow) -> int | None:
    """Of the clip that is shown; None when it is none."""
    if row.position is None:
        return None
    return work.session.scalar(
        select(ClipRow.duration_ms)
        .join(ReleaseRow, ReleaseRow.clip_id == ClipRow.id)
        .join(ScreeningItemRow, ScreeningItemRow.release_id == ReleaseRow.id)
        .where(ScreeningItemRow.screening_id == row.id, ScreeningItemRow.position == row.position)
    )

"""A warning-education screening (执行警示教育): its programme, what its stage shows, blackout. `model.md` B.6, `jobs.md` C.4."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from data.errors import BadInput, NotFound, RuleBroken, TransitionRefused

ITEMS_MOST = 40
TITLE_LONGEST, CARD_LONGEST, PLACE_LONGEST = 30, 300, 30
MATERIALS = ("SIGN", "PHONES", "SEATS", "EXIT", "BAILIFFS", "ROOMS", "FORMS", "ACCOUNT")  # what is there before people come, `jobs.md` C.4


class ScreeningState(StrEnum):
    """What is ready before (people invited, materials, a stage) are facts and stand in the ready-check, not states."""

    PLANNED = "PLANNED"
    CHECK_IN = "CHECK_IN"  # the door is open
    RUNNING = "RUNNING"
    BLACKOUT = "BLACKOUT"
    INTERVIEWS = "INTERVIEWS"  # clips are over, the stage shows the court's card
    ENDED = "ENDED"  # what was promised is followed
    CLOSED = "CLOSED"


class ScreeningKind(StrEnum):
    SCREENING = "SCREENING"  # 执行警示教育
    LIKE_CASE = "LIKE_CASE"  # 类案执行教育: cases of one cause


class ItemKind(StrEnum):
    CLIP = "CLIP"  # a released clip
    CARD = "CARD"  # words of the court: a title, a law slide
    LIVE = "LIVE"  # the permitted live picture of a mission, as a mosaic, delayed and silent
    REST = "REST"  # the court's card in a break; no place of a programme


STEPS: dict[ScreeningState, frozenset[ScreeningState]] = {
    ScreeningState.PLANNED: frozenset({ScreeningState.CHECK_IN, ScreeningState.RUNNING}),
    ScreeningState.CHECK_IN: frozenset({ScreeningState.RUNNING}),
    ScreeningState.RUNNING: frozenset({ScreeningState.BLACKOUT, ScreeningState.INTERVIEWS, ScreeningState.ENDED}),
    ScreeningState.BLACKOUT: frozenset({ScreeningState.RUNNING, ScreeningState.INTERVIEWS, ScreeningState.ENDED}),
    ScreeningState.INTERVIEWS: frozenset({ScreeningState.ENDED}),
    ScreeningState.ENDED: frozenset({ScreeningState.CLOSED}),
    ScreeningState.CLOSED: frozenset(),
}
BEFORE = frozenset({ScreeningState.PLANNED, ScreeningState.CHECK_IN})  # programme, plan and people can still change
ON = frozenset({ScreeningState.RUNNING, ScreeningState.BLACKOUT})
OVER = frozenset({ScreeningState.ENDED, ScreeningState.CLOSED})
HAS_RESULTS = ON | {ScreeningState.INTERVIEWS, ScreeningState.ENDED}  # a promise made at the door is written down a little later


@dataclass(frozen=True, slots=True)
class Item:
    """One place of the programme. live: whether its release or permit is, True for a card."""

    position: int
    kind: ItemKind
    live: bool


def check_step(here: ScreeningState, there: ScreeningState) -> None:
    """Raises TransitionRefused screening.state."""
    if there not in STEPS[here]:
        raise TransitionRefused(f"{here} to {there}", code="screening.state")


@dataclass(frozen=True, slots=True)
class People:
    """What must be so before it begins where people are invited. shared: what of a clip somebody of them has to do with, the first."""

    invited: int
    materials: Sequence[str]
    shared: tuple[int, int] | None = None  # (place of the programme counted from one, number of the invited person)


def check_people(state: ScreeningState, people: People) -> None:
    """Whether it may begin before those invited. Raises RuleBroken screening.check_in_first, .materials, .shared (position, number)."""
    if not people.invited:
        return
    if state == ScreeningState.PLANNED:
        raise RuleBroken("door", code="screening.check_in_first")
    if missing(people.materials):
        raise RuleBroken("materials", code="screening.materials")
    if people.shared is not None:
        raise RuleBroken("shared", code="screening.shared", position=people.shared[0], number=people.shared[1])


def missing(materials: Sequence[str]) -> list[str]:
    """What of the checklist is not there yet."""
    return [name for name in MATERIALS if name not in materials]


def check_kind(value: str, cause: str | None) -> ScreeningKind:
    """A like-case session has a cause, another one none. Raises BadInput screening.kind, screening.cause."""
    if value not in list(ScreeningKind):
        raise BadInput("kind", code="screening.kind")
    kind = ScreeningKind(value)
    if (kind is ScreeningKind.LIKE_CASE) != (cause is not None):
        raise BadInput("cause", code="screening.cause")
    return kind


def check_ready(programme: Sequence[Item]) -> None:
    """Whether it may begin. Raises RuleBroken screening.empty, screening.not_released (position, counted from one)."""
    if not programme:
        raise RuleBroken("no programme", code="screening.empty")
    for item in programme:
        if not item.live and item.kind is not ItemKind.LIVE:  # a permit may get its second signature while the screening runs
            raise RuleBroken("not released", code="screening.not_released", position=item.position + 1)


def check_shown(state: ScreeningState, programme: Sequence[Item], position: int) -> Item:
    """What is at this place, if it may be shown now. Raises TransitionRefused, NotFound, RuleBroken screening.not_released."""
    if state not in ON:
        raise TransitionRefused(state, code="screening.state")
    found = next((item for item in programme if item.position == position), None)
    if found is None:
        raise NotFound("item", code="not_found.item")
    if not found.live:
        raise RuleBroken("not released", code="screening.not_released", position=position + 1)
    return found


def check_number_of_items(count: int) -> None:
    """Raises BadInput screening.too_many."""
    if count > ITEMS_MOST:
        raise BadInput("items", code="screening.too_many", most=ITEMS_MOST)


def place_of(at_ms: int, playing: bool, since: datetime, now: datetime, duration_ms: int | None) -> int:
    """Where a clip is now. at_ms: where it was at `since`."""
    moved = max(0, int((now - since) / timedelta(milliseconds=1))) if playing else 0
    place = at_ms + moved
    return place if duration_ms is None else min(place, duration_ms)

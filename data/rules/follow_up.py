"""What comes after a session: three looks at what became of its promises, on D+1, D+7 and D+30 of the court's calendar. SS-17."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

DAYS = (1, 7, 30)


@dataclass(frozen=True, slots=True)
class Look:
    """One of the three. over: its day has passed, so what it says does not change any more (but by a correction of the money)."""

    day: int
    on: date
    over: bool


def looks(ended_on: date, today: date) -> tuple[Look, ...]:
    return tuple(Look(day, ended_on + timedelta(days=day), today > ended_on + timedelta(days=day)) for day in DAYS)


def next_look(ended_on: date, followed_day: int, today: date) -> int | None:
    """The look that is to be written down now: its day is over. followed_day: of the last one, 0 for none. None: nothing is due."""
    return next((look.day for look in looks(ended_on, today) if look.day > followed_day and look.over), None)


def is_last(day: int) -> bool:
    return day == DAYS[-1]


@dataclass(frozen=True, slots=True)
class Followed:
    """One promise as it is followed. kept_on: the day on which the last of it came in, None: it has not."""

    cents: int
    due_on: date
    kept_on: date | None


@dataclass(frozen=True, slots=True)
class Standing:
    """What had become of the promises by the end of one day. open: their day had not come yet."""

    promised: int
    kept: int
    broken: int
    open: int
    kept_cents: int


def standing(promises: Sequence[Followed], on: date) -> Standing:
    """By the end of this day."""
    kept = [each for each in promises if _kept_by(each, on)]
    broken = sum(1 for each in promises if not _kept_by(each, on) and each.due_on <= on)
    return Standing(len(promises), len(kept), broken, len(promises) - len(kept) - broken, sum(each.cents for each in kept))


def _kept_by(promise: Followed, on: date) -> bool:
    return promise.kept_on is not None and promise.kept_on <= on

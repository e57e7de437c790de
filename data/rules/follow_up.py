"""What comes after a session: three looks at what became of its promises, on D+1, D+7 and D+30 of the court's calendar. SS-17."""

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

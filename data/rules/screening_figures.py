"""What a year of screenings has led to (`indicators.md` K35): each figure is the number of things on a list, and opens that list."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from data.errors import BadInput

KEPT_WITHIN = 7  # 7 日兑现率


class Figure(StrEnum):
    SESSIONS = "SESSIONS"
    CASES = "CASES"  # whose debtors were invited; a case in two sessions counts in each
    INVITED = "INVITED"
    PRESENT = "PRESENT"
    AGREED = "AGREED"  # people who settled, promised or paid
    FULFILLED = "FULFILLED"  # people of whom money came: on the spot, or a promise within seven days
    PAID = "PAID"
    SETTLED = "SETTLED"  # with the applicant's yes
    PROMISED = "PROMISED"
    KEPT_7 = "KEPT_7"  # promises kept within seven days of the session
    KEPT = "KEPT"  # promises kept so far, late ones too


FUNNEL = (Figure.INVITED, Figure.PRESENT, Figure.AGREED, Figure.FULFILLED)


@dataclass(frozen=True, slots=True)
class Item:
    """One thing on a list. attendee: his number within the session; label: a case, an outcome's or a session's number."""

    attendee: int | None
    label: str
    cents: int = 0
    on: date | None = None


@dataclass(frozen=True, slots=True)
class Held:
    """One session that was held, with everything that counts in it."""

    id: str
    number: str
    title: str
    kind: str
    on: date
    items: Mapping[Figure, Sequence[Item]]


@dataclass(frozen=True, slots=True)
class Count:
    n: int
    cents: int


def count(sessions: Iterable[Held], figure: Figure) -> Count:
    found = [item for session in sessions for item in session.items[figure]]
    return Count(len(found), sum(item.cents for item in found))


def counts(sessions: Sequence[Held]) -> dict[Figure, Count]:
    return {figure: count(sessions, figure) for figure in Figure}


def money_cents(sessions: Sequence[Held]) -> int:
    """What really came in: on the spot, and by promises that were kept. What was settled is an agreement, not yet money."""
    return count(sessions, Figure.PAID).cents + count(sessions, Figure.KEPT).cents


def share_pct(part: int, whole: int) -> int | None:
    """None of nothing."""
    return round(100 * part / whole) if whole else None


def within_seven(session_on: date, kept_on: date | None) -> bool:
    return kept_on is not None and kept_on <= session_on + timedelta(days=KEPT_WITHIN)


def by_month(sessions: Sequence[Held]) -> list[tuple[str, list[Held]]]:
    """2026-01 with its sessions, the newest first."""
    months = sorted({f"{each.on:%Y-%m}" for each in sessions}, reverse=True)
    return [(month, [each for each in sessions if f"{each.on:%Y-%m}" == month]) for month in months]


def figure_of(value: object) -> Figure:
    """Raises BadInput."""
    if not isinstance(value, str) or value not in list(Figure):
        raise BadInput("figure", code="input.bad")
    return Figure(value)

"""精简轨迹: which part of a unit's way belongs to a mission, and how long it stays. `domain/rules.md` E.4.

Raw positions go after thirty days, the shortest time that their purpose allows (PIPL art. 19). Where a team was while it was on a mission
belongs to the mission's file: it is thinned when its day is sealed, and stays exactly as long as the mission itself. Nothing of the way
before leaving or after the end is in it, and a button that was forgotten does not keep anybody's way for ever.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from data.rules.missions import LONGEST


@dataclass(frozen=True, slots=True)
class Span:
    """Both ends included."""

    from_at: datetime
    to_at: datetime

    @property
    def ms(self) -> tuple[int, int]:
        return round(self.from_at.timestamp() * 1000), round(self.to_at.timestamp() * 1000)


def span(departed_at: datetime | None, arrived_at: datetime | None, ended_at: datetime | None, now: datetime) -> Span | None:
    """From leaving to the end, to now while it lasts, 36 hours at most. None: it never began, so nothing of it is kept."""
    began_at = min((each for each in (departed_at, arrived_at) if each is not None), default=None)
    if began_at is None:
        return None
    return Span(began_at, max(began_at, min(ended_at or now, began_at + LONGEST)))


def of_day(span: Span, day: date) -> Span | None:
    """Its part on this day (UTC)."""
    begins = datetime.combine(day, time(), UTC)
    from_at, to_at = max(span.from_at, begins), min(span.to_at, begins + timedelta(days=1, milliseconds=-1))
    return Span(from_at, to_at) if from_at <= to_at else None

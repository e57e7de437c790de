"""The court's own day: civil time is UTC plus a fixed offset, 28,800 s in China; the demonstration shifts it to begin its day at 09:38."""

from datetime import UTC, date, datetime, timedelta

FAR_AHEAD = timedelta(minutes=5)  # a sender's clock, corrected by the measured offset, is not wrong by more


def day_start(now: datetime, civil_offset_s: int) -> datetime:
    """The moment, in UTC, at which the civil day of `now` began."""
    offset = timedelta(seconds=civil_offset_s)
    return (now.astimezone(UTC) + offset).replace(hour=0, minute=0, second=0, microsecond=0) - offset


def civil_day(moment: datetime, civil_offset_s: int) -> date:
    """The date on the court's calendar."""
    return (moment.astimezone(UTC) + timedelta(seconds=civil_offset_s)).date()


def day_text(now: datetime, civil_offset_s: int) -> str:
    """The civil day as it stands in numbers: 20260112."""
    return f"{now.astimezone(UTC) + timedelta(seconds=civil_offset_s):%Y%m%d}"


def clock_text(moment: datetime, civil_offset_s: int) -> str:
    """Hours and minutes on the court's clock: 14:05."""
    return f"{moment.astimezone(UTC) + timedelta(seconds=civil_offset_s):%H:%M}"


def daily_number(letter: str, day: str, place: int) -> str:
    """呼〔20260112〕003: what it is, its civil day, which of that day."""
    return f"{letter}〔{day}〕{place:03d}"


def milliseconds(moment: datetime) -> int:
    """Since 1970 UTC, as browsers are told."""
    return round(moment.timestamp() * 1000)


def not_after(moment: datetime, now: datetime) -> datetime:
    """The moment, or now if a sender's clock runs ahead: nothing on the wall happens in the future."""
    return min(moment, now)

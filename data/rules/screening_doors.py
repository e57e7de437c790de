"""The tablet at the door of a screening: it lets people in to this one session and nothing else; locks by itself; ends with the session."""

from datetime import datetime, timedelta

from data.errors import BadInput, NotPermitted

LASTS = timedelta(hours=12)
LOCKS_AFTER = timedelta(minutes=10)  # nobody came: who picks the tablet up needs the digits of the host's console
DIGITS, TRIES = 4, 5


def is_locked(used_at: datetime | None, now: datetime) -> bool:
    """used_at: None, it was locked by hand."""
    return used_at is None or now - used_at >= LOCKS_AFTER


def check_open(used_at: datetime | None, now: datetime) -> None:
    """Raises NotPermitted door.locked."""
    if is_locked(used_at, now):
        raise NotPermitted("locked", code="door.locked", verb="admit.attendee")


def read_digits(typed: str) -> str:
    """Raises BadInput door.digits_form."""
    kept = "".join(typed[:16].split())
    if len(kept) != DIGITS or not (kept.isascii() and kept.isdigit()):
        raise BadInput("digits", code="door.digits_form", length=DIGITS)
    return kept

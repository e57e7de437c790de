"""Looking at where somebody was: allowed to few, and each look leaves a trace that the officer can see (who in which role, when)."""

from datetime import datetime

from data.actions.allowed import allowed
from data.actions.audit import record_audit
from data.actions.keeping import found
from data.errors import BadInput
from data.journal import Work
from data.rules import words
from data.rules.identity import Act
from data.rules.permissions import Verb
from data.tables import UnitRow

LONGEST_DAYS = 31


def read_track(work: Work, unit_no: int, since: datetime, until: datetime, reason: str | None = None) -> None:
    """Leave the trace; call this before the track itself is read from the history. Raises BadInput track.bad_span."""
    allowed(work, Verb.SEE_TRACK)
    found(work, UnitRow, unit_no, "not_found.unit")
    if not since < until or (until - since).days >= LONGEST_DAYS:
        raise BadInput("span", code="track.bad_span", days=LONGEST_DAYS)
    span = f"{since:%Y-%m-%dT%H:%MZ}/{until:%Y-%m-%dT%H:%MZ}"
    record_audit(work, Act.READ_TRACK, "unit", str(unit_no), fields=(span,), reason=words.word_or_none(reason, "reason", 200))


def watch_unit(work: Work, unit_no: int) -> None:
    """Somebody at a desk or before a wall has selected this unit and follows it."""
    allowed(work, Verb.SEE_WALL)
    found(work, UnitRow, unit_no, "not_found.unit")
    record_audit(work, Act.WATCH, "unit", str(unit_no))

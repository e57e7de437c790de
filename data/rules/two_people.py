"""What one person proposes and another confirms: how long it waits, what may become of it, and when it can still be decided."""

from datetime import datetime, timedelta
from enum import StrEnum

from data.errors import RuleBroken, TransitionRefused

LASTS = timedelta(hours=72)  # over a weekend; what nobody confirmed by then is asked for anew


class Decision(StrEnum):
    PROPOSED = "PROPOSED"
    CONFIRMED = "CONFIRMED"
    WITHDRAWN = "WITHDRAWN"  # by whoever proposed it
    REFUSED = "REFUSED"  # by somebody else
    LAPSED = "LAPSED"


def dropped(by: str | None, proposed_by: str) -> Decision:
    """What it is called when this person takes it away."""
    return Decision.WITHDRAWN if by == proposed_by else Decision.REFUSED


def check_open(state: Decision, expires_at: datetime, now: datetime, *, decided: str, lapsed: str) -> None:
    """decided, lapsed: the codes of the refusals. Raises TransitionRefused, RuleBroken."""
    if state is not Decision.PROPOSED:
        raise TransitionRefused(state, code=decided)
    if now >= expires_at:
        raise RuleBroken("lapsed", code=lapsed)

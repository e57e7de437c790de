"""异议: somebody before the screen has recognised himself. What his press does depends on what is shown and whether he sits there."""

from enum import StrEnum

from data.errors import BadInput, TransitionRefused
from data.rules.screening import ON, ScreeningState


class Finding(StrEnum):
    """What the court found when it looked at an objection."""

    FOUNDED = "FOUNDED"  # the clip stays withdrawn
    UNFOUNDED = "UNFOUNDED"  # it may be certified anew; a withdrawn release never comes back by itself


def stops(state: ScreeningState, present: bool, showing: bool) -> bool:
    """Whether it stops what is shown now; otherwise it is noted and looked at. showing: a clip or a live picture, no card."""
    return state in ON and present and showing


def check_finding(value: str, known: str | None) -> Finding:
    """Raises BadInput objection.finding; TransitionRefused objection.looked_at: somebody has looked at it."""
    if value not in list(Finding):
        raise BadInput("finding", code="objection.finding")
    if known is not None:
        raise TransitionRefused("looked at", code="objection.looked_at")
    return Finding(value)

"""和解: agreed at a screening of the debtor's own will, and nothing without the applicant's own yes. `domain/features.md` SS-17."""

from datetime import datetime
from enum import StrEnum

from data.errors import BadInput, TransitionRefused

TERMS_LONGEST, RECEIPT_LONGEST, WHY_LONGEST = 200, 32, 60


class Yes(StrEnum):
    """How the applicant himself agreed."""

    PRESENT = "PRESENT"
    PHONE = "PHONE"
    LATER = "LATER"  # not yet: it counts once he has


def yes_of(value: object, waiting_too: bool = True) -> Yes:
    """Raises BadInput settlement.yes."""
    if not isinstance(value, str) or value not in list(Yes) or (value == Yes.LATER and not waiting_too):
        raise BadInput("yes", code="settlement.yes")
    return Yes(value)


def confirmed_at(yes: Yes, now: datetime) -> datetime | None:
    """From when it counts; None: the applicant has not agreed yet."""
    return None if yes is Yes.LATER else now


def check_waiting(confirmed: datetime | None, withdrawn: datetime | None) -> None:
    """Raises TransitionRefused settlement.state: it was confirmed or taken back before."""
    if confirmed is not None or withdrawn is not None:
        raise TransitionRefused("settled", code="settlement.state")

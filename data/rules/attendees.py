"""Who may be asked to a screening, on what ground, and how he comes in: for his case, of his own will, under a number.

Not coming is neither marked nor counted: the rules know who is invited and who is there. `domain/jobs.md` C.4, `rules.md` E.3.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from data.errors import BadInput, RuleBroken, TransitionRefused
from data.rules.cases import PartyKind
from data.rules.links import CODE_LETTERS
from data.rules.screening import BEFORE, ON, ScreeningKind, ScreeningState

INVITED_MOST = 120  # a hall, not a square
CODE_LENGTH = 8  # 23**8 codes; only somebody signed in may try one
SEAT_MOST = 999
LASTS, QUESTIONING_LASTS = timedelta(hours=3), timedelta(hours=1)  # `jobs.md` C.4: 15:00 to 17:00, with the interviews
KEPT = timedelta(days=730)  # E.4: sign-ins of a screening, two years
ADMITS = frozenset({ScreeningState.CHECK_IN, *ON, ScreeningState.INTERVIEWS})  # who comes late comes in


class Ground(StrEnum):
    NOTICE = "NOTICE"  # 通知: voluntary
    SUMMONS = "SUMMONS"  # 传票: to be questioned in his own case, at a time of its own


class TakenOff(StrEnum):
    """Why an invitation was taken back."""

    HOST = "HOST"
    MINOR = "MINOR"
    UNFIT = "UNFIT"
    CLOSED = "CLOSED"  # his case was closed before the session began
    NO_PARTY = "NO_PARTY"  # the case system says that he is no debtor of the case any more


@dataclass(frozen=True, slots=True)
class Candidate:
    """What the rule must know of somebody before he is invited."""

    kind: str
    minor: bool
    unfit: bool
    case_closed: bool
    cause: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What the rule must know of the session."""

    state: ScreeningState
    kind: ScreeningKind
    cause: str | None
    held_at: datetime | None


def check_invitable(plan: Plan, who: Candidate, invited: int) -> None:
    """invited: how many are. Raises RuleBroken attendee.running, .not_debtor, .case_closed, .minor, .unfit, .other_cause, .too_many."""
    if plan.state not in BEFORE:
        raise RuleBroken("running", code="attendee.running")
    if who.kind != PartyKind.DEBTOR:
        raise RuleBroken("no debtor", code="attendee.not_debtor")
    if who.case_closed:
        raise RuleBroken("closed", code="attendee.case_closed")
    if who.minor:
        raise RuleBroken("a minor", code="attendee.minor")
    if who.unfit:
        raise RuleBroken("unfit", code="attendee.unfit")
    if plan.kind is ScreeningKind.LIKE_CASE and who.cause != plan.cause:
        raise RuleBroken("another cause", code="attendee.other_cause")
    if invited >= INVITED_MOST:
        raise RuleBroken("too many", code="attendee.too_many", most=INVITED_MOST)


def check_ground(value: str, questioned_at: datetime | None, held_at: datetime | None) -> Ground:
    """A summons has a time of its own, apart from the session; a notice has none.

    Raises BadInput attendee.ground, attendee.questioned_at; RuleBroken attendee.not_apart.
    """
    if value not in list(Ground):
        raise BadInput("ground", code="attendee.ground")
    ground = Ground(value)
    if (ground is Ground.SUMMONS) != (questioned_at is not None):
        raise BadInput("questioned_at", code="attendee.questioned_at")
    if questioned_at is not None and held_at is not None and not is_apart(questioned_at, held_at):
        raise RuleBroken("not apart", code="attendee.not_apart")
    return ground


def is_apart(questioned_at: datetime, held_at: datetime) -> bool:
    """Whether a questioning is over before the session begins, or begins when it is over."""
    return questioned_at + QUESTIONING_LASTS <= held_at or questioned_at >= held_at + LASTS


def read_code(typed: str) -> str:
    """The code as it stands in the letter, from what a scanner or fingers give. Raises BadInput attendee.code_form."""
    kept = "".join(sign for sign in typed[:64].upper() if not sign.isspace() and sign not in "-·.")
    if len(kept) != CODE_LENGTH or any(sign not in CODE_LETTERS for sign in kept):
        raise BadInput("code", code="attendee.code_form", length=CODE_LENGTH)
    return kept


def written(code: str) -> str:
    """As it is printed: ABCD-EFGH."""
    return f"{code[:4]}-{code[4:]}"


def check_door(state: ScreeningState) -> None:
    """Raises TransitionRefused attendee.door_not_open, attendee.over."""
    if state in BEFORE and state not in ADMITS:
        raise TransitionRefused(state, code="attendee.door_not_open")
    if state not in ADMITS:
        raise TransitionRefused(state, code="attendee.over")


def next_seat(taken: int | None) -> int:
    """taken: the highest that was given. Raises RuleBroken attendee.no_seat."""
    if (taken or 0) >= SEAT_MOST:
        raise RuleBroken("no seat", code="attendee.no_seat")
    return (taken or 0) + 1


def is_present(checked_in_at: datetime | None, left_at: datetime | None) -> bool:
    return checked_in_at is not None and left_at is None


def may_purge(ended_at: datetime | None, held_at: datetime | None, planned_at: datetime, now: datetime) -> bool:
    """Whether who was invited is to be forgotten. A session that never ended counts from when it was to be, or was planned."""
    return now - (ended_at or held_at or planned_at) >= KEPT

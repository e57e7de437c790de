"""The live picture of one mission before one stage: off unless two people permit it, delayed, silent, a mosaic. Issue 4 item 6; SS-15.

    PROPOSED ──> CERTIFIED_1 ──> LIVE ──> REVOKED | ENDED
    PROPOSED, CERTIFIED_1 ──> REVOKED | ENDED

Each certifier says that the people of that mission were told. Whoever must may revoke it; what ends by itself (the officer closes his
picture, call, mission or screening are over) is ENDED. Nothing comes back: another permit is another two signatures.
"""

from enum import StrEnum

from data.errors import BadInput, NotPermitted, RuleBroken, TransitionRefused
from data.rules.missions import OPEN as MISSION_OPEN
from data.rules.missions import MissionState
from data.rules.screening import BEFORE, ON, ScreeningState

LETTER = "现"
DELAY_S, DELAY_LEAST_S, DELAY_MOST_S = 30, 10, 120
WHY_LONGEST = 120


class PermitState(StrEnum):
    PROPOSED = "PROPOSED"
    CERTIFIED_1 = "CERTIFIED_1"
    LIVE = "LIVE"
    REVOKED = "REVOKED"  # somebody decided so
    ENDED = "ENDED"  # by itself


class Cause(StrEnum):
    """Why it is over."""

    DECIDED = "DECIDED"
    MINOR = "MINOR"  # a minor is there
    ILLNESS = "ILLNESS"
    BODY_SEARCH = "BODY_SEARCH"  # somebody is searched
    PICTURE_CLOSED = "PICTURE_CLOSED"  # «停止画面» by the officer on the spot
    CALL_OVER = "CALL_OVER"
    MISSION_OVER = "MISSION_OVER"
    SCREENING_OVER = "SCREENING_OVER"
    OBJECTION = "OBJECTION"  # somebody before the screen recognised himself


OPEN = frozenset({PermitState.PROPOSED, PermitState.CERTIFIED_1, PermitState.LIVE})
BY_SOMEBODY = frozenset({Cause.DECIDED, Cause.MINOR, Cause.ILLNESS, Cause.BODY_SEARCH})


def delay(seconds: object) -> int:
    """Raises BadInput live.delay."""
    if isinstance(seconds, bool) or not isinstance(seconds, int) or not DELAY_LEAST_S <= seconds <= DELAY_MOST_S:
        raise BadInput("delay", code="live.delay", least=DELAY_LEAST_S, most=DELAY_MOST_S)
    return seconds


def check_allowed(by_this_court: bool) -> None:
    """by_this_court: its setting `live_on_stage`. Raises RuleBroken live.forbidden."""
    if not by_this_court:
        raise RuleBroken("forbidden", code="live.forbidden")


def check_proposable(mission: MissionState, screening: ScreeningState) -> None:
    """Raises RuleBroken live.mission_over, screening.over."""
    if mission not in MISSION_OPEN:
        raise RuleBroken("mission over", code="live.mission_over")
    if screening not in BEFORE | ON:
        raise RuleBroken("over", code="screening.over")


def check_certificate(state: PermitState, first_by: str | None, by: str, told: bool) -> PermitState:
    """The state after this signature. told: he has made sure that the people of the mission were told.

    Raises TransitionRefused live.state, RuleBroken live.not_told, NotPermitted live.same_person.
    """
    if state not in (PermitState.PROPOSED, PermitState.CERTIFIED_1):
        raise TransitionRefused(state, code="live.state")
    if told is not True:
        raise RuleBroken("not told", code="live.not_told")
    if by == first_by:
        raise NotPermitted("the same person", code="live.same_person")
    return PermitState.CERTIFIED_1 if first_by is None else PermitState.LIVE


def after(state: PermitState, cause: Cause) -> PermitState:
    """The state once it is over. Raises TransitionRefused live.state: it is over already."""
    if state not in OPEN:
        raise TransitionRefused(state, code="live.state")
    return PermitState.REVOKED if cause in BY_SOMEBODY else PermitState.ENDED


def cause_by_somebody(word: object) -> Cause:
    """Raises BadInput live.cause."""
    if word not in [each.value for each in BY_SOMEBODY]:
        raise BadInput("cause", code="live.cause")
    return Cause(str(word))


def ends_with_a_call(state: PermitState) -> bool:
    """What is not permitted yet waits for the next call of the same mission."""
    return state is PermitState.LIVE

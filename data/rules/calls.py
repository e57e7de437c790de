"""One-tap calls: from ringing to its end, and who may take which step.

RINGING ── 30 s unanswered ──> MISSED        goes on ringing, louder, for everybody
RINGING, MISSED ── answered ──> ANSWERED
RINGING, MISSED ── withdrawn by the officer ──> ENDED
ANSWERED ── finished by either side ──> ENDED
RINGING, MISSED, ANSWERED ── its phone is revoked ──> ENDED    nobody could answer or finish it there any more
"""

from datetime import timedelta
from enum import StrEnum

from data.errors import TransitionRefused

LETTER = "呼"
UNANSWERED = timedelta(seconds=30)


class CallState(StrEnum):
    RINGING = "RINGING"
    MISSED = "MISSED"
    ANSWERED = "ANSWERED"
    ENDED = "ENDED"


class CallStep(StrEnum):
    """What can happen to a call."""

    MISS = "miss"
    ANSWER = "answer"
    WITHDRAW = "withdraw"
    FINISH = "finish"
    LOSE = "lose"


STEPS: dict[tuple[CallState, CallStep], CallState] = {
    (CallState.RINGING, CallStep.MISS): CallState.MISSED,
    (CallState.RINGING, CallStep.ANSWER): CallState.ANSWERED,
    (CallState.MISSED, CallStep.ANSWER): CallState.ANSWERED,
    (CallState.RINGING, CallStep.WITHDRAW): CallState.ENDED,
    (CallState.MISSED, CallStep.WITHDRAW): CallState.ENDED,
    (CallState.ANSWERED, CallStep.FINISH): CallState.ENDED,
    (CallState.RINGING, CallStep.LOSE): CallState.ENDED,
    (CallState.MISSED, CallStep.LOSE): CallState.ENDED,
    (CallState.ANSWERED, CallStep.LOSE): CallState.ENDED,
}
WAITING = frozenset({CallState.RINGING, CallState.MISSED})
OPEN = WAITING | {CallState.ANSWERED}
ENDED_WHY = {CallStep.WITHDRAW: "withdrawn", CallStep.FINISH: "finished", CallStep.LOSE: "revoked"}


def step(state: CallState, wanted: CallStep) -> CallState:
    """The state after this step. Raises TransitionRefused call.transition_refused; params: state."""
    after = STEPS.get((state, wanted))
    if after is None:
        raise TransitionRefused(f"{wanted} in {state}", code="call.transition_refused", state=state.value)
    return after


def ending(state: CallState, by_officer: bool) -> CallStep:
    """How a call ends that somebody wants ended now: the officer takes back what nobody answered, a talk is finished by either side."""
    return CallStep.WITHDRAW if by_officer and state in WAITING else CallStep.FINISH

"""The alarm, which is not a call: it works without any media and cannot be closed by who raised it.

    RAISED ── «我来处理» ──> ACKED ── a team goes ──> RESPONDING ── over ──> RESOLVED | FALSE_ALARM
    ACKED ── over ──> RESOLVED | FALSE_ALARM

Unowned for 15 s it sounds again at every desk (level 1), for 30 s on every leader's page (level 2).
"""

from datetime import datetime, timedelta
from enum import StrEnum

from data.errors import NotPermitted, TransitionRefused
from data.rules.permissions import Actor

LETTER = "求"
ESCALATES_AFTER = {1: timedelta(seconds=15), 2: timedelta(seconds=30)}


class SosState(StrEnum):
    RAISED = "RAISED"
    ACKED = "ACKED"
    RESPONDING = "RESPONDING"
    RESOLVED = "RESOLVED"
    FALSE_ALARM = "FALSE_ALARM"


class SosStep(StrEnum):
    """What can happen to an alarm."""

    ACKNOWLEDGE = "acknowledge"
    RESPOND = "respond"
    RESOLVE = "resolve"
    DISMISS = "dismiss"


STEPS: dict[tuple[SosState, SosStep], SosState] = {
    (SosState.RAISED, SosStep.ACKNOWLEDGE): SosState.ACKED,
    (SosState.ACKED, SosStep.RESPOND): SosState.RESPONDING,
    (SosState.RESPONDING, SosStep.RESPOND): SosState.RESPONDING,  # another team instead, or a second one
    (SosState.ACKED, SosStep.RESOLVE): SosState.RESOLVED,
    (SosState.RESPONDING, SosStep.RESOLVE): SosState.RESOLVED,
    (SosState.ACKED, SosStep.DISMISS): SosState.FALSE_ALARM,
    (SosState.RESPONDING, SosStep.DISMISS): SosState.FALSE_ALARM,
}
OPEN = frozenset({SosState.RAISED, SosState.ACKED, SosState.RESPONDING})


def step(state: SosState, wanted: SosStep) -> SosState:
    """The state after this step. Raises TransitionRefused: sos.not_owned before anybody took it, else sos.transition_refused."""
    after = STEPS.get((state, wanted))
    if after is None:
        code = "sos.not_owned" if state is SosState.RAISED else "sos.transition_refused"
        raise TransitionRefused(f"{wanted} in {state}", code=code, state=state.value)
    return after


def level_due(received_at: datetime, now: datetime) -> int:
    """How loud an alarm that nobody owns must be by now: 0, 1 or 2. Counted from when the centre could know of it."""
    return max((level for level, after in ESCALATES_AFTER.items() if now >= received_at + after), default=0)


def may_close(actor: Actor, unit_no: int, officer_id: str | None) -> None:
    """Whoever needed help may be forced to say that all is well. Raises NotPermitted sos.own.

    unit_no, officer_id: of the unit that raised it.
    """
    if actor.unit_no == unit_no or (officer_id is not None and actor.officer_id == officer_id):
        raise NotPermitted("own alarm", code="sos.own")

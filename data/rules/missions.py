"""Field missions: who goes where and when, and the steps from leaving to coming back.

    ASSIGNED ──> EN_ROUTE ──> ON_SCENE ──> FINISHED | FRUITLESS
    ASSIGNED, EN_ROUTE ──> CANCELLED

A forgotten button must not keep a mission open for ever: arriving without having left, and ending without having arrived, are possible.
Arrival is proposed by a fence and confirmed by the officer, never taken from one fix.
"""

from datetime import datetime, timedelta
from enum import StrEnum

from data.errors import BadInput, NotPermitted, TransitionRefused
from data.rules.permissions import Actor, Role

LETTER = "勤"
LONGEST = timedelta(hours=36)
USUAL = timedelta(hours=2)


class MissionState(StrEnum):
    ASSIGNED = "ASSIGNED"
    EN_ROUTE = "EN_ROUTE"
    ON_SCENE = "ON_SCENE"
    FRUITLESS = "FRUITLESS"  # 扑空: a first-class result
    FINISHED = "FINISHED"
    CANCELLED = "CANCELLED"


class MissionKind(StrEnum):
    """What the team goes out for."""

    SERVE = "SERVE"  # 送达
    SURVEY = "SURVEY"  # 财产调查
    ATTACH = "ATTACH"  # 查封
    SEIZE = "SEIZE"  # 扣押
    SEARCH = "SEARCH"  # 搜查
    EVICT = "EVICT"  # 腾退
    DELIVER = "DELIVER"  # 交付
    COMPEL = "COMPEL"  # 拘传
    DETAIN = "DETAIN"  # 拘留
    ASSIST = "ASSIST"  # 协助外院
    OTHER = "OTHER"


class MissionStep(StrEnum):
    """The events that a phone, a desk or the case system may report; also the words on the wire."""

    ASSIGNED = "assigned"
    DEPARTED = "departed"
    ARRIVED = "arrived"
    FRUITLESS = "fruitless"
    FINISHED = "finished"
    CANCELLED = "cancelled"


_S, _E = MissionState, MissionStep
STEPS: dict[tuple[MissionState, MissionStep], MissionState] = {
    (_S.ASSIGNED, _E.ASSIGNED): _S.ASSIGNED,  # planned again: other times or another vehicle
    (_S.ASSIGNED, _E.DEPARTED): _S.EN_ROUTE,
    (_S.ASSIGNED, _E.ARRIVED): _S.ON_SCENE,
    (_S.ASSIGNED, _E.CANCELLED): _S.CANCELLED,
    (_S.EN_ROUTE, _E.ARRIVED): _S.ON_SCENE,
    (_S.EN_ROUTE, _E.FRUITLESS): _S.FRUITLESS,
    (_S.EN_ROUTE, _E.FINISHED): _S.FINISHED,
    (_S.EN_ROUTE, _E.CANCELLED): _S.CANCELLED,
    (_S.ON_SCENE, _E.FRUITLESS): _S.FRUITLESS,
    (_S.ON_SCENE, _E.FINISHED): _S.FINISHED,
}
UNDER_WAY = frozenset({_S.EN_ROUTE, _S.ON_SCENE})
OPEN = UNDER_WAY | {_S.ASSIGNED}
REACHES = {
    _E.DEPARTED: _S.EN_ROUTE,
    _E.ARRIVED: _S.ON_SCENE,
    _E.FRUITLESS: _S.FRUITLESS,
    _E.FINISHED: _S.FINISHED,
    _E.CANCELLED: _S.CANCELLED,
}
OF_A_PHONE = frozenset({_E.DEPARTED, _E.ARRIVED, _E.FRUITLESS, _E.FINISHED})


def step(state: MissionState, wanted: MissionStep) -> MissionState:
    """The state after this step. Raises TransitionRefused mission.transition_refused; params: state."""
    after = STEPS.get((state, wanted))
    if after is None:
        raise TransitionRefused(f"{wanted} in {state}", code="mission.transition_refused", state=state.value)
    return after


def already(state: MissionState, wanted: MissionStep) -> bool:
    """Whether a second sender only says what we know: the phone said «到场», now the case system says it too."""
    return REACHES.get(wanted) is state


def may_move(actor: Actor, team_id: str | None, wanted: MissionStep) -> None:
    """A phone, and an officer outside the centre, moves only its own team's missions. Raises NotPermitted mission.not_yours."""
    if actor.role in (Role.DEVICE, Role.FIELD, Role.JUDGE) and (
        wanted not in OF_A_PHONE or actor.team_id is None or actor.team_id != team_id
    ):
        raise NotPermitted("mission of another team", code="mission.not_yours")


def plan(planned_from: datetime, planned_to: datetime | None) -> tuple[datetime, datetime]:
    """From and to; two hours if nobody said how long. Raises BadInput mission.bad_plan."""
    until = planned_to or planned_from + USUAL
    if not timedelta(0) < until - planned_from <= LONGEST:
        raise BadInput("planned times", code="mission.bad_plan")
    return planned_from, until

"""Cases: the large steps (stages), the small ones (nodes), the side states, and which report of the case system is possible when.

The court's case system knows better than we do, so a stage may be skipped and a failed disposal goes back to the search for property.
What never happens: an ended case that moves again (that is a new 执恢 case), a step of a suspended case, a case filed twice.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from data.errors import BadInput, RuleBroken, TransitionRefused

# Numbers only, for no rule asks more of them yet; their names are sentences that a person reads and stand with all others in the texts
# (`row.node.1` …), in both languages. With the first stage or period that hangs on a node the list moves to `data/catalogues/nodes.toml`.
NODES = range(1, 38)


class Stage(StrEnum):
    """The large steps, in order."""

    FILED = "FILED"  # 立案
    ASSIGNED = "ASSIGNED"  # 分案
    NOTIFIED = "NOTIFIED"  # 通知与申报
    INVESTIGATING = "INVESTIGATING"  # 查控
    CONTROLLED = "CONTROLLED"  # 控制
    DISPOSING = "DISPOSING"  # 处置变价
    FUNDS = "FUNDS"  # 案款
    CLOSING = "CLOSING"  # 结案审查
    CLOSED = "CLOSED"  # 结案


class SideState(StrEnum):
    """What may cover any open stage."""

    SUSPENDED = "SUSPENDED"  # 中止
    DEFERRED = "DEFERRED"  # 暂缓
    SETTLING = "SETTLING"  # 和解履行
    OBJECTION_PENDING = "OBJECTION_PENDING"  # 异议审查
    EXTENDED = "EXTENDED"  # 延长


class ClosingKind(StrEnum):
    """The six ways in which a case closes, and 终本. Source: 执行规定 art. 64."""

    FULLY = "FULLY"  # 执行完毕
    TERMINATED_CURRENT = "TERMINATED_CURRENT"  # 终结本次执行程序
    ENDED = "ENDED"  # 终结执行
    STRUCK = "STRUCK"  # 销案
    REFUSED = "REFUSED"  # 不予执行
    DISMISSED = "DISMISSED"  # 驳回申请


class PartyKind(StrEnum):
    APPLICANT = "APPLICANT"
    DEBTOR = "DEBTOR"
    THIRD_PARTY = "THIRD_PARTY"


class CaseEvent(StrEnum):
    """What a report can say; also the words on the wire."""

    FILED = "filed"
    ASSIGNED = "assigned"
    STAGE = "stage"
    NODE = "node"
    SUSPENDED = "suspended"
    RESUMED = "resumed"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a case stands."""

    stage: Stage
    side: SideState | None = None


_ORDER = list(Stage)
_OPEN = [stage for stage in Stage if stage is not Stage.CLOSED]
_BACK_TO_SEARCH = frozenset({Stage.CONTROLLED, Stage.DISPOSING, Stage.FUNDS, Stage.CLOSING})

# Forward by any number of steps; back only to the search for property, and out of the closing review to where the case came from.
NEXT: dict[Stage, frozenset[Stage]] = {
    stage: frozenset(
        later
        for later in _OPEN
        if _ORDER.index(later) > _ORDER.index(stage)
        or (stage in _BACK_TO_SEARCH and later is Stage.INVESTIGATING)
        or (stage is Stage.CLOSING and later not in (Stage.FILED, Stage.CLOSING))
    )
    for stage in _OPEN
} | {Stage.CLOSED: frozenset()}
STOPS = frozenset({SideState.SUSPENDED, SideState.DEFERRED})  # nothing may be done meanwhile


def after(standing: Standing, event: CaseEvent, stage: Stage | None = None, side: SideState | None = None) -> Standing:
    """Where the case stands after this report.

    stage: of a `stage` report. side: of a `suspended` report, SUSPENDED if not said. Raises TransitionRefused case.closed,
    case.suspended, case.not_suspended, case.transition_refused; RuleBroken case.already_filed.
    """
    if event is CaseEvent.FILED:
        raise RuleBroken("filed twice", code="case.already_filed")
    if standing.stage is Stage.CLOSED:
        raise TransitionRefused("closed", code="case.closed")
    if event is CaseEvent.CLOSED:
        return Standing(Stage.CLOSED)
    if event is CaseEvent.RESUMED:
        return _resumed(standing)
    if event is CaseEvent.SUSPENDED:
        return _suspended(standing, side or SideState.SUSPENDED)
    if standing.side in STOPS:
        raise TransitionRefused("suspended", code="case.suspended")
    if event is CaseEvent.ASSIGNED:
        return Standing(Stage.ASSIGNED if standing.stage is Stage.FILED else standing.stage, standing.side)  # later: another judge
    if event is CaseEvent.STAGE:
        return _moved(standing, stage)
    return standing


def _resumed(standing: Standing) -> Standing:
    if standing.side is None:
        raise TransitionRefused("not suspended", code="case.not_suspended")
    return Standing(standing.stage)


def _suspended(standing: Standing, side: SideState) -> Standing:
    if standing.side is side:
        raise TransitionRefused("suspended", code="case.suspended")
    return Standing(standing.stage, side)


def _moved(standing: Standing, stage: Stage | None) -> Standing:
    if stage is None:
        raise BadInput("stage missing", code="case.stage_missing")
    if stage is not standing.stage and stage not in NEXT[standing.stage]:
        raise TransitionRefused(f"{standing.stage} to {stage}", code="case.transition_refused", state=standing.stage.value)
    return Standing(stage, standing.side)


def node(value: object) -> int:
    """One of the 37 nodes. Raises BadInput case.bad_node."""
    if isinstance(value, bool) or not isinstance(value, int) or value not in NODES:
        raise BadInput("node", code="case.bad_node")
    return value


def closing_kind(value: object) -> ClosingKind:
    """Raises BadInput case.bad_closing_kind."""
    if value not in list(ClosingKind):
        raise BadInput("closing kind", code="case.bad_closing_kind")
    return ClosingKind(str(value))


def is_late(at: datetime, changed_at: datetime) -> bool:
    """Whether a report tells of something older than what we already show. It is kept in the journal and rewinds nothing."""
    return at < changed_at

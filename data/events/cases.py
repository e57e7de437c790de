"""Cases, from filing to closing."""

from data.events.event import Event


class CaseFiled(Event, frozen=True, kw_only=True):
    kind = "case.filed"
    subject = "case"
    case_id: str
    area_id: str | None


class CaseAssigned(Event, frozen=True, kw_only=True):
    kind = "case.assigned"
    subject = "case"
    case_id: str
    area_id: str | None


class CaseStageChanged(Event, frozen=True, kw_only=True):
    kind = "case.stage_changed"
    subject = "case"
    case_id: str
    area_id: str | None
    stage: str


class CaseNodeDone(Event, frozen=True, kw_only=True):
    kind = "case.node_done"
    subject = "case"
    case_id: str
    area_id: str | None
    node: int


class CaseSuspended(Event, frozen=True, kw_only=True):
    kind = "case.suspended"
    subject = "case"
    case_id: str
    area_id: str | None


class CaseResumed(Event, frozen=True, kw_only=True):
    kind = "case.resumed"
    subject = "case"
    case_id: str
    area_id: str | None


class CaseClosed(Event, frozen=True, kw_only=True):
    kind = "case.closed"
    subject = "case"
    case_id: str
    area_id: str | None
    closing_kind: str


class CaseChanged(Event, frozen=True, kw_only=True):
    """A restricted field of the case or its parties was set; which one is not said."""

    kind = "case.changed"
    subject = "case"
    case_id: str
    area_id: str | None

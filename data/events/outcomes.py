"""What a screening leads to: interviews, promises, settlements, payments."""

from data.events.event import Event


class InterviewsBegan(Event, frozen=True, kw_only=True):
    """The film is over."""

    kind = "screening.interviews_began"
    subject = "screening"
    shown = False
    screening_id: str


class InterviewHeld(Event, frozen=True, kw_only=True):
    kind = "screening.interview_held"
    subject = "attendee"
    shown = False
    attendee_id: str
    screening_id: str


class PromiseMade(Event, frozen=True, kw_only=True):
    """due_on: a day of the court's calendar, 2026-01-19."""

    kind = "promise.made"
    subject = "promise"
    shown = False
    promise_id: str
    screening_id: str
    case_id: str
    cents: int
    due_on: str


class PromiseKept(Event, frozen=True, kw_only=True):
    """late: after the day that was promised."""

    kind = "promise.kept"
    subject = "promise"
    shown = False
    promise_id: str
    screening_id: str
    case_id: str
    cents: int
    late: bool


class PromiseBroken(Event, frozen=True, kw_only=True):
    """Its day is over, and it was not paid; also when a correction took back money that had kept it."""

    kind = "promise.broken"
    subject = "promise"
    shown = False
    promise_id: str
    screening_id: str
    case_id: str
    cents: int


class PromiseReopened(Event, frozen=True, kw_only=True):
    """A correction took back money that had kept it, before its day."""

    kind = "promise.reopened"
    subject = "promise"
    shown = False
    promise_id: str
    screening_id: str
    case_id: str
    cents: int


class PromiseWithdrawn(Event, frozen=True, kw_only=True):
    """It had been written down wrongly."""

    kind = "promise.withdrawn"
    subject = "promise"
    shown = False
    promise_id: str
    screening_id: str
    case_id: str
    cents: int


class SettlementMade(Event, frozen=True, kw_only=True):
    """yes: how the applicant himself agreed, PRESENT | PHONE | LATER (then it does not count yet)."""

    kind = "settlement.made"
    subject = "settlement"
    shown = False
    settlement_id: str
    screening_id: str
    case_id: str
    cents: int
    yes: str


class SettlementConfirmed(Event, frozen=True, kw_only=True):
    kind = "settlement.confirmed"
    subject = "settlement"
    shown = False
    settlement_id: str
    screening_id: str
    case_id: str
    cents: int
    yes: str


class SettlementWithdrawn(Event, frozen=True, kw_only=True):
    kind = "settlement.withdrawn"
    subject = "settlement"
    shown = False
    settlement_id: str
    screening_id: str
    case_id: str
    cents: int


class SpotPaymentMade(Event, frozen=True, kw_only=True):
    kind = "spot_payment.made"
    subject = "spot_payment"
    shown = False
    spot_payment_id: str
    screening_id: str
    case_id: str
    cents: int


class SpotPaymentWithdrawn(Event, frozen=True, kw_only=True):
    kind = "spot_payment.withdrawn"
    subject = "spot_payment"
    shown = False
    spot_payment_id: str
    screening_id: str
    case_id: str
    cents: int


class ScreeningFollowedUp(Event, frozen=True, kw_only=True):
    """day: 1, 7 or 30 after the session; what had become of its promises by the end of that day."""

    kind = "screening.followed_up"
    subject = "screening"
    shown = False
    screening_id: str
    day: int
    promised: int
    kept: int
    broken: int
    kept_cents: int


class ScreeningClosed(Event, frozen=True, kw_only=True):
    """Nothing more is followed: after the last look, or by the host."""

    kind = "screening.closed"
    subject = "screening"
    shown = False
    screening_id: str

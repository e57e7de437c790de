"""What somebody promised at a screening, and whether it was kept: judged from the money that came in, by the court's civil days.

`domain/features.md` SS-17, `demo.md` F.3 D+1. All promises of one case are judged together, so that no payment counts twice.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from data.errors import BadInput, TransitionRefused
from data.rules.civil import civil_day, day_start

DAYS_MOST = 365  # a promise is for weeks; what takes years is a settlement with instalments
TOMORROW, WEEK, MONTH = 1, 7, 30  # what the page offers by one touch


class PromiseState(StrEnum):
    OPEN = "OPEN"
    KEPT = "KEPT"
    LATE = "LATE"  # paid, after the day that was promised
    BROKEN = "BROKEN"  # the day is over, and it was not paid: someone calls
    WITHDRAWN = "WITHDRAWN"  # written down wrongly: taken back, with the reason


FOLLOWED = frozenset({PromiseState.OPEN, PromiseState.BROKEN})  # somebody still waits for money


@dataclass(frozen=True, slots=True)
class Promised:
    """One promise of a case."""

    id: str
    cents: int
    due_on: date
    made_at: datetime


@dataclass(frozen=True, slots=True)
class Money:
    """What came in at a moment. Below zero: a correction of what came before."""

    at: datetime
    cents: int


@dataclass(frozen=True, slots=True)
class Judged:
    """kept_at: when the last of it came in."""

    state: PromiseState
    kept_at: datetime | None = None


def check_amount(cents: object) -> int:
    """Raises BadInput number.not_cents, result.no_amount."""
    if isinstance(cents, bool) or not isinstance(cents, int) or not 0 <= cents <= 10**13:
        raise BadInput("cents", code="number.not_cents", field="cents")
    if cents == 0:
        raise BadInput("cents", code="result.no_amount")
    return cents


def check_due(due_on: date, today: date) -> date:
    """From today on, within a year. Raises BadInput promise.due."""
    if not today <= due_on <= today + timedelta(days=DAYS_MOST):
        raise BadInput("due", code="promise.due", days=DAYS_MOST)
    return due_on


def check_withdrawable(state: PromiseState) -> None:
    """What was judged stands. Raises TransitionRefused promise.state."""
    if state is not PromiseState.OPEN:
        raise TransitionRefused(state, code="promise.state")


def judge(
    promises: Iterable[Promised], on_the_spot: Iterable[Money], received: Iterable[Money], today: date, civil_offset_s: int
) -> Mapping[str, Judged]:
    """Each promise of one case by its id. Promises that are due sooner take the money first.

    on_the_spot: what was paid during the session against a receipt. The case system reports that money too, so it takes its share of what
    came in since the beginning of its own day before any promise does: 3.9万 paid at once is no part of the 12.6万 that were promised.
    """
    purse = _Purse(received)
    for paid in sorted(on_the_spot, key=lambda each: each.at):
        purse.take(paid.cents, day_start(paid.at, civil_offset_s))
    ordered = sorted(promises, key=lambda each: (each.due_on, each.made_at, each.id))
    return {each.id: _judged(each, purse.take(each.cents, each.made_at), today, civil_offset_s) for each in ordered}


def _judged(promise: Promised, full_at: datetime | None, today: date, civil_offset_s: int) -> Judged:
    if full_at is None:
        return Judged(PromiseState.BROKEN if today > promise.due_on else PromiseState.OPEN)
    in_time = civil_day(full_at, civil_offset_s) <= promise.due_on
    return Judged(PromiseState.KEPT if in_time else PromiseState.LATE, full_at)


@dataclass(slots=True)
class _Left:
    """Of one payment what no promise has taken yet."""

    at: datetime
    cents: int


class _Purse:
    """The money of one case in its order; a correction takes back what came last before it."""

    def __init__(self, received: Iterable[Money]) -> None:
        self._payments: list[_Left] = []
        for money in sorted(received, key=lambda each: each.at):
            if money.cents > 0:
                self._payments.append(_Left(money.at, money.cents))
            else:
                self._correct(-money.cents)

    def _correct(self, cents: int) -> None:
        for payment in reversed(self._payments):
            taken = min(payment.cents, cents)
            payment.cents, cents = payment.cents - taken, cents - taken

    def take(self, cents: int, since: datetime) -> datetime | None:
        """Of what came in since then. Returns when the last of it came; None: it is not all there, and what there is belongs to this."""
        for payment in self._payments:
            if payment.at < since or payment.cents == 0:
                continue
            taken = min(payment.cents, cents)
            payment.cents, cents = payment.cents - taken, cents - taken
            if cents == 0:
                return payment.at
        return None

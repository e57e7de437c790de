"""What a screening leads to: an interview, a promise, a settlement with the applicant's own yes, money on the spot; by attendee.

Whoever opens a name leaves a trace. What was written down wrongly is taken back with its reason and stays in the journal.
Held in one order, as reports of money do: the session, its case, then what is changed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from ulid import ULID

from data.actions.allowed import allowed
from data.actions.audit import record_audit
from data.actions.keeping import found, held, next_number
from data.actions.promises import judge_case
from data.errors import BadInput, NotFound, NotPermitted, RuleBroken, TransitionRefused
from data.events import (
    InterviewHeld,
    PromiseMade,
    PromiseWithdrawn,
    SettlementConfirmed,
    SettlementMade,
    SettlementWithdrawn,
    SpotPaymentMade,
    SpotPaymentWithdrawn,
)
from data.journal import Work
from data.rules import promises, settlements, words
from data.rules.civil import civil_day
from data.rules.identity import Act
from data.rules.permissions import Verb
from data.rules.promises import PromiseState
from data.rules.screening import HAS_RESULTS, ScreeningState
from data.tables import (
    AttendeeRow,
    CasePartyRow,
    CaseRow,
    InterviewRow,
    PromiseRow,
    ScreeningRow,
    SettlementRow,
    SpotPaymentRow,
)

MISSING = "not_found.attendee"


@dataclass(frozen=True, slots=True)
class Called:
    """Who an attendee is. phone: of the party as the case system knows it."""

    name: str | None
    phone: str | None


@dataclass(frozen=True, slots=True)
class Opened:
    """What of his sheet lies sealed. terms: by settlement."""

    name: str | None
    terms: Mapping[str, str]


def hold_interview(work: Work, attendee_id: str) -> bool:
    """Somebody sat down with him. Returns False if that stands already."""
    row, by = _attendee(work, attendee_id)
    held(work, AttendeeRow, row.id, MISSING)  # of two at once the second sees the first
    if work.session.get(InterviewRow, row.id) is not None:
        return False
    work.session.add(InterviewRow(attendee_id=row.id, at=work.now, by=by))
    work.record(InterviewHeld(attendee_id=row.id, screening_id=row.screening_id))
    return True


def make_promise(work: Work, attendee_id: str, cents: int, due_on: date) -> str:
    """So much, until the end of that day. Returns its id."""
    row, by = _attendee(work, attendee_id)
    case = held(work, CaseRow, row.case_id, "not_found.case")
    kept = PromiseRow(
        id=str(ULID.from_datetime(work.now)),
        number=next_number(work, "诺"),
        screening_id=row.screening_id,
        attendee_id=row.id,
        case_id=case.id,
        cents=promises.check_amount(cents),
        due_on=promises.check_due(due_on, civil_day(work.now, work.civil_offset_s)),
        made_at=work.now,
        made_by=by,
        state=PromiseState.OPEN,
    )
    work.session.add(kept)
    work.record(
        PromiseMade(promise_id=kept.id, screening_id=row.screening_id, case_id=case.id, cents=kept.cents, due_on=kept.due_on.isoformat())
    )
    return kept.id


def settle(work: Work, attendee_id: str, cents: int, terms: str, yes: str) -> str:
    """Both sides agreed; LATER: the applicant is still asked. Returns its id."""
    row, by = _attendee(work, attendee_id)
    how = settlements.yes_of(yes)
    sealed = work.sealing.seal(words.word(terms, "terms", settlements.TERMS_LONGEST))
    assert sealed is not None
    confirmed_at = settlements.confirmed_at(how, work.now)
    kept = SettlementRow(
        id=str(ULID.from_datetime(work.now)),
        number=next_number(work, "和"),
        screening_id=row.screening_id,
        attendee_id=row.id,
        case_id=_case(row),
        cents=promises.check_amount(cents),
        terms=sealed,
        yes=how,
        at=work.now,
        by=by,
        confirmed_at=confirmed_at,
        confirmed_by=None if confirmed_at is None else by,
    )
    work.session.add(kept)
    work.record(SettlementMade(settlement_id=kept.id, screening_id=row.screening_id, case_id=kept.case_id, cents=kept.cents, yes=how.value))
    return kept.id


def confirm_settlement(work: Work, settlement_id: str, yes: str) -> None:
    """The applicant has said yes, present or by phone. Raises TransitionRefused settlement.state."""
    kept = held(work, SettlementRow, words.ulid(settlement_id), "not_found.settlement")
    _, by = _attendee(work, kept.attendee_id)
    settlements.check_waiting(kept.confirmed_at, kept.withdrawn_at)
    how = settlements.yes_of(yes, waiting_too=False)
    kept.yes, kept.confirmed_at, kept.confirmed_by = how, work.now, by
    work.record(
        SettlementConfirmed(settlement_id=kept.id, screening_id=kept.screening_id, case_id=kept.case_id, cents=kept.cents, yes=how.value)
    )


def pay_on_the_spot(work: Work, attendee_id: str, cents: int, receipt_no: str) -> str:
    """Paid during the session, against this receipt. Returns its id. Raises RuleBroken spot_payment.receipt: it stands already."""
    row, by = _attendee(work, attendee_id)
    receipt = words.word(receipt_no, "receipt", settlements.RECEIPT_LONGEST)
    held(work, ScreeningRow, row.screening_id, "not_found.screening")  # of two with one receipt the second sees the first
    case = held(work, CaseRow, row.case_id, "not_found.case")
    same = select(SpotPaymentRow.id).where(SpotPaymentRow.screening_id == row.screening_id, SpotPaymentRow.receipt_no == receipt)
    if work.session.scalar(same.where(SpotPaymentRow.withdrawn_at.is_(None)).limit(1)) is not None:
        raise RuleBroken("receipt", code="spot_payment.receipt")
    kept = SpotPaymentRow(
        id=str(ULID.from_datetime(work.now)),
        screening_id=row.screening_id,
        attendee_id=row.id,
        case_id=case.id,
        cents=promises.check_amount(cents),
        receipt_no=receipt,
        at=work.now,
        by=by,
    )
    work.session.add(kept)
    work.record(SpotPaymentMade(spot_payment_id=kept.id, screening_id=row.screening_id, case_id=case.id, cents=kept.cents))
    judge_case(work, case.id)
    return kept.id


def take_back(work: Work, kind: str, outcome_id: str, why: str) -> None:
    """It was written down wrongly. kind: promise | settlement | spot_payment.

    Raises TransitionRefused promise.state (it was judged), settlement.state, spot_payment.state (it is so already).
    """
    taking = {"promise": _take_promise_back, "settlement": _take_settlement_back, "spot_payment": _take_payment_back}
    if kind not in taking:
        raise BadInput("kind", code="input.bad")
    taking[kind](work, words.ulid(outcome_id), words.word(why, "why", settlements.WHY_LONGEST))


def read_attendee(work: Work, attendee_id: str) -> Called:
    """Who this number is, for the host who must speak to him; the look leaves a trace."""
    allowed(work, Verb.HOST_SCREENING)
    row = found(work, AttendeeRow, words.ulid(attendee_id), MISSING)
    record_audit(work, Act.READ_RESTRICTED, "attendee", row.id, fields=("name", "phone"), reason="screening")
    party = None if row.party_id is None else work.session.get(CasePartyRow, row.party_id)
    return Called(work.sealing.open(row.name), None if party is None else work.sealing.open(party.phone))


def read_outcomes(work: Work, attendee_id: str) -> Opened:
    """His name and the terms, for the paper that he signs; the look leaves a trace."""
    allowed(work, Verb.HOST_SCREENING)
    row = found(work, AttendeeRow, words.ulid(attendee_id), MISSING)
    record_audit(work, Act.READ_SHEET, "attendee", row.id)
    kept = work.session.scalars(select(SettlementRow).where(SettlementRow.attendee_id == row.id, SettlementRow.withdrawn_at.is_(None)))
    return Opened(work.sealing.open(row.name), {each.id: work.sealing.open(each.terms) or "" for each in kept})


# --- the parts --------------------------------------------------------------------------------------------------------------------------


def _attendee(work: Work, attendee_id: str) -> tuple[AttendeeRow, str]:
    """Somebody who came, in a session that can have results, and the officer who writes it down."""
    allowed(work, Verb.HOST_SCREENING)
    if work.actor.officer_id is None:
        raise NotPermitted("nobody", verb=Verb.HOST_SCREENING.value)
    row = found(work, AttendeeRow, words.ulid(attendee_id), MISSING)
    screening = found(work, ScreeningRow, row.screening_id, "not_found.screening")
    if ScreeningState(screening.state) not in HAS_RESULTS:
        raise TransitionRefused(screening.state, code="result.state")
    if row.checked_in_at is None:
        raise RuleBroken("not here", code="result.not_here")
    return row, work.actor.officer_id


def _case(row: AttendeeRow) -> str:
    if row.case_id is None:
        raise NotFound("case", code="not_found.case")
    return row.case_id


def _take_promise_back(work: Work, promise_id: str, why: str) -> None:
    row = found(work, PromiseRow, promise_id, "not_found.promise")
    _attendee(work, row.attendee_id)
    held(work, CaseRow, row.case_id, "not_found.case")
    row = held(work, PromiseRow, row.id, "not_found.promise")
    promises.check_withdrawable(PromiseState(row.state))
    row.state, row.withdrawn_at, row.withdrawn_why = PromiseState.WITHDRAWN, work.now, why
    work.record(PromiseWithdrawn(promise_id=row.id, screening_id=row.screening_id, case_id=row.case_id, cents=row.cents))
    judge_case(work, row.case_id)


def _take_settlement_back(work: Work, settlement_id: str, why: str) -> None:
    row = held(work, SettlementRow, settlement_id, "not_found.settlement")
    _attendee(work, row.attendee_id)
    _check_there(row.withdrawn_at, "settlement.state")
    row.withdrawn_at, row.withdrawn_why = work.now, why
    work.record(SettlementWithdrawn(settlement_id=row.id, screening_id=row.screening_id, case_id=row.case_id, cents=row.cents))


def _take_payment_back(work: Work, payment_id: str, why: str) -> None:
    row = found(work, SpotPaymentRow, payment_id, "not_found.spot_payment")
    _attendee(work, row.attendee_id)
    held(work, CaseRow, row.case_id, "not_found.case")
    row = held(work, SpotPaymentRow, row.id, "not_found.spot_payment")
    _check_there(row.withdrawn_at, "spot_payment.state")
    row.withdrawn_at, row.withdrawn_why = work.now, why
    work.record(SpotPaymentWithdrawn(spot_payment_id=row.id, screening_id=row.screening_id, case_id=row.case_id, cents=row.cents))
    judge_case(work, row.case_id)


def _check_there(withdrawn_at: datetime | None, code: str) -> None:
    if withdrawn_at is not None:
        raise TransitionRefused("taken back", code=code)

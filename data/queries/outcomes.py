"""What a session has led to, as its host sees it: by seat and number, without a name."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from data.errors import NotFound, NotPermitted
from data.rules import follow_up
from data.rules.civil import civil_day, day_start
from data.rules.follow_up import Followed, Look, Standing
from data.rules.permissions import Clearance, Sight
from data.rules.promises import PromiseState
from data.rules.screening import HAS_RESULTS
from data.tables import AttendeeRow, CaseRow, InterviewRow, PromiseRow, RecoveryRow, ScreeningRow, SettlementRow, SpotPaymentRow

Outcome = TypeVar("Outcome", PromiseRow, SettlementRow, SpotPaymentRow)


@dataclass(frozen=True, slots=True)
class PromiseView:
    id: str
    number: str
    cents: int
    due_on: date
    made_at: datetime
    state: str
    kept_at: datetime | None


@dataclass(frozen=True, slots=True)
class SettlementView:
    """yes, confirmed_at: whether and when the applicant himself agreed."""

    id: str
    number: str
    cents: int
    yes: str
    at: datetime
    confirmed_at: datetime | None


@dataclass(frozen=True, slots=True)
class PaymentView:
    id: str
    cents: int
    receipt_no: str
    at: datetime


@dataclass(frozen=True, slots=True)
class PersonView:
    """One who came. rest_cents: what of the claim has not come in yet, and was not paid on the spot."""

    id: str
    number: int
    seat: int | None
    left: bool
    case_no: str
    cause: str
    rest_cents: int
    interviewed: bool
    promises: tuple[PromiseView, ...]
    settlements: tuple[SettlementView, ...]
    payments: tuple[PaymentView, ...]


@dataclass(frozen=True, slots=True)
class LookView:
    look: Look
    stood: Standing


@dataclass(frozen=True, slots=True)
class ResultsView:
    """people: by seat. looks: empty before the session is over. invited: how many are, of so many cases; who did not come is not told."""

    id: str
    number: str
    title: str
    kind: str
    state: str
    place: str | None
    began_at: datetime | None
    ended_at: datetime | None
    open: bool
    invited: int
    cases: int
    people: tuple[PersonView, ...]
    looks: tuple[LookView, ...]

    @property
    def present(self) -> int:
        return len(self.people)

    @property
    def payments(self) -> list[PaymentView]:
        return [each for person in self.people for each in person.payments]

    @property
    def promises(self) -> list[PromiseView]:
        return [each for person in self.people for each in person.promises]

    @property
    def settled(self) -> list[SettlementView]:
        """To which the applicant has said yes."""
        return [each for person in self.people for each in person.settlements if each.confirmed_at is not None]

    @property
    def waiting(self) -> list[SettlementView]:
        return [each for person in self.people for each in person.settlements if each.confirmed_at is None]

    @property
    def to_call(self) -> list[tuple[PersonView, PromiseView]]:
        """Whose day is over and who has not paid."""
        return [(person, each) for person in self.people for each in person.promises if each.state == PromiseState.BROKEN]


def results(session: Session, sight: Sight, screening_id: str, now: datetime, civil_offset_s: int) -> ResultsView:
    """Raises NotFound, NotPermitted."""
    if sight.clearance is not Clearance.DESK:
        raise NotPermitted("not for this desk")
    row = session.get(ScreeningRow, screening_id)
    if row is None or row.court_code != sight.court_code:
        raise NotFound("screening", code="not_found.screening")
    came = session.execute(
        select(AttendeeRow, CaseRow)
        .outerjoin(CaseRow, CaseRow.id == AttendeeRow.case_id)
        .where(AttendeeRow.screening_id == row.id, AttendeeRow.taken_off_at.is_(None))
        .order_by(AttendeeRow.seat, AttendeeRow.number)
    ).all()
    people = _people(session, row.id, [(attendee, case) for attendee, case in came if attendee.checked_in_at is not None], civil_offset_s)
    return ResultsView(
        row.id, row.number, row.title, row.kind, row.state, row.place, row.began_at, row.ended_at, row.state in HAS_RESULTS,
        len(came), len({who.case_id for who, _ in came if who.case_id}), people, _looks(row, people, now, civil_offset_s),
    )  # fmt: skip


def one_person(view: ResultsView, attendee_id: str) -> PersonView:
    """Raises NotFound: nobody of this number came."""
    person = next((each for each in view.people if each.id == attendee_id), None)
    if person is None:
        raise NotFound("attendee", code="not_found.attendee")
    return person


def of_attendee(session: Session, sight: Sight, attendee_id: str) -> str:
    """His session. Raises NotFound, NotPermitted."""
    if sight.clearance is not Clearance.DESK:
        raise NotPermitted("not for this desk")
    row = session.get(AttendeeRow, attendee_id)
    if row is None:
        raise NotFound("attendee", code="not_found.attendee")
    return row.screening_id


# --- the parts --------------------------------------------------------------------------------------------------------------------------


def _people(
    session: Session, screening_id: str, came: Sequence[tuple[AttendeeRow, CaseRow | None]], civil_offset_s: int
) -> tuple[PersonView, ...]:
    talked = set(
        session.scalars(select(InterviewRow.attendee_id).join(AttendeeRow, AttendeeRow.id == InterviewRow.attendee_id).where(
            AttendeeRow.screening_id == screening_id
        ))
    )  # fmt: skip
    promises = _by_attendee(session, PromiseRow, screening_id)
    settlements = _by_attendee(session, SettlementRow, screening_id)
    payments = _by_attendee(session, SpotPaymentRow, screening_id)
    untold = _untold(session, payments, civil_offset_s)
    return tuple(
        PersonView(
            who.id, who.number, who.seat, who.left_at is not None, case.case_no if case else "", case.cause if case else "",
            _rest(case, untold), who.id in talked,
            tuple(_promise(each) for each in promises[who.id]), tuple(_settlement(each) for each in settlements[who.id]),
            tuple(_payment(each) for each in payments[who.id]),
        )
        for who, case in came
    )  # fmt: skip


def _by_attendee(session: Session, table: type[Outcome], screening_id: str) -> dict[str, list[Outcome]]:
    found: dict[str, list[Outcome]] = defaultdict(list)
    for row in session.scalars(select(table).where(table.screening_id == screening_id, table.withdrawn_at.is_(None)).order_by(table.id)):
        found[row.attendee_id].append(row)
    return found


def _untold(session: Session, payments: Mapping[str, Sequence[SpotPaymentRow]], civil_offset_s: int) -> dict[str, int]:
    """Of each case what was paid on the spot and has not come in by the case system's own word, which is some hours later."""
    paid: dict[str, list[SpotPaymentRow]] = defaultdict(list)
    for each in (one for of in payments.values() for one in of):
        paid[each.case_id].append(each)
    found: dict[str, int] = {}
    for row in session.execute(select(RecoveryRow.case_id, RecoveryRow.at, RecoveryRow.cents).where(RecoveryRow.case_id.in_(paid))):
        if row.at >= day_start(min(each.at for each in paid[row.case_id]), civil_offset_s):
            found[row.case_id] = found.get(row.case_id, 0) + row.cents
    return {case_id: max(0, sum(each.cents for each in of) - max(0, found.get(case_id, 0))) for case_id, of in paid.items()}


def _rest(case: CaseRow | None, untold: Mapping[str, int]) -> int:
    return 0 if case is None else max(0, case.claim_cents - case.recovered_cents - untold.get(case.id, 0))


def _promise(row: PromiseRow) -> PromiseView:
    return PromiseView(row.id, row.number, row.cents, row.due_on, row.made_at, row.state, row.kept_at)


def _settlement(row: SettlementRow) -> SettlementView:
    return SettlementView(row.id, row.number, row.cents, row.yes, row.at, row.confirmed_at)


def _payment(row: SpotPaymentRow) -> PaymentView:
    return PaymentView(row.id, row.cents, row.receipt_no, row.at)


def _looks(row: ScreeningRow, people: Sequence[PersonView], now: datetime, civil_offset_s: int) -> tuple[LookView, ...]:
    if row.ended_at is None:
        return ()
    today = civil_day(now, civil_offset_s)
    made = [
        Followed(each.cents, each.due_on, None if each.kept_at is None else civil_day(each.kept_at, civil_offset_s))
        for person in people
        for each in person.promises
    ]
    looks = follow_up.looks(civil_day(row.ended_at, civil_offset_s), today)
    return tuple(LookView(look, follow_up.standing(made, min(look.on, today))) for look in looks)

"""What becomes of promises: judged at every report of money, when their day is over, and at the three looks after a session."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select

from data.actions.allowed import allowed
from data.actions.keeping import held
from data.events import Event, PromiseBroken, PromiseKept, PromiseReopened, ScreeningClosed, ScreeningFollowedUp
from data.journal import Work
from data.rules import follow_up, promises
from data.rules.civil import civil_day, day_start
from data.rules.follow_up import Followed
from data.rules.permissions import Verb
from data.rules.promises import Judged, Money, Promised, PromiseState
from data.rules.screening import ScreeningState
from data.tables import CaseRow, PromiseRow, RecoveryRow, ScreeningRow, SpotPaymentRow

FULFILLED = frozenset({PromiseState.KEPT, PromiseState.LATE})


def judge_case(work: Work, case_id: str) -> int:
    """All promises of a case anew; the caller holds the case. Returns how many are other than before. Part of other verbs."""
    work.session.flush()
    rows = work.session.scalars(select(PromiseRow).where(PromiseRow.case_id == case_id, PromiseRow.withdrawn_at.is_(None))).all()
    if not rows:
        return 0
    on_the_spot = _on_the_spot(work, case_id)
    received = _received(work, case_id, [*(row.made_at for row in rows), *(paid.at for paid in on_the_spot)])
    made = [Promised(row.id, row.cents, row.due_on, row.made_at) for row in rows]
    judged = promises.judge(made, on_the_spot, received, civil_day(work.now, work.civil_offset_s), work.civil_offset_s)
    return sum(_settle(work, row, judged[row.id]) for row in rows)


def judge_overdue(work: Work, case_id: str) -> bool:
    """For the jobs process, when the day of a promise is over. Returns whether anything changed."""
    allowed(work, Verb.RUN_TIMER)
    held(work, CaseRow, case_id, "not_found.case")
    return judge_case(work, case_id) > 0


def follow_screening(work: Work, screening_id: str) -> bool:
    """Writes the next look down once its day is over; after the last one the session is closed. Returns whether one was due."""
    allowed(work, Verb.RUN_TIMER)
    row = held(work, ScreeningRow, screening_id, "not_found.screening")
    if row.state != ScreeningState.ENDED or row.ended_at is None:
        return False
    ended_on = civil_day(row.ended_at, work.civil_offset_s)
    day = follow_up.next_look(ended_on, row.followed_day, civil_day(work.now, work.civil_offset_s))
    if day is None:
        return False
    for case_id in _cases(work, row.id):
        held(work, CaseRow, case_id, "not_found.case")
        judge_case(work, case_id)
    row.followed_day = day
    on = next(look.on for look in follow_up.looks(ended_on, ended_on) if look.day == day)
    stood = follow_up.standing(_followed(work, row.id), on)
    work.record(
        ScreeningFollowedUp(
            screening_id=row.id, day=day, promised=stood.promised, kept=stood.kept, broken=stood.broken, kept_cents=stood.kept_cents
        )
    )
    if follow_up.is_last(day):
        row.state = ScreeningState.CLOSED
        work.record(ScreeningClosed(screening_id=row.id))
    return True


# --- the parts --------------------------------------------------------------------------------------------------------------------------


def _settle(work: Work, row: PromiseRow, judged: Judged) -> bool:
    if (row.state, row.kept_at) == (judged.state, judged.kept_at):
        return False
    state_before = row.state
    row.state, row.kept_at = judged.state, judged.kept_at
    if state_before == judged.state:  # a correction moved the moment within what it was
        return False
    work.record(_event(row, judged.state), judged.kept_at)
    return True


def _event(row: PromiseRow, state: PromiseState) -> Event:
    if state in FULFILLED:
        return PromiseKept(
            promise_id=row.id, screening_id=row.screening_id, case_id=row.case_id, cents=row.cents, late=state is PromiseState.LATE
        )
    made = PromiseBroken if state is PromiseState.BROKEN else PromiseReopened
    return made(promise_id=row.id, screening_id=row.screening_id, case_id=row.case_id, cents=row.cents)


def _on_the_spot(work: Work, case_id: str) -> list[Money]:
    paid = select(SpotPaymentRow.at, SpotPaymentRow.cents).where(SpotPaymentRow.case_id == case_id, SpotPaymentRow.withdrawn_at.is_(None))
    return [Money(row.at, row.cents) for row in work.session.execute(paid)]


def _received(work: Work, case_id: str, moments: Sequence[datetime]) -> list[Money]:
    """Since the day of the first of them: what came before belongs to no promise."""
    since = day_start(min(moments), work.civil_offset_s)
    came = select(RecoveryRow.at, RecoveryRow.cents).where(RecoveryRow.case_id == case_id, RecoveryRow.at >= since)
    return [Money(row.at, row.cents) for row in work.session.execute(came.order_by(RecoveryRow.at, RecoveryRow.id))]


def _cases(work: Work, screening_id: str) -> list[str]:
    """In one order, so that two processes hold them alike."""
    of_it = select(PromiseRow.case_id).where(PromiseRow.screening_id == screening_id, PromiseRow.withdrawn_at.is_(None))
    return sorted(set(work.session.scalars(of_it)))


def _followed(work: Work, screening_id: str) -> list[Followed]:
    work.session.flush()
    of_it = select(PromiseRow).where(PromiseRow.screening_id == screening_id, PromiseRow.withdrawn_at.is_(None))
    return [followed(row, work.civil_offset_s) for row in work.session.scalars(of_it)]


def followed(row: PromiseRow, civil_offset_s: int) -> Followed:
    return Followed(row.cents, row.due_on, None if row.kept_at is None else civil_day(row.kept_at, civil_offset_s))

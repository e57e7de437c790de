"""Promises, settlements and money on the spot; and what the jobs process makes of them, killed as often as one likes."""

from datetime import UTC, datetime, timedelta

import pytest

from data.actions.attendees import invite_attendee
from data.actions.outcomes import (
    confirm_settlement,
    hold_interview,
    make_promise,
    pay_on_the_spot,
    read_attendee,
    settle,
    take_back,
)
from data.actions.promises import follow_screening
from data.actions.screenings import begin_interviews, close_screening, plan_screening
from data.actions.timers import run_due
from data.errors import BadInput, NotPermitted, RuleBroken, TransitionRefused
from data.journal import entries_after
from data.queries.outcomes import ResultsView, one_person, results
from data.queries.screening_figures import held_sessions
from data.queries.timers import due
from data.queries.wall import sight_of
from data.rules.cases import CaseEvent
from data.rules.civil import civil_day
from data.rules.permissions import SYSTEM, Clearance, Role, Sight
from data.rules.screening import ScreeningState
from data.rules.screening_figures import Figure, counts
from data.rules.timers import Timer
from data.tables import AttendeeRow, AuditRow, CasePartyRow, CaseRow, ScreeningRow
from streaming.deadline_watch import do_due
from tests.data.small_court import CASE_SYSTEM, COURT, SmallCourt, at_once

OFFSET = 28_800
AFTERNOON = datetime(2026, 1, 12, 8, tzinfo=UTC)  # 16:00 in Shanghai
CLAIM, SPOT, REST = 16_500_000, 3_900_000, 12_600_000


@pytest.fixture
def screening(court: SmallCourt) -> str:
    """Interviews are going on; one has come, for a case of 16.5万."""
    court.now = AFTERNOON
    court.file_case(parties=court.debtors(), claim_cents=CLAIM)
    screening_id = court.do(court.duty, plan_screening, "一月")
    with court.database.reading() as session:
        party = session.query(CasePartyRow).filter(CasePartyRow.kind == "DEBTOR").order_by(CasePartyRow.id).first()
    assert party is not None
    attendee_id = court.do(court.duty, invite_attendee, screening_id, party.id)
    with court.journal.work(court.duty, court.now) as work:
        work.session.get_one(AttendeeRow, attendee_id).seat = 1
        work.session.get_one(AttendeeRow, attendee_id).checked_in_at = court.now
        work.session.get_one(ScreeningRow, screening_id).state = ScreeningState.INTERVIEWS
    return screening_id


def view(court: SmallCourt, screening_id: str) -> ResultsView:
    with court.database.reading() as session:
        return results(session, sight_of(court.duty, court_code=COURT), screening_id, court.now, OFFSET)


def person(court: SmallCourt, screening_id: str) -> str:
    return view(court, screening_id).people[0].id


def kinds(court: SmallCourt, *wanted: str) -> list[str]:
    with court.database.reading() as session:
        return [each.kind for each in entries_after(session, 0, 5_000) if each.kind.startswith(wanted)]


def pay(court: SmallCourt, recovered_cents: int) -> None:
    """As the case system tells it."""
    court.report(CaseEvent.NODE, node=1, recovered_cents=recovered_cents)


def end(court: SmallCourt, screening_id: str) -> None:
    with court.journal.work(court.duty, court.now) as work:
        row = work.session.get_one(ScreeningRow, screening_id)
        row.state, row.ended_at = ScreeningState.ENDED, court.now


def promise_state(court: SmallCourt, screening_id: str) -> str:
    return view(court, screening_id).people[0].promises[0].state


def promised(court: SmallCourt, screening_id: str, days: int = 7) -> str:
    return court.do(court.duty, make_promise, person(court, screening_id), REST, civil_day(court.now, OFFSET) + timedelta(days=days))


def wake(court: SmallCourt) -> int:
    """The jobs process wakes."""
    return do_due(court.journal, lambda: court.now)


def test_what_the_afternoon_brings_stands_by_seat_and_without_a_name(court: SmallCourt, screening: str) -> None:
    who = person(court, screening)
    assert court.do(court.duty, hold_interview, who)
    assert not court.do(court.duty, hold_interview, who), "once is once"
    court.later(60)
    court.do(court.duty, pay_on_the_spot, who, SPOT, "0007")
    promised(court, screening)
    court.do(court.duty, settle, who, REST, "分两期付清", "PRESENT")
    seen = view(court, screening)
    one = one_person(seen, who)
    assert (one.seat, one.interviewed, one.rest_cents) == (1, True, REST)
    assert [(each.cents, each.state) for each in one.promises] == [(REST, "OPEN")]
    assert (seen.invited, seen.present, seen.cases) == (1, 1, 1)
    assert "张" not in repr(seen)
    told = kinds(court, "promise", "settlement", "spot_payment", "screening.interview")
    assert told == ["screening.interview_held", "spot_payment.made", "promise.made", "settlement.made"]
    assert court.journal.verify() is None


def test_a_promise_paid_next_day_is_kept_at_that_very_report(court: SmallCourt, screening: str) -> None:
    who = person(court, screening)
    court.later(60)
    court.do(court.duty, pay_on_the_spot, who, SPOT, "0007")
    promised(court, screening)
    court.later(3_600)
    court.report(CaseEvent.NODE, node=7)
    assert view(court, screening).people[0].rest_cents == REST, "a report that says nothing of money changes nothing"
    court.later(60)
    pay(court, SPOT)
    assert view(court, screening).people[0].rest_cents == REST, "and it is not counted twice"
    assert promise_state(court, screening) == "OPEN", "what was paid on the spot is no part of it"
    end(court, screening)
    court.now = AFTERNOON + timedelta(hours=18, minutes=20)  # 10:20 next day
    pay(court, CLAIM)
    assert promise_state(court, screening) == "KEPT"
    assert kinds(court, "promise") == ["promise.made", "promise.kept"]
    stood = view(court, screening).looks[0].stood
    assert (stood.promised, stood.kept, stood.kept_cents) == (1, 1, REST)


def test_a_promise_whose_day_is_over_is_broken_once_and_then_kept_late(court: SmallCourt, screening: str) -> None:
    promised(court, screening, days=1)
    court.later(86_400)
    assert wake(court) == 0, "its day is not over"
    court.later(9 * 3_600)  # after midnight in Shanghai
    assert wake(court) == 1
    assert wake(court) == 0
    assert promise_state(court, screening) == "BROKEN"
    assert [each.number for _, each in view(court, screening).to_call] == [view(court, screening).people[0].promises[0].number]
    pay(court, REST)
    assert promise_state(court, screening) == "LATE"
    assert kinds(court, "promise") == ["promise.made", "promise.broken", "promise.kept"]
    assert view(court, screening).to_call == []


def test_a_correction_takes_a_kept_promise_back(court: SmallCourt, screening: str) -> None:
    promised(court, screening)
    court.later(60)
    pay(court, REST)
    court.later(60)
    court.report(CaseEvent.NODE, node=2, recovered_cents=REST - 1)
    assert promise_state(court, screening) == "OPEN"
    assert kinds(court, "promise") == ["promise.made", "promise.kept", "promise.reopened"]


def test_three_looks_each_written_once_and_the_last_closes_the_session(court: SmallCourt, screening: str) -> None:
    promised(court, screening)
    end(court, screening)
    for _ in range(40):
        court.later(86_400)
        while wake(court):
            pass
    looked = []
    with court.database.reading() as session:
        looked = [each.payload for each in entries_after(session, 0, 5_000) if each.kind == "screening.followed_up"]
    assert [(each["day"], each["promised"], each["kept"], each["broken"]) for each in looked] == [(1, 1, 0, 0), (7, 1, 0, 1), (30, 1, 0, 1)]
    assert view(court, screening).state == "CLOSED"
    assert kinds(court, "screening.closed") == ["screening.closed"]
    assert [look.look.over for look in view(court, screening).looks] == [True, True, True]


def test_a_jobs_process_killed_at_any_instant_loses_nothing_and_doubles_nothing(court: SmallCourt, screening: str) -> None:
    """Whatever is not committed is not there; what is asked again after a commit is done already."""
    promised(court, screening, days=1)
    end(court, screening)
    court.later(3 * 86_400)
    with court.database.reading() as session:
        found = due(session, court.now, OFFSET)
    assert {each.timer for each in found} == {Timer.PROMISE_OVERDUE, Timer.FOLLOW_UP}
    for each in found:
        court.journal.rehearse(SYSTEM, court.now, run_due, each)  # everything done, then killed before the commit
    assert kinds(court, "promise.broken", "screening.followed") == []
    for each in (*found, *reversed(found)):  # what a second process had asked for at the same time
        court.do(SYSTEM, run_due, each)
    assert kinds(court, "promise.broken", "screening.followed") == ["promise.broken", "screening.followed_up"]


def test_a_settlement_counts_once_the_applicant_has_said_yes(court: SmallCourt, screening: str) -> None:
    kept = court.do(court.duty, settle, person(court, screening), 1_000, "三个月付清", "LATER")
    assert view(court, screening).people[0].settlements[0].confirmed_at is None
    with pytest.raises(BadInput):
        court.do(court.duty, confirm_settlement, kept, "LATER")
    court.do(court.duty, confirm_settlement, kept, "PHONE")
    with pytest.raises(TransitionRefused):
        court.do(court.duty, confirm_settlement, kept, "PHONE")
    assert view(court, screening).people[0].settlements[0].confirmed_at == court.now
    with pytest.raises(BadInput):
        court.do(court.duty, settle, person(court, screening), 1_000, "  ", "PRESENT")
    with pytest.raises(BadInput):
        court.do(court.duty, settle, person(court, screening), 1_000, "付清", "NOBODY_ASKED")


def test_what_was_written_down_wrongly_is_taken_back_with_its_reason(court: SmallCourt, screening: str) -> None:
    who = person(court, screening)
    promise = promised(court, screening)
    payment = court.do(court.duty, pay_on_the_spot, who, SPOT, "0007")
    settlement = court.do(court.duty, settle, who, 1, "付清", "PRESENT")
    with pytest.raises(RuleBroken) as refused:
        court.do(court.duty, pay_on_the_spot, who, SPOT, "0007")
    assert refused.value.code == "spot_payment.receipt"
    for kind, outcome in (("promise", promise), ("spot_payment", payment), ("settlement", settlement)):
        with pytest.raises(BadInput):
            court.do(court.duty, take_back, kind, outcome, " ")
        court.do(court.duty, take_back, kind, outcome, "金额写错")
        with pytest.raises(TransitionRefused):
            court.do(court.duty, take_back, kind, outcome, "金额写错")
    with pytest.raises(BadInput):
        court.do(court.duty, take_back, "attendee", promise, "金额写错")
    one = view(court, screening).people[0]
    assert (one.promises, one.settlements, one.payments) == ((), (), ())
    court.do(court.duty, pay_on_the_spot, who, SPOT, "0007")


def test_taking_a_payment_back_gives_its_money_to_the_promise(court: SmallCourt, screening: str) -> None:
    payment = court.do(court.duty, pay_on_the_spot, person(court, screening), SPOT, "0007")
    promised(court, screening)
    court.later(60)
    pay(court, REST)
    assert promise_state(court, screening) == "OPEN"
    court.do(court.duty, take_back, "spot_payment", payment, "没有这笔")
    assert promise_state(court, screening) == "KEPT"
    with pytest.raises(TransitionRefused) as refused:
        court.do(court.duty, take_back, "promise", view(court, screening).people[0].promises[0].id, "写错")
    assert refused.value.code == "promise.state", "what was judged stands"


def test_only_who_came_and_only_while_the_session_has_results(court: SmallCourt, screening: str) -> None:
    who = person(court, screening)
    for state, fits in ((ScreeningState.CHECK_IN, False), (ScreeningState.RUNNING, True), (ScreeningState.CLOSED, False)):
        with court.journal.work(court.duty, court.now) as work:
            work.session.get_one(ScreeningRow, screening).state = state
        if fits:
            court.do(court.duty, hold_interview, who)
            continue
        with pytest.raises(TransitionRefused) as refused:
            court.do(court.duty, hold_interview, who)
        assert refused.value.code == "result.state"
    with court.journal.work(court.duty, court.now) as work:
        work.session.get_one(ScreeningRow, screening).state = ScreeningState.INTERVIEWS
        work.session.get_one(AttendeeRow, who).checked_in_at = None
    with pytest.raises(RuleBroken) as not_here:
        court.do(court.duty, settle, who, 1, "付清", "PRESENT")
    assert not_here.value.code == "result.not_here"


def test_a_name_is_opened_by_a_press_that_leaves_a_trace(court: SmallCourt, screening: str) -> None:
    who = person(court, screening)
    called = court.do(court.commander, read_attendee, who)
    assert (called.name, called.phone) == ("张演三", "13812345678")
    with court.database.reading() as session:
        trace = session.query(AuditRow).filter(AuditRow.object_kind == "attendee").one()
        assert (trace.object_id, trace.fields) == (who, ["name", "phone"])


@pytest.mark.parametrize("who", ["technical", "inspector", "phone"])
def test_nobody_else_writes_or_reads_it(court: SmallCourt, screening: str, who: str) -> None:
    attendee = person(court, screening)
    for action, *given in ((hold_interview, attendee), (read_attendee, attendee), (settle, attendee, 1, "付清", "PRESENT")):
        with pytest.raises(NotPermitted):
            court.do(getattr(court, who), action, *given)
    with pytest.raises(NotPermitted):
        court.do(court.duty, follow_screening, screening)
    for clearance in set(Clearance) - {Clearance.DESK}:
        with court.database.reading() as session, pytest.raises(NotPermitted):
            results(session, Sight(clearance, Role.WALL, COURT), screening, court.now, OFFSET)


def test_no_event_carries_who_it_was(court: SmallCourt, screening: str) -> None:
    who = person(court, screening)
    court.do(court.duty, settle, who, REST, "张演三分两期付清", "PRESENT")
    court.do(court.duty, read_attendee, who)
    promised(court, screening)
    with court.database.reading() as session:
        said = "".join(str(each.payload) for each in entries_after(session, 0, 5_000))
        sealed = session.query(CaseRow).count()
    assert sealed
    assert "张" not in said
    assert CASE_SYSTEM.id not in said


def test_interviews_begin_after_the_film_and_a_session_is_closed_when_nobody_waits_for_money(court: SmallCourt, screening: str) -> None:
    with court.journal.work(court.duty, court.now) as work:
        work.session.get_one(ScreeningRow, screening).state = ScreeningState.BLACKOUT
    court.do(court.duty, begin_interviews, screening)
    with pytest.raises(TransitionRefused):
        court.do(court.duty, begin_interviews, screening)
    promised(court, screening)
    end(court, screening)
    with pytest.raises(RuleBroken) as refused:
        court.do(court.duty, close_screening, screening)
    assert refused.value.code == "screening.promises_open"
    pay(court, REST)
    court.do(court.duty, close_screening, screening)
    assert view(court, screening).state == "CLOSED"


def test_a_wall_may_show_the_figures_and_an_audience_gets_nothing(court: SmallCourt, screening: str) -> None:
    with court.journal.work(court.duty, court.now) as work:
        work.session.get_one(ScreeningRow, screening).began_at = court.now
    court.do(court.duty, settle, person(court, screening), REST, "付清", "LATER")
    with court.database.reading() as session:
        for clearance in (Clearance.DESK, Clearance.WALL, Clearance.VISITORS):
            told = counts(held_sessions(session, Sight(clearance, Role.WALL, COURT), 2026, OFFSET))
            assert (told[Figure.SESSIONS].n, told[Figure.PRESENT].n, told[Figure.SETTLED].n) == (1, 1, 0), "nobody has said yes"
        for clearance in (Clearance.FIELD, Clearance.PARTY, Clearance.STAGE, Clearance.NOTHING):
            with pytest.raises(NotPermitted):
                held_sessions(session, Sight(clearance, Role.WALL, COURT), 2026, OFFSET)
        assert held_sessions(session, Sight(Clearance.WALL, Role.WALL, COURT), 2025, OFFSET) == []
        assert held_sessions(session, Sight(Clearance.WALL, Role.WALL, "another"), 2026, OFFSET) == []


def test_money_and_those_who_write_meet_without_waiting_for_each_other_for_ever(court: SmallCourt, screening: str) -> None:
    """A report, a promise, one that is taken back, a payment and an interview at once: each is done or refused by its rule."""
    who, wrong = person(court, screening), promised(court, screening)
    court.later(1)
    results_ = at_once(
        lambda: pay(court, REST),
        lambda: promised(court, screening, 3),
        lambda: court.do(court.duty, take_back, "promise", wrong, "写错"),
        lambda: court.do(court.duty, pay_on_the_spot, who, 100, "0009"),
        lambda: court.do(court.duty, hold_interview, who),
        lambda: court.do(court.duty, hold_interview, who),
    )
    failed = [each for each in results_ if isinstance(each, Exception)]
    assert all(isinstance(each, TransitionRefused) and each.code == "promise.state" for each in failed), "it was judged before"
    assert sorted(str(each) for each in results_[4:]) == ["False", "True"]
    assert court.journal.verify() is None

"""A fault by one tap: what is kept of a page, how often somebody may press, who takes it, who closes it."""

from dataclasses import replace

import pytest
from sqlalchemy import select

from data.actions.faults import close_fault, report_fault, take_fault
from data.errors import AlreadyOwned, BadInput, NotPermitted, RuleBroken, TooMany
from data.queries.heartbeat import fault_list, faults_open
from data.rules import faults
from data.rules.faults import FaultState
from data.rules.permissions import Actor, Role
from data.sealing import Sealing
from data.tables import FaultRow
from tests.data.small_court import SmallCourt, ulid

TOLD = {
    "build": "0123456789ab", "page": "wall", "connection": "live", "rtt_ms": 12.6, "camera": "denied", "browser": "Chrome 141",
    "system": "Linux", "online": True, "width": 1920, "down": "relay,clock",
}  # fmt: skip


def test_a_second_tap_is_the_same_report_and_may_bring_the_words(court: SmallCourt) -> None:
    first = court.do(court.phone, report_fault, "field", TOLD)
    court.later(2)
    second = court.do(court.phone, report_fault, "field", TOLD, "画面是黑的")
    assert (second.number, first.fresh, second.fresh) == (first.number, True, False)
    court.later(60)
    third = court.do(court.phone, report_fault, "field", TOLD)
    assert third.number != first.number
    with court.database.reading() as session:
        listed = fault_list(session, court.duty, court.journal.sealing)
    assert [(each.number, each.sentence, each.state) for each in listed] == [
        (third.number, None, FaultState.OPEN), (first.number, "画面是黑的", FaultState.OPEN),
    ]  # fmt: skip


def test_the_same_report_sent_again_is_one_whenever_it_arrives_and_is_nobody_elses(court: SmallCourt) -> None:
    first = court.do(court.phone, report_fault, "field", TOLD, None, id_ := ulid())
    court.later(3_000)
    again = court.do(court.phone, report_fault, "field", TOLD, "没有声音", id_.lower())
    assert (first.id, first.fresh, again.number, again.fresh) == (id_, True, first.number, False)
    with pytest.raises(BadInput):
        court.do(court.duty, report_fault, "desk", TOLD, None, id_)
    for wrong in ("1", "'; DROP TABLE fault; --", ""):
        with pytest.raises(BadInput):
            court.do(court.phone, report_fault, "field", TOLD, None, wrong)
    with court.database.reading() as session:
        listed = fault_list(session, court.duty, court.journal.sealing)
    assert [(each.number, each.sentence) for each in listed] == [(first.number, "没有声音")]


def test_two_that_waited_for_a_line_and_arrive_together_are_two_if_they_were_pressed_apart(court: SmallCourt) -> None:
    made = [court.do(court.phone, report_fault, "field", TOLD | {"waited_s": waited}, None, ulid()) for waited in (900, 300, 295)]
    assert [each.fresh for each in made] == [True, True, False]
    assert made[2].number == made[1].number


def test_what_was_written_lies_sealed_and_no_event_holds_it(court: SmallCourt) -> None:
    court.do(court.phone, report_fault, "field", TOLD, "王某某的手机没有声音")
    with court.database.reading() as session:
        row = session.scalars(select(FaultRow)).one()
        assert "王某某".encode() not in (row.sentence or b"")
    assert all("王某某" not in repr(each) for each in court.announced)


def test_nothing_personal_is_kept_whatever_a_page_sends() -> None:
    sent = TOLD | {
        "name": "王某", "page": "https://court/field?unit=1001", "lat": 23.1, "error": "王某 13800138000",
        "browser": "Mozilla/5.0 (secret)",
        "screenshot": "data:image/png;base64,AAAA", "rtt_ms": float("nan"), "width": True, "down": "x" * 500,
    }  # fmt: skip
    kept = faults.snapshot(sent)
    assert kept == {
        "build": "0123456789ab", "connection": "live", "camera": "denied", "system": "Linux", "online": True,
    }  # fmt: skip
    assert faults.snapshot(TOLD)["rtt_ms"] == 13
    with pytest.raises(BadInput):
        faults.snapshot("a picture")


def test_one_reporter_is_bounded_and_the_others_are_not(court: SmallCourt) -> None:
    for _ in range(faults.AN_HOUR_MOST):
        court.later(30)
        court.do(court.phone, report_fault, "field", TOLD)
    court.later(30)
    with pytest.raises(TooMany) as refused:
        court.do(court.phone, report_fault, "field", TOLD)
    assert refused.value.code == "fault.too_often"
    assert 0 < refused.value.retry_after_s <= 3600
    assert court.do(court.duty, report_fault, "desk", TOLD).fresh
    court.later(3600)
    assert court.do(court.phone, report_fault, "field", TOLD).fresh


def test_the_queue_is_bounded(court: SmallCourt, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faults, "OPEN_MOST", 2)
    made = []
    for number in range(2):
        guest = Actor(kind="JOIN", id=f"guest{number}", role=Role.GUEST, court_code=court.duty.court_code)
        made.append(court.do(guest, report_fault, "join", TOLD).id)
    with pytest.raises(TooMany) as refused:
        court.do(court.duty, report_fault, "desk", TOLD)
    assert refused.value.code == "fault.full"
    court.do(court.duty, close_fault, made[0])
    assert court.do(court.duty, report_fault, "desk", TOLD).fresh


def test_one_takes_it_and_it_is_closed_with_a_sentence(court: SmallCourt) -> None:
    reported = court.do(court.phone, report_fault, "field", TOLD)
    assert court.do(court.duty, take_fault, reported.id) is True
    assert court.do(court.duty, take_fault, reported.id) is False
    with pytest.raises(AlreadyOwned):
        court.do(court.commander, take_fault, reported.id)
    assert court.do(court.commander, close_fault, reported.id, "换了网线") is True
    assert court.do(court.commander, close_fault, reported.id) is False
    with pytest.raises(RuleBroken):
        court.do(court.duty, take_fault, reported.id)
    with court.database.reading() as session:
        (told,) = fault_list(session, court.technical, court.journal.sealing)
        assert faults_open(session) == 0
    assert (told.state, told.remedy) == (FaultState.CLOSED, "换了网线")
    assert told.taken_by != told.closed_by


def test_who_may_not(court: SmallCourt) -> None:
    party = replace(court.phone, kind="PARTY", role=Role.PARTY)
    with pytest.raises(NotPermitted):
        court.do(party, report_fault, "join", TOLD)
    reported = court.do(court.phone, report_fault, "field", TOLD)
    for verb in (take_fault, close_fault):
        with pytest.raises(NotPermitted):
            court.do(court.phone, verb, reported.id)
    with court.database.reading() as session, pytest.raises(NotPermitted):
        fault_list(session, court.phone, Sealing(b"A" * 43 + b"="))

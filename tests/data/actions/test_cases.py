"""Cases: what the case system reports, once each; nothing rewinds; restricted fields only with a reason and a trace."""

from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import func, select, text

from data.actions.cases import CaseReport, Party, place_case, read_restricted, report_case
from data.errors import BadInput, CommandCentreError, NotFound, NotPermitted, RuleBroken, TransitionRefused
from data.journal import entries_after
from data.rules.cases import CaseEvent
from data.tables import AuditRow, CasePartyRow, CaseRow
from tests.data.small_court import CASE_NO, CASE_SYSTEM, SmallCourt, at_once

HOSTILE = [
    "O'Neill\"; DROP TABLE enforcement_case;--",
    "😀🚓",
    "𠮷野家",
    "<img src=x onerror=alert(1)>",
    "阿测·示例",
    "' OR 1=1",
    "{name}%s",
]


def row(court: SmallCourt, case_no: str = CASE_NO) -> CaseRow:
    with court.database.reading() as session:
        return session.scalars(select(CaseRow).where(CaseRow.case_no == case_no)).one()


def kinds(court: SmallCourt) -> list[str]:
    with court.database.reading() as session:
        return [entry.kind for entry in entries_after(session, 0) if entry.kind.startswith("case.")]


def test_a_case_is_known_under_one_number_however_it_is_written(court: SmallCourt) -> None:
    assert court.file_case("(2026)岭0108执1872号") is True
    assert court.file_case(CASE_NO) is False
    assert row(court).case_no == CASE_NO


def test_filing_at_once_files_once(court: SmallCourt) -> None:
    reports = [CaseReport(case_no=CASE_NO, event=CaseEvent.FILED, at=court.now - timedelta(seconds=n), cause="借款") for n in range(4)]
    results = at_once(*[partial(court.do, CASE_SYSTEM, report_case, report) for report in reports])
    assert sorted(type(result).__name__ for result in results) == ["RuleBroken"] * 3 + ["bool"], results
    with court.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(CaseRow)) == 1


def test_the_same_report_sent_at_once_is_kept_once(court: SmallCourt) -> None:
    court.file_case()
    results = at_once(*[partial(court.report, CaseEvent.NODE, node=6)] * 4)
    assert sorted(map(bool, results)) == [False, False, False, True], results
    assert kinds(court) == ["case.filed", "case.node_done"]


def test_a_case_lives_from_filing_to_closing(court: SmallCourt) -> None:
    court.file_case(claim_cents=5_000_00)
    for event, more in (
        (CaseEvent.ASSIGNED, {"judge": "A1"}),
        (CaseEvent.STAGE, {"stage": "NOTIFIED"}),
        (CaseEvent.NODE, {"node": 6}),
        (CaseEvent.SUSPENDED, {}),
        (CaseEvent.RESUMED, {}),
        (CaseEvent.STAGE, {"stage": "FUNDS", "recovered_cents": 5_000_00}),
        (CaseEvent.CLOSED, {"closing_kind": "FULLY"}),
    ):
        court.later(60)
        assert court.report(event, **more) is True
        assert court.report(event, **more) is False
    closed = row(court)
    assert (closed.stage, closed.node, closed.judge_id, closed.recovered_cents) == ("CLOSED", 6, court.judge, 500_000)
    court.later(1)
    for event, more in ((CaseEvent.STAGE, {"stage": "FUNDS"}), (CaseEvent.CLOSED, {"closing_kind": "FULLY"})):
        with pytest.raises(TransitionRefused) as refused:
            court.report(event, **more)
        assert refused.value.code == "case.closed"


def test_two_nodes_done_at_the_same_moment_are_two(court: SmallCourt) -> None:
    court.file_case()
    assert court.report(CaseEvent.NODE, node=6)
    assert court.report(CaseEvent.NODE, node=7)
    assert kinds(court) == ["case.filed", "case.node_done", "case.node_done"]


def test_a_late_report_is_kept_and_rewinds_nothing(court: SmallCourt) -> None:
    court.file_case()
    court.later(600)
    court.report(CaseEvent.STAGE, stage="DISPOSING")
    assert court.report(CaseEvent.STAGE, stage="NOTIFIED", at=court.now - timedelta(seconds=300)) is True
    assert row(court).stage == "DISPOSING"
    assert kinds(court) == ["case.filed", "case.stage_changed", "case.stage_changed"]


def test_money_is_counted_by_what_came_in_more(court: SmallCourt) -> None:
    court.file_case(recovered_cents=100)
    court.later(1)
    court.report(CaseEvent.NODE, node=34, recovered_cents=350)
    court.later(1)
    court.report(CaseEvent.NODE, node=35, recovered_cents=350)
    with court.database.reading() as session:
        assert list(session.execute(text("SELECT cents FROM recovery ORDER BY at"))) == [(100,), (250,)]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_is_kept_as_it_is_and_sealed(court: SmallCourt, name: str) -> None:
    court.file_case(parties=[Party(kind="DEBTOR", name=name)], cause=name)
    assert row(court).cause == name
    with court.database.reading() as session:
        party = session.scalars(select(CasePartyRow)).one()
        assert name.encode() not in party.name
        assert court.journal.sealing.open(party.name) == name
        assert party.masked != name


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"cause": ""}, "text.empty"),
        ({"cause": "   "}, "text.empty"),
        ({"cause": None}, "case.no_cause"),
        ({"cause": "x" * 65}, "text.too_long"),
        ({"cause": "a\x00b"}, "text.bad_character"),
        ({"cause": "a\u202eb"}, "text.bad_character"),
        ({"cause": "\ud800"}, "text.bad_character"),
        ({"cause": 5}, "text.not_text"),
        ({"claim_cents": -1}, "number.not_cents"),
        ({"claim_cents": 1.5}, "number.not_cents"),
        ({"claim_cents": True}, "number.not_cents"),
        ({"claim_cents": 10**18}, "number.not_cents"),
        ({"area_id": "nowhere"}, "not_found.area"),
        ({"judge": "nobody"}, "not_found.judge"),
        ({"parties": [Party(kind="DEBTOR", name="")]}, "text.empty"),
        ({"parties": [Party(kind="GOD", name="张")]}, "case.bad_party"),
        ({"parties": [Party(kind="DEBTOR", name="张")] * 301}, "case.too_many_parties"),
    ],
)
def test_what_cannot_be_is_refused_by_code_and_leaves_nothing(court: SmallCourt, wrong: dict[str, Any], code: str) -> None:
    with pytest.raises(CommandCentreError) as refused:
        court.file_case(**wrong)
    assert refused.value.code == code
    assert kinds(court) == []


def test_a_case_nobody_filed_is_not_found_and_filed_twice_is_refused(court: SmallCourt) -> None:
    with pytest.raises(NotFound):
        court.report(CaseEvent.NODE, node=6)
    court.file_case()
    court.later(5)
    with pytest.raises(RuleBroken) as refused:
        court.file_case()
    assert refused.value.code == "case.already_filed"
    for event, wrong in (
        (CaseEvent.NODE, {"node": 38}),
        (CaseEvent.STAGE, {"stage": "PARTY"}),
        (CaseEvent.STAGE, {}),
        (CaseEvent.CLOSED, {"closing_kind": "x"}),
        (CaseEvent.SUSPENDED, {"side_state": "x"}),
    ):
        with pytest.raises(BadInput):
            court.report(event, **wrong)


def test_phones_and_technicians_change_no_case(court: SmallCourt) -> None:
    report = CaseReport(case_no=CASE_NO, event=CaseEvent.FILED, at=court.now, cause="借款")
    for actor in (court.phone, court.technical, court.inspector):
        with pytest.raises(NotPermitted):
            court.do(actor, report_case, report)


def test_restricted_fields_are_read_with_a_reason_and_leave_a_trace(court: SmallCourt) -> None:
    court.file_case(parties=court.debtors())
    case_id = row(court).id
    court.do(court.duty, place_case, case_id, lat=40.01, lon=101.81, address="工业路 9 号")
    read = court.do(court.duty, read_restricted, case_id, ["address", "place", "parties.name", "parties.id_no"], "核对地址")
    assert read["address"] == "工业路 9 号"
    assert read["place"] == [40.01, 101.81]
    assert [party["name"] for party in read["parties"]] == ["清溪区宏达建材有限公司", "张演三", "张测四"]
    assert "phone" not in read["parties"][1]
    with court.database.reading() as session:
        trace = session.scalars(select(AuditRow)).one()
    assert (trace.act, trace.object_id, trace.reason) == ("read_restricted", case_id, "核对地址")
    assert trace.fields == ["address", "parties.id_no", "parties.name", "place"]
    assert "演三" not in repr([trace.fields, trace.reason])


def test_no_reason_no_right_or_no_such_field_reads_nothing(court: SmallCourt) -> None:
    court.file_case(parties=court.debtors())
    case_id = row(court).id
    for actor, fields, reason in (
        (court.duty, ["address"], " "),
        (court.duty, [], "x"),
        (court.duty, ["password"], "x"),
        (court.phone, ["address"], "x"),
        (court.technical, ["address"], "x"),
        (replace(court.duty, locked=True), ["address"], "x"),
    ):
        with pytest.raises((BadInput, NotPermitted)):
            court.do(actor, read_restricted, case_id, fields, reason)
    with court.database.reading() as session:
        assert session.scalars(select(AuditRow)).all() == []


def test_no_event_carries_a_name_a_number_or_a_place(court: SmallCourt) -> None:
    court.file_case(parties=court.debtors())
    court.do(court.duty, place_case, row(court).id, lat=40.01, lon=101.81, address="工业路 9 号")
    with court.database.reading() as session:
        said = repr([entry.payload for entry in entries_after(session, 0)])
    for secret in ("张演三", "陈演一", "440607", "13812345678", "1872", "工业路", "40.01", "岭A"):
        assert secret not in said


def test_cases_with_many_parties_come_in_one_millisecond(court: SmallCourt) -> None:
    """Ids of one millisecond follow each other: those of one case's parties once were those of the next one's."""
    people = [Party(kind="APPLICANT", name="陈演一"), *(Party(kind="DEBTOR", name=f"张测{n}") for n in "一二三四")]
    with court.journal.work(CASE_SYSTEM, court.now) as work:
        for number in range(1, 6):
            filed = CaseReport(
                case_no=f"（2026）岭0108执{number}号", event=CaseEvent.FILED, at=court.now, cause="买卖合同纠纷", parties=people
            )
            report_case(work, filed)
    with court.database.reading() as session:
        rows = session.scalars(select(CasePartyRow).order_by(CasePartyRow.case_id, CasePartyRow.id)).all()
        names = [court.journal.sealing.open(row.name) for row in rows]
    assert names == [party.name for party in people] * 5, "in the order in which they were named"

"""Rows of a workbook through the court's own verbs, on both databases: bad ones harm no other, known ones change nothing."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from data.actions import workbook
from data.actions.cases import CaseReport, Party, place_case, report_case
from data.actions.organisation import draw_area, draw_fence
from data.actions.workbook import Outcome, begin_export, bring_in, end_export
from data.errors import BadInput, NotPermitted
from data.queries import wall
from data.queries.wall import sight_of
from data.queries.workbook import court_rows
from data.rules.cases import CaseEvent
from data.rules.permissions import SYSTEM, Actor, Role
from data.rules.workbook import SHEETS, Seen
from data.tables import AuditRow, CasePartyRow, CaseRow, EntryRow, FenceRow, OfficerRow, UnitRow
from tests.data.small_court import CASE_SYSTEM, COURT, SmallCourt, say

FILED = datetime(2026, 3, 1, tzinfo=UTC)
NEW: dict[str, Any] = {"case_no": f"（2026）{COURT}执77号", "cause": "买卖合同纠纷", "filed_on": FILED}


def put(court: SmallCourt, sheet: str, *rows: dict[str, Any]) -> list[Outcome]:
    return court.do(SYSTEM, bring_in, sheet, rows, "ab" * 32)


def done(outcomes: list[Outcome]) -> list[str]:
    return [f"{each.done}:{each.error.code}" if each.error else str(each.done) for each in outcomes]


def count(court: SmallCourt, table: Any) -> int:
    with court.database.reading() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def case(court: SmallCourt, number: str = NEW["case_no"]) -> CaseRow:
    with court.database.reading() as session:
        found = session.scalar(select(CaseRow).where(CaseRow.case_no == number))
    assert found is not None
    return found


def test_a_bad_row_leaves_nothing_and_the_others_go_in(court: SmallCourt) -> None:
    before = count(court, OfficerRow)
    rows: list[dict[str, Any]] = [
        {"badge_no": "N1", "name": "甲", "title": "法官", "role": "judge", "unit_no": 5001},
        {"badge_no": "N2", "name": "乙", "title": "法警", "role": "field", "unit_no": 5001},  # the number is taken: no officer either
        {"badge_no": "N3", "name": "丙", "title": "法警", "role": "field", "team": "没有的组"},
        {"badge_no": "N4", "name": "丁", "title": "法警", "role": "field", "unit_no": 5002},
    ]
    assert done(put(court, "officers", *rows)) == ["added", "refused:unit.exists", "refused:not_found.team", "added"]
    assert count(court, OfficerRow) == before + 2
    assert court.journal.verify() is None


def test_the_same_rows_again_change_nothing_not_even_the_trace(court: SmallCourt) -> None:
    rows: dict[str, dict[str, Any]] = {
        "officers": {"badge_no": "N1", "name": "甲", "title": "法官", "role": "judge", "phone": "000-1", "unit_no": 5001, "account": "jia"},
        "vehicles": {"unit_no": 5003, "kind": "POLICE", "plate": "岭A1"},
        "devices": {"unit_no": 5003, "device": "VEHICLE"},
        "places": {"id": "Z1", "street": "东街", "name": "东社区", "lat": 23.1, "lon": 112.5, "src_crs": "BD09"},
        "fences": {"name": "仓库", "fence": "WATCH", "line": "23.10,112.50; 23.10,112.51; 23.11,112.51", "src_crs": "GCJ02"},
        "cases": NEW | {"stage": "CONTROLLED", "claim": 100, "recovered": 50, "applicant": ("张三",), "debtor": ("某某公司", "李四")},
    }
    assert [done(put(court, sheet, row)) for sheet, row in rows.items()] == [["added"]] * len(rows)
    with court.database.reading() as session:
        trace = session.scalars(select(AuditRow).where(AuditRow.act == "import", AuditRow.fields.is_not(None))).all()
        assert {"sheet:cases", "added:1"} in [set(each.fields) for each in trace]
    told = count(court, EntryRow)
    assert [done(put(court, sheet, row)) for sheet, row in rows.items()] == [["unchanged"]] * len(rows)
    assert count(court, EntryRow) == told
    assert count(court, CasePartyRow) == 3 + _parties_of_the_small_court(court)


def _parties_of_the_small_court(court: SmallCourt) -> int:
    with court.database.reading() as session:
        query = select(func.count()).select_from(CasePartyRow).where(CasePartyRow.case_id != case(court).id)
        return session.scalar(query) or 0


def test_what_is_new_is_told_by_the_same_events_as_by_the_case_system(court: SmallCourt) -> None:
    closed = NEW | {"case_no": f"（2026）{COURT}执78号", "closed_on": FILED + timedelta(days=9), "closing_kind": "FULLY"}
    put(court, "cases", NEW | {"stage": "CONTROLLED", "side_state": "SUSPENDED"}, closed)
    kinds = [each.kind for each in court.announced[-6:]]
    assert kinds == ["case.filed", "case.stage_changed", "case.suspended", "case.filed", "case.closed", "audit.recorded"]
    assert (case(court).stage, case(court).side_state) == ("CONTROLLED", "SUSPENDED")


def test_a_list_never_takes_a_case_back(court: SmallCourt) -> None:
    put(court, "cases", NEW | {"stage": "DISPOSING"})
    assert done(put(court, "cases", NEW | {"stage": "INVESTIGATING"})) == ["refused:case.gone_on"]
    assert done(put(court, "cases", NEW | {"stage": "FUNDS", "claim": 500})) == ["changed"]
    assert (case(court).stage, case(court).claim_cents) == ("FUNDS", 500)
    court.later(1)
    old = NEW | {"side_state": "SUSPENDED"}
    assert done(put(court, "cases", NEW | {"recovered": 500}, old)) == ["changed", "refused:workbook.differs"]
    assert done(put(court, "cases", NEW | {"recovered": 400})) == ["refused:case.less_recovered"]
    assert done(put(court, "cases", NEW | {"closed_on": court.now, "closing_kind": "FULLY"})) == ["changed"]
    assert done(put(court, "cases", NEW | {"cause": "别的"})) == ["refused:case.closed"]


def test_what_the_list_does_not_say_of_a_party_stays(court: SmallCourt) -> None:
    put(court, "cases", NEW)
    everybody = [
        Party(kind="APPLICANT", name="张三", phone="000-9", id_no="X1"),
        Party(kind="DEBTOR", name="服务部", natural=False),
        Party(kind="THIRD_PARTY", name="王五"),
    ]
    report = CaseReport(case_no=NEW["case_no"], event=CaseEvent.ASSIGNED, at=court.now, parties=everybody)
    court.do(CASE_SYSTEM, report_case, report)
    assert done(put(court, "cases", NEW | {"applicant": ("张三",), "debtor": ("服务部",)})) == ["unchanged"]
    assert done(put(court, "cases", NEW | {"applicant": ("张三",), "debtor": ("服务部", "李四")})) == ["changed"]
    with court.database.reading() as session:
        rows = court_rows(session, sight_of(SYSTEM, court_code=COURT), SYSTEM, court.journal.sealing)
        [row] = [row for row in rows["cases"] if row["case_no"] == NEW["case_no"]]
        kinds = session.scalars(select(CasePartyRow.kind).where(CasePartyRow.case_id == case(court).id)).all()
    assert (row["applicant_phone"], row["debtor"], row["debtor_kind"]) == ("000-9", ["服务部", "李四"], None)
    assert sorted(kinds) == ["APPLICANT", "DEBTOR", "DEBTOR", "THIRD_PARTY"]


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"judge": "没有"}, "not_found.judge"),
        ({"judge": "同名"}, "case.judge_ambiguous"),
        ({"area": "没有"}, "not_found.area"),
        ({"filed_on": datetime(2999, 1, 1, tzinfo=UTC)}, "time.future"),
        ({"closed_on": FILED}, "case.half_closed"),
        ({"closed_on": FILED - timedelta(days=1), "closing_kind": "FULLY"}, "case.closed_before_filed"),
        ({"debtor": ("丁",) * 301}, "case.too_many_parties"),
    ],
)
def test_a_case_that_cannot_be_is_refused_alone(court: SmallCourt, more: dict[str, Any], code: str) -> None:
    put(court, "officers", *({"badge_no": badge, "name": "同名", "title": "法官", "role": "judge"} for badge in ("N8", "N9")))
    before, parties = count(court, CaseRow), count(court, CasePartyRow)
    good = NEW | {"case_no": f"（2026）{COURT}执79号"}
    assert done(put(court, "cases", NEW | more, good)) == [f"refused:{code}", "added"]
    assert (count(court, CaseRow), count(court, CasePartyRow)) == (before + 1, parties)
    assert court.journal.verify() is None


def test_a_fence_drawn_anew_takes_the_place_of_the_old_one(court: SmallCourt) -> None:
    line = "23.10,112.50; 23.10,112.51; 23.11,112.51"
    row = {"name": "仓库", "fence": "WATCH", "line": line}
    put(court, "fences", row)
    assert done(put(court, "fences", row | {"line": line + "; 23.11,112.50"})) == ["changed"]
    assert done(put(court, "fences", row | {"line": "1,1; 1,1; 1,1"})) == ["refused:geo.not_a_fence"]
    with court.database.reading() as session:
        live = session.scalars(select(FenceRow).where(FenceRow.name == "仓库", FenceRow.removed_at.is_(None))).all()
    assert [len(each.ring) for each in live] == [4]


def test_a_number_that_is_somebody_elses_is_no_vehicle(court: SmallCourt) -> None:
    assert done(put(court, "vehicles", {"unit_no": 1001, "kind": "POLICE"})) == ["refused:unit.exists"]
    assert done(put(court, "vehicles", {"unit_no": 5003, "kind": "POLICE"}, {"unit_no": 5003, "kind": "TOW"})) == [
        "added",
        "refused:workbook.differs_from",
    ]


def test_only_who_may_is_taken(court: SmallCourt) -> None:
    [outcome] = court.do(court.duty, bring_in, "teams", [{"name": "九组"}], "ab")
    assert isinstance(outcome.error, NotPermitted)


@pytest.mark.parametrize("role", Role)
def test_cases_go_along_for_who_may_read_all_of_them_and_nobody_else(court: SmallCourt, role: Role) -> None:
    actor = Actor(kind="OFFICER", id="01", role=role, court_code=COURT, officer_id="01")
    sight = sight_of(actor, court_code=COURT)
    with court.database.reading() as session:
        if role not in (Role.COMMANDER, Role.LEADER, Role.TECHNICAL, Role.SYSTEM):
            with pytest.raises(NotPermitted):
                court_rows(session, sight, actor, court.journal.sealing)
            return
        assert list(court_rows(session, sight, actor, court.journal.sealing)) == [
            name for name in SHEETS if name != "cases" or role is not Role.TECHNICAL
        ]


def test_an_export_says_in_its_trace_whether_cases_went_along_and_why(court: SmallCourt) -> None:
    sight = sight_of(court.commander, court_code=COURT)
    for why in (None, "", " "):
        with pytest.raises(BadInput):
            court.do(court.commander, begin_export, sight, True, why)
    for with_cases, why in ((True, "年终核对"), (False, None)):
        court.do(court.commander, begin_export, sight, with_cases, why)
        court.do(court.commander, end_export, {"teams": 3} | ({"cases": 5} if with_cases else {}), why)
    with court.database.reading() as session:
        traces = session.scalars(select(AuditRow).where(AuditRow.act == "export").order_by(AuditRow.id)).all()
    assert [(each.result, each.reason, set(each.fields)) for each in traces] == [
        ("begun", "年终核对", {"with:cases"}),
        ("done", "年终核对", {"with:cases", "teams:3", "cases:5"}),
        ("begun", None, {"without:cases"}),
        ("done", None, {"without:cases", "teams:3"}),
    ]
    technical = Actor(kind="OFFICER", id="01", role=Role.TECHNICAL, court_code=COURT, officer_id="01")
    with pytest.raises(NotPermitted):
        court.do(technical, begin_export, sight_of(technical, court_code=COURT), True, "想要")


def test_every_sheet_has_its_verb() -> None:
    assert {*workbook._VERBS, "cases"} == set(SHEETS)


def test_what_came_in_stands_on_the_wall(court: SmallCourt) -> None:
    put(court, "officers", {"badge_no": "N1", "name": "欧阳甲", "title": "法官", "role": "judge", "team": "三组", "unit_no": 5001})
    put(court, "places", {"id": "Z1", "street": "东街", "name": "东社区", "lat": 23.1, "lon": 112.5})
    put(court, "cases", NEW | {"area": "Z1", "judge": "N1"})
    with court.database.reading() as session:
        shown = wall.snapshot(session, court.sights()["wall"], court.now, say=say).rows
        assert session.get(UnitRow, 5001) is not None
    assert shown["area"]["Z1"]["cases"] == 1
    assert "5001" in shown["unit"]


# --- what of a row changes --------------------------------------------------------------------------------------------------------


def changes(outcomes: list[Outcome]) -> list[tuple[str, Any, Any]]:
    return [(each.column, each.before, each.now) for outcome in outcomes for each in outcome.changes]


PEOPLE = (
    {"badge_no": "N1", "name": "张三", "title": "法官", "role": "judge", "unit_no": 5001},
    {"badge_no": "N2", "name": "李四", "title": "法官", "role": "judge"},
)
RICH = NEW | {"judge": "N1", "claim": 100, "applicant": ("甲",), "debtor": ("乙",), "debtor_phone": "000-1", "stage": "CONTROLLED"}


def test_of_a_changed_row_every_column_is_told_from_what_to_what(court: SmallCourt) -> None:
    put(court, "officers", *PEOPLE)
    assert changes(put(court, "officers", PEOPLE[1] | {"name": "李五", "phone": "000-9", "unit_no": 5002})) == [
        ("name", "李四", "李五"), ("phone", None, None), ("unit_no", None, 5002),
    ]  # fmt: skip
    put(court, "cases", RICH)
    told = changes(put(court, "cases", RICH | {"judge": "N2", "claim": 250, "stage": "DISPOSING", "debtor": ("乙", "丙")}))
    assert sorted(told) == [
        ("claim", 100, 250), ("debtor", ("乙",), ("乙", "丙")), ("judge", "张三", "李五"), ("stage", "CONTROLLED", "DISPOSING"),
    ]  # fmt: skip
    more = {"debtor_phone": "000-2", "address": "东街1号", "lat": 23.1, "lon": 112.5, "debtor": ("乙", "丙"), "stage": "DISPOSING"}
    assert sorted(changes(put(court, "cases", RICH | {"judge": "N2", "claim": 250} | more)), key=str) == [
        ("address", None, None), ("debtor_phone", None, None), ("lat", None, 23.1), ("lon", None, 112.5),
    ]  # fmt: skip


def test_a_fence_and_what_an_import_does_not_change_are_told_from_what_to_what(court: SmallCourt) -> None:
    row = {"name": "仓库", "fence": "WATCH", "line": "23.10,112.50; 23.10,112.51; 23.11,112.51"}
    put(court, "fences", row)
    [kind, line] = changes(put(court, "fences", row | {"fence": "COURT", "line": row["line"] + "; 23.11,112.50"}))
    assert kind == ("fence", "WATCH", "COURT")
    assert line[1].count(";") + 1 == line[2].count(";") == 3
    put(court, "vehicles", {"unit_no": 5009, "kind": "POLICE", "plate": "岭A·演9"})
    [refused] = put(court, "vehicles", {"unit_no": 5009, "kind": "POLICE", "plate": "岭A·演8"})
    assert refused.error is not None
    assert {"field": "plate", "here": "岭A·演9", "there": "岭A·演8"}.items() <= refused.error.params.items()


def test_who_reads_no_case_is_told_what_his_sheet_says_and_never_what_was_there(court: SmallCourt) -> None:
    put(court, "officers", *PEOPLE)
    put(court, "cases", RICH)
    technical = Actor(kind="OFFICER", id="01", role=Role.TECHNICAL, court_code=COURT, officer_id="01")
    news = RICH | {"judge": "N2", "debtor": ("丁",), "debtor_phone": "000-3"}
    [outcome] = court.do(technical, bring_in, "cases", [news], "ab" * 32)
    assert sorted((each.column, each.before, each.now, each.seen) for each in outcome.changes) == [
        ("debtor", None, None, Seen.NEITHER), ("judge", None, "李四", Seen.NOW),
    ]  # fmt: skip


def test_a_place_drawn_more_finely_than_a_sheet_says_is_the_same_place(court: SmallCourt) -> None:
    """What the map's own editor drew is exported to the centimetre, and comes in again unchanged."""
    court.do(SYSTEM, draw_area, "F1", "东街", "东社区", 40.076842150000004, 101.8370856213104)
    court.do(SYSTEM, draw_fence, "细线", "WATCH", [[40.07684215000001, 101.83708562131], [40.1, 101.8370856213104], [40.1, 101.9]])
    put(court, "cases", NEW)
    court.do(CASE_SYSTEM, place_case, case(court).id, lat=40.076842150000004, lon=101.8370856213104)
    with court.database.reading() as session:
        sheets = court_rows(session, sight_of(SYSTEM, court_code=COURT), SYSTEM, court.journal.sealing)
        rows = {name: [{k: v for k, v in row.items() if v is not None} for row in sheets[name]] for name in ("places", "fences", "cases")}
    [place] = [row for row in rows["places"] if row["id"] == "F1"]
    [fence] = [row for row in rows["fences"] if row["name"] == "细线"]
    [listed] = [row for row in rows["cases"] if row["case_no"] == NEW["case_no"]]
    for sheet, row in (("places", place), ("fences", fence), ("cases", NEW | {"lat": listed["lat"], "lon": listed["lon"]})):
        assert done(put(court, sheet, row)) == ["unchanged"], sheet

"""The wall's rows: what is in them, for whom, and that one bad record does not take the others with it."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, text

from data.actions.calls import answer_call, place_call, take_call
from data.actions.organisation import add_officer, add_unit
from data.actions.sos import raise_sos
from data.actions.units import begin_duty, declare_silence
from data.actions.walls import steer_wall
from data.journal import Work
from data.queries.wall import find_unit, rows, sight_of, snapshot, visible_units
from data.rules.cases import CaseEvent
from data.rules.missions import MissionStep
from data.rules.permissions import SYSTEM, Actor, Clearance, Role
from tests.data.small_court import CASE_NO, COURT, SmallCourt, say, ulid


def seen(court: SmallCourt, name: str = "wall") -> dict[str, dict[str, dict[str, Any]]]:
    with court.database.reading() as session:
        return snapshot(session, court.sights()[name], court.now, say=say).rows


@pytest.fixture
def busy(court: SmallCourt) -> SmallCourt:
    """On duty, on the way, calling."""
    court.do(court.phone, begin_duty, 1001, court.now)
    court.file_case(parties=court.debtors(), judge="陈演一", claim_cents=1_000_000)
    court.assign()
    court.later(5)
    court.move(MissionStep.DEPARTED)
    court.call = ulid()  # type: ignore[attr-defined]
    court.do(court.phone, place_call, court.call, court.now)  # type: ignore[attr-defined]
    return court


def test_the_wall_says_who_is_where_and_what_moves(busy: SmallCourt) -> None:
    drawn = seen(busy)
    assert drawn["unit"]["1001"] | {"team_id": None} == {
        "no": "1001",
        "kind": "OFFICER",
        "label": "三组 陈法官",
        "who": "陈法官",
        "team_id": None,
        "team": "三组",
        "status": "way",
        "on_duty": True,
        "silent_since_at": None,
        "silent_until_at": None,
        "sos_id": None,
        "call_id": busy.call,  # type: ignore[attr-defined]
        "mission_id": "M1",
    }
    assert drawn["unit"]["2001"]["label"] == "三组 警车"
    assert drawn["team"][busy.team]["status"] == "way"
    assert drawn["team"][busy.team]["leader"] == "陈法官"
    assert drawn["mission"]["M1"]["lat"] == 40.05
    case = next(iter(drawn["case"].values()))
    assert (case["case_no"], case["debtor"], case["applicant"]) == (CASE_NO, "张某甲等 2 人", "某建材公司")
    assert drawn["area"]["C0101"]["cases"] == 1
    call = drawn["call"][busy.call]  # type: ignore[attr-defined]
    assert (call["who"], call["matter"], call["case_no"], call["place"]) == ("陈法官", "腾退厂房", CASE_NO, "东塘镇 工业路社区")
    today = drawn["today"]["today"]
    assert (today["officers_out"], today["teams_out"], today["missions"], today["calls_waiting"], today["cases_open"]) == (1, 1, 1, 1, 1)
    assert today["skipped"] == 0
    newest = max(drawn["entry"].values(), key=lambda entry: entry["seq"])
    assert (newest["title"], newest["sign"]) == ("三组 陈法官 呼叫", "clock")


def test_visitors_read_no_name_no_plan_no_place_and_no_number(busy: SmallCourt) -> None:
    drawn = seen(busy, "visitors")
    mission = drawn["mission"]["M1"]
    assert not {"planned_from_at", "planned_to_at", "lat", "lon", "area_id"} & mission.keys()
    assert mission["case_no"] == "执×××号"
    assert drawn["unit"]["1001"]["who"] == "法官"
    everything = repr(drawn)
    for secret in ("陈", "张某", "建材", CASE_NO, "工业路社区'", "40.0500"):
        assert secret not in everything.replace("'name': '工业路社区'", "")


def test_visitors_never_read_where_a_mission_goes_also_after_its_team_has_left(court: SmallCourt) -> None:
    court.file_case()
    court.assign(place="云岭镇 信号山")
    court.do(court.phone, begin_duty, 1001, court.now)
    for step in (MissionStep.DEPARTED, MissionStep.ARRIVED):
        court.move(step)
        assert "信号山" in repr(seen(court, "wall")["entry"])
        assert seen(court, "wall")["mission"]["M1"]["place"] == "云岭镇 信号山"
        assert "信号山" not in repr(seen(court, "visitors"))


def test_who_keeps_devices_and_walls_running_reads_no_case(busy: SmallCourt) -> None:
    technical = sight_of(Actor(kind="OFFICER", id="x", role=Role.TECHNICAL, court_code=COURT))
    (case_id,) = seen(busy, "desk")["case"]
    with busy.database.reading() as session:
        drawn = snapshot(session, technical, busy.now, say=say).rows
        touched = rows(session, technical, {("case", case_id)}, busy.now, say=say)
    assert drawn["case"] == {}
    assert drawn["unit"].keys() >= {"1001", "1003"}
    assert not [entry for entry in drawn["entry"].values() if entry["kind"].startswith("case.")]
    assert [row for kind, _, row in touched if kind == "case"] == [None]


def test_a_phone_sees_its_own_and_nothing_else(busy: SmallCourt) -> None:
    own, others = seen(busy, "field"), seen(busy, "field of others")
    assert own["unit"].keys() == {"1001"}
    assert own["mission"].keys() == {"M1"}
    assert own["call"].keys() == {busy.call}  # type: ignore[attr-defined]
    assert not {"mission", "call", "sos", "case", "area", "entry", "today", "wall", "fence"} & others.keys()
    assert others["unit"].keys() == {"1003"}


def test_a_phone_hears_nothing_of_others_calls(busy: SmallCourt) -> None:
    refs = {("call", busy.call), ("unit", "1001"), ("entry", "1"), ("today", "today")}  # type: ignore[attr-defined]
    with busy.database.reading() as session:
        assert rows(session, busy.sights()["field of others"], refs, busy.now, say=say) == []


def test_a_mission_has_no_exact_place_before_its_team_has_left(court: SmallCourt) -> None:
    court.file_case()
    court.assign()
    mission = seen(court)["mission"]["M1"]
    assert mission["lat"] is None
    assert mission["planned_from_at"] is not None


def test_what_the_desk_puts_on_a_wall_says_who_did_it(court: SmallCourt) -> None:
    wall = court.add_wall()
    court.do(court.duty, steer_wall, wall, layout=3, focus=("unit", "1001"))
    row = seen(court)["wall"][wall]
    assert (row["layout"], row["focus_kind"], row["focus_id"], row["steered_by"]) == (3, "unit", "1001", "周法官")
    assert seen(court, "visitors")["wall"][wall]["steered_by"] == "法官"


def test_the_owner_is_named(busy: SmallCourt) -> None:
    busy.do(busy.duty, take_call, busy.call)  # type: ignore[attr-defined]
    busy.do(busy.duty, answer_call, busy.call)  # type: ignore[attr-defined]
    row = seen(busy, "field")["call"][busy.call]  # type: ignore[attr-defined]
    assert (row["owner"], row["state"]) == ("周法官", "ANSWERED")


def test_a_silent_team_is_unknown_not_lost(court: SmallCourt) -> None:
    court.do(court.phone, begin_duty, 1001, court.now)
    court.do(court.phone, declare_silence, 1001, 15, "s1")
    drawn = seen(court)
    assert drawn["team"][court.team]["status"] == "silent"
    assert drawn["unit"]["1001"]["silent_until_at"] == round((court.now + timedelta(minutes=15)).timestamp() * 1000)


def test_an_alarm_shows_at_once_for_everybody(court: SmallCourt) -> None:
    alarm = ulid()
    court.do(court.phone, raise_sos, alarm, court.now)
    for name in ("desk", "wall", "visitors", "field"):
        assert seen(court, name)["sos"][alarm]["state"] == "RAISED"
        assert seen(court, name)["unit"]["1001"]["sos_id"] == alarm


@pytest.mark.parametrize(
    ("table", "change"),
    [
        ("mission", "UPDATE mission SET state = 'NONSENSE' WHERE id = 'M2'"),
        ("enforcement_case", "UPDATE enforcement_case SET stage = 'NONSENSE' WHERE case_no LIKE '%9号'"),
        ("unit", "UPDATE unit SET kind = 'NONSENSE' WHERE no = 1002"),
        ("fence", "UPDATE fence SET ring = '[1, 2]'"),
        ("area", "UPDATE area SET lat = 1000 WHERE id = 'C0102'"),
        ("vehicle", "UPDATE vehicle SET kind = 'NONSENSE'"),
        ("call", "UPDATE call SET lat = 999, lon = 1"),
    ],
)
def test_one_poison_record_leaves_the_rest_and_is_counted(busy: SmallCourt, table: str, change: str) -> None:
    busy.file_case("（2026）岭0108执9号")
    busy.assign("M2")
    with busy.database.writes.begin() as connection:
        connection.execute(text(change))
    drawn = seen(busy)
    assert drawn["today"]["today"]["skipped"] >= 1
    assert drawn["unit"].keys() >= {"1001", "1003"}
    assert "M1" in drawn["mission"] or table == "vehicle"
    assert drawn["court"].keys() == {COURT}
    assert len(drawn["entry"]) > 3
    busy.later(1)
    busy.do(busy.phone_of_others, begin_duty, 1003, busy.now)
    with busy.database.reading() as session:
        touched = rows(session, busy.sights()["wall"], {("unit", "1003"), ("today", "today")}, busy.now, say=say)
    assert {kind: row for kind, _, row in touched}["today"] == seen(busy)["today"]["today"]


def test_text_where_a_moment_should_stand_is_left_out_too(busy: SmallCourt) -> None:
    if busy.database.dialect != "sqlite":
        pytest.skip("only SQLite takes text in a column of moments")
    busy.assign("M2", case_no=None)
    with busy.database.writes.begin() as connection:
        connection.execute(text("UPDATE mission SET changed_at = 'nonsense' WHERE id = 'M2'"))
    drawn = seen(busy)
    assert drawn["mission"].keys() == {"M1"}
    assert drawn["today"]["today"]["skipped"] == 1
    assert drawn["today"]["today"]["missions"] == 2


def test_a_hostile_name_is_only_a_name(court: SmallCourt) -> None:
    hostile = "<img src=x onerror=alert(1)>';--\"🚓𠮷"

    def put_in(work: Work) -> None:
        officer = add_officer(work, hostile, "法官", Role.JUDGE, team_id=court.team)
        add_unit(work, 1099, "OFFICER", officer_id=officer)

    court.do(SYSTEM, put_in)
    assert seen(court)["unit"]["1099"]["who"].endswith("法官")


@pytest.mark.parametrize(
    ("role", "visitors", "clearance", "positions"),
    [
        (Role.DUTY, False, Clearance.DESK, True),
        (Role.WALL, False, Clearance.WALL, True),
        (Role.WALL, True, Clearance.VISITORS, False),
        (Role.UPPER, False, Clearance.WALL, True),
        (Role.INSPECTOR, False, Clearance.WALL, False),
        (Role.TECHNICAL, False, Clearance.VISITORS, False),
        (Role.DEVICE, False, Clearance.FIELD, True),
        (Role.DIRECTOR, False, Clearance.NOTHING, False),
        (Role.CASE_SYSTEM, False, Clearance.NOTHING, False),
    ],
)
def test_each_role_has_its_sight(role: Role, visitors: bool, clearance: Clearance, positions: bool) -> None:
    sight = sight_of(Actor(kind="OFFICER", id="x", role=role, court_code=COURT), visitors)
    assert (sight.clearance, sight.positions) == (clearance, positions)


def test_whose_positions_are_seen(court: SmallCourt) -> None:
    seen_by = {name: visible_units(sight) for name, sight in court.sights().items()}
    assert seen_by == {
        "desk": None,
        "wall": None,
        "visitors": frozenset(),
        "field": frozenset({1001}),
        "field of others": frozenset({1003}),
    }


def test_a_unit_is_found_by_its_number(court: SmallCourt) -> None:
    with court.database.reading() as session:
        desk, phone = court.sights()["desk"], court.sights()["field"]
        assert find_unit(session, desk, "1003", court.now, say=say)["1003"]["who"] == "阿测法官"
        for typed in ("", "x", "9" * 30, "1003'--", "7"):
            assert find_unit(session, desk, typed, court.now, say=say) == {}
        assert find_unit(session, phone, "1003", court.now, say=say) == {}


def test_a_closed_case_counts_and_leaves_its_community(court: SmallCourt) -> None:
    court.file_case()
    court.later(60)
    court.report(CaseEvent.CLOSED, closing_kind="FULLY", recovered_cents=128_400)
    today = seen(court, "desk")["today"]["today"]
    assert (today["closed_today"], today["cases_open"], today["recovered_cents_today"], today["payments_today"]) == (1, 0, 128_400, 1)
    assert seen(court)["area"]["C0101"]["cases"] == 0


def test_the_number_of_questions_does_not_grow_with_the_court(busy: SmallCourt) -> None:
    asked: list[str] = []

    def hear(*heard: Any) -> None:
        asked.append(heard[2])

    event.listen(busy.database.reads, "before_cursor_execute", hear)

    def count() -> tuple[int, int]:
        asked.clear()
        seen(busy)
        for_snapshot = len(asked)
        asked.clear()
        refs = {("unit", "1001"), ("unit", "1003"), ("call", busy.call), ("mission", "M1"), ("entry", "99"), ("today", "today")}  # type: ignore[attr-defined]
        with busy.database.reading() as session:
            rows(session, busy.sights()["wall"], refs, busy.now, say=say)
        return for_snapshot, len(asked)

    before = count()

    def grow(work: Work) -> None:
        for number in range(300):
            officer = add_officer(work, "钱测九", "法警", Role.FIELD, team_id=busy.team)
            add_unit(work, 5000 + number, "OFFICER", officer_id=officer)

    busy.do(SYSTEM, grow)
    for number in range(10):
        busy.file_case(f"（2026）岭0108执{number + 1}号")
    after = count()
    event.remove(busy.database.reads, "before_cursor_execute", hear)  # the next test has the same engines
    assert after == before
    assert max(before) < 40

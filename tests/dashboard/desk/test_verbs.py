"""What a desk's page may ask for: every word has its action, nonsense is refused, and the page's tables are those of the rules."""

import pytest
from sqlalchemy import select

from dashboard.desk.page import layout
from dashboard.desk.verbs import VERBS, perform, steps
from dashboard.i18n import t
from data.actions.links import start_pairing
from data.engines import Database
from data.errors import BadInput, NotFound, TransitionRefused
from data.identity import nobody
from data.tables import WallRow
from tests.conftest import Clock
from tests.data.small_court import CASE_NO, SmallCourt

pytestmark = pytest.mark.postgres_long  # the actions that they reach are tried on both


@pytest.fixture
def court(database: Database, clock: Clock) -> SmallCourt:
    """The small court with a case and a mission."""
    court = SmallCourt(database, clock.now())
    court.file_case()
    court.assign()
    return court


def test_every_verb_has_the_sentence_that_is_said_when_it_is_done() -> None:
    assert all(f"desk.done_{verb}" in t for verb in VERBS)


def test_the_page_carries_the_steps_that_the_rules_allow() -> None:
    told = steps()
    assert told["mission"]["ASSIGNED"] == ["departed", "arrived", "cancelled"]
    assert told["mission"]["FINISHED"] == []
    assert "CLOSED" not in told["case"]["CLOSING"], "closing is an event of its own"
    assert '"nodes": 37' in getattr(layout(), "data-steps")


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"verb": "perform"},
        {"verb": "take_call"},
        {"verb": "steer", "id": "x", "layout": "1"},
        {"verb": "steer", "id": "x", "layout": True},
        {"verb": "show", "id": "x", "kind": None, "row": 3},
        {"verb": "case_node", "case_no": CASE_NO, "node": 38},
        {"verb": "pair", "code": "!", "name": "走廊屏"},
    ],
)
def test_nonsense_is_refused_and_changes_nothing(court: SmallCourt, asked: dict[str, object]) -> None:
    court.announced.clear()
    with pytest.raises((BadInput, NotFound)):
        court.do(court.duty, perform, asked)
    assert court.announced == []


@pytest.mark.parametrize("visitors", [True, False])
def test_a_wall_begins_without_names_where_the_court_wants_it_so(court: SmallCourt, visitors: bool) -> None:
    pairing = court.do(nobody("192.0.2.7"), start_pairing)
    court.do(court.duty, perform, {"verb": "pair", "code": pairing.code, "name": "走廊屏"}, None, None, visitors)
    with court.database.reading() as session:
        assert session.scalars(select(WallRow.visitors).where(WallRow.name == "走廊屏")).one() is visitors


def test_a_mission_goes_its_steps_and_none_twice(court: SmallCourt) -> None:
    assert court.do(court.duty, perform, {"verb": "mission_departed", "id": "M1"}) is True
    court.later(60)
    assert court.do(court.duty, perform, {"verb": "mission_departed", "id": "M1"}) is False, "it was so already"
    assert court.do(court.duty, perform, {"verb": "mission_finished", "id": "M1"}) is True
    with pytest.raises(TransitionRefused):
        court.do(court.duty, perform, {"verb": "mission_arrived", "id": "M1"})


def test_a_case_goes_the_steps_that_a_desk_reports(court: SmallCourt) -> None:
    for more in (
        {"verb": "case_stage", "stage": "INVESTIGATING"},
        {"verb": "case_node", "node": 12},
        {"verb": "case_suspended", "side_state": "DEFERRED"},
    ):
        court.later(60)
        assert court.do(court.duty, perform, {"case_no": CASE_NO, **more}) is True
    court.later(60)
    with pytest.raises(TransitionRefused):
        court.do(court.duty, perform, {"verb": "case_stage", "case_no": CASE_NO, "stage": "DISPOSING"})
    assert court.do(court.duty, perform, {"verb": "case_resumed", "case_no": CASE_NO}) is True
    assert court.do(court.duty, perform, {"verb": "case_closed", "case_no": CASE_NO, "closing_kind": "FULLY"}) is True


def test_the_visitors_layout_takes_names_off_the_wire_too(court: SmallCourt) -> None:
    wall = court.add_wall()
    assert court.do(court.duty, perform, {"verb": "steer", "id": wall, "layout": 8}) is True
    assert court.do(court.duty, perform, {"verb": "visitors", "id": wall, "on": True}) is False, "the layout brought it"
    assert court.do(court.duty, perform, {"verb": "visitors", "id": wall, "on": False, "layout": 1}) is True

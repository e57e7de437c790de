"""Support orders on both databases: the nearest free team is asked, answers, or is followed by the next."""

from typing import Any

import pytest
from sqlalchemy import select

from data.actions.calls import answer_call, end_call, place_call
from data.actions.orders import answer_order, mark_overdue, send_support
from data.actions.sos import raise_sos
from data.actions.units import begin_duty
from data.engines import Database
from data.errors import CommandCentreError
from data.journal import entries_after
from data.queries.timers import due
from data.rules.missions import MissionStep
from data.rules.permissions import SYSTEM, Actor, Role
from data.rules.timers import Timer
from data.tables import OrderRow
from geo.fixes import Fix
from tests.conftest import Clock
from tests.data.small_court import COURT, SmallCourt, ulid

SCENE = (40.05, 101.85)
NEAR, FAR = (40.06, 101.85), (40.09, 101.85)


class Town(SmallCourt):
    """三组 calls; 四组 stands a kilometre away, 快反组 four."""

    call: str

    def set(self) -> "Town":
        with self.journal.work(SYSTEM, self.now) as work:
            from data.actions.organisation import add_officer, add_unit

            self.quick = add_officer(work, "冯演十", "法警", Role.FIELD, team_id=self.reserve)
            add_unit(work, 1010, "OFFICER", officer_id=self.quick)
            self._device(work, 1010)
        for no in (1001, 1003, 1010):
            self.do(SYSTEM, begin_duty, no, self.now)
        self.phone_of_quick = Actor("DEVICE", "device:10", Role.DEVICE, COURT, self.quick, 1010, 10, self.reserve)
        self.call = ulid()
        fix = Fix(ulid(), 1001, 1, int(self.now.timestamp() * 1000), *SCENE, 8.0, None, None, 54, "GPS", False)
        self.do(self.phone, place_call, self.call, self.now, fix, "C0101")
        self.do(self.duty, answer_call, self.call)
        return self

    @property
    def places(self) -> dict[int, tuple[float, float]]:
        return {1001: SCENE, 1003: NEAR, 1010: FAR}

    def send(self, team: str | None = None) -> str:
        return self.do(self.duty, send_support, self.call, self.places, team)

    def order(self, order_id: str) -> OrderRow:
        with self.database.reading() as session:
            return session.get_one(OrderRow, order_id)

    def kinds(self) -> list[str]:
        with self.database.reading() as session:
            return [entry.kind for entry in entries_after(session, 0) if entry.kind.startswith("order.")]

    def refused(self, actor: Actor, action: Any, *arguments: Any) -> str:
        with pytest.raises(CommandCentreError) as refused:
            self.do(actor, action, *arguments)
        return refused.value.code


@pytest.fixture
def town(database: Database, clock: Clock) -> Town:
    return Town(database, clock.now()).set()


def test_one_key_sends_the_nearest_free_team_once(town: Town) -> None:
    order = town.order(town.send())
    assert (order.number, order.team_id, order.state) == ("指〔20261123〕001", town.other_team, "SENT")
    assert 1_100 < order.distance_m < 1_120
    assert order.estimated
    assert town.send() == order.id, "a nervous finger sends one team"
    assert town.kinds() == ["order.sent"]


def test_the_team_that_calls_is_never_sent_to_itself_and_who_is_out_or_cries_is_not_free(town: Town) -> None:
    town.assign("M2", team="四组", case_no=None, area_id="C0102")
    town.move(MissionStep.DEPARTED, "M2")
    assert town.order(town.send()).team_id == town.reserve
    town.do(town.duty, end_call, town.call)
    town.call = ulid()
    town.do(town.phone, place_call, town.call, town.now)
    town.do(town.phone_of_quick, raise_sos, ulid(), town.now)
    assert town.refused(town.duty, send_support, town.call, town.places) == "dispatch.nobody_free"
    assert town.order(town.send(town.other_team)).team_id == town.other_team, "a person may choose who is out"


def test_the_way_of_an_order(town: Town) -> None:
    order_id = town.send()
    pressed = town.later(3)
    assert town.do(town.phone_of_others, answer_order, order_id, "delivered", pressed)
    assert not town.do(town.phone_of_others, answer_order, order_id, "delivered", pressed)
    assert town.refused(town.phone_of_quick, answer_order, order_id, "accepted", pressed) == "order.not_yours"
    assert town.refused(town.phone_of_others, answer_order, order_id, "arrived", pressed) == "order.transition_refused"
    assert town.refused(town.phone_of_others, answer_order, order_id, "lost", pressed) == "order.bad_event"
    town.later(5)
    assert town.do(town.phone_of_others, answer_order, order_id, "accepted", pressed)
    order = town.order(order_id)
    assert (order.answered_at, order.answered_by, order.state) == (pressed, 1003, "ACCEPTED")
    town.later(600)
    assert town.do(town.phone_of_others, answer_order, order_id, "arrived", town.now)
    assert town.kinds() == ["order.sent", "order.delivered", "order.accepted", "order.arrived"]


def test_who_declines_says_why_and_the_next_team_is_asked(town: Town) -> None:
    first = town.send()
    assert town.refused(town.phone_of_others, answer_order, first, "declined", town.now) == "order.bad_reason"
    town.do(town.phone_of_others, answer_order, first, "declined", town.now, "vehicle")
    assert town.order(first).reason == "vehicle"
    second = town.order(town.send())
    assert second.team_id == town.reserve
    town.do(town.phone_of_quick, answer_order, second.id, "declined", town.now, "far")
    assert town.refused(town.duty, send_support, town.call, town.places) == "dispatch.nobody_free"


def test_unanswered_for_a_minute_it_is_overdue_and_a_late_yes_counts(town: Town) -> None:
    order_id = town.send()
    town.later(59)
    assert not town.do(SYSTEM, mark_overdue, order_id)
    town.later(1)
    with town.database.reading() as session:
        assert (Timer.ORDER_OVERDUE, order_id) in {(each.timer, each.id) for each in due(session, town.now)}
    assert town.do(SYSTEM, mark_overdue, order_id)
    assert not town.do(SYSTEM, mark_overdue, order_id)
    assert town.do(town.phone_of_others, answer_order, order_id, "accepted", town.now)


def test_the_next_team_takes_the_order_off_the_first_ones_phones(town: Town) -> None:
    first = town.send()
    town.later(60)
    town.do(SYSTEM, mark_overdue, first)
    second = town.send()
    assert (town.order(first).state, town.order(second).team_id) == ("WITHDRAWN", town.reserve)
    assert town.refused(town.phone_of_others, answer_order, first, "accepted", town.now) == "order.transition_refused"


def test_the_end_of_the_call_withdraws_what_nobody_accepted(town: Town) -> None:
    asked = town.send()
    town.do(town.duty, end_call, town.call)
    assert town.order(asked).state == "WITHDRAWN"


def test_who_goes_goes_on_after_the_call(town: Town) -> None:
    going = town.send()
    town.do(town.phone_of_others, answer_order, going, "accepted", town.now)
    town.do(town.duty, end_call, town.call)
    assert town.order(going).state == "ACCEPTED"


def test_without_a_place_nobody_is_sent(town: Town) -> None:
    lost = ulid()
    town.do(town.phone, end_call, town.call)
    town.do(town.phone, place_call, lost, town.now)
    assert town.refused(town.duty, send_support, lost, {1003: NEAR}) == "dispatch.no_scene"
    assert town.refused(town.phone, send_support, lost, town.places) == "identity.not_permitted"


def test_no_event_holds_a_place_or_a_name(town: Town) -> None:
    town.do(town.phone_of_others, answer_order, town.send(), "declined", town.now, "other")
    with town.database.reading() as session:
        rows = session.scalars(select(OrderRow)).all()
        said = str([entry.payload for entry in entries_after(session, 0) if entry.kind.startswith("order.")])
    assert rows
    assert "40." not in said
    assert "四组" not in said

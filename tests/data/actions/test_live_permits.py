"""A live picture before a stage: two signatures, and the end the moment that picture, call, mission or screening end."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from data.actions.attendees import invite_attendee
from data.actions.calls import answer_call, end_call, place_call
from data.actions.live_permits import certify_live, propose_live, stop_live
from data.actions.participants import close_picture, open_picture
from data.actions.screenings import (
    Place,
    begin_screening,
    black_out,
    black_out_unwatched,
    end_screening,
    invite_stage,
    lift_blackout,
    open_stage,
    plan_screening,
    set_programme,
    show_item,
)
from data.common_ground import common_ground
from data.errors import CommandCentreError
from data.journal import entries_after
from data.queries import live_permits as read
from data.queries.released import stage
from data.queries.screenings import one_screening
from data.queries.wall import rows
from data.rules.live_permits import PermitState
from data.rules.missions import MissionStep
from data.rules.permissions import NOBODY, SYSTEM, Clearance, Role, Sight
from data.tables import CasePartyRow
from tests.data.small_court import COURT, SmallCourt, say, ulid

STAGE = Sight(Clearance.STAGE, Role.STAGE, COURT, positions=False)


class Live:
    """A mission on scene whose officer talks with the centre, a screening that runs, and a permit with its place in the programme."""

    def __init__(self, court: SmallCourt, signatures: int = 2, delay_s: int = 30) -> None:
        self.court = court
        court.file_case()
        court.assign()
        court.move(MissionStep.ARRIVED)
        self.call = ulid()
        court.do(court.phone, place_call, self.call, court.now)
        court.do(court.duty, answer_call, self.call)
        self.screening = court.do(court.duty, plan_screening, "一月警示教育")
        self.permit = court.do(court.duty, propose_live, self.screening, "M1", delay_s)
        for who in (court.duty, court.president)[:signatures]:
            court.do(who, certify_live, self.permit, True)
        court.do(court.duty, set_programme, self.screening, [Place(title="法律", words="自愿履行"), Place(permit_id=self.permit)])
        self.session = court.do(NOBODY, open_stage, court.do(court.duty, invite_stage, self.screening)).session_id
        court.do(court.duty, begin_screening, self.screening)

    def show(self) -> None:
        self.court.do(self.court.duty, show_item, self.screening, 1)

    def state(self) -> tuple[str, str | None]:
        with self.court.database.reading() as session:
            row = read.permits_of(session, self.court.sights()["desk"], self.screening)[0]
        return row.state, row.over_cause

    def on_air(self) -> read.OnAir | None:
        with self.court.database.reading() as session:
            return read.on_air(session)

    def stage(self) -> Any:
        with self.court.database.reading() as session:
            return stage(session, STAGE, self.session, self.court.now)


def code(court: SmallCourt, actor: Any, action: Callable[..., object], *given: Any) -> str:
    with pytest.raises(CommandCentreError) as refused:
        court.do(actor, action, *given)
    return refused.value.code


@pytest.fixture
def court(database: Any, clock: Any) -> SmallCourt:
    return SmallCourt(database, clock.now())


def test_nothing_is_on_air_until_two_different_people_have_permitted_it(court: SmallCourt) -> None:
    live = Live(court, signatures=0)
    assert live.on_air() is None
    assert code(court, court.duty, certify_live, live.permit, False) == "live.not_told"
    assert court.do(court.duty, certify_live, live.permit, True) is PermitState.CERTIFIED_1
    assert code(court, court.duty, certify_live, live.permit, True) == "live.same_person"
    assert code(court, court.duty, show_item, live.screening, 1) == "screening.not_released"
    assert live.on_air() is None
    assert court.do(court.president, certify_live, live.permit, True) is PermitState.LIVE
    on_air = live.on_air()
    assert on_air is not None
    assert (on_air.permit_id, on_air.delay_s, on_air.shown) == (live.permit, 30, False), "its memory fills, nothing is shown"
    live.show()
    shown = live.on_air()
    assert shown is not None
    assert shown.shown
    assert shown.stream.startswith(f"{live.call}.")
    item = live.stage().item
    assert (item.kind, item.permit_id, item.delay_s, item.title, item.words, item.release_id) == ("LIVE", live.permit, 30, "", None, None)
    kinds = [entry.kind for entry in kept(court) if entry.kind.startswith("live.")]
    assert kinds == ["live.proposed", "live.certified", "live.certified", "live.permitted"]


def test_where_the_court_forbids_it_nobody_can_propose_or_certify_it(court: SmallCourt) -> None:
    live = Live(court, signatures=1)
    assert code(court, court.duty, propose_live, live.screening, "M1", 30, False) == "live.forbidden"
    assert code(court, court.president, certify_live, live.permit, True, False) == "live.forbidden"


def test_who_may_not_host_or_certify_is_refused(court: SmallCourt) -> None:
    live = Live(court, signatures=1)
    for actor in (court.phone, court.technical, court.inspector):
        assert code(court, actor, propose_live, live.screening, "M1", 30) == "identity.not_permitted"
        assert code(court, actor, certify_live, live.permit, True) == "identity.not_permitted"
    assert code(court, court.duty, black_out_unwatched, live.screening) == "identity.not_permitted"


ENDS: dict[str, tuple[Callable[[Live], object], str]] = {
    "the officer closes his picture": (lambda live: live.court.do(live.court.phone, close_picture, live.call, "privacy"), "PICTURE_CLOSED"),
    "the call ends": (lambda live: live.court.do(live.court.phone, end_call, live.call), "CALL_OVER"),
    "the mission ends": (lambda live: live.court.move(MissionStep.FINISHED), "MISSION_OVER"),
    "the screening ends": (lambda live: live.court.do(live.court.duty, end_screening, live.screening), "SCREENING_OVER"),
    "a minor is there": (lambda live: live.court.do(live.court.duty, stop_live, live.permit, "MINOR"), "MINOR"),
    "somebody is ill": (lambda live: live.court.do(live.court.commander, stop_live, live.permit, "ILLNESS"), "ILLNESS"),
    "somebody is searched": (lambda live: live.court.do(live.court.duty, stop_live, live.permit, "BODY_SEARCH"), "BODY_SEARCH"),
    "somebody decides so": (lambda live: live.court.do(live.court.inspector, stop_live, live.permit, "DECIDED", "不妥"), "DECIDED"),
}


@pytest.mark.parametrize("end", ENDS)
def test_it_ends_the_moment_that(court: SmallCourt, end: str) -> None:
    live = Live(court)
    live.show()
    assert live.on_air() is not None
    act, cause = ENDS[end]
    act(live)
    assert live.state() == ("ENDED" if cause.endswith(("OVER", "CLOSED")) else "REVOKED", cause)
    assert live.on_air() is None
    left = live.stage()
    assert left is None or left.item is None, "the court's card"
    assert code(court, court.duty, stop_live, live.permit, "MINOR") == "live.state"


def test_a_picture_that_opens_again_is_not_on_the_stage_again(court: SmallCourt) -> None:
    live = Live(court)
    live.show()
    court.do(court.phone, close_picture, live.call, "safety")
    court.do(court.phone, open_picture, live.call)
    assert live.on_air() is None
    assert code(court, court.duty, show_item, live.screening, 1) == "screening.not_released"


def test_what_is_not_permitted_yet_waits_for_the_next_call_but_not_behind_a_closed_picture(court: SmallCourt) -> None:
    live = Live(court, signatures=1)
    court.do(court.phone, end_call, live.call)
    assert live.state()[0] == "CERTIFIED_1"
    again = ulid()
    court.do(court.phone, place_call, again, court.now)
    court.do(court.phone, close_picture, again, "privacy")
    assert live.state() == ("ENDED", "PICTURE_CLOSED")


def test_another_call_of_the_same_mission_neither_takes_its_place_nor_ends_it(court: SmallCourt) -> None:
    live = Live(court)
    live.show()
    shown = live.on_air()
    colleague = court._phone(1002, 2, court.bailiff, court.team)
    for answered in (False, True):
        other = ulid()
        court.do(colleague, place_call, other, court.now)
        if answered:
            court.later(1)
            court.do(court.duty, answer_call, other)
        assert live.on_air() == shown
        court.do(colleague, end_call, other)
        assert live.on_air() == shown
    other = ulid()
    court.do(colleague, place_call, other, court.now)
    court.do(court.duty, answer_call, other)
    court.do(court.phone, end_call, live.call)
    assert live.state() == ("ENDED", "CALL_OVER"), "nobody chose the other one's picture"


def test_while_it_is_black_nothing_is_on_air(court: SmallCourt) -> None:
    live = Live(court)
    live.show()
    assert court.do(court.duty, black_out, live.screening)
    assert live.on_air() is None
    court.do(court.duty, lift_blackout, live.screening)
    assert live.on_air() is not None
    assert court.do(SYSTEM, black_out_unwatched, live.screening)
    assert not court.do(SYSTEM, black_out_unwatched, live.screening)
    assert live.on_air() is None
    assert [entry.payload["why"] for entry in kept(court) if entry.kind == "screening.blacked_out"] == ["key", "unwatched"]


def test_a_permit_is_for_one_screening(court: SmallCourt) -> None:
    live = Live(court)
    other = court.do(court.duty, plan_screening, "二月警示教育")
    assert code(court, court.duty, set_programme, other, [Place(permit_id=live.permit)]) == "screening.not_released"
    with court.database.reading() as session:
        places = one_screening(session, court.sights()["desk"], live.screening, court.now).places
    assert [(place.kind, place.permit_id, place.live) for place in places] == [("CARD", None, True), ("LIVE", live.permit, True)]


def test_its_people_and_its_desk_see_that_the_mission_is_on_a_stage_and_a_wall_does_not(court: SmallCourt) -> None:
    live = Live(court)

    def seen(sight: Sight) -> Any:
        with court.database.reading() as session:
            answered = rows(session, sight, [("mission", "M1"), ("team", court.team)], court.now, say=say)
        return next(row for kind, _, row in answered if kind == "mission")

    sights = court.sights()
    assert [seen(sights[name]).get("on_stage") for name in ("desk", "field", "wall", "visitors")] == [True, True, None, None]
    court.do(court.duty, stop_live, live.permit, "DECIDED")
    assert seen(sights["desk"])["on_stage"] is False


def test_the_clear_picture_is_named_to_the_host_only_and_only_while_it_is_permitted_and_open(court: SmallCourt) -> None:
    live = Live(court, signatures=1)

    def clear(sight: Sight | None = None) -> Any:
        with court.database.reading() as session:
            return read.clear_stream(session, sight or court.sights()["desk"], live.screening)

    assert clear() is None
    court.do(court.president, certify_live, live.permit, True)
    assert clear().call_id == live.call
    for sight in (STAGE, court.sights()["wall"], court.sights()["field"]):
        with pytest.raises(CommandCentreError):
            clear(sight)
    court.do(court.phone, close_picture, live.call, "privacy")
    assert clear() is None


def test_nobody_is_invited_before_whom_the_mission_of_his_own_case_would_be_shown(court: SmallCourt) -> None:
    court.file_case(parties=court.debtors())
    live = Live(court)
    with court.database.reading() as session:
        party = session.scalars(select(CasePartyRow.id).where(CasePartyRow.kind == "DEBTOR")).first() or ""
    other = court.do(court.duty, plan_screening, "二月警示教育")
    permit = court.do(court.duty, propose_live, other, "M1", 30)
    court.do(court.duty, set_programme, other, [Place(permit_id=permit)])
    court.do(court.duty, invite_attendee, other, party)
    with court.database.reading() as session:
        shared = common_ground(session, court.journal.sealing, other)
        assert [(each.position, each.attendee) for each in shared] == [(1, 1)]
        assert common_ground(session, court.journal.sealing, live.screening) == []


def kept(court: SmallCourt) -> list[Any]:
    with court.database.reading() as session:
        return list(entries_after(session, 0, 500))

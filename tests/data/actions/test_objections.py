"""Somebody before the screen objects from his own device: what is shown stops, once; who is not there stops nothing and is heard."""

import pytest
from sqlalchemy import select

from data.actions.attendees import invite_attendee, read_people, take_off
from data.actions.objections import Objected, look_at_objection, object_from_seat, object_late
from data.actions.screenings import (
    Place,
    begin_screening,
    end_screening,
    invite_stage,
    lift_blackout,
    open_check_in,
    open_stage,
    plan_screening,
    set_programme,
    show_item,
    tick_materials,
)
from data.actions.sign_ins import check_in, leave
from data.errors import NotFound, NotPermitted, TransitionRefused
from data.journal import entries_after
from data.queries.objecting import place_of
from data.queries.objections import objections_of
from data.queries.released import stage
from data.queries.wall import sight_of
from data.rules.cases import PartyKind
from data.rules.permissions import NOBODY, Clearance, Role, Sight
from data.rules.screening import MATERIALS
from data.tables import CasePartyRow, ReleaseRow, ScreeningRow
from tests.data.actions.test_screenings import released
from tests.data.small_court import COURT, SmallCourt

STAGE = Sight(Clearance.STAGE, Role.STAGE, COURT, positions=False)


class Room:
    """A session that runs before one person in his seat, with a clip, another clip and a card."""

    def __init__(self, court: SmallCourt) -> None:
        self.court = court
        self.releases = [released(court)[1] for _ in range(2)]
        self.screening = court.do(court.duty, plan_screening, "一月")
        places = [*(Place(release_id=each) for each in self.releases), Place(title="法律", words="自愿履行")]
        court.do(court.duty, set_programme, self.screening, places)
        court.file_case(parties=court.debtors(), case_no="（2026）岭0108执9号")
        with court.database.reading() as session:
            party = session.scalars(select(CasePartyRow.id).where(CasePartyRow.kind == PartyKind.DEBTOR)).first() or ""
        self.attendee = court.do(court.duty, invite_attendee, self.screening, party)
        invited = court.do(court.duty, read_people, self.screening)[0]
        self.code, self.secret = invited.code or "", invited.objecting or ""
        court.do(court.duty, tick_materials, self.screening, MATERIALS)
        court.do(court.duty, open_check_in, self.screening)
        self.stage = court.do(NOBODY, open_stage, court.do(court.duty, invite_stage, self.screening)).session_id

    def begin(self, position: int | None = 0) -> None:
        self.court.do(self.court.duty, check_in, self.screening, self.code)
        self.court.do(self.court.duty, begin_screening, self.screening)
        if position is not None:
            self.show(position)

    def show(self, position: int) -> None:
        self.court.do(self.court.duty, show_item, self.screening, position)

    def press(self) -> Objected:
        return self.court.do(NOBODY, object_from_seat, self.secret)

    def state(self) -> tuple[str, list[str]]:
        with self.court.database.reading() as session:
            states = [session.get_one(ReleaseRow, each).state for each in self.releases]
            return session.get_one(ScreeningRow, self.screening).state, states

    def kinds(self, since: int) -> list[str]:
        with self.court.database.reading() as session:
            return [entry.kind for entry in entries_after(session, since)]


@pytest.fixture
def room(court: SmallCourt) -> Room:
    return Room(court)


def test_a_press_makes_black_and_withdraws_what_is_shown_and_nothing_else(room: Room) -> None:
    room.begin()
    assert room.press() == Objected(stopped=True, first=True)
    assert room.state() == ("BLACKOUT", ["REVOKED", "LIVE"])
    with room.court.database.reading() as session:
        seen = stage(session, STAGE, room.stage, room.court.now)
        assert seen is not None
        assert seen.black
        assert seen.item is None
        told = objections_of(session, sight_of(room.court.duty), room.screening)
    assert [(each.seat, each.number, each.stopped, each.finding) for each in told] == [(1, 1, True, None)]


def test_a_flood_of_presses_is_one_objection_and_another_clip_is_another(room: Room) -> None:
    room.begin()
    room.press()
    for _ in range(20):
        assert room.press() == Objected(stopped=True, first=False)
    room.court.do(room.court.duty, lift_blackout, room.screening)
    assert room.press().first is False, "the host shows the room again: the same press does not make it black again"
    assert room.state()[0] == "RUNNING"
    room.show(1)
    assert room.press() == Objected(stopped=True, first=True)
    assert room.state() == ("BLACKOUT", ["REVOKED", "REVOKED"])
    with room.court.database.reading() as session:
        assert len(objections_of(session, sight_of(room.court.duty), room.screening)) == 2


def late(room: Room) -> Objected:
    """As a process writes it that was not asked itself."""
    return room.court.do(NOBODY, object_late, room.attendee, room.releases[0], None, room.court.now)


def test_a_press_that_is_written_late_does_what_it_would_have_done_and_once(room: Room) -> None:
    room.begin()
    assert (late(room), late(room), room.press()) == (Objected(True, True), Objected(True, False), Objected(True, False))
    assert room.state() == ("BLACKOUT", ["REVOKED", "LIVE"])
    with room.court.database.reading() as session:
        told = objections_of(session, sight_of(room.court.duty), room.screening)
    assert [(each.seat, each.number, each.stopped) for each in told] == [(1, 1, True)]


def test_a_press_that_is_written_late_leaves_what_is_shown_by_then(room: Room) -> None:
    room.begin()
    room.show(1)
    assert late(room) == Objected(stopped=True, first=True)
    assert room.state() == ("RUNNING", ["REVOKED", "LIVE"])
    assert late(room).first is False
    assert room.state()[0] == "RUNNING"


def test_before_a_card_and_afterwards_it_is_noted_once(room: Room) -> None:
    assert room.press() == Objected(stopped=False, first=True)
    assert room.press().first is False
    room.begin(2)
    assert room.press() == Objected(stopped=False, first=False), "a card stops for nobody; what he noted before still waits"
    room.court.do(room.court.duty, end_screening, room.screening)
    assert room.press().stopped is False
    assert room.state() == ("ENDED", ["LIVE", "LIVE"])
    with room.court.database.reading() as session:
        (one,) = objections_of(session, sight_of(room.court.duty), room.screening)
    room.court.do(room.court.duty, look_at_objection, one.id, "UNFOUNDED")
    with pytest.raises(TransitionRefused, match="looked at"):
        room.court.do(room.court.duty, look_at_objection, one.id, "FOUNDED")
    assert room.press() == Objected(stopped=False, first=True), "what was looked at does not silence him"


def test_who_has_left_is_heard_but_stops_nothing(room: Room) -> None:
    room.begin()
    room.court.do(room.court.duty, leave, room.screening, "1")
    assert room.press() == Objected(stopped=False, first=True)
    assert room.state() == ("RUNNING", ["LIVE", "LIVE"])
    with room.court.database.reading() as session:
        place = place_of(session, room.secret)
    assert place is not None
    assert (place.phase, place.stops, place.done) == ("away", False, True)


def test_a_foreign_link_and_one_that_was_taken_back_get_the_same_answer(room: Room) -> None:
    for secret in ("x" * 43, "", room.secret[:-1], room.code, "y" * 4_000):
        with pytest.raises(NotFound) as refused:
            room.court.do(NOBODY, object_from_seat, secret)
        assert refused.value.code == "link.closed"
    room.court.do(room.court.duty, take_off, room.attendee)
    with pytest.raises(NotFound) as gone:
        room.press()
    assert gone.value.code == "link.closed"
    with room.court.database.reading() as session:
        assert place_of(session, room.secret) is None


def test_the_journal_names_the_attendee_by_id_and_nobody_else(room: Room) -> None:
    room.begin()
    with room.court.database.reading() as session:
        before = [entry.seq for entry in entries_after(session, 0)][-1]
    room.press()
    with room.court.database.reading() as session:
        entries = list(entries_after(session, before))
    assert {entry.kind for entry in entries} == {"objection.raised", "screening.blacked_out", "release.revoked", "audit.recorded"}
    said = str(entries)
    assert room.attendee in said
    assert not [word for word in ("某", "执9号", room.secret, room.code) if word in said]


def test_only_the_court_looks_at_it(room: Room) -> None:
    room.press()
    with room.court.database.reading() as session:
        (one,) = objections_of(session, sight_of(room.court.duty), room.screening)
        with pytest.raises(NotPermitted):
            objections_of(session, STAGE, room.screening)
    with pytest.raises(NotPermitted):
        room.court.do(room.court.phone, look_at_objection, one.id, "FOUNDED")

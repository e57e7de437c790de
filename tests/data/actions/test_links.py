"""One-time links: looking changes nothing, one gets in, a second never; and the pairing of a wall."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from data.actions import links
from data.actions.links import Lasts, LinkUse
from data.actions.timers import run_due
from data.engines import Database
from data.errors import BadInput, CommandCentreError, NotFound, NotPermitted, TooMany
from data.queries.links import link_view, pairing_view, waiting_view
from data.queries.timers import due
from data.rules.links import OPEN_PAIRINGS, Purpose
from data.rules.permissions import NOBODY, Role
from data.tables import DeviceRow, EntryRow, LinkRow, SessionRow, WallRow
from tests.small_court import PHONE_UNIT, WALL, SmallCourt, found, officer_id, somebody

STRANGER = replace(NOBODY, address="192.0.2.7")


@pytest.fixture
def court(database: Database, tmp_path: Path) -> SmallCourt:
    return found(database, tmp_path / "keys")


def made(court: SmallCourt, purpose: Purpose, **target: object) -> str:
    return court.journal.do(court.system, court.now(), links.make_link, purpose, **target)  # type: ignore[arg-type]


def used(court: SmallCourt, secret: str) -> LinkUse:
    return court.journal.do(STRANGER, court.now(), links.use_link, secret, Lasts())


def gone(court: SmallCourt, secret: str) -> None:
    with pytest.raises(NotFound) as refused:
        used(court, secret)
    assert refused.value.code == "link.closed"


def test_looking_twenty_times_changes_nothing_and_one_use_is_all(court: SmallCourt) -> None:
    secret = made(court, Purpose.ENROL, unit_no=PHONE_UNIT)
    for _ in range(20):
        with court.database.reading() as session:
            view = link_view(session, secret, court.now())
        assert view is not None
        assert (view.purpose, view.who) == (Purpose.ENROL, "1003")
    assert used(court, secret).face == "/field/"
    gone(court, secret)
    with court.database.reading() as session:
        assert link_view(session, secret, court.now()) is None
        assert session.scalar(select(func.count()).select_from(DeviceRow)) == 1


def test_of_eight_who_press_at_once_one_gets_in(court: SmallCourt) -> None:
    secret = made(court, Purpose.WALL, wall_id=WALL)

    def press(_: int) -> str:
        try:
            return used(court, secret).purpose
        except CommandCentreError as error:
            return error.code

    with ThreadPoolExecutor(8) as people:
        outcomes = list(people.map(press, range(8)))
    assert sorted(outcomes) == ["link.closed"] * 7 + ["wall"]
    with court.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(SessionRow)) == 1
    assert court.journal.verify() is None


def test_each_purpose_opens_its_own_face(court: SmallCourt) -> None:
    desk = used(court, made(court, Purpose.SIGN_IN, officer_id=officer_id(Role.DUTY)))
    wall = used(court, made(court, Purpose.WALL, wall_id=WALL))
    director = used(court, made(court, Purpose.DIRECTOR))
    assert (desk.face, wall.face, director.face) == ("/centre/desk", "/centre/wall", "/demo")
    assert wall.lasts >= timedelta(days=30), "a wall survives the night"
    with court.database.reading() as session:
        kinds = set(session.scalars(select(SessionRow.kind)))
    assert kinds == {"OFFICER", "WALL", "DIRECTOR"}


def test_a_link_dies_by_itself(court: SmallCourt) -> None:
    short, long = made(court, Purpose.WALL, wall_id=WALL), made(court, Purpose.WALL, wall_id=WALL, ttl=timedelta(days=2))
    court.later(601)
    gone(court, short)
    assert used(court, long).purpose is Purpose.WALL


def test_only_digests_are_kept_and_no_secret_reaches_the_journal(court: SmallCourt) -> None:
    secret = made(court, Purpose.ENROL, unit_no=PHONE_UNIT)
    token = used(court, secret).token
    with court.database.reads.connect() as connection:
        stored = repr([connection.execute(select(*table.__table__.columns)).all() for table in (LinkRow, EntryRow, DeviceRow, SessionRow)])
    assert secret not in stored
    assert token not in stored


@pytest.mark.parametrize("secret", ["", "x", "../../etc/passwd", "' OR 1=1 --", "榕", "\udcff", "a" * 10_000])
def test_an_unknown_secret_gets_the_neutral_answer(court: SmallCourt, secret: str) -> None:
    gone(court, secret)
    with court.database.reading() as session:
        assert link_view(session, secret, court.now()) is None


def test_a_link_names_exactly_what_it_opens(court: SmallCourt) -> None:
    for purpose, target in (
        (Purpose.ENROL, {}),
        (Purpose.ENROL, {"officer_id": officer_id(Role.DUTY)}),
        (Purpose.SIGN_IN, {"officer_id": officer_id(Role.DUTY), "unit_no": PHONE_UNIT}),
        (Purpose.DIRECTOR, {"wall_id": WALL}),
    ):
        with pytest.raises(BadInput):
            made(court, purpose, **target)
    with pytest.raises(NotFound):
        made(court, Purpose.ENROL, unit_no=4711)


def test_who_may_not_make_it_does_not(court: SmallCourt) -> None:
    for role in (Role.JUDGE, Role.INSPECTOR, Role.WALL, Role.DEVICE, Role.NOBODY):
        with pytest.raises(NotPermitted):
            court.journal.do(somebody(role), court.now(), links.make_link, Purpose.ENROL, unit_no=PHONE_UNIT)
    with pytest.raises(NotPermitted) as refused:
        court.journal.do(somebody(Role.DUTY, locked=True), court.now(), links.make_link, Purpose.ENROL, unit_no=PHONE_UNIT)
    assert refused.value.code == "identity.locked"


def test_a_revoked_wall_opens_no_more(court: SmallCourt) -> None:
    secret = made(court, Purpose.WALL, wall_id=WALL)
    with court.journal.work(court.system, court.now()) as work:
        work.session.get_one(WallRow, WALL).revoked_at = court.now()
    gone(court, secret)


# --- pairing ---


def test_a_wall_shows_a_code_the_desk_approves_and_only_that_browser_gets_in(court: SmallCourt) -> None:
    pairing = court.journal.do(STRANGER, court.now(), links.start_pairing)
    other = court.journal.do(STRANGER, court.now(), links.start_pairing)
    assert court.journal.do(STRANGER, court.now(), links.take_pairing, pairing.secret, Lasts()) is None
    typed = f"{pairing.code[:3].lower()} {pairing.code[3:]}"
    wall_id = court.journal.do(somebody(Role.DUTY), court.now(), links.approve_pairing, typed, "调解室")
    with court.database.reading() as session:
        view = pairing_view(session, pairing.secret, court.now())
    assert view is not None
    assert view.approved
    opened = court.journal.do(STRANGER, court.now(), links.take_pairing, pairing.secret, Lasts())
    assert opened is not None
    assert opened.face == "/centre/wall"
    with court.database.reading() as session:
        assert session.scalars(select(SessionRow.wall_id)).one() == wall_id
        assert session.get_one(WallRow, wall_id).name == "调解室"
    with pytest.raises(NotFound):
        court.journal.do(STRANGER, court.now(), links.take_pairing, pairing.secret, Lasts())
    assert court.journal.do(STRANGER, court.now(), links.take_pairing, other.secret, Lasts()) is None


def test_a_name_that_exists_is_the_same_wall(court: SmallCourt) -> None:
    pairing = court.journal.do(STRANGER, court.now(), links.start_pairing)
    assert court.journal.do(somebody(Role.TECHNICAL), court.now(), links.approve_pairing, pairing.code, "指挥大厅") == WALL


def test_a_code_is_approved_by_the_right_people_once_and_in_time(court: SmallCourt) -> None:
    pairing = court.journal.do(STRANGER, court.now(), links.start_pairing)
    for actor in (STRANGER, somebody(Role.JUDGE), somebody(Role.WALL), somebody(Role.DUTY, locked=True)):
        with pytest.raises(NotPermitted):
            court.journal.do(actor, court.now(), links.approve_pairing, pairing.code, "指挥大厅")
    with pytest.raises(NotFound):
        court.journal.do(somebody(Role.DUTY), court.now(), links.approve_pairing, "ACDEFH", "指挥大厅")
    court.later(601)
    with pytest.raises(NotFound):
        court.journal.do(somebody(Role.DUTY), court.now(), links.approve_pairing, pairing.code, "指挥大厅")


def test_a_pairing_secret_is_no_link(court: SmallCourt) -> None:
    pairing = court.journal.do(STRANGER, court.now(), links.start_pairing)
    gone(court, pairing.secret)
    with court.database.reading() as session:
        assert link_view(session, pairing.secret, court.now()) is None
        assert pairing_view(session, pairing.secret, court.now()) is not None, "and trying it did not use it up"


def kept_addresses(court: SmallCourt) -> list[str | None]:
    with court.database.reading() as session:
        return [address for address in session.scalars(select(LinkRow.address)) if address is not None]


def test_the_desk_that_may_approve_sees_from_where_a_browser_asks_and_nobody_else_does(court: SmallCourt) -> None:
    asked_at = court.now()
    pairing = court.journal.do(STRANGER, asked_at, links.start_pairing)
    court.later(30)
    with court.database.reading() as session:
        for role in (Role.DUTY, Role.COMMANDER, Role.TECHNICAL):
            view = waiting_view(session, somebody(role), f" {pairing.code.lower()}", court.now())
            assert (view.address, view.asked_at) == ("192.0.2.7", asked_at)
        for actor in (STRANGER, somebody(Role.INSPECTOR), somebody(Role.JUDGE), somebody(Role.WALL), somebody(Role.DUTY, locked=True)):
            with pytest.raises(NotPermitted):
                waiting_view(session, actor, pairing.code, court.now())
        with pytest.raises(NotFound):
            waiting_view(session, somebody(Role.DUTY), "AAAAAA", court.now())
        with pytest.raises(BadInput):
            waiting_view(session, somebody(Role.DUTY), "AAA", court.now())


def test_from_where_it_asked_is_forgotten_with_the_decision(court: SmallCourt) -> None:
    pairing = court.journal.do(STRANGER, court.now(), links.start_pairing)
    assert kept_addresses(court) == ["192.0.2.7"]
    court.journal.do(somebody(Role.DUTY), court.now(), links.approve_pairing, pairing.code, "调解室")
    assert kept_addresses(court) == []
    with court.database.reading() as session, pytest.raises(NotFound):
        waiting_view(session, somebody(Role.DUTY), pairing.code, court.now())


def test_from_where_it_asked_is_forgotten_when_its_ten_minutes_are_over(court: SmallCourt) -> None:
    court.journal.do(STRANGER, court.now(), links.start_pairing)
    with court.database.reading() as session:
        assert due(session, court.later(599)) == []
        waiting = due(session, court.later(2))
    assert [court.journal.do(court.system, court.now(), run_due, one) for one in waiting * 2] == [True, False]
    assert kept_addresses(court) == []


def test_no_event_says_from_where_it_asked(court: SmallCourt) -> None:
    pairing = court.journal.do(STRANGER, court.now(), links.start_pairing)
    court.journal.do(somebody(Role.DUTY), court.now(), links.approve_pairing, pairing.code, "调解室")
    with court.database.reads.connect() as connection:
        assert "192.0.2.7" not in repr(connection.execute(select(*EntryRow.__table__.columns)).all())


def test_a_flood_of_waiting_walls_ends(court: SmallCourt) -> None:
    for _ in range(OPEN_PAIRINGS):
        court.journal.do(STRANGER, court.now(), links.start_pairing)
    with pytest.raises(TooMany):
        court.journal.do(STRANGER, court.now(), links.start_pairing)
    court.later(601)
    court.journal.do(STRANGER, court.now(), links.start_pairing)

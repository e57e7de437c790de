"""Desks: signing in and out, the lock, and ending somebody's session."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from ulid import ULID

from data.actions import devices, sessions
from data.actions.sessions import Opened
from data.actions.sos import acknowledge_sos, raise_sos
from data.engines import Database
from data.errors import AlreadyOwned, NotPermitted, NotSignedIn, RuleBroken
from data.journal import Work
from data.rules.permissions import NOBODY, Actor, Role, Verb, may
from data.tables import SessionRow
from tests.small_court import COURT, PHONE_UNIT, WALL, SmallCourt, found, give_account, officer_id, somebody

HOURS = timedelta(hours=12)


@pytest.fixture
def court(database: Database, tmp_path: Path) -> SmallCourt:
    court = found(database, tmp_path / "keys")
    give_account(court, Role.DUTY)
    return court


def desk(court: SmallCourt, role: Role = Role.DUTY) -> tuple[Opened, Actor]:
    opened = court.journal.do(NOBODY, court.now(), sessions.open_for_officer, officer_id(role), HOURS, how="link")
    return opened, replace(somebody(role), session_id=opened.session_id)


def row(court: SmallCourt, session_id: str) -> SessionRow:
    with court.database.reading() as session:
        return session.get_one(SessionRow, session_id)


def test_a_session_begins_as_the_officer_and_ends_by_signing_out_once(court: SmallCourt) -> None:
    opened, me = desk(court)
    assert row(court, opened.session_id).expires_at == court.now() + HOURS
    for _ in range(2):
        court.journal.do(me, court.later(60), sessions.sign_out)
    assert row(court, opened.session_id).closed_at is not None
    assert court.journal.verify() is None


def test_from_signing_in_on_the_work_is_his(court: SmallCourt) -> None:
    with court.journal.work(replace(NOBODY, address="192.0.2.7"), court.now()) as work:
        assert not may(work.actor, Verb.TAKE_CALL)
        sessions.open_for_officer(work, officer_id(Role.DUTY), HOURS, how="link")
        assert (work.actor.role, work.actor.address) == (Role.DUTY, "192.0.2.7")


def test_a_locked_desk_may_nothing_until_it_is_unlocked(court: SmallCourt) -> None:
    opened, me = desk(court)
    court.journal.do(me, court.now(), sessions.lock)
    assert row(court, opened.session_id).locked_at == court.now()
    locked = replace(me, locked=True)
    assert {verb for verb in Verb if may(locked, verb)} == {Verb.BLACK_OUT}

    def unlock(work: Work) -> bool:
        sessions.unlock(work)
        return may(work.actor, Verb.TAKE_CALL)

    assert court.journal.do(locked, court.now(), unlock)
    assert row(court, opened.session_id).locked_at is None


def test_a_locked_desk_takes_no_alarm_until_the_pin_and_two_desks_have_one_owner(court: SmallCourt) -> None:
    _, mine = desk(court)
    _, other = desk(court, Role.COMMANDER)
    enrolment = court.journal.do(court.system, court.now(), devices.enrol_device, PHONE_UNIT)
    phone = Actor(
        kind="DEVICE",
        id=f"device:{enrolment.device_no}",
        role=Role.DEVICE,
        court_code=COURT,
        officer_id=officer_id(Role.FIELD),
        unit_no=PHONE_UNIT,
        device_no=enrolment.device_no,
    )
    sos_id = str(ULID())
    court.journal.do(phone, court.now(), raise_sos, sos_id, court.now(), None, 80)
    court.journal.do(mine, court.now(), sessions.lock)
    with pytest.raises(NotPermitted) as refused:
        court.journal.do(replace(mine, locked=True), court.now(), acknowledge_sos, sos_id)
    assert refused.value.code == "identity.locked"
    court.journal.do(replace(mine, locked=True), court.now(), sessions.unlock)
    assert court.journal.do(other, court.now(), acknowledge_sos, sos_id)
    with pytest.raises(AlreadyOwned):
        court.journal.do(mine, court.now(), acknowledge_sos, sos_id)


def test_an_ended_session_is_not_unlocked(court: SmallCourt) -> None:
    _, me = desk(court)
    court.journal.do(me, court.now(), sessions.lock)
    court.journal.do(me, court.now(), sessions.sign_out)
    with pytest.raises(NotSignedIn):
        court.journal.do(me, court.now(), sessions.unlock)


def test_a_session_is_ended_by_who_manages_people_and_a_wall_by_who_pairs(court: SmallCourt) -> None:
    opened, _ = desk(court)
    wall = court.journal.do(NOBODY, court.now(), sessions.open_for_wall, WALL, COURT, HOURS)
    with pytest.raises(NotPermitted):
        court.journal.do(somebody(Role.COMMANDER), court.now(), sessions.close_session, opened.session_id)
    with pytest.raises(NotPermitted):
        court.journal.do(somebody(Role.INSPECTOR), court.now(), sessions.close_session, wall.session_id)
    court.journal.do(somebody(Role.TECHNICAL), court.now(), sessions.close_session, opened.session_id)
    court.journal.do(somebody(Role.COMMANDER), court.now(), sessions.close_session, wall.session_id)
    assert row(court, opened.session_id).closed_at is not None
    assert row(court, wall.session_id).closed_at is not None


def test_a_desk_that_nobody_could_open_again_is_not_locked(court: SmallCourt) -> None:
    opened, me = desk(court, Role.COMMANDER)  # came by a one-time link, has neither PIN nor password
    with pytest.raises(RuleBroken) as refused:
        court.journal.do(me, court.now(), sessions.lock)
    assert refused.value.code == "identity.no_pin"
    assert row(court, opened.session_id).locked_at is None


def test_a_wall_has_no_lock(court: SmallCourt) -> None:
    wall = court.journal.do(NOBODY, court.now(), sessions.open_for_wall, WALL, COURT, HOURS)
    actor = Actor(kind="WALL", id=WALL, role=Role.WALL, court_code=COURT, wall_id=WALL, session_id=wall.session_id)
    court.journal.do(actor, court.now(), sessions.lock)
    assert row(court, wall.session_id).locked_at is None

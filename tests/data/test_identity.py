"""Who holds a token: by memory that follows the journal, soon wrong for nobody, and honest when the database is silent."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, update
from sqlalchemy.orm import Session

from data import credentials
from data.actions import accounts, devices, sessions, walls
from data.actions.devices import Enrolment
from data.actions.sessions import Opened
from data.engines import Database, open_database
from data.errors import DatabaseUnavailable
from data.identity import BESIDE_S, FRESH_S, GRACE_S, MISS_S, PATIENCE_S, Identity
from data.journal import Announcement
from data.lanes import Lane
from data.rules.permissions import NOBODY, Role
from data.tables import OfficerRow, Table
from tests.servers import PostgresServer
from tests.small_court import COURT, PHONE_UNIT, TEAM, VEHICLE_UNIT, WALL, SmallCourt, found, give_account, officer_id, somebody

HOURS = timedelta(hours=12)
JWTS = (
    "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.eyJzdWIiOiJkdXR5Iiwicm9sZSI6ImR1dHkifQ.",
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIwMURVVFkiLCJyb2xlIjoiZHV0eSJ9.cThIIoDvwdueQB468K5xDc5633seEFoqwxjF_xSJyQQ",
    "eyJhbGciOiJIUzI1NiIsImtpZCI6Ii4uLy4uL2tleXMvc2VhbGluZy5rZXkifQ.eyJzdWIiOiIxIn0.AAAA",
)


class Seconds:
    """A clock that stands until it is moved."""

    at = 1_000.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def court(database: Database, tmp_path: Path) -> SmallCourt:
    return found(database, tmp_path / "keys")


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


@pytest.fixture
def lane() -> Iterator[Lane]:
    lane = Lane("identity", threads=2, waiting=2)
    yield lane
    lane.close()


@pytest.fixture
def identity(court: SmallCourt, seconds: Seconds, lane: Lane) -> Identity:
    return Identity(court.database, court.keys, lane, court.now, seconds)


def desk(court: SmallCourt, role: Role = Role.DUTY) -> Opened:
    return court.journal.do(NOBODY, court.now(), sessions.open_for_officer, officer_id(role), HOURS, how="link")


def phone(court: SmallCourt, unit_no: int = PHONE_UNIT) -> Enrolment:
    return court.journal.do(court.system, court.now(), devices.enrol_device, unit_no)


def wait(seconds: Seconds) -> None:
    seconds.at += FRESH_S + 0.1


@contextmanager
def questions(database: Database) -> Iterator[list[str]]:
    """What is asked of the database meanwhile."""
    asked: list[str] = []

    def said(_: Any, __: Any, statement: str, *___: Any) -> None:
        asked.append(statement)

    event.listen(database.reads, "before_cursor_execute", said)
    yield asked
    event.remove(database.reads, "before_cursor_execute", said)


class SlowToTell(Lane):
    """A lane whose answers have come and are not noticed yet, as in a loop that is busy."""

    def __init__(self) -> None:
        super().__init__("identity", threads=2, waiting=2)
        self.held, self.told = asyncio.Event(), asyncio.Event()

    async def run(self, work: Any, *args: Any, **kwargs: Any) -> Any:
        done = await super().run(work, *args, **kwargs)
        self.held.set()
        await self.told.wait()
        return done


# --- who is it ---


async def test_each_token_opens_its_own_door_only(court: SmallCourt, identity: Identity) -> None:
    session, device, machine = desk(court), phone(court), credentials.issue_machine_token(court.keys, Role.CASE_SYSTEM)
    doors = (identity.session, identity.device, identity.osmand, identity.machine)
    tokens = (session.token, device.token, device.osmand_id, machine)
    for own, door in enumerate(doors):
        for number, token in enumerate(tokens):
            assert (await door(token) is not None) is (own == number)


async def test_an_officer_is_known_with_role_court_and_team(court: SmallCourt, identity: Identity) -> None:
    opened = desk(court, Role.JUDGE)
    actor = await identity.session(opened.token)
    assert actor is not None
    assert (actor.kind, actor.role, actor.officer_id, actor.team_id) == ("OFFICER", Role.JUDGE, officer_id(Role.JUDGE), TEAM)
    assert (actor.court_code, actor.session_id, actor.locked) == (COURT, opened.session_id, False)


async def test_a_device_is_known_by_unit_officer_and_team(court: SmallCourt, identity: Identity) -> None:
    enrolled, vehicle = phone(court), phone(court, VEHICLE_UNIT)
    for actor in (await identity.device(enrolled.token), await identity.osmand(enrolled.osmand_id)):
        assert actor is not None
        assert (actor.kind, actor.id, actor.role) == ("DEVICE", f"device:{enrolled.device_no}", Role.DEVICE)
        assert (actor.unit_no, actor.officer_id, actor.team_id) == (PHONE_UNIT, officer_id(Role.FIELD), TEAM)
    in_vehicle = await identity.device(vehicle.token)
    assert in_vehicle is not None
    assert (in_vehicle.unit_no, in_vehicle.officer_id) == (VEHICLE_UNIT, None)


@pytest.mark.parametrize("token", [*JWTS, "", "admin", "榕", "\udcff", "x" * 1_000_000, "null", "' OR ''='"])
async def test_what_only_looks_like_a_token_is_unknown(court: SmallCourt, identity: Identity, token: str) -> None:
    desk(court)
    for door in (identity.session, identity.device, identity.osmand, identity.machine):
        assert await door(token) is None


async def test_the_digest_that_is_stored_is_no_token(court: SmallCourt, identity: Identity) -> None:
    opened = desk(court)
    assert await identity.session(credentials.digest(opened.token)) is None


async def test_a_session_ends_by_itself(court: SmallCourt, identity: Identity) -> None:
    opened = desk(court)
    court.later(12 * 3600 - 1)
    assert await identity.session(opened.token) is not None
    court.later(1)
    assert await identity.session(opened.token) is None


async def test_a_role_this_version_does_not_know_is_nobody_and_hurts_nobody_else(court: SmallCourt, identity: Identity) -> None:
    poison, other = desk(court, Role.JUDGE), desk(court)
    with Session(court.database.writes) as session, session.begin():
        session.execute(update(OfficerRow).where(OfficerRow.id == officer_id(Role.JUDGE)).values(role="wizard"))
    assert await identity.session(poison.token) is None
    assert await identity.session(other.token) is not None


def test_threads_ask_the_same_way(court: SmallCourt, identity: Identity) -> None:
    session, device = desk(court), phone(court)
    assert identity.actor_of_session(session.token) is not None
    assert identity.actor_of_device(device.token) == identity.device_of_osmand_key(device.osmand_id)
    assert identity.actor_of_machine("nothing") is None


# --- what changes ---


async def test_within_three_seconds_nobody_who_was_revoked_is_known(court: SmallCourt, identity: Identity, seconds: Seconds) -> None:
    """Whatever process revoked, and although this one heard nothing of it."""
    desk_of_duty, wall = desk(court), court.journal.do(NOBODY, court.now(), sessions.open_for_wall, WALL, COURT, HOURS)
    handset, vehicle = phone(court), phone(court, VEHICLE_UNIT)
    assert all([await identity.session(desk_of_duty.token), await identity.session(wall.token)])
    assert all([await identity.device(handset.token), await identity.osmand(vehicle.osmand_id)])
    court.journal.do(somebody(Role.TECHNICAL), court.now(), sessions.close_session, desk_of_duty.session_id)
    court.journal.do(somebody(Role.TECHNICAL), court.now(), walls.revoke_wall, WALL)
    court.journal.do(somebody(Role.TECHNICAL), court.now(), accounts.disable, officer_id(Role.FIELD))
    court.journal.do(somebody(Role.TECHNICAL), court.now(), devices.revoke_device, vehicle.device_no)
    assert await identity.device(handset.token) is not None, "an answer lives two seconds"
    wait(seconds)
    assert await identity.session(desk_of_duty.token) is None
    assert await identity.session(wall.token) is None
    assert await identity.device(handset.token) is None
    assert await identity.osmand(handset.osmand_id) is None
    assert await identity.device(vehicle.token) is None
    assert await identity.osmand(vehicle.osmand_id) is None


async def test_what_was_heard_bites_at_once(court: SmallCourt, identity: Identity) -> None:
    device = phone(court)
    assert await identity.device(device.token) is not None
    court.journal.do(somebody(Role.DUTY), court.now(), devices.revoke_device, device.device_no)
    identity.heard([Announcement(1, "case.filed", ())])
    assert await identity.device(device.token) is not None
    identity.heard([Announcement(2, "device.revoked", ())])
    assert await identity.device(device.token) is None


async def test_who_signs_in_while_an_answer_is_on_its_way_is_known_at_once(court: SmallCourt, seconds: Seconds) -> None:
    """Found by `bench start`: once in many starts the wall that had just used its link was sent to the sign-in page."""
    lane = SlowToTell()
    identity = Identity(court.database, court.keys, lane, court.now, seconds)
    first = asyncio.create_task(identity.session("nobody's"))
    await lane.held.wait()
    opened = desk(court)
    identity.forget()
    second = asyncio.create_task(identity.session(opened.token))
    await asyncio.sleep(0)
    lane.told.set()
    assert await first is None
    assert await second is not None
    lane.close()


async def test_a_role_and_a_lock_are_seen(court: SmallCourt, identity: Identity, seconds: Seconds) -> None:
    opened = desk(court)
    give_account(court, Role.DUTY)
    assert await identity.session(opened.token)
    court.journal.do(court.system, court.now(), accounts.set_role, officer_id(Role.DUTY), Role.LEADER)
    wait(seconds)
    actor = await identity.session(opened.token)
    assert actor is not None
    assert actor.role is Role.LEADER
    court.journal.do(actor, court.now(), sessions.lock)
    wait(seconds)
    locked = await identity.session(opened.token)
    assert locked is not None
    assert locked.locked
    court.journal.do(locked, court.now(), sessions.unlock)
    wait(seconds)
    actor = await identity.session(opened.token)
    assert actor is not None
    assert not actor.locked


async def test_a_socket_asks_whether_its_actor_is_still_who_he_was(court: SmallCourt, identity: Identity, seconds: Seconds) -> None:
    opened, device = desk(court), phone(court)
    person, handset = await identity.session(opened.token), await identity.device(device.token)
    assert person is not None
    assert handset is not None
    person = replace(person, address="192.0.2.7")
    assert await identity.again(person) == person
    assert await identity.again(handset) == handset
    assert await identity.again(NOBODY) is None
    assert await identity.again(court.system) == court.system
    court.journal.do(person, court.now(), sessions.sign_out)
    court.journal.do(somebody(Role.DUTY), court.now(), devices.revoke_device, device.device_no)
    wait(seconds)
    assert await identity.again(person) is None
    assert await identity.again(handset) is None


async def test_a_machine_token_is_replaced_and_revoked(court: SmallCourt, identity: Identity, seconds: Seconds) -> None:
    first = credentials.issue_machine_token(court.keys, Role.CASE_SYSTEM)
    actor = await identity.machine(first)
    assert actor is not None
    assert (actor.kind, actor.role, actor.id) == ("MACHINE", Role.CASE_SYSTEM, "case_system")
    second = credentials.issue_machine_token(court.keys, Role.CASE_SYSTEM)
    wait(seconds)
    assert await identity.machine(first) is None
    assert await identity.machine(second) is not None
    credentials.revoke_machine_token(court.keys, Role.CASE_SYSTEM)
    wait(seconds)
    assert await identity.machine(second) is None
    files = list(court.keys.iterdir())
    assert all(file.stat().st_mode & 0o077 == 0 for file in files)
    assert not any(second in file.read_text() for file in files)


# --- what it costs ---


async def test_a_thousand_look_ups_ask_the_database_once(court: SmallCourt, identity: Identity) -> None:
    tokens = [phone(court).token for _ in range(20)]
    assert await identity.device(tokens[0])
    with questions(court.database) as asked:
        for _ in range(50):
            assert all([await identity.device(token) for token in tokens])
    assert asked == []


async def test_many_who_come_at_once_ask_one_question(court: SmallCourt, identity: Identity, seconds: Seconds) -> None:
    device = phone(court)
    await identity.device(device.token)
    wait(seconds)
    with questions(court.database) as asked:
        assert all(await asyncio.gather(*(identity.device(device.token) for _ in range(200))))
    assert sum(statement.startswith("SELECT max") for statement in asked) == 1


async def test_a_flood_of_unknown_tokens_asks_four_times_a_second(court: SmallCourt, identity: Identity, seconds: Seconds) -> None:
    await identity.device("x")
    with questions(court.database) as asked:
        for number in range(1_000):
            seconds.at += 0.001
            await identity.device(f"unknown{number}")
    assert sum(statement.startswith("SELECT max") for statement in asked) <= 1 / MISS_S + 1


async def test_beside_other_processes_who_came_in_there_a_moment_ago_is_known(court: SmallCourt, seconds: Seconds, lane: Lane) -> None:
    alone, beside = (Identity(court.database, court.keys, lane, court.now, seconds, alone=alone) for alone in (True, False))
    for each in (alone, beside):
        assert await each.session("nobody") is None  # both have asked just now
    opened = desk(court)  # by somebody who tells neither
    assert await alone.session(opened.token) is None
    assert await beside.session(opened.token) is not None


async def test_a_flood_of_unknown_tokens_beside_others_costs_few_questions(court: SmallCourt, lane: Lane) -> None:
    identity = Identity(court.database, court.keys, lane, court.now, alone=False)
    began = time.monotonic()
    with questions(court.database) as asked:
        answers = await asyncio.gather(*(identity.device(f"unknown{number}") for number in range(2_000)), return_exceptions=True)
    seconds = time.monotonic() - began
    # a machine that is busy elsewhere may keep the answer longer than anybody waits: then they are told so, none is let in
    assert all(answer is None or isinstance(answer, DatabaseUnavailable) for answer in answers)
    assert sum(statement.startswith("SELECT max") for statement in asked) <= 4 + 2 * seconds / BESIDE_S


async def test_nothing_is_read_again_while_nobody_came_or_went(court: SmallCourt, identity: Identity, seconds: Seconds) -> None:
    device = phone(court)
    await identity.device(device.token)
    wait(seconds)
    with questions(court.database) as asked:
        await identity.device(device.token)
    assert not any("FROM device" in statement for statement in asked)


# --- when the database is silent ---


@pytest.fixture
async def postgres_court(postgres_url: str, tmp_path: Path) -> AsyncIterator[SmallCourt]:
    database = open_database(postgres_url)
    Table.metadata.create_all(database.writes)
    yield found(database, tmp_path / "keys")
    database.close()


async def test_while_the_database_is_frozen_who_was_known_goes_on_and_then_nobody_is(
    postgres: PostgresServer, postgres_court: SmallCourt, lane: Lane
) -> None:
    seconds = Seconds()
    identity = Identity(postgres_court.database, postgres_court.keys, lane, postgres_court.now, seconds)
    device = phone(postgres_court)
    assert await identity.device(device.token) is not None
    postgres.freeze()
    try:
        wait(seconds)
        assert await identity.device(device.token) is not None
        seconds.at += PATIENCE_S
        for _ in range(100):
            assert await identity.device(device.token) is not None, "and nobody waits again for the same question"
        with pytest.raises(DatabaseUnavailable):
            await identity.device("unknown, or enrolled a moment ago")
        seconds.at += GRACE_S
        with pytest.raises(DatabaseUnavailable):
            await identity.device(device.token)
    finally:
        postgres.thaw()
    async with asyncio.timeout(60):
        while True:
            seconds.at += 1
            try:
                assert await identity.device(device.token) is not None
                break
            except DatabaseUnavailable:
                await asyncio.sleep(0.2)


def test_two_threads_that_ask_at_once_get_the_same_answer(court: SmallCourt, identity: Identity) -> None:
    device, answers = phone(court), []
    identity.refresh()  # the first connection may take longer than a door's patience on a loaded machine
    identity.forget()
    threads = [threading.Thread(target=lambda: answers.append(identity.actor_of_device(device.token))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 8
    assert len(set(answers)) == 1
    assert answers[0] is not None

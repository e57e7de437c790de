"""Accounts: no default, nobody's own role, no weak secret, sessions end with the password."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from data.actions import accounts, sessions
from data.actions.links import Lasts
from data.actions.units import begin_duty
from data.credentials import hash_secret, matches
from data.engines import Database
from data.errors import BadInput, NotFound, NotPermitted, NotSignedIn, RuleBroken
from data.identity import check_password, check_pin
from data.journal import entries_after
from data.rules.permissions import Role
from data.tables import AccountRow, EntryRow, OfficerRow, SessionRow, UnitRow
from tests.small_court import PASSWORD, PIN, SmallCourt, found, officer_id, somebody

ROOT = Path(__file__).resolve().parents[3]
DUTY = officer_id(Role.DUTY)
DEFAULTS = [
    ("admin", "admin"),
    ("administrator", "password"),
    ("guest", "guest"),
    ("", ""),
    ("admin", ""),
    ("root", "root"),
    ("ecc", "ecc"),
]


@pytest.fixture
def court(database: Database, tmp_path: Path) -> SmallCourt:
    return found(database, tmp_path / "keys")


def opened(court: SmallCourt) -> None:
    court.journal.do(court.system, court.now(), accounts.open_account, DUTY, "chenjun", PASSWORD, PIN)


def test_nothing_works_on_a_fresh_installation(court: SmallCourt) -> None:
    for username, password in DEFAULTS:
        assert check_password(court.database, username, password) is None, username


def test_the_first_account_has_a_random_password_that_is_said_once(court: SmallCourt) -> None:
    first = court.journal.do(court.system, court.now(), accounts.first_account, DUTY, "Chenjun")
    other = court.journal.do(court.system, court.now(), accounts.first_account, officer_id(Role.LEADER), "leader")
    assert first.password != other.password
    assert len(first.password) == 24
    proof = check_password(court.database, "CHENJUN", first.password)
    assert proof is not None
    assert proof.must_change
    for username, password in DEFAULTS:
        assert check_password(court.database, username, password) is None
    assert first.password not in everything_stored(court)


def everything_stored(court: SmallCourt) -> str:
    with court.database.reads.connect() as connection:
        rows = [connection.execute(select(*table.__table__.columns)).all() for table in (AccountRow, EntryRow, SessionRow)]
    return repr(rows)


def test_no_account_can_be_given_a_known_secret(court: SmallCourt) -> None:
    for _, password in DEFAULTS:
        with pytest.raises(BadInput):
            court.journal.do(court.system, court.now(), accounts.open_account, DUTY, "chenjun", password)


def test_an_officer_has_one_account_and_a_name_belongs_to_one(court: SmallCourt) -> None:
    opened(court)
    with pytest.raises(RuleBroken) as again:
        opened(court)
    assert again.value.code == "identity.account_exists"
    with pytest.raises(RuleBroken) as refused:
        court.journal.do(court.system, court.now(), accounts.open_account, officer_id(Role.LEADER), "ChenJun", PASSWORD)
    assert refused.value.code == "identity.username_taken"
    with pytest.raises(NotFound):
        court.journal.do(court.system, court.now(), accounts.open_account, "01NOBODY", "nobody1", PASSWORD)


def test_password_and_pin_are_checked_by_their_hashes_only(court: SmallCourt) -> None:
    opened(court)
    assert check_password(court.database, "chenjun", PASSWORD) is not None
    assert check_password(court.database, "chenjun", PASSWORD + " ") is None
    assert check_pin(court.database, DUTY, PIN)
    assert not check_pin(court.database, DUTY, "407194")
    assert not check_pin(court.database, DUTY, PASSWORD), "with a PIN set, the password does not open the lock"
    assert not check_pin(court.database, "01NOBODY", PIN)
    stored = everything_stored(court)
    assert PASSWORD not in stored
    assert PIN not in stored


def test_without_a_pin_the_password_opens_the_lock(court: SmallCourt) -> None:
    court.journal.do(court.system, court.now(), accounts.open_account, DUTY, "chenjun", PASSWORD)
    assert check_pin(court.database, DUTY, PASSWORD)


def test_a_broken_hash_is_no_password_and_no_error(court: SmallCourt) -> None:
    assert not matches("not a hash", PASSWORD)
    assert not matches("", PASSWORD)
    assert not matches(None, PASSWORD)
    assert not matches(hash_secret(PASSWORD), PASSWORD * 20)


def test_nobody_else_manages_people(court: SmallCourt) -> None:
    field = officer_id(Role.FIELD)
    for actor in [somebody(role) for role in Role if role not in (Role.TECHNICAL, Role.SYSTEM)]:
        with pytest.raises(NotPermitted):
            court.journal.do(actor, court.now(), accounts.open_account, DUTY, "chenjun", PASSWORD)
        with pytest.raises(NotPermitted):
            court.journal.do(actor, court.now(), accounts.set_role, field, Role.COMMANDER)
        with pytest.raises(NotPermitted):
            court.journal.do(actor, court.now(), accounts.disable, field)
        with pytest.raises(NotPermitted):
            court.journal.do(actor, court.now(), accounts.enable, field)


def test_nobody_gives_himself_another_role(court: SmallCourt) -> None:
    with pytest.raises(NotPermitted):
        court.journal.do(somebody(Role.TECHNICAL), court.now(), accounts.set_role, officer_id(Role.TECHNICAL), Role.COMMANDER)


def test_no_person_becomes_a_machine(court: SmallCourt) -> None:
    for role in (Role.WALL, Role.DEVICE, Role.SYSTEM, Role.DIRECTOR, Role.CASE_SYSTEM, Role.NOBODY):
        with pytest.raises(BadInput):
            court.journal.do(court.system, court.now(), accounts.set_role, DUTY, role)


def test_another_password_ends_the_other_sessions_but_not_ones_own(court: SmallCourt) -> None:
    opened(court)
    proof = check_password(court.database, "chenjun", PASSWORD)
    assert proof is not None
    mine = court.journal.do(court.system, court.now(), sessions.sign_in, proof, Lasts().desk)
    other = court.journal.do(court.system, court.now(), sessions.sign_in, proof, Lasts().desk)
    me = replace(somebody(Role.DUTY), session_id=mine.session_id)
    court.journal.do(me, court.now(), accounts.set_password, DUTY, "石桥边的第二棵老木棉 31")
    with court.database.reading() as session:
        assert session.get_one(SessionRow, mine.session_id).closed_at is None
        assert session.get_one(SessionRow, other.session_id).closed_at is not None
    assert check_password(court.database, "chenjun", PASSWORD) is None
    with pytest.raises(NotSignedIn):
        court.journal.do(court.system, court.now(), sessions.sign_in, proof, Lasts().desk)


def test_one_sets_ones_own_pin_and_nobody_elses(court: SmallCourt) -> None:
    opened(court)
    court.journal.do(somebody(Role.DUTY), court.now(), accounts.set_pin, DUTY, "902817")
    assert check_pin(court.database, DUTY, "902817")
    with pytest.raises(NotPermitted):
        court.journal.do(somebody(Role.FIELD), court.now(), accounts.set_pin, DUTY, "902818")
    with pytest.raises(NotPermitted):
        court.journal.do(somebody(Role.DUTY, locked=True), court.now(), accounts.set_pin, DUTY, "902818")


def test_a_disabled_officer_has_no_session_and_opens_none(court: SmallCourt) -> None:
    opened(court)
    proof = check_password(court.database, "chenjun", PASSWORD)
    assert proof is not None
    session_id = court.journal.do(court.system, court.now(), sessions.sign_in, proof, Lasts().desk).session_id
    court.journal.do(somebody(Role.TECHNICAL), court.now(), accounts.disable, DUTY)
    assert check_password(court.database, "chenjun", PASSWORD) is None
    with pytest.raises(NotSignedIn):
        court.journal.do(court.system, court.now(), sessions.sign_in, proof, Lasts().desk)
    with court.database.reading() as session:
        assert session.get_one(SessionRow, session_id).closed_at == court.now()
        assert session.get_one(OfficerRow, DUTY).disabled_at == court.now()
    court.journal.do(somebody(Role.TECHNICAL), court.now(), accounts.enable, DUTY)
    assert check_password(court.database, "chenjun", PASSWORD) is not None


def test_every_change_stands_in_the_journal_and_the_chain_holds(court: SmallCourt) -> None:
    opened(court)
    court.journal.do(court.system, court.now(), accounts.set_role, DUTY, Role.COMMANDER)
    with court.database.reading() as session:
        kinds = list(session.scalars(select(EntryRow.kind).order_by(EntryRow.seq)))
    assert kinds == ["account.opened", "audit.recorded", "account.changed", "audit.recorded"]
    assert court.journal.verify() is None


def test_the_duty_of_a_disabled_officer_ends_with_an_event(court: SmallCourt) -> None:
    with court.database.reading() as session:
        unit = session.scalars(select(UnitRow).where(UnitRow.officer_id.is_not(None))).first()
    assert unit is not None
    assert unit.officer_id is not None
    court.journal.do(court.system, court.now(), begin_duty, unit.no, court.now())
    court.journal.do(somebody(Role.TECHNICAL), court.now(), accounts.disable, unit.officer_id)
    with court.database.reading() as session:
        assert not session.get_one(UnitRow, unit.no).on_duty
        assert entries_after(session, 0)[-1].kind == "duty.ended"


def test_a_secret_is_hashed_as_dearly_as_rfc_9106_asks() -> None:
    """In a process of its own: the tests of this one hash their invented people's quickly."""
    command = [sys.executable, "-c", "from data.credentials import hash_secret; print(hash_secret('lantern'))"]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert said.startswith("$argon2id$v=19$m=65536,t=3,p=4$")

"""The demonstration's court: complete, invented, and begun anew at every start."""

import sqlite3
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from data import demo
from data.credentials import digest
from data.demo import Prepared, prepare, seed
from data.engines import Database, open_database
from data.identity import Identity, check_password, check_pin
from data.invented_court import DESK_PIN, invented
from data.journal import Journal
from data.lanes import Lane
from data.rules.permissions import Role
from data.sealing import load_sealing
from data.settings import Settings
from data.tables import AccountRow, AreaRow, CaseRow, DeviceRow, MissionRow, OfficerRow, Table, TeamRow, UnitRow, VehicleRow, WallRow

NOW = datetime(2026, 11, 24, 1, 38, tzinfo=UTC)
LATER = NOW + timedelta(minutes=5)


class Founded:
    """The court after two starts."""

    def __init__(self, home: Path) -> None:
        self.settings = invented(Settings.of(home=home), 28_800)
        self.settings.make_folders()
        self.database: Database = open_database(self.settings.database_url)
        Table.metadata.create_all(self.database.writes)
        self.journal = Journal(self.database, load_sealing(self.settings.keys), self.settings.court_code)
        seed(self.journal, self.settings, NOW)
        self.first: Prepared = prepare(self.journal, self.settings, NOW)
        seed(self.journal, self.settings, LATER)
        self.second: Prepared = prepare(self.journal, self.settings, LATER)


@pytest.fixture(scope="module")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Founded:
    return Founded(tmp_path_factory.mktemp("demo"))


def count(founded: Founded, table: type[Table]) -> int:
    with founded.database.reading() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def test_the_court_is_there_once_with_its_people_district_and_cases(founded: Founded) -> None:
    assert founded.settings.court_code == "岭0108"
    assert [count(founded, table) for table in (OfficerRow, TeamRow, AreaRow, WallRow)] == [58 + 2, 9, 177, 1]
    assert count(founded, CaseRow) == 60 + 2, "sixty, and one of each morning"
    assert count(founded, VehicleRow) == 10 + 2
    with founded.database.reading() as session:
        roles = Counter(session.scalars(select(OfficerRow.role)))
        leaders = select(OfficerRow.name).join(TeamRow, TeamRow.leader_id == OfficerRow.id)
        surnames = {name[0] for name in session.scalars(leaders)}
        names = list(session.scalars(select(OfficerRow.name)))
    assert roles[Role.DUTY] == 1 + 1
    assert surnames >= set(demo.LEADERS)
    assert all(name[1] in demo.GIVEN for name in names)
    assert len(set(names)) == 58 + 2


def test_at_least_twenty_devices_stand_on_duty_driven_by_nobody_and_as_many_are_simulated(founded: Founded) -> None:
    for prepared in (founded.first, founded.second):
        nobodys = [device for device in prepared.devices if device.driver is None]
        assert len(nobodys) >= 24
        assert len(prepared.devices) - len(nobodys) == 28
    with founded.database.reading() as session:
        on_duty = set(session.scalars(select(UnitRow.no).where(UnitRow.on_duty)))
    assert on_duty >= {device.unit_no for device in founded.second.devices}


def test_a_second_start_gives_new_secrets_and_the_former_ones_are_nobody(founded: Founded) -> None:
    identity = Identity(founded.database, founded.settings.keys, Lane("test", 1, 1))
    for device in founded.second.devices:
        actor = identity.actor_of_device(device.token)
        assert actor is not None
        assert actor.unit_no == device.unit_no
    assert identity.actor_of_device(founded.first.devices[0].token) is None
    assert identity.actor_of_machine(founded.first.case_token) is None
    machine = identity.actor_of_machine(founded.second.case_token)
    assert machine is not None
    assert machine.role is Role.CASE_SYSTEM


def test_the_day_begins_again_with_the_same_missions(founded: Founded) -> None:
    with founded.database.reading() as session:
        states = Counter(session.scalars(select(MissionRow.state)))
    assert states["EN_ROUTE"] == 5
    assert states["ON_SCENE"] == 1
    assert states["ASSIGNED"] == 2
    assert states["CANCELLED"] == 7


def test_four_phones_can_be_put_into_visitors_hands(founded: Founded) -> None:
    assert len(founded.first.phones) == 4
    with founded.database.reading() as session:
        teams = set(
            session.scalars(select(TeamRow.name).join(UnitRow, UnitRow.team_id == TeamRow.id).where(
                UnitRow.no.in_([no for _, no, _ in founded.first.phones])
            ))
        )  # fmt: skip
    assert teams == {"快反组"}


def test_the_duty_officer_has_a_pin_of_this_home_and_no_password_that_anybody_knows(founded: Founded) -> None:
    pin, file = founded.first.pin, founded.settings.keys / DESK_PIN
    assert founded.second.pin == pin == file.read_text().strip()
    assert file.stat().st_mode & 0o777 == 0o600
    with founded.database.reading() as session:
        account = session.scalars(select(AccountRow)).one()
    assert check_pin(founded.database, account.officer_id, pin)
    assert not check_pin(founded.database, account.officer_id, "123456")
    assert check_password(founded.database, account.username, pin) is None
    with sqlite3.connect(founded.settings.home / "ecc.db") as database:
        assert f"'{pin}'" not in "\n".join(database.iterdump())


def test_canaries_and_secrets_lie_nowhere_readable_in_the_database(founded: Founded) -> None:
    hidden = founded.second.canaries
    words = [*hidden.names, *hidden.phones, *hidden.id_numbers, *hidden.plates, founded.second.wall, founded.second.devices[0].token]
    assert len(words) == 6
    with sqlite3.connect(founded.settings.home / "ecc.db") as database:
        dumped = "\n".join(database.iterdump())
    assert not [word for word in words if word in dumped]
    assert digest(founded.second.devices[0].token) in dumped
    assert count(founded, DeviceRow) == 2 * len(founded.second.devices)


def test_the_journal_of_the_seed_is_whole(founded: Founded) -> None:
    assert founded.journal.verify() is None

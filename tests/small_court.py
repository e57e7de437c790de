"""A court of a handful of people, for tests of identity: one of each role, two units, one wall. Written straight into the tables."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy.orm import Session

from data.engines import Database
from data.journal import Journal
from data.rules.permissions import SYSTEM, Actor, Role
from data.sealing import load_sealing
from data.tables import AccountRow, CourtRow, OfficerRow, TeamRow, UnitRow, VehicleRow, WallRow

COURT = "4401"
NOW = datetime(2026, 11, 23, 1, 38, tzinfo=UTC)
PASSWORD = "河边榕树下的第三张石凳 7"
PIN = "407193"
TEAM = "01TEAM0000000000000000000A"
WALL = "01WALL0000000000000000000A"
PHONE_UNIT, VEHICLE_UNIT = 1003, 2001
ROLES = (Role.DUTY, Role.COMMANDER, Role.LEADER, Role.JUDGE, Role.FIELD, Role.FUND, Role.TECHNICAL, Role.INSPECTOR, Role.UPPER)


def officer_id(role: Role) -> str:
    return f"01{role.upper():0<24.24}"


def somebody(role: Role, *, locked: bool = False, address: str | None = None) -> Actor:
    """The officer of this role, as if signed in."""
    return Actor(
        kind="OFFICER", id=officer_id(role), role=role, court_code=COURT, officer_id=officer_id(role), locked=locked, address=address
    )


@dataclass
class SmallCourt:
    """The journal of it, and a clock that tests move."""

    database: Database
    journal: Journal
    keys: Path
    at: datetime = NOW

    def now(self) -> datetime:
        return self.at

    def later(self, seconds: float) -> datetime:
        self.at += timedelta(seconds=seconds)
        return self.at

    @property
    def system(self) -> Actor:
        return SYSTEM


def found(database: Database, keys: Path) -> SmallCourt:
    """Every table must be there already."""
    with Session(database.writes) as session, session.begin():
        session.add(CourtRow(code=COURT, name="清溪区人民法院", level="BASIC", duty_phone="020-00000000"))
        session.flush()
        session.add(TeamRow(id=TEAM, court_code=COURT, name="三组", position=3))
        session.flush()
        for role in ROLES:
            team = TEAM if role in (Role.FIELD, Role.JUDGE) else None
            session.add(OfficerRow(id=officer_id(role), court_code=COURT, name="陈军", title="法官", role=role.value, team_id=team))
        session.add(VehicleRow(id="01VEHICLE00000000000000000", court_code=COURT, kind="POLICE", team_id=TEAM))
        session.add(WallRow(id=WALL, court_code=COURT, name="指挥大厅", position=1))
        session.flush()
        session.add(UnitRow(no=PHONE_UNIT, court_code=COURT, kind="OFFICER", officer_id=officer_id(Role.FIELD), team_id=TEAM))
        session.add(UnitRow(no=VEHICLE_UNIT, court_code=COURT, kind="VEHICLE", vehicle_id="01VEHICLE00000000000000000", team_id=TEAM))
    return SmallCourt(database, Journal(database, load_sealing(keys), COURT), keys)


def give_account(court: SmallCourt, role: Role) -> None:
    """An account that nobody can sign in with: enough to lock a desk, without the time that hashing takes."""
    with Session(court.database.writes) as session, session.begin():
        session.add(AccountRow(officer_id=officer_id(role), username=role.value, password_hash="none", must_change=False))

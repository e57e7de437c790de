"""Whom whoever runs the machine lets in, and puts out: people, teams, units, phones, the case system. The same actions as the pages.

A running centre knows of each change within five seconds.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import select

from dashboard.naming import check_named
from dashboard.upgrade import upgrade
from data.actions import organisation
from data.actions.accounts import FirstAccount, disable, first_account, has_administrator
from data.actions.devices import enrol_device, revoke_device
from data.actions.keys import issue_case_token, revoke_case_token
from data.actions.links import make_link
from data.actions.second_factor import make_reset
from data.actions.walls import revoke_wall
from data.engines import open_database
from data.errors import BadInput, NotFound, RuleBroken
from data.journal import Journal, Work
from data.live_settings import current
from data.rules.identity import same_username
from data.rules.links import Purpose
from data.rules.permissions import SYSTEM, Role
from data.rules.units import UnitKind
from data.sealing import load_sealing
from data.settings import Settings
from data.tables import AccountRow, CourtRow, TeamRow, UnitRow, WallRow


@dataclass(frozen=True, slots=True)
class Mover:
    """Who or what moves under a unit's number: an officer who has an account, one who needs none (name, title), or a vehicle (kind)."""

    account: str | None = None
    name: str | None = None
    title: str | None = None
    vehicle: str | None = None
    plate: str | None = None


def add_officer(settings: Settings, username: str, name: str, title: str, role: str, team: str | None = None) -> FirstAccount:
    """Returns the account with its password, which is kept nowhere else. Raises BadInput, RuleBroken, NotFound, DatabaseUnavailable."""
    with _working(settings) as work:
        return first_account(work, organisation.add_officer(work, name, title, Role(role), team_id=_team(work, team)), username)


def first_administrator(settings: Settings, username: str, name: str, title: str) -> str:
    """The address where the first one who may manage people chooses his password, once, within ten minutes.

    Raises RuleBroken identity.administrator_exists, BadInput, DatabaseUnavailable.
    """
    with _working(settings) as work:
        if has_administrator(work):
            raise RuleBroken("administrator", code="identity.administrator_exists")
        officer_id = organisation.add_officer(work, name, title, Role.TECHNICAL)
        first_account(work, officer_id, username)  # with a password that nobody is told
        return f"{settings.origin}/link/{make_reset(work, officer_id)}"


def form_team(settings: Settings, name: str) -> None:
    """Raises RuleBroken team.exists, BadInput."""
    with _working(settings) as work:
        organisation.form_team(work, name)


def add_unit(settings: Settings, no: int, mover: Mover, team: str | None = None) -> None:
    """From now on this number is somebody's or some vehicle's. Raises RuleBroken unit.exists, unit.has_number; BadInput, NotFound."""
    with _working(settings) as work:
        team_id = _team(work, team)
        if mover.vehicle is not None:
            vehicle_id = organisation.add_vehicle(work, mover.vehicle, mover.plate, team_id)
            organisation.add_unit(work, no, UnitKind.VEHICLE, vehicle_id=vehicle_id, team_id=team_id)
            return
        if mover.account is not None:
            officer_id = _officer(work, mover.account)
        else:
            officer_id = organisation.add_officer(work, mover.name or "", mover.title or "", Role.FIELD, team_id=team_id)
        organisation.add_unit(work, no, UnitKind.OFFICER, officer_id=officer_id, team_id=team_id)


def enrolment_link(settings: Settings, which: str) -> str:
    """The address with which one phone becomes this unit's device, once, within 24 hours. which: its number, or an officer's account."""
    with _working(settings) as work:
        return f"{settings.origin}/link/{make_link(work, Purpose.ENROL, unit_no=_unit(work, which))}"


def enrolment_sheet(settings: Settings, path: Path, team: str | None, everybody: bool, hours: int) -> int:
    """A printable page with a code for each officer who has no phone yet. Returns how many. Raises BadInput, NotFound."""
    from dashboard.workbook.phones import codes, write_sheet

    lasts = timedelta(hours=hours)
    with _working(settings) as work:
        _team(work, team)
        made = codes(work, settings.origin, lasts, team, everybody)
        if made:  # before the commit: a page that cannot be written leaves no links behind
            until = work.now + lasts + timedelta(seconds=settings.civil_offset_s)
            write_sheet(path, current(work.session, settings).court_name, made, until)
    return len(made)


def tracker_key(settings: Settings, which: str) -> str:
    """The `id` for a Traccar Client or a vehicle set that speaks its form; kept nowhere else."""
    with _working(settings) as work:
        return enrol_device(work, _unit(work, which), "VEHICLE").osmand_id


def reset_link(settings: Settings, account: str) -> str:
    """The address where this administrator begins anew, once, within ten minutes. Raises NotFound, RuleBroken identity.no_administrator."""
    with _working(settings) as work:
        return f"{settings.origin}/link/{make_reset(work, _officer(work, account))}"


def case_system_token(settings: Settings) -> str:
    """A new token for the court's case system, kept nowhere else; its former one ends."""
    with _working(settings) as work:
        return issue_case_token(work, settings.keys)


def end_case_system_token(settings: Settings) -> None:
    """From now on nobody is the case system."""
    with suppress(NotFound), _working(settings) as work:  # none: then nobody is it already
        revoke_case_token(work, settings.keys)


def revoke(settings: Settings, what: str, which: str) -> None:
    """From now on a wall (by its name), a device (by its number) or an officer (by his account) is nobody. Raises NotFound."""
    with _working(settings) as work:
        if what == "wall":
            wall_id = work.session.scalar(select(WallRow.id).where(WallRow.name == which, WallRow.revoked_at.is_(None)))
            revoke_wall(work, wall_id or "")
        elif what == "device":
            if not _is_number(which):
                raise NotFound("device", code="not_found.device")
            revoke_device(work, int(which))
        else:
            disable(work, _officer(work, which))


@contextmanager
def _working(settings: Settings) -> Iterator[Work]:
    """One transaction of whoever runs the machine; the schema is brought up to date and the court founded first, if they are not yet."""
    upgrade(settings)
    database = open_database(settings.database_url)
    journal = Journal(database, load_sealing(settings.keys), settings.court_code, civil_offset_s=settings.civil_offset_s)
    try:
        with journal.work(SYSTEM, datetime.now(UTC)) as work:
            if work.session.get(CourtRow, settings.court_code) is None:
                check_named(settings)
                organisation.found_court(work, settings.court_code, settings.court_name, duty_phone=settings.duty_phone or None)
            yield work
    finally:
        database.close()


def _team(work: Work, name: str | None) -> str | None:
    """Raises NotFound."""
    if name is None:
        return None
    team_id = work.session.scalar(select(TeamRow.id).where(TeamRow.court_code == work.court_code, TeamRow.name == name))
    if team_id is None:
        raise NotFound("team", code="not_found.team")
    return team_id


def _officer(work: Work, account: str) -> str:
    """Raises NotFound."""
    officer_id = work.session.scalar(select(AccountRow.officer_id).where(AccountRow.username == same_username(account)))
    if officer_id is None:
        raise NotFound("account", code="not_found.account")
    return officer_id


def _unit(work: Work, which: str) -> int:
    """A unit by its number or its officer's account. Raises NotFound, BadInput unit.none_yet for an officer without a number."""
    if _is_number(which):
        return int(which)
    no = work.session.scalar(select(UnitRow.no).where(UnitRow.officer_id == _officer(work, which)))
    if no is None:
        raise BadInput("unit", code="unit.none_yet")
    return no


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 10

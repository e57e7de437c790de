"""`ecc officer add` and `ecc revoke`: whom whoever runs the machine lets in, and puts out."""

from datetime import UTC, datetime

from sqlalchemy import select

from dashboard.upgrade import upgrade
from data.actions.accounts import FirstAccount, disable, first_account
from data.actions.devices import revoke_device
from data.actions.organisation import add_officer as add
from data.actions.organisation import found_court
from data.actions.walls import revoke_wall
from data.engines import open_database
from data.errors import NotFound
from data.journal import Journal, Work
from data.rules.identity import same_username
from data.rules.permissions import SYSTEM, Role
from data.sealing import load_sealing
from data.settings import Settings
from data.tables import AccountRow, CourtRow, WallRow

REVOCABLE = ("wall", "device", "officer")


def add_officer(settings: Settings, username: str, name: str, title: str, role: str) -> FirstAccount:
    """Returns the account with its password, which is kept nowhere else. Raises BadInput, RuleBroken, DatabaseUnavailable."""
    upgrade(settings)
    database = open_database(settings.database_url)
    journal = Journal(database, load_sealing(settings.keys), settings.court_code, civil_offset_s=settings.civil_offset_s)
    with journal.work(SYSTEM, datetime.now(UTC)) as work:
        if work.session.get(CourtRow, settings.court_code) is None:
            found_court(work, settings.court_code, settings.court_name, duty_phone=settings.duty_phone or None)
        account = first_account(work, add(work, name, title, Role(role)), username)
    database.close()
    return account


def revoke(settings: Settings, what: str, which: str) -> None:
    """From now on a wall (by its name), a device (by its number) or an officer (by his account) is nobody.

    A running centre knows it within five seconds. Raises NotFound.
    """
    database = open_database(settings.database_url)
    journal = Journal(database, load_sealing(settings.keys), settings.court_code, civil_offset_s=settings.civil_offset_s)
    try:
        with journal.work(SYSTEM, datetime.now(UTC)) as work:
            _revoke(work, what, which)
    finally:
        database.close()


def _revoke(work: Work, what: str, which: str) -> None:
    if what == "wall":
        wall_id = work.session.scalar(select(WallRow.id).where(WallRow.name == which, WallRow.revoked_at.is_(None)))
        revoke_wall(work, wall_id or "")
    elif what == "device":
        if not (which.isascii() and which.isdigit() and len(which) < 10):
            raise NotFound("device", code="not_found.device")
        revoke_device(work, int(which))
    else:
        officer_id = work.session.scalar(select(AccountRow.officer_id).where(AccountRow.username == same_username(which)))
        disable(work, officer_id or "")

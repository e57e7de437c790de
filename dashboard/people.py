"""`ecc officer add`: the first account of a court, made by whoever runs the machine."""

from datetime import UTC, datetime

from dashboard.upgrade import upgrade
from data.actions.accounts import FirstAccount, first_account
from data.actions.organisation import add_officer as add
from data.actions.organisation import found_court
from data.engines import open_database
from data.journal import Journal
from data.rules.permissions import SYSTEM, Role
from data.sealing import load_sealing
from data.settings import Settings
from data.tables import CourtRow


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

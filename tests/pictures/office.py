"""Who looks after the demonstration's court: a browser of its administrator and one of its inspector, signed in without a password."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import select

from data.actions.organisation import add_officer
from data.actions.sessions import open_for_officer
from data.engines import open_database
from data.invented_court import COURT_CODE
from data.journal import Journal
from data.rules.permissions import SYSTEM, Role
from data.sealing import load_sealing
from data.settings import Settings
from data.tables import OfficerRow

LASTS = timedelta(hours=1)


def desk_cookies(home: Path) -> dict[Role, str]:
    """The cookie of a desk, for each. home: that of the running demonstration."""
    settings = Settings.of(home=home / "demo", demo=True, court_code=COURT_CODE)
    database = open_database(settings.database_url)
    journal = Journal(database, load_sealing(settings.keys), settings.court_code)
    cookies = {}
    try:
        for role in (Role.TECHNICAL, Role.INSPECTOR):
            with journal.work(SYSTEM, datetime.now(UTC)) as work:
                found = work.session.scalars(select(OfficerRow.id).where(OfficerRow.role == role, OfficerRow.disabled_at.is_(None))).first()
                cookies[role] = open_for_officer(work, found or add_officer(work, "周某", "科员", role), LASTS, how="link").token
    finally:
        database.close()
    return cookies

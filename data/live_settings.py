"""The settings in force: those of the start, with what an administrator has changed since."""

import logging
from dataclasses import replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from data.errors import Misconfigured
from data.settings import Settings, from_text, live_keys
from data.tables import CourtRow, SettingChangeRow

log = logging.getLogger(__name__)


def current(session: Session, start: Settings) -> Settings:
    """What is in force now. A change that this version cannot read any more counts as not made, and is logged by its key.

    The court's name and telephone are those of its own row, whoever gave them: the settings say them only until there is a court.
    """
    settings = start
    for key, change in newest(session).items():
        if change.new is None:
            continue
        try:
            settings = settings.but(**{key: from_text(key, change.new)})
        except Misconfigured:
            log.warning("the change %s of the setting %s cannot be read", change.id, key)
    court = session.execute(select(CourtRow.name, CourtRow.duty_phone).where(CourtRow.code == start.court_code)).one_or_none()
    return settings if court is None else replace(settings, court_name=court.name, duty_phone=court.duty_phone or settings.duty_phone)


def newest(session: Session) -> dict[str, SettingChangeRow]:
    """The change in force of each key; a key that may not change any more has none."""
    rows = session.scalars(select(SettingChangeRow).order_by(SettingChangeRow.id))
    return {row.key: row for row in rows if row.key in live_keys()}

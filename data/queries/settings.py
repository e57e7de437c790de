"""What the administrator sees of the settings, and who changed what."""

from dataclasses import dataclass, fields
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from data.errors import NotPermitted
from data.live_settings import current, newest
from data.rules.masking import officer
from data.rules.permissions import Actor, Clearance, Verb, may
from data.settings import Settings, as_words, is_secret, live_keys
from data.tables import OfficerRow, SettingChangeRow

CHANGES_MOST = 50


@dataclass(frozen=True, slots=True)
class Shown:
    """One setting as the administrator sees it. value: in force, in the words of the file; at_start: what the start read; None: a secret.

    changeable: while the centre runs. undo: the change that can be taken back, None when none was made.
    """

    key: str
    value: str | None
    at_start: str | None
    changeable: bool
    undo: str | None


@dataclass(frozen=True, slots=True)
class Change:
    """Old to new, by whom and when. new None: back to the file's."""

    key: str
    old: str
    new: str | None
    who: str
    at: datetime


def shown(session: Session, actor: Actor, start: Settings) -> list[Shown]:
    """Every setting in the order of the file. Raises NotPermitted."""
    _check(actor)
    now, changes, live = current(session, start), newest(session), live_keys()
    return [
        Shown(key, _said(now, key), _said(start, key), key in live, changes[key].id if key in changes else None)
        for key in (each.name for each in fields(Settings))
    ]


def changes(session: Session, actor: Actor) -> list[Change]:
    """The newest first. Raises NotPermitted."""
    _check(actor)
    made = select(SettingChangeRow, OfficerRow.name, OfficerRow.title).join(OfficerRow, OfficerRow.id == SettingChangeRow.by)
    newest = session.execute(made.order_by(SettingChangeRow.id.desc()).limit(CHANGES_MOST))
    return [Change(row.key, row.old, row.new, officer(name, title, Clearance.DESK), row.at) for row, name, title in newest]


def _said(settings: Settings, key: str) -> str | None:
    return None if is_secret(key) else as_words(getattr(settings, key))


def _check(actor: Actor) -> None:
    if not may(actor, Verb.CHANGE_SETTING):
        raise NotPermitted(Verb.CHANGE_SETTING, code="identity.locked" if actor.locked else None, verb=Verb.CHANGE_SETTING.value)

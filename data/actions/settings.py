"""A setting changes while the centre runs: checked as at a start, old to new, by whom; and back again."""

from sqlalchemy import select
from ulid import ULID

from data.actions.allowed import allowed
from data.actions.audit import record_audit
from data.errors import BadInput, Misconfigured, NotFound, RuleBroken
from data.events import SettingChanged
from data.journal import Work
from data.live_settings import current
from data.rules.identity import Act
from data.rules.permissions import Verb
from data.settings import Settings, as_words, from_text, live_keys
from data.tables import SettingChangeRow


def change_setting(work: Work, start: Settings, key: str, typed: str) -> bool:
    """Returns False when that is the value already. start: what the file and the environment say.

    Raises NotFound not_found.setting, RuleBroken setting.at_start_only, BadInput setting.bad_value with why.
    """
    allowed(work, Verb.CHANGE_SETTING)
    _check_key(start, key)
    settings = current(work.session, start)
    try:
        wanted = settings.but(**{key: from_text(key, typed.strip())})
    except Misconfigured as error:
        raise BadInput(key, code="setting.bad_value", why=str(error.params.get("why", ""))) from error
    old, new = as_words(getattr(settings, key)), as_words(getattr(wanted, key))
    if old == new:
        return False
    _record(work, key, old, new)
    return True


def undo_change(work: Work, start: Settings, change_id: str) -> None:
    """The newest change of its key is taken back: what was before counts again. Raises RuleBroken setting.not_newest, NotFound."""
    allowed(work, Verb.CHANGE_SETTING)
    change = work.session.get(SettingChangeRow, change_id)
    if change is None:
        raise NotFound("change", code="not_found.setting")
    of_key = select(SettingChangeRow.id).where(SettingChangeRow.key == change.key).order_by(SettingChangeRow.id.desc()).limit(2)
    newest, *before = work.session.scalars(of_key)
    if newest != change.id:
        raise RuleBroken("not the newest", code="setting.not_newest")
    now = as_words(getattr(current(work.session, start), change.key))
    _record(work, change.key, now, change.old if before else None)


def _check_key(start: Settings, key: str) -> None:
    if not hasattr(start, key):
        raise NotFound("setting", code="not_found.setting")
    if key not in live_keys():
        raise RuleBroken(key, code="setting.at_start_only")


def _record(work: Work, key: str, old: str, new: str | None) -> None:
    by = work.actor.officer_id
    if by is None:
        raise RuleBroken("nobody", code="setting.at_start_only")
    row = SettingChangeRow(id=str(ULID.from_datetime(work.now)), key=key, old=old, new=new, by=by, at=work.now)
    work.session.add(row)
    work.record(SettingChanged(setting_change_id=row.id, key=key))
    record_audit(work, Act.CHANGE_SETTING, "setting", key, fields=(f"{old} → {new if new is not None else '–'}",))

"""A setting changes while the centre runs: checked as at a start, old to new, by whom; and back again."""

from enum import StrEnum

from sqlalchemy import select
from ulid import ULID

from data.actions.allowed import allowed
from data.actions.audit import record_audit
from data.actions.joint import confirm_joint, propose_joint
from data.actions.organisation import change_court
from data.errors import BadInput, Misconfigured, NotFound, RuleBroken
from data.events import SettingChanged
from data.journal import Work
from data.live_settings import current
from data.rules.archives import kept_days
from data.rules.identity import Act
from data.rules.joint import Joint
from data.rules.permissions import Verb
from data.rules.storage import Kept, shortens
from data.settings import Settings, as_words, from_text, live_keys
from data.tables import SettingChangeRow


class Done(StrEnum):
    CHANGED = "changed"
    SAME = "same"
    WAITS = "waits"  # for a second person: it would shorten how long something is kept


def change_setting(work: Work, start: Settings, key: str, typed: str) -> Done:
    """What lengthens counts at once; what shortens a time of keeping, when a second person agrees. start: what file and environment say.

    Raises NotFound not_found.setting, RuleBroken setting.at_start_only, BadInput setting.bad_value with why.
    """
    allowed(work, Verb.CHANGE_SETTING)
    _check_key(start, key)
    settings = current(work.session, start)
    wanted = _with(settings, key, typed.strip())
    old, new = as_words(getattr(settings, key)), as_words(getattr(wanted, key))
    if old == new:
        return Done.SAME
    if shortens(kept(settings), kept(wanted)):
        propose_joint(work, Joint.SETTING, f"{key}={new}")
        return Done.WAITS
    _record(work, key, old, new)
    _follow(work, key, wanted)
    return Done.CHANGED


def confirm_setting(work: Work, start: Settings, joint_id: str) -> None:
    """The second person agrees: it counts from now on. Raises what `confirm_joint` raises, BadInput setting.bad_value."""
    key, _, new = confirm_joint(work, joint_id, Joint.SETTING).partition("=")
    _check_key(start, key)
    settings = current(work.session, start)
    old = as_words(getattr(settings, key))
    wanted = as_words(getattr(_with(settings, key, new), key))
    if old != wanted:
        _record(work, key, old, wanted)


def undo_change(work: Work, start: Settings, change_id: str) -> Done:
    """The newest change of its key is taken back: what was before counts again, at once or when a second person agrees.

    Raises RuleBroken setting.not_newest, NotFound.
    """
    allowed(work, Verb.CHANGE_SETTING)
    change = work.session.get(SettingChangeRow, change_id)
    if change is None:
        raise NotFound("change", code="not_found.setting")
    of_key = select(SettingChangeRow.id).where(SettingChangeRow.key == change.key).order_by(SettingChangeRow.id.desc()).limit(2)
    newest, *before = work.session.scalars(of_key)
    if newest != change.id:
        raise RuleBroken("not the newest", code="setting.not_newest")
    settings = current(work.session, start)
    former = _with(settings, change.key, change.old)
    if shortens(kept(settings), kept(former)):
        propose_joint(work, Joint.SETTING, f"{change.key}={change.old}")
        return Done.WAITS
    _record(work, change.key, as_words(getattr(settings, change.key)), change.old if before else None)
    _follow(work, change.key, former)
    return Done.CHANGED


def kept(settings: Settings) -> Kept:
    """How long these settings keep what is purged."""
    return Kept(kept_days(settings.history_days, settings.archive_days), settings.recording_days)


def _with(settings: Settings, key: str, typed: str) -> Settings:
    try:
        return settings.but(**{key: from_text(key, typed)})
    except Misconfigured as error:
        raise BadInput(key, code="setting.bad_value", why=str(error.params.get("why", ""))) from error


def _check_key(start: Settings, key: str) -> None:
    if not hasattr(start, key):
        raise NotFound("setting", code="not_found.setting")
    if key not in live_keys():
        raise RuleBroken(key, code="setting.at_start_only")


def _follow(work: Work, key: str, settings: Settings) -> None:
    """The court's name and telephone stand in its own row, where an import changes them too. Raises NotFound not_found.court, BadInput."""
    if key == "court_name":
        change_court(work, name=settings.court_name)
    if key == "duty_phone":
        change_court(work, duty_phone=settings.duty_phone)


def _record(work: Work, key: str, old: str, new: str | None) -> None:
    by = work.actor.officer_id
    if by is None:
        raise RuleBroken("nobody", code="setting.at_start_only")
    row = SettingChangeRow(id=str(ULID.from_datetime(work.now)), key=key, old=old, new=new, by=by, at=work.now)
    work.session.add(row)
    work.record(SettingChanged(setting_change_id=row.id, key=key))
    record_audit(work, Act.CHANGE_SETTING, "setting", key, fields=(f"{old} → {new if new is not None else '–'}",))

"""Keys of the house that are changed while it runs. Each change is an event; the file is written last, within the work that records it.

A kill between file and commit leaves a key that was changed and a proposal that is still open: confirming it again changes it once more.
"""

from pathlib import Path

from data.actions.allowed import allowed
from data.actions.audit import record_audit
from data.actions.joint import confirm_joint
from data.actions.sessions import close_every_desk
from data.credentials import issue_machine_token, machine_digest, new_media_key, revoke_machine_token
from data.errors import NotFound, NotPermitted
from data.events import KeyChanged
from data.journal import Work
from data.rules.identity import Act
from data.rules.joint import Joint
from data.rules.permissions import Role, Verb
from data.sealing import replace_key

MEDIA = "media.key"


def confirm_case_token(work: Work, joint_id: str, keys: Path) -> str:
    """The second person agrees: the new token, shown this once; the former one ends within five seconds."""
    confirm_joint(work, joint_id, Joint.CASE_TOKEN)
    return _issued(work, keys)


def issue_case_token(work: Work, keys: Path) -> str:
    """As whoever runs the machine. Raises NotPermitted for everybody else: people propose it."""
    if work.actor.role is not Role.SYSTEM:
        raise NotPermitted("alone", verb=Verb.CHANGE_KEY.value)
    return _issued(work, keys)


def revoke_case_token(work: Work, keys: Path) -> None:
    """From now on nobody is the case system: one person is enough, a token that was lost must end at once. Raises NotFound."""
    allowed(work, Verb.CHANGE_KEY)
    if machine_digest(keys, Role.CASE_SYSTEM) is None:
        raise NotFound("token", code="not_found.case_token")
    _changed(work, "case_system", "revoked")
    revoke_machine_token(keys, Role.CASE_SYSTEM)


def confirm_media_key(work: Work, joint_id: str, keys: Path) -> None:
    """Every token for live video is worth nothing from now on; what runs goes on, and asks for a new one by itself."""
    confirm_joint(work, joint_id, Joint.MEDIA_KEY)
    _changed(work, "media", "rotated")
    replace_key(keys / MEDIA, new_media_key())


def confirm_sessions(work: Work, joint_id: str) -> int:
    """Everybody at a desk signs in anew, also whoever confirms. Walls and phones go on. Returns how many sessions ended."""
    confirm_joint(work, joint_id, Joint.SESSIONS)
    _changed(work, "sessions", "rotated")
    return close_every_desk(work)


def _issued(work: Work, keys: Path) -> str:
    _changed(work, "case_system", "issued")
    return issue_machine_token(keys, Role.CASE_SYSTEM)


def _changed(work: Work, key: str, how: str) -> None:
    work.record(KeyChanged(key=key, how=how))
    result = "revoked" if how == "revoked" else "done"
    record_audit(work, Act.ISSUE_TOKEN, "machine" if key == "case_system" else "key", key, fields=(how,), result=result)

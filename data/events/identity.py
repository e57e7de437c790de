"""Identity and audit: for the inspector only."""

from data.events.event import Event


class AccountOpened(Event, frozen=True, kw_only=True):
    kind = "account.opened"
    subject = "officer"
    shown = False
    officer_id: str


class AccountChanged(Event, frozen=True, kw_only=True):
    """what: password | pin | role | closed | disabled | enabled | second_factor | second_factor_reset | recovery_code."""

    kind = "account.changed"
    subject = "officer"
    shown = False
    officer_id: str
    what: str


class RoleProposed(Event, frozen=True, kw_only=True):
    """Somebody asks for another role for an officer; it counts when a second person confirms it."""

    kind = "role.proposed"
    subject = "role_change"
    shown = False
    role_change_id: str
    officer_id: str


class RoleConfirmed(Event, frozen=True, kw_only=True):
    """The second person agreed; `account.changed` follows."""

    kind = "role.confirmed"
    subject = "role_change"
    shown = False
    role_change_id: str
    officer_id: str


class RoleDropped(Event, frozen=True, kw_only=True):
    """why: withdrawn | refused | lapsed."""

    kind = "role.dropped"
    subject = "role_change"
    shown = False
    role_change_id: str
    officer_id: str
    why: str


class JointProposed(Event, frozen=True, kw_only=True):
    """Somebody asks for what one alone may not do. what: sign_in_link | case_token | media_key | sessions | setting."""

    kind = "joint.proposed"
    subject = "joint"
    shown = False
    joint_id: str
    what: str


class JointConfirmed(Event, frozen=True, kw_only=True):
    """The second person agreed, and it was done."""

    kind = "joint.confirmed"
    subject = "joint"
    shown = False
    joint_id: str
    what: str


class JointDropped(Event, frozen=True, kw_only=True):
    """why: withdrawn | refused."""

    kind = "joint.dropped"
    subject = "joint"
    shown = False
    joint_id: str
    what: str
    why: str


class KeyChanged(Event, frozen=True, kw_only=True):
    """key: case_system | media | sessions; how: issued | rotated | revoked. The key itself is in no event."""

    kind = "key.changed"
    subject = "key"
    shown = False
    key: str
    how: str


class SessionOpened(Event, frozen=True, kw_only=True):
    kind = "session.opened"
    subject = "session"
    shown = False
    session_id: str


class SessionClosed(Event, frozen=True, kw_only=True):
    """why: signed_out | revoked | replaced."""

    kind = "session.closed"
    subject = "session"
    shown = False
    session_id: str
    why: str


class DeviceEnrolled(Event, frozen=True, kw_only=True):
    kind = "device.enrolled"
    subject = "device"
    device_no: int
    unit_no: int


class DeviceRevoked(Event, frozen=True, kw_only=True):
    kind = "device.revoked"
    subject = "device"
    device_no: int
    unit_no: int


class LinkMade(Event, frozen=True, kw_only=True):
    """purpose: enrol | sign_in | wall | director | leader | pairing."""

    kind = "link.made"
    subject = "link"
    shown = False
    link_id: str
    purpose: str


class LinkUsed(Event, frozen=True, kw_only=True):
    kind = "link.used"
    subject = "link"
    shown = False
    link_id: str


class LinkLapsed(Event, frozen=True, kw_only=True):
    """Nobody approved this pairing in time; from where it was asked for is forgotten."""

    kind = "link.lapsed"
    subject = "link"
    shown = False
    link_id: str


class SettingChanged(Event, frozen=True, kw_only=True):
    """Which key; old and new stand in the row `setting_change_id`."""

    kind = "setting.changed"
    subject = "setting"
    shown = False
    setting_change_id: str
    key: str


class AuditRecorded(Event, frozen=True, kw_only=True):
    """Somebody saw, tried or changed something that must leave a trace; what exactly stands in the audit row `audit_id`."""

    kind = "audit.recorded"
    subject = "audit"
    shown = False
    audit_id: str
    act: str
    digest: str

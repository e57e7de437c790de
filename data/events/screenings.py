"""A screening: its programme, its door, its stage, its objections."""

from data.events.event import Event


class ScreeningPlanned(Event, frozen=True, kw_only=True):
    kind = "screening.planned"
    subject = "screening"
    shown = False
    screening_id: str


class ProgrammeSet(Event, frozen=True, kw_only=True):
    kind = "screening.programme_set"
    subject = "screening"
    shown = False
    screening_id: str
    release_ids: tuple[str, ...]


class DoorInvited(Event, frozen=True, kw_only=True):
    """A one-time link for the tablet at the door was made."""

    kind = "screening.door_invited"
    subject = "screening"
    shown = False
    screening_id: str
    link_id: str


class DoorOpened(Event, frozen=True, kw_only=True):
    kind = "screening.door_opened"
    subject = "screening"
    shown = False
    screening_id: str
    session_id: str


class DoorLocked(Event, frozen=True, kw_only=True):
    """By hand; by itself it needs no entry, it is a matter of time."""

    kind = "screening.door_locked"
    subject = "screening"
    shown = False
    screening_id: str


class DoorUnlocked(Event, frozen=True, kw_only=True):
    kind = "screening.door_unlocked"
    subject = "screening"
    shown = False
    screening_id: str


class DoorClosed(Event, frozen=True, kw_only=True):
    """why: host | replaced | digits, five wrong ones | over, the session is."""

    kind = "screening.door_closed"
    subject = "screening"
    shown = False
    screening_id: str
    why: str


class StageInvited(Event, frozen=True, kw_only=True):
    """A one-time link for the browser of the stage was made."""

    kind = "screening.stage_invited"
    subject = "screening"
    shown = False
    screening_id: str
    link_id: str


class StageOpened(Event, frozen=True, kw_only=True):
    kind = "screening.stage_opened"
    subject = "screening"
    shown = False
    screening_id: str
    session_id: str


class ScreeningBegan(Event, frozen=True, kw_only=True):
    kind = "screening.began"
    subject = "screening"
    shown = False
    screening_id: str


class ItemShown(Event, frozen=True, kw_only=True):
    """position: None for the court's card."""

    kind = "screening.item_shown"
    subject = "screening"
    shown = False
    screening_id: str
    position: int | None
    release_id: str | None


class ItemMoved(Event, frozen=True, kw_only=True):
    """Paused, or going on from there."""

    kind = "screening.item_moved"
    subject = "screening"
    shown = False
    screening_id: str
    playing: bool
    at_ms: int


class ScreeningBlackedOut(Event, frozen=True, kw_only=True):
    """why: key, by the host | objection, by an attendee | unwatched, nothing was heard of the host while a live picture was shown."""

    kind = "screening.blacked_out"
    subject = "screening"
    shown = False
    screening_id: str
    why: str = "key"


class BlackoutLifted(Event, frozen=True, kw_only=True):
    kind = "screening.blackout_lifted"
    subject = "screening"
    shown = False
    screening_id: str


class ScreeningEnded(Event, frozen=True, kw_only=True):
    kind = "screening.ended"
    subject = "screening"
    shown = False
    screening_id: str


class ObjectionRaised(Event, frozen=True, kw_only=True):
    """Somebody before the screen has recognised himself. stopped: what was shown is withdrawn; otherwise it is to be looked at."""

    kind = "objection.raised"
    subject = "objection"
    shown = False
    objection_id: str
    screening_id: str
    attendee_id: str
    stopped: bool


class ObjectionLookedAt(Event, frozen=True, kw_only=True):
    """finding: FOUNDED | UNFOUNDED."""

    kind = "objection.looked_at"
    subject = "objection"
    shown = False
    objection_id: str
    screening_id: str
    finding: str

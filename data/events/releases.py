"""Releases: what an audience may see."""

from data.events.event import Event


class ReleaseProposed(Event, frozen=True, kw_only=True):
    """audience: PARTY | SCREENING | PUBLIC."""

    kind = "release.proposed"
    subject = "release"
    shown = False
    release_id: str
    clip_id: str
    audience: str


class ReleaseMasked(Event, frozen=True, kw_only=True):
    """The file is there that is to be certified."""

    kind = "release.masked"
    subject = "release"
    shown = False
    release_id: str
    clip_id: str
    sha256: str


class ReleaseCertified(Event, frozen=True, kw_only=True):
    """number: 1 or 2; sha256: of the file that was watched."""

    kind = "release.certified"
    subject = "release"
    shown = False
    release_id: str
    clip_id: str
    number: int
    officer_id: str
    sha256: str


class ReleaseWentLive(Event, frozen=True, kw_only=True):
    kind = "release.went_live"
    subject = "release"
    shown = False
    release_id: str
    clip_id: str


class ReleaseRevoked(Event, frozen=True, kw_only=True):
    """cause: DECIDED | OBJECTION | CHANGED | MASKED_ANEW."""

    kind = "release.revoked"
    subject = "release"
    shown = False
    release_id: str
    clip_id: str
    cause: str

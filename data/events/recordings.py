"""Recordings of calls."""

from data.events.event import Event


class RecordingBegan(Event, frozen=True, kw_only=True):
    kind = "recording.began"
    subject = "recording"
    recording_id: str
    call_id: str | None
    unit_no: int | None


class RecordingBroken(Event, frozen=True, kw_only=True):
    """The lamp is red: bytes do not reach the disk. why: disk_low | disk | stuck | nothing_whole | internal."""

    kind = "recording.broken"
    subject = "recording"
    recording_id: str
    call_id: str | None
    unit_no: int | None
    why: str


class RecordingMended(Event, frozen=True, kw_only=True):
    kind = "recording.mended"
    subject = "recording"
    recording_id: str
    call_id: str | None
    unit_no: int | None


class RecordingEnded(Event, frozen=True, kw_only=True):
    """why: over | closed (the relay was ended) | replaced (another codec) | abandoned (the relay died)."""

    kind = "recording.ended"
    subject = "recording"
    recording_id: str
    call_id: str | None
    unit_no: int | None
    why: str


class SegmentKept(Event, frozen=True, kw_only=True):
    """A file of a recording is whole: its digest stands in the chain."""

    kind = "recording.segment_kept"
    subject = "recording"
    shown = False
    recording_id: str
    call_id: str | None
    number: int
    size: int
    duration_ms: int
    sha256: str
    recovered: bool


class RecordingUploaded(Event, frozen=True, kw_only=True):
    """手机补传: what the phone recorded while nothing reached the relay is here and whole. began_at_ms: UTC, by our clock."""

    kind = "recording.uploaded"
    subject = "recording"
    recording_id: str
    call_id: str | None
    unit_no: int | None
    number: int
    began_at_ms: int
    duration_ms: int
    size: int
    sha256: str


class RecordingGap(Event, frozen=True, kw_only=True):
    """track: audio | video. why: lost | silent | disk | overflow | internal."""

    kind = "recording.gap"
    subject = "recording"
    shown = False
    recording_id: str
    call_id: str | None
    track: str
    lasted_ms: int
    why: str


class RecordingClassed(Event, frozen=True, kw_only=True):
    """category: ROUTINE (six months) | KEPT (with the file)."""

    kind = "recording.classed"
    subject = "recording"
    shown = False
    recording_id: str
    call_id: str | None
    category: str


class RecordingHeld(Event, frozen=True, kw_only=True):
    kind = "recording.held"
    subject = "recording"
    shown = False
    recording_id: str
    call_id: str | None


class RecordingHoldLifted(Event, frozen=True, kw_only=True):
    kind = "recording.hold_lifted"
    subject = "recording"
    shown = False
    recording_id: str
    call_id: str | None


class RecordingPurged(Event, frozen=True, kw_only=True):
    """Its time was over; digests: SHA-256 of each file that went."""

    kind = "recording.purged"
    subject = "recording"
    shown = False
    recording_id: str
    call_id: str | None
    size: int
    digests: tuple[str, ...]

"""Videos brought in, and the clips cut and masked."""

from data.events.event import Event


class VideoBegun(Event, frozen=True, kw_only=True):
    """带入视频: somebody brings an outside video; size in bytes, as promised."""

    kind = "video.begun"
    subject = "video"
    shown = False
    video_id: str
    size: int


class VideoKept(Event, frozen=True, kw_only=True):
    """It is here, whole, and a film: from now on the recording of the same id, with this digest in the chain."""

    kind = "video.kept"
    subject = "video"
    shown = False
    video_id: str
    size: int
    duration_ms: int
    sha256: str


class VideoEnded(Event, frozen=True, kw_only=True):
    """Nothing of it is kept. why: cancelled | lapsed | a code of ours."""

    kind = "video.ended"
    subject = "video"
    shown = False
    video_id: str
    why: str


class ClipCut(Event, frozen=True, kw_only=True):
    """From a recording of ours, whose files' digests stand in the chain already."""

    kind = "clip.cut"
    subject = "clip"
    shown = False
    clip_id: str
    recording_id: str
    length_ms: int


class ClipMasked(Event, frozen=True, kw_only=True):
    """What of it is open was said anew; digest: SHA-256 of the mask."""

    kind = "clip.masked"
    subject = "clip"
    shown = False
    clip_id: str
    digest: str
    minor: bool | None


class ClipRenderingAsked(Event, frozen=True, kw_only=True):
    kind = "clip.rendering_asked"
    subject = "clip"
    shown = False
    clip_id: str


class ClipRenderingMoved(Event, frozen=True, kw_only=True):
    """It has begun, or has come so far."""

    kind = "clip.rendering_moved"
    subject = "clip"
    shown = False
    clip_id: str
    share_pct: int


class ClipRendered(Event, frozen=True, kw_only=True):
    """originals: SHA-256 of the files that it was made from."""

    kind = "clip.rendered"
    subject = "clip"
    shown = False
    clip_id: str
    recording_id: str
    sha256: str
    size: int
    duration_ms: int
    originals: tuple[str, ...]


class ClipRenderingFailed(Event, frozen=True, kw_only=True):
    """why: a code of ours."""

    kind = "clip.rendering_failed"
    subject = "clip"
    shown = False
    clip_id: str
    why: str


class ClipRenderingCancelled(Event, frozen=True, kw_only=True):
    kind = "clip.rendering_cancelled"
    subject = "clip"
    shown = False
    clip_id: str


class ClipPurged(Event, frozen=True, kw_only=True):
    """Its time was over; sha256: of the masked file that went."""

    kind = "clip.purged"
    subject = "clip"
    shown = False
    clip_id: str
    sha256: str

"""带入视频: an outside video on its way to become the source of clips. How large, how many, how long it may take, what it must be.

`domain/features.md` SS-15. Once it is whole it is a recording like any other (`recordings.Origin.BROUGHT`) under its own id: looked at with
a reason, held, purged and compared with its digest by the same code. A clip names a recording and need not know which kind it is.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from data.errors import BadInput, Gone, NotMedia, TooLarge, TooMany
from data.rules.words import UNSHOWABLE

MOST = 2_000_000_000  # bytes: an hour of 1080p from a phone
LASTS = timedelta(hours=24)  # from its beginning; what is not whole by then goes
EACH_MOST, ALL_MOST = 24, 40  # under way at once: of one officer, of the court
AGAIN_S = 60
NAME_LONGEST = 80
LONGEST = timedelta(hours=4)
STREAMS_MOST = 8
SIDE_MOST, PIXELS_MOST = 8_192, 4096 * 2176  # as `streaming.masked` renders
CODECS = frozenset({"vp8", "vp9", "av1", "h264", "hevc"})  # what a desk's browser can show; what nobody can look at nobody can clear
FORMS = frozenset({"webm", "mp4"})


class VideoState(StrEnum):
    COMING = "COMING"
    KEPT = "KEPT"  # it is the recording of the same id
    REFUSED = "REFUSED"  # whole, and not what was promised, or no video
    CANCELLED = "CANCELLED"
    LAPSED = "LAPSED"


@dataclass(frozen=True, slots=True)
class Film:
    """What a look into the file found. form: webm | mp4; duration_ms: 0 when nobody can say."""

    form: str
    codec: str
    width: int
    height: int
    duration_ms: int
    streams: int


def check_length(length: int) -> int:
    """Raises BadInput video.empty, TooLarge video.too_large."""
    if length <= 0:
        raise BadInput("length", code="video.empty")
    if length > MOST:
        raise TooLarge("length", code="video.too_large", most=MOST // 1_000_000)
    return length


def check_room(own: int, all_: int) -> None:
    """How many are under way. Raises TooMany video.too_many."""
    if own >= EACH_MOST or all_ >= ALL_MOST:
        raise TooMany("videos", code="video.too_many", retry_after_s=AGAIN_S, most=EACH_MOST)


def check_coming(state: VideoState, expires_at: datetime, now: datetime) -> None:
    """Whether more of it is taken. Raises Gone video.gone."""
    if state is not VideoState.COMING or now >= expires_at:
        raise Gone("over", code="video.gone")


def check_film(film: Film) -> None:
    """Whether it may be a source of clips. Raises NotMedia video.not_film, video.codec, video.too_long, video.too_wide."""
    if film.form not in FORMS or not 0 < film.streams <= STREAMS_MOST or film.width <= 0 or film.height <= 0:
        raise NotMedia("film", code="video.not_film")
    if film.codec not in CODECS:
        raise NotMedia(film.codec, code="video.codec")
    if film.duration_ms <= 0:
        raise NotMedia("duration", code="video.not_film")
    if film.duration_ms > LONGEST / timedelta(milliseconds=1):
        raise NotMedia("duration", code="video.too_long", hours=LONGEST // timedelta(hours=1))
    if max(film.width, film.height) > SIDE_MOST or film.width * film.height > PIXELS_MOST:
        raise NotMedia("size", code="video.too_wide")


def shown_name(said: str) -> str:
    """What the file was called, as text and nothing but text: never part of a path, without what turns or breaks a line."""
    last = said.replace("\\", "/").rsplit("/", 1)[-1]
    return UNSHOWABLE.sub("", last).strip()[:NAME_LONGEST]

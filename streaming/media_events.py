"""What the relay tells and refuses: how a stream's media stand, and why an offer is not taken."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from data.errors import NotFound, RuleBroken, Unavailable


class StillSending(RuleBroken):
    """A second publisher while the first one still sends."""

    code = "media.still_sending"
    retry_after_s = 1


class NobodyPublishes(RuleBroken):
    """A viewer before the publisher: he asks again."""

    code = "media.nobody_publishes"
    retry_after_s = 1


class NoStill(NotFound):
    """Nobody publishes a picture of that name, or its first key frame is still to come: who asks goes on asking."""

    code = "media.no_still"
    retry_after_s = 1


class RelayFull(Unavailable):
    code = "media.full"
    retry_after_s = 5


class Happened(StrEnum):
    """What the relay sees of a stream. Silent and returned: no media for two seconds, and again some.

    Degraded and recovered: the picture came down the ladder (`Mode`), and is whole again.
    """

    PUBLISHED = "published"
    FIRST_MEDIA = "first_media"
    SILENT = "silent"
    RETURNED = "returned"
    DEGRADED = "degraded"
    RECOVERED = "recovered"
    CLOSED = "closed"
    WATCHED = "watched"
    UNWATCHED = "unwatched"


@dataclass(frozen=True, slots=True)
class MediaEvent:
    """person: who published or watches. figures: of the publisher (`Intake.figures`), and `silent_s`, how long no media has come.

    cause: of CLOSED, `deleted` by its own wish, `revoked` by ours, or `gone`; of DEGRADED and RECOVERED, why. mode: of DEGRADED.
    """

    happened: Happened
    stream: str
    person: str
    figures: Mapping[str, float] = field(default_factory=dict)
    cause: str = ""
    mode: str = ""


@dataclass(frozen=True, slots=True)
class Limits:
    """How many connections there may be at all, and how many offers one person may make at once."""

    connections: int = 1_000
    asked_at_once: float = 60.0

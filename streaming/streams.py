"""What the relay holds in its hands: a stream with its tracks, and the connections of those who publish and watch it."""

import asyncio
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from streaming import hooks
from streaming.forward import Leg, Sink, Track
from streaming.intake import Intake
from streaming.media_tokens import Grant


class Stream:
    """One name, what is forwarded under it, and for whom."""

    def __init__(self, name: str) -> None:
        self.name, self.cname = name, secrets.token_hex(8)
        self.tracks: dict[str, Track] = {}
        self.layers: dict[str, Track] = {}  # of a picture in several sizes, the smallest first; the last one is `tracks["video"]`
        self.publisher: Session | None = None
        self.viewers: set[Session] = set()
        self.sinks: list[Sink] = []
        self.owner = ""
        self.heard_s: float | None = None  # when media came last, from whichever publisher
        self.silent = False
        self.fresh = False  # another publisher has come, nothing of him yet
        self.alive_s = 0.0
        self.left_s = time.monotonic()  # when there was a publisher last
        self._numbers = {kind: (number(), number(), secrets.randbelow(0x4000)) for kind in ("audio", "video")}

    def track(self, kind: str, codec: str) -> Track:
        """The one of this kind; another codec makes it another track."""
        track = self.tracks.get(kind)
        if track is None or track.codec != codec:
            ssrc, rtx_ssrc, first = self._numbers[kind]
            track = self.tracks[kind] = Track(kind, ssrc, rtx_ssrc, first, codec, self.sinks)
        return track

    def sizes(self, names: Sequence[str], codec: str) -> list[Track]:
        """A track for each of these sizes, the largest being that of whoever does not choose."""
        kept = {name: track for name, track in self.layers.items() if name in names[:-1] and track.codec == codec}
        self.layers = {name: kept.get(name) or Track("video", number(), number(), secrets.randbelow(0x4000), codec) for name in names[:-1]}
        self.layers |= {name: self.track("video", codec) for name in names[-1:]}
        return list(self.layers.values())


@dataclass(eq=False)
class Session:
    """One connection of one person. id: the secret part of its address. etag: changes never, for ICE is never restarted."""

    stream: Stream
    grant: Grant
    wire: hooks.Wire
    answer: str
    peer_ufrag: str
    id: str = field(default_factory=lambda: secrets.token_urlsafe(18))
    etag: str = field(default_factory=lambda: f'"{secrets.token_hex(8)}"')
    intake: Intake | None = None
    legs: dict[str, Leg] = field(default_factory=dict)
    watched: dict[str, Track] = field(default_factory=dict)  # by kind, as the legs
    begun_s: float = field(default_factory=time.monotonic)
    connected: bool = False
    connecting: asyncio.Task[None] | None = None


def number() -> int:
    """A synchronisation source of ours: never 0, which reports use for nobody."""
    return secrets.randbelow(0xFFFFFFFE) + 1


class Streams(Protocol):
    """What whoever records, shows or hides a stream needs of the relay."""

    def stream(self, name: str) -> Stream | None: ...
    def attach(self, stream: str, sink: Sink) -> None: ...
    def detach(self, stream: str, sink: Sink) -> None: ...
    def wish_key_frame(self, stream: str) -> None: ...

"""One picture in several sizes (simulcast, RFC 8853): which of them goes to whom. Pure: packets and seconds.

Whoever watches has chosen a size and keeps one unbroken picture: when that size does not come (a browser on a thin line stops the large
ones first), the next smaller one takes its place, then a larger one; when it is back it is shown again from its first key frame on.
"""

from collections.abc import Sequence

from streaming import rtp
from streaming.forward import Group, KeyWish, Track

AWAY_S = 1.5  # a size without a packet for so long does not come; «定格» sends one picture a second


class Layers:
    """The sizes of one publisher's picture. tracks: what is forwarded for each, the smallest first, as browsers offer them."""

    def __init__(self, tracks: Sequence[Track]) -> None:
        self._tracks = tuple(tracks)
        self._came_s = [float("-inf")] * len(tracks)
        self._shown = list(range(len(tracks)))  # by size: which one its viewers get
        self.key_wishes = [KeyWish() for _ in tracks]  # by size: for the publisher

    @property
    def best(self) -> int:
        """The size that whoever did not choose gets."""
        return self._shown[-1]

    @property
    def whole(self) -> bool:
        """Whether that is the largest one."""
        return self.best == len(self._tracks) - 1

    def tracks_of(self, size: int) -> list[Track]:
        """What gets this size at the moment."""
        return [track for track, shown in zip(self._tracks, self._shown, strict=True) if shown == size]

    def take(self, size: int, packet: rtp.Packet, seq: int, now_s: float) -> list[tuple[Group, bytes]]:
        """A packet of this size; seq: its whole number. Returns what goes to whom."""
        self._came_s[size] = now_s
        said: list[tuple[Group, bytes]] = []
        for wanted, track in enumerate(self._tracks):
            if self._shown[wanted] != size and self._is_due(wanted, size, now_s):
                if rtp.begins_key_frame(track.codec, packet.payload):
                    self._shown[wanted] = size
                    track.new_publisher(wish_key=False)
                else:
                    self.key_wishes[size].wish()
            if self._shown[wanted] == size:
                said += track.take(packet, seq, now_s)
        return said

    def _is_due(self, wanted: int, size: int, now_s: float) -> bool:
        """Whether this size is nearer to what is wanted than everything else that comes."""
        order = [*range(wanted, -1, -1), *range(wanted + 1, len(self._tracks))]
        nearest: int = next(each for each in order if now_s - self._came_s[each] < AWAY_S)
        return nearest == size

    def restarted(self, size: int) -> None:
        """Another source of this size."""
        for track in self.tracks_of(size):
            track.new_publisher()

    def pass_on_wishes(self, size: int) -> KeyWish:
        """All wishes for a key frame of this size, as one."""
        for track in self.tracks_of(size):
            if track.key_wish.passed_on():
                self.key_wishes[size].wish()
        return self.key_wishes[size]

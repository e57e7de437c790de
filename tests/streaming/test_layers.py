"""A picture in several sizes: each viewer sees one unbroken picture, as near to the size that he wants as there is one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streaming import rtcp, rtp
from streaming.forward import KEY_S, Leg, Track
from streaming.intake import Intake, Simulcast
from streaming.layers import AWAY_S, Layers

KEY, INTER = bytes.fromhex("100000"), bytes.fromhex("100100")
VIDEO, RTX, RID, REPAIRED = 96, 97, 10, 11
SMALL, LARGE = 0, 1
SSRC = {SMALL: 50, LARGE: 60}
NAMES = {b"l": SMALL, b"h": LARGE}


class Publisher:
    """Sends two sizes to a small viewer and to one who did not choose, as a browser does."""

    def __init__(self) -> None:
        self.tracks = [Track("video", 100 + size, 200 + size, 1, "vp8") for size in NAMES.values()]
        self.layers = Layers(self.tracks)
        simulcast = Simulcast(self.layers, VIDEO, NAMES, RID, REPAIRED)
        self.intake = Intake({VIDEO: self.tracks[LARGE]}, {RTX: VIDEO}, frozenset({VIDEO}), None, 1, "name", simulcast)
        for size, track in enumerate(self.tracks):
            track.join(Leg(size, VIDEO), 0.0)
        self.now_s, self.seq = 1.0, dict.fromkeys(SSRC, 0)

    def sends(self, size: int, payload: bytes = INTER, name: bytes | None = None, after_s: float = 0.03) -> dict[int, rtp.Packet]:
        """One packet. name: what stands in it, else what should. Returns who got what."""
        self.now_s += after_s
        self.seq[size] += 1
        name = (b"l", b"h")[size] if name is None else name
        return self.got(packet(VIDEO, self.seq[size], SSRC[size], payload, RID, name))

    def got(self, data: bytes) -> dict[int, rtp.Packet]:
        found: dict[int, rtp.Packet] = {}
        for group, written in self.intake.media(data, self.now_s):
            read = rtp.read(written)
            assert read is not None
            found |= dict.fromkeys(group.open, read)
        return found

    def wishes(self) -> list[int]:
        """The sources that are asked for a key frame now."""
        self.intake.hurry()
        return [said.ssrc for data in self.intake.owed(self.now_s) for said in wanted(data)]


def wanted(data: bytes) -> list[rtcp.PictureWanted]:
    return [said for said in rtcp.read(data) if isinstance(said, rtcp.PictureWanted)]


def packet(payload_type: int, seq: int, ssrc: int, payload: bytes, extension: int, name: bytes) -> bytes:
    inside = bytes([extension << 4 | len(name) - 1]) + name if name else b""
    inside += b"\0" * (-len(inside) % 4)
    head = rtp.HEADER.pack(0x90, payload_type | 0x80, seq & 0xFFFF, seq * 3_000, ssrc)
    return head + b"\xbe\xde" + (len(inside) // 4).to_bytes(2, "big") + inside + payload


def test_each_viewer_gets_the_size_that_he_wants() -> None:
    publisher = Publisher()
    assert publisher.sends(LARGE, KEY).keys() == {SMALL, LARGE}, "the small one has not come yet"
    assert publisher.sends(SMALL, KEY).keys() == {SMALL}
    assert publisher.sends(LARGE).keys() == {LARGE}
    assert publisher.sends(SMALL, name=b"").keys() == {SMALL}, "a browser says it until it knows that it was understood"


def test_who_did_not_choose_goes_on_with_the_small_one_while_the_large_one_is_away() -> None:
    publisher = Publisher()
    publisher.sends(SMALL, KEY)
    before = publisher.sends(LARGE, KEY)[LARGE]
    assert publisher.layers.whole
    publisher.wishes()
    assert publisher.sends(SMALL, after_s=AWAY_S + 0.1).keys() == {SMALL}, "nothing that nobody could draw"
    assert publisher.wishes() == [SSRC[SMALL]]
    after = publisher.sends(SMALL, KEY)[LARGE]
    assert not publisher.layers.whole
    assert (after.seq, after.ssrc, before.ssrc) == (before.seq + 1, 101, 101), "one source, unbroken"
    assert 0 < (after.timestamp - before.timestamp) & 0xFFFFFFFF < 10 * 90_000


def test_the_large_one_is_back_with_its_first_key_frame_and_not_before() -> None:
    publisher = Publisher()
    publisher.sends(SMALL, KEY)
    assert publisher.sends(SMALL, KEY).keys() == {SMALL, LARGE}
    assert publisher.sends(LARGE).keys() == set()
    assert SSRC[LARGE] in publisher.wishes()
    assert publisher.sends(SMALL).keys() == {SMALL, LARGE}, "goes on meanwhile"
    assert publisher.sends(LARGE, KEY).keys() == {LARGE}
    assert publisher.sends(SMALL).keys() == {SMALL}


def test_who_wanted_the_small_one_gets_the_large_one_when_there_is_no_other() -> None:
    publisher = Publisher()
    publisher.sends(SMALL, KEY)
    publisher.sends(LARGE, KEY)
    publisher.sends(LARGE, after_s=AWAY_S + 0.1)
    assert publisher.sends(LARGE, KEY).keys() == {SMALL, LARGE}


def test_what_is_sent_again_finds_its_size() -> None:
    publisher = Publisher()
    publisher.sends(SMALL, KEY)
    publisher.sends(LARGE, KEY)
    lost = publisher.seq[LARGE] + 1
    publisher.seq[LARGE] = lost
    publisher.sends(LARGE)
    again = lost.to_bytes(2, "big") + INTER
    assert publisher.got(packet(RTX, 1, 61, again, REPAIRED, b"")) == {}, "whose it is has not been said yet"
    assert publisher.got(packet(RTX, 2, 61, again, REPAIRED, b"h")).keys() == {LARGE}
    assert publisher.got(packet(RTX, 3, 61, again, REPAIRED, b"")) == {}, "it is here already"


@pytest.mark.parametrize("name", [b"", b"x", b"hh"])
def test_a_size_that_was_not_agreed_on_goes_nowhere(name: bytes) -> None:
    publisher = Publisher()
    assert publisher.sends(LARGE, KEY, name) == {}
    assert publisher.intake.last_s is None


def test_a_source_is_asked_for_a_key_frame_once_whoever_wishes_it() -> None:
    publisher = Publisher()
    publisher.sends(LARGE, KEY)
    publisher.wishes()
    publisher.now_s += KEY_S
    for track in publisher.tracks:
        track.key_wish.wish()
    assert publisher.wishes() == [SSRC[LARGE]]
    for track in publisher.tracks:
        track.key_wish.wish()
    assert publisher.wishes() == []
    publisher.now_s += KEY_S
    assert publisher.wishes() == [SSRC[LARGE]], "the last wish is not lost"


def test_another_source_of_a_size_goes_on_where_the_one_before_was() -> None:
    publisher = Publisher()
    publisher.sends(SMALL, KEY)
    before = publisher.sends(LARGE, KEY)[LARGE]
    data = packet(VIDEO, 40_000, 66, KEY, RID, b"h")
    after = publisher.got(data)
    assert after.keys() == {LARGE}
    assert after[LARGE].seq == before.seq + 1


def test_reports_go_to_whoever_gets_that_size() -> None:
    publisher = Publisher()
    publisher.sends(SMALL, KEY)
    said = rtcp.sender_report(SSRC[SMALL], 1 << 32, 9_000, 1, 1, "theirs")
    assert {track.ssrc for track, _ in publisher.intake.reports(said, 1.0)} == {100, 101}, "there is no other yet"
    publisher.sends(LARGE, KEY)
    assert [track.ssrc for track, _ in publisher.intake.reports(said, 1.0)] == [100]


@given(st.lists(st.tuples(st.sampled_from([SMALL, LARGE]), st.booleans(), st.sampled_from([0.01, 0.5, 2.0])), max_size=60))
def test_whatever_comes_a_viewer_sees_one_unbroken_source_and_every_change_begins_with_a_key_frame(
    packets: list[tuple[int, bool, float]],
) -> None:
    publisher = Publisher()
    seen: dict[int, list[tuple[int, int]]] = {SMALL: [], LARGE: []}
    for size, key, after_s in packets:
        for viewer, taken in publisher.sends(size, KEY if key else INTER, after_s=after_s).items():
            if seen[viewer] and seen[viewer][-1][1] != size:
                assert key
            assert taken.ssrc == 100 + viewer
            seen[viewer].append((taken.seq, size))
    for numbers in seen.values():
        assert [seq for seq, _ in numbers] == list(range(numbers[0][0], numbers[0][0] + len(numbers))) if numbers else True

"""Packets become frames: in order, whole, aligned; nothing odd gets through and nothing odd ends it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streaming.frames import START_CODE, WINDOW_S, Frame, Part, Pictures, Reorder, Sender, Sounds, Timeline, Vp8Shape
from tests.streaming.clips import clip, pictures

FIRST = 70_000


def part(seq: int, arrived_s: float = 0.0, payload: bytes = b"x", timestamp: int = 0, marker: bool = False) -> Part:
    return Part(seq, timestamp, marker, payload, arrived_s)


@given(st.permutations(range(40)))
def test_what_comes_in_any_order_within_the_window_leaves_in_order(order: list[int]) -> None:
    reorder = Reorder(0.3)
    left = [each.seq for each in reorder.put(part(FIRST))]
    for number in order:
        left += [each.seq for each in reorder.put(part(FIRST + 1 + number))]
    assert left == list(range(FIRST, FIRST + 41))
    assert reorder.lost == 0


@given(st.sets(st.integers(1, 38)), st.integers(0, 5))
def test_what_never_comes_is_waited_for_and_then_said(missing: set[int], late: int) -> None:
    reorder = Reorder(0.3)
    left: list[Part] = []
    for number in range(40):
        if number not in missing:
            left += reorder.put(part(FIRST + number, number / 1000))
    left += reorder.due(1.0)
    came = [number for number in range(40) if number not in missing]
    assert [each.seq - FIRST for each in left] == came
    assert reorder.lost == len(missing)
    assert [each.seq - FIRST for each in left if each.after_hole] == [n for n in came if n - 1 in missing]
    assert list(reorder.put(part(FIRST + late))) == []  # too late, or twice


def test_a_hole_is_not_given_up_before_its_time() -> None:
    reorder = Reorder(WINDOW_S["video"])
    assert len(list(reorder.put(part(FIRST)))) == 1
    assert list(reorder.put(part(FIRST + 2, 1.0))) == []
    assert list(reorder.due(1.29)) == []
    assert [each.seq for each in reorder.put(part(FIRST + 1, 1.29))] == [FIRST + 1, FIRST + 2]


def test_a_jump_is_a_new_beginning() -> None:
    reorder = Reorder(0.3)
    list(reorder.put(part(FIRST)))
    (after,) = reorder.put(part(FIRST + 10_000))
    assert after.after_hole
    assert [each.seq for each in reorder.put(part(FIRST + 10_001))] == [FIRST + 10_001]


def whole(codec: str, drop: frozenset[int] = frozenset()) -> list[Frame]:
    taker, reorder, frames = Pictures(codec), Reorder(0.0), []
    for sent in clip(codec, 4, sound=False):
        if sent.seq in drop:
            continue
        for each in reorder.put(Part(sent.seq, sent.timestamp, sent.marker, sent.payload, sent.at_s)):
            frame = taker.put(each)
            if frame is not None:
                frames.append(frame)
    return frames


def units(data: bytes) -> list[bytes]:
    return [unit.lstrip(b"\0").rstrip(b"\0") for unit in data.replace(b"\0\0\1", START_CODE).split(START_CODE) if unit.strip(b"\0")]


@pytest.mark.parametrize("codec", ["vp8", "h264"])
def test_pictures_come_out_as_they_were_encoded(codec: str) -> None:
    frames, encoded = whole(codec), pictures(codec, 4)
    assert len(frames) == len(encoded)
    for frame, before in zip(frames, encoded, strict=True):
        assert frame.data == before if codec == "vp8" else units(frame.data) == units(before)
    assert [number for number, frame in enumerate(frames) if frame.key] == [0, 60]
    assert frames[0].shape == Vp8Shape(160, 96) if codec == "vp8" else isinstance(frames[0].shape, bytes)


@pytest.mark.parametrize("codec", ["vp8", "h264"])
def test_after_a_hole_pictures_begin_again_with_a_key_frame(codec: str) -> None:
    all_of_them = list(clip(codec, 4, sound=False))
    tenth = next(each.seq for each in all_of_them if each.timestamp == all_of_them[0].timestamp + 10 * 3_000 - 2**32 and each.marker)
    frames = whole(codec, frozenset({tenth}))
    assert len(frames) == 10 + 60
    assert frames[10].key


def test_sound_is_a_frame_a_packet() -> None:
    assert Sounds().put(part(1, payload=b"opus")) == Frame(b"opus", 0, 0.0, True, None)
    assert Sounds().put(part(1, payload=b"")) is None


@given(st.sampled_from(["vp8", "h264"]), st.lists(st.tuples(st.binary(max_size=40), st.booleans(), st.integers(0, 3))))
def test_whatever_bytes_come_nothing_is_raised(codec: str, sent: list[tuple[bytes, bool, int]]) -> None:
    taker = Pictures(codec)
    for number, (payload, marker, timestamp) in enumerate(sent):
        frame = taker.put(Part(number, timestamp, marker, payload, 0.0))
        assert frame is None or frame.data


def test_a_picture_that_never_ends_does_not_grow() -> None:
    taker = Pictures("vp8")
    for number in range(8_000):
        assert taker.put(part(number, payload=b"\x10" + bytes(1_200))) is None
    assert sum(map(len, taker._parts)) < 5_000_000


# --- time -----------------------------------------------------------------------------------------------------------------------------


def ntp(seconds: float) -> int:
    return int(seconds * 2**32)


@given(st.floats(0, 0.8), st.floats(-3_000, 3_000), st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1))
def test_sound_and_picture_of_one_moment_get_one_time(delay_s: float, his_clock_s: float, sound: int, picture: int) -> None:
    """The picture is `delay_s` later on the way than the sound; both began at his second 100."""
    sender = Sender()
    heard, seen = Timeline(48_000, sender), Timeline(90_000, sender)
    heard.at_s(sound, 500.0)
    seen.at_s(picture, 500.0 + delay_s)
    his_s = 5_000.0 + his_clock_s
    heard.report(ntp(his_s), sound, 500.02)
    seen.report(ntp(his_s), picture, 500.02 + delay_s)
    for passed_s in (0.0, 1.0, 60.0):
        at_sound = heard.at_s((sound + int(passed_s * 48_000)) % 2**32, 500.0 + passed_s)
        at_picture = seen.at_s((picture + int(passed_s * 90_000)) % 2**32, 500.0 + passed_s + delay_s)
        assert at_sound == pytest.approx(at_picture, abs=0.001)
        assert at_sound == pytest.approx(500.02 + passed_s, abs=0.001)


def test_timestamps_count_on_past_their_end() -> None:
    line = Timeline(90_000, Sender())
    assert line.at_s(2**32 - 90_000, 10.0) == 10.0
    assert line.at_s(0, 11.0) == pytest.approx(11.0)
    assert line.at_s(2**32 - 45_000, 11.0) == pytest.approx(10.5)

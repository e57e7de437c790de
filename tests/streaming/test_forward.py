"""One source, many viewers: what a viewer sees is one unbroken source, whatever its publishers do."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from streaming import rtcp, rtp
from streaming.forward import CAUGHT_UP_MOST, CAUGHT_UP_S, KEY_S, RESENT_AT_ONCE, KeyWish, Leg, Track

KEY, INTER = bytes.fromhex("100000"), bytes.fromhex("100100")


def track(kind: str = "video") -> Track:
    return Track(kind, ssrc=111, rtx_ssrc=222, first_seq=0xFFF0, codec="vp8" if kind == "video" else "opus")


def packet(seq: int, payload: bytes = INTER, timestamp: int | None = None) -> rtp.Packet:
    return rtp.Packet(False, 96, seq & 0xFFFF, (seq * 3_000 if timestamp is None else timestamp) & 0xFFFFFFFF, 9, payload, b"", False)


def read(data: bytes) -> rtp.Packet:
    found = rtp.read(data)
    assert found is not None
    return found


def given_to(subject: Track, wire: str, seq: int, payload: bytes = INTER, now_s: float = 0.0) -> rtp.Packet | None:
    """What this viewer gets of one packet."""
    for group, data in subject.take(packet(seq, payload), seq, now_s):
        if wire in group.open:
            return read(data)
    return None


def test_a_picture_begins_with_a_key_frame_and_sound_at_once() -> None:
    picture, sound = track(), track("audio")
    picture.join(Leg("wall", 96), 0.0)
    sound.join(Leg("wall", 111), 0.0)
    assert picture.key_wish.due(0.0)
    assert given_to(picture, "wall", 1) is None
    assert given_to(sound, "wall", 1) is not None
    assert given_to(picture, "wall", 2, KEY) is not None
    assert given_to(picture, "wall", 3) is not None


def test_one_writing_serves_all_who_agreed_on_the_same_type() -> None:
    subject = track()
    for wire, payload_type in (("a", 96), ("b", 96), ("c", 98)):
        subject.join(Leg(wire, payload_type), 0.0)
    sent = list(subject.take(packet(1, KEY), 1, 0.0))
    assert [(group.open, read(data).payload_type) for group, data in sent] == [(["a", "b"], 96), (["c"], 98)]


def test_who_leaves_gets_nothing_more_and_leaves_nothing_behind() -> None:
    subject, leg = track(), Leg("a", 96)
    subject.join(leg, 0.0)
    given_to(subject, "a", 1, KEY)
    subject.leave(leg)
    assert given_to(subject, "a", 2) is None
    assert subject.groups == []


def test_a_late_joiner_waits_and_keeps_nobody_else_waiting() -> None:
    subject = track()
    subject.join(Leg("a", 96), 0.0)
    given_to(subject, "a", 1, KEY)
    assert subject.join(Leg("b", 96), CAUGHT_UP_S + 0.1) == []
    assert given_to(subject, "b", 2) is None
    assert given_to(subject, "a", 3) is not None
    assert given_to(subject, "b", 4, KEY) is not None


def test_who_comes_soon_after_a_key_frame_gets_the_picture_from_there() -> None:
    subject = track()
    subject.join(Leg("a", 98), 0.0)
    sent = [given_to(subject, "a", seq, KEY if seq == 3 else INTER) for seq in (1, 2, 3, 5)]  # the 4 is still on its way
    key, newest = sent[2:]
    assert key is not None
    assert newest is not None
    subject.key_wish.due(0.0)
    leg = Leg("b", 96)
    caught = [read(data) for data in subject.join(leg, 1.0)]
    assert [(each.payload_type, each.seq, each.timestamp) for each in caught] == [(96, each.seq, each.timestamp) for each in (key, newest)]
    assert not subject.key_wish.due(5.0)
    assert given_to(subject, "b", 4) is not None
    subject.new_publisher()
    assert subject.join(Leg("c", 96), 1.0) == []


def test_a_newcomer_is_not_flooded_with_what_came_since_the_key_frame() -> None:
    subject = track()
    given_to(subject, "a", 1, KEY)
    for seq in range(2, CAUGHT_UP_MOST + 2):
        given_to(subject, "a", seq)
    assert subject.join(Leg("b", 96), 1.0) == []
    assert subject.key_wish.due(1.0)


@given(st.lists(st.tuples(st.integers(0, 0xFFFFF), st.integers(1, 40), st.floats(0, 100)), min_size=1, max_size=6))
def test_numbers_and_times_go_on_whoever_publishes(publishers: list[tuple[int, int, float]]) -> None:
    subject = track()
    subject.join(Leg("wall", 96), 0.0)
    seen: list[rtp.Packet] = []
    now_s = 1.0
    for first, count, pause_s in publishers:
        subject.new_publisher()
        now_s += pause_s
        for seq in range(first, first + count):
            now_s += 1 / 30
            got = given_to(subject, "wall", seq, KEY, now_s)
            assert got is not None
            seen.append(got)
    assert {each.ssrc for each in seen} == {111}
    for before, after in pairwise(seen):
        assert (after.seq - before.seq) & 0xFFFF == 1
        assert 0 < (after.timestamp - before.timestamp) & 0xFFFFFFFF < 101 * 90_000 + 6_000


@given(st.permutations(range(10)), st.lists(st.integers(0, 9), max_size=10))
def test_what_comes_in_disorder_or_twice_goes_out_once_under_its_own_number(order: list[int], twice: list[int]) -> None:
    subject = track("audio")
    subject.join(Leg("wall", 96), 0.0)
    got = [given_to(subject, "wall", 99)]
    got += [given_to(subject, "wall", 100 + each) for each in [*order, *twice]]
    numbers = [each.seq for each in got if each is not None]
    assert sorted((each - numbers[0]) & 0xFFFF for each in numbers) == list(range(11))


def test_a_packet_of_the_publisher_before_never_overtakes_the_new_one() -> None:
    subject = track("audio")
    subject.join(Leg("wall", 96), 0.0)
    for seq in (500, 501, 502):
        given_to(subject, "wall", seq)
    subject.new_publisher()
    first = given_to(subject, "wall", 1_000)
    assert first is not None
    assert given_to(subject, "wall", 998) is None


def test_the_same_bytes_come_again_when_asked_for() -> None:
    subject, plain, rtx = track("audio"), Leg("a", 96), Leg("b", 96, rtx_type=97)
    for leg in (plain, rtx):
        subject.join(leg, 0.0)
    sent = [given_to(subject, "a", seq) for seq in range(20)]
    wanted = sent[5]
    assert wanted is not None
    (again,) = subject.again(plain, [wanted.seq], 1.0)
    assert read(again) == wanted
    (resent,) = subject.again(rtx, [wanted.seq], 1.0)
    assert read(resent).ssrc == 222
    assert rtp.original(read(resent), 96, 111) == wanted
    assert subject.again(plain, [(wanted.seq + 1_000) & 0xFFFF], 1.0) == []


def test_one_viewer_who_asks_for_everything_gets_his_share_only() -> None:
    subject, leg = track("audio"), Leg("a", 96)
    subject.join(leg, 0.0)
    sent = [given_to(subject, "a", seq) for seq in range(100)]
    numbers = [each.seq for each in sent if each is not None]
    got = sum(len(subject.again(leg, numbers, 1.0)) for _ in range(50))
    assert got <= RESENT_AT_ONCE
    assert len(subject.again(leg, numbers, 2.0)) > 0


def test_sound_comes_twice_to_who_loses_much_and_once_to_others() -> None:
    subject, bad, good = track("audio"), Leg("bad", 111), Leg("good", 111)
    for leg in (bad, good):
        subject.join(leg, 0.0)
    subject.loses(bad, 0.3)
    got: dict[str, list[int]] = {"bad": [], "good": []}
    for seq in range(5):
        for group, data in subject.take(packet(seq), seq, 0.0):
            for wire in group.open:
                got[wire].append(read(data).seq)
    assert len(set(got["good"])) == len(got["good"]) == 5
    assert sorted(got["bad"]) == sorted([*got["good"], *got["good"][:4]])
    subject.loses(bad, 0.0)
    assert len(subject.take(packet(5), 5, 0.0)) == 1


class Kept:
    """A sink that keeps."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, int, int, bool, bytes]] = []
        self.reports: list[tuple[str, int, int]] = []

    def take(self, kind: str, seq: int, timestamp: int, marker: bool, payload: bytes, now_s: float) -> None:
        self.taken.append((kind, seq, timestamp, marker, payload))

    def report(self, kind: str, ntp: int, timestamp: int, now_s: float) -> None:
        self.reports.append((kind, ntp, timestamp))


def test_a_recorder_gets_what_viewers_get_though_nobody_watches() -> None:
    kept = Kept()
    subject = Track("video", 111, 222, 5, "vp8", [kept])
    for seq, payload in ((7, KEY), (7, KEY), (8, INTER)):
        given_to(subject, "nobody", seq, payload)
    subject.new_publisher()
    given_to(subject, "nobody", 40_000, KEY)
    subject.report(rtcp.SenderReport(9, 77, 40_000 * 3_000), "x", 0.0)
    assert [seq - kept.taken[0][1] for _, seq, _, _, _ in kept.taken] == [0, 1, 2]
    assert [payload for *_, payload in kept.taken] == [KEY, INTER, KEY]
    assert kept.reports == [("video", 77, kept.taken[-1][2])]


def test_wishes_for_a_key_frame_are_thinned_and_the_last_is_not_lost() -> None:
    wish, asked = KeyWish(), list[float]()
    for step in range(100):
        now_s = step / 100
        if now_s < 0.7:
            wish.wish()
        if wish.due(now_s):
            asked.append(now_s)
    assert asked == [0.0, 0.5]
    assert wish.due(1.0 + KEY_S)


def test_the_publishers_clock_is_told_with_our_numbers() -> None:
    subject = track("audio")
    assert subject.report(rtcp.SenderReport(9, 1, 1), "x", 0.0) is None
    subject.join(Leg("a", 96), 0.0)
    got = given_to(subject, "a", 50)
    assert got is not None
    report = subject.report(rtcp.SenderReport(9, 77, 50 * 3_000 + 480), "x", 0.0)
    assert report is not None
    assert next(rtcp.read(report)) == rtcp.SenderReport(111, 77, (got.timestamp + 480) & 0xFFFFFFFF)

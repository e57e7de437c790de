"""RTCP: aiortc's own reader understands what we write, and any bytes are read or left."""

import random
import struct
from collections.abc import Callable

from aiortc.rtp import RtcpPacket, RtcpPsfbPacket, RtcpRrPacket, RtcpRtpfbPacket, RtcpSdesPacket, RtcpSrPacket
from hypothesis import given
from hypothesis import strategies as st

from streaming import rtcp, rtp

U16, U32 = st.integers(0, 0xFFFF), st.integers(0, 0xFFFFFFFF)


@given(st.binary(max_size=1_500))
def test_any_bytes_are_read_or_left(data: bytes) -> None:
    for said in rtcp.read(data):
        assert not isinstance(said, rtcp.Wanted) or len(said.seqs) <= rtcp.NACKED_MOST


@given(st.lists(U16, min_size=1, max_size=60, unique=True).map(sorted), U32, U32)
def test_packets_asked_for_are_those_that_are_heard(seqs: list[int], sender: int, ssrc: int) -> None:
    written = rtcp.nack(sender, ssrc, seqs)
    (said,) = rtcp.read(written)
    assert isinstance(said, rtcp.Wanted)
    assert (said.ssrc, set(said.seqs)) == (ssrc, set(seqs))
    (theirs,) = RtcpPacket.parse(written)
    assert isinstance(theirs, RtcpRtpfbPacket)
    assert set(theirs.lost) == set(seqs)


def test_reports_are_understood_by_another_reader() -> None:
    reception = rtp.Reception(48_000)
    reception.came(7, 1, 100, 0.0)
    report = rtcp.receiver_report(1, [reception.block(2, 1.0)]) + rtcp.sender_report(3, 5 << 32, 960, 10, 1_000, "name")
    receiver, sender, names = RtcpPacket.parse(report)
    assert isinstance(receiver, RtcpRrPacket)
    assert (receiver.ssrc, receiver.reports[0].ssrc, receiver.reports[0].highest_sequence) == (1, 2, 7)
    assert isinstance(sender, RtcpSrPacket)
    assert (sender.ssrc, sender.sender_info.ntp_timestamp, sender.sender_info.rtp_timestamp) == (3, 5 << 32, 960)
    assert isinstance(names, RtcpSdesPacket)
    assert list(rtcp.read(report)) == [rtcp.LossReport(2, 0.0), rtcp.SenderReport(3, 5 << 32, 960)]
    (wish,) = RtcpPacket.parse(rtcp.picture_loss(1, 2))
    assert isinstance(wish, RtcpPsfbPacket)
    assert (wish.fmt, wish.media_ssrc) == (1, 2)
    assert list(rtcp.read(rtcp.picture_loss(1, 2))) == [rtcp.PictureWanted(2)]


def arrivals(packet: bytes) -> dict[int, int | None]:
    """What a transport-cc packet says: number → microseconds, None for one that did not come."""
    first, count, reference = struct.unpack_from("!HHI", packet, 12)
    at_us, place, statuses = (reference >> 8) * 64_000, 20, list[int]()
    while len(statuses) < count:
        (word,) = struct.unpack_from("!H", packet, place)
        place += 2
        if word >> 15 == 0:
            statuses += [word >> 13] * (word & 0x1FFF)
        else:
            assert word >> 14 == 3
            statuses += [word >> 2 * (6 - each) & 3 for each in range(7)]
    said: dict[int, int | None] = {}
    for each, status in enumerate(statuses[:count]):
        number = (first + each) & 0xFFFF
        if status == 0:
            said[number] = None
            continue
        size = 1 if status == 1 else 2
        at_us += 250 * int.from_bytes(packet[place : place + size], "big", signed=size == 2)
        place += size
        said[number] = at_us
    assert place <= len(packet) < place + 4
    return said


@given(st.lists(st.tuples(st.integers(1, 12), st.integers(-3_000, 60_000)), min_size=1, max_size=120), U16)
def test_arrivals_are_told_as_they_were(steps: list[tuple[int, int]], first: int) -> None:
    feedback, number, at_us = rtcp.ArrivalFeedback(), first, 1_000_000
    true: dict[int, int] = {}
    for skipped, later_us in steps:
        feedback.came(number & 0xFFFF, at_us / 1e6)
        true[number & 0xFFFF] = at_us
        number, at_us = number + skipped, max(at_us + later_us, 0)
    said: dict[int, int | None] = {}
    for packet in feedback.due(1, 1e9):
        assert packet[0] & 31 == 15
        assert int.from_bytes(packet[2:4], "big") * 4 + 4 == len(packet)
        said |= arrivals(packet)
    assert {number for number, at in said.items() if at is not None} == set(true)
    assert all(abs((said[number] or 0) - at) <= 251 for number, at in true.items())
    assert feedback.due(1, 2e9) == []


def test_arrivals_are_told_in_pieces_without_a_hole_between_them() -> None:
    feedback = rtcp.ArrivalFeedback()
    told: list[int] = []
    for number in range(1_000):
        feedback.came((65_000 + number) & 0xFFFF, number / 1_000)
        for packet in feedback.due(1, number / 1_000):
            told += arrivals(packet)
    assert told == [(65_000 + number) & 0xFFFF for number in range(len(told))]
    assert len(told) > 900


@given(st.lists(U16, max_size=400))
def test_a_publisher_who_numbers_wildly_costs_no_memory(numbers: list[int]) -> None:
    feedback = rtcp.ArrivalFeedback()
    for place, number in enumerate(numbers):
        feedback.came(number, place / 100)
        assert sum(len(packet) for packet in feedback.due(1, place / 100)) <= 40 * 400


def told_lost(lost_of: Callable[[int, random.Random], bool], seconds: int, per_s: int = 150) -> list[float]:
    """What a publisher is told of a line: the share that is said to be lost of all that is spoken of, second by second."""
    feedback, chance, shares = rtcp.ArrivalFeedback(), random.Random(1), []
    for second in range(seconds):
        said: dict[int, int | None] = {}
        for place in range(per_s):
            number, at_s = second * per_s + place, second + place / per_s
            if place == 0 or not lost_of(second, chance):
                feedback.came(number & 0xFFFF, at_s)
            for packet in feedback.due(1, at_s):
                said |= arrivals(packet)
        shares.append(sum(at is None for at in said.values()) / max(len(said), 1))
    return shares


def test_what_a_line_always_loses_is_not_told_as_congestion() -> None:
    shares = told_lost(lambda _, chance: chance.random() < 0.3, 10)
    assert max(shares[1:]) < 0.1


def test_what_a_line_loses_only_now_is_told() -> None:
    shares = told_lost(lambda second, chance: chance.random() < (0.3 if second >= 5 else 0.0), 8)
    assert max(shares[:5]) == 0.0
    assert min(shares[5:]) > 0.2
    shares = told_lost(lambda second, chance: chance.random() < (0.5 if second >= 5 else 0.1), 8)
    assert min(shares[6:]) > 0.25  # for the first second what the line usually loses was saved up


def test_a_line_that_loses_nearly_all_is_told_so() -> None:
    assert min(told_lost(lambda _, chance: chance.random() < 0.8, 6)) > 0.3


def test_what_is_forgiven_is_never_said_to_have_come() -> None:
    feedback, came, said = rtcp.ArrivalFeedback(), set[int](), set[int]()
    chance = random.Random(2)
    for number in range(600):
        if chance.random() > 0.3:
            came.add(number)
            feedback.came(number, number / 150)
        for packet in feedback.due(1, number / 150):
            said |= {each for each, at in arrivals(packet).items() if at is not None}
    assert said <= came
    assert len(said) > len(came) - 30

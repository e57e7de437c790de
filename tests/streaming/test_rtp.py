"""RTP on the wire: what is read, what is written, what is missing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streaming import rtp

U16, U32 = st.integers(0, 0xFFFF), st.integers(0, 0xFFFFFFFF)


@given(payload_type=st.integers(0, 127), marker=st.booleans(), seq=U16, timestamp=U32, ssrc=U32, payload=st.binary(max_size=1_200))
def test_what_is_written_is_read_again(payload_type: int, marker: bool, seq: int, timestamp: int, ssrc: int, payload: bytes) -> None:
    packet = rtp.read(rtp.write(payload_type, marker, seq, timestamp, ssrc, payload))
    assert packet == rtp.Packet(marker, payload_type, seq, timestamp, ssrc, payload, b"", False)


@given(st.binary(max_size=2_000))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    packet = rtp.read(data)
    if packet is not None:
        for wanted in range(1, 16):
            rtp.extension(packet, wanted)
        rtp.original(packet, 96, 1)
        rtp.begins_key_frame("vp8", packet.payload)
        rtp.begins_key_frame("h264", packet.payload)


@given(data=st.binary(min_size=1, max_size=64), codec=st.sampled_from(["vp8", "h264"]))
def test_any_payload_is_a_key_frame_or_not(data: bytes, codec: str) -> None:
    assert rtp.begins_key_frame(codec, data) in (True, False)


def test_extensions_of_both_forms_are_found() -> None:
    one = rtp.HEADER.pack(0x90, 96, 1, 2, 3) + bytes.fromhex("bede0002" + "10aa" + "31bbcc" + "000000") + b"x"
    two = rtp.HEADER.pack(0x90, 96, 1, 2, 3) + bytes.fromhex("10000002" + "0101aa" + "0302bbcc" + "00") + b"x"
    for data in (one, two):
        packet = rtp.read(data)
        assert packet is not None
        assert packet.payload == b"x"
        assert rtp.extension(packet, 1) == b"\xaa"
        assert rtp.extension(packet, 3) == b"\xbb\xcc"
        assert rtp.extension(packet, 7) is None


def test_padding_is_taken_off_and_more_padding_than_packet_is_none() -> None:
    head = rtp.HEADER.pack(0xA0, 96, 1, 2, 3)
    packet = rtp.read(head + b"media" + b"\0\0\x03")
    assert packet is not None
    assert packet.payload == b"media"
    assert rtp.read(head + b"media" + b"\0\0\x40") is None
    assert rtp.read(head + b"media" + b"\0") is None


def test_a_retransmission_gives_back_the_original() -> None:
    sent = rtp.read(rtp.write(97, True, 7, 99, 2, (1234).to_bytes(2, "big") + b"media"))
    assert sent is not None
    again = rtp.original(sent, 96, 1)
    assert again is not None
    assert (again.seq, again.payload, again.payload_type, again.ssrc, again.timestamp, again.marker) == (1234, b"media", 96, 1, 99, True)
    assert rtp.original(sent._replace(payload=b"\0\0"), 96, 1) is None


@pytest.mark.parametrize(
    ("codec", "payload", "begins"),
    [
        ("vp8", "10" + "00" + "9d012a", True),  # start of partition 0, no extension, key
        ("vp8", "10" + "01" + "9d012a", False),  # inter picture
        ("vp8", "00" + "00" + "9d012a", False),  # in the middle of a picture
        ("vp8", "90e0" + "8123" + "05" + "20" + "00", True),  # long picture id, TL0PICIDX, TID
        ("vp8", "9080" + "23" + "00", True),  # short picture id
        ("vp8", "90e0" + "8123" + "05" + "20" + "01", False),
        ("vp8", "9080", False),  # cut short
        ("h264", "6742c01e", True),  # SPS
        ("h264", "65888040", True),  # IDR
        ("h264", "41888040", False),
        ("h264", "7c85aa", True),  # FU-A, begins an IDR
        ("h264", "7c05aa", False),  # FU-A, goes on with it
        ("h264", "78" + "0003" + "09f000" + "0004" + "6742c01e", True),  # STAP-A with an SPS in second place
        ("h264", "78" + "0003" + "09f000", False),
        ("h264", "78ffff67", True),  # a length that is a lie
    ],
)
def test_a_key_frame_is_known_by_its_first_packet(codec: str, payload: str, begins: bool) -> None:
    assert rtp.begins_key_frame(codec, bytes.fromhex(payload)) is begins


@given(st.lists(st.integers(-300, 300), max_size=200), U16)
def test_numbers_are_counted_on_past_their_end(steps: list[int], first: int) -> None:
    counter, true = rtp.Counter16(), first + 0x10000
    assert counter.whole(first) == true
    highest = true
    for step in steps:
        at = max(highest + step, 0)
        assert counter.whole(at & 0xFFFF) == at
        highest = max(highest, at)


def test_a_gap_is_asked_for_again_and_again_and_then_given_up() -> None:
    missing = rtp.Missing()
    missing.came(100, 0.0)
    assert missing.came(103, 0.0)
    asked = [(step * 0.02, seqs) for step in range(200) if (seqs := missing.due(step * 0.02))]
    assert [seqs for _, seqs in asked] == [[101, 102]] * len(rtp.RETRIES_S)
    assert asked[-1][0] > 1.0  # a browser that may resend little needs so long for what a key frame lost
    assert missing.given_up
    assert len(missing) == 0


def test_what_comes_late_is_asked_for_no_more() -> None:
    missing = rtp.Missing()
    for seq in (100, 103, 101):
        missing.came(seq, 0.0)
    assert missing.due(0.0) == [102]
    missing.came(102, 0.01)
    assert missing.due(1.0) == []
    assert not missing.given_up


@given(st.lists(st.integers(0, 200_000), max_size=300))
def test_what_is_missing_never_grows_without_bound(seqs: list[int]) -> None:
    missing = rtp.Missing()
    for place, seq in enumerate(seqs):
        missing.came(seq, place * 0.01)
        assert len(missing) <= rtp.MISSING_MOST
        missing.due(place * 0.01)


def test_a_report_counts_what_was_lost() -> None:
    reception = rtp.Reception(90_000)
    for seq in range(100, 200):
        if seq % 10:
            reception.came(seq, seq * 3_000, 1_000, seq / 30)
    block = reception.block(7, 10.0)
    assert int.from_bytes(block[:4], "big") == 7
    assert block[4] in (23, 25)  # a tenth of 256, the first one is not known to be lost
    assert int.from_bytes(block[8:12], "big") == 199
    assert reception.jitter < 1

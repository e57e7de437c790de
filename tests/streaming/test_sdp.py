"""Offers are read or refused with one of our errors, whatever they are; answers say what the relay does."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.errors import BadInput, CommandCentreError
from streaming import sdp

PRINT = ":".join(["AB"] * 32)
HEAD = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 1\r\n"
UNDER = (
    f"c=IN IP4 0.0.0.0\r\na=rtcp-mux\r\na=ice-ufrag:abcd\r\na=ice-pwd:{'p' * 22}\r\na=fingerprint:sha-256 {PRINT}\r\na=setup:actpass\r\n"
)
AUDIO = f"""m=audio 9 UDP/TLS/RTP/SAVPF 111 0
a=mid:0
a=sendrecv
{UNDER}a=rtpmap:111 opus/48000/2
a=rtcp-fb:111 nack
a=rtcp-fb:111 transport-cc
a=fmtp:111 minptime=10;useinbandfec=1
a=rtpmap:0 PCMU/8000
a=extmap:3 {sdp.TRANSPORT_CC}
"""
VIDEO = f"""m=video 9 UDP/TLS/RTP/SAVPF 102 103 96 97
a=mid:1
a=sendrecv
{UNDER}a=rtpmap:102 H264/90000
a=fmtp:102 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f
a=rtpmap:103 rtx/90000
a=fmtp:103 apt=102
a=rtpmap:96 VP8/90000
a=rtcp-fb:96 nack
a=rtcp-fb:96 nack pli
a=rtcp-fb:96 goog-remb
a=rtcp-fb:96 transport-cc
a=rtpmap:97 rtx/90000
a=fmtp:97 apt=96
a=extmap:3 {sdp.TRANSPORT_CC}
"""
AUDIO, VIDEO = (text.replace("\r\n", "\n").replace("\n", "\r\n") for text in (AUDIO, VIDEO))
OFFER = HEAD + AUDIO + VIDEO
HERE = sdp.Here("wxyz", "q" * 22, PRINT, (sdp.Place("10.0.0.5", 40_000), sdp.Place("fd00::2", 40_001)))


def answer_to(offered: str, **how: bool) -> str:
    offer = sdp.read_offer(offered)
    return sdp.answer(offer, sdp.choose(offer, publishing=how.get("publishing", True)), HERE)


def test_a_publishers_answer_takes_vp8_and_opus_with_feedback_and_retransmission() -> None:
    answer = answer_to(OFFER)
    assert re.findall(r"m=(\S+ \d+ \S+ .*)\r", answer) == ["audio 40000 UDP/TLS/RTP/SAVPF 111", "video 40000 UDP/TLS/RTP/SAVPF 96 97"]
    for line in (
        "a=group:BUNDLE 0 1", "a=recvonly", "a=rtcp-fb:111 nack", "a=rtcp-fb:96 nack pli", "a=rtcp-fb:96 transport-cc", "a=fmtp:97 apt=96",
        f"a=extmap:3 {sdp.TRANSPORT_CC}", "a=setup:passive", "a=ice-ufrag:wxyz", "a=fmtp:111 minptime=10;useinbandfec=1",
        "a=candidate:1 1 udp 2130706431 10.0.0.5 40000 typ host", "a=candidate:2 1 udp 2130706175 fd00::2 40001 typ host",
    ):  # fmt: skip
        assert f"{line}\r\n" in answer, line
    assert "goog-remb" not in answer
    assert answer.count("a=candidate") == 2


def test_a_viewers_answer_names_the_sources_and_promises_no_feedback_of_its_own() -> None:
    offer = sdp.read_offer(OFFER.replace("sendrecv", "recvonly"))
    source = {"video": sdp.Source(5, 6, "name", "stream")}
    answer = sdp.answer(offer, sdp.choose(offer, publishing=False, video_codec="h264"), HERE, source)
    assert "m=video 40000 UDP/TLS/RTP/SAVPF 102 103\r\n" in answer
    assert "a=ssrc-group:FID 5 6\r\na=ssrc:5 cname:name\r\na=ssrc:6 cname:name\r\n" in answer
    assert "a=inactive" in answer.partition("m=video")[0]  # there is no sound
    assert "transport-cc" not in answer


def test_what_is_not_taken_is_refused_at_its_place() -> None:
    data = f"m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:2\r\n{UNDER}"
    answer = answer_to(OFFER.replace("BUNDLE 0 1", "BUNDLE 2 0 1") + data)
    assert "m=application 0 UDP/DTLS/SCTP webrtc-datachannel\r\n" in answer
    assert "a=group:BUNDLE 0 1\r\n" in answer


def test_the_other_side_may_insist_on_beginning() -> None:
    assert "a=setup:active" in answer_to(OFFER.replace("setup:actpass", "setup:passive"))


def test_a_publisher_may_leave_unsaid_how_h264_is_cut_a_viewer_may_not() -> None:
    """GStreamer says nothing of it and cuts large pictures all the same; who watches must be able to put them together."""
    unsaid = re.sub(r"a=fmtp:102 .*\r\n", "", OFFER).replace("VP8", "AV1")
    assert "m=video 40000 UDP/TLS/RTP/SAVPF 102 103" in answer_to(unsaid)
    assert "m=video 0 " in answer_to(unsaid, publishing=False)


def test_credentials_of_the_head_count_for_all() -> None:
    inside = "".join(line + "\r\n" for line in UNDER.split("\r\n") if line.startswith(("a=ice", "a=finger", "a=setup")))
    offer = sdp.read_offer(HEAD + inside + AUDIO.replace(inside, ""))
    assert offer.sections[0].ufrag == "abcd"
    assert offer.sections[0].fingerprints == (("sha-256", PRINT),)


@pytest.mark.parametrize(
    "offered",
    [
        "", "v=0", HEAD, "x" * 70_000, OFFER.replace("a=fingerprint", "a=nofingerprint"), OFFER.replace(PRINT, PRINT[:-3]),
        OFFER.replace("m=audio 9", "m=audio -9"), OFFER.replace("m=audio 9", "m=audio 99999"), OFFER.replace("m=audio 9", "m=audio nine"),
        OFFER.replace("a=ice-pwd", "a=nopwd"), OFFER.replace("p" * 22, "short"), OFFER.replace("a=mid:1", "a=mid:0"),
        HEAD + AUDIO + "a=candidate:1 1 udp 1 10.0.0.1 9 typ host\r\n" * 10_000, HEAD + AUDIO + "a=candidate:nonsense\r\n",
        HEAD + "".join(AUDIO.replace("a=mid:0", f"a=mid:{place}") for place in range(60)),
        HEAD + AUDIO + "a=candidate:1 1 udp 1 h 70000 typ host\r\n",
        OFFER.replace("a=mid:1", "a=mid:\0"), OFFER + "nonsense\r\n", "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n",
    ],
)  # fmt: skip
def test_what_is_no_offer_is_refused(offered: str) -> None:
    with pytest.raises(BadInput):
        sdp.read_offer(offered)


@pytest.mark.parametrize(
    "offered",
    [
        OFFER.replace("opus/48000", "speex/8000").replace("VP8", "AV1").replace("H264", "H265"), OFFER.replace("sendrecv", "recvonly"),
        OFFER.replace("BUNDLE 0 1", "LS 0 1"), OFFER.replace("a=rtcp-mux\r\n", ""), OFFER.replace("UDP/TLS/RTP/SAVPF", "RTP/AVP"),
        HEAD + AUDIO.replace("m=audio 9", "m=audio 0"),
        HEAD + VIDEO.replace("packetization-mode=1", "packetization-mode=0").replace("VP8", "AV1"),
    ],
)  # fmt: skip
def test_what_offers_nothing_of_use_is_refused_otherwise(offered: str) -> None:
    with pytest.raises(sdp.UnusableOffer):
        sdp.choose(sdp.read_offer(offered), publishing=True)


@pytest.mark.parametrize("letter", ["\0", "\x1f", "\t", "\r"])
def test_a_control_character_in_any_line_is_no_offer(letter: str) -> None:
    lines = OFFER.split("\r\n")
    for place, line in enumerate(lines):
        if line:
            with pytest.raises(BadInput):
                sdp.read_offer("\r\n".join([*lines[:place], line[:3] + letter + line[3:], *lines[place + 1 :]]))


@given(st.text(max_size=400) | st.binary(max_size=400).map(lambda data: data.decode("latin-1")))
def test_any_text_is_read_or_refused(text: str) -> None:
    for each in (text, "v=0\n" + text, OFFER + text):
        try:
            offer = sdp.read_offer(each)
            sdp.answer(offer, sdp.choose(offer, publishing=True), HERE)
        except CommandCentreError:
            pass
        try:
            sdp.read_fragment(each)
        except BadInput:
            pass


@given(st.data())
def test_an_offer_with_lines_gone_doubled_or_changed_is_answered_or_refused(data: st.DataObject) -> None:
    lines = OFFER.split("\r\n")
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(lines) - 1))
        what = data.draw(st.sampled_from(["gone", "doubled", "changed", "number"]))
        if what == "gone":
            del lines[place]
        elif what == "doubled":
            lines.insert(data.draw(st.integers(0, len(lines))), lines[place])
        elif what == "changed":
            at = data.draw(st.integers(0, len(lines[place])))
            lines[place] = lines[place][:at] + data.draw(st.text(max_size=5)) + lines[place][at:]
        else:
            lines[place] = re.sub(r"\d+", str(data.draw(st.integers(-1, 2**40))), lines[place], count=1)
        if not lines:
            return
    for publishing in (True, False):
        try:
            offer = sdp.read_offer("\r\n".join(lines))
            answer = sdp.answer(offer, sdp.choose(offer, publishing=publishing), HERE)
        except CommandCentreError:
            continue
        assert answer.count("\r\nm=") == len(offer.sections)
        assert all(ord(letter) >= 32 for letter in answer.replace("\r\n", ""))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a=end-of-candidates\r\na=x-step:STILLS bandwidth\r\n", ("STILLS", "bandwidth")),
        ("a=x-step:FULL none", ("FULL", "none")),
        ("a=end-of-candidates", None),
        ("a=x-step:STILLS", None),
        ("a=x-step:stills bandwidth", None),
        ("a=x-step:STILLS a b", None),
        ("xa=x-step:STILLS loss", None),
    ],
)
def test_a_publisher_may_say_how_far_he_has_come_down(text: str, said: tuple[str, str] | None) -> None:
    assert sdp.read_step(text) == said


def test_a_fragment_says_whose_it_is() -> None:
    assert sdp.read_fragment("a=ice-ufrag:abcd\r\na=ice-pwd:x\r\na=candidate:1 1 udp 1 h.local 9 typ host\r\n") == ("abcd", "x")
    assert sdp.read_fragment("a=end-of-candidates") == (None, None)
    with pytest.raises(BadInput):
        sdp.read_fragment("a=candidate:nonsense")


LAYERED = VIDEO + f"a=extmap:10 {sdp.RID}\r\na=extmap:11 {sdp.REPAIRED_RID}\r\na=rid:l send\r\na=rid:m send\r\na=rid:h send\r\n"


def test_a_picture_in_several_sizes_is_taken_in_all_of_them() -> None:
    answer = answer_to(HEAD + AUDIO + LAYERED + "a=simulcast:send l;~m,h2;h\r\n")
    extensions = f"a=extmap:10 {sdp.RID}", f"a=extmap:11 {sdp.REPAIRED_RID}"
    for line in ("a=rid:l recv", "a=rid:h recv", "a=simulcast:recv l;m;h", "a=fmtp:96 x-google-start-bitrate=1200", *extensions):
        assert f"{line}\r\n" in answer, line


@pytest.mark.parametrize("sizes", ["", "send", "send l;x", "send l;l", "recv l;h", "send h"])
def test_what_is_not_said_as_it_should_be_is_one_picture(sizes: str) -> None:
    assert "simulcast" not in answer_to(HEAD + AUDIO + LAYERED + f"a=simulcast:{sizes}\r\n")


def test_sizes_that_cannot_be_told_apart_are_one_picture() -> None:
    assert "simulcast" not in answer_to(HEAD + AUDIO + LAYERED.replace(sdp.RID, "urn:x") + "a=simulcast:send l;h\r\n")


def test_a_viewer_is_never_offered_several_sizes_at_once() -> None:
    offer = sdp.read_offer((HEAD + AUDIO + LAYERED + "a=simulcast:recv l;h\r\n").replace("sendrecv", "recvonly"))
    assert "simulcast" not in sdp.answer(offer, sdp.choose(offer, publishing=False), HERE, {"video": sdp.Source(5, 6, "name", "stream")})


@given(st.lists(st.sampled_from(["a=rid:", "a=simulcast:", "send ", "recv ", "l", "h", ";", ",", "~", " ", "=", "\r\n"]), max_size=30))
def test_odd_sizes_never_break_an_answer(parts: list[str]) -> None:
    try:
        answer_to(HEAD + AUDIO + LAYERED + "".join(parts) + "\r\n")
    except CommandCentreError:
        pass

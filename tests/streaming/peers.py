"""A peer without a browser: offers by WHIP or WHEP, connects by the same ICE and DTLS library, sends and takes raw packets."""

import asyncio
import re
from collections.abc import Sequence
from typing import Any

from aioice import Candidate

from streaming import hooks, rtcp, rtp, sdp
from streaming.sdp import Place

AUDIO, VIDEO, RTX = 111, 96, 97
RID_AT = 10
KEY, INTER = bytes.fromhex("100000"), bytes.fromhex("100100")  # the beginning of a VP8 picture


def offer(
    wire: hooks.Wire,
    fingerprint: str,
    direction: str,
    kinds: Sequence[str] = ("audio", "video"),
    setup: str = "actpass",
    codec: str = "VP8",
    layers: Sequence[str] = (),
) -> str:
    """As a browser would write it, with the one extension and the feedback that the relay uses."""
    lines = ["v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "t=0 0", f"a=group:BUNDLE {' '.join(str(place) for place in range(len(kinds)))}"]
    for place, kind in enumerate(kinds):
        types = f"{AUDIO}" if kind == "audio" else f"{VIDEO} {RTX}"
        lines += [
            f"m={kind} 9 UDP/TLS/RTP/SAVPF {types}", "c=IN IP4 0.0.0.0", f"a=mid:{place}", f"a={direction}", "a=rtcp-mux",
            f"a=ice-ufrag:{wire.ufrag}", f"a=ice-pwd:{wire.password}", f"a=fingerprint:sha-256 {fingerprint}", f"a=setup:{setup}",
            "a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01",
        ]  # fmt: skip
        if kind == "audio":
            lines += [f"a=rtpmap:{AUDIO} opus/48000/2", f"a=rtcp-fb:{AUDIO} nack", f"a=fmtp:{AUDIO} minptime=10;useinbandfec=1"]
        else:
            fmtp = [f"a=fmtp:{VIDEO} level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f"] if codec == "H264" else []
            lines += [f"a=rtpmap:{VIDEO} {codec}/90000", f"a=rtcp-fb:{VIDEO} nack", f"a=rtcp-fb:{VIDEO} nack pli", *fmtp]
            lines += [f"a=rtpmap:{RTX} rtx/90000", f"a=fmtp:{RTX} apt={VIDEO}", f"a=extmap:{RID_AT} {sdp.RID}"]
            if layers:
                lines += [*(f"a=rid:{name} send" for name in layers), f"a=simulcast:send {';'.join(layers)}"]
    return "\r\n".join(lines) + "\r\n"


class Peer:
    """One connection. taken: media packets as they came, reports: what the other side said beside them."""

    def __init__(self, certificate: hooks.Certificate | None = None, address: str = "127.0.0.1") -> None:
        self.certificate = certificate or hooks.Certificate.generateCertificate()
        self.taken: list[rtp.Packet] = []
        self.reports: list[rtcp.Report] = []
        self.raw_reports: list[bytes] = []
        self.gone = asyncio.Event()
        self.wire = hooks.Wire(self.certificate, self._took, self._heard, self.gone.set, controlling=True)
        self.address, self.places = address, tuple[Place, ...]()
        self.seq = 1_000
        self._transport = 0

    async def offers(self, direction: str, kinds: Sequence[str] = ("audio", "video"), **how: Any) -> str:
        """how: as for `offer`."""
        self.places = await self.wire.listen([self.address])
        return offer(self.wire, self.certificate.fingerprint, direction, kinds, **how)

    async def connect(self, answer: str) -> bool:
        def said(name: str) -> str:
            found = re.search(rf"^a={name}:(\S+)", answer, re.MULTILINE)
            assert found is not None, answer
            return found[1]

        fingerprint = re.search(r"^a=fingerprint:sha-256 (\S+)", answer, re.MULTILINE)
        assert fingerprint is not None
        candidates = [Candidate.from_sdp(each.strip()) for each in re.findall(r"^a=candidate:(.*)$", answer, re.MULTILINE)]
        async with asyncio.timeout(20):
            return await self.wire.connect(
                said("ice-ufrag"), said("ice-pwd"), [("sha-256", fingerprint[1])],
                active=said("setup") == "passive", candidates=candidates,
            )  # fmt: skip

    def send(self, payload: bytes, kind: str = "video", seq: int | None = None, ssrc: int | None = None) -> None:
        if seq is None:
            self.seq += 1
            seq = self.seq
        payload_type = VIDEO if kind == "video" else AUDIO
        packet = rtp.write(payload_type, True, seq, seq * 3_000, ssrc or (5 if kind == "video" else 6), payload)
        hooks.send((self.wire,), packet)

    def send_layer(self, name: str, payload: bytes) -> None:
        """A packet of one size of the picture. name: one letter."""
        self.seq += 1
        head = rtp.HEADER.pack(0x90, VIDEO | 0x80, self.seq & 0xFFFF, self.seq * 3_000, ord(name))
        hooks.send((self.wire,), head + b"\xbe\xde\x00\x01" + bytes([RID_AT << 4, ord(name), 0, 0]) + payload)

    def send_at(self, kind: str, seq: int, timestamp: int, marker: bool, payload: bytes) -> None:
        """One packet of a clip, with its own number and time and a number of the transport."""
        self._transport = (self._transport + 1) & 0xFFFF
        payload_type, ssrc = (VIDEO, 5) if kind == "video" else (AUDIO, 6)
        head = rtp.HEADER.pack(0x90, payload_type | (0x80 if marker else 0), seq & 0xFFFF, timestamp & 0xFFFFFFFF, ssrc)
        extension = b"\xbe\xde\x00\x01\x31" + self._transport.to_bytes(2, "big") + b"\0"
        hooks.send((self.wire,), head + extension + payload)

    def _took(self, data: bytes, _: float) -> None:
        packet = rtp.read(data)
        if packet is not None:
            self.taken.append(packet)

    def _heard(self, data: bytes, _: float) -> None:
        self.raw_reports.append(data)
        self.reports += rtcp.read(data)

    async def close(self) -> None:
        await self.wire.close()

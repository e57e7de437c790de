"""A drawn clip sent to the relay by WHIP, as a phone or a leader's page sends its camera: packets at their time, encoded once."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from fractions import Fraction
from typing import Any

import httpx
from aiortc import MediaStreamTrack, RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from av.packet import Packet

from dashboard.demo import clips
from dashboard.demo.clips import AUDIO_BASE, FPS, RATE, VIDEO_BASE, Clip

BEGINS_S = 15.0  # so long a relay may take to begin


class ClipTrack(MediaStreamTrack):
    """Gives the packets of a clip at their time, round and round; where it begins, the second of the clock says."""

    def __init__(self, kind: str, packets: list[tuple[int, bytes]], base: Fraction, length: int) -> None:
        self.kind = kind
        super().__init__()
        self._packets, self._base, self._length = packets, base, length
        self._began = time.time()
        self._place = next((place for place, (pts, _) in enumerate(packets) if self._starts(pts)), 0)
        self._first = packets[self._place][0]

    def _starts(self, pts: int) -> bool:
        """At the whole second that the clock shows now: a picture there is a whole one."""
        seconds = int(self._began) % max(1, int(self._length * self._base))
        return pts * self._base >= seconds

    async def recv(self) -> "Packet[Any]":
        rounds, place = divmod(self._place, len(self._packets))
        pts, data = self._packets[place]
        self._place += 1
        elapsed = pts - self._first + rounds * self._length
        await asyncio.sleep(max(0.0, float(elapsed * self._base) - (time.time() - self._began)))
        packet: Packet[Any] = Packet(data)
        packet.pts, packet.time_base = elapsed, self._base
        return packet


def tracks(clip: Clip) -> list[ClipTrack]:
    return [
        ClipTrack("video", clip.video, VIDEO_BASE, clips.SECONDS * FPS),
        ClipTrack("audio", clip.audio, AUDIO_BASE, clips.SECONDS * RATE),
    ]


@asynccontextmanager
async def publishing(client: httpx.AsyncClient, clip: Clip, given: Mapping[str, str]) -> AsyncIterator[asyncio.Event]:
    """Sends while inside; the event is set when the connection is gone. given: what `/api/media/tokens` answered.

    A relay that is just beginning is waited for. Raises httpx.HTTPError, ValueError.
    """
    pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    bearer = {"Authorization": f"Bearer {given['token']}"}
    ended = asyncio.Event()
    where = ""
    try:
        for track in tracks(clip):
            pc.addTrack(track)

        @pc.on("connectionstatechange")
        def changed() -> None:
            if pc.connectionState in ("failed", "closed"):
                ended.set()

        await pc.setLocalDescription(await pc.createOffer())
        answer = await _offer(client, given, pc.localDescription.sdp)
        where = str(httpx.URL(given["url"]).join(answer.headers["location"]))
        await pc.setRemoteDescription(RTCSessionDescription(answer.text, "answer"))
        yield ended
    finally:
        if where:  # said before the connection is gone: an end of its own will, no interruption
            with contextlib.suppress(httpx.HTTPError):
                await client.delete(where, headers=bearer)
        await pc.close()


async def _offer(client: httpx.AsyncClient, given: Mapping[str, str], sdp: str) -> httpx.Response:
    """The relay's answer. Raises httpx.HTTPError."""
    headers = {"Authorization": f"Bearer {given['token']}", "Content-Type": "application/sdp"}
    until = time.monotonic() + BEGINS_S
    while True:
        try:
            return (await client.post(f"{given['url']}/{given['stream']}", content=sdp, headers=headers)).raise_for_status()
        except httpx.ConnectError:  # the relay begins after everything else, and again after a fall
            if time.monotonic() > until:
                raise
            await asyncio.sleep(0.5)

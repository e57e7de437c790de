"""A still: made of key frames only, only while somebody asks, one a stream; what is broken leaves the last good one."""

import asyncio
import random
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard import i18n
from data.errors import NotPermitted, TooMany
from streaming import stills, whip
from streaming.frames import Frame
from streaming.media_events import Happened, Limits, MediaEvent, NoStill
from streaming.media_tokens import MediaTokens, Right
from streaming.relay import Relay
from streaming.stills import KeyFrames
from tests.streaming.clips import FPS, Sent, clip
from tests.streaming.peers import Peer

TOKENS = MediaTokens(b"k" * 32)
OURS = "https://centre.example"


def gathered(codec: str, sent: list[Sent]) -> list[Frame]:
    frames = KeyFrames(codec)
    found = [frames.take(each.seq, each.timestamp, each.marker, each.payload, each.at_s) for each in sent]
    return [frame for frame in found if frame is not None]


@pytest.mark.parametrize("codec", ["vp8", "h264"])
def test_only_key_frames_are_gathered_and_each_gives_a_picture(codec: str) -> None:
    sent = list(clip(codec, 6, sound=False))
    frames = gathered(codec, sent)
    assert len(frames) == 3
    assert all(frame.key for frame in frames)
    jpeg = stills.decoded(codec, frames[0])
    assert jpeg is not None
    assert jpeg[:2] == b"\xff\xd8"


@pytest.mark.parametrize("codec", ["vp8", "h264"])
def test_packets_of_a_key_frame_may_come_in_any_order_but_none_may_be_missing(codec: str) -> None:
    sent = list(clip(codec, 1, sound=False, size=(640, 360), kbps=2_000))
    key = [each for each in sent if each.timestamp == sent[0].timestamp]
    assert len(key) > 3
    late = [key[0], *random.Random(1).sample(key[1:], len(key) - 1)]
    assert len(gathered(codec, late)) == 1
    assert gathered(codec, [each for each in sent if each is not key[1]]) == []


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 3), st.booleans(), st.binary(max_size=12)), max_size=60))
def test_whatever_comes_gathering_it_never_fails(packets: list[tuple[int, int, bool, bytes]]) -> None:
    for codec in ("vp8", "h264"):
        frames = KeyFrames(codec)
        for seq, timestamp, marker, payload in packets:
            frame = frames.take(seq, timestamp, marker, payload, 0.0)
            assert frame is None or stills.decoded(codec, frame) is None


def test_a_picture_that_claims_to_be_enormous_is_notdecoded() -> None:
    frame = next(iter(gathered("vp8", list(clip("vp8", 1, sound=False)))))
    claimed = frame.data[:6] + (16_383).to_bytes(2, "little") * 2 + frame.data[10:]
    assert stills.decoded("vp8", frame._replace(data=claimed)) is None


class House:
    """A relay that runs, its doors, and one officer who sends a clip."""

    def __init__(self) -> None:
        self.events: list[MediaEvent] = []
        self.relay = Relay(("127.0.0.1",), self.events.append, Limits(asked_at_once=1_000))
        app = whip.build_media(TOKENS, self.relay, now, i18n.of_error, OURS)
        self.web = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://relay")
        self.running = asyncio.create_task(self.relay.run())
        self.officer = Peer()
        self.sending: asyncio.Task[None] | None = None
        self.broken = False

    async def publish(self, codec: str = "VP8", kinds: tuple[str, ...] = ("audio", "video")) -> None:
        text = await self.officer.offers("sendonly", kinds, codec=codec)
        answer = await self.web.post("/whip/s", content=text, headers=bearer(Right.PUBLISH) | {"content-type": "application/sdp"})
        assert answer.status_code == 201, answer.text
        assert await self.officer.connect(answer.text)
        self.sending = asyncio.create_task(self._send(codec.lower()))

    async def _send(self, codec: str) -> None:
        """The same second again and again: a key frame each second, whoever asks."""
        sent = [each for each in clip(codec, 1) if each.kind == "video" or "video" in self.relay.stream("s").tracks]  # type: ignore[union-attr]
        seqs = 1 + max(each.seq for each in sent if each.kind == "video") - min(each.seq for each in sent if each.kind == "video")
        for again in range(1_000):
            at = 0.0
            for each in sent:
                await asyncio.sleep(max(0.0, each.at_s - at))
                at = max(at, each.at_s)
                spoilt = each.payload[:16] + b"\xff" * (len(each.payload) - 16) if self.broken and each.kind == "video" else each.payload
                seq, timestamp = each.seq + again * seqs, each.timestamp + again * FPS * 3_000
                self.officer.send_at(each.kind, seq, timestamp, each.marker, spoilt)

    async def stop(self) -> None:
        if self.sending is not None:
            self.sending.cancel()
            await asyncio.gather(self.sending, return_exceptions=True)

    async def ask(self, **how: Any) -> httpx.Response:
        more = how.pop("headers", {})
        return await self.web.get("/still/s", headers=bearer(Right.VIEW, "v", **how) | more)

    async def picture(self, **headers: str) -> httpx.Response:
        """Ask as a page does, until there is one."""
        async with asyncio.timeout(20):
            while (answer := await self.ask(headers=headers)).status_code in (404, 429):
                assert answer.headers["retry-after"] == "1"
                await asyncio.sleep(0.25)
        return answer

    async def close(self) -> None:
        await self.stop()
        await self.web.aclose()
        await self.officer.close()
        self.running.cancel()
        await asyncio.gather(self.running, return_exceptions=True)
        await self.relay.aclose()


def now() -> datetime:
    return datetime.now(UTC)


def bearer(right: Right, person: str = "p", stream: str = "s", **how: Any) -> dict[str, str]:
    return {"authorization": f"Bearer {TOKENS.issue(person, stream, right, now=now(), **how)}"}


@pytest.fixture
async def house() -> AsyncIterator[House]:
    house = House()
    yield house
    await house.close()


@pytest.mark.parametrize("codec", ["VP8", "H264"])
async def test_a_still_is_a_small_jpeg_with_its_age(house: House, codec: str) -> None:
    await house.publish(codec)
    answer = await house.picture()
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.content[:2] == b"\xff\xd8"
    assert 0 <= int(answer.headers["picture-age"]) < 6_000
    assert (await house.picture(**{"if-none-match": answer.headers["etag"]})).status_code in (200, 304)


async def test_nothing_isdecoded_while_nobody_asks_and_nothing_any_more_once_he_stops(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await house.publish()
    await asyncio.sleep(2.5)
    assert house.relay.stills.made == 0
    stream = house.relay.stream("s")
    assert stream is not None
    assert stream.sinks == []
    monkeypatch.setattr(stills, "ASKED_S", 1.0)
    await house.picture()
    async with asyncio.timeout(20):
        while house.relay.stills or stream.sinks:
            await asyncio.sleep(0.05)
    made = house.relay.stills.made
    assert made >= 1
    assert [(event.stream, event.person) for event in house.events if event.happened is Happened.UNWATCHED] == [("s", "v")]
    await asyncio.sleep(1.5)
    assert house.relay.stills.made == made


async def test_who_looks_at_stills_is_there(house: House) -> None:
    await house.publish()
    assert not house.relay.is_there("s", "v")
    await house.picture()
    assert house.relay.is_there("s", "v")
    assert not house.relay.is_there("s", "w")


async def test_the_picture_of_a_phone_that_stops_stays_and_grows_old_and_dies_with_the_stream(house: House) -> None:
    await house.publish()
    first = await house.picture()
    await house.stop()
    await asyncio.sleep(1.2)
    later = await house.picture()
    later = await house.picture() if later.headers["etag"] != first.headers["etag"] else later
    await asyncio.sleep(0.5)
    last = await house.picture(**{"if-none-match": later.headers["etag"]})
    assert last.status_code == 304
    assert int(last.headers["picture-age"]) > int(later.headers["picture-age"]) + 400
    house.relay.revoke("s")
    assert (await house.ask()).status_code == 403
    assert len(house.relay.stills) == 0


async def test_a_broken_key_frame_leaves_the_last_good_picture_with_its_age(house: House) -> None:
    await house.publish()
    good, made = await house.picture(), house.relay.stills.made
    house.broken = True
    async with asyncio.timeout(20):
        while house.relay.stills.made < made + 3:
            await house.ask()
            await asyncio.sleep(0.3)
    good = await house.picture()
    await asyncio.sleep(0.3)
    after = await house.picture()
    assert after.content == good.content
    assert int(after.headers["picture-age"]) > int(good.headers["picture-age"])


async def test_who_may_not_watch_gets_no_still(house: House) -> None:
    assert (await house.ask()).status_code == 404
    await house.publish()
    await house.picture()
    get = house.web.get
    assert (await get("/still/s")).status_code == 401
    assert (await get("/still/s", headers={"authorization": "Bearer x"})).status_code == 401
    assert (await get("/still/s", headers=bearer(Right.PUBLISH))).status_code == 403
    assert (await get("/still/s", headers=bearer(Right.VIEW, stream="other"))).status_code == 403
    assert (await get("/still/s", headers=bearer(Right.VIEW, fingerprint="AA:BB"))).status_code == 403
    assert (await get("/still/s%20", headers=bearer(Right.VIEW))).status_code == 404
    assert (await get("/still/t", headers=bearer(Right.VIEW, stream="t"))).status_code == 404
    late = TOKENS.issue("v", "s", Right.VIEW, now=datetime(2026, 1, 1, tzinfo=UTC))
    assert (await get("/still/s", headers={"authorization": f"Bearer {late}"})).status_code == 401
    assert (await house.web.post("/still/s", headers=bearer(Right.VIEW))).status_code == 405
    house.relay.revoke("s", "v")
    assert (await house.ask()).status_code == 403
    assert not house.relay.is_there("s", "v")
    assert all(b"\xff\xd8" not in answer.content for answer in [await house.ask()])


async def test_a_stream_of_sound_alone_has_no_still_and_nothing_listens_in(house: House) -> None:
    text = await house.officer.offers("sendonly", ("audio",))
    headers = bearer(Right.PUBLISH) | {"content-type": "application/sdp"}
    assert (await house.web.post("/whip/s", content=text, headers=headers)).status_code == 201
    assert (await house.ask()).status_code == 404
    stream = house.relay.stream("s")
    assert stream is not None
    assert stream.sinks == []


async def test_one_person_who_asks_too_often_is_told_to_wait(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stills, "OFTEN_S", 60.0)  # five questions may take longer than what is often
    await house.publish()
    asked = [await house.ask() for _ in range(5)]
    assert {answer.status_code for answer in asked[1:]} == {429}
    with pytest.raises(TooMany):
        await house.relay.stills.ask("s", "v")
    with pytest.raises(NoStill):
        await house.relay.stills.ask("t", "v")
    with pytest.raises(NotPermitted):
        await house.relay.still(TOKENS.read(TOKENS.issue("v", "s", Right.VIEW, now=now(), fingerprint="AA"), now=now()))


async def test_our_own_pages_may_read_the_age_across_the_port(house: House) -> None:
    asked = await house.web.options("/still/s", headers={"origin": OURS})
    assert asked.status_code == 204
    assert "GET" in asked.headers["access-control-allow-methods"]
    assert "If-None-Match" in asked.headers["access-control-allow-headers"]
    await house.publish()
    answer = await house.picture(origin=OURS)
    assert answer.headers["access-control-allow-origin"] == OURS
    assert "Picture-Age" in answer.headers["access-control-expose-headers"]


async def test_the_still_of_a_closed_picture_is_not_shown_any_more(house: House) -> None:
    await house.publish()
    await house.picture()
    await house.stop()
    house.relay.forget_stills("s")
    answer = await house.ask()
    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "media.no_still"

"""The door for media: every wrong request has its own answer, and every right one its session."""

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from dashboard import i18n
from data.errors import CommandCentreError
from streaming import whip
from streaming.media_events import Limits, NobodyPublishes, RelayFull, StillSending
from streaming.media_tokens import MediaTokens, Right
from streaming.relay import Relay
from tests.streaming.peers import Peer

NOW = datetime(2026, 11, 26, 1, 38, tzinfo=UTC)
TOKENS = MediaTokens(b"k" * 32)
OURS = "https://centre.example"
OFFER, FRAGMENT = {"content-type": "application/sdp"}, {"content-type": "application/trickle-ice-sdpfrag"}


class House:
    """Relay and doors without a network; what was opened is closed at the end."""

    def __init__(self, **limits: Any) -> None:
        self.relay = Relay(("127.0.0.1",), limits=Limits(**limits))
        app = whip.build_media(TOKENS, self.relay, lambda: NOW, i18n.of_error, OURS, lambda person: ['<turn:t>; rel="ice-server"'])
        self.web = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://relay")
        self.peers: list[Peer] = []

    async def peer(self) -> Peer:
        self.peers.append(Peer())
        return self.peers[-1]

    async def publish(self, person: str = "p", stream: str = "s", **more: str) -> httpx.Response:
        text = await (await self.peer()).offers("sendonly")
        return await self.web.post(f"/whip/{stream}", content=text, headers=bearer(Right.PUBLISH, person, stream) | OFFER | more)

    async def view(self, person: str = "v", stream: str = "s") -> httpx.Response:
        text = await (await self.peer()).offers("recvonly")
        return await self.web.post(f"/whep/{stream}", content=text, headers=bearer(Right.VIEW, person, stream) | OFFER)


def bearer(right: Right, person: str = "p", stream: str = "s", **how: Any) -> dict[str, str]:
    return {"authorization": f"Bearer {TOKENS.issue(person, stream, right, now=NOW, **how)}"}


@pytest.fixture
async def house() -> AsyncIterator[House]:
    house = House()
    yield house
    await house.web.aclose()
    for peer in house.peers:
        await peer.close()
    await house.relay.aclose()


async def test_an_offer_is_answered_with_everything_the_standard_asks_for(house: House) -> None:
    answer = await house.publish()
    assert answer.status_code == 201, answer.text
    assert answer.headers["content-type"] == "application/sdp"
    assert re.fullmatch(r"/whip/s/[\w-]{20,}", answer.headers["location"])
    assert re.fullmatch(r'"\w+"', answer.headers["etag"])
    assert answer.headers["accept-patch"] == "application/trickle-ice-sdpfrag"
    assert answer.headers["link"] == '<turn:t>; rel="ice-server"'
    assert answer.text.startswith("v=0\r\n")


async def test_a_session_is_trickled_to_asked_after_and_ended(house: House) -> None:
    published = await house.publish()
    where, etag, own = published.headers["location"], published.headers["etag"], bearer(Right.PUBLISH) | FRAGMENT
    ufrag = house.peers[-1].wire.ufrag
    candidate = f"a=ice-ufrag:{ufrag}\r\na=ice-pwd:x\r\nm=audio 9 RTP/AVP 0\r\na=mid:0\r\na=candidate:1 1 udp 1 10.0.0.1 9 typ host\r\n"
    for more in ({}, {"if-match": etag}):
        assert (await house.web.patch(where, content=candidate, headers=own | more)).status_code == 204
    assert (await house.web.patch(where, content="a=end-of-candidates", headers=own)).status_code == 204
    assert (await house.web.patch(where, content="a=x", headers=own | {"if-match": '"other"'})).status_code == 412
    assert (await house.web.patch(where, content="a=x", headers=own | {"if-match": "*"})).status_code == 422
    assert (await house.web.patch(where, content="a=ice-ufrag:other", headers=own)).status_code == 422
    assert (await house.web.patch(where, content="nonsense", headers=own)).status_code == 400
    assert (await house.web.patch(where, content="a=x", headers=bearer(Right.PUBLISH) | OFFER)).status_code == 415
    assert (await house.web.patch(where, content="a=x", headers=bearer(Right.PUBLISH, "other") | FRAGMENT)).status_code == 403
    assert (await house.web.delete(where)).status_code == 401
    assert (await house.web.delete(where, headers=bearer(Right.PUBLISH, "other"))).status_code == 403
    assert (await house.web.delete(where.replace("whip", "whep"), headers=bearer(Right.VIEW))).status_code == 404
    assert (await house.web.delete(where, headers=own)).status_code == 200
    assert (await house.web.delete(where, headers=own)).status_code == 404
    assert (await house.web.patch(where, content="a=end-of-candidates", headers=own)).status_code == 404


@pytest.mark.parametrize(
    ("headers", "path", "body", "status"),
    [
        ({}, "/whip/s", None, 401),
        ({"authorization": "Basic x"}, "/whip/s", None, 401),
        ({"authorization": "Bearer x"}, "/whip/s", None, 401),
        (bearer(Right.VIEW), "/whip/s", None, 403),
        (bearer(Right.PUBLISH), "/whep/s", None, 403),
        (bearer(Right.PUBLISH, stream="other"), "/whip/s", None, 403),
        (bearer(Right.PUBLISH, fingerprint="AA:BB"), "/whip/s", None, 403),
        (bearer(Right.PUBLISH), "/whip/a b", None, 404),
        (bearer(Right.PUBLISH), f"/whip/{'s' * 81}", None, 404),
        (bearer(Right.PUBLISH), "/other/s", None, 404),
        (bearer(Right.PUBLISH) | {"content-type": "text/plain"}, "/whip/s", None, 415),
        (bearer(Right.PUBLISH) | {"accept": "text/html"}, "/whip/s", None, 406),
        (bearer(Right.PUBLISH), "/whip/s", b"v=0", 400),
        (bearer(Right.PUBLISH), "/whip/s", b"\xff\xfe", 400),
        (bearer(Right.PUBLISH), "/whip/s", b"v=0\r\n" + b"a=x\r\n" * 200_000, 413),
        (bearer(Right.VIEW), "/whep/s", None, 409),
    ],
)  # fmt: skip
async def test_a_wrong_request_is_told_what_is_wrong(
    house: House, headers: dict[str, str], path: str, body: bytes | None, status: int
) -> None:
    content = body if body is not None else (await (await house.peer()).offers("sendrecv")).encode()
    answer = await house.web.post(path, content=content, headers=OFFER | headers)
    assert answer.status_code == status, answer.text
    if path != "/other/s":
        assert set(answer.json()["error"]) >= {"code", "text"}
    assert ("www-authenticate" in answer.headers) is (status == 401)
    assert ("retry-after" in answer.headers) is (status == 409)


@pytest.mark.parametrize("method", ["GET", "PUT", "HEAD", "PATCH", "DELETE"])
async def test_other_methods_are_named_as_not_allowed(house: House, method: str) -> None:
    answer = await house.web.request(method, "/whip/s", headers=bearer(Right.PUBLISH))
    assert answer.status_code == 405
    assert "POST" in answer.headers["allow"]


async def test_options_say_what_is_taken(house: House) -> None:
    offers, session = await house.web.options("/whip/s"), await house.web.options("/whip/s/x")
    assert (offers.status_code, offers.headers["accept-post"]) == (204, "application/sdp")
    assert (session.status_code, session.headers["accept-patch"]) == (204, "application/trickle-ice-sdpfrag")


async def test_an_offer_without_anything_in_common_is_unusable(house: House) -> None:
    text = (await (await house.peer()).offers("sendonly")).replace("VP8", "AV1").replace("opus", "speex")
    answer = await house.web.post("/whip/s", content=text, headers=bearer(Right.PUBLISH) | OFFER)
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "media.unusable_offer")


async def test_a_second_publisher_waits_and_another_person_is_refused(house: House) -> None:
    assert (await house.publish()).status_code == 201
    again = await house.publish()
    assert (again.status_code, again.headers["retry-after"]) == (409, "1")
    assert (await house.publish("thief")).status_code == 403


async def test_who_offers_without_end_is_told_to_wait(house: House) -> None:
    statuses = [(await house.publish(stream=f"s{place}")).status_code for place in range(20)]
    assert statuses[:10] == [201] * 10
    assert 429 in statuses
    assert (await house.publish("somebody else", "t")).status_code == 201


async def test_a_full_relay_says_so() -> None:
    house = House(connections=2)
    try:
        answers = [await house.publish(f"p{place}", f"s{place}") for place in range(3)]
        assert [answer.status_code for answer in answers] == [201, 201, 503]
        assert answers[2].headers["retry-after"] == "5"
    finally:
        for peer in house.peers:
            await peer.close()
        await house.relay.aclose()


async def test_only_our_own_pages_may_read_the_answers(house: House) -> None:
    for origin, allowed in ((OURS, OURS), ("https://evil.example", None), ("null", None), (f"{OURS}.evil", None)):
        asked = await house.web.options("/whip/s", headers={"origin": origin, "access-control-request-method": "POST"})
        told = await house.publish(stream=f"s{len(house.peers)}", origin=origin)
        assert asked.headers.get("access-control-allow-origin") == told.headers.get("access-control-allow-origin") == allowed
        assert asked.headers["vary"] == "Origin"
    assert "Location" in (await house.publish(stream="t", origin=OURS)).headers["access-control-expose-headers"]


def test_every_refusal_has_its_sentence() -> None:
    errors: list[type[CommandCentreError]] = [*whip.described_errors(), NobodyPublishes, RelayFull, StillSending]
    for error in errors:
        assert f"error.{error.code}" in i18n.t

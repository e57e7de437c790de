"""The relay with real ICE, DTLS and SRTP: what one peer sends, another one gets, and nobody else."""

import asyncio
import random
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime

import psutil
import pytest

from data.errors import NotFound, NotPermitted
from streaming import hooks, relay, rtcp
from streaming.media_events import Happened, Limits, MediaEvent, NobodyPublishes, StillSending
from streaming.media_tokens import Grant, Right
from streaming.relay import Relay
from streaming.streams import Session
from tests.streaming.peers import INTER, KEY, RTX, VIDEO, Peer

UNTIL = datetime(2100, 1, 1, tzinfo=UTC)


def grant(right: Right, person: str = "p", stream: str = "s") -> Grant:
    return Grant(person, stream, right, UNTIL, issued=datetime.now(UTC))


class House:
    """A relay that runs, and the peers of one test."""

    def __init__(self) -> None:
        self.events: list[MediaEvent] = []
        self.relay = Relay(("127.0.0.1",), self.events.append, Limits(asked_at_once=100_000))
        self.peers: list[Peer] = []
        self.running = asyncio.create_task(self.relay.run())

    async def publisher(self, person: str = "p", stream: str = "s", codec: str = "VP8", setup: str = "actpass") -> tuple[Peer, Session]:
        peer = Peer()
        self.peers.append(peer)
        session = await self.relay.publish(grant(Right.PUBLISH, person, stream), await peer.offers("sendonly", codec=codec, setup=setup))
        assert await peer.connect(session.answer)
        return peer, session

    async def layered(self, *layers: str) -> tuple[Peer, Session]:
        peer = Peer()
        self.peers.append(peer)
        session = await self.relay.publish(grant(Right.PUBLISH), await peer.offers("sendonly", ("video",), layers=layers))
        assert await peer.connect(session.answer)
        return peer, session

    async def viewer(self, person: str = "v", stream: str = "s", codec: str = "VP8", layer: str = "") -> tuple[Peer, Session]:
        peer = Peer()
        self.peers.append(peer)
        session = await self.relay.view(grant(Right.VIEW, person, stream), await peer.offers("recvonly", codec=codec), layer)
        assert await peer.connect(session.answer)
        await until(lambda: session.connected)
        return peer, session

    def happened(self) -> list[Happened]:
        return [event.happened for event in self.events]

    async def close(self) -> None:
        for peer in self.peers:
            await peer.close()
        self.running.cancel()
        await asyncio.gather(self.running, return_exceptions=True)
        await self.relay.aclose()


@pytest.fixture
async def house() -> AsyncIterator[House]:
    house = House()
    yield house
    await house.close()


async def until(true: Callable[[], bool], seconds: float = 20.0) -> None:
    async with asyncio.timeout(seconds):
        while not true():
            await asyncio.sleep(0.01)


async def flow(sender: Peer, arrived: Callable[[], bool], payload: bytes = INTER, kind: str = "video") -> None:
    """Send until it has arrived: single packets may be lost on any machine."""
    async with asyncio.timeout(20):
        while not arrived():
            sender.send(payload, kind)
            await asyncio.sleep(0.02)


async def test_what_one_peer_sends_another_one_gets_with_payload_untouched(house: House) -> None:
    officer, _ = await house.publisher()
    wall, _ = await house.viewer()
    await flow(officer, lambda: any(packet.payload == KEY + b"picture" for packet in wall.taken), KEY + b"picture")
    await flow(officer, lambda: any(packet.payload == b"sound" for packet in wall.taken), b"sound", "audio")
    assert {packet.ssrc for packet in wall.taken}.isdisjoint({5, 6})


@pytest.mark.parametrize("setup", ["active", "passive"])
async def test_either_side_may_begin_with_dtls(house: House, setup: str) -> None:
    officer, session = await house.publisher(setup=setup)
    await flow(officer, lambda: session.intake is not None and session.intake.octets > 0)


async def test_another_stream_gets_not_a_byte_of_it(house: House) -> None:
    one, _ = await house.publisher("p", "s")
    other, _ = await house.publisher("q", "t")
    wall, _ = await house.viewer("v", "s")
    stranger, _ = await house.viewer("w", "t")
    await flow(other, lambda: bool(stranger.taken), KEY + b"theirs")
    await flow(one, lambda: len(wall.taken) > 20, KEY + b"ours")
    assert {packet.payload for packet in wall.taken} == {KEY + b"ours"}
    assert {packet.payload for packet in stranger.taken} == {KEY + b"theirs"}


async def test_the_publisher_is_told_of_losses_and_asked_for_key_frames(house: House) -> None:
    officer, _ = await house.publisher()
    await house.viewer()
    await flow(officer, lambda: any(isinstance(said, rtcp.PictureWanted) for said in officer.reports))
    lost = officer.seq + 1
    officer.seq += 1
    await flow(officer, lambda: any(isinstance(said, rtcp.Wanted) and lost in said.seqs for said in officer.reports))


async def test_a_viewer_gets_again_what_he_lost(house: House) -> None:
    officer, _ = await house.publisher()
    wall, _ = await house.viewer()
    await flow(officer, lambda: len(wall.taken) > 3, KEY)
    lost = wall.taken[-1]
    wall.wire.send_rtcp(rtcp.nack(1, lost.ssrc, [lost.seq]))
    await until(
        lambda: any(packet.payload_type == RTX and packet.payload == lost.seq.to_bytes(2, "big") + lost.payload for packet in wall.taken)
    )


async def test_viewers_stay_while_their_publisher_comes_back(house: House) -> None:
    officer, session = await house.publisher()
    wall, watching = await house.viewer()
    await flow(officer, lambda: bool(wall.taken), KEY)
    house.relay.close(session)
    again, _ = await house.publisher()
    before = wall.taken[-1]
    await flow(again, lambda: wall.taken[-1].payload == KEY + b"again", KEY + b"again")
    assert watching.connected
    assert not wall.gone.is_set()
    assert wall.taken[-1].ssrc == before.ssrc
    assert 0 < (wall.taken[-1].seq - before.seq) & 0xFFFF < 500


async def test_a_second_publisher_waits_until_the_first_is_silent(house: House) -> None:
    officer, _ = await house.publisher()
    wall, _ = await house.viewer()
    await flow(officer, lambda: bool(wall.taken), KEY)
    with pytest.raises(StillSending):
        await house.publisher()
    with pytest.raises(NotPermitted):
        await house.publisher("thief")
    await until(lambda: Happened.SILENT in house.happened())
    with pytest.raises(NotPermitted):
        await house.publisher("thief")
    again, _ = await house.publisher()
    await flow(again, lambda: Happened.RETURNED in house.happened(), KEY)
    await until(officer.gone.is_set)


async def test_another_person_never_takes_over_a_stream_that_viewers_wait_for(house: House) -> None:
    """Case 40: in the window in which the officer reconnects."""
    _, session = await house.publisher()
    house.relay.close(session)
    with pytest.raises(NotPermitted):
        await house.publisher("thief")
    await house.publisher()


async def test_other_codecs_end_the_viewers_who_then_ask_anew(house: House) -> None:
    officer, session = await house.publisher()
    wall, _ = await house.viewer()
    await flow(officer, lambda: bool(wall.taken), KEY)
    house.relay.close(session)
    await house.publisher(codec="H264")
    await until(wall.gone.is_set)
    await house.viewer(codec="H264")


async def test_what_happens_is_told_in_order_with_figures(house: House) -> None:
    officer, session = await house.publisher()
    wall, watching = await house.viewer()
    await flow(officer, lambda: bool(wall.taken), KEY)
    await until(lambda: Happened.SILENT in house.happened())
    house.relay.close(watching)
    house.relay.close(session)
    assert house.happened() == [
        Happened.PUBLISHED, Happened.WATCHED, Happened.FIRST_MEDIA, Happened.SILENT, Happened.UNWATCHED, Happened.CLOSED,
    ]  # fmt: skip
    assert house.events[3].figures["silent_s"] >= 2
    assert house.events[5].cause == "deleted"
    assert "video_lost_pct" in house.events[3].figures
    assert {(event.stream, event.person) for event in house.events} == {("s", "p"), ("s", "v")}


async def test_what_is_revoked_ends_at_once_and_old_tokens_open_it_no_more(house: House) -> None:
    officer, _ = await house.publisher("p", "CALL.p")
    wall, _ = await house.viewer("v", "CALL.p")
    leader, _ = await house.viewer("leader", "CALL.p")
    other, _ = await house.publisher("q", "OTHER.q")
    await flow(officer, lambda: bool(wall.taken and leader.taken), KEY)
    house.relay.revoke("CALL", "leader")
    await until(leader.gone.is_set)
    old = grant(Right.VIEW, "leader", "CALL.p")
    await flow(officer, lambda: wall.taken[-1].payload == KEY + b"on", KEY + b"on")
    assert leader.taken[-1].payload == KEY
    house.relay.revoke("CALL")
    await until(lambda: officer.gone.is_set() and wall.gone.is_set())
    assert not other.gone.is_set()
    peer = Peer()
    house.peers.append(peer)
    with pytest.raises(NotPermitted) as refused:
        await house.relay.view(old, await peer.offers("recvonly"))
    assert refused.value.code == "media.revoked"
    await asyncio.sleep(0.01)
    await house.publisher("p", "CALL.p")  # with a token from afterwards


async def test_nobody_watches_what_nobody_publishes(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay, "AWAITED_S", 0.2)
    with pytest.raises(NobodyPublishes):
        await house.viewer()
    assert house.relay._awaited == {}


async def test_who_is_there_first_sees_the_picture_from_its_beginning(house: House) -> None:
    early = [asyncio.create_task(house.viewer(person)) for person in ("wall", "desk")]
    revoked = asyncio.create_task(house.viewer("leader"))
    await until(lambda: house.relay._waiting == 3)
    house.relay.revoke("s", "leader")
    officer, _ = await house.publisher()
    for wall, _ in await asyncio.gather(*early):
        await flow(officer, lambda wall=wall: bool(wall.taken), KEY)  # type: ignore[misc]
    with pytest.raises(NotPermitted):
        await revoked
    assert house.relay._awaited == {}
    assert house.relay._waiting == 0


async def test_35_no_packet_goes_to_an_address_that_an_offer_only_names(house: House) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as victim:
        victim.bind(("127.0.0.1", 0))
        victim.settimeout(2)
        candidate = f"a=candidate:1 1 udp 2130706431 127.0.0.1 {victim.getsockname()[1]} typ host\r\n"
        peer = Peer()
        house.peers.append(peer)
        await house.relay.publish(grant(Right.PUBLISH), await peer.offers("sendonly") + candidate)
        with pytest.raises(TimeoutError):
            await asyncio.to_thread(victim.recvfrom, 2_000)


async def test_36_nonsense_to_the_media_port_disturbs_no_call(house: House) -> None:
    officer, session = await house.publisher()
    wall, watching = await house.viewer()
    await flow(officer, lambda: bool(wall.taken), KEY)
    chance = random.Random(1)
    places = [place for each in (session, watching) for place in each.wire._connection._local_candidates]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        for number in range(3_000):
            first = chance.choice([0, 1, 20, 22, 63, 128, 144, 191, 255, chance.randrange(256)])
            data = bytes([first]) + chance.randbytes(chance.randrange(0, 1_400))
            for place in places:
                stranger.sendto(data, (place.host, place.port))
            if number % 50 == 0:
                officer.send(KEY + b"during")
                await asyncio.sleep(0)
    await flow(officer, lambda: wall.taken[-1].payload == KEY + b"after", KEY + b"after")
    assert session.wire._connection._queue.qsize() <= hooks.WAITING_MOST


async def test_36_nonsense_inside_a_connection_ends_at_most_that_one(house: House) -> None:
    officer, _ = await house.publisher()
    wall, _ = await house.viewer()
    other, _ = await house.publisher("q", "t")
    elsewhere, _ = await house.viewer("w", "t")
    chance = random.Random(2)
    for _ in range(2_000):
        officer.send(chance.randbytes(chance.randrange(0, 1_300)), seq=chance.randrange(0x10000), ssrc=chance.randrange(1, 2**32))
        wild = bytes([0x80 | chance.randrange(32), chance.choice([200, 201, 203, 205, 206, 207])]) + chance.randbytes(
            4 * chance.randrange(1, 60)
        )
        wall.wire.send_rtcp(wild)
        officer.wire.send_rtcp(wild)
        await asyncio.sleep(0)
    await flow(other, lambda: bool(elsewhere.taken), KEY + b"fine")
    assert not other.gone.is_set()


async def test_42_who_never_finishes_is_let_go(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streaming.relay.CONNECT_S", 0.5)
    peer = Peer()
    house.peers.append(peer)
    session = await house.relay.publish(grant(Right.PUBLISH), await peer.offers("sendonly"))
    await until(lambda: session.id not in house.relay._sessions)


@pytest.mark.parametrize("times", [20, pytest.param(1_000, marks=[pytest.mark.long, pytest.mark.timeout(1_200)])])
async def test_43_joins_and_leaves_leave_nothing_behind(house: House, times: int) -> None:
    officer, _ = await house.publisher()

    async def round_trip(how: Callable[[Peer, Session], Awaitable[None]]) -> None:
        peer, session = await house.viewer()
        await how(peer, session)
        await until(lambda: session.id not in house.relay._sessions)
        await peer.close()
        house.peers.remove(peer)

    async def by_its_wish(_: Peer, session: Session) -> None:
        house.relay.close(session)

    async def by_leaving(peer: Peer, _: Session) -> None:
        await peer.close()

    await round_trip(by_its_wish)
    await until(lambda: not house.relay._closing)
    process = psutil.Process()
    before = len(asyncio.all_tasks()), process.num_fds(), len(process.children())
    for place in range(times):
        await round_trip(by_its_wish if place % 2 else by_leaving)
        officer.send(KEY)
    await until(lambda: not house.relay._closing)
    await asyncio.sleep(0.1)
    assert (len(asyncio.all_tasks()), process.num_fds(), len(process.children())) == before
    assert house.relay._streams["s"].tracks["video"].groups == []
    assert VIDEO


async def test_everything_is_closed_at_the_end() -> None:
    process = psutil.Process()
    before = len(asyncio.all_tasks()), process.num_fds()
    house = House()
    officer, _ = await house.publisher()
    wall, _ = await house.viewer()
    await house.relay.aclose()
    await until(lambda: officer.gone.is_set() and wall.gone.is_set())
    await house.close()
    assert (len(asyncio.all_tasks()), process.num_fds()) == before


async def layered_flow(sender: Peer, arrived: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not arrived():
            for name in ("l", "h"):
                sender.send_layer(name, KEY + name.encode())
            await asyncio.sleep(0.02)


async def test_of_a_picture_in_two_sizes_each_viewer_gets_the_one_that_he_asked_for(house: House) -> None:
    sender, session = await house.layered("l", "h")
    assert "a=simulcast:recv l;h\r\n" in session.answer
    wants = {"l": b"l", "h": b"h", "": b"h", "other": b"h"}
    viewers = {layer: (await house.viewer(layer=layer))[0] for layer in wants}
    await layered_flow(sender, lambda: all(len(viewer.taken) > 5 for viewer in viewers.values()))
    for layer, viewer in viewers.items():
        assert {packet.payload[-1:] for packet in viewer.taken[3:]} == {wants[layer]}, layer


async def test_whose_size_is_not_sent_any_more_is_sent_away_to_ask_anew(house: House) -> None:
    sender, before = await house.layered("l", "h")
    small, session = await house.viewer(layer="l")
    large, other = await house.viewer()
    await layered_flow(sender, lambda: bool(small.taken and large.taken))
    house.relay.close(before)
    await house.layered()
    await until(small.gone.is_set)
    with pytest.raises(NotFound):
        house.relay.session(session.id)
    assert house.relay.session(other.id) is other


async def test_a_viewer_of_one_size_leaves_nothing_behind(house: House) -> None:
    sender, publisher = await house.layered("l", "h")
    small, session = await house.viewer(layer="l")
    await layered_flow(sender, lambda: bool(small.taken))
    house.relay.close(session)
    assert all(not track.groups for track in publisher.stream.layers.values())

"""A whisper at the wire: it reaches its one receiver, nobody else, and not a byte of it comes once the officer's confirmation is withdrawn.

Real actions, journal, relay, ICE, DTLS and SRTP. Every receiver here counts the datagrams that reach its sockets, deciphered or not, and
stays where it is whatever the relay says to it.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select

from data.actions.calls import answer_call, place_call
from data.actions.participants import claim_media, join_call
from data.actions.whispers import begin_whisper, confirm_earpiece, fall_silent, withdraw_earpiece
from data.engines import Database
from data.errors import CommandCentreError, NotPermitted
from data.lanes import Lanes
from data.rules.participants import StreamName
from data.rules.permissions import Actor
from data.tables import ParticipantRow
from streaming import hooks
from streaming.media_events import Limits
from streaming.media_states import MediaStates
from streaming.media_tokens import Grant, Right
from streaming.relay import Relay
from streaming.streams import Session
from tests.conftest import Clock
from tests.data.small_court import SmallCourt, ulid
from tests.streaming.peers import Peer

WHISPER, SCENE = b"only for the earpiece", b"what the scene sounds like"
UNTIL = datetime(2100, 1, 1, tzinfo=UTC)


class Hearing(hooks.Wire):
    """Counts every media datagram, before anything is deciphered and though the connection was ended by the other side."""

    datagrams = 0

    def _intercept(self, protocol: Any) -> None:
        super()._intercept(protocol)
        take = protocol.datagram_received

        def counted(data: bytes, address: tuple[Any, ...]) -> None:
            if len(data) > 1 and 128 <= data[0] <= 191 and not 192 <= data[1] <= 223:  # reports are no media
                self.datagrams += 1
            take(data, address)

        protocol.datagram_received = counted


class Receiver(Peer):
    def __init__(self) -> None:
        super().__init__()
        self.hearing = Hearing(self.certificate, self._took, self._heard, self.gone.set, controlling=True)
        self.wire = self.hearing

    def whispers(self) -> int:
        return sum(packet.payload == WHISPER for packet in self.taken)


@dataclass
class Talk:
    """A call with an officer, the duty desk that whispers, and a commander who listens to what he may."""

    court: SmallCourt
    relay: Relay
    states: MediaStates
    call: str
    peers: list[Peer] = field(default_factory=list)

    async def do(self, actor: Actor, action: Any, *arguments: Any) -> Any:
        """As a door does, and the bus announces it."""
        known = len(self.court.announced)
        result = await asyncio.to_thread(self.court.do, actor, action, *arguments)
        for entry in self.court.announced[known:]:
            self.states.announced(0, entry.kind)
        return result

    async def grant(self, actor: Actor, right: Right, stream: str) -> Grant:
        """Raises what the doors refuse."""
        claim = await self.do(actor, claim_media, self.call, right.value, stream)
        return Grant(claim.participant_id, str(claim.stream), right, UNTIL, issued=datetime.now(UTC))

    async def sender(self, actor: Actor, stream: str) -> tuple[Peer, Grant, Session]:
        peer, grant = Peer(), await self.grant(actor, Right.PUBLISH, stream)
        self.peers.append(peer)
        session = await self.relay.publish(grant, await peer.offers("sendonly", ["audio"]))
        assert await peer.connect(session.answer)
        return peer, grant, session

    async def receiver(self, actor: Actor, stream: str) -> tuple[Receiver, Grant, Session]:
        peer, grant = Receiver(), await self.grant(actor, Right.VIEW, stream)
        self.peers.append(peer)
        session = await self.relay.view(grant, await peer.offers("recvonly", ["audio"]))
        assert await peer.connect(session.answer)
        await until(lambda: session.connected)
        return peer, grant, session

    def there(self, kind: str) -> str:
        with self.court.database.reading() as session:
            found = select(ParticipantRow.id).where(ParticipantRow.call_id == self.call, ParticipantRow.kind == kind)
            return session.scalars(found.order_by(ParticipantRow.id)).all()[0]


async def until(true: Callable[[], bool], seconds: float = 20.0) -> None:
    async with asyncio.timeout(seconds):
        while not true():
            await asyncio.sleep(0.01)


async def speaks(sender: Peer, payload: bytes, enough: Callable[[], bool], seconds: float = 20.0) -> None:
    """Fifty packets a second until it is enough."""
    async with asyncio.timeout(seconds):
        while not enough():
            sender.send(payload, "audio")
            await asyncio.sleep(0.02)


async def code(wanted: Any) -> str:
    with pytest.raises(CommandCentreError) as refused:
        await wanted
    return refused.value.code


@pytest.fixture
async def talk(database: Database, clock: Clock) -> AsyncIterator[Talk]:
    court, call = SmallCourt(database, clock()), ulid()
    states = MediaStates(court.journal, Lanes(), lambda: court.now)
    relay = Relay(("127.0.0.1",), states.happened, Limits(asked_at_once=1_000))
    talk = Talk(court, relay, states, call)
    await talk.do(court.phone, place_call, call, court.now)
    await talk.do(court.duty, answer_call, call)
    await talk.do(court.commander, join_call, call)
    running = [asyncio.create_task(each) for each in (relay.run(), states.follow(relay), states.write())]
    yield talk
    for peer in talk.peers:
        await peer.close()
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)
    await relay.aclose()


@pytest.mark.postgres_long
@pytest.mark.parametrize("why", ["withdrawn", "device_changed", "silent"])
async def test_not_a_byte_of_a_whisper_comes_once_it_is_over(talk: Talk, why: str) -> None:
    court, desk = talk.court, talk.there("DESK")
    whispered, scene = str(StreamName(talk.call, desk, whisper=True)), f"{talk.call}.{talk.there('FIELD')}"
    officer, _, _ = await talk.sender(court.phone, scene)
    await talk.do(court.phone, confirm_earpiece, talk.call)
    await talk.do(court.duty, begin_whisper, talk.call)
    voice, may_speak, speaking = await talk.sender(court.duty, whispered)
    ear, may_hear, hearing = await talk.receiver(court.phone, whispered)
    room, _, _ = await talk.receiver(court.commander, scene)
    assert await code(talk.grant(court.commander, Right.VIEW, whispered)) == "media.no_right"

    await speaks(voice, WHISPER, lambda: ear.whispers() >= 25)  # the detector hears it at its one receiver
    assert ear.hearing.datagrams >= 25
    await speaks(officer, SCENE, lambda: len(room.taken) >= 25)
    assert room.hearing.datagrams >= 25
    assert room.whispers() == 0

    over = (court.duty, fall_silent, talk.call) if why == "silent" else (court.phone, withdraw_earpiece, talk.call, why)
    await talk.do(*over)
    await speaks(voice, WHISPER, lambda: not {hearing.id, speaking.id} & talk.relay._sessions.keys())
    await asyncio.sleep(0.2)  # what the relay had sent before it knew
    heard = ear.hearing.datagrams
    until_s = asyncio.get_running_loop().time() + 2
    await speaks(voice, WHISPER, lambda: asyncio.get_running_loop().time() > until_s)
    assert ear.hearing.datagrams == heard
    assert room.whispers() == 0

    with pytest.raises(NotPermitted):
        await talk.relay.view(may_hear, await Receiver().offers("recvonly", ["audio"]))
    with pytest.raises(NotPermitted):
        await talk.relay.publish(may_speak, await Peer().offers("sendonly", ["audio"]))
    assert await code(talk.grant(court.phone, Right.VIEW, whispered)) == "media.no_whisper"
    before = len(room.taken)
    await speaks(officer, SCENE, lambda: len(room.taken) > before)  # the call itself goes on


async def test_who_confirms_again_hears_again_by_a_new_pass_only(talk: Talk) -> None:
    """So the silence before is no broken detector."""
    court, whispered = talk.court, str(StreamName(talk.call, talk.there("DESK"), whisper=True))
    for _ in range(2):
        await talk.do(court.phone, confirm_earpiece, talk.call)
        await talk.do(court.duty, begin_whisper, talk.call)
        voice, _, speaking = await talk.sender(court.duty, whispered)
        ear, _, hearing = await talk.receiver(court.phone, whispered)
        await speaks(voice, WHISPER, lambda ear=ear: ear.whispers() >= 10)  # type: ignore[misc]
        await talk.do(court.phone, withdraw_earpiece, talk.call, "withdrawn")
        gone = {hearing.id, speaking.id}
        await until(lambda gone=gone: not gone & talk.relay._sessions.keys())  # type: ignore[misc]

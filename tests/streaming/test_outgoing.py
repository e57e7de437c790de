"""What goes to the kernel as one message comes out as the packets that went in, in order, also where it must go singly."""

import asyncio
import errno
from collections.abc import AsyncIterator
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streaming import hooks
from streaming.outgoing import HELD_S, MANY, Outgoing
from tests.streaming.peers import Peer
from tests.streaming.test_relay import House, until


@given(st.lists(st.integers(13, 1_300), max_size=60))
def test_a_run_is_of_one_length_and_only_its_last_packet_is_shorter(sizes: list[int]) -> None:
    runs = hooks._runs(sizes)
    assert [place for first, last in runs for place in range(first, last)] == list(range(len(sizes)))
    for first, last in runs:
        run = sizes[first:last]
        assert len(run) <= hooks.TOGETHER_MOST
        assert all(size == run[0] for size in run[:-1])
        assert run[-1] <= run[0]
    for (first, last), (following, _) in pairwise(runs):
        grew = sizes[following] > sizes[first]
        assert grew or sizes[last - 1] < sizes[first] or last - first == hooks.TOGETHER_MOST, "cut without need"


@pytest.fixture
async def house() -> AsyncIterator[House]:
    house = House()
    yield house
    await house.close()


class Refusing:
    """A way out of this machine that cannot cut messages up."""

    def __init__(self, out: Any) -> None:
        self.out, self.refused = out, 0

    def sendto(self, *given: Any) -> int:
        return int(self.out.sendto(*given))

    def sendmsg(self, *_: Any) -> int:
        self.refused += 1
        raise OSError(errno.EIO, "cannot cut")

    def close(self) -> None:
        self.out.close()


FRAME = [bytes([0x10 if place == 0 else 0]) + bytes([place]) * length for place, length in enumerate((1_100, 1_100, 1_100, 700, 900, 900))]


def film(camera: Peer, picture: int) -> None:
    for place, payload in enumerate(FRAME):
        camera.send_at("video", picture * len(FRAME) + place, picture * 3_000, place == len(FRAME) - 1, payload)


async def test_the_packets_of_a_frame_come_whole_and_in_order_to_each_of_many(house: House) -> None:
    camera, _ = await house.publisher()
    film(camera, 1)
    viewers = [(await house.viewer(f"v{number}"))[0] for number in range(MANY)]
    for picture in range(2, 6):
        film(camera, picture)
        await asyncio.sleep(0.05)
    for viewer in viewers:
        await until(lambda viewer=viewer: len(viewer.taken) >= 4 * len(FRAME))  # type: ignore[misc]
        numbers = [packet.seq for packet in viewer.taken]
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
        assert [packet.payload for packet in viewer.taken[-len(FRAME) :]] == FRAME


async def test_where_messages_cannot_be_cut_up_one_is_lost_and_the_rest_goes_singly(house: House) -> None:
    camera, _ = await house.publisher()
    film(camera, 1)
    sessions = [await house.viewer(f"v{number}") for number in range(MANY)]
    viewer, session = sessions[0]
    film(camera, 2)
    await until(lambda: len(viewer.taken) >= len(FRAME))
    refusing = Refusing(session.wire._socket)
    session.wire._socket = refusing  # type: ignore[assignment]
    for picture in range(3, 8):
        film(camera, picture)
        await asyncio.sleep(0.05)
    await until(lambda: [packet.payload for packet in viewer.taken[-len(FRAME) :]] == FRAME)
    assert refusing.refused == 1
    assert session.wire.dropped > 0


async def test_a_frame_whose_end_does_not_come_is_not_held_for_long(house: House) -> None:
    camera, _ = await house.publisher()
    viewers = [(await house.viewer(f"v{number}"))[0] for number in range(MANY)]
    film(camera, 1)
    await until(lambda: all(len(viewer.taken) == len(FRAME) for viewer in viewers))
    before = [len(viewer.taken) for viewer in viewers]
    camera.send_at("video", 2 * len(FRAME), 6_000, False, FRAME[0])
    await until(lambda: all(len(viewer.taken) > some for viewer, some in zip(viewers, before, strict=True)))


async def test_nothing_waits_when_nothing_is_held() -> None:
    outgoing = Outgoing()
    wires: list[hooks.Wire] = []
    outgoing.add(wires, b"a", ends=False)
    outgoing.add(wires, b"b", ends=True)
    assert outgoing._held == {}
    assert outgoing._timer is None
    outgoing.add(wires, b"a", ends=False)
    await asyncio.sleep(10 * HELD_S)
    assert outgoing._held == {}
    assert outgoing._timer is None

"""What leaves by our own framing is what a strict reader of RFC 6455 takes, at every border of a frame's length."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import uvicorn
import websockets

from dashboard.plain_frames import PlainFrames
from tests.servers import free_port

SIZES = (0, 1, 125, 126, 127, 65_535, 65_536, 300_000)


async def say(_: Any, receive: Any, send: Any) -> None:
    """Accepts, answers «bytes N» or «text N» with so much, closes on «close», and goes on after a «slow» viewer's pause."""
    await receive()
    await send({"type": "websocket.accept"})
    while (message := await receive())["type"] == "websocket.receive":
        kind, _, size = message["text"].partition(" ")
        if kind == "close":
            await send({"type": "websocket.close", "code": 4401})
            return
        for _ in range(200 if kind == "slow" else 1):
            await send({"type": "websocket.send", "bytes": b"\x07" * int(size)} if kind != "text" else
                       {"type": "websocket.send", "text": "件" * (int(size) // 3) + "x" * (int(size) % 3)})  # fmt: skip


@pytest.fixture
async def address() -> AsyncIterator[str]:
    port = free_port()
    options: Any = {"port": port, "ws": PlainFrames, "loop": "uvloop", "ws_per_message_deflate": False}
    server = uvicorn.Server(uvicorn.Config(say, log_level="error", lifespan="off", **options))
    task = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.02)
    yield f"ws://127.0.0.1:{port}"
    server.should_exit = True
    await task


async def test_every_length_arrives_whole(address: str) -> None:
    async with websockets.connect(address, max_size=None) as viewer:
        for size in SIZES:
            await viewer.send(f"bytes {size}")
            assert await viewer.recv() == b"\x07" * size
            await viewer.send(f"text {size}")
            assert len(str(await viewer.recv()).encode()) == size
        assert await (await viewer.ping()) >= 0  # pings are answered in between


async def test_a_farewell_after_our_frames_is_understood(address: str) -> None:
    async with websockets.connect(address) as viewer:
        await viewer.send("bytes 200")
        await viewer.recv()
        await viewer.send("close")
        with pytest.raises(websockets.ConnectionClosed) as closed:
            await viewer.recv()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 4401


async def test_who_takes_slowly_is_waited_for_and_gets_everything(address: str) -> None:
    """200 frames of 300 kB are more than the kernel keeps: the sender must wait, as it must with uvicorn's own frames."""
    async with websockets.connect(address, max_size=None, max_queue=1) as viewer:
        await viewer.send("slow 300000")
        await asyncio.sleep(0.3)
        assert [len(await viewer.recv()) for _ in range(200)] == [300_000] * 200


async def test_who_has_left_is_sent_nothing_more(address: str) -> None:
    viewer = await websockets.connect(address, max_size=None, max_queue=1)
    await viewer.send("slow 300000")
    await viewer.recv()
    viewer.transport.abort()
    async with websockets.connect(address) as other:  # and the server lives
        await other.send("text 5")
        assert await other.recv() == "件xx"

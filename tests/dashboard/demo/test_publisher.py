"""Who sends a drawn clip: what it does when the relay is not there yet."""

import asyncio
from asyncio import StreamReader, StreamWriter

import httpx
import pytest

from dashboard.demo.clips import Clip
from dashboard.demo.publisher import publishing
from tests.servers import free_port


async def test_a_relay_that_is_just_beginning_is_waited_for() -> None:
    port = free_port()
    asked = 0

    async def full(reader: StreamReader, writer: StreamWriter) -> None:
        nonlocal asked
        asked += 1
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    async def publish() -> None:
        async with httpx.AsyncClient(trust_env=False) as client, publishing(client, clip, given):
            pytest.fail("nobody let it in")

    given = {"url": f"http://127.0.0.1:{port}/whip", "stream": "s", "token": "t"}
    clip = Clip(video=[(0, b"")], audio=[(0, b"")])
    publishes = asyncio.create_task(publish())
    await asyncio.sleep(1)  # nobody listens
    async with await asyncio.start_server(full, "127.0.0.1", port):
        with pytest.raises(httpx.HTTPStatusError, match="503"):
            await asyncio.wait_for(publishes, 20)
    assert asked == 1, "a relay that says no is not asked again"

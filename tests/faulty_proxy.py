"""A TCP proxy that misbehaves on demand: cuts, delays, falls silent. Stands between two real parts."""

import asyncio
import contextlib
import socket
import struct
from types import TracebackType
from typing import Self

BLOCK = 65_536


def reset(writer: asyncio.StreamWriter) -> None:
    """End a connection by RST instead of a polite FIN."""
    wire = writer.get_extra_info("socket")
    with contextlib.suppress(OSError):
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


class FaultyProxy:
    """Forwards 127.0.0.1:`port` to a target; use it as `async with FaultyProxy(host, port) as proxy`.

    A target without a port is the path of a Unix socket.
    """

    def __init__(self, host: str, port: int | None = None) -> None:
        self._target = (host, port)
        self._server: asyncio.Server | None = None
        self._pipes: set[asyncio.Task[None]] = set()
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._refusing = False
        self.delay_s = 0.0
        self.connections = 0
        self.heard = bytearray()  # all that the target has said, when `listens`
        self.listens = False

    @property
    def port(self) -> int:
        """Where to connect."""
        assert self._server is not None
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    def cut(self) -> None:
        """Reset every connection, and each new one at once, until `mend`."""
        self._refusing = True
        for pipe in self._pipes:
            pipe.cancel()

    def fall_silent(self) -> None:
        """Half open: connections stay, nothing passes, both sides wait. What was sent arrives after `mend`, as after lost packets."""
        self._flowing.clear()

    def mend(self) -> None:
        """Work again; connections that were cut stay cut."""
        self._refusing = False
        self.delay_s = 0.0
        self._flowing.set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        assert self._server is not None
        self._server.close()
        self.cut()
        await asyncio.gather(*self._pipes, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._refusing:
            reset(writer)
            return
        self.connections += 1
        pipe = asyncio.create_task(self._join(reader, writer))
        self._pipes.add(pipe)
        pipe.add_done_callback(self._pipes.discard)

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers = [writer]
        try:
            await self._flowing.wait()
            there, back = await self._connect()
            writers.append(back)
            async with asyncio.TaskGroup() as both:
                both.create_task(self._pour(reader, back))
                both.create_task(self._pour(there, writer, heard=self.listens))
        except* (OSError, asyncio.IncompleteReadError):
            pass  # one side has gone: so goes the other
        finally:
            for each in writers:
                reset(each)

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        host, port = self._target
        if port is None:
            return await asyncio.open_unix_connection(host)
        return await asyncio.open_connection(host, port)

    async def _pour(self, source: asyncio.StreamReader, into: asyncio.StreamWriter, heard: bool = False) -> None:
        while block := await source.read(BLOCK):
            if heard:
                self.heard += block
            if self.delay_s:
                await asyncio.sleep(self.delay_s)
            await self._flowing.wait()
            into.write(block)
            await into.drain()
        await self._flowing.wait()  # a farewell is a packet too
        with contextlib.suppress(OSError):
            into.write_eof()

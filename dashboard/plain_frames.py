"""uvicorn's WebSocket, but a message leaves as it was given: the same bytes to fifty viewers, not fifty copies of them.

wsproto builds a frame by copying its message several times, which for 10,000 positions a second to 50 viewers was 9 ms of every second,
three times the sending itself. What a server sends is not masked and not compressed here: a head of two to ten bytes and the message.
"""

from typing import TYPE_CHECKING, Any

from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.wsproto_impl import WSProtocol

if TYPE_CHECKING:
    from uvicorn._types import ASGISendEvent

TEXT, BINARY = b"\x81", b"\x82"  # whole messages (RFC 6455, 5.2)


class PlainFrames(WSProtocol):
    """Handshake, pings, farewells and everything that comes in stay uvicorn's."""

    async def send(self, message: "ASGISendEvent") -> None:
        """As ASGI has it: waits while the viewer takes nothing, raises ClientDisconnected when he has left."""
        accepted = self.handshake_complete and not self.response_started
        if message["type"] != "websocket.send" or not accepted or self.config.ws_per_message_deflate:
            await super().send(message)
            return
        await self.writable.wait()
        if self.disconnected:
            raise ClientDisconnected
        if self.close_sent or self.transport.is_closing():
            await super().send(message)  # which knows what to say to that
            return
        self.transport.writelines(_framed(message))


def _framed(message: Any) -> tuple[bytes, bytes]:
    """Head and payload of one whole message."""
    data = message.get("bytes")
    kind, payload = (TEXT, message["text"].encode()) if data is None else (BINARY, data)
    return kind + _length(len(payload)), payload


def _length(size: int) -> bytes:
    if size < 126:
        return bytes([size])
    return b"\x7e" + size.to_bytes(2, "big") if size < 1 << 16 else b"\x7f" + size.to_bytes(8, "big")

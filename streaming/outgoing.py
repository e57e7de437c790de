"""The packets of one frame leave the relay together when many watch: the kernel takes them as one message, which costs far less each."""

import asyncio
from collections.abc import Sequence

from streaming.hooks import TOGETHER_MOST, Wire, send_together

MANY = 8  # viewers; for fewer it saves nothing
HELD_S = 0.002  # so long the rest of a frame is waited for


class Outgoing:
    """What waits for the rest of its frame. The order to each viewer is kept."""

    def __init__(self) -> None:
        self._held: dict[int, tuple[Sequence[Wire], list[bytes]]] = {}
        self._timer: asyncio.TimerHandle | None = None

    def add(self, wires: Sequence[Wire], packet: bytes, ends: bool) -> None:
        """wires: `MANY` or more, in a list that nobody changes any more. ends: whether nothing of its frame comes after it."""
        _, packets = self._held.get(id(wires), (wires, []))
        packets.append(packet)
        if ends or len(packets) >= TOGETHER_MOST:
            self._held.pop(id(wires), None)
            send_together(wires, packets)
            if not self._held:
                self._stop_waiting()
        elif len(packets) == 1:
            self._held[id(wires)] = wires, packets
            self._timer = self._timer or asyncio.get_running_loop().call_later(HELD_S, self.leave)

    def leave(self) -> None:
        """Send what waits."""
        self._stop_waiting()
        held, self._held = self._held, {}
        for wires, packets in held.values():
            send_together(wires, packets)

    def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

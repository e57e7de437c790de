"""One viewer of `/live`, and what waits for it: all of it bounded.

A slow viewer skips positions (one slot, newest wins); one too slow for events is closed and begins again from a snapshot.
"""

import asyncio
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from fastapi import WebSocket

from dashboard.live.closing import TOO_SLOW
from data.rules.permissions import Actor

if TYPE_CHECKING:
    from dashboard.live.scope import Scope

WAITING_MOST = 256  # messages; a viewer further behind begins again from a snapshot
WAITING_BYTES = 4_000_000


@dataclass(eq=False, slots=True)
class Viewer:
    """One socket. Everything that waits for it is bounded."""

    socket: WebSocket
    actor: Actor
    face: str
    build: str | None = None  # the version of its page, as the page says
    scope: "Scope | None" = None
    waiting: deque[str] = field(default_factory=deque)
    waiting_bytes: int = 0
    frame: bytes | None = None  # one slot, the newest wins
    tick: str | None = None
    woken: asyncio.Event = field(default_factory=asyncio.Event)
    close_code: int | None = None
    watching: int | None = None
    wishes: int | None = None  # to follow this unit, said before the snapshot was there
    guests: bool = False  # stand before it: its own key has put the visitors' layout on
    board: bool = False  # shows layout 9
    screen: str = ""  # which part of its wall it draws; empty: all
    seen_ms: int = 0
    checked_at: float = 0.0
    sending_since: float | None = None
    task: "asyncio.Task[Any] | None" = None

    def say(self, message: str) -> None:
        """Put an event message at the end; too many waiting ends the viewer."""
        self.waiting.append(message)
        self.waiting_bytes += len(message)
        if len(self.waiting) > WAITING_MOST or self.waiting_bytes > WAITING_BYTES:
            self.end(TOO_SLOW)
        self.woken.set()

    def begin_again(self, messages: Iterable[str], frame: bytes) -> None:
        """What waited is replaced by a snapshot."""
        self.waiting.clear()
        self.waiting_bytes = 0
        for message in messages:
            self.say(message)
        self.frame = frame

    def end(self, code: int) -> None:
        self.close_code = self.close_code or code
        self.waiting.clear()
        self.frame = self.tick = None
        self.woken.set()

    def take(self) -> str | bytes | None:
        """The next thing to send: rows before positions, the tick last."""
        if self.waiting:
            message = self.waiting.popleft()
            self.waiting_bytes -= len(message)
            return message
        frame, self.frame = self.frame, None
        if frame is not None:
            return frame
        tick, self.tick = self.tick, None
        return tick

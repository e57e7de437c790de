"""The stages that are open: who is black whatever the journal says, what each says that it shows, and the words that they are told."""

import asyncio
import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import orjson
from starlette.websockets import WebSocket

from dashboard.i18n import t
from data.queries.released import Shown
from data.rules.screening import ItemKind

REPORT_MOST = 400  # bytes of what a stage says of itself
SAID_S = 0.5  # a stage whose line takes nothing for longer has gone to the court's card by itself
STATES = frozenset({"black", "card", "playing", "hushed", "paused", "ended", "blocked", "error"})


@dataclass(frozen=True, slots=True)
class Report:
    """What a stage says that it shows. at_s: monotonic."""

    key: str | None
    state: str
    at_ms: int
    at_s: float

    def age_s(self) -> float:
        return time.monotonic() - self.at_s


@dataclass(eq=False, slots=True)
class Viewer:
    """One socket of a stage. One message at a time; black may come between any two."""

    socket: WebSocket
    screening_id: str = ""
    sending: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def say(self, message: str) -> None:
        async with self.sending:
            await self.socket.send_text(message)


class Stages:
    """The stages that are open, which of them are black whatever the journal says, and what they report. Belongs to one event loop."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._rung = asyncio.Event()
        self._viewers: set[Viewer] = set()
        self._black: set[str] = set()
        self.turns = 0  # how often something was blacked out or shown again: then everybody is told anew
        self._reports: dict[str, Report] = {}

    def heard(self, kind: str) -> None:
        """Something was committed, here or elsewhere. From any thread."""
        if kind.startswith(("screening.", "release.", "clip.", "session.")) and self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self.ring)

    def ring(self) -> None:
        rung, self._rung = self._rung, asyncio.Event()
        rung.set()

    def next(self) -> asyncio.Event:
        """What is set at the next ring. Take it before reading."""
        self._loop = asyncio.get_running_loop()
        return self._rung

    def is_black(self, screening_id: str) -> bool:
        return screening_id in self._black

    async def black_out(self, screening_id: str) -> None:
        """Every stage of this screening is black now, before anything is written."""
        self._black.add(screening_id)
        self.turns += 1
        black = as_message(True, None)
        said = [asyncio.create_task(viewer.say(black)) for viewer in self._viewers if viewer.screening_id == screening_id]
        if said:
            await asyncio.wait(said, timeout=SAID_S)

    def lift(self, screening_id: str) -> None:
        self._black.discard(screening_id)
        self.turns += 1
        self.ring()

    def report(self, screening_id: str) -> Report | None:
        """What its stage said last."""
        return self._reports.get(screening_id)

    @contextlib.contextmanager
    def open(self, viewer: Viewer) -> Iterator[None]:
        self._viewers.add(viewer)
        try:
            yield
        finally:
            self._viewers.discard(viewer)
            if not any(other.screening_id == viewer.screening_id for other in self._viewers):
                self._reports.pop(viewer.screening_id, None)

    def reported(self, viewer: Viewer, said: Report) -> None:
        if viewer.screening_id:
            self._reports[viewer.screening_id] = said


def as_message(black: bool, item: Shown | None) -> str:
    """The whole state, as the page takes it. While it is black nothing else is said."""
    return orjson.dumps({"type": "stage", "black": black, "item": None if black or item is None else _told(item)}).decode()


def _told(item: Shown) -> dict[str, Any]:
    if item.kind is ItemKind.REST:
        item = replace(item, kind=ItemKind.CARD, title=t("stage.rest"), words=t("stage.rest_words"))
    signed = t("host.certified", people=t("host.and").join(item.certified)) if item.certified else None
    return {
        "key": item.key,
        "kind": item.kind.lower(),
        "title": item.title,
        "words": item.words or "",
        "number": item.number,
        "certified": signed,
        "src": f"/stage/media/{item.release_id}?s={item.key}" if item.release_id else None,
        "duration_ms": item.duration_ms,
        "at_ms": item.at_ms,
        "playing": item.playing,
        "sound": True,
    }


def report_of(said: str) -> Report | None:
    """What a stage says of itself, None when it is of another form."""
    if len(said) > REPORT_MOST:
        return None
    try:
        told = orjson.loads(said)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(told, dict) or told.get("type") != "shown" or told.get("state") not in STATES:
        return None
    key, at_ms = told.get("key"), told.get("at_ms")
    if not (key is None or (isinstance(key, str) and len(key) <= 64)) or not isinstance(at_ms, int) or isinstance(at_ms, bool):
        return None
    return Report(key, told["state"], max(0, min(at_ms, 86_400_000)), time.monotonic())

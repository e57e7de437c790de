"""The stages that are open: who is black whatever the journal says, what each says that it shows, and the words that they are told."""

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import orjson
from starlette.websockets import WebSocket, WebSocketDisconnect

from dashboard.i18n import t
from data.queries.released import Shown
from data.rules.screening import ItemKind
from streaming.cells import COLUMNS, ROWS, Cells, emptied, read

REPORT_MOST = 400  # bytes of what a stage says of itself
HOST_SILENT_S = 2.0  # so long a live picture is shown without a word of its host; his page beats twice a second
SAID_S = 0.5  # a stage whose line takes nothing for longer has gone to the court's card by itself
STATES = frozenset({"black", "card", "playing", "waiting", "hushed", "paused", "ended", "blocked", "error"})


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
    """One socket of a stage. One message at a time; black may come between any two. permit_id: of the live picture that stands there.

    cells: the newest picture that waits for the line, one at most: a slow line gets fewer.
    """

    socket: WebSocket
    screening_id: str = ""
    permit_id: str | None = None
    cells: bytes | None = None
    sending: asyncio.Lock = field(default_factory=asyncio.Lock)
    drawing: "asyncio.Task[None] | None" = None

    async def say(self, message: str) -> None:
        async with self.sending:
            await self.socket.send_text(message)

    def draw(self, cells: bytes) -> None:
        self.cells = cells
        if self.drawing is None or self.drawing.done():
            self.drawing = asyncio.create_task(self._draw())

    async def _draw(self) -> None:
        with contextlib.suppress(WebSocketDisconnect, RuntimeError):
            while self.cells is not None:
                async with self.sending:
                    cells = self._newest()
                    if cells and self.permit_id is not None:  # black, or another place, may have come while it waited
                        await self.socket.send_bytes(cells)

    def _newest(self) -> bytes:
        cells, self.cells = self.cells or b"", None
        return cells


class Stages:
    """The stages that are open, which of them are black whatever the journal says, and what they report. Belongs to one event loop."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._rung = asyncio.Event()
        self._viewers: set[Viewer] = set()
        self._black: set[str] = set()
        self.turns = 0  # how often something was blacked out or shown again: then everybody is told anew
        self._reports: dict[str, Report] = {}
        self._dark_ms: dict[str, int] = {}  # by screening: what was taken before this moment is never shown
        self._hosts: dict[str, asyncio.TimerHandle] = {}  # by screening that shows a live picture: goes off when its host is silent
        self.on_black: Callable[[bytes], None] = lambda _: None  # said to the relay, whose memory is emptied
        self.on_unwatched: Callable[[str], None] = lambda _: None  # a screening that was blacked out because its host is silent

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
        self.darken(screening_id)
        black = as_message(True, None)
        said = [asyncio.create_task(viewer.say(black)) for viewer in self._viewers if viewer.screening_id == screening_id]
        if said:
            await asyncio.wait(said, timeout=SAID_S)

    def darken(self, screening_id: str) -> None:
        """Nothing of a live picture from before now is shown any more; what is on its way stays where it is."""
        self._dark_ms[screening_id] = round(time.time() * 1000)
        for viewer in self._viewers:
            if viewer.screening_id == screening_id:
                viewer.permit_id = viewer.cells = None
        self.on_black(emptied(screening_id))

    # --- the live picture ---

    def cells(self, message: bytes) -> None:
        """A picture for those stages on which it stands."""
        said = read(message)
        if not isinstance(said, Cells):
            return
        for viewer in self._viewers:
            if viewer.permit_id == said.permit_id and said.taken_ms > self._dark_ms.get(viewer.screening_id, 0):
                viewer.draw(bytes((COLUMNS, ROWS)) + said.cells)

    def shows(self, viewer: Viewer, permit_id: str | None) -> None:
        """This live picture stands on this stage now, or none; without a host it does not stand there for long."""
        viewer.permit_id = permit_id
        if permit_id is not None and viewer.screening_id not in self._hosts:
            self.beat(viewer.screening_id)

    def beat(self, screening_id: str) -> None:
        """Its host is there."""
        before = self._hosts.pop(screening_id, None)
        if before is not None:
            before.cancel()
        if self.shows_live(screening_id):
            self._hosts[screening_id] = asyncio.get_running_loop().call_later(HOST_SILENT_S, self._unwatched, screening_id)

    def shows_live(self, screening_id: str) -> bool:
        return any(viewer.screening_id == screening_id and viewer.permit_id is not None for viewer in self._viewers)

    def _unwatched(self, screening_id: str) -> None:
        self._hosts.pop(screening_id, None)
        if self.shows_live(screening_id):
            self.on_unwatched(screening_id)

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
        "title": t("stage.live") if item.permit_id else item.title,
        "words": t("stage.live_words", delay=item.delay_s) if item.permit_id else item.words or "",
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

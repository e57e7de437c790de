"""The stages that are open: who is black whatever the journal says, what each says that it shows, and the words that they are told.

Where several web processes serve one home the host's keys come to one and the stage's socket stands at another. Black, its end, the host's
beat and the stage's report are said to the others at once on the bus; black stands in a file of the home too (`blacks`), looked at all the
time while a stage is open. So it is black within a moment without the bus, and stays black when a process is killed. A beat that does not
come is silence, and silence is black.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import orjson
from starlette.websockets import WebSocket, WebSocketDisconnect

from dashboard.i18n import t
from dashboard.screening.blacks import Black, Blacks
from data.queries.released import Shown
from data.rules import words
from data.rules.permissions import Actor
from data.rules.screening import ItemKind
from streaming.cells import COLUMNS, ROWS, Cells, emptied, read
from streaming.others import Others, Said
from streaming.pace import pause

REPORT_MOST = 400  # bytes of what a stage says of itself
HOST_SILENT_S = 2.0  # so long a live picture is shown without a word of its host; his page beats twice a second
LOOKS_S = 0.1  # so often it is looked for blackouts that another process was told of, while a stage is open
OWED_S = 3.0  # a blackout that its process has not written by then is owed by whoever finds it
LIFTED_MOST = 1_000  # the one shown again longest ago is forgotten first
REPORTED_S = 5.0  # what a stage at another process said is believed for so long; it says it several times a second
SAID_S = 0.5  # a stage whose line takes nothing for longer has gone to the court's card by itself
STATES = frozenset({"black", "card", "playing", "waiting", "hushed", "paused", "ended", "blocked", "error"})


@dataclass(frozen=True, slots=True)
class Report:
    """What a stage says that it shows. at_s: monotonic."""

    key: str | None
    state: str
    at_ms: int
    at_s: float
    here: bool = True  # its socket is ours

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

    def __init__(self, blacks: Blacks | None = None, others: Others | None = None) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._rung = asyncio.Event()
        self._viewers: set[Viewer] = set()
        self._blacks, self._others = blacks, others or Others(_nobody)
        self._black: dict[str, Black] = {}
        self._filed: set[str] = set()  # those that had a file when it was looked last
        self._saying: set[asyncio.Task[None]] = set()
        self._lifted_ms: dict[str, int] = {}  # by screening: a blackout pressed before this moment is over, whenever it is heard of
        self.turns = 0  # how often something was blacked out or shown again: then everybody is told anew
        self._reports: dict[str, Report] = {}
        self._dark_ms: dict[str, int] = {}  # by screening: what was taken before this moment is never shown
        self._hosts: dict[str, asyncio.TimerHandle] = {}  # by screening that shows a live picture: goes off when its host is silent
        self.on_black: Callable[[bytes], None] = lambda _: None  # said to the relay, whose memory is emptied
        self.on_unwatched: Callable[[str], None] = lambda _: None  # a screening that was blacked out because its host is silent
        self.on_owed: Callable[[str, Actor], None] = lambda _, __: None  # a blackout that a process which is gone has not written
        hears = {"black": self._hear_black, "lift": self._hear_lift, "beat": self._hear_beat, "shown": self._hear_shown}
        for kind, heard in hears.items():
            self._others.hear(kind, heard)

    async def watch(self) -> None:
        """For ever: what other processes know, also without the bus. One alone looks at its start: what the one before it still owed."""
        if self._blacks is None:
            return
        self._blacks.sweep(_now_ms())
        while True:
            self._compare(self._blacks.all())
            if self._others.alone and not any(black.owed_by for black in self._black.values()):
                return
            await pause(LOOKS_S if self._viewers or self._black else OWED_S)

    def _compare(self, kept: dict[str, Black] | None) -> None:
        """kept: what the files say now; None: nothing, then what is black stays so."""
        if kept is None:
            return
        now_ms = _now_ms()
        for screening_id, black in kept.items():
            known = self._black.get(screening_id)
            if known is not None and known.at_ms == black.at_ms:
                self._black[screening_id] = black  # whether it is still owed
            elif black.at_ms > self._lifted_ms.get(screening_id, -1) and (known is None or known.at_ms < black.at_ms):
                self._blacken(screening_id, black)
            if black.owed_by is not None and now_ms - black.at_ms > OWED_S * 1000:
                self.on_owed(screening_id, black.owed_by)
        for screening_id in self._filed - kept.keys():  # shown again, by another process; without its file it never was
            if self._black.pop(screening_id, None) is not None:
                self._turn()
        self._filed = set(kept)

    def _turn(self) -> None:
        self.turns += 1
        self.ring()

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

    async def black_out(self, screening_id: str, owed_by: Actor | None = None) -> None:
        """Every stage of this screening is black now, before anything is written. owed_by: who will have written it."""
        black = Black(self.moment(screening_id), owed_by)
        said = self._blacken(screening_id, black)
        self._others.say("black", id=screening_id, at=black.at_ms)
        if self._blacks is not None and self._blacks.keep(screening_id, black):
            self._filed.add(screening_id)
        self.on_black(emptied(screening_id))
        if said:
            await asyncio.wait(said, timeout=SAID_S)

    def written(self, screening_id: str) -> None:
        """The journal has it: nobody owes it any more."""
        black = self._black.get(screening_id)
        if black is not None and black.owed_by is not None:
            self._black[screening_id] = black = replace(black, owed_by=None)
            if self._blacks is not None:
                self._blacks.keep(screening_id, black)

    def _blacken(self, screening_id: str, black: Black) -> list["asyncio.Task[None]"]:
        """Here. Returns the words on their way to the stages."""
        self._black[screening_id] = black
        self.turns += 1
        self.darken(screening_id)
        said = as_message(True, None)
        tasks = [asyncio.create_task(_say(viewer, said)) for viewer in self._viewers if viewer.screening_id == screening_id]
        for task in tasks:
            self._saying.add(task)
            task.add_done_callback(self._saying.discard)
        return tasks

    def darken(self, screening_id: str) -> None:
        """Nothing of a live picture from before now is shown any more; what is on its way stays where it is."""
        self._dark_ms[screening_id] = _now_ms()
        for viewer in self._viewers:
            if viewer.screening_id == screening_id:
                viewer.permit_id = viewer.cells = None

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
        """Its host is there: said here, or to another process."""
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

    def moment(self, screening_id: str) -> int:
        """Now, in ms; after whatever was pressed before, also when somebody has set the clock back meanwhile."""
        black = self._black.get(screening_id)
        return max(_now_ms(), self._lifted_ms.get(screening_id, 0) + 1, black.at_ms if black is not None else 0)

    def host_beats(self, screening_id: str) -> None:
        """He said so to us; his stages may be elsewhere."""
        self.beat(screening_id)
        self._others.say("beat", id=screening_id)

    def lift(self, screening_id: str, asked_ms: int | None = None) -> None:
        """Shown again. asked_ms: when that was pressed; whoever pressed black after it is not overruled. None: now."""
        asked_ms = self.moment(screening_id) if asked_ms is None else asked_ms
        if not self._lift(screening_id, asked_ms):
            return
        self._others.say("lift", id=screening_id, at=asked_ms)
        if self._blacks is not None:
            self._blacks.forget(screening_id, asked_ms)

    def _lift(self, screening_id: str, asked_ms: int) -> bool:
        black = self._black.get(screening_id)
        if black is not None and black.at_ms > asked_ms:
            return False
        self._lifted_ms[screening_id] = max(asked_ms, self._lifted_ms.pop(screening_id, 0))
        while len(self._lifted_ms) > LIFTED_MOST:
            self._lifted_ms.pop(next(iter(self._lifted_ms)))
        self._black.pop(screening_id, None)
        self._turn()
        return True

    def report(self, screening_id: str) -> Report | None:
        """What its stage said last."""
        report = self._reports.get(screening_id)
        return None if report is None or (not report.here and report.age_s() > REPORTED_S) else report

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
            self._others.say("shown", id=viewer.screening_id, key=said.key, state=said.state, at=said.at_ms)

    # --- what other processes say ---

    def _hear_black(self, _: int, said: Said) -> None:
        screening_id, at_ms = words.ulid(said["id"]), int(said["at"])
        known = self._black.get(screening_id)
        if at_ms > self._lifted_ms.get(screening_id, -1) and (known is None or known.at_ms < at_ms):
            self._blacken(screening_id, Black(at_ms))

    def _hear_lift(self, _: int, said: Said) -> None:
        self._lift(words.ulid(said["id"]), int(said["at"]))

    def _hear_beat(self, _: int, said: Said) -> None:
        self.beat(words.ulid(said["id"]))

    def _hear_shown(self, _: int, said: Said) -> None:
        screening_id, state, key = words.ulid(said["id"]), said["state"], said["key"]
        if state in STATES and (key is None or isinstance(key, str)):
            self._reports[screening_id] = Report(key, state, int(said["at"]), time.monotonic(), here=False)


async def _nobody(_: bytes) -> None:
    """Where there is one process alone."""


async def _say(viewer: Viewer, message: str) -> None:
    with contextlib.suppress(WebSocketDisconnect, RuntimeError):
        await viewer.say(message)


def _now_ms() -> int:
    return round(time.time() * 1000)


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

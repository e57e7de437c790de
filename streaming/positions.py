"""The path of a position, as one visible list of steps (`Positions.take`), in order for each unit.

Nothing is acknowledged before it is in the day file. The newest position of a unit only moves forward in time at its source: a late batch
is kept and never rewinds a marker. Off duty nothing is kept.
"""

import asyncio
import contextlib
import logging
import time
from bisect import bisect_right
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import msgspec
from sqlalchemy import Select, or_, select

from data.actions.units import end_silence, record_crossing
from data.errors import BusUnavailable, CommandCentreError, Unavailable
from data.journal import Journal
from data.lanes import Lanes
from data.queries.live import urgent_units
from data.rules.permissions import SYSTEM, Actor
from data.tables import DutyRow, FenceInsideRow, FenceRow, UnitRow
from geo.coordinates import Crs, to_wgs84
from geo.fences import Crossing, Fence, FenceIndex, NotAFence, Standing
from geo.fixes import Doubt, Fix, Refusal, believable_late, believe_in_turn
from geo.packed import Kind, fixes_of, pack, records_of, unpack
from streaming.bus import Bus
from streaming.doubtful import Doubtful
from streaming.history import History
from streaming.pace import to_next

TICK_S = 0.05  # what is new goes out at most 20 times a second
IDLE_S = 0.25  # when nothing is new: what failed before is tried again
HEARD_AFTER_MS = 10_000  # a fix ends a declared silence when none came for so long before it; an officer on his way in is still heard
AGAIN_S = 0.5  # what the database did not take is offered again
ASK_S = 2.0  # without a bus nobody tells what other processes changed: ask so often
KEPT = timedelta(days=8)  # stretches of duty that ended earlier: no fix is believed that is so old
CROSSINGS = 10_000  # not yet in the journal; when full the oldest is forgotten and counted: the next fix inside or outside finds it again
AHEAD_MS = 300_000  # a clock further ahead than this is not corrected, its fixes are refused

log = logging.getLogger(__name__)


class Reported(msgspec.Struct, frozen=True, gc=False):
    """One position as a device said it, its form already checked by the door. A struct: made 10,000 times a second, ten times as fast."""

    id: str
    t_ms: int
    lat: float
    lon: float
    src_crs: Crs = Crs.WGS84
    accuracy_m: float | None = None
    speed_mps: float | None = None
    heading_deg: float | None = None
    battery_pct: int | None = None
    provider: str = "GPS"
    mock: bool = False


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a batch: ids kept, ids known before, (id, code) refused."""

    accepted: list[str]
    known: list[str]
    refused: list[tuple[str, str]]
    shifted: bool = False


@dataclass(slots=True)
class Ground:
    """What the court says about its units, read again when the journal says that it changed."""

    duty: dict[int, list[tuple[int, int]]] = field(default_factory=dict)  # stretches of duty in ms, in order; open ones end at infinity
    silent: frozenset[int] = frozenset()
    fences: FenceIndex | None = None
    inside: dict[int, frozenset[str]] = field(default_factory=dict)

    def on_duty_at(self, unit_no: int, t_ms: int) -> bool:
        stretches = self.duty.get(unit_no, [])
        place = bisect_right(stretches, (t_ms, 1 << 62)) - 1
        return place >= 0 and t_ms <= stretches[place][1]


Relocate = Callable[[Actor, float, float], tuple[float, float, bool]]


@dataclass(frozen=True, slots=True)
class Beside:
    """That other processes take positions too. leads: whether what one of all must do is ours now."""

    leads: Callable[[], bool]


class Positions:
    """Takes what devices report; knows the newest position of every unit; says on the bus what is new.

    Beside other processes (`beside`) it hears on the bus what they took, so that it knows where each unit was last, whichever of them its
    phone speaks to; one of all writes down what the fences see.
    """

    def __init__(
        self,
        journal: Journal,
        lanes: Lanes,
        history: History,
        bus: Bus,
        now: Callable[[], datetime],
        relocate: Relocate | None = None,
        beside: Beside | None = None,
    ) -> None:
        self._journal, self._lanes, self._history, self._bus, self._now, self._relocate = journal, lanes, history, bus, now, relocate
        self._beside = beside
        self._heard: dict[int, Fix] = {}  # the newest of each unit that another process has taken, for the fences
        self._led = True
        self._newest: dict[int, Fix] = {}
        self._fresh: dict[int, Fix] = {}  # bounded by the number of units: a newer fix replaces an older one
        self._unsaid: dict[int, Fix] = {}  # stepped through the fences already, and not said on the bus yet: bounded as well
        self._standing: dict[int, Standing] = {}
        self._doubts: dict[int, Doubt] = {}  # one a unit: jumps that may prove its newest position wrong
        self._ground = Ground()
        self._returned: set[int] = set()  # units heard again after a gap
        self._crossings: deque[tuple[int, Crossing]] = deque(maxlen=CROSSINGS)
        self._stale_ground = True
        self._reading = asyncio.Lock()
        self._asked = 0.0
        self._urgent: frozenset[int] = frozenset()  # units with an open call or alarm
        self._moved, self._urgent_moved = asyncio.Event(), asyncio.Event()
        self._stale_urgent = True
        self._asking_urgent: asyncio.Task[None] | None = None
        self._writing: asyncio.Task[None] | None = None  # beside the ticks, as the asking: a silent database must not stop them
        self.counts: Counter[str] = Counter()
        self.doubtful = Doubtful()

    async def open(self) -> None:
        """After a start: the newest positions from the day files, duty and fences from the database."""
        kept = await asyncio.to_thread(self._history.newest)
        for unit_no, fix in self._newest.items():  # taken while the files were read
            if unit_no not in kept or fix.t_ms > kept[unit_no].t_ms:
                kept[unit_no] = fix
        self._newest = kept
        await self._read_ground()

    def of(self, unit_no: int) -> Fix | None:
        return self._newest.get(unit_no)

    def placed(self, actor: Actor, lat: float, lon: float) -> tuple[float, float]:
        """Where a place is drawn that came with a call or an alarm: as its fixes are, also when the demonstration moves them."""
        if self._relocate is None or not (-90 <= lat <= 90 and -180 <= lon <= 180):
            return lat, lon
        return self._relocate(actor, lat, lon)[:2]

    def newest(self) -> Mapping[int, Fix]:
        return self._newest

    def on_duty(self, unit_no: int, t_ms: int) -> bool:
        """Whether the unit was on duty at that moment, as far as this process has read."""
        return self._ground.on_duty_at(unit_no, t_ms)

    # --- the path ---

    async def take(self, actor: Actor, reported: Sequence[Reported], sent_at_ms: int | None = None) -> Taken:
        """The path of a batch. Raises LaneFull, StorageFull, DatabaseUnavailable: then nothing of it was kept."""
        assert actor.unit_no is not None
        assert actor.device_no is not None
        if self._stale_ground or self._reading.locked():  # while the first one reads, the others know of no duty and must not refuse for it
            await self._read_ground()
        now_ms = int(self._now().timestamp() * 1000)
        ahead_ms = _ahead(reported, sent_at_ms, now_ms)
        if self._beside is not None and not all(self._ground.on_duty_at(actor.unit_no, one.t_ms - ahead_ms) for one in reported):
            await self._lanes.readers.run(self._read_duty_of, actor.unit_no)  # begun a moment ago at another process, perhaps
        refused: list[tuple[str, str]] = []
        believed: list[Fix] = []
        shifted = False
        newest = previous = self._newest.get(actor.unit_no)
        doubt = self._doubts.get(actor.unit_no)
        late: list[Fix] = []
        for one in reported:
            code, fix, doubt, moved = self._judge(actor, one, previous, doubt, ahead_ms, now_ms)
            shifted |= moved
            if fix is None:
                refused.append((one.id, code))
                continue
            believed.append(fix)
            if previous is None or fix.t_ms > previous.t_ms:
                previous = fix
            elif fix.t_ms < previous.t_ms:
                late.append(fix)
        if late:
            wild = _wild(late, {id(anchor): anchor for anchor in (newest, previous) if anchor is not None}.values())
            refused += [(fix.id, Refusal.TELEPORT.value) for fix in late if id(fix) in wild]
            believed = [fix for fix in believed if id(fix) not in wild]
        once = _once(believed)
        known = await self._keep(once, now_ms)
        accepted = [fix for fix in once if fix.id not in known]
        self._forward(accepted)
        self._remember(actor.unit_no, doubt)
        self.refuse(actor, [code for _, code in refused])
        self.counts["accepted"] += len(accepted)
        kept = {id(fix) for fix in accepted}
        return Taken([fix.id for fix in accepted], [fix.id for fix in believed if id(fix) not in kept], refused, shifted)

    def refuse(self, actor: Actor, codes: Sequence[str]) -> None:
        """Count what was refused, also by the door."""
        if codes and actor.unit_no is not None and actor.device_no is not None:
            self.counts.update(codes)
            self.doubtful.note(actor.unit_no, actor.device_no, codes)

    def _remember(self, unit_no: int, doubt: Doubt | None) -> None:
        if doubt is not None:
            self._doubts[unit_no] = doubt
        else:
            self._doubts.pop(unit_no, None)

    def _judge(
        self, actor: Actor, one: Reported, previous: Fix | None, doubt: Doubt | None, ahead_ms: int, now_ms: int
    ) -> tuple[str, Fix | None, Doubt | None, bool]:
        """Measured clock · to WGS 84 · moved into the demo's district · on duty then? · believable?"""
        assert actor.unit_no is not None
        assert actor.device_no is not None
        lat, lon, moved = one.lat, one.lon, False
        if -90 <= lat <= 90 and -180 <= lon <= 180:
            if one.src_crs is not Crs.WGS84:
                lat, lon = to_wgs84(lat, lon, one.src_crs)
            if self._relocate is not None:
                lat, lon, moved = self._relocate(actor, lat, lon)
        t_ms = one.t_ms - ahead_ms
        fix = Fix(
            one.id,
            actor.unit_no,
            actor.device_no,
            t_ms,
            lat,
            lon,
            one.accuracy_m,
            one.speed_mps,
            one.heading_deg,
            one.battery_pct,
            one.provider,
            one.mock,
        )
        refusal, after = believe_in_turn(fix, previous, doubt, now_ms)
        if refusal is not None:
            return refusal.value, None, after, moved
        if not self._ground.on_duty_at(actor.unit_no, t_ms):
            return "fix.off_duty", None, doubt, moved
        return "", fix, after, moved

    async def _keep(self, believed: Sequence[Fix], now_ms: int) -> frozenset[str]:
        """Into the day file; the answer names the ids that were known before."""
        if not believed:
            return frozenset()
        return await self._history.kept(believed, now_ms)

    def _forward(self, accepted: Iterable[Fix]) -> None:
        for fix in accepted:
            newest = self._newest.get(fix.unit_no)
            if newest is None or fix.t_ms > newest.t_ms:
                if newest is None or fix.t_ms - newest.t_ms >= HEARD_AFTER_MS:
                    self._returned.add(fix.unit_no)
                self._newest[fix.unit_no] = fix
                self._fresh[fix.unit_no] = fix
                self._moved.set()
                if fix.unit_no in self._urgent:
                    self._urgent_moved.set()

    # --- what other processes took ---

    def hear(self, frame: bytes) -> None:
        """A frame off the bus: of us all. Raises NotAFrame."""
        read = unpack(frame)
        for fix in fixes_of(read.records, read.sent_at_ms):
            newest = self._newest.get(fix.unit_no)
            if newest is None or fix.t_ms > newest.t_ms:  # our own come back as they were
                self._newest[fix.unit_no] = self._heard[fix.unit_no] = fix
                self._moved.set()

    def say_newest(self) -> None:
        """Another process has heard nothing for a while: everything we know is said once more."""
        self._unsaid = dict(self._newest)
        self._moved.set()

    # --- what is new, 20 times a second ---

    async def run(self) -> None:
        """For ever: say what is new on the bus, watch the fences, end a declared silence that a fix has broken."""
        task, began = asyncio.current_task(), 0.0
        while task is None or not task.cancelling():  # redis-py may swallow a cancellation; it is still counted
            await _heard_within(self._moved, to_next(IDLE_S))
            await _heard_within(self._urgent_moved, began + TICK_S - time.monotonic())  # who calls for help does not wait for the others
            self._moved.clear()
            self._urgent_moved.clear()
            began = time.monotonic()
            try:
                await self._tick()
            except CommandCentreError as error:
                log.warning("positions: a tick failed: %s", error.code)
            except Exception:
                log.exception("positions: a tick failed")

    async def _tick(self) -> None:
        fresh, self._fresh = self._fresh, {}
        heard, self._heard = self._heard, {}
        if fresh or heard:
            self._step_fences(heard | fresh if heard else fresh)
        self._unsaid |= fresh
        if self._unsaid:
            await self._say()
        if not self._bus.up and time.monotonic() - self._asked > ASK_S:
            self._stale_ground = self._stale_urgent = True
            self._asked = time.monotonic()
        if self._stale_urgent and (self._asking_urgent is None or self._asking_urgent.done()):
            self._asking_urgent = asyncio.create_task(self._read_urgent())
        self._returned &= self._ground.silent
        if (self._returned or self._crossings) and (self._writing is None or self._writing.done()):
            self._writing = asyncio.create_task(self._write_down())

    async def _write_down(self) -> None:
        """Into the journal what the fixes have shown; what the database does not take now is kept, bounded, and tried again."""
        try:
            for unit_no in list(self._returned):
                await self._write(end_silence, unit_no, "heard")
                self._returned.discard(unit_no)
            while self._crossings:
                first = self._crossings[0]
                await self._cross(*first)
                if self._crossings and self._crossings[0] is first:  # else it was forgotten meanwhile, for too many came
                    self._crossings.popleft()
        except CommandCentreError as error:
            log.warning("positions: a crossing or the end of a silence waits: %s", error.code)
            await asyncio.sleep(AGAIN_S)
        except Exception:
            log.exception("positions: a crossing or the end of a silence waits")
            await asyncio.sleep(ASK_S)

    async def _say(self) -> None:
        unsaid, self._unsaid = self._unsaid, {}
        now_ms = int(self._now().timestamp() * 1000)
        try:
            await self._bus.publish_fixes(pack(records_of(unsaid.values(), now_ms), Kind.SOME, now_ms))
        except BusUnavailable:
            self._unsaid = unsaid | self._unsaid  # once it is back, the newest of each unit goes out
            await asyncio.sleep(0.25)

    def _step_fences(self, fresh: dict[int, Fix]) -> None:
        ground = self._ground
        if ground.fences is None:
            return
        standings = {no: self._standing.get(no) or Standing(inside=ground.inside.get(no, frozenset())) for no in fresh}
        changed, crossings = ground.fences.step_all(standings, list(fresh.items()))
        self._standing.update(changed)
        if not self._leads():
            return
        self.counts["crossings_forgotten"] += max(0, len(self._crossings) + len(crossings) - CROSSINGS)
        self._crossings.extend(crossings)

    def _leads(self) -> bool:
        """Whether the crossings are ours to write. Who takes over begins with what the one before may not have written any more."""
        if self._beside is None:
            return True
        led, self._led = self._led, self._beside.leads()
        if self._led and not led:
            self._crossings.extend(self._unwritten())
        return self._led

    def _unwritten(self) -> list[tuple[int, Crossing]]:
        """Where units stand otherwise than the journal says, by what this process has read of it last."""
        found = []
        for no, standing in self._standing.items():
            newest, known = self._newest.get(no), self._ground.inside.get(no, frozenset())
            if newest is not None:
                changed = [(fence, fence in standing.inside) for fence in sorted(standing.inside ^ known)]
                found += [(no, Crossing(fence, entered, newest.t_ms)) for fence, entered in changed]
        return found

    async def _cross(self, unit_no: int, crossing: Crossing) -> None:
        """Into the journal; raises while the database is away, and is tried again with the next tick."""
        at = datetime.fromtimestamp(crossing.t_ms / 1000, self._now().tzinfo)
        await self._write(record_crossing, crossing.fence_id, unit_no, crossing.entered, at)

    async def _write(self, action: Callable[..., bool], *arguments: object) -> None:
        """Raises Unavailable, then it is tried again; what is refused for another reason is not."""
        try:
            await self._lanes.writer.run(self._journal.do, SYSTEM, self._now(), action, *arguments)
        except Unavailable:
            raise
        except CommandCentreError as error:
            log.warning("positions: %s was refused: %s", action.__name__, error.code)

    # --- what the court says ---

    def heard(self, kind: str) -> None:
        """An event of this kind was announced: duty, silence, fences are read again before the next fix, who calls with the next tick.

        From any thread: it marks, the tick reads.
        """
        noun = kind.partition(".")[0]
        if noun in {"duty", "silence", "fence", "unit", "device"}:
            self._stale_ground = True
        elif noun in {"call", "sos"}:
            self._stale_urgent = True

    async def _read_ground(self) -> None:
        async with self._reading:
            if not self._stale_ground:
                return
            self._stale_ground = False  # what changes while it is read makes it stale again
            self._asked = time.monotonic()
            try:
                self._ground = await self._lanes.readers.run(self._ground_now)
            except BaseException:
                self._stale_ground = True
                raise
        now_ms = int(self._now().timestamp() * 1000)  # the end of duty forgets where a unit stood
        self._standing = {no: standing for no, standing in self._standing.items() if self._ground.on_duty_at(no, now_ms)}

    async def _read_urgent(self) -> None:
        self._stale_urgent = False  # who calls while it is read makes it stale again
        try:
            self._urgent = await self._lanes.readers.run(self._urgent_now)
        except CommandCentreError as error:
            self._stale_urgent = True  # until it answers, those known before are the urgent ones
            log.warning("positions: who calls for help could not be read: %s", error.code)
            await asyncio.sleep(ASK_S)

    def _urgent_now(self) -> frozenset[int]:
        with self._journal.database.reading() as session:
            return urgent_units(session)

    def _read_duty_of(self, unit_no: int) -> None:
        """Of one unit, as it is now. Its stretches are given anew, so that no reader sees half of them."""
        with self._journal.database.reading() as session:
            rows = session.execute(self._duty_rows().where(DutyRow.unit_no == unit_no)).all()
        self._ground.duty[unit_no] = [_stretch(began_at, ended_at) for _, began_at, ended_at in rows]

    def _duty_rows(self) -> Select[int, datetime, datetime | None]:
        return (
            select(DutyRow.unit_no, DutyRow.began_at, DutyRow.ended_at)
            .where(or_(DutyRow.ended_at.is_(None), DutyRow.ended_at > self._now() - KEPT))
            .order_by(DutyRow.began_at)
        )

    def _ground_now(self) -> Ground:
        ground = Ground()
        with self._journal.database.reading() as session:
            for unit_no, began_at, ended_at in session.execute(self._duty_rows()):
                ground.duty.setdefault(unit_no, []).append(_stretch(began_at, ended_at))
            ground.silent = frozenset(session.scalars(select(UnitRow.no).where(UnitRow.silent_since.is_not(None))))
            fences = []
            for row in session.scalars(select(FenceRow).where(FenceRow.removed_at.is_(None), FenceRow.begins_at.is_(None))):
                try:
                    fences.append(Fence(row.id, row.ring))
                except NotAFence:
                    log.warning("fence %s has no usable ring and is not watched", row.id)
            ground.fences = FenceIndex(fences) if fences else None
            for fence_id, unit_no in session.execute(select(FenceInsideRow.fence_id, FenceInsideRow.unit_no)):
                ground.inside[unit_no] = ground.inside.get(unit_no, frozenset()) | {fence_id}
        return ground


def _stretch(began_at: datetime, ended_at: datetime | None) -> tuple[int, int]:
    """Of duty, in ms; an open one ends at infinity."""
    return int(began_at.timestamp() * 1000), int(ended_at.timestamp() * 1000) if ended_at else 1 << 62


def _wild(late: Sequence[Fix], anchors: Iterable[Fix]) -> set[int]:
    """Identities of the late fixes where nobody can have been, by what else is known of those minutes."""
    return {id(fix) for fix, believed in zip(late, believable_late(late, anchors), strict=True) if not believed}


def _once(fixes: Iterable[Fix]) -> list[Fix]:
    """Of one batch, the same id or the same moment twice is one fix."""
    ids: set[str] = set()
    moments: set[int] = set()
    once = []
    for fix in fixes:
        if fix.id not in ids and fix.t_ms not in moments:
            once.append(fix)
        ids.add(fix.id)
        moments.add(fix.t_ms)
    return once


def _ahead(reported: Sequence[Reported], sent_at_ms: int | None, now_ms: int) -> int:
    """By how many ms the device's clock runs ahead, as far as it can be measured: no shown time may lie ahead of the server's."""
    if sent_at_ms is not None and abs(sent_at_ms - now_ms) <= AHEAD_MS:
        return max(sent_at_ms - now_ms, 0)
    latest = max((one.t_ms for one in reported if one.t_ms <= now_ms + AHEAD_MS), default=now_ms)
    return max(latest - now_ms, 0)


async def _heard_within(event: asyncio.Event, seconds: float) -> None:
    if seconds <= 0 or event.is_set():
        return
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()

"""Opening and closing a web process, and what runs in it between the two."""

import asyncio
import contextlib
import gc
import logging
from collections.abc import AsyncIterator, Callable
from typing import Any

from fastapi import FastAPI

from dashboard import basemap
from dashboard.dash_pages import wake
from dashboard.heartbeat.counted import keep_counted
from dashboard.heartbeat.not_ready import until_ready
from dashboard.house import House, utc_now
from dashboard.map_layers import MapLayers
from dashboard.rehearsal import rehearse
from dashboard.supervise import ready_file
from data.errors import CommandCentreError
from streaming.bus import Bus

log = logging.getLogger(__name__)


@contextlib.asynccontextmanager
async def lifespan(root: FastAPI) -> AsyncIterator[None]:
    house: House = root.state.house
    await wake(house.dash)
    tasks = [asyncio.create_task(part, name=name) for name, part in _running(house).items()]
    for task in tasks:
        task.add_done_callback(_ended)
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await house.bus.aclose()
        await asyncio.to_thread(house.history.close)
        house.ways.close()
        house.pulse.close()
        house.lanes.close()
        house.database.close()


def _running(house: House) -> dict[str, Any]:
    def on_announcement(_: int, kind: str) -> None:
        house.positions.heard(kind)
        house.bell.heard(kind)
        house.stages.heard(kind)
        house.hub.poke()

    house.stages.on_black = _empty_memory(house.bus)
    several = not house.others.alone

    def on_fixes(frame: bytes) -> None:
        house.hub.take_fixes(frame)
        house.positions.hear(frame)

    async def on_bus(up: bool) -> None:
        await house.hub.bus_changed(up)
        if up:
            house.others.say("hello")

    hears = on_fixes if several else house.hub.take_fixes, on_bus, house.stages.cells, house.others.take if several else None
    return {
        "health": house.health.watch(),
        "pulse": house.pulse.run(),
        **_metrics(house),
        "hub": house.hub.run(),
        "bus": house.bus.listen(on_announcement, *hears),
        "bus_counted": keep_counted(house.settings, house.bus),
        "stages": house.stages.watch(),
        "objections": house.objections.run(),
        **({"others": house.others.run()} if several else {}),
        "positions": _run_positions(house),
        "ready": _say_ready(house),
    }


def _metrics(house: House) -> dict[str, Any]:
    """Loaded by those who want it alone."""
    if not house.settings.metrics_port:
        return {}
    from dashboard.heartbeat.metrics import Told, serve_metrics

    return {"metrics": serve_metrics(house.settings, Told(house.pulse.readings, lambda: _counts(house), house.build), house.number)}


def _counts(house: House) -> dict[str, float]:
    """For `/metrics`, from memory alone."""
    faces = house.hub.faces()
    lanes = house.lanes.writer, house.lanes.readers, house.lanes.probes
    counted: dict[str, float] = {f"ecc_viewers_{face}": faces.get(face, 0) for face in ("wall", "desk", "field")}
    counted |= {"ecc_journal_last_total": house.hub.seq, "ecc_faults_open": house.pulse.faults_open}
    counted |= {"ecc_bus_dropped_total": house.bus.dropped, "ecc_bus_foreign_total": house.bus.foreign}
    return counted | {"ecc_lane_refused_total": sum(lane.refused for lane in lanes)}


def _empty_memory(bus: Bus) -> Callable[[bytes], None]:
    """Says a blackout to the relay before it stands in the journal. When the bus is away the journal says it; the stage is black anyway."""
    saying: set[asyncio.Task[None]] = set()

    async def say(message: bytes) -> None:
        try:
            await bus.publish_cells(message)
        except CommandCentreError as error:
            log.info("a blackout was not said on the bus: %s", error.code)

    def empty(message: bytes) -> None:
        task = asyncio.create_task(say(message))
        saying.add(task)
        task.add_done_callback(saying.discard)

    return empty


async def _run_positions(house: House) -> None:
    """A database that is silent at the start is waited for; the doors answer 503 meanwhile."""
    while True:
        try:
            await house.positions.open()
            break
        except CommandCentreError as error:
            log.warning("positions wait: %s", error.code)
            await asyncio.sleep(1)
    await house.hub.bus_changed(True)
    await house.positions.run()


async def _say_ready(house: House) -> None:
    await until_ready(house.health.reasons, house.pulse.troubles)
    ready_file(house.settings, house.number).touch(0o600)
    await asyncio.to_thread(basemap.finish, house.settings)
    await asyncio.to_thread(MapLayers(house.settings.layers).prepare)  # before the first map asks
    house.ways.prepare()
    await rehearse(house.lanes, house.database, house.journal, house.settings, utc_now)  # before the first call comes
    gc.freeze()  # what was imported stays for good: looking through it again and again cost a twentieth of the server's time


def _ended(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("task %s ended", task.get_name(), exc_info=error)

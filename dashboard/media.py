"""The relay's process: `/media` on its own port, for browsers of the one origin that is ours. It lives while the web process does not."""

import asyncio
import contextlib
import gc
import logging
import signal
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Mount, Route

from dashboard import i18n
from dashboard.listening import serve
from dashboard.supervise import Beat
from data.engines import open_database
from data.journal import Journal, silent
from data.lanes import Lanes
from data.live_settings import current
from data.queries.live_permits import OnAir, on_air
from data.sealing import load_sealing
from data.settings import Settings
from streaming import hooks
from streaming.bus import Bus
from streaming.bus_server import BusServer
from streaming.call_recordings import CallRecordings
from streaming.ice import load_ice
from streaming.media_events import Limits, MediaEvent
from streaming.media_states import MediaStates
from streaming.media_tokens import load_media_tokens
from streaming.pace import pause
from streaming.relay import Relay
from streaming.transcoder import Transcoder
from streaming.whip import build_media

BEAT_S = 0.5
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "X-Robots-Tag": "noindex, nofollow",
}

log = logging.getLogger(__name__)


def build(settings: Settings, limits: Limits | None = None) -> Starlette:
    """The relay and its doors; opens nothing before its lifespan. Raises Misconfigured when a library has changed under us."""
    hooks.check()
    recordings = Recordings(settings)
    court = Court(settings) if settings.redis_url else None

    def on_event(event: MediaEvent) -> None:
        recordings.on_event(event, relay)
        if court is not None:
            court.states.happened(event)

    relay = Relay(settings.media_addresses or own_addresses(), on_event, limits)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        await asyncio.to_thread(recordings.open)
        parts = [relay.run(), recordings.look(relay), _beat(Beat(settings, "relay")), *(court.parts(relay) if court else ())]
        tasks = [asyncio.create_task(part) for part in parts]
        for task in tasks:
            task.add_done_callback(_ended)
        with contextlib.suppress(RuntimeError, ValueError):  # only a process of our own takes signals
            asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, _count, relay)
        gc.freeze()  # what was imported stays for good: looking through it again and again is time that packets wait
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await relay.aclose()
            await asyncio.to_thread(recordings.close)
            if court is not None:
                await court.aclose()

    async def healthz(_: Request) -> JSONResponse:
        return JSONResponse({"alive": True}, headers={"Cache-Control": "no-store"})

    tokens, ice = load_media_tokens(settings.keys), load_ice(settings)
    media = build_media(tokens, relay, _now, i18n.of_error, settings.origin, lambda person: ice.links(person, _now()))
    root = Starlette(routes=[Route("/healthz", healthz), Mount("/media", media)], lifespan=lifespan)
    root.state.relay = relay
    return root


class Recordings:
    """The recordings of this process, with the database and the bus that they are told to; nothing is open before `open`."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._kept: CallRecordings | None = None

    def open(self) -> None:
        settings = self._settings
        self._database = open_database(settings.database_url)
        announce = Bus(BusServer.of(settings)).announce if settings.redis_url else silent
        journal = Journal(self._database, load_sealing(settings.keys), settings.court_code, announce, settings.civil_offset_s)
        self._kept = CallRecordings(settings.recordings, journal, _now)

    def on_event(self, event: MediaEvent, relay: Relay) -> None:
        if self._kept is not None:
            self._kept.on_event(event, relay)

    async def look(self, relay: Relay) -> None:
        """For ever."""
        while True:
            if self._kept is not None:
                self._kept.look(relay)
            await pause(BEAT_S)

    def close(self) -> None:
        if self._kept is not None:
            self._kept.close()
            self._database.close()


class Court:
    """The way to the court's journal and from it. A relay that is given no bus forwards only."""

    def __init__(self, settings: Settings) -> None:
        self._database, self._lanes, self._bus = open_database(settings.database_url), Lanes(), Bus(BusServer.of(settings))
        sealing = load_sealing(settings.keys)
        journal = Journal(self._database, sealing, settings.court_code, self._bus.announce, settings.civil_offset_s)
        self.states = MediaStates(journal, self._lanes, _now)
        self._settings, self.transcoder = settings, Transcoder(self._on_air, self._bus.publish_cells)

    def parts(self, relay: Relay) -> tuple[Coroutine[Any, Any, None], ...]:
        heard = self._bus.listen(self._announced, None, on_cells=self.transcoder.heard)
        return self.states.write(), self.states.follow(relay), self.states.miss(relay), self.transcoder.run(relay), heard

    def _announced(self, number: int, kind: str) -> None:
        self.states.announced(number, kind)
        self.transcoder.announced(number, kind)

    async def _on_air(self) -> OnAir | None:
        return await self._lanes.readers.run(self._read_on_air)

    def _read_on_air(self) -> OnAir | None:
        with self._database.reading() as session:
            return on_air(session) if current(session, self._settings).live_on_stage else None

    async def aclose(self) -> None:
        await self._bus.aclose()
        self._lanes.close()
        self._database.close()


def own_addresses() -> tuple[str, ...]:
    """Every address of this machine that another one could reach; the loopback where there is none."""
    import ifaddr

    found = []
    for adapter in ifaddr.get_adapters():
        for each in adapter.ips:
            if isinstance(each.ip, str) and not each.ip.startswith("127."):
                found.append(each.ip)
            elif not isinstance(each.ip, str) and each.ip[2] == 0 and each.ip[0] != "::1":  # no link-local one: it would need a zone
                found.append(each.ip[0])
    return tuple(found) or ("127.0.0.1",)


def _now() -> datetime:
    return datetime.now(UTC)


async def _beat(beat: Beat) -> None:
    while True:
        beat()
        await pause(BEAT_S)


def _count(relay: Relay) -> None:
    """SIGUSR1, from this machine's own administrator or a bench: what there is goes to the log."""
    log.info("counted", extra={"counts": {"tasks": len(asyncio.all_tasks()), **relay.counts()}})


def _ended(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("a task of the relay ended", exc_info=error)


class _Sealed:
    """The headers that every answer carries."""

    def __init__(self, app: Any) -> None:
        self._app = app
        self._headers = [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()]

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        async def sealed(message: Any) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message.get("headers", []), *self._headers]}
            await send(message)

        await self._app(scope, receive, sealed)


def run(settings: Settings) -> int:
    """Serve until told to end."""
    serve(_Sealed(build(settings)), settings, settings.media_port, ws="none", lifespan="on")
    return 0

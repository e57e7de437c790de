"""Composition root of the web process: builds everything once, hands it down, mounts the faces, opens and closes it all.

Sub-apps are mounted beside Dash because Dash answers every unknown path below it; their lifespans are not run, so ours opens everything.
"""

import asyncio
import contextlib
import gc
import inspect
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib import import_module
from importlib.metadata import version
from time import time_ns
from typing import Any

from dash import Dash
from dash.backends._fastapi import FastAPIDashServer, set_current_request
from dash.exceptions import PreventUpdate
from fastapi import FastAPI, Request, Response, WebSocket
from fastapi.responses import HTMLResponse, JSONResponse
from starlette.types import Receive, Scope, Send

from dashboard import basemap, i18n
from dashboard.admin.app import Admin
from dashboard.admin.devices import Heard
from dashboard.api import NEAR_MOST, build_api, merged
from dashboard.building import HERE, build_of
from dashboard.check_page import check_page
from dashboard.demo.director import director_routes
from dashboard.demo.relocation import relocation, when_asked
from dashboard.faults.app import Faults
from dashboard.field.app import build_field
from dashboard.health import Health
from dashboard.heartbeat.counted import keep_counted
from dashboard.heartbeat.not_ready import until_ready
from dashboard.heartbeat.pulse import Pulse
from dashboard.i18n import t
from dashboard.inspector.app import Inspector
from dashboard.join.app import Join
from dashboard.join.doors import Bell
from dashboard.join.party import PartyDoors
from dashboard.listening import serve
from dashboard.live.hub import Hub
from dashboard.manual.app import Manual
from dashboard.map_layers import MapLayers
from dashboard.plain_frames import PlainFrames
from dashboard.rehearsal import rehearse
from dashboard.replay.app import build_replay
from dashboard.screening.blacks import Blacks
from dashboard.screening.door import Door
from dashboard.screening.host import Host
from dashboard.screening.objecting import Objecting
from dashboard.screening.owed_objections import OwedObjections
from dashboard.screening.stage import Stage
from dashboard.screening.stages import Stages
from dashboard.sheet.app import Sheets
from dashboard.sign_in import Gate, error_answer, note_refusal
from dashboard.sign_in_pages.pages import build_sign_in
from dashboard.supervise import ready_file, wait_until_prepared
from dashboard.vendor import build_vendor
from dashboard.ways import RoadWays
from data.attempts import Attempts
from data.engines import Database, open_database
from data.errors import CommandCentreError, NotPermitted
from data.identity import Identity
from data.journal import Announcement, Journal
from data.lanes import Lanes
from data.queries.wall import sight_of
from data.queries.ways import Alarm, alarm_of, teams_of
from data.rules.permissions import Actor
from data.sealing import load_sealing
from data.settings import Settings
from geo import packed
from geo.coordinates import Place
from streaming.archive import Archive
from streaming.bearer import actor_of, client_address, osmand_actor
from streaming.bus import Bus
from streaming.bus_server import BusServer
from streaming.history import History
from streaming.ingest import Doors, build_ingest
from streaming.media_tokens import load_media_tokens
from streaming.others import Others
from streaming.past_tracks import PastTracks
from streaming.positions import Beside, Positions
from streaming.uploads import Uploads
from streaming.whip import describe as describe_media

PREFIX = "/centre/"
FACES = {name: import_module(f"dashboard.{name}.page") for name in ("wall", "desk") if (HERE / name / "page.py").exists()}
TEXTS_OF = {"wall": ("wall", "video", "row"), "desk": ("desk", "wall", "video", "row")}
BY_ROAD_S = 0.2  # so long a support order waits for the ways; then it goes by straight line, and says so
INBOUND_MOST = 1_100_000  # one batch of positions on /ingest/ws; /live allows far less by itself

INDEX = """<!DOCTYPE html>
<html lang="zh-CN" data-face="@face@" data-build="@build@">
<head>{%metas%}<title>@title@</title>{%favicon%}
{%css%}
@modules@
</head>
<body>
{%app_entry%}
<script type="application/json" id="ecc-texts">@texts@</script>
<footer>{%config%}
{%scripts%}
{%renderer%}</footer>
</body>
</html>"""

log = logging.getLogger(__name__)


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass
class House:
    """What was built, for the lifespan and for tests: `app.state.house`."""

    settings: Settings
    build: str
    database: Database
    lanes: Lanes
    journal: Journal
    identity: Identity
    bus: Bus
    history: History
    positions: Positions
    health: Health
    pulse: Pulse
    hub: Hub
    ways: RoadWays
    dash: Dash
    bell: Bell
    stages: Stages
    objections: OwedObjections
    others: Others
    number: int


class Centre(FastAPI):
    """The application behind its gate. As a middleware the gate would stand within four layers of FastAPI's own: a twelfth of each fix."""

    gate: Gate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.gate(scope, receive, send)

    async def behind(self, scope: Scope, receive: Receive, send: Send) -> None:
        """What the gate has let in."""
        await super().__call__(scope, receive, send)


def build(settings: Settings, now: Callable[[], datetime] = utc_now, number: int = 1) -> Centre:
    """The whole web application; opens nothing before its lifespan. number: which web process of the home. Raises Misconfigured."""
    root = Centre(title="ecc", docs_url=None, redoc_url=None, openapi_url=None, lifespan=_lifespan)
    house = _furnish(settings, now, root, number)
    attempts = _attempts(settings)
    root.state.house = house
    ingest = build_ingest(_doors(house, now, attempts("ingest")))
    tokens = load_media_tokens(settings.keys)
    newest = house.hub.newest
    past = PastTracks(house.history, Archive(settings.archive), house.database)
    api = build_api(settings, house.journal, house.lanes, past, newest, house.ways, now, tokens, lambda: document(root))
    faces = (
        ("/field", _field(house)),
        ("/join", _join(house, now, attempts("join"))),
        ("/party", _party(house, now, attempts("party"))),
        ("/sheet", Sheets(settings, house.journal, house.lanes, now).app()),
        ("/faults", Faults(settings, house.journal, house.lanes, now).app()),
        ("/inspector", Inspector(settings, house.journal, house.lanes).app()),
        ("/manual", Manual(version("enforcement-command-centre")).app()),
        ("/stage", _stage(house, now, attempts("stage"))),
        ("/centre/admin", _admin(house, now)),
        ("/door", Door(settings, house.identity, house.journal, house.lanes, now, attempts("door")).app()),
        ("/object", Objecting(settings, house.journal, house.lanes, house.stages, now, attempts("object"), house.objections).app()),
        ("/centre/screening", Host(settings, house.journal, house.lanes, house.stages, now).app()),
        ("/replay", build_replay(t.alone("replay"), t.alone("tracks"))),
        ("/vendor", build_vendor()),
    )
    for path, app in (("/ingest", ingest), ("/api", api), *faces):
        root.mount(path, app)
    media = describe_media()  # served by the relay on its own port
    root.state.described = {"/ingest": ingest, "/api": api, "/media": media, "": root}
    for app in (root, ingest, api):
        app.add_exception_handler(CommandCentreError, _refuse)
    sign_in = build_sign_in(settings, house.identity, house.journal, house.lanes, now, attempts("sign-in"))
    root.router.routes[0:0] = [*sign_in.routes(), *(director_routes(settings) if settings.demo else ())]
    _add_own_routes(root, house)
    for face, page in FACES.items():
        more = (lambda: _places(house, now), _by_road(house, now), settings.visitors_default) if face == "desk" else ()
        page.connect(house.dash, house.journal, house.lanes, now, *more)
    hashes = house.dash.csp_hashes()
    straight = {("POST", "/ingest/positions"): ingest.positions}  # a tenth of the way that leads through root and sub-app
    root.gate = Gate(root.behind, house.identity, settings, script_hashes=hashes, denied=sign_in.denied, straight=straight)
    return root


def _attempts(settings: Settings) -> Callable[[str], Attempts]:
    """By door. Of several web processes they count together."""
    if settings.web_processes == 1:
        return lambda _: Attempts()
    from data.shared_attempts import Shared

    shared = Shared(settings.run)
    return lambda door: Attempts(keeping=shared.of(door))


def _furnish(settings: Settings, now: Callable[[], datetime], root: FastAPI, number: int) -> House:
    database, lanes, bus = open_database(settings.database_url), Lanes(), Bus(BusServer.of(settings))
    several = settings.web_processes > 1
    others = Others(bus.publish_webs, number, settings.web_processes)
    identity = Identity(database, settings.keys, lanes.readers, alone=not several)
    hub: Hub
    positions: Positions
    bell, stages = Bell(), Stages(Blacks(settings.run), others)

    def heard(kind: str) -> None:
        positions.heard(kind)
        bell.heard(kind)
        stages.heard(kind)

    def announce(announcements: Sequence[Announcement]) -> None:
        identity.heard(announcements)
        for announcement in announcements:
            heard(announcement.kind)
        hub.poke()
        bus.announce(announcements)

    journal = Journal(database, load_sealing(settings.keys), settings.court_code, announce, settings.civil_offset_s)
    history = History(settings.positions)
    kept = settings.run / "visitors.json"
    relocate = when_asked(lambda: relocation(settings.layers, lambda unit_no: positions.of(unit_no), kept)) if settings.demo else None
    health = Health(settings, database, lanes.probes, bus, lambda: int(now().timestamp() * 1000), number)
    positions = Positions(journal, lanes, history, bus, now, relocate, Beside(health.leads) if several else None)
    others.hear("hello", lambda _, __: positions.say_newest())
    build_id = build_of(HERE)
    pulse = Pulse(settings, database, lanes, journal, health.parts, build_id, t, now, tells=health.leads)
    hub = Hub(
        settings=settings,
        database=database,
        lanes=lanes,
        journal=journal,
        identity=identity,
        health=health,
        build=build_id,
        say=t,
        now=now,
        newest_kept=lambda now_ms: _kept(positions, now_ms),
        doubtful=positions.doubtful.often,
        pulse=pulse,
        others=others,
        heard=heard,
    )
    dash = _dash(root)
    ways = RoadWays(settings.layers)
    return House(
        settings, build_id, database, lanes, journal, identity, bus, history, positions, health, pulse, hub, ways, dash, bell, stages,
        OwedObjections(settings.run, journal, lanes, now), others, number,
    )  # fmt: skip


def _kept(positions: Positions, now_ms: int) -> packed.Records:
    """The newest positions that this process itself took in, of units on duty."""
    return packed.records_of([fix for fix in positions.newest().values() if positions.on_duty(fix.unit_no, now_ms)], now_ms)


def _places(house: House, now: Callable[[], datetime]) -> dict[int, tuple[float, float]]:
    """Where each unit on duty is whose position is not lost."""
    now_ms = int(now().timestamp() * 1000)
    oldest = now_ms - house.hub.settings.lost_s * 1000
    there = house.positions.newest().items()
    return {no: (fix.lat, fix.lon) for no, fix in there if fix.t_ms >= oldest and house.positions.on_duty(no, now_ms)}


def _by_road(house: House, now: Callable[[], datetime]) -> Callable[[Actor, str], Awaitable[dict[int, float]]]:
    """How long each unit near a call would drive; none of them when that is not known at once: the key must not wait for it."""

    def asked(actor: Actor, call_id: str) -> tuple[Alarm, list[tuple[int, Place]], dict[int, str]]:
        with house.database.reading() as session:
            sight = sight_of(actor)
            alarm = alarm_of(session, sight, "call", call_id)
            alarm = replace(alarm, place=house.hub.newest.place_of(alarm.unit_no) or alarm.place)
            near = house.hub.newest.around(*alarm.place, int(now().timestamp() * 1000) - round(house.hub.settings.lost_s * 1000), NEAR_MOST)
            return alarm, near, teams_of(session, sight, (no for no, _ in near))

    async def by_road(actor: Actor, call_id: str) -> dict[int, float]:
        try:
            alarm, near, teams = await house.lanes.readers.run(asked, actor, call_id)
            async with asyncio.timeout(BY_ROAD_S):
                found = await house.ways.coming(alarm, teams, near, most=len(near))
        except (CommandCentreError, TimeoutError):
            return {}
        return {each.unit_no: each.way.seconds for each in found or ()}

    return by_road


def _doors(house: House, now: Callable[[], datetime], strangers: Attempts) -> Doors:
    from dashboard.phone_doors import about, area_at, seen

    return Doors(
        who=lambda connection: actor_of(connection, house.identity, house.settings),
        positions=house.positions,
        journal=house.journal,
        lanes=house.lanes,
        say=t,
        now=now,
        who_by_key=lambda key, connection: osmand_actor(
            key, house.identity, client_address(connection.scope, house.settings.trusted_proxies)
        ),
        about=lambda actor: about(house.database, house.settings, actor),
        seen=lambda actor: seen(house.database, actor),
        uploads=Uploads(house.settings.recordings),
        area_at=lambda lat, lon: area_at(house.database, lat, lon),
        strangers=strangers,
    )


def _join(house: House, now: Callable[[], datetime], attempts: Attempts) -> Any:
    return Join(house.settings, house.identity, house.journal, house.lanes, house.bell, now, attempts).app()


def _party(house: House, now: Callable[[], datetime], attempts: Attempts) -> Any:
    return PartyDoors(house.settings, house.identity, house.journal, house.lanes, house.bell, now, attempts).app()


def _stage(house: House, now: Callable[[], datetime], attempts: Attempts) -> Any:
    return Stage(house.settings, house.identity, house.journal, house.lanes, house.stages, now, attempts).app()


def _admin(house: House, now: Callable[[], datetime]) -> Any:
    def heard(device_no: int, unit_no: int) -> Heard:
        _, devices = house.hub.present()
        fix = house.positions.of(unit_no)
        at_ms = fix.t_ms if fix is not None and fix.device_no in (device_no, 0) else None  # 0: heard from another web process
        return Heard(at_ms, device_no in devices, devices.get(device_no))

    return Admin(house.settings, house.journal, house.lanes, now, heard, lambda: frozenset(house.hub.present()[0])).app()


def _field(house: House) -> Any:
    return build_field(texts=t.alone("field"), build=house.build, check=check_page(t.alone("check"), "field"))


# --- Dash -------------------------------------------------------------------------------------------------------------------------


def _backend(root: FastAPI) -> type[FastAPIDashServer]:
    """Dash's own, before our application. Handed the application itself, Dash first loads all of Flask to see whether it is one."""

    class OnRoot(FastAPIDashServer):
        @staticmethod
        def create_app(name: str = "", config: dict[str, Any] | None = None) -> FastAPI:
            return root

    return OnRoot


def _dash(root: FastAPI) -> Dash:
    dash = Dash(
        __name__,
        backend=_backend(root),
        routes_pathname_prefix=PREFIX,
        requests_pathname_prefix=PREFIX,
        assets_folder=str(HERE / "assets"),
        assets_path_ignore=["modules"],
        index_string=INDEX,
        suppress_callback_exceptions=True,
        websocket_callbacks=False,
        update_title="",
        title=t("name"),
        on_error=_say_error,
        add_log_handler=False,
    )
    dash.layout = _layout
    # Dash would answer every unknown path with the wall and 200; our two pages are plain routes
    setattr(dash.backend, "_setup_catchall", lambda: None)  # noqa: B010
    # its own socket is refused to all; told of it, each page would knock for ever, and Chromium then slows every socket to this host
    dash.backend.websocket_capability = False
    return dash


def _layout() -> Any:
    """The page that asks is known by where the asking came from; the gate decides by the same sign whose cookie counts."""
    from dash.backends._fastapi import get_current_request

    try:
        path = get_current_request().headers.get("referer", "")
    except RuntimeError:  # Dash asks once at the start, for nobody
        path = ""
    if not FACES:
        from dash import html

        return html.Div(id="root")
    return FACES["desk" if f"{PREFIX}desk" in path else "wall"].layout()


def _say_error(error: Exception) -> None:
    """Our errors reach the person as one sentence; the rest is logged and said as «internal»."""
    from dash import set_props

    if isinstance(error, PreventUpdate):
        raise error
    if not isinstance(error, CommandCentreError):
        log.error("a callback failed", exc_info=error)
        error = CommandCentreError()
    if isinstance(error, NotPermitted):
        note_refusal(error)
    said = {"children": i18n.of_error(error), "data-code": error.code, "data-since": error.params.get("since"), "data-at": f"{time_ns()}"}
    set_props("notice", said)


def _page(house: House, face: str) -> Callable[[Request], Any]:
    texts = i18n.in_script(t.table(*TEXTS_OF[face]))
    title = t(f"{face}.title" if f"{face}.title" in t else "name")
    filled = {"@face@": face, "@build@": house.build, "@title@": title, "@texts@": texts, "@modules@": _preloads(face)}
    others = [f"{PREFIX}assets/{name}." for name in FACES if name != face]

    async def page(request: Request) -> Response:
        set_current_request(request)  # type: ignore[no-untyped-call]
        html: str = house.dash.index()  # type: ignore[no-untyped-call]
        kept = [line for line in html.splitlines() if not any(other in line for other in others)]
        html = "\n".join(kept)
        for hole, text in filled.items():
            html = html.replace(hole, text)
        return HTMLResponse(html, headers={"Cache-Control": "no-store"})

    return page


def _preloads(face: str) -> str:
    """So that the modules are fetched beside Dash's own scripts, not one after the other behind them."""
    left_out = ("check",) if face == "desk" else ("check", "desk", "publish", "seat")
    names = sorted(path.name for path in (HERE / "assets/modules").glob("*.mjs") if not path.name.startswith(left_out))
    return "\n".join(f'<link rel="modulepreload" href="{PREFIX}assets/modules/{name}">' for name in names)


async def _wake_dash(dash: Dash) -> None:
    """Without this the first page after a start comes without any file of `assets/`: Dash sets itself up on some of its paths only."""
    for function in dash.backend._before_request_funcs:  # type: ignore[attr-defined]
        done = function()
        if inspect.isawaitable(done):
            await done


# --- our own routes -----------------------------------------------------------------------------------------------------------------


def _add_own_routes(root: FastAPI, house: House) -> None:
    for face in FACES:
        root.add_api_route(f"{PREFIX}{face}", _page(house, face), methods=["GET"], include_in_schema=False)

    root.add_api_route(f"{PREFIX}check", _check_page, methods=["GET"], include_in_schema=False)

    @root.get("/healthz", openapi_extra={"x-role": "everybody"})
    async def healthz() -> JSONResponse:
        return JSONResponse({"alive": True, "build": house.build}, headers={"Cache-Control": "no-store"})

    @root.get("/readyz", openapi_extra={"x-role": "everybody"})
    async def readyz() -> JSONResponse:
        reasons = house.health.reasons()
        said = {"ready": not reasons, "reasons": reasons, "down": house.health.down()}
        return JSONResponse(said, 503 if reasons else 200, headers={"Cache-Control": "no-store"})

    @root.websocket("/live")
    async def live(socket: WebSocket) -> None:
        await house.hub.serve(socket, socket.query_params.get("face", ""), socket.scope.get("state", {}).get("actor"))


async def _check_page() -> HTMLResponse:
    return HTMLResponse(check_page(t.alone("check"), "desk"), headers={"Cache-Control": "no-store"})


async def _refuse(_: Request, error: Exception) -> Response:
    assert isinstance(error, CommandCentreError)
    return error_answer(error)


def document(root: FastAPI) -> dict[str, Any]:
    """The description of every door, prefixes added."""
    return merged(t("name"), version("enforcement-command-centre"), root.state.described)


# --- opening and closing ------------------------------------------------------------------------------------------------------------


@contextlib.asynccontextmanager
async def _lifespan(root: FastAPI) -> AsyncIterator[None]:
    house: House = root.state.house
    await _wake_dash(house.dash)
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


def run(settings: Settings, number: int = 1) -> int:
    """Serve until told to end. One worker: journal and bus carry everything, more processes may stand beside it (`web_processes`)."""
    app = build(settings, number=number)
    wait_until_prepared(settings)  # built beside whatever prepares the home, of which nothing is opened before
    serve(app, settings, settings.web_port(number), ws=PlainFrames, ws_max_size=INBOUND_MOST, ws_per_message_deflate=False)
    return 0

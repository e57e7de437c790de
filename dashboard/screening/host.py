"""`/centre/screening`: sessions, clips, and the host's console, from which the stage is steered and blacked out by one key."""

import asyncio
import logging
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any

import segno
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from dashboard.i18n import in_script, t
from dashboard.said import Said, actor_of, as_json, text_of
from dashboard.screening.bringing import Bringing
from dashboard.screening.clearing import Clearing
from dashboard.screening.cutting import Cutting, Sources, sources
from dashboard.screening.doors import HERE, Doors, Handler, ms, ms_or_none, one_id
from dashboard.screening.figures import Figures
from dashboard.screening.people import People, people_told
from dashboard.screening.results import Results
from dashboard.sign_in import in_sentences
from data.actions import live_permits, objections, screening_doors, screenings
from data.actions.screenings import Place
from data.actions.walls import stage_wall
from data.errors import BadInput, CommandCentreError, NotPermitted, Unavailable
from data.live_settings import current
from data.queries import screenings as read
from data.queries.live_permits import MissionChoice, PermitView, clear_stream, missions_to_choose, permits_of
from data.queries.objections import objections_of
from data.queries.people import shared_with_clips
from data.queries.screening_figures import held_sessions
from data.queries.screenings import ClipView, ScreeningView, WallView
from data.rules.civil import civil_day
from data.rules.live_permits import DELAY_S
from data.rules.permissions import SYSTEM, Actor, Sight, Verb, may
from data.rules.screening import BEFORE, ON, missing
from data.rules.screening_figures import Count, Figure, counts
from streaming.incoming_videos import IncomingVideos

STATIC = HERE / "static"
TYPES = {".css": "text/css", ".mjs": "text/javascript"}
RECORD_AGAIN_S = 1.0  # a blackout that could not be written is written again until it can

log = logging.getLogger(__name__)


@dataclass
class Host(Doors):
    """The host's pages and doors."""

    _owed: dict[str, "asyncio.Task[None]"] = field(default_factory=dict)  # blackouts that are not written yet, by screening

    def app(self) -> Starlette:
        """The sub-app for `/centre/screening`."""
        pages = {"/": self._index, "/{id}": self._console}
        said: dict[str, Handler] = {
            "programme": self._programme, "stage": self._stage_link, "begin": self._begin, "show": self._show, "play": self._play,
            "wall": self._wall, "open": self._open, "rest": self._rest, "black": self._black, "lift": self._lift, "end": self._end,
            "beat": self._beat, "live": self._propose_live, "live-certify": self._certify_live, "live-stop": self._stop_live,
            "interviews": self._interviews, "close": self._close, "look-at": self._look_at,
            "tablet": self._tablet, "tablet-off": self._tablet_off,
        }  # fmt: skip
        parts = self.settings, self.journal, self.lanes, self.stages, self.now
        self.stages.on_unwatched, self.stages.on_owed = self._unwatched, self._owe
        return Starlette(
            routes=[
                Route("/static/{name}", self._file, methods=["GET"]),
                Route("/plan", self.told(self._plan), methods=["POST"]),
                *Cutting(*parts).routes(),
                *Clearing(*parts).routes(),
                *Bringing(*parts, incoming=IncomingVideos(self.settings.recordings)).routes(),
                *People(*parts).routes(),
                *Figures(*parts).routes(),
                *Results(*parts).routes(),
                Route("/{id}/state", self.asked(self._state), methods=["GET"]),
                *(Route(f"/{{id}}/{name}", self.told(handler), methods=["POST"]) for name, handler in said.items()),
                *(Route(path, in_sentences(page, self.settings.demo), methods=["GET"]) for path, page in pages.items()),
            ]
        )

    # --- pages ---

    async def _index(self, request: Request) -> Response:
        """Sessions, clips, and the recordings that clips can be cut from."""
        actor = actor_of(request)

        def found(session: Any, sight: Sight) -> tuple[list[ScreeningView], list[ClipView], Sources]:
            return read.screenings(session, sight, self.now()), read.clips(session, sight), sources(session, sight, actor)

        sessions, cut, of_clips = await self.read(actor, found)
        given = {"sessions": sessions, "clips": cut, "recordings": of_clips.recordings, "brought": of_clips.brought}
        given["led_to"] = await self._led_to(actor)
        return self.page("index.html", **given, time=self._time, may=may(actor, Verb.CLEAR_CLIP), texts=in_script(t.alone("bring")))

    async def _led_to(self, actor: Actor) -> dict[str, dict[Figure, Count]]:
        """What the sessions of this year and the last have led to, by session."""
        year, offset_s = civil_day(self.now(), self.settings.civil_offset_s).year, self.settings.civil_offset_s
        held = [each for of in (year, year - 1) for each in await self.read(actor, held_sessions, of, offset_s)]
        return {each.id: counts([each]) for each in held}

    async def _console(self, request: Request) -> Response:
        actor, screening_id = actor_of(request), one_id(request)
        view = await self._screening(actor, screening_id)
        live = await self.read(actor, read.live_releases)
        said = {
            "screening": await self._screening_answer(actor, screening_id),
            "live": [_offered(each) for each in live if each.release],
            "missions": [{"id": each.id, "mission": each.mission} for each in await self._missions(actor)],
        }
        return self.page("console.html", screening=view, said=in_script(said), texts=in_script(t.alone("host")))

    # --- sessions ---

    async def _plan(self, actor: Actor, _: str, said: Said) -> Said:
        return {"id": await self.write(actor, screenings.plan_screening, text_of(said, "title"))}

    async def _programme(self, actor: Actor, screening_id: str, said: Said) -> Said:
        """{"places": [{"release"}, {"permit"} or {"title", "words"}], "was": the same of the programme that the host saw}."""
        was = _places(said, "was") if "was" in said else None
        await self.write(actor, screenings.set_programme, screening_id, _places(said, "places"), was)
        return await self._screening_answer(actor, screening_id)

    async def _stage_link(self, actor: Actor, screening_id: str, _: Said) -> Said:
        """The one-time link, shown once."""
        secret = await self.write(actor, screenings.invite_stage, screening_id)
        return {"link": f"{self.settings.origin}/stage/{secret}"}

    async def _tablet(self, actor: Actor, screening_id: str, _: Said) -> Said:
        """The one-time link for the tablet at the door, shown once, also as a picture for its camera."""
        made = await self.write(actor, screening_doors.invite_door, screening_id)
        link = f"{self.settings.origin}/door/{made.secret}"
        return {"link": link, "qr": segno.make(link, error="m").svg_data_uri(border=2, scale=5)}

    async def _tablet_off(self, actor: Actor, screening_id: str, _: Said) -> Said:
        await self.write(actor, screening_doors.revoke_door, screening_id)
        return await self._screening_answer(actor, screening_id)

    async def _wall(self, actor: Actor, screening_id: str, said: Said) -> Said:
        """{"wall"}: this wall becomes the stage; a desk takes it back."""
        await self.write(actor, stage_wall, text_of(said, "wall"), screening_id)
        return await self._screening_answer(actor, screening_id)

    async def _begin(self, actor: Actor, screening_id: str, _: Said) -> Said:
        await self._check_programme(actor, screening_id)
        await self.write(actor, screenings.begin_screening, screening_id)
        return await self._screening_answer(actor, screening_id)

    async def _show(self, actor: Actor, screening_id: str, said: Said) -> Said:
        """{"position": a place of the programme, null for the court's card}. The file's digest is checked before it plays."""
        position = said.get("position")
        if not (position is None or (isinstance(position, int) and not isinstance(position, bool))):
            raise BadInput("position", code="input.bad")
        if position is not None:
            await self._check_place(actor, screening_id, position)
        await self.write(actor, screenings.show_item, screening_id, position)
        return await self._screening_answer(actor, screening_id)

    async def _play(self, actor: Actor, screening_id: str, said: Said) -> Said:
        """{"playing", "at_ms": null for where it is}."""
        playing, at_ms = said.get("playing"), said.get("at_ms")
        if not isinstance(playing, bool) or not (at_ms is None or (isinstance(at_ms, int) and not isinstance(at_ms, bool))):
            raise BadInput("play", code="input.bad")
        await self.write(actor, screenings.play_item, screening_id, playing, at_ms)
        return await self._screening_answer(actor, screening_id)

    async def _open(self, actor: Actor, screening_id: str, _: Said) -> Said:
        """The door of the room."""
        await self.write(actor, screenings.open_check_in, screening_id)
        return await self._screening_answer(actor, screening_id)

    async def _rest(self, actor: Actor, screening_id: str, _: Said) -> Said:
        await self.write(actor, screenings.rest, screening_id)
        return await self._screening_answer(actor, screening_id)

    async def _black(self, actor: Actor, screening_id: str, _: Said) -> Said:
        """Black first, written afterwards: also when the database stands still. Whoever may not host is refused before."""
        if not may(actor, Verb.BLACK_OUT):
            await self.write(actor, screenings.black_out, screening_id)  # refuses, with the trace that a refusal leaves
        await self.stages.black_out(screening_id, owed_by=actor)
        try:
            await self.write(actor, screenings.black_out, screening_id)
        except Unavailable:
            self._owe(screening_id, actor)
            return {"black": True, "written": False}
        except CommandCentreError:
            self.stages.lift(screening_id)  # it was not running: nothing is shown anyway
            raise
        self.stages.written(screening_id)
        return {"black": True, "written": True}

    # --- the live picture of a mission ---

    async def _beat(self, actor: Actor, screening_id: str, _: Said) -> Said:
        """The host is at his console. Without it a live picture goes black by itself."""
        if not may(actor, Verb.HOST_SCREENING):
            raise NotPermitted("beat", verb=Verb.HOST_SCREENING.value)
        self.stages.host_beats(screening_id)
        return {}

    def _unwatched(self, screening_id: str) -> None:
        owed = self._owed.get(screening_id)
        if owed is None or owed.done():
            self._owed[screening_id] = asyncio.create_task(self._black_unwatched(screening_id))

    async def _black_unwatched(self, screening_id: str) -> None:
        """Black first, as by the key."""
        await self.stages.black_out(screening_id, owed_by=SYSTEM)
        try:
            await self.write(SYSTEM, screenings.black_out_unwatched, screening_id)
            self.stages.written(screening_id)
        except Unavailable:
            await self._write_late(SYSTEM, screening_id)
        except CommandCentreError:
            self.stages.lift(screening_id)  # it was not running

    async def _propose_live(self, actor: Actor, screening_id: str, said: Said) -> Said:
        """{"mission", "delay_s"}."""
        allowed, delay_s = await self._live_on_stage(actor), said.get("delay_s", DELAY_S)
        await self.write(actor, live_permits.propose_live, screening_id, text_of(said, "mission"), delay_s, allowed)
        return await self._screening_answer(actor, screening_id)

    async def _certify_live(self, actor: Actor, screening_id: str, said: Said) -> Said:
        """{"permit", "told": whether the people of the mission were}."""
        told, allowed = said.get("told") is True, await self._live_on_stage(actor)
        await self.write(actor, live_permits.certify_live, text_of(said, "permit"), told, allowed)
        return await self._screening_answer(actor, screening_id)

    async def _stop_live(self, actor: Actor, screening_id: str, said: Said) -> Said:
        """{"permit", "cause"}. The stage goes to the court's card."""
        await self.write(actor, live_permits.stop_live, text_of(said, "permit"), text_of(said, "cause"))
        return await self._screening_answer(actor, screening_id)

    # --- who objected ---

    async def _look_at(self, actor: Actor, screening_id: str, said: Said) -> Said:
        """{"objection", "finding": FOUNDED | UNFOUNDED}."""
        await self.write(actor, objections.look_at_objection, text_of(said, "objection"), text_of(said, "finding"))
        return await self._screening_answer(actor, screening_id)

    # --- blackouts that are owed to the journal ---

    def _owe(self, screening_id: str, actor: Actor) -> None:
        """Ours, or that of a process which is gone: who pressed it is the same."""
        owed = self._owed.get(screening_id)
        if owed is None or owed.done():
            self._owed[screening_id] = asyncio.create_task(self._write_late(actor, screening_id))

    async def _write_late(self, actor: Actor, screening_id: str) -> None:
        action = screenings.black_out_unwatched if actor.kind == SYSTEM.kind else screenings.black_out
        await asyncio.sleep(RECORD_AGAIN_S)
        while self.stages.is_black(screening_id):  # asked just before each writing: what was lifted meanwhile must not be blacked out again
            try:
                await self.write(actor, action, screening_id)
                self.stages.written(screening_id)
                return
            except Unavailable:
                await asyncio.sleep(RECORD_AGAIN_S)
            except CommandCentreError as error:
                log.warning("a blackout was not written: %s", error.code)
                self.stages.written(screening_id)  # nor ever will be: it stays black until somebody shows it again
                return

    async def _lift(self, actor: Actor, screening_id: str, _: Said) -> Said:
        asked_ms = self.stages.moment(screening_id)
        await self.write(actor, screenings.lift_blackout, screening_id)
        self.stages.lift(screening_id, asked_ms)
        return await self._screening_answer(actor, screening_id)

    async def _interviews(self, actor: Actor, screening_id: str, _: Said) -> Said:
        await self.write(actor, screenings.begin_interviews, screening_id)
        self.stages.lift(screening_id)
        return await self._screening_answer(actor, screening_id)

    async def _close(self, actor: Actor, screening_id: str, _: Said) -> Said:
        await self.write(actor, screenings.close_screening, screening_id)
        return {}

    async def _end(self, actor: Actor, screening_id: str, _: Said) -> Said:
        await self.write(actor, screenings.end_screening, screening_id)
        self.stages.lift(screening_id)
        return await self._screening_answer(actor, screening_id)

    async def _state(self, request: Request) -> Response:
        return as_json(await self._screening_answer(actor_of(request), one_id(request)))

    # --- files are what was certified ---

    async def _check_programme(self, actor: Actor, screening_id: str) -> None:
        view = await self._screening(actor, screening_id)
        for place in view.places:
            if place.release_id is not None:
                await self._check_place(actor, screening_id, place.position)

    async def _check_place(self, actor: Actor, screening_id: str, position: int) -> None:
        found = await self.read(actor, read.release_in, screening_id, position)
        if found is not None:
            await self.check_file(*found)

    # --- answers ---

    async def _screening(self, actor: Actor, screening_id: str) -> ScreeningView:
        return await self.read(actor, read.one_screening, screening_id, self.now())

    async def _screening_answer(self, actor: Actor, screening_id: str) -> Said:
        view = await self._screening(actor, screening_id)
        walls = await self.read(actor, read.walls_for, screening_id)
        permits = [_permit(each, actor) for each in await self.read(actor, permits_of, screening_id)]
        clear = await self.read(actor, clear_stream, screening_id) if permits and view.state in ON else None
        live = {"permits": permits, "clear": clear and {"call": clear.call_id, "stream": str(clear)}}
        raised = [
            {"id": each.id, "seat": each.seat, "number": each.number, "at": self._clock(each.at), "stopped": each.stopped,
             "title": each.title, "finding": each.finding}
            for each in await self.read(actor, objections_of, screening_id)
        ]  # fmt: skip
        return self._screening_told(view, walls) | live | {"objections": raised} | await self._people(actor, screening_id)

    async def _people(self, actor: Actor, screening_id: str) -> Said:
        """Numbers only; and, until it begins, which clip is not for whom."""

        def found(session: Any, sight: Sight) -> Said:
            view = read.one_screening(session, sight, screening_id, self.now())
            before = view.state in BEFORE
            shared = shared_with_clips(session, sight, self.journal.sealing, screening_id) if before else []
            told = [{"position": each.position, "attendee": each.attendee, "what": each.what.value} for each in shared]
            return {"people": people_told(session, sight, screening_id), "shared": told}

        return await self.read(actor, found)

    async def _missions(self, actor: Actor) -> list[MissionChoice]:
        """Those whose live picture could be proposed."""
        return await self.read(actor, missions_to_choose, self.now()) if await self._live_on_stage(actor) else []

    async def _live_on_stage(self, actor: Actor) -> bool:
        """Whether this court shows live pictures at all, as its administrator says now."""
        return await self.read(actor, lambda session, _: current(session, self.settings).live_on_stage)

    def _screening_told(self, view: ScreeningView, walls: list[WallView]) -> Said:
        """report: what the stage itself says that it shows, and how long ago; None: no stage is connected."""
        report = self.stages.report(view.id)
        age_ms = None if report is None else round(1000 * report.age_s())
        return {
            "id": view.id,
            "number": view.number,
            "missing": missing(view.materials),
            "resting": view.resting,
            "title": view.title,
            "state": view.state,
            "black": self.stages.is_black(view.id) or view.state == "BLACKOUT",
            "began_ms": ms_or_none(view.began_at),
            "position": view.position,
            "key": view.key,
            "playing": view.playing,
            "at_ms": view.at_ms,
            "places": [
                {
                    "position": each.position, "kind": each.kind, "title": each.title, "words": each.words, "clip": each.clip_id,
                    "release": each.release_id, "number": each.number, "duration_ms": each.duration_ms, "live": each.live,
                    "permit": each.permit_id,
                }
                for each in view.places
            ],
            "stage": view.stage,
            "tablet": view.door and {"state": view.door.state, "digits": view.door.digits},
            "walls": [{"id": each.id, "name": each.name, "staged": each.staged, "here": each.here} for each in walls],
            "report": report and {"key": report.key, "state": report.state, "at_ms": report.at_ms, "age_ms": age_ms},
            "server_ms": ms(self.now()),
        }  # fmt: skip

    def _time(self, moment: datetime | None) -> str:
        return "" if moment is None else f"{moment + timedelta(seconds=self.settings.civil_offset_s):%Y-%m-%d %H:%M}"

    def _clock(self, moment: datetime) -> str:
        return f"{moment + timedelta(seconds=self.settings.civil_offset_s):%H:%M}"

    async def _file(self, request: Request) -> Response:
        name = request.path_params["name"]
        path = STATIC / name
        if path.suffix not in TYPES or path.parent != STATIC or not path.is_file():
            return Response(status_code=HTTPStatus.NOT_FOUND)
        return FileResponse(path, media_type=TYPES[path.suffix], headers={"cache-control": "no-cache"})


def _places(said: Said, name: str) -> list[Place]:
    places = said.get(name)
    if not isinstance(places, list):
        raise BadInput(name, code="input.bad")
    return [_place(each) for each in places]


def _place(said: object) -> Place:
    if not isinstance(said, dict):
        raise BadInput("place", code="input.bad")
    if said.get("release") is not None:
        return Place(release_id=text_of(said, "release"))
    if said.get("permit") is not None:
        return Place(permit_id=text_of(said, "permit"))
    return Place(title=text_of(said, "title"), words=text_of(said, "words") if said.get("words") else None)


def _offered(view: ClipView) -> Said:
    """A clip that a programme may hold."""
    release = view.release
    assert release is not None
    return {"release": release.id, "clip": view.id, "title": view.title, "number": release.number, "duration_ms": view.duration_ms}


def _permit(view: PermitView, actor: Actor) -> Said:
    """A permit as the console shows it. mine: whether he who asks has signed it."""
    return {
        "id": view.id,
        "number": view.number,
        "mission": view.mission,
        "delay_s": view.delay_s,
        "state": view.state,
        "certified": [who for who, _ in view.certified],
        "mine": actor.officer_id in view.certifiers,
        "cause": view.over_cause,
    }

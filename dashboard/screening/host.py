"""`/centre/screening`: clips are cut, masked and certified; a programme is set; the stage is steered, and blacked out by one key."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any, TypeVar

import orjson
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import Route

from dashboard.i18n import in_script, t
from dashboard.screening.stage import Stages
from dashboard.sign_in import error_answer, in_sentences
from data.actions import clips, releases, screenings
from data.actions.recordings import replay_recording
from data.actions.screenings import Place
from data.errors import BadInput, CommandCentreError, NotFound, NotSignedIn, RuleBroken, Unavailable
from data.journal import Journal
from data.lanes import Lanes
from data.queries import screenings as read
from data.queries.recordings import RecordingView, SegmentView, files, listed
from data.queries.screenings import ClipView, ReleaseView, ScreeningView
from data.queries.wall import sight_of
from data.rules import words
from data.rules.permissions import SYSTEM, Actor, Sight, Verb, may
from data.rules.release import CERTIFIABLE, ReleaseState
from data.settings import Settings
from streaming.clip_files import is_unchanged, masked_file
from streaming.positions_door import body_from

HERE = Path(__file__).parent
STATIC = HERE / "static"
TYPES = {".css": "text/css", ".mjs": "text/javascript"}
NOT_HERE = frozenset({"stage_sw.js"})
RECORD_AGAIN_S = 1.0  # a blackout that could not be written is written again until it can

log = logging.getLogger(__name__)
_templates = Environment(loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined)
Said = dict[str, Any]
Handler = Callable[[Actor, str, Said], Awaitable[Any]]
T = TypeVar("T")


@dataclass
class Host:
    """Everything that these pages stand on."""

    settings: Settings
    journal: Journal
    lanes: Lanes
    stages: Stages
    now: Callable[[], datetime]
    _owed: dict[str, "asyncio.Task[None]"] = field(default_factory=dict)  # blackouts that are not written yet, by screening

    def app(self) -> Starlette:
        """The sub-app for `/centre/screening`."""
        pages = {"/": self._index, "/clips/{id}": self._clip_page, "/{id}": self._console}
        of_clip: dict[str, Handler] = {
            "look": self._look, "mask": self._mask, "render": self._render, "cancel": self._cancel, "propose": self._propose,
            "certify": self._certify, "revoke": self._revoke,
        }  # fmt: skip
        of_screening: dict[str, Handler] = {
            "programme": self._programme, "stage": self._stage_link, "begin": self._begin, "show": self._show, "play": self._play,
            "black": self._black, "lift": self._lift, "end": self._end,
        }  # fmt: skip
        return Starlette(
            routes=[
                Route("/static/{name}", self._file, methods=["GET"]),
                Route("/cut", self._told(self._cut), methods=["POST"]),
                Route("/plan", self._told(self._plan), methods=["POST"]),
                Route("/clips/{id}/state", self._asked(self._clip_state), methods=["GET"]),
                Route("/clips/{id}/masked", self._asked(self._masked), methods=["GET"]),
                Route("/{id}/state", self._asked(self._state), methods=["GET"]),
                *(Route(f"/clips/{{id}}/{name}", self._told(handler), methods=["POST"]) for name, handler in of_clip.items()),
                *(Route(f"/{{id}}/{name}", self._told(handler), methods=["POST"]) for name, handler in of_screening.items()),
                *(Route(path, in_sentences(page, self.settings.demo), methods=["GET"]) for path, page in pages.items()),
            ]
        )

    # --- pages ---

    async def _index(self, request: Request) -> Response:
        """Sessions, clips, and the recordings that clips can be cut from."""
        actor = actor_of(request)

        def found(session: Any, sight: Sight) -> tuple[list[ScreeningView], list[ClipView], list[RecordingView]]:
            recordings = listed(session, sight, actor) if may(actor, Verb.CLEAR_CLIP) else []
            whole = [each for each in recordings if each.purged_at is None and each.segments and each.ended_at is not None]
            return read.screenings(session, sight, self.now()), read.clips(session, sight), whole

        sessions, cut, recordings = await self._read(actor, found)
        return self._page(
            "index.html", sessions=sessions, clips=cut, recordings=recordings, time=self._time, may=may(actor, Verb.CLEAR_CLIP)
        )

    async def _clip_page(self, request: Request) -> Response:
        actor = actor_of(request)
        view = await self._clip(actor, one_id(request))
        return self._page("masking.html", clip=in_script(self._clip_told(actor, view)), texts=in_script(t.alone("masking")))

    async def _console(self, request: Request) -> Response:
        actor, screening_id = actor_of(request), one_id(request)
        view = await self._screening(actor, screening_id)
        live = await self._read(actor, read.live_releases)
        said = {"screening": self._screening_told(view), "live": [_offered(each) for each in live if each.release]}
        return self._page("console.html", screening=view, said=in_script(said), texts=in_script(t.alone("host")))

    # --- clips ---

    async def _cut(self, actor: Actor, _: str, said: Said) -> Said:
        """{"recording", "from_ms", "to_ms" (UTC), "title", "words", "tag"}."""
        span = moment_of(said, "from_ms"), moment_of(said, "to_ms")
        about = text_of(said, "words") if said.get("words") else None
        given = (text_of(said, "recording"), *span, text_of(said, "title"), about, text_of(said, "tag"))
        return {"id": await self._write(actor, clips.cut_clip, *given)}

    async def _look(self, actor: Actor, clip_id: str, _: Said) -> Said:
        """Looking at the original leaves the same trace as any replay."""
        view = await self._clip(actor, clip_id)
        look = await self._write(actor, replay_recording, view.recording_id, t("host.look_reason", title=view.title))

        def found(session: Any, _: Sight) -> list[SegmentView]:
            return files(session, actor, view.recording_id, look, self.now())[0]

        segments = [each for each in await self._read(actor, found) if _within(each, view)]
        return {"segments": [_segment(each, view.recording_id, look) for each in segments]}

    async def _mask(self, actor: Actor, clip_id: str, said: Said) -> Said:
        mask, minor = said.get("mask"), said.get("minor")
        if not isinstance(mask, dict) or not (minor is None or isinstance(minor, bool)):
            raise BadInput("mask", code="mask.bad")
        await self._write(actor, clips.mask_clip, clip_id, mask, minor)
        return await self._clip_answer(actor, clip_id)

    async def _render(self, actor: Actor, clip_id: str, _: Said) -> Said:
        await self._write(actor, clips.ask_rendering, clip_id)
        return await self._clip_answer(actor, clip_id)

    async def _cancel(self, actor: Actor, clip_id: str, _: Said) -> Said:
        await self._write(actor, clips.cancel_rendering, clip_id)
        return await self._clip_answer(actor, clip_id)

    async def _propose(self, actor: Actor, clip_id: str, _: Said) -> Said:
        await self._write(actor, releases.propose_release, clip_id, "SCREENING")
        return await self._clip_answer(actor, clip_id)

    async def _certify(self, actor: Actor, clip_id: str, said: Said) -> Said:
        """{"sha256": of the file that was watched}; the file on disk is compared with it first."""
        release, watched = await self._release(actor, clip_id), text_of(said, "sha256")
        if release.sha256 is not None:
            await self._check_file(release.id, clip_id, release.sha256)
        await self._write(actor, releases.certify_release, release.id, watched)
        return await self._clip_answer(actor, clip_id)

    async def _revoke(self, actor: Actor, clip_id: str, said: Said) -> Said:
        release = await self._release(actor, clip_id)
        await self._write(actor, releases.revoke_release, release.id, text_of(said, "reason"), said.get("objection") is True)
        return await self._clip_answer(actor, clip_id)

    async def _clip_state(self, request: Request) -> Response:
        actor = actor_of(request)
        return as_json(await self._clip_answer(actor, one_id(request)))

    async def _masked(self, request: Request) -> Response:
        """The rendered file, for those who certify it."""
        actor = actor_of(request)
        view = await self._clip(actor, one_id(request))
        path = masked_file(self.settings.clips, view.id, view.sha256) if view.sha256 else None
        if path is None or not path.is_file() or request.query_params.get("d", view.sha256) != view.sha256:
            raise NotFound("file", code="not_found.clip")
        return FileResponse(path, media_type="video/webm", headers={"cache-control": "no-store"})

    # --- sessions ---

    async def _plan(self, actor: Actor, _: str, said: Said) -> Said:
        return {"id": await self._write(actor, screenings.plan_screening, text_of(said, "title"))}

    async def _programme(self, actor: Actor, screening_id: str, said: Said) -> Said:
        """{"places": [{"release"} or {"title", "words"}]}."""
        places = said.get("places")
        if not isinstance(places, list):
            raise BadInput("places", code="input.bad")
        await self._write(actor, screenings.set_programme, screening_id, [_place(each) for each in places])
        return await self._screening_answer(actor, screening_id)

    async def _stage_link(self, actor: Actor, screening_id: str, _: Said) -> Said:
        """The one-time link, shown once."""
        secret = await self._write(actor, screenings.invite_stage, screening_id)
        return {"link": f"{self.settings.origin}/stage/{secret}"}

    async def _begin(self, actor: Actor, screening_id: str, _: Said) -> Said:
        await self._check_programme(actor, screening_id)
        await self._write(actor, screenings.begin_screening, screening_id)
        return await self._screening_answer(actor, screening_id)

    async def _show(self, actor: Actor, screening_id: str, said: Said) -> Said:
        """{"position": a place of the programme, null for the court's card}. The file's digest is checked before it plays."""
        position = said.get("position")
        if not (position is None or (isinstance(position, int) and not isinstance(position, bool))):
            raise BadInput("position", code="input.bad")
        if position is not None:
            await self._check_place(actor, screening_id, position)
        await self._write(actor, screenings.show_item, screening_id, position)
        return await self._screening_answer(actor, screening_id)

    async def _play(self, actor: Actor, screening_id: str, said: Said) -> Said:
        """{"playing", "at_ms": null for where it is}."""
        playing, at_ms = said.get("playing"), said.get("at_ms")
        if not isinstance(playing, bool) or not (at_ms is None or (isinstance(at_ms, int) and not isinstance(at_ms, bool))):
            raise BadInput("play", code="input.bad")
        await self._write(actor, screenings.play_item, screening_id, playing, at_ms)
        return await self._screening_answer(actor, screening_id)

    async def _black(self, actor: Actor, screening_id: str, _: Said) -> Said:
        """Black first, written afterwards: also when the database stands still. Whoever may not host is refused before."""
        if not may(actor, Verb.HOST_SCREENING):
            await self._write(actor, screenings.black_out, screening_id)  # refuses, with the trace that a refusal leaves
        await self.stages.black_out(screening_id)
        try:
            await self._write(actor, screenings.black_out, screening_id)
        except Unavailable:
            self._owe(actor, screening_id)
            return {"black": True, "written": False}
        except CommandCentreError:
            self.stages.lift(screening_id)  # it was not running: nothing is shown anyway
            raise
        return {"black": True, "written": True}

    def _owe(self, actor: Actor, screening_id: str) -> None:
        owed = self._owed.get(screening_id)
        if owed is None or owed.done():
            self._owed[screening_id] = asyncio.create_task(self._write_late(actor, screening_id))

    async def _write_late(self, actor: Actor, screening_id: str) -> None:
        while self.stages.is_black(screening_id):
            await asyncio.sleep(RECORD_AGAIN_S)
            try:
                await self._write(actor, screenings.black_out, screening_id)
            except Unavailable:
                continue
            except CommandCentreError as error:
                log.warning("a blackout was not written: %s", error.code)
            return

    async def _lift(self, actor: Actor, screening_id: str, _: Said) -> Said:
        await self._write(actor, screenings.lift_blackout, screening_id)
        self.stages.lift(screening_id)
        return await self._screening_answer(actor, screening_id)

    async def _end(self, actor: Actor, screening_id: str, _: Said) -> Said:
        await self._write(actor, screenings.end_screening, screening_id)
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
        found = await self._read(actor, read.release_in, screening_id, position)
        if found is not None:
            await self._check_file(*found)

    async def _check_file(self, release_id: str, clip_id: str, sha256: str) -> None:
        """Raises RuleBroken screening.file_changed; the release is revoked then, by nobody's leave."""
        if await asyncio.to_thread(is_unchanged, masked_file(self.settings.clips, clip_id, sha256), sha256):
            return
        await self._write(SYSTEM, releases.revoke_changed, release_id)
        raise RuleBroken("another file", code="screening.file_changed")

    # --- answers ---

    async def _clip(self, actor: Actor, clip_id: str) -> ClipView:
        return await self._read(actor, read.clip, clip_id)

    async def _release(self, actor: Actor, clip_id: str) -> ReleaseView:
        view = await self._clip(actor, clip_id)
        if view.release is None:
            raise NotFound("release", code="not_found.release")
        return view.release

    async def _clip_answer(self, actor: Actor, clip_id: str) -> Said:
        return self._clip_told(actor, await self._clip(actor, clip_id))

    def _clip_told(self, actor: Actor, view: ClipView) -> Said:
        release = view.release
        certify = release is not None and release.state in CERTIFIABLE and actor.officer_id not in release.certifiers
        return {
            "id": view.id,
            "title": view.title,
            "words": view.words or "",
            "length_ms": _ms(view.to_at) - _ms(view.from_at),
            "from_ms": _ms(view.from_at),
            "to_ms": _ms(view.to_at),
            "mask": view.mask,
            "minor": view.minor,
            "rendering": {"state": view.rendering, "share": view.share_pct / 100, "why": view.failed_why},
            "sha256": view.sha256,
            "release": None if release is None else _release_told(release),
            "may": {
                "mask": may(actor, Verb.CLEAR_CLIP),
                "certify": may(actor, Verb.CERTIFY_RELEASE) and certify,
                "revoke": may(actor, Verb.REVOKE_RELEASE) and release is not None and release.state != ReleaseState.REVOKED,
            },
            "me": "",
            "civil_offset_s": self.settings.civil_offset_s,
        }

    async def _screening(self, actor: Actor, screening_id: str) -> ScreeningView:
        return await self._read(actor, read.one_screening, screening_id, self.now())

    async def _screening_answer(self, actor: Actor, screening_id: str) -> Said:
        return self._screening_told(await self._screening(actor, screening_id))

    def _screening_told(self, view: ScreeningView) -> Said:
        """report: what the stage itself says that it shows, and how long ago; None: no stage is connected."""
        report = self.stages.report(view.id)
        age_ms = None if report is None else round(1000 * report.age_s())
        return {
            "id": view.id,
            "number": view.number,
            "title": view.title,
            "state": view.state,
            "black": self.stages.is_black(view.id) or view.state == "BLACKOUT",
            "began_ms": _ms_or_none(view.began_at),
            "position": view.position,
            "key": view.key,
            "playing": view.playing,
            "at_ms": view.at_ms,
            "places": [
                {
                    "position": each.position, "kind": each.kind, "title": each.title, "words": each.words, "clip": each.clip_id,
                    "release": each.release_id, "number": each.number, "duration_ms": each.duration_ms, "live": each.live,
                }
                for each in view.places
            ],
            "stage": view.stage,
            "report": report and {"key": report.key, "state": report.state, "at_ms": report.at_ms, "age_ms": age_ms},
            "server_ms": _ms(self.now()),
        }  # fmt: skip

    # --- the parts ---

    def _told(self, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
        """What somebody says, as a small JSON object."""

        async def told(request: Request) -> Response:
            actor, said = actor_of(request), await said_in(request)
            return as_json(await handler(actor, one_id(request), said))

        return self._asked(told)

    def _asked(self, handler: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
        async def asked(request: Request) -> Response:
            try:
                return await handler(request)
            except CommandCentreError as error:
                return error_answer(error)

        return asked

    async def _write(self, actor: Actor, action: Callable[..., T], *given: Any) -> T:
        return await self.lanes.writer.run(self.journal.do, actor, self.now(), action, *given)

    async def _read(self, actor: Actor, query: Callable[..., T], *given: Any) -> T:
        def found() -> T:
            with self.journal.database.reading() as session:
                return query(session, sight_of(actor, court_code=self.settings.court_code), *given)

        return await self.lanes.readers.run(found)

    def _page(self, template: str, **holes: Any) -> Response:
        court, demo = self.settings.court_name, self.settings.demo
        return HTMLResponse(_templates.get_template(template).render(t=t, court=court, demo=demo, **holes))

    def _time(self, moment: datetime | None) -> str:
        return "" if moment is None else f"{moment + timedelta(seconds=self.settings.civil_offset_s):%Y-%m-%d %H:%M}"

    async def _file(self, request: Request) -> Response:
        name = request.path_params["name"]
        path = STATIC / name
        if name in NOT_HERE or path.suffix not in TYPES or path.parent != STATIC or not path.is_file():
            return Response(status_code=HTTPStatus.NOT_FOUND)
        return FileResponse(path, media_type=TYPES[path.suffix], headers={"cache-control": "no-cache"})


def actor_of(request: Request) -> Actor:
    """Raises NotSignedIn."""
    actor: Actor | None = getattr(request.state, "actor", None)
    if actor is None:
        raise NotSignedIn()
    return actor


def one_id(request: Request) -> str:
    """The id in the path; empty when it has none. Raises NotFound: what is no id never reaches a query."""
    said = str(request.path_params.get("id", ""))
    if said and not words.ULID.fullmatch(said):
        raise NotFound("id", code="not_found.screening")
    return said


async def said_in(request: Request) -> Said:
    """Raises BadInput."""
    try:
        said = orjson.loads(await body_from(request.receive) or b"{}")
    except orjson.JSONDecodeError as error:
        raise BadInput("body", code="input.not_json") from error
    if not isinstance(said, dict):
        raise BadInput("body", code="input.bad")
    return said


def text_of(said: Said, name: str) -> str:
    value = said.get(name)
    if not isinstance(value, str):
        raise BadInput(name, code="input.bad")
    return value


def moment_of(said: Said, name: str) -> datetime:
    """Of milliseconds since 1970. Raises BadInput."""
    value = said.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value < 10**14:
        raise BadInput(name, code="input.bad")
    return datetime.fromtimestamp(value / 1000, UTC)


def as_json(body: object) -> Response:
    return Response(orjson.dumps(body), media_type="application/json", headers={"cache-control": "no-store"})


def _place(said: object) -> Place:
    if not isinstance(said, dict):
        raise BadInput("place", code="input.bad")
    if said.get("release") is not None:
        return Place(release_id=text_of(said, "release"))
    return Place(title=text_of(said, "title"), words=text_of(said, "words") if said.get("words") else None)


def _within(segment: SegmentView, view: ClipView) -> bool:
    ends = segment.began_at + timedelta(milliseconds=segment.duration_ms)
    return segment.began_at < view.to_at and ends > view.from_at


def _segment(segment: SegmentView, recording_id: str, look: str) -> Said:
    src = f"/api/recordings/{recording_id}/{segment.number}.{segment.form}?look={look}"
    return {"src": src, "began_ms": _ms(segment.began_at), "duration_ms": segment.duration_ms, "form": segment.form}


def _release_told(release: ReleaseView) -> Said:
    return {
        "id": release.id,
        "number": release.number,
        "audience": release.audience,
        "state": release.state,
        "certified": [{"title": title, "at": _ms(at)} for title, at in release.certified],
        "revoked_cause": release.revoked_cause,
        "revoked_why": release.revoked_why,
    }


def _offered(view: ClipView) -> Said:
    """A clip that a programme may hold."""
    release = view.release
    assert release is not None
    return {"release": release.id, "clip": view.id, "title": view.title, "number": release.number, "duration_ms": view.duration_ms}


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


def _ms_or_none(moment: datetime | None) -> int | None:
    return None if moment is None else _ms(moment)

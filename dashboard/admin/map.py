"""地图: the court's map files uploaded or picked, looked at, built beside the map that is there, put in its place, and back again."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dashboard import basemap
from dashboard.admin.doors import Doors, checked
from dashboard.admin.map_files import BESIDE, MOST_BYTES, SUFFIX, MapFile, MapFiles, upload_id
from dashboard.admin.map_job import MapJob
from dashboard.i18n import t
from dashboard.map_layers import BASE, BaseMap
from dashboard.said import Said, actor_of, as_json, text_of
from dashboard.tus_door import Handler, spoken
from data.actions.audit import record_audit
from data.actions.settings import Done, change_setting
from data.errors import BadInput, NotFound
from data.journal import Work
from data.live_settings import current
from data.queries.areas import court_place
from data.rules.identity import Act
from data.rules.permissions import Actor, Verb
from geo import changeover
from geo.map_names import KINDS as LAYERS
from geo.map_names import kind_of, made_of
from streaming import tus
from streaming.incoming_videos import IncomingVideos
from streaming.uploads import Body

HERE = "/centre/admin/map/files"
ABOUT = {"tus-version": tus.VERSION, "tus-extension": "creation,termination,checksum", "tus-max-size": str(MOST_BYTES)}
KINDS = ("osm", *LAYERS)
CHOSEN_MOST = 20


@dataclass
class Map(Doors):
    """Below `/centre/admin`."""

    files: MapFiles = field(init=False)
    job: MapJob = field(init=False)
    incoming: IncomingVideos = field(init=False)

    def __post_init__(self) -> None:
        self.files = MapFiles(self.settings.maps)
        self.job = MapJob(self.settings, self._built)
        self.incoming = IncomingVideos(self.settings.maps, suffix=SUFFIX)

    def routes(self) -> list[Route]:
        change = Verb.CHANGE_SETTING
        by = (lambda actor: checked(actor, change)), "not_found.map_file"
        one: dict[str, Handler] = {"HEAD": self._offset, "PATCH": self._append, "DELETE": self._remove}
        return [
            self.shown("/map", self._page),
            Route("/map/state", self.asked(self._state), methods=["GET"]),
            Route("/map/files", spoken({"POST": self._begin, "OPTIONS": self._about}, *by), methods=["POST", "OPTIONS"]),
            Route("/map/files/{id}", spoken(one, *by), methods=["HEAD", "PATCH", "DELETE", "POST"]),
            self.told("/map/look", change, self._look),
            self.told("/map/build", change, self._build),
            self.told("/map/cancel", change, self._cancel),
            self.told("/map/back", change, self._back),
            self.told("/map/approval", change, self._approval),
        ]

    # --- what is shown ---

    async def _page(self, request: Request) -> Response:
        actor = checked(actor_of(request), Verb.CHANGE_SETTING)
        return self.page("map.html", actor, "map", kinds=KINDS, folder=self.settings.maps)

    async def _state(self, request: Request) -> Response:
        """What the page draws: the map that is there, the files, the work."""
        actor = checked(actor_of(request), Verb.CHANGE_SETTING)
        settings = await self.read(actor, lambda session, _: current(session, self.settings))
        court = await self.read(actor, lambda session, _: court_place(session, self.settings.court_code))
        here = await asyncio.to_thread(self._here, settings.map_approval)
        files = [_told(each) for each in await asyncio.to_thread(self.files.listed)]
        return as_json({"here": here, "court": court, "files": files, "job": self.job.told()})

    def _here(self, approval: str) -> dict[str, Any]:
        folder = self.settings.layers
        about = BaseMap(folder).about(approval)
        base = folder / BASE
        made = made_of(folder)
        stat = base.stat() if about["tiles"] else None
        return {
            "bounds": about.get("bounds"),
            "approval": approval,
            "made": self.time(datetime.fromtimestamp(stat.st_mtime, UTC)) if stat else "",
            "bytes": stat.st_size if stat else 0,
            "corners": made.get("corners", 0),
            "counts": [[name, t(f"basemap.layer_{name}"), count] for name, count in sorted(made.get("counts", {}).items())],
            "back": changeover.can_go_back(folder),
        }

    # --- what is done ---

    async def _look(self, actor: Actor, said: Said) -> Said:
        self.job.begin(actor, "look", await self._chosen(said))
        return {}

    async def _build(self, actor: Actor, said: Said) -> Said:
        chosen = await self._chosen(said)
        if not chosen:
            raise BadInput("files", code="basemap.nothing_chosen")
        self.job.begin(actor, "build", chosen)
        return {}

    async def _cancel(self, _: Actor, __: Said) -> Said:
        await self.job.cancel()
        return {}

    async def _back(self, actor: Actor, _: Said) -> Said:
        await asyncio.to_thread(basemap.go_back, self.settings)
        await self.write(actor, _trace, self.settings.court_code, ["back"])
        return {}

    async def _approval(self, actor: Actor, said: Said) -> Said:
        done = await self.write(actor, change_setting, self.settings, "map_approval", text_of(said, "value"))
        return {"changed": done is not Done.SAME}

    async def _built(self, actor: Actor, built: dict[str, Any]) -> None:
        counts = [f"{layer}:{count}" for layer, _, count in built.get("counts", ())]
        await self.write(actor, _trace, self.settings.court_code, counts)

    async def _chosen(self, said: Said) -> list[dict[str, Any]]:
        """`files`: a list of {"id", "kind", "crs"}. Raises BadInput, NotFound."""
        asked = said.get("files")
        if not isinstance(asked, list) or len(asked) > CHOSEN_MOST or not all(isinstance(each, dict) for each in asked):
            raise BadInput("files", code="input.bad")
        known = {each.id: each for each in await asyncio.to_thread(self.files.listed)}
        return [_job_of(known, each) for each in asked]

    # --- tus 1.0 ---

    async def _about(self, _: Request, __: Actor, ___: Body) -> Response:
        return Response(status_code=HTTPStatus.NO_CONTENT, headers=ABOUT)

    async def _begin(self, request: Request, _: Actor, __: Body) -> Response:
        """Upload-Metadata: `filename`, of which the ending tells the form; the rest is only shown."""
        size, said = tus.number(request.headers, "upload-length"), tus.metadata(request.headers)
        await self.incoming.check_room(min(size, MOST_BYTES), await asyncio.to_thread(self.files.promised))
        file_id = await asyncio.to_thread(self.files.begin, size, said.get("filename", ""))
        return Response(status_code=HTTPStatus.CREATED, headers={"location": f"{HERE}/{file_id}"})

    async def _offset(self, request: Request, _: Actor, __: Body) -> Response:
        file = await self._uploaded(request)
        async with self.incoming.held(file.id) as held:
            return Response(headers={"upload-offset": str(await held.offset()), "upload-length": str(file.size)})

    async def _append(self, request: Request, _: Actor, body: Body) -> Response:
        tus.check_body(request.headers)
        offset, checksum = tus.number(request.headers, "upload-offset"), tus.checksum(request.headers)
        file = await self._uploaded(request)
        async with self.incoming.held(file.id) as held:
            offset = await held.append(body, offset, file.size, checksum)
        return Response(status_code=HTTPStatus.NO_CONTENT, headers={"upload-offset": str(offset)})

    async def _remove(self, request: Request, _: Actor, __: Body) -> Response:
        file = await self._uploaded(request)
        async with self.incoming.held(file.id):
            await asyncio.to_thread(self.files.remove, file.id)
        return Response(status_code=HTTPStatus.NO_CONTENT)

    async def _uploaded(self, request: Request) -> MapFile:
        return await asyncio.to_thread(self.files.one, upload_id(str(request.path_params["id"])))


def _told(file: MapFile) -> dict[str, Any]:
    return {
        "id": file.id, "name": file.name, "size": file.size, "arrived": file.arrived, "uploaded": file.uploaded,
        "parts": [suffix for suffix in file.parts if suffix != file.suffix], "alone": file.suffix in BESIDE,
        "kind": kind_of(file.name) or "",
    }  # fmt: skip


def _job_of(known: Mapping[str, MapFile], said: Mapping[str, Any]) -> dict[str, Any]:
    file, kind, crs = known.get(str(said.get("id"))), said.get("kind"), said.get("crs")
    if file is None or not file.whole:
        raise NotFound("map file", code="not_found.map_file")
    if kind not in KINDS or file.suffix in BESIDE:
        raise BadInput("kind", code="basemap.no_kind_chosen", file=file.name)
    if crs is not None and not isinstance(crs, str):
        raise BadInput("crs", code="input.bad")
    basemap.datum_checked(crs)
    parts = {suffix: str(path) for suffix, path in file.parts.items()}
    return {"id": file.id, "name": file.name, "kind": kind, "crs": crs or None, "suffix": file.suffix, "parts": parts}


def _trace(work: Work, court: str, fields: list[str]) -> None:
    record_audit(work, Act.BUILD_MAP, "map", court, fields=fields)

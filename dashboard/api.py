"""`/api`: map layers, ways by road, one unit's track, the browser that waits for a desk, tokens for the relay, the description of doors."""

import asyncio
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeGuard

import orjson
import segno
from fastapi import FastAPI, Request, Response
from fastapi.responses import FileResponse

from dashboard.archives import add_archives
from dashboard.live.newest import Newest
from dashboard.map_layers import BASE, BaseMap, MapLayers, map_version
from dashboard.mission_tracks import add_mission_tracks
from dashboard.recordings import add_recordings
from dashboard.said import actor_of, object_of
from dashboard.ways import Coming, RoadWays
from data.actions.invitations import invite_leader
from data.actions.participants import Claim, claim_media
from data.actions.parties import invite_party
from data.actions.tracks import read_track
from data.errors import BadInput, NotPermitted
from data.journal import Journal
from data.lanes import Lanes
from data.live_settings import current
from data.queries.audit import CentreRing, centre_rings
from data.queries.joining import leaders
from data.queries.links import WaitingView, waiting_view
from data.queries.party import parties_of
from data.queries.wall import sight_of, visitors_of
from data.queries.ways import Alarm, alarm_of, teams_of
from data.rules import words
from data.rules.permissions import Actor, Sight, Verb, may
from data.settings import Settings
from geo.coordinates import Place
from streaming.ice import load_ice
from streaming.media_tokens import LONGEST_S, MediaTokens, Right
from streaming.past_tracks import PastTracks
from streaming.positions_door import body_from

NEAR_MOST = 200  # units by straight line among which those on duty are looked for
METHODS = ("get", "post", "put", "delete", "patch")
TEXT: dict[str, Any] = {"type": "string"}
FINGERPRINT = re.compile(r"(?:[0-9A-Fa-f]{2}:){31}[0-9A-Fa-f]{2}")
DOOR = {Right.PUBLISH: "whip", Right.VIEW: "whep"}


def _takes(roles: str, required: Sequence[str], **properties: Any) -> dict[str, Any]:
    """How a door that takes a JSON object is described."""
    schema = {"type": "object", "required": list(required), "properties": properties}
    return {"x-role": roles, "requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


DESCRIBED = _takes("duty, commander, technical", ["code"], code=TEXT)
DESCRIBED_TOKENS = _takes(
    "duty, commander, leader, device, wall, guest, party", ["call", "right"],
    call=TEXT, right={"enum": ["publish", "view"]}, stream=TEXT, fingerprint=TEXT,
)  # fmt: skip
DESCRIBED_INVITATION = _takes("duty, commander, leader", ["call", "officer"], call=TEXT, officer=TEXT, ask=TEXT)
DESCRIBED_PARTY = _takes("duty, commander, leader", ["call", "party"], call=TEXT, party=TEXT, scene={"type": "boolean"})


def build_api(
    settings: Settings,
    journal: Journal,
    lanes: Lanes,
    past: PastTracks,
    newest: Newest,
    ways: RoadWays,
    now: Callable[[], datetime],
    tokens: MediaTokens,
    document: Callable[[], dict[str, Any]],
) -> FastAPI:
    """The sub-app for `/api`. newest: where everybody is. document: the merged description, made when it is asked for."""
    api = FastAPI(title="ecc", docs_url=None, redoc_url=None, openapi_url=None)
    layers, ice = MapLayers(settings.layers), load_ice(settings)
    base = BaseMap(settings.layers)

    def approval() -> str:
        with journal.database.reading() as session:
            return current(session, settings).map_approval

    def alarm_seen(actor: Actor, kind: str, alarm_id: str) -> tuple[Sight, Alarm]:
        with journal.database.reading() as session:
            guests = actor.wall_id is not None and visitors_of(session, actor.wall_id) is not False
            sight = sight_of(actor, guests)
            return sight, alarm_of(session, sight, kind, alarm_id)

    def teams_near(sight: Sight, near: list[tuple[int, Place]]) -> dict[int, str]:
        with journal.database.reading() as session:
            return teams_of(session, sight, (no for no, _ in near))

    @api.get("/layers/ways.json", openapi_extra={"x-role": "duty, commander, leader, upper, wall"})
    async def ways_to(request: Request) -> Response:
        """By road to an open alarm (`sos`) or call (`call`): who could be there first. `by_road` false: not known, draw straight lines."""
        kind, alarm_id = _asked(request)
        sight, alarm = await lanes.readers.run(alarm_seen, actor_of(request), kind, alarm_id)
        alarm = replace(alarm, place=newest.place_of(alarm.unit_no) or alarm.place)
        near = newest.around(*alarm.place, _ms(now()) - round(settings.lost_s * 1000), NEAR_MOST)
        found = await ways.coming(alarm, await lanes.readers.run(teams_near, sight, near), near)
        said = {"kind": kind, "id": alarm_id, "by_road": found is not None, "ways": [_said(each) for each in found or ()]}
        return Response(orjson.dumps(said), media_type="application/json", headers={"Cache-Control": "no-store"})

    @api.get("/layers/base.json", openapi_extra={"x-role": "signed in"})
    async def base_map() -> Response:
        """Whether there is a base map, what part of the world it shows, and what must be written beside it."""
        by = await lanes.readers.run(approval)
        version = await asyncio.to_thread(map_version, settings.layers, by)  # first: what is put in while we read is then asked for again
        said = await asyncio.to_thread(base.about, by) | {"map": version}
        return Response(orjson.dumps(said), media_type="application/json", headers={"Cache-Control": "private, no-cache"})

    @api.get(f"/layers/{BASE}", openapi_extra={"x-role": "signed in"})
    async def base_tiles() -> Response:
        """The base map (PMTiles 3 with vector tiles); a browser asks for ranges of it."""
        path = await asyncio.to_thread(lambda: base.path)
        return FileResponse(path, media_type="application/octet-stream", headers={"Cache-Control": "private, max-age=86400"})

    @api.get("/layers/{name}.json", openapi_extra={"x-role": "signed in"})
    async def layer(request: Request, name: str) -> Response:
        body, tag = await asyncio.to_thread(layers.read, name)
        headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
        if tag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        return Response(body, media_type="application/json", headers=headers)

    @api.get("/track", openapi_extra={"x-role": "duty, commander, leader, inspector"})
    async def track(request: Request, unit: int) -> Response:
        """One unit's track: `from` and `to` in ms since 1970. The look leaves a trace that the officer can see."""
        actor = actor_of(request)
        since, until = (_instant(request.query_params.get(name, "")) for name in ("from", "to"))
        await lanes.writer.run(journal.do, actor, now(), read_track, unit, since, until)
        fixes = await lanes.readers.run(past.track, unit, _ms(since), _ms(until))
        points = [[fix.t_ms, round(fix.lat, 6), round(fix.lon, 6)] for fix in fixes]
        return Response(orjson.dumps({"unit": str(unit), "points": points}), media_type="application/json")

    @api.post("/pairing", openapi_extra=DESCRIBED)
    async def pairing(request: Request) -> Response:
        """From where the browser asks that shows this code, and since when (ms). By POST, so that no code stands in an address."""
        actor, code = actor_of(request), _code(await body_from(request.receive))

        def look() -> WaitingView:
            with journal.database.reading() as session:
                return waiting_view(session, actor, code, now())

        found = await lanes.readers.run(look)
        return Response(orjson.dumps({"address": found.address, "asked_at": _ms(found.asked_at)}), media_type="application/json")

    @api.post("/media/tokens", openapi_extra=DESCRIBED_TOKENS)
    async def media_token(request: Request) -> Response:
        """A word for the relay: one stream of one call, to send or to receive, for ten minutes at most; a page renews it at half time.

        `?face=` wall, desk, field or join says whose cookie counts. Without `stream` it is one's own, to send. fingerprint: SHA-256 of
        the asker's own DTLS certificate, as in SDP; a stolen token is then worth nothing.
        """
        actor, said = actor_of(request), object_of(await body_from(request.receive))
        call, right, stream, print_ = (said.get(name) for name in ("call", "right", "stream", "fingerprint"))
        if not (isinstance(call, str) and isinstance(right, str) and isinstance(stream, str | None)) or not _is_print(print_):
            raise BadInput("token", code="input.bad")
        claim: Claim = await lanes.writer.run(journal.do, actor, now(), claim_media, call, right, stream)
        granted = Right(claim.right.value)
        token = tokens.issue(claim.participant_id, str(claim.stream), granted, now=now(), fingerprint=print_)
        answer = {
            "token": token,
            "stream": str(claim.stream),
            "participant": claim.participant_id,
            "url": f"{settings.media}/media/{DOOR[granted]}",
            "expires_at": _ms(now() + timedelta(seconds=LONGEST_S)),
            "iceServers": ice.of(claim.participant_id, now()),
        }
        if granted is Right.VIEW:
            answer["still"] = f"{settings.media}/media/still/{claim.stream}"
        return Response(orjson.dumps(answer), media_type="application/json", headers={"Cache-Control": "no-store"})

    @api.post("/media/check", openapi_extra={"x-role": "device, wall, duty, commander, leader"})
    async def media_check(request: Request) -> Response:
        """A stream of the asker's own, to the relay and back, for a minute: what the check pages measure. `?face=` as for tokens."""
        actor = actor_of(request)
        name = f"check.{re.sub(r'[^A-Za-z0-9_-]', '_', actor.id)[:64]}"
        issued = {right: tokens.issue(name, name, right, now=now(), lasts_s=60) for right in Right}
        answer = {
            "publish": issued[Right.PUBLISH],
            "view": issued[Right.VIEW],
            "whip": f"{settings.media}/media/whip/{name}",
            "whep": f"{settings.media}/media/whep/{name}",
            "iceServers": ice.of(name.replace(".", "_"), now()),
            "server_time": _ms(now()),
        }
        return Response(orjson.dumps(answer), media_type="application/json", headers={"Cache-Control": "no-store"})

    @api.get("/leaders", openapi_extra={"x-role": "duty, commander, leader"})
    async def whom(request: Request) -> Response:
        """Whom a desk may ask to join a call: [{"id", "who"}]."""
        if not may(actor_of(request), Verb.INVITE_LEADER):
            raise NotPermitted("leaders", verb=Verb.INVITE_LEADER.value)

        def look() -> list[dict[str, Any]]:
            with journal.database.reading() as session:
                return leaders(session)

        return Response(orjson.dumps({"leaders": await lanes.readers.run(look)}), media_type="application/json")

    @api.post("/invitations", openapi_extra=DESCRIBED_INVITATION)
    async def invitation(request: Request) -> Response:
        """Ask a leader to join a call. The link is told once; the digits, which are told by telephone, stand at the desk as well."""
        actor, said = actor_of(request), object_of(await body_from(request.receive))
        call, officer, ask = (said.get(name) for name in ("call", "officer", "ask"))
        if not (isinstance(call, str) and isinstance(officer, str) and isinstance(ask, str | None)):
            raise BadInput("invitation", code="input.bad")
        made = await lanes.writer.run(journal.do, actor, now(), invite_leader, call, officer, ask)
        told = {"link": f"{settings.origin}/join/{made.secret}", "digits": made.digits, "participant": made.participant_id}
        return Response(orjson.dumps(told), media_type="application/json", headers={"Cache-Control": "no-store"})

    @api.get("/parties", openapi_extra={"x-role": "duty, commander, leader"})
    async def parties(request: Request) -> Response:
        """Whom a desk may ask into this call: applicants and debtors of its own case, [{"id", "kind", "who"}]."""
        actor, call = actor_of(request), words.ulid(request.query_params.get("call", ""))

        def look() -> list[dict[str, Any]]:
            with journal.database.reading() as session:
                return parties_of(session, actor, call)

        return Response(orjson.dumps({"parties": await lanes.readers.run(look)}), media_type="application/json")

    @api.post("/party-links", openapi_extra=DESCRIBED_PARTY)
    async def party_link(request: Request) -> Response:
        """Ask a party into a call. The link is told once, also as a QR picture; the digits are told him by word of mouth.

        scene: whether he will see and hear the officer on the spot, too.
        """
        actor, said = actor_of(request), object_of(await body_from(request.receive))
        call, party, scene = (said.get(name) for name in ("call", "party", "scene"))
        if not (isinstance(call, str) and isinstance(party, str) and isinstance(scene, bool | None)):
            raise BadInput("party", code="input.bad")
        made = await lanes.writer.run(journal.do, actor, now(), invite_party, call, party, bool(scene))
        link = f"{settings.origin}/party/{made.secret}"
        told = {"link": link, "qr": segno.make(link, error="m").svg_data_uri(border=2, scale=4), "digits": made.digits}
        body = orjson.dumps(told | {"participant": made.participant_id})
        return Response(body, media_type="application/json", headers={"Cache-Control": "no-store"})

    @api.get("/rings", openapi_extra={"x-role": "inspector"})
    async def rings(request: Request) -> Response:
        """Every ring of the centre to an officer or a team, the newest first; `before` (ms since 1970) goes further back."""
        actor, until = actor_of(request), request.query_params.get("before")
        before = _instant(until) if until is not None else None

        def look() -> list[CentreRing]:
            with journal.database.reading() as session:
                return centre_rings(session, sight_of(actor, court_code=settings.court_code), before=before)

        found = [
            {name: _ms(value) if isinstance(value, datetime) else value for name, value in asdict(each).items()}
            for each in await lanes.readers.run(look)
        ]
        return Response(orjson.dumps({"rings": found}), media_type="application/json", headers={"Cache-Control": "no-store"})

    @api.get("/openapi.json", openapi_extra={"x-role": "signed in"})
    async def openapi() -> Response:
        return Response(orjson.dumps(document()), media_type="application/json")

    add_recordings(api, settings, journal, lanes, now)
    add_archives(api, settings, journal, lanes, now)
    add_mission_tracks(api, settings, journal, lanes, past, now)
    return api


def merged(title: str, version: str, apps: Mapping[str, FastAPI]) -> dict[str, Any]:
    """One description of several sub-apps: paths with their prefix, each operation with its `x-role`."""
    paths: dict[str, Any] = {}
    schemas: dict[str, Any] = {}
    sockets: dict[str, Any] = {}
    for prefix, app in apps.items():
        described = app.openapi()
        schemas |= described.get("components", {}).get("schemas", {})
        sockets |= {prefix + path: said for path, said in described.get("x-sockets", {}).items()}
        for path, operations in described.get("paths", {}).items():
            paths[prefix + path] = {verb: {"x-role": "everybody"} | said for verb, said in operations.items() if verb in METHODS}
    info = {"title": title, "version": version}
    return {"openapi": "3.1.0", "info": info, "paths": paths, "x-sockets": sockets, "components": {"schemas": schemas}}


def _asked(request: Request) -> tuple[str, str]:
    """Raises BadInput: exactly one of the two is named, by its id."""
    named = [(kind, request.query_params[kind]) for kind in ("sos", "call") if kind in request.query_params]
    if len(named) != 1:
        raise BadInput("sos or call", code="input.bad")
    return named[0][0], words.ulid(named[0][1])


def _said(coming: Coming) -> dict[str, Any]:
    way = coming.way
    line = [[round(lat, 6), round(lon, 6)] for lat, lon in way.corners]
    return {"team": coming.team_id, "unit": str(coming.unit_no), "seconds": round(way.seconds), "metres": round(way.metres), "line": line}


def _is_print(value: object) -> TypeGuard[str | None]:
    return value is None or (isinstance(value, str) and FINGERPRINT.fullmatch(value) is not None)


def _code(body: bytes) -> str:
    """Raises BadInput."""
    code = object_of(body).get("code")
    if not isinstance(code, str):
        raise BadInput("code", code="input.bad")
    return code


def _instant(text: str) -> datetime:
    try:
        return datetime.fromtimestamp(int(text) / 1000, UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise BadInput("span", code="track.bad_span", days=31) from error


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)

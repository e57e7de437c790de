"""`/api/missions`: missions that have left, the way of one (with a reason and a trace for each officer), the same as GeoJSON."""

from collections.abc import Callable
from datetime import datetime
from itertools import pairwise
from typing import Any

import orjson
from fastapi import FastAPI, Request, Response

from dashboard.archives import takes
from dashboard.i18n import t
from dashboard.said import actor_of, as_json, said_in, text_of
from data.actions.mission_tracks import read_mission_track
from data.journal import Journal
from data.lanes import Lanes
from data.queries.mission_tracks import Trip, missions_with_tracks, trip_of
from data.queries.wall import reading_of, sight_of
from data.settings import Settings
from geo.coordinates import distance_m
from geo.tracks import GAP_S
from streaming.past_tracks import PastTracks, UnitTrack

SEES = "duty, commander, leader, inspector"


def add_mission_tracks(
    api: FastAPI, settings: Settings, journal: Journal, lanes: Lanes, past: PastTracks, now: Callable[[], datetime]
) -> None:
    """The doors, on the sub-app for `/api`."""

    async def found(request: Request, mission: str, taken_out: bool) -> tuple[Trip, list[UnitTrack]]:
        actor, said = actor_of(request), await said_in(request)

        def look() -> Trip:
            with journal.database.reading() as session:
                return trip_of(session, sight_of(actor, court_code=settings.court_code), actor, mission, now())

        trip = await lanes.readers.run(look)
        reason = text_of(said, "reason")
        await lanes.writer.run(journal.do, actor, now(), read_mission_track, mission, trip.unit_nos, reason, taken_out)
        return trip, await lanes.readers.run(past.of_mission, trip)

    @api.get("/missions", openapi_extra={"x-role": SEES})
    async def missions(request: Request) -> Response:
        """Those that have left, the newest first, without a place; `kept`: how many places stay of each when the raw positions go."""
        actor = actor_of(request)

        def look() -> list[dict[str, Any]]:
            with journal.database.reading() as session:
                sight = sight_of(actor, court_code=settings.court_code)
                return missions_with_tracks(reading_of(session, sight, now(), settings.civil_offset_s, say=t), actor)

        return as_json({"civil_offset_s": settings.civil_offset_s, "missions": await lanes.readers.run(look)})

    @api.post("/missions/{mission}/track", openapi_extra=takes(SEES, "reason"))
    async def track(request: Request, mission: str) -> Response:
        """Where each unit of the mission was, from leaving to the end; `thinned` where the raw positions have gone."""
        _, tracks = await found(request, mission, False)
        return as_json({"tracks": [_told(each) for each in tracks]})

    @api.post("/missions/{mission}/track.geojson", openapi_extra=takes(SEES, "reason"))
    async def exported(request: Request, mission: str) -> Response:
        """The same to take out of the house, as GeoJSON (WGS 84) with the moment of each place; audited as an export."""
        _, tracks = await found(request, mission, True)
        headers = {"Cache-Control": "no-store", "Content-Disposition": f'attachment; filename="track-{_plain(mission)}.geojson"'}
        return Response(orjson.dumps(_geojson(tracks)), media_type="application/geo+json", headers=headers)


def _told(track: UnitTrack) -> dict[str, Any]:
    points = [[each.t_ms, round(each.lat, 7), round(each.lon, 7)] for each in track.moments]
    return {"unit": str(track.unit_no), "thinned": track.thinned, "metres": _metres(track), "points": points}


def _metres(track: UnitTrack) -> int:
    """Without what lies in a gap: nobody knows the way there."""
    steps = pairwise(track.moments)
    return round(sum(distance_m((a.lat, a.lon), (b.lat, b.lon)) for a, b in steps if b.t_ms - a.t_ms <= GAP_S * 1000))


def _geojson(tracks: list[UnitTrack]) -> dict[str, Any]:
    return {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "properties": {"unit": each.unit_no, "thinned": each.thinned, "times_ms": [moment.t_ms for moment in each.moments]},
                "geometry": {"type": "LineString", "coordinates": [[round(m.lon, 7), round(m.lat, 7)] for m in _line(each)]},
            }
            for each in tracks
        ],
    }


def _line(track: UnitTrack) -> list[Any]:
    """A line has two places at least."""
    return track.moments if len(track.moments) > 1 else track.moments * 2


def _plain(mission: str) -> str:
    return "".join(sign for sign in mission if sign.isascii() and (sign.isalnum() or sign in "-_"))[:40]

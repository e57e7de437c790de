"""The doors of a mission's way: who may, with a reason; every fix while it is there, the thinned track afterwards; taken out as GeoJSON."""

from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI, Request, Response

from dashboard.mission_tracks import add_mission_tracks
from data.engines import Database
from data.errors import BadInput, NotFound, NotPermitted
from data.lanes import Lanes
from data.rules.missions import MissionStep
from data.rules.permissions import Actor
from data.settings import Settings
from tests.data.small_court import CASE_NO, COURT
from tests.streaming.kept_positions import DAY, NOON, Place, fix


@pytest.fixture
def place(database: Database, tmp_path: Path) -> Iterator[Place]:
    place = Place(database, tmp_path, NOON - 10 * DAY)
    place.court.file_case()
    place.court.assign()
    place.court.assign("M2")  # never left
    place.court.move(MissionStep.DEPARTED)
    place.court.later(300)
    place.court.move(MissionStep.FINISHED)
    place.keep(*(fix(second) for second in range(200)))
    place.court.now = NOON
    yield place
    place.history.close()


@pytest.fixture
def doors(place: Place, tmp_path: Path) -> Iterator[Callable[[Actor], httpx.AsyncClient]]:
    api, lanes = FastAPI(), Lanes()
    settings = Settings.of(home=tmp_path, court_code=COURT)
    add_mission_tracks(api, settings, place.court.journal, lanes, place.past, lambda: place.court.now)
    whoever: list[Actor] = []

    @api.middleware("http")
    async def signed_in(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
        request.state.actor = whoever[-1]
        return await call_next(request)

    def browser(actor: Actor) -> httpx.AsyncClient:
        whoever.append(actor)
        return httpx.AsyncClient(transport=httpx.ASGITransport(api), base_url="http://x")

    yield browser
    lanes.close()


async def test_a_way_is_whole_first_and_thinned_when_the_raw_day_has_gone(
    place: Place, doors: Callable[[Actor], httpx.AsyncClient]
) -> None:
    async with doors(place.court.duty) as desk:
        (listed,) = (await desk.get("/missions")).json()["missions"]
        assert (listed["id"], listed["kept"], listed["matter"], listed["case_no"]) == ("M1", 0, "腾退厂房", CASE_NO)
        (whole,) = (await desk.post("/missions/M1/track", json={"reason": "复核路线"})).json()["tracks"]
        assert (whole["unit"], whole["thinned"], len(whole["points"])) == ("1001", False, 200)
        place.archiving(8, 0).once()
        (listed,) = (await desk.get("/missions")).json()["missions"]
        answer = await desk.post("/missions/M1/track", json={"reason": "复核路线"})
        (thin,) = answer.json()["tracks"]
        assert answer.headers["cache-control"] == "no-store"
        assert (thin["thinned"], len(thin["points"]), listed["kept"]) == (True, 5, 5)
        assert (thin["points"][0], thin["points"][-1]) == (whole["points"][0], whole["points"][-1])
        assert abs(thin["metres"] - whole["metres"]) <= 1
        file = await desk.post("/missions/M1/track.geojson", json={"reason": "随卷"})
    assert file.headers["content-disposition"] == 'attachment; filename="track-M1.geojson"'
    (feature,) = file.json()["features"]
    assert feature["geometry"]["coordinates"] == [[lon, lat] for _, lat, lon in thin["points"]]
    assert feature["properties"] == {"unit": 1001, "thinned": True, "times_ms": [t for t, _, _ in thin["points"]]}


async def test_who_may_not_and_what_is_not_there(place: Place, doors: Callable[[Actor], httpx.AsyncClient]) -> None:
    for nobody in (place.court.technical, place.court.phone):
        for path, body in (("/missions", None), ("/missions/M1/track", {"reason": "x"}), ("/missions/M1/track.geojson", {"reason": "x"})):
            async with doors(nobody) as browser:
                with pytest.raises(NotPermitted):
                    await (browser.get(path) if body is None else browser.post(path, json=body))
    async with doors(place.court.inspector) as browser:
        for mission in ("M2", "M9", "x" * 99):
            with pytest.raises(NotFound):
                await browser.post(f"/missions/{mission}/track", json={"reason": "复核"})
        bad: list[object] = [{"reason": " "}, {"reason": 1}, {}, []]
        for said in bad:
            with pytest.raises(BadInput):
                await browser.post("/missions/M1/track", json=said)

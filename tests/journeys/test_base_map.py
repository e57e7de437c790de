"""The court's own base map under the wall: roads drawn, its approval in the corner, nothing asked of anybody else."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import geopandas
import pytest
import shapely
from playwright.async_api import Browser, Page, expect
from ulid import ULID

from data.actions.settings import change_setting
from data.journal import Journal
from data.rules.permissions import Actor, Role
from data.sealing import load_sealing
from data.settings import Settings, as_environ
from geo.coordinates import Plane
from tests.journeys.senders import fix, iso, send
from tests.journeys.test_wall_stage import SOON, opened, until
from tests.running import COURT, Product, Seeded, seed

pytestmark = pytest.mark.timeout(480)
PLANE = Plane(*COURT)
APPROVAL = "粤S（2026）000号"
ROAD, GROUND = (0x35, 0x55, 0x7C), (0x0B, 0x1A, 0x2E)

# What is drawn on the ground at a place, as red, green, blue.
PIXEL = """([lat, lon]) => { const map = window.eccMaps['wall-map'], canvas = map.getContainer().querySelector('canvas.ground');
  const { x, y } = map.latLngToContainerPoint([lat, lon]), scale = canvas.width / canvas.clientWidth;
  return [...canvas.getContext('2d').getImageData(Math.round(x * scale), Math.round(y * scale), 1, 1).data].slice(0, 3); }"""
MOVE = "([lat, lon, zoom]) => { window.eccMaps['wall-map'].setView([lat, lon], zoom, { animate: false }); }"


def at(east_m: float, north_m: float) -> tuple[float, float]:
    lat, lon = PLANE.latlon([(east_m, north_m)])[0].tolist()
    return lat, lon


def box(west: float, south: float, east: float, north: float) -> shapely.Polygon:
    return shapely.Polygon([at(x, y)[::-1] for x, y in ((west, south), (east, south), (east, north), (west, north))])


def seed_with_map(settings: Settings) -> Seeded:
    """A main road from west to east through the court, two streets, a boundary: as files that an operator brings."""
    seeded = seed(settings)
    folder = settings.home
    road_at(folder, 0)
    west, east = box(-3000, -3000, 0, 3000), box(0, -3000, 3000, 3000)
    geopandas.GeoDataFrame({"名称": ["河湾街道", "柳溪镇"]}, geometry=[west, east], crs=4326).to_file(folder / "街道.geojson")
    geopandas.GeoDataFrame({"name": ["清溪区"]}, geometry=[shapely.union(west, east)], crs=4326).to_file(folder / "区界.gpkg")
    put_in(settings)
    return seeded


def road_at(folder: Path, north_m: float) -> None:
    road = shapely.LineString([at(-4000, north_m)[::-1], at(4000, north_m)[::-1]])
    geopandas.GeoDataFrame({"name": ["青石大道"], "class": ["trunk"]}, geometry=[road], crs=4326).to_file(folder / "roads.gpkg")


def put_in(settings: Settings) -> None:
    """By the command that an operator gives, beside the running product or before it."""
    files = [str(settings.home / name) for name in ("roads.gpkg", "街道.geojson", "区界.gpkg")]
    subprocess.run([sys.executable, "-m", "dashboard", "basemap", "build", *files], env=as_environ(settings), check=True, timeout=300)


@pytest.fixture(scope="module")
def product() -> Iterator[Product]:
    with Product(seed_with_map, map_approval=APPROVAL) as product:
        yield product


def near(colour: list[int], wanted: tuple[int, int, int]) -> bool:
    return all(abs(one - other) < 24 for one, other in zip(colour, wanted, strict=True))


async def test_the_wall_draws_its_own_map_at_every_zoom_and_says_whose_it_is(product: Product, browser: Browser, tmp_path: Path) -> None:
    context = await browser.new_context(viewport={"width": 1920, "height": 1080})
    page = await context.new_page()
    asked: list[str] = []
    broken: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: broken.append(str(error)))
    await send(product, "positions", {"fixes": [fix(*at(-800, 900))]}, 1001)
    await opened(page, product)
    await expect(page.locator(".map-note")).to_have_text(APPROVAL, timeout=SOON)

    async def pixel(place: tuple[float, float]) -> Any:
        return await page.evaluate(PIXEL, list(place))

    for zoom in (12.35, 13.6, 15.0):  # between the zooms of tiles, and closer than the closest
        await page.evaluate(MOVE, [*at(0, 300), zoom])
        await until(lambda: pixel(at(-500, 0)), lambda colour: near(colour, ROAD))
        assert near(await pixel(at(-500, 250)), GROUND)
    assert all(url.startswith((product.origin, "data:", "blob:")) for url in asked)
    assert any("base.pmtiles" in url for url in asked)
    assert broken == []
    await context.close()


def approved_by(product: Product, number: str) -> None:
    """An administrator changes it while everything runs."""
    database = product.database()
    journal = Journal(database, load_sealing(product.settings.keys), product.settings.court_code)
    who = product.seeded.officers[1001]
    actor = Actor("OFFICER", who, Role.TECHNICAL, product.settings.court_code, officer_id=who)
    journal.do(actor, datetime.now(UTC), change_setting, product.settings, "map_approval", number)
    database.close()


async def test_the_pages_of_fences_and_of_ways_take_another_map_while_they_are_open(product: Product, browser: Browser) -> None:
    context = await browser.new_context(viewport={"width": 1366, "height": 768})
    await context.add_cookies([{"name": "ecc_desk", "value": product.seeded.desk, "url": product.origin}])
    fences, ways = await context.new_page(), await context.new_page()
    await fences.goto(f"{product.origin}/centre/admin/fences")
    await expect(fences.locator("#map")).to_have_attribute("data-state", "ready", timeout=SOON)
    await ways.goto(f"{product.origin}/replay/track")
    for page in (fences, ways):
        await expect(page.locator(".map-note")).to_have_text(APPROVAL, timeout=SOON)
        await page.evaluate("() => { window.stayed = true; }")
    await fences.bring_to_front()
    await fences.locator("#map").click(position={"x": 200, "y": 200})
    await asyncio.to_thread(approved_by, product, "粤S（2026）111号")
    for page in (fences, ways):
        await page.bring_to_front()
        await expect(page.locator(".map-note")).to_have_text("粤S（2026）111号", timeout=SOON)
        assert await page.evaluate("() => window.stayed"), "it was loaded again"
    await expect(fences.locator("#clear")).to_be_enabled()  # the corner that was drawn is still there
    await asyncio.to_thread(approved_by, product, APPROVAL)
    await context.close()


STANDS = "(name) => { const map = window.eccMaps[name]; return [map.getZoom(), map.getCenter().lat, map.getCenter().lng]; }"
MOVE_DESK = MOVE.replace("wall-map", "desk-map")
PIXEL_DESK = PIXEL.replace("wall-map", "desk-map")


async def drawn(page: Page, pixel: str, place: tuple[float, float]) -> None:
    await until(lambda: page.evaluate(pixel, list(place)), lambda colour: near(colour, ROAD))


@pytest.mark.long  # two maps are built; versions and the tick: tests/dashboard/test_map_layers.py
async def test_open_walls_and_desks_take_another_map_by_themselves_and_stay_where_they_are(product: Product, browser: Browser) -> None:
    """Twice: a wall at rest, whose picture somebody has moved; and one with a call on it. Nothing is loaded again."""
    context = await browser.new_context(viewport={"width": 1920, "height": 1080})
    wall, desk = await context.new_page(), await context.new_page()
    broken: list[str] = []
    for page in (wall, desk):
        page.on("pageerror", lambda error: broken.append(str(error)))
    await opened(wall, product)
    await context.add_cookies([{"name": "ecc_desk", "value": product.seeded.desk, "url": product.origin}])
    await desk.goto(f"{product.origin}/centre/desk")
    await expect(desk.locator('[data-panel="system"]')).to_have_attribute("data-state", "live", timeout=SOON)
    north = (at(-500, 0), at(-500, 700))
    faces = ((wall, "wall-map", MOVE, PIXEL), (desk, "desk-map", MOVE_DESK, PIXEL_DESK))
    stood = {}
    for page, name, move, pixel in faces:
        await page.wait_for_function("(name) => window.eccMaps?.[name]", arg=name)
        await page.evaluate(move, [*at(0, 300), 14.4])
        await drawn(page, pixel, north[0])
        await page.evaluate("() => { window.stayed = true; }")
        stood[name] = await page.evaluate(STANDS, name)

    road_at(product.home, 700)
    await asyncio.to_thread(put_in, product.settings)
    for page, name, _, pixel in faces:
        await drawn(page, pixel, north[1])
        assert near(await page.evaluate(pixel, list(north[0])), GROUND), "the old road is gone"
        assert await page.evaluate(STANDS, name) == stood[name]
        assert await page.evaluate("() => window.stayed"), "it was loaded again"

    call = str(ULID())
    await send(product, "calls", {"id": call, "t": iso(datetime.now(UTC)), "fix": fix()}, 1001)
    await expect(wall.locator("#wall")).to_have_attribute("data-stage", "call", timeout=SOON)
    staged = wall.locator(f'.call.staged[data-call="{call}"]')
    await expect(staged).to_be_visible()
    road_at(product.home, 0)
    asked = wall.wait_for_event("request", lambda request: "base.pmtiles?v=" in request.url, timeout=60_000)
    await asyncio.gather(asked, asyncio.to_thread(put_in, product.settings))
    await asyncio.sleep(1)
    await expect(wall.locator("#wall")).to_have_attribute("data-stage", "call")
    await expect(staged).to_be_visible()
    assert await wall.evaluate("() => window.stayed")
    assert broken == []
    await context.close()

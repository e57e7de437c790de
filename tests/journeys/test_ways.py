"""An alarm in a court whose roads are known: who could be there first by road, on wall and desk; told to nobody who sees no places."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from typing import Any

import geopandas
import httpx
import pytest
from playwright.async_api import Browser, Page, expect
from shapely import LineString
from ulid import ULID

from data.actions.walls import steer_wall
from data.settings import Settings
from geo.coordinates import Plane
from geo.layers import write_layers
from tests.journeys.senders import fix, iso, send
from tests.journeys.test_wall_stage import MODULES, SOON, do, opened, until
from tests.running import COURT, Product, Seeded, eventually, seed

PLANE = Plane(*COURT)
ALONG = f"""async (no) => (await import('{MODULES}/nearest.mjs'))
  .nearestTeams((await import('{MODULES}/state.mjs')).rows.sos.get(no), 3)"""

INVENTED = f"""async () => {{ const {{ drawSimulated }} = await import('{MODULES}/simulated.mjs'); const drawn = [];
  const pen = {{ beginPath() {{}}, fill() {{}}, stroke() {{}}, arc: (x, y) => drawn.push([x, y]) }};
  drawSimulated(pen, (place) => place, (await (await fetch('/api/layers/roads.json')).json())); return drawn; }}"""


def at(east_m: float, north_m: float) -> tuple[float, float]:
    lat, lon = PLANE.latlon([(east_m, north_m)])[0].tolist()
    return lat, lon


def seed_with_roads(settings: Settings) -> Seeded:
    """A river without a bridge between the two sides of a horseshoe: by the straight line 1003 is near, by road 1002 is."""
    seeded = seed(settings)
    shoe = LineString([at(x, y)[::-1] for x, y in ((0, 0), (0, 4000), (600, 4000), (600, 0))])
    lane = LineString([at(x, y)[::-1] for x, y in ((0, 0), (0, -2000))])
    write_layers({"roads": geopandas.GeoDataFrame({"class": ["main", "main"]}, geometry=[shoe, lane], crs="EPSG:4326")}, settings.layers)
    return seeded


@pytest.fixture(scope="module")
def product() -> Iterator[Product]:
    with Product(seed_with_roads) as product:
        yield product


@pytest.fixture(scope="module")
def alarm(product: Product) -> str:
    """Raised by 1001 of 一组; beyond the river stands 1004, on this side, farther off, 1002, both of 二组."""

    async def raised() -> str:
        id_ = str(ULID())
        for unit, place in ((1001, at(0, 0)), (1004, at(600, 0)), (1002, at(0, -1500))):
            await send(product, "positions", {"fixes": [fix(*place)]}, unit)
        await send(product, "sos", {"id": id_, "t": iso(datetime.now(UTC)), "fix": fix(*at(0, 0))}, 1001)
        return id_

    return asyncio.run(raised())


def ask(product: Product, query: str, **cookies: str) -> httpx.Response:
    return httpx.get(f"{product.origin}/api/layers/ways.json?{query}", cookies=cookies)


def known(product: Product, alarm: str, **cookies: str) -> dict[str, Any]:
    """The first one may be told to draw straight lines while the roads are read."""
    eventually(lambda: ask(product, f"sos={alarm}", **cookies).json().get("by_road") is True, "no way by road")
    told: dict[str, Any] = ask(product, f"sos={alarm}", **cookies).json()
    return told


def test_the_unit_that_is_first_by_road_is_named_not_the_one_beyond_the_river(product: Product, alarm: str) -> None:
    for cookies in ({"ecc_desk": product.seeded.desk}, {"ecc_wall": product.seeded.wall}):
        told = known(product, alarm, **cookies)
        (way,) = told["ways"]
        assert (told["kind"], told["id"], way["team"], way["unit"]) == ("sos", alarm, product.seeded.teams[1], "1002")
        assert way["metres"] == pytest.approx(1500, rel=0.02)
        assert way["seconds"] == pytest.approx(1500 / 12.5, rel=0.05)
        assert way["line"][0] == pytest.approx(at(0, -1500), abs=1e-4)
        assert way["line"][-1] == pytest.approx(at(0, 0), abs=1e-4)


NOBODYS = "01JD0000000000000000000001"


@pytest.mark.parametrize(
    ("query", "status"),
    [("", 400), ("sos=x", 400), (f"sos={NOBODYS}", 404), (f"call={NOBODYS}", 404), (f"sos={NOBODYS}&call={NOBODYS}", 400)],
)
def test_what_is_no_open_alarm_has_no_ways(product: Product, query: str, status: int) -> None:
    assert ask(product, query, ecc_desk=product.seeded.desk).status_code == status


async def test_whoever_sees_no_places_is_told_no_ways(product: Product, alarm: str) -> None:
    assert ask(product, f"sos={alarm}").status_code == 401
    refused = ask(product, f"sos={alarm}", ecc_device=product.seeded.devices[1001])
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "identity.not_permitted")
    await do(product, steer_wall, product.seeded.wall_id, visitors=True)
    assert ask(product, f"sos={alarm}", ecc_wall=product.seeded.wall).status_code == 403
    await do(product, steer_wall, product.seeded.wall_id, visitors=False)
    assert ask(product, f"sos={alarm}", ecc_wall=product.seeded.wall).status_code == 200


@pytest.fixture
async def wall(browser: Browser, product: Product) -> AsyncIterator[Page]:
    context = await browser.new_context(viewport={"width": 1920, "height": 1080}, locale="zh-CN")
    yield await opened(await context.new_page(), product)
    await context.close()


async def test_the_wall_draws_the_road_and_says_so(product: Product, alarm: str, wall: Page) -> None:
    await asyncio.to_thread(known, product, alarm, ecc_wall=product.seeded.wall)
    await expect(wall.locator("#wall")).to_have_attribute("data-stage", "sos", timeout=SOON)
    await expect(wall.locator("#near .estimate")).to_have_text("按道路", timeout=SOON)
    await expect(wall.locator("#near .near")).to_contain_text(["二组1.5 公里约 2 分"])
    (near,) = await wall.evaluate(ALONG, alarm)
    assert near["unit"]["no"] == 1002
    assert len(near["way"]["line"]) >= 4


async def test_visitors_see_invented_cars_on_the_roads_and_are_told_so(product: Product, browser: Browser) -> None:
    context = await browser.new_context(viewport={"width": 1920, "height": 1080}, locale="zh-CN")
    page = await opened(await context.new_page(), product)
    await page.keyboard.press("8")
    await until(lambda: page.evaluate("async () => (await import('/centre/assets/modules/map.mjs')).invents()"), bool)
    await expect(page.locator("#guests")).to_contain_text("演示数据", timeout=SOON)  # hidden: the alarm says more
    first = await page.evaluate(INVENTED)
    assert first
    await until(
        lambda: page.evaluate(INVENTED),
        lambda now: all(abs(a[0] - b[0]) + abs(a[1] - b[1]) > 5e-5 for a, b in zip(first, now, strict=True)),
    )
    assert [await page.evaluate("(no) => ecc.where(no)", str(no)) for no in (1001, 1002, 1004)] == [None] * 3
    await context.close()


async def test_the_desk_sends_the_team_that_is_there_first(product: Product, alarm: str, browser: Browser) -> None:
    context = await browser.new_context(viewport={"width": 1920, "height": 1080}, locale="zh-CN")
    await context.add_cookies([{"name": "ecc_desk", "value": product.seeded.desk, "url": product.origin}])
    page = await context.new_page()
    await page.goto(f"{product.origin}/centre/desk")
    await expect(page.locator('[data-verb="respond_sos"]').first).to_contain_text("二组 约 2 分", timeout=SOON)
    await context.close()

"""Ways by road for those who ask from an event loop: kept beside the layer, and given up rather than waited for."""

import asyncio
import threading
from pathlib import Path

import pytest

from dashboard.kept_beside import KEPT
from dashboard.map_layers import MapLayers
from dashboard.ways import TEAMS_MOST, WAITING_MOST, RoadWays, road_graph
from data.queries.ways import Alarm
from geo.coordinates import Place
from geo.invented import InventedDistrict, invent
from geo.layers import write_layer


@pytest.fixture(scope="module")
def district() -> InventedDistrict:
    return invent()


@pytest.fixture
def layers(district: InventedDistrict, tmp_path: Path) -> Path:
    write_layer(district.roads, tmp_path / "roads.geojson")
    return tmp_path


def standing(district: InventedDistrict) -> list[tuple[int, Place]]:
    """Two units of each of five teams at communities of the district."""
    points = district.communities.geometry.representative_point()
    return [(1001 + i, (point.y, point.x)) for i, point in enumerate(points[:10])]


TEAMS = {1001 + i: f"team {i // 2}" for i in range(10)}


async def test_the_first_unit_of_each_of_the_first_teams_and_never_the_callers_own(district: InventedDistrict, layers: Path) -> None:
    ways = RoadWays(layers)
    found = await ways.coming(Alarm(1001, "team 0", district.court), TEAMS, standing(district))
    assert found is not None
    assert len(found) == TEAMS_MOST
    assert "team 0" not in {each.team_id for each in found}
    assert len({each.team_id for each in found}) == TEAMS_MOST
    assert [each.way.seconds for each in found] == sorted(each.way.seconds for each in found)
    assert await ways.coming(Alarm(1001, "team 0", district.court), {}, standing(district)) == []
    assert list((layers / KEPT).glob("graph-roads-*.npz"))
    ways.close()


async def test_a_kept_graph_that_was_not_wholly_written_is_made_again(district: InventedDistrict, layers: Path) -> None:
    for _ in range(2):
        ways = RoadWays(layers)
        assert await ways.coming(Alarm(1001, None, district.court), TEAMS, standing(district))
        ways.close()
        (kept,) = (layers / KEPT).glob("graph-roads-*.npz")
        kept.write_bytes(kept.read_bytes()[:1000])


def test_the_drawn_layer_and_the_graph_of_one_file_leave_each_other_alone(layers: Path) -> None:
    road_graph(layers / "roads.geojson")
    MapLayers(layers).read("roads")
    road_graph(layers / "roads.geojson")
    assert len(list((layers / KEPT).glob("graph-roads-*.npz"))) == 1
    assert len(list((layers / KEPT).glob("roads-*.json"))) == 1
    (layers / "roads.geojson").touch()
    MapLayers(layers).read("roads")
    assert len(list((layers / KEPT).iterdir())) == 2, "the older drawing is gone, the graph is not"


@pytest.mark.parametrize("text", [None, "", '{"type":"FeatureCollection","features":[]}', "[1"])
async def test_without_usable_roads_nothing_is_known_by_road(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "roads.geojson").write_text(text)
    ways = RoadWays(tmp_path)
    assert await ways.coming(Alarm(1, None, (40.0, 101.8)), {2: "team"}, [(2, (40.0, 101.9))]) is None
    ways.close()


async def test_nobody_waits_long_and_not_many_wait_at_all(district: InventedDistrict, layers: Path) -> None:
    ways, go_on = RoadWays(layers), threading.Event()
    ways._thread.submit(go_on.wait)
    alarm = Alarm(1001, None, district.court)
    asking = [asyncio.create_task(ways.coming(alarm, TEAMS, standing(district))) for _ in range(WAITING_MOST)]
    await asyncio.sleep(0)
    assert await ways.coming(alarm, TEAMS, standing(district)) is None  # at once
    assert not any(task.done() for task in asking)
    assert await asyncio.gather(*asking) == [None] * WAITING_MOST  # after their time
    go_on.set()
    async with asyncio.timeout(20):
        while not await ways.coming(alarm, TEAMS, standing(district)):
            await asyncio.sleep(0.05)
    ways.close()

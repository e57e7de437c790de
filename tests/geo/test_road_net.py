"""The court's own net of roads: one-way roads as they run, no footways, cut to the district, and never too large."""

from pathlib import Path

import geopandas
import numpy as np
import osmium
import pytest
import shapely

from geo.basemap import Source, build
from geo.coordinates import Place, Plane
from geo.osm_extract import DRIVEN, Feature, way_rank, way_said
from geo.road_net import MARGIN_M, NET, road_net
from geo.roads import OFF_ROAD_MPS, SPEEDS_MPS, NoRoads, RoadGraph
from geo.spool import Spool

PLANE = Plane(40.0, 101.0)
BOTH, THERE, BACK = 3, 1, 2


def at(east_m: float, north_m: float) -> Place:
    lat, lon = PLANE.latlon([(east_m, north_m)])[0].tolist()
    return lat, lon


def spooled(folder: Path, *ways: tuple[str, int, list[tuple[float, float]]]) -> Path:
    """Ways by class, direction and corners in metres."""
    with Spool(folder) as spool:
        for kind, direction, corners in ways:
            line = shapely.LineString([at(*corner)[::-1] for corner in corners])
            spool.add(Feature("ways", shapely.to_wkb(line), "", 4 * DRIVEN.index(kind) + direction))
    return folder


SQUARE = [(0.0, 0.0), (1000.0, 0.0), (1000.0, 1000.0), (0.0, 1000.0), (0.0, 0.0)]


def test_a_one_way_square_is_driven_round_and_never_against_it(tmp_path: Path) -> None:
    graph = road_net(spooled(tmp_path, ("minor", THERE, SQUARE)), None, None).graph
    with_it, against = graph.ways([at(100, 0)], at(600, 0))[0], graph.ways([at(600, 0)], at(100, 0))[0]
    assert with_it.metres == pytest.approx(500, rel=0.01)
    assert against.metres == pytest.approx(3500, rel=0.01)
    assert against.seconds == pytest.approx(3500 / SPEEDS_MPS["minor"], rel=0.01)
    turned = road_net(spooled(tmp_path, ("minor", BACK, SQUARE)), None, None).graph
    assert turned.ways([at(600, 0)], at(100, 0))[0].metres == pytest.approx(500, rel=0.01)


def test_seconds_to_a_place_are_those_of_the_way_there(tmp_path: Path) -> None:
    graph = road_net(spooled(tmp_path, ("minor", THERE, SQUARE)), None, None).graph
    assert graph.seconds_to([at(1000, 0)], at(0, 0))[0] == pytest.approx(3000 / SPEEDS_MPS["minor"], rel=0.01)
    assert graph.seconds_from(at(0, 0))[graph.nearest_node(at(1000, 0))] == pytest.approx(1000 / SPEEDS_MPS["minor"], rel=0.01)


def test_who_stands_at_the_end_itself_needs_no_time(tmp_path: Path) -> None:
    graph = road_net(spooled(tmp_path, ("minor", THERE, SQUARE)), None, None).graph
    way = graph.ways([at(600, 30)], at(600, 30))[0]
    assert way.seconds == pytest.approx(60 / OFF_ROAD_MPS, rel=0.01)


def test_a_street_one_cannot_leave_again_is_not_in_the_net(tmp_path: Path) -> None:
    trap = ("main", THERE, [(1000.0, 0.0), (1500.0, 0.0)])
    graph = road_net(spooled(tmp_path, ("minor", BOTH, SQUARE), trap), None, None).graph
    assert len(graph.nodes) == 4


def test_roads_cross_without_meeting_where_they_have_no_common_corner(tmp_path: Path) -> None:
    """A bridge."""
    above, below = ("trunk", BOTH, [(0.0, 0.0), (2000.0, 0.0)]), ("minor", BOTH, [(1000.0, -1000.0), (1000.0, 1000.0)])
    graph = road_net(spooled(tmp_path, above, below), None, None).graph
    assert len(graph.nodes) == 2


def test_only_the_district_and_its_margin_are_kept(tmp_path: Path) -> None:
    near, far = MARGIN_M - 500, 3 * MARGIN_M
    chain = [("minor", BOTH, [(0.0, 0.0), (near, 0.0)]), ("minor", BOTH, [(near, 0.0), (near, 500.0)])]
    away = [("minor", BOTH, [(far, 0.0), (far + 2000, 0.0), (far + 2000, 2000.0), (far, 2000.0), (far, 0.0)])]
    district = shapely.box(*at(-1000, -1000)[::-1], *at(0, 1000)[::-1])
    folder = spooled(tmp_path, *chain, *away)
    assert PLANE.metres(road_net(folder, district, None).graph.nodes)[:, 0].max() == pytest.approx(near, abs=1)
    assert len(road_net(folder, None, None).graph.nodes) == 4  # without a district the larger net
    assert len(road_net(folder, None, at(far, 0)).graph.nodes) == 4
    with pytest.raises(NoRoads):
        road_net(folder, shapely.box(110.0, 40.0, 110.1, 40.1), None)


def test_too_many_roads_lose_the_small_ones_outside_first(tmp_path: Path) -> None:
    inside = ("service", BOTH, [(float(i), 0.0) for i in range(0, 100, 10)])
    small = ("service", BOTH, [(90.0, 0.0), *((90.0, float(i)) for i in range(2000, 4000, 10))])
    wide = ("main", BOTH, [(90.0, 0.0), (3000.0, 0.0)])
    district = shapely.box(*at(-10, -10)[::-1], *at(95, 10)[::-1])
    folder = spooled(tmp_path, inside, small, wide)
    whole, cut = road_net(folder, district, None), road_net(folder, district, None, most=250)
    assert (whole.thinned, cut.thinned) == (0, 0)
    assert road_net(folder, shapely.box(*at(-10, -10)[::-1], *at(80, 10)[::-1]), None, most=100).thinned > 0
    with pytest.raises(NoRoads):
        road_net(spooled(tmp_path, ("ring", BOTH, [(float(i), 0.0) for i in range(300)])), None, None, most=100)


@pytest.mark.parametrize(
    ("tags", "said"),
    [
        ({"highway": "residential"}, ("minor", True, True)),
        ({"highway": "primary", "oneway": "yes"}, ("trunk", True, False)),
        ({"highway": "primary", "oneway": "-1"}, ("trunk", False, True)),
        ({"highway": "motorway"}, ("ring", True, False)),
        ({"highway": "motorway", "oneway": "no"}, ("ring", True, True)),
        ({"highway": "tertiary", "junction": "roundabout"}, ("main", True, False)),
        ({"highway": "service"}, ("service", True, True)),
        ({"highway": "footway"}, None),
        ({"highway": "steps"}, None),
        ({"highway": "cycleway"}, None),
        ({"highway": "track"}, None),
        ({"highway": "pedestrian"}, None),
        ({"highway": "residential", "access": "private"}, None),
        ({"highway": "residential", "motor_vehicle": "no"}, None),
        ({"highway": "service", "area": "yes"}, None),
        ({"railway": "rail"}, None),
    ],
)
def test_what_a_car_drives_on(tags: dict[str, str], said: tuple[str, bool, bool] | None) -> None:
    rank = way_rank(tags)
    assert (None if rank is None else (DRIVEN[way_said(rank)[0]], *way_said(rank)[1:])) == said


def test_an_extract_brings_its_own_net_and_a_later_one_without_roads_takes_it_away(tmp_path: Path) -> None:
    path = tmp_path / "x.osm.pbf"
    with osmium.SimpleWriter(str(path)) as writer:
        for number, corner in enumerate(SQUARE[:-1], start=1):
            writer.add_node(osmium.osm.mutable.Node(id=number, location=at(*corner)[::-1]))
        writer.add_way(osmium.osm.mutable.Way(id=1, nodes=[1, 2, 3, 4, 1], tags={"highway": "residential", "oneway": "yes"}))
        writer.add_way(osmium.osm.mutable.Way(id=2, nodes=[1, 3], tags={"highway": "footway"}))
    built = build([Source(path, "osm")], tmp_path / "layers")
    assert built.corners == 4
    graph = RoadGraph.read(tmp_path / "layers" / NET)
    assert graph.ways([at(0, 0)], at(1000, 1000))[0].metres == pytest.approx(2000, rel=0.01)  # not over the footway
    water = tmp_path / "water.gpkg"
    geopandas.GeoDataFrame({"name": ["湖"]}, geometry=[shapely.box(101.0, 40.0, 101.01, 40.01)], crs=4326).to_file(water)
    build([Source(water, "water")], tmp_path / "layers")
    assert not (tmp_path / "layers" / NET).exists()


def test_roads_of_a_file_meet_where_they_cross_and_those_out_of_openstreetmap_where_they_share_a_corner(tmp_path: Path) -> None:
    lines = [shapely.LineString([at(*a)[::-1], at(*b)[::-1]]) for a, b in (((-900, 0), (900, 0)), ((0, -900), (0, 900)))]
    own, theirs = tmp_path / "roads.gpkg", tmp_path / "gis_osm_roads.gpkg"
    geopandas.GeoDataFrame({"class": ["trunk", "minor"]}, geometry=lines, crs=4326).to_file(own)
    geopandas.GeoDataFrame({"fclass": ["primary", "residential"], "oneway": ["B", "B"]}, geometry=lines, crs=4326).to_file(theirs)
    assert build([Source(own, "roads")], tmp_path / "own").corners == 5
    assert build([Source(theirs, "roads")], tmp_path / "theirs").corners == 2
    seconds = RoadGraph.read(tmp_path / "own" / NET).seconds_to(np.array([at(-900, 0)]), at(0, 0))
    assert seconds[0] == pytest.approx(900 / SPEEDS_MPS["trunk"], rel=0.02)

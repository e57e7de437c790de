"""The net of roads, and ways on it."""

import itertools

import geopandas
import numpy as np
import pytest
from shapely import LineString

from geo.coordinates import NotADegree, Place, Plane, distance_m
from geo.invented import invent
from geo.roads import SPEEDS_MPS, NoRoads, RoadGraph, connected

PLANE = Plane(40.0, 101.8)


def at(east_m: float, north_m: float) -> Place:
    lat, lon = PLANE.latlon([(east_m, north_m)])[0].tolist()
    return lat, lon


def roads(*lines: tuple[str, list[tuple[float, float]]]) -> geopandas.GeoDataFrame:
    shapes = [LineString([at(*point)[::-1] for point in line]) for _, line in lines]
    return geopandas.GeoDataFrame({"class": [kind for kind, _ in lines]}, geometry=shapes, crs="EPSG:4326")


# A slow straight lane of 4 km, and a fast road round it of 6 km that meets it at both ends.
DETOUR = RoadGraph(
    roads(
        ("minor", [(0, 0), (4000, 0)]),
        ("ring", [(0, -500), (0, 1000), (4000, 1000), (4000, -500)]),
    )
)


def length_m(way: list[Place]) -> float:
    return sum(distance_m(a, b) for a, b in itertools.pairwise(way))


def test_the_quickest_way_is_taken_not_the_shortest() -> None:
    way = DETOUR.path(at(0, 0), at(4000, 0))
    assert length_m(way) == pytest.approx(6000, rel=0.01)
    assert any(distance_m(corner, at(4000, 1000)) < 1 for corner in way)


def test_a_way_begins_and_ends_at_the_very_places() -> None:
    start, end = at(-30, 20), at(3990, 980)
    way = DETOUR.path(start, end)
    assert way[0] == start
    assert way[-1] == end


def test_a_way_from_a_place_to_itself_stays_there() -> None:
    here = at(0, 0)
    assert length_m(DETOUR.path(here, here)) < 1


def test_roads_that_cross_meet_even_without_a_common_corner() -> None:
    cross = RoadGraph(roads(("main", [(-1000, 0), (1000, 0)]), ("main", [(0, -1000), (0, 1000)])))
    assert len(cross.nodes) == 5
    assert length_m(cross.path(at(-1000, 0), at(0, 1000))) == pytest.approx(2000, rel=0.01)


def test_the_time_is_the_length_by_the_speed_of_the_class_and_the_walk_to_the_road() -> None:
    seconds = DETOUR.seconds_from(at(0, 0))
    assert seconds[DETOUR.nearest_node(at(0, 1000))] == pytest.approx(1000 / SPEEDS_MPS["ring"], rel=0.01)
    assert seconds[DETOUR.nearest_node(at(4000, 0))] == pytest.approx(6000 / SPEEDS_MPS["ring"], rel=0.01)
    assert DETOUR.seconds_to([at(0, 0), at(0, -530)], at(0, 0)) == pytest.approx([0, 500 / 22 + 30 / 3], rel=0.01, abs=0.01)


def test_a_net_apart_from_the_largest_is_left_out() -> None:
    split = RoadGraph(roads(("main", [(0, 0), (500, 0), (1000, 0)]), ("main", [(0, 9000), (1000, 9000)])))
    assert len(split.nodes) == 3
    assert length_m(split.path(at(0, 0), at(1000, 8000))) == pytest.approx(9000, rel=0.01)


def test_a_road_of_unknown_class_is_slow() -> None:
    track = RoadGraph(roads(("track", [(0, 0), (1000, 0)])))
    assert track.seconds_from(at(0, 0)).max() == pytest.approx(200, rel=0.01)


def test_without_a_road_there_is_no_graph() -> None:
    with pytest.raises(NoRoads) as refused:
        RoadGraph(roads())
    assert refused.value.code == "geo.no_roads"


def test_what_is_no_place_has_no_way() -> None:
    with pytest.raises(NotADegree):
        DETOUR.path(at(0, 0), (float("nan"), 101.8))


def test_connected_tells_the_net_from_the_rest() -> None:
    lines = [LineString([(0, 0), (9, 0)]), LineString([(1, 1), (1, -1)]), LineString([(2, 1), (2, 2)])]
    assert connected(lines).tolist() == [True, True, False]


def test_every_community_of_the_invented_district_can_be_driven_to() -> None:
    district = invent()
    graph = RoadGraph(district.roads)
    seconds = graph.seconds_from(district.court)
    assert np.isfinite(seconds).all()
    inside = [point.coords[0][::-1] for point in district.communities.geometry.representative_point()]
    assert (graph.seconds_to(inside, district.court) < 3600).all()


def test_a_way_in_the_invented_district_crosses_the_river_by_its_bridges_only() -> None:
    district = invent()
    graph = RoadGraph(district.roads)
    bridges = [district.place(name) for name in ("青石桥", "河湾大桥", "柳溪桥", "学府桥")]
    rivers = district.river[district.river["kind"] == "river"].geometry.union_all()
    way = LineString([corner[::-1] for corner in graph.path(district.court, district.place("北桥批发市场"))[1:-1]])
    crossing = way.intersection(rivers)
    assert crossing.length > 0
    assert min(distance_m(bridge, crossing.centroid.coords[0][::-1]) for bridge in bridges) < 100

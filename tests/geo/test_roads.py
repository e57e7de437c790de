"""The net of roads, and ways on it."""

import itertools
from pathlib import Path
from zipfile import BadZipFile

import geopandas
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
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
DETOUR = RoadGraph.of(
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
    cross = RoadGraph.of(roads(("main", [(-1000, 0), (1000, 0)]), ("main", [(0, -1000), (0, 1000)])))
    assert len(cross.nodes) == 5
    assert length_m(cross.path(at(-1000, 0), at(0, 1000))) == pytest.approx(2000, rel=0.01)


def test_the_time_is_the_length_by_the_speed_of_the_class_and_the_walk_to_the_road() -> None:
    seconds = DETOUR.seconds_from(at(0, 0))
    assert seconds[DETOUR.nearest_node(at(0, 1000))] == pytest.approx(1000 / SPEEDS_MPS["ring"], rel=0.01)
    assert seconds[DETOUR.nearest_node(at(4000, 0))] == pytest.approx(6000 / SPEEDS_MPS["ring"], rel=0.01)
    assert DETOUR.seconds_to([at(0, 0), at(0, -530)], at(0, 0)) == pytest.approx([0, 500 / 22 + 30 / 3], rel=0.01, abs=0.01)


def test_ways_are_the_quickest_and_say_how_long_they_take() -> None:
    near, far = at(4000, 900), at(10, -20)
    to_near, to_far = DETOUR.ways([near, far], at(4000, 0))
    assert to_near.corners[0] == near
    assert to_near.corners[-1] == at(4000, 0)
    assert to_near.metres == pytest.approx(900, rel=0.02)
    assert to_near.seconds == pytest.approx(900 / SPEEDS_MPS["ring"], rel=0.02)
    assert to_far.metres == pytest.approx(6000, rel=0.02)
    assert any(distance_m(corner, at(4000, 1000)) < 1 for corner in to_far.corners)
    assert DETOUR.ways([], near) == []


def test_who_stands_in_the_middle_of_a_long_road_drives_from_there() -> None:
    """The nearest corner is two kilometres away: nobody walks to it."""
    (way,) = DETOUR.ways([at(2000, 1010)], at(3000, 990))
    assert way.metres == pytest.approx(1020, rel=0.02)
    assert way.seconds == pytest.approx(1000 / SPEEDS_MPS["ring"] + 20 / 3, rel=0.05)
    (back,) = DETOUR.ways([at(3000, 990)], at(2000, 1010))
    assert back.seconds == pytest.approx(way.seconds)


@given(places=st.lists(st.tuples(st.floats(-3000, 7000), st.floats(-3000, 4000)), min_size=2, max_size=6))
def test_a_way_is_never_shorter_than_the_straight_line_nor_quicker_than_the_fastest_road(places: list[tuple[float, float]]) -> None:
    end, *starts = [at(*place) for place in places]
    for start, way in zip(starts, DETOUR.ways(starts, end), strict=True):
        straight = distance_m(start, end)
        assert way.metres >= straight * 0.99 - 1
        assert way.seconds >= straight / max(SPEEDS_MPS.values()) * 0.99 - 1
        assert length_m(way.corners) == pytest.approx(way.metres, rel=0.01, abs=1)


def test_a_kept_graph_knows_the_same_ways(tmp_path: Path) -> None:
    DETOUR.write(tmp_path / "roads.npz")
    again = RoadGraph.read(tmp_path / "roads.npz")
    assert again.ways([at(0, 0)], at(4000, 0)) == DETOUR.ways([at(0, 0)], at(4000, 0))
    (tmp_path / "broken.npz").write_bytes(b"PK nothing")
    with pytest.raises((OSError, ValueError, KeyError, BadZipFile)):
        RoadGraph.read(tmp_path / "broken.npz")


def test_a_net_apart_from_the_largest_is_left_out() -> None:
    split = RoadGraph.of(roads(("main", [(0, 0), (500, 0), (1000, 0)]), ("main", [(0, 9000), (1000, 9000)])))
    assert len(split.nodes) == 3
    assert length_m(split.path(at(0, 0), at(1000, 8000))) == pytest.approx(9000, rel=0.01)


def test_a_road_of_unknown_class_is_slow() -> None:
    track = RoadGraph.of(roads(("track", [(0, 0), (1000, 0)])))
    assert track.seconds_from(at(0, 0)).max() == pytest.approx(200, rel=0.01)


def test_without_a_road_there_is_no_graph() -> None:
    with pytest.raises(NoRoads) as refused:
        RoadGraph.of(roads())
    assert refused.value.code == "geo.no_roads"


def test_what_is_no_place_has_no_way() -> None:
    with pytest.raises(NotADegree):
        DETOUR.path(at(0, 0), (float("nan"), 101.8))


def test_connected_tells_the_net_from_the_rest() -> None:
    lines = [LineString([(0, 0), (9, 0)]), LineString([(1, 1), (1, -1)]), LineString([(2, 1), (2, 2)])]
    assert connected(lines).tolist() == [True, True, False]


def test_every_community_of_the_invented_district_can_be_driven_to() -> None:
    district = invent()
    graph = RoadGraph.of(district.roads)
    seconds = graph.seconds_from(district.court)
    assert np.isfinite(seconds).all()
    inside = [point.coords[0][::-1] for point in district.communities.geometry.representative_point()]
    assert (graph.seconds_to(inside, district.court) < 3600).all()


def test_a_way_in_the_invented_district_crosses_the_river_by_its_bridges_only() -> None:
    district = invent()
    graph = RoadGraph.of(district.roads)
    bridges = [district.place(name) for name in ("青石桥", "河湾大桥", "柳溪桥", "学府桥")]
    rivers = district.river[district.river["kind"] == "river"].geometry.union_all()
    way = LineString([corner[::-1] for corner in graph.path(district.court, district.place("北桥批发市场"))[1:-1]])
    crossing = way.intersection(rivers)
    assert crossing.length > 0
    assert min(distance_m(bridge, crossing.centroid.coords[0][::-1]) for bridge in bridges) < 100

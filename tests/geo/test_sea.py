"""The sea out of coastlines: land on the left; what is broken is joined or left dry, and never floods a city."""

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geo.sea import CORNERS_MOST, Bounds, sea_of

FRAME: Bounds = (101.0, 40.0, 101.1, 40.1)
NOTHING = np.zeros((0, 2))
NORTH, SOUTH = (101.05, 40.08), (101.05, 40.02)


def line(*corners: tuple[float, float]) -> shapely.LineString:
    return shapely.LineString(corners)


def city(west: float, south: float, east: float, north: float, count: int = 400) -> np.ndarray:
    rng = np.random.default_rng(7)
    return np.stack([rng.uniform(west, east, count), rng.uniform(south, north, count)], axis=1)


def wet(areas: list[shapely.Geometry], place: tuple[float, float]) -> bool:
    return any(shapely.contains_xy(area, *place) for area in areas)


def test_a_coast_from_edge_to_edge_parts_sea_from_land() -> None:
    west_to_east = line((100.9, 40.05), (101.05, 40.055), (101.2, 40.05))  # land on the left is land in the north
    sea = sea_of([west_to_east], FRAME, city(101.0, 40.06, 101.1, 40.1))
    assert (wet(sea.areas, SOUTH), wet(sea.areas, NORTH)) == (True, False)
    assert (sea.closed, sea.dry) == (0, 0)
    turned = sea_of([shapely.reverse(west_to_east)], FRAME, NOTHING)
    assert (wet(turned.areas, SOUTH), wet(turned.areas, NORTH)) == (False, True)


def test_a_coast_in_many_ways_and_cut_a_little_inside_of_the_edge_is_one() -> None:
    """As an extract has it that keeps only the corners inside: the last one lies some metres before the edge."""
    corners = [(101.0 + 0.0004 + 0.0099 * i, 40.05) for i in range(11)]
    ways = [line(*corners[:4]), line(*corners[6:]), line(*corners[3:7])]
    sea = sea_of(ways, FRAME, NOTHING)
    assert (wet(sea.areas, SOUTH), wet(sea.areas, NORTH)) == (True, False)
    assert sea.closed == 0


def test_an_island_is_land_in_the_sea_and_a_lake_by_its_coast_is_water() -> None:
    coast = line((100.9, 40.09), (101.2, 40.09))
    island = shapely.orient_polygons(shapely.Point(101.05, 40.04).buffer(0.01)).exterior  # against the clock: land inside
    sea = sea_of([coast, island], FRAME, NOTHING)
    assert not wet(sea.areas, (101.05, 40.04))
    assert wet(sea.areas, (101.02, 40.04))
    lagoon = shapely.reverse(island)
    assert wet(sea_of([lagoon], FRAME, NOTHING).areas, (101.05, 40.04))
    assert not wet(sea_of([lagoon], FRAME, NOTHING).areas, (101.02, 40.04))


def test_a_gap_in_the_middle_is_joined_and_said() -> None:
    broken = [line((100.9, 40.05), (101.04, 40.05)), line((101.045, 40.05), (101.2, 40.05))]
    sea = sea_of(broken, FRAME, city(101.0, 40.06, 101.1, 40.1))
    assert (wet(sea.areas, SOUTH), wet(sea.areas, NORTH)) == (True, False)
    assert sea.closed == 1


def test_a_gap_in_an_island_does_not_drown_it() -> None:
    ring = shapely.get_coordinates(shapely.orient_polygons(shapely.Point(101.05, 40.04).buffer(0.01)).exterior)
    coast = line((100.9, 40.09), (101.2, 40.09))
    sea = sea_of([coast, shapely.LineString(ring[:-3])], FRAME, NOTHING)
    assert not wet(sea.areas, (101.05, 40.04))
    assert sea.closed == 1


def test_a_coast_that_runs_the_wrong_way_floods_no_city() -> None:
    backward = line((101.2, 40.05), (100.9, 40.05))  # says that the city in the north is the sea
    sea = sea_of([backward], FRAME, city(101.0, 40.06, 101.1, 40.1))
    assert not wet(sea.areas, NORTH)
    assert sea.dry == 1


def test_a_coast_that_is_only_a_stump_floods_no_city() -> None:
    stump = line((100.9, 40.05), (101.03, 40.05))
    sea = sea_of([stump], FRAME, city(101.0, 40.0, 101.1, 40.1))
    assert sea.areas == []
    assert sea.closed + sea.dry > 0


def test_piers_and_a_few_houses_on_stilts_do_not_dry_the_sea_up() -> None:
    coast = line((100.9, 40.05), (101.2, 40.05))
    piers = np.array([(101.05, 40.049), (101.06, 40.049), (101.07, 40.048), (101.08, 40.048), (101.01, 40.04)])
    sea = sea_of([coast], FRAME, np.vstack([city(101.0, 40.06, 101.1, 40.1), piers]))
    assert wet(sea.areas, SOUTH)
    assert sea.dry == 0


def test_no_coast_no_sea() -> None:
    assert sea_of([], FRAME, NOTHING).areas == []
    assert sea_of([line((99.0, 40.0), (99.1, 40.0))], FRAME, NOTHING).areas == []


def test_a_long_coast_is_cut_into_pieces_of_few_corners_that_leave_no_hair() -> None:
    across = np.linspace(100.99, 101.11, 12_000)
    coast = shapely.LineString(np.stack([across, 40.05 + 0.003 * np.sin(across * 4000)], axis=1))
    sea = sea_of([coast], FRAME, NOTHING)
    assert len(sea.areas) > 4
    assert max(shapely.get_num_coordinates(area) for area in sea.areas) <= CORNERS_MOST
    whole = shapely.union_all(sea.areas)
    assert whole.geom_type == "Polygon"
    assert whole.covers(shapely.box(101.001, 40.001, 101.099, 40.045))


@pytest.mark.parametrize("side", range(4))
def test_a_bay_at_each_edge_of_the_frame(side: int) -> None:
    """A coast that comes in over an edge and leaves by the same one."""
    turn = shapely.affinity.rotate(line((101.03, 39.9), (101.03, 40.03), (101.07, 40.03), (101.07, 39.9)), 90 * side, (101.05, 40.05))
    bay, inland = shapely.affinity.rotate(shapely.Point(101.05, 40.01), 90 * side, (101.05, 40.05)), (101.05, 40.05)
    sea = sea_of([turn], FRAME, NOTHING)
    assert wet(sea.areas, (bay.x, bay.y))
    assert not wet(sea.areas, inland)


@given(st.lists(st.floats(40.01, 40.09), min_size=3, max_size=12))
def test_sea_and_land_are_parted_by_any_coast_from_edge_to_edge(heights: list[float]) -> None:
    across = np.linspace(100.99, 101.11, len(heights))
    coast = shapely.LineString(np.stack([across, heights], axis=1))
    whole = shapely.union_all(sea_of([coast], FRAME, NOTHING).areas)
    box = shapely.box(*FRAME)
    below = shapely.Polygon([(100.99, 39.9), *coast.coords, (101.11, 39.9)]).intersection(box)
    assert whole.symmetric_difference(below).area < 1e-7 * box.area + 1e-9

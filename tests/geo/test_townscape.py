"""What fills a town stays in the town, and out of the river."""

import numpy as np
import shapely

from geo.townscape import build_town

AREA = shapely.Point(0, 0).buffer(2500)
RIVER = shapely.box(-3000, -100, 3000, 150)
TOWN = build_town(np.random.default_rng(3), AREA, 20, 700, RIVER)


def test_a_town_has_streets_both_ways_and_many_buildings() -> None:
    turns = {round(np.degrees(np.arctan2(*np.diff(line.coords, axis=0)[0][::-1]))) % 180 for line in TOWN.streets}
    assert turns == {20, 110}
    assert len(TOWN.buildings) > 30


def test_nothing_stands_outside_the_town_or_in_the_river() -> None:
    for building in TOWN.buildings:
        assert building.is_valid
        assert AREA.contains(building)
        assert building.intersection(RIVER).area < 1
    assert all(AREA.contains(line) for line in TOWN.streets)


def test_the_same_seed_builds_the_same_town() -> None:
    again = build_town(np.random.default_rng(3), AREA, 20, 700, RIVER)
    assert shapely.union_all(again.buildings).equals(shapely.union_all(TOWN.buildings))

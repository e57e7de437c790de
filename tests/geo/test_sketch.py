"""The sketch by hand: what it promises to those who draw from it."""

from geo.sketch import BRIDGES, HUB, ROADS, SITES, STREETS, TOWNS

IN_PICTURE = {"云岭镇", "北桥街道", "柳溪镇", "青石街道", "河湾街道", "石浦镇", "南洲街道", "东塘镇"}


def test_every_road_shares_a_point_with_another_or_crosses_the_whole_sketch() -> None:
    for road in ROADS:
        others = {point for other in ROADS if other is not road for point in other.points}
        through = all(not (0 <= x <= 960 and 0 <= y <= 960) for x, y in (road.points[0], road.points[-1]))
        assert through or others & set(road.points), road.name


def test_the_main_roads_meet_at_the_hub() -> None:
    assert sum(HUB in road.points for road in ROADS) >= 4


def test_the_towns_of_the_design_are_there_and_each_street_has_something_built_near_it() -> None:
    assert {street.name for street in STREETS} >= IN_PICTURE
    for street in STREETS:
        assert any(abs(town.centre[0] - street.site[0]) < 150 and abs(town.centre[1] - street.site[1]) < 150 for town in TOWNS)


def test_no_name_is_used_twice() -> None:
    names = [road.name for road in ROADS] + [street.name for street in STREETS] + [name for name, _, _ in SITES] + list(BRIDGES)
    assert len(names) == len(set(names))

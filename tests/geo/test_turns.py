"""Turns that are forbidden: nobody is sent over them, nor round the next bend and back to take them from the other side."""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import osmium
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from geo.basemap import Source, build
from geo.coordinates import Place, Plane
from geo.osm_extract import Aside, read_osm
from geo.road_net import NET
from geo.roads import SPEEDS_MPS, RoadGraph
from geo.turns import Corner, TurnAt, split
from tests.maps import NoExtract, helsinki

PLANE = Plane(40.0, 101.0)
MINOR = SPEEDS_MPS["minor"]
# A crossing in the middle of a square of streets: 1 west, 2 the crossing, 3 east, 4 north, 5 south; 6 is a bend.
NODES = {
    1: (-400, 0),
    2: (0, 0),
    3: (400, 0),
    4: (0, 400),
    5: (0, -400),
    6: (200, 0),
    7: (400, 400),
    8: (400, -400),
    9: (-400, 400),
    10: (-400, -400),
}
WAYS = {1: [1, 2], 2: [2, 6, 3], 3: [2, 4], 4: [5, 2], 5: [9, 4, 7, 3, 8, 5, 10, 1, 9]}


def at(east_m: float, north_m: float) -> Place:
    lat, lon = PLANE.latlon([(east_m, north_m)])[0].tolist()
    return lat, lon


def crossing(path: Path, *relations: tuple[dict[str, str], list[tuple[str, int, str]]], oneway: tuple[int, ...] = ()) -> Path:
    path.unlink(missing_ok=True)
    with osmium.SimpleWriter(str(path)) as writer:
        for number, corner in NODES.items():
            writer.add_node(osmium.osm.mutable.Node(id=number, location=at(*corner)[::-1]))
        for number, nodes in WAYS.items():
            tags = {"highway": "residential"} | ({"oneway": "yes"} if number in oneway else {})
            writer.add_way(osmium.osm.mutable.Way(id=number, nodes=nodes, tags=tags))
        for number, (tags, members) in enumerate(relations, start=1):
            writer.add_relation(osmium.osm.mutable.Relation(id=number, members=members, tags={"type": "restriction"} | tags))
    return path


def turn(
    kind: str, before: int, after: int, via: tuple[str, int] = ("n", 2), but: str = "", **more: str
) -> tuple[dict[str, str], list[tuple[str, int, str]]]:
    tags = {"restriction": kind} | ({"except": but} if but else {}) | more
    return tags, [("w", before, "from"), (*via, "via"), ("w", after, "to")]


def graph_of(folder: Path, *relations: tuple[dict[str, str], list[tuple[str, int, str]]], oneway: tuple[int, ...] = ()) -> RoadGraph:
    build([Source(crossing(folder / "x.osm.pbf", *relations, oneway=oneway), "osm")], folder / "layers")
    return RoadGraph.read(folder / "layers" / NET)


def metres(graph: RoadGraph, start: tuple[float, float], end: tuple[float, float]) -> float:
    way = graph.ways([at(*start)], at(*end))[0]
    assert way.seconds == pytest.approx(way.metres / MINOR, rel=0.02)
    return way.metres


WEST, NORTH, EAST, SOUTH = (-300.0, 0.0), (0.0, 300.0), (300.0, 0.0), (0.0, -300.0)


def test_a_turn_to_the_left_that_is_forbidden_is_not_driven_and_its_way_back_is(tmp_path: Path) -> None:
    free, graph = graph_of(tmp_path), graph_of(tmp_path, turn("no_left_turn", 1, 3))
    assert metres(free, WEST, NORTH) == pytest.approx(600, rel=0.01)
    assert metres(graph, WEST, NORTH) == pytest.approx(1000, rel=0.01)  # back by the square's corner
    assert metres(graph, NORTH, WEST) == pytest.approx(600, rel=0.01)
    assert metres(graph, EAST, NORTH) == pytest.approx(600, rel=0.01)
    assert metres(graph, WEST, EAST) == pytest.approx(600, rel=0.01)


def test_nobody_goes_on_to_the_next_bend_and_turns_round(tmp_path: Path) -> None:
    """From close before the crossing: a bend lies 200 m behind it, and turning round there would be 400 m."""
    graph = graph_of(tmp_path, turn("no_left_turn", 1, 3), oneway=(1,))
    assert metres(graph, (-10.0, 0.0), (0.0, 10.0)) == pytest.approx(10 + 400 + 400 + 400 + 390, rel=0.01)


@pytest.mark.parametrize("kind", ["only_straight_on", "only_right_turn", "only_left_turn"])
def test_where_only_one_way_is_allowed_no_other_is_taken(tmp_path: Path, kind: str) -> None:
    after, free = {"only_straight_on": (2, EAST), "only_right_turn": (4, SOUTH), "only_left_turn": (3, NORTH)}[kind]
    graph = graph_of(tmp_path, turn(kind, 1, after))
    for end in (EAST, SOUTH, NORTH):
        assert (metres(graph, WEST, end) == pytest.approx(600, rel=0.01)) == (end == free)


def test_two_at_one_junction_count_together(tmp_path: Path) -> None:
    graph = graph_of(tmp_path, turn("no_left_turn", 1, 3), turn("no_right_turn", 1, 4), turn("no_left_turn", 4, 1))
    assert metres(graph, WEST, EAST) == pytest.approx(600, rel=0.01)
    assert all(metres(graph, *pair) > 900 for pair in ((WEST, NORTH), (WEST, SOUTH), (SOUTH, WEST)))
    assert metres(graph, SOUTH, NORTH) == pytest.approx(600, rel=0.01)


@pytest.mark.parametrize(
    "relation",
    [
        turn("no_left_turn", 1, 3, but="psv;motorcar"),
        turn("no_left_turn", 1, 3, via=("w", 2)),
        turn("no_left_turn", 1, 99),
        turn("no_left_turn", 1, 3, via=("n", 6)),
        turn("only_straight_on", 1, 5),
        turn("no_left_turn", 3, 3),
        turn("give_way", 1, 3),
        turn("no_left_turn", 1, 3, type="route"),
        ({"restriction": "no_left_turn"}, [("w", 1, "from")]),
        ({"restriction:hgv": "no_left_turn"}, [("w", 1, "from"), ("n", 2, "via"), ("w", 3, "to")]),
        ({"restriction:conditional": "no_left_turn @ (07:00-09:00)"}, [("w", 1, "from"), ("n", 2, "via"), ("w", 3, "to")]),
    ],
)
def test_what_is_no_restriction_of_cars_at_a_node_of_its_roads_changes_nothing(
    tmp_path: Path, relation: tuple[dict[str, str], list[tuple[str, int, str]]]
) -> None:
    assert metres(graph_of(tmp_path, relation), WEST, NORTH) == pytest.approx(600, rel=0.01)


def test_seconds_of_whole_nets_know_them_too(tmp_path: Path) -> None:
    graph = graph_of(tmp_path, turn("no_left_turn", 1, 3), oneway=(1,))
    west, north = at(-400, 0), at(0, 400)
    assert len(graph.nodes) == len(NODES)
    for seconds in (graph.seconds_from(west)[graph.nearest_node(north)], graph.seconds_to([west], north)[0]):
        assert seconds == pytest.approx(800 / MINOR, rel=0.01)  # by the corner
    assert len(graph.seconds_from(west)) == len(NODES)
    assert [corner for corner in graph.path(west, north) if corner == pytest.approx(at(-400, 400), abs=1e-6)]
    again = Path(tmp_path / "again.npz")
    graph.write(again)
    assert RoadGraph.read(again).ways([west], north) == graph.ways([west], north)


def test_a_net_from_before_there_were_turns_is_read(tmp_path: Path) -> None:
    graph_of(tmp_path).write(tmp_path / "new.npz")
    with np.load(tmp_path / "new.npz") as kept:
        np.savez(tmp_path / "old.npz", **{name: kept[name] for name in kept.files if name != "at"})
    assert metres(RoadGraph.read(tmp_path / "old.npz"), WEST, NORTH) == pytest.approx(600, rel=0.01)


Arcs = list[tuple[int, int]]


@st.composite
def nets(draw: st.DrawFn) -> tuple[Arcs, list[TurnAt]]:
    pairs = st.tuples(st.integers(0, 6), st.integers(0, 6)).filter(lambda pair: pair[0] != pair[1])
    roads = draw(st.lists(pairs, min_size=3, max_size=14, unique=True))
    arcs = sorted({arc for one, other in roads for arc in ((one, other), (other, one))})
    chains = [(one, via, after) for one, via in arcs for start, after in arcs if start == via]
    turns = draw(st.lists(st.tuples(st.sampled_from(chains), st.booleans()), max_size=4))
    return arcs, [TurnAt(*chain, only) for chain, only in turns]


@given(net=nets())
def test_no_walk_through_the_net_takes_a_forbidden_turn_and_every_place_is_still_there(net: tuple[Arcs, list[TurnAt]]) -> None:
    arcs, turns = net
    made = split(np.array(arcs), np.ones(len(arcs)), 7, turns)
    assert made.at[:7].tolist() == list(range(7))
    assert {(int(made.at[a]), int(made.at[b])) for a, b in made.arcs} == set(arcs), "no road is lost, none is new"
    counted = [turn for turn in turns if _counts(arcs, turns, turn)]
    for first, second in _walks(made.arcs):
        before, via, after = int(made.at[first[0]]), int(made.at[first[1]]), int(made.at[second[1]])
        for each in counted:
            if (each.before, each.via) == (before, via):
                assert (after == each.after) if each.only else (after != each.after)


def _walks(arcs: NDArray[np.intp]) -> Iterator[tuple[list[int], list[int]]]:
    listed = arcs.tolist()
    return ((one, other) for one in listed for other in listed if one[1] == other[0])


def _counts(arcs: Arcs, turns: list[TurnAt], turn: TurnAt) -> bool:
    """Whether no other one at the same road's end contradicts it: then the first one counts."""
    same = [each for each in turns if (each.before, each.via) == (turn.before, turn.via)]
    on = {after for via, after in arcs if via == turn.via}
    for each in same:
        on &= {each.after} if each.only else on - {each.after}
    return bool(on)


def middle(one: Corner, other: Corner) -> Place:
    return 0.5 * (one[1] + other[1]), 0.5 * (one[0] + other[0])


def test_a_real_extract_has_them_and_none_is_driven(tmp_path: Path) -> None:
    try:
        extract = helsinki()
    except NoExtract as error:
        pytest.skip(str(error))
    aside = Aside()
    for _ in read_osm(extract, aside=aside):
        pass
    assert len(aside.turns) > 10
    build([Source(extract, "osm")], tmp_path)
    graph = RoadGraph.read(tmp_path / NET)
    driven = 0
    for each in aside.turns:
        start, end = middle(each.before, each.via), middle(each.after, each.via)
        way = graph.ways([start], end)[0]
        assert np.isfinite(way.seconds)
        corners = [tuple(round(value, 6) for value in corner[::-1]) for corner in way.corners[2:-2]]
        told = [tuple(round(value, 6) for value in corner) for corner in (each.before, each.via, each.after)]
        driven += len(corners) > 0
        for run in zip(corners, corners[1:], corners[2:], strict=False):
            assert each.only or list(run) != told
    assert driven
    assert all(one != other for one, other in pairwise(graph.nodes.tolist()))

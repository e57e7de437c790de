"""The district out of an extract's administrative relations: parents by containment, what is cut named, the operator's own wins."""

from pathlib import Path
from typing import Any

import geopandas
import osmium
import pytest
import shapely

from geo.administrative import district_of
from geo.basemap import Source, build
from geo.layers import read_layer
from geo.osm_extract import Administrative

COURT = (40.05, 101.05)


def area(number: int, level: int, name: str, *box: float) -> Administrative:
    return Administrative(number, level, name, shapely.to_wkb(shapely.box(*box)))


COUNTY = area(1, 6, "清溪区", 101.0, 40.0, 101.1, 40.1)
NEXT = area(2, 6, "邻县", 101.1, 40.0, 101.2, 40.1)
WEST, EAST = area(3, 8, "青石街道", 101.0, 40.0, 101.05, 40.1), area(4, 8, "柳溪镇", 101.05, 40.0, 101.1, 40.1)
FAR = area(5, 8, "远镇", 101.1, 40.0, 101.2, 40.1)
SMALL = area(6, 10, "云石社区", 101.06, 40.01, 101.08, 40.03)
ALL = (COUNTY, NEXT, WEST, EAST, FAR, SMALL)


def test_the_county_is_the_one_where_the_court_is_and_the_rest_lies_in_it() -> None:
    found = district_of(ALL, COURT, None).layers
    assert found["boundary"]["name"].tolist() == ["清溪区"]
    assert found["streets"]["name"].tolist() == ["青石街道", "柳溪镇"]
    assert found["communities"][["name", "street"]].to_numpy().tolist() == [["云石社区", "柳溪镇"]]
    assert found["streets"]["id"].tolist() == ["osm3", "osm4"]


def test_nobody_guesses_among_counties() -> None:
    found = district_of(ALL, None, None)
    assert found.layers == {}
    assert found.several == ["清溪区", "邻县"]
    assert district_of((COUNTY, WEST), None, None).layers["boundary"]["name"].tolist() == ["清溪区"]


def test_the_operators_boundary_is_the_district() -> None:
    found = district_of(ALL, COURT, shapely.box(101.1, 40.0, 101.2, 40.1))
    assert found.layers.keys() == {"streets"}
    assert found.layers["streets"]["name"].tolist() == ["远镇"]


def test_an_extract_without_areas_makes_none() -> None:
    assert district_of((), COURT, None).layers == {}


def relations(path: Path, *areas: tuple[int, int, str, str, tuple[float, float, float, float]], lose: int = 0) -> Path:
    """An extract with these areas as relations of four ways each: number, level, name, Chinese name, box; of `lose` a way is missing."""
    with osmium.SimpleWriter(str(path)) as writer:
        node, ways, members = 0, [], []
        for number, level, name, chinese, (west, south, east, north) in areas:
            corners = [(west, south), (east, south), (east, north), (west, north)]
            first = node + 1
            for place in corners:
                node += 1
                writer.add_node(osmium.osm.mutable.Node(id=node, location=place))
            made = [(10 * number + i, [first + i, first + (i + 1) % 4]) for i in range(4)]
            ways += [way for i, way in enumerate(made) if number != lose or i]
            tags: dict[str, Any] = {"type": "boundary", "boundary": "administrative", "admin_level": str(level), "name": name}
            members.append((number, [("w", way, "outer") for way, _ in made], tags | ({"name:zh-Hans": chinese} if chinese else {})))
        for number, nodes in ways:
            writer.add_way(osmium.osm.mutable.Way(id=number, nodes=nodes, tags={"highway": "residential"}))
        for number, parts, tags in members:
            writer.add_relation(osmium.osm.mutable.Relation(id=number, members=parts, tags=tags))
    return path


BOXES = (
    (1, 6, "Qingxi", "清溪区", (101.0, 40.0, 101.1, 40.1)),
    (2, 8, "Qingshi", "青石街道", (101.0, 40.0, 101.05, 40.1)),
    (3, 8, "柳溪镇", "", (101.05, 40.0, 101.1, 40.1)),
    (4, 4, "省", "", (100.0, 39.0, 102.0, 41.0)),
)


def test_relations_become_layers_with_chinese_names(tmp_path: Path) -> None:
    built = build([Source(relations(tmp_path / "x.osm.pbf", *BOXES), "osm")], tmp_path / "layers", court=COURT)
    assert read_layer(tmp_path / "layers" / "boundary.geojson")["name"].tolist() == ["清溪区"]
    assert sorted(read_layer(tmp_path / "layers" / "streets.geojson")["name"]) == ["柳溪镇", "青石街道"]
    assert [note.what for note in built.notes if note.what == "areas_cut"] == []


def test_a_relation_that_the_extract_cuts_is_named_and_left_out(tmp_path: Path) -> None:
    built = build([Source(relations(tmp_path / "x.osm.pbf", *BOXES, lose=2), "osm")], tmp_path / "layers", court=COURT)
    assert read_layer(tmp_path / "layers" / "streets.geojson")["name"].tolist() == ["柳溪镇"]
    assert [note.names for note in built.notes if note.what == "areas_cut"] == [("青石街道",)]


def test_what_the_operator_brought_stays_and_what_an_extract_gave_goes_with_it(tmp_path: Path) -> None:
    folder = tmp_path / "layers"
    own = tmp_path / "streets.gpkg"
    geopandas.GeoDataFrame({"name": ["本院的街道"]}, geometry=[shapely.box(101.0, 40.0, 101.02, 40.02)], crs=4326).to_file(own)
    first = relations(tmp_path / "first.osm.pbf", *BOXES)
    build([Source(first, "osm")], folder, court=COURT)
    build([Source(own, "streets")], folder, court=COURT)  # brought later: takes the place of the extract's
    assert read_layer(folder / "streets.geojson")["name"].tolist() == ["本院的街道"]
    build([Source(first, "osm")], folder, court=COURT)
    assert read_layer(folder / "streets.geojson")["name"].tolist() == ["本院的街道"]
    bare = relations(tmp_path / "bare.osm.pbf", BOXES[1])  # an extract without its county
    build([Source(bare, "osm")], folder, court=COURT)
    assert not (folder / "boundary.geojson").exists()
    assert read_layer(folder / "streets.geojson")["name"].tolist() == ["本院的街道"]


@pytest.mark.parametrize("level", ["", "x", "５", "5", "11", "²"])
def test_another_level_is_none_of_ours(level: str) -> None:
    from geo.osm_extract import level_of

    assert level_of({"boundary": "administrative", "admin_level": level, "name": "甲"}) is None

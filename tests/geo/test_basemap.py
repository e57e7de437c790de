"""The operator's map files: read in whatever form and datum, drawn as tiles, put in whole or not at all."""

import gzip
from pathlib import Path

import geopandas
import numpy as np
import pytest
import shapely
from pmtiles.reader import MmapSource, Reader, all_tiles

from geo.basemap import BASE, BUILDING, Source, build
from geo.coordinates import Crs, Plane, from_wgs84, from_wgs84_arrays, to_wgs84
from geo.invented import InventedDistrict, invent
from geo.layers import LayerUnreadable, read_layer
from geo.map_names import kind_of
from geo.tiles import Band, write_band
from tests.maps import NoExtract, helsinki, write_osm

PLACE = (40.075, 101.825)
PLANE = Plane(*PLACE)
ROAD = shapely.LineString(PLANE.latlon([(0, 0), (300, 40), (900, 10)])[:, ::-1])
BLOCK = shapely.box(101.80, 40.05, 101.85, 40.10)


@pytest.fixture(scope="module")
def district() -> InventedDistrict:
    return invent()


@pytest.fixture(scope="module")
def extract(tmp_path_factory: pytest.TempPathFactory, district: InventedDistrict) -> Path:
    path = tmp_path_factory.mktemp("osm") / "invented.osm.pbf"
    write_osm(path, district=district)
    return path


def written(path: Path, *shapes: shapely.Geometry, **columns: list[str]) -> Path:
    geopandas.GeoDataFrame(columns or {"name": ["青石路"] * len(shapes)}, geometry=list(shapes), crs=4326).to_file(path)
    return path


def shifted(shape: shapely.Geometry, crs: Crs) -> shapely.Geometry:
    """The shape as a map in that datum has it."""
    return shapely.transform(shape, lambda lonlat: from_wgs84_arrays(lonlat[:, ::-1], crs)[:, ::-1])


def drawn(folder: Path, layer: str) -> geopandas.GeoDataFrame:
    """A layer of the closest tiles, in degrees."""
    return geopandas.read_file(folder / BASE, layer=layer).to_crs(4326)


def test_a_name_is_the_same_whatever_the_locale_of_who_builds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("locale.getpreferredencoding", lambda *_: "gbk")
    road = shapely.LineString([(113.0, 22.0), (113.1, 22.0)])
    write_band(Band("main", 10, 12), [shapely.to_wkb(road)], ["Kötvägen 青石大道"], [0], tmp_path / "band.pmtiles")
    monkeypatch.undo()
    assert set(geopandas.read_file(tmp_path / "band.pmtiles")["name"]) == {"Kötvägen 青石大道"}


def zooms(folder: Path) -> set[int]:
    with (folder / BASE).open("rb") as file:
        return {z for (z, _, _), _ in all_tiles(MmapSource(file))}


def far_m(shape: shapely.Geometry, other: shapely.Geometry) -> float:
    """The largest distance between two shapes, in metres."""
    one, two = (shapely.transform(each, lambda lonlat: PLANE.metres(lonlat[:, ::-1])) for each in (shape, other))
    return float(shapely.hausdorff_distance(one, two))


def test_an_extract_becomes_tiles_with_its_layers_names_and_classes(tmp_path: Path, extract: Path, district: InventedDistrict) -> None:
    steps: list[str] = []
    built = build([Source(extract, "osm")], tmp_path, lambda step: steps.append(step.what))
    assert {"ring", "trunk", "main", "minor", "water", "building", "built"} <= built.counts.keys()
    assert built.counts["building"] == len(shapely.get_parts(district.blocks.geometry.to_numpy()))
    assert steps[0] == "read"
    assert steps[-1] == "join"
    assert "内环路" in set(drawn(tmp_path, "ring")["name"])
    assert zooms(tmp_path) == set(range(5, 14))
    assert not (tmp_path / BUILDING).exists()


def test_a_tile_far_away_holds_wide_roads_and_no_houses(tmp_path: Path, extract: Path) -> None:
    build([Source(extract, "osm")], tmp_path)
    with (tmp_path / BASE).open("rb") as file:
        reader = Reader(MmapSource(file))
        head = reader.header()
        assert head["min_lon_e7"] / 1e7 == pytest.approx(101.76, abs=0.1)
        far, near = ({(z, x, y): data for (z, x, y), data in all_tiles(MmapSource(file)) if z == wanted} for wanted in (9, 13))
    assert far
    assert near
    assert not any(b"building" in gzip.decompress(tile) for tile in far.values())
    assert any(b"building" in gzip.decompress(tile) and b"minor" in gzip.decompress(tile) for tile in near.values())


@pytest.mark.parametrize(("name", "crs"), [("roads.gpkg", "EPSG:4490"), ("roads.shp", "EPSG:3857"), ("roads.geojson", "EPSG:4326")])
def test_a_road_lies_where_it_is_in_every_form_and_datum(tmp_path: Path, name: str, crs: str) -> None:
    file = tmp_path / name
    geopandas.GeoDataFrame({"name": ["青石路"], "fclass": ["primary"]}, geometry=[ROAD], crs=4326).to_crs(crs).to_file(file)
    build([Source(file, "roads")], tmp_path / "layers")
    road = drawn(tmp_path / "layers", "trunk")
    assert road["name"].tolist() == ["青石路"]
    assert far_m(road.geometry.iloc[0], ROAD) < 3  # a step of the tile's grid


@pytest.mark.parametrize("crs", [Crs.GCJ02, Crs.BD09])
def test_a_place_given_in_another_datum_lies_on_its_road(tmp_path: Path, crs: Crs) -> None:
    """The rubber-sheet check: one road in both datums, one place on it as a phone's SDK would tell it."""
    file = written(tmp_path / "roads.gpkg", shifted(ROAD, crs))
    told = read_layer(file, datum=crs).geometry.iloc[0]
    assert far_m(told, ROAD) < 0.1
    lat, lon = to_wgs84(*from_wgs84(*PLACE, crs), crs)
    on = shapely.transform(told, lambda lonlat: PLANE.metres(lonlat[:, ::-1])).distance(shapely.Point(PLANE.metres([(lat, lon)])[0]))
    assert on < 0.1
    unsaid = read_layer(file).geometry.iloc[0]
    assert far_m(unsaid, ROAD) > 100  # what happens when nobody says it
    build([Source(file, "roads", crs)], tmp_path / "layers")
    assert far_m(drawn(tmp_path / "layers", "minor").geometry.iloc[0], ROAD) < 3


def test_metres_are_not_taken_for_degrees_of_another_datum(tmp_path: Path) -> None:
    file = tmp_path / "roads.gpkg"
    geopandas.GeoDataFrame({"name": ["路"]}, geometry=[ROAD], crs=4326).to_crs(3857).to_file(file)
    with pytest.raises(LayerUnreadable) as refused:
        build([Source(file, "roads", Crs.GCJ02)], tmp_path / "layers")
    assert (refused.value.why, refused.value.file) == ("datum", "roads.gpkg")


def test_names_of_a_shapefile_that_says_no_encoding_are_chinese(tmp_path: Path) -> None:
    for encoding in ("gb18030", "utf-8"):
        file = tmp_path / f"street_{encoding}.shp"
        geopandas.GeoDataFrame({"名称": ["青石街道"]}, geometry=[BLOCK], crs=4326).to_file(file, encoding=encoding)
        file.with_suffix(".cpg").unlink()
        build([Source(file, "streets")], tmp_path)
        assert read_layer(tmp_path / "streets.geojson")["name"].tolist() == ["青石街道"]


def test_communities_know_their_street_and_where_their_name_stands(tmp_path: Path) -> None:
    west, east = shapely.box(101.80, 40.05, 101.825, 40.10), shapely.box(101.825, 40.05, 101.85, 40.10)
    streets = written(tmp_path / "街道.gpkg", west, east, name=["青石街道", "柳溪镇"])
    whole = written(tmp_path / "区界.geojson", west, east, name=["一", "二"])
    small = written(tmp_path / "社区.geojson", shapely.box(101.83, 40.06, 101.84, 40.07), name=["云石社区"])
    built = build([Source(path, str(kind_of(path.name))) for path in (small, streets, whole)], tmp_path / "layers")
    assert built.counts == {"boundary": 1, "streets": 2, "communities": 1}
    assert built.tiles == 0
    community = read_layer(tmp_path / "layers" / "communities.geojson", ["id", "name", "street"])
    assert community["street"].tolist() == ["柳溪镇"]
    assert shapely.contains_xy(community.geometry.to_numpy()[0], community["lon"][0], community["lat"][0])
    boundary = read_layer(tmp_path / "layers" / "boundary.geojson").geometry.iloc[0]
    assert boundary.equals(BLOCK)


def test_a_broken_area_is_mended_and_an_empty_row_left_out(tmp_path: Path) -> None:
    bow_tie = shapely.Polygon([(101.0, 40.0), (101.1, 40.1), (101.1, 40.0), (101.0, 40.1)])
    file = written(tmp_path / "streets.gpkg", bow_tie, shapely.Polygon(), BLOCK, name=["甲街道", "乙街道", "丙街道"])
    build([Source(file, "streets")], tmp_path / "layers")
    streets = read_layer(tmp_path / "layers" / "streets.geojson")
    assert streets["name"].tolist() == ["甲街道", "丙街道"]
    assert streets.geometry.is_valid.all()


def test_what_was_there_stays_when_a_new_file_is_broken(tmp_path: Path, extract: Path) -> None:
    build([Source(extract, "osm")], tmp_path)
    before = (tmp_path / BASE).read_bytes()
    cut = tmp_path / "cut.osm.pbf"
    cut.write_bytes(extract.read_bytes()[:-2000])
    street = written(tmp_path / "streets.gpkg", BLOCK)
    with pytest.raises(LayerUnreadable) as refused:
        build([Source(street, "streets"), Source(cut, "osm")], tmp_path)
    assert refused.value.file == "cut.osm.pbf"
    assert (tmp_path / BASE).read_bytes() == before
    assert not (tmp_path / "streets.geojson").exists()
    assert not (tmp_path / BUILDING).exists()


@pytest.mark.parametrize(
    ("columns", "why"), [({"note": ["x"]}, "column"), ({"name": [""]}, "value")], ids=["no column of names", "a street without a name"]
)
def test_streets_without_names_are_refused_by_file_and_row(tmp_path: Path, columns: dict[str, list[str]], why: str) -> None:
    file = written(tmp_path / "streets.gpkg", BLOCK, **columns)
    with pytest.raises(LayerUnreadable) as refused:
        build([Source(file, "streets")], tmp_path / "layers")
    assert (refused.value.why, refused.value.file, refused.value.row) == (why, "streets.gpkg", 1 if why == "value" else 0)


def test_a_line_is_no_boundary_and_a_folder_of_nothing_no_map(tmp_path: Path) -> None:
    line = written(tmp_path / "boundary.gpkg", ROAD)
    with pytest.raises(LayerUnreadable) as refused:
        build([Source(line, "boundary")], tmp_path / "layers")
    assert (refused.value.why, refused.value.row) == ("kind", 1)
    nothing = tmp_path / "nothing.osm"
    nothing.write_text('<osm version="0.6"></osm>')
    with pytest.raises(LayerUnreadable) as refused:
        build([Source(nothing, "osm")], tmp_path / "layers")
    assert refused.value.why == "empty"


def test_what_a_killed_build_left_is_cleared_away(tmp_path: Path) -> None:
    left = tmp_path / BUILDING
    left.mkdir()
    (left / "streets.geojson").write_text("half")
    (left / "7.pmtiles").write_text("half")
    build([Source(written(tmp_path / "roads.gpkg", ROAD), "roads")], tmp_path)
    assert (tmp_path / BASE).exists()
    assert not (tmp_path / "streets.geojson").exists()
    assert not left.exists()


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("guangdong-latest.osm.pbf", "osm"), ("区界.shp", "boundary"), ("gis_osm_roads_free_1.shp", "roads"), ("街道.gpkg", "streets"),
        ("社区2026.geojson", "communities"), ("水系.shp", "water"), ("data.shp", None),
    ],
)  # fmt: skip
def test_a_file_says_by_its_name_what_it_holds(name: str, kind: str | None) -> None:
    assert kind_of(name) == kind


def test_a_real_extract_is_drawn(tmp_path: Path) -> None:
    try:
        extract = helsinki()
    except NoExtract as away:
        pytest.skip(f"PyPI is away: {away}")
    built = build([Source(extract, "osm")], tmp_path)
    assert built.counts["building"] > 400
    assert built.counts["minor"] > 300
    assert "Mannerheimintie" in set(drawn(tmp_path, "trunk")["name"])
    assert "赫尔辛基" in set(drawn(tmp_path, "place")["name"])  # the Chinese name where there is one, else the local one
    sea = shapely.union_all(drawn(tmp_path, "sea").geometry.to_numpy())
    assert shapely.contains_xy(sea, [24.945, 24.9532], [60.1765, 60.1671]).all()  # Kaisaniemenlahti, Pohjoissatama
    assert not shapely.contains_xy(sea, [24.9423, 24.9410, 24.9522], [60.1699, 60.1719, 60.1704]).any()  # squares, the station, Siltavuori
    assert built.corners > 1_000
    (cut,) = (note for note in built.notes if note.what == "areas_cut")
    assert "Kluuvi" in cut.names
    west, south, east, north = drawn(tmp_path, "building").total_bounds
    assert np.allclose((west, south, east, north), (24.935, 60.164, 24.954, 60.179), atol=0.01)

"""The operator's map files -> the base map (PMTiles) and the court's boundary layers; all of them, or what was there before stays.

What was begun and killed leaves a folder `.building`, which the next one clears away.
"""

import multiprocessing
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas
import pandas as pd
import shapely

from geo.coordinates import Crs
from geo.layers import Layer, LayerUnreadable, read_layer, write_layer
from geo.osm_extract import ROADS, Feature, read_osm
from geo.spool import Spool
from geo.tiles import Band, die_with_parent, join, spooled_band

BASE = "base.pmtiles"
BUILDING = ".building"
FEW = 20_000  # shapes: below this a second process costs more than it saves
TOGETHER = 2  # layers at a time: each holds its own shapes in memory

# From which zoom on a thing is drawn, and how large an area must be there: a wall is crowded long before it is full.
BANDS = (
    Band("built", 8, 11, 200_000), Band("built", 12, 13, 4_000),
    Band("green", 7, 10, 600_000), Band("green", 11, 12, 20_000), Band("green", 13, 13),
    Band("water", 5, 8, 3_000_000), Band("water", 9, 11, 60_000), Band("water", 12, 13),
    Band("river", 8), Band("stream", 12), Band("railway", 9),
    Band("path", 13), Band("minor", 12), Band("main", 10), Band("trunk", 8), Band("ring", 5),
    Band("building", 13), Band("place", 5),
)  # fmt: skip

BOUNDARIES = ("boundary", "streets", "communities")
# What a file holds, by its name; the operator may say it instead: streets=FILE.
KINDS = {
    "boundary": ("boundary", "border", "区界", "县界", "边界", "辖区"),
    "streets": ("street", "街道", "乡镇", "镇街"),
    "communities": ("communit", "社区", "村居"),
    "roads": ("road", "道路", "公路"),
    "water": ("water", "水系", "河流", "湖"),
    "green": ("green", "绿地", "林地"),
    "building": ("building", "建筑", "房屋"),
    "railway": ("rail", "铁路"),
    "place": ("place", "地名"),
}
NAME_COLUMNS = ("name", "名称", "fname", "mc", "xzqmc", "jdmc", "sqmc", "街道名称", "社区名称", "街道", "社区", "name_chn", "label")
ID_COLUMNS = ("id", "code", "代码", "编码", "xzqdm", "gid")
STREET_COLUMNS = ("street", "所属街道", "街道名称", "街道", "乡镇")
CLASS_COLUMNS = ("class", "fclass", "highway", "type", "等级")
OWN_ROADS = ("ring", "trunk", "main", "minor", "path")


@dataclass(frozen=True, slots=True)
class Source:
    """A file that the operator brings. kind: `osm`, or one of KINDS; datum: what its numbers are, when he says so."""

    path: Path
    kind: str
    datum: Crs | str | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """How far it is. what: read (a file, objects), tiles (a layer, of how many), join or layers; whole: 0 if not known."""

    what: str
    name: str
    done: int
    whole: int = 0


@dataclass(frozen=True, slots=True)
class Built:
    """What there is now: shapes of each layer, tiles."""

    counts: dict[str, int]
    tiles: int


Tell = Callable[[Step], None]


def kind_of(path: Path) -> str | None:
    """What a file holds, by its name; None: the operator must say it."""
    name = path.name.lower()
    if name.endswith((".osm.pbf", ".osm", ".pbf", ".osm.bz2", ".osm.gz")):
        return "osm"
    return next((kind for kind, words in KINDS.items() if any(word in name for word in words)), None)


def build(sources: Sequence[Source], folder: Path, tell: Tell = lambda _: None) -> Built:
    """Read the files, make tiles and boundary layers, and put them into the folder of layers.

    Raises LayerUnreadable, which names the file; then, as on any other error, the folder is as it was before.
    """
    unfinished = folder / BUILDING
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    try:
        counts = _made(sources, folder, unfinished, tell)
        tiles = counts.pop("", 0)
        for made in sorted(unfinished.glob("*.geojson")) + sorted(unfinished.glob(BASE)):
            with made.open("rb") as file:
                os.fsync(file.fileno())  # a power cut must not leave a name without its bytes
            os.replace(made, folder / made.name)
        return Built(counts, tiles)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _made(sources: Sequence[Source], folder: Path, unfinished: Path, tell: Tell) -> dict[str, int]:
    """Everything, in the unfinished folder: shapes of each layer, and under "" tiles."""
    counts: dict[str, int] = {}
    layers = _boundaries([source for source in sources if source.kind in BOUNDARIES], folder, tell)
    for name, layer in layers.items():
        write_layer(layer, unfinished / f"{name}.geojson")
        counts[name] = len(layer)
    ground = [source for source in sources if source.kind not in BOUNDARIES]
    if not ground:
        return counts
    with Spool(unfinished) as spool:
        for source in ground:
            for feature in _features(source, tell):
                spool.add(feature)
    if not spool.counts:
        names = ", ".join(source.path.name for source in ground)
        raise LayerUnreadable(f"{names}: hold nothing that is drawn", "empty", names)
    parts = list(_parts(spool, unfinished, tell))
    tell(Step("join", BASE, 0))
    counts[""] = join(parts, unfinished / BASE, _about(ground, spool.counts))
    return counts | spool.counts


def _about(sources: Sequence[Source], counts: Mapping[str, int]) -> dict[str, Any]:
    layers = [{"id": layer, "fields": {"name": "String"}} for layer in sorted(counts)]
    return {"name": "base", "format": "pbf", "vector_layers": layers, "osm": any(source.kind == "osm" for source in sources)}


def _parts(spool: Spool, folder: Path, tell: Tell) -> Iterator[Path]:
    """A file of tiles for each band that has shapes, the largest layers first."""
    bands = sorted((band for band in BANDS if spool.counts.get(band.layer)), key=lambda band: -spool.counts[band.layer])
    paths = [folder / f"{number}.pmtiles" for number in range(len(bands))]
    if sum(spool.counts.values()) < FEW:
        for number, (band, path) in enumerate(zip(bands, paths, strict=True)):
            tell(Step("tiles", band.layer, number, len(bands)))
            if spooled_band(folder, band, path):
                yield path
        return
    with ProcessPoolExecutor(TOGETHER, multiprocessing.get_context("spawn"), die_with_parent) as pool:
        running = [pool.submit(spooled_band, folder, band, path) for band, path in zip(bands, paths, strict=True)]
        for number, (band, path, made) in enumerate(zip(bands, paths, running, strict=True)):
            tell(Step("tiles", band.layer, number, len(bands)))
            if made.result():
                yield path


# --- what is drawn ----------------------------------------------------------------------------------------------------------------


def _features(source: Source, tell: Tell) -> Iterator[Feature]:
    name = source.path.name
    tell(Step("read", name, 0))
    if source.kind == "osm":
        yield from read_osm(source.path, lambda count: tell(Step("read", name, count)))
        return
    layer = read_layer(source.path, datum=source.datum, mend=True)
    names, classes = _column(layer, NAME_COLUMNS), _column(layer, CLASS_COLUMNS)
    for row, (wkb, shape) in enumerate(zip(shapely.to_wkb(layer.geometry.to_numpy()), layer.geometry, strict=True)):
        yield Feature(_layer_of(source.kind, shape, classes[row]), wkb, names[row] if source.kind != "building" else "", 0)
    tell(Step("read", name, len(layer)))


def _layer_of(kind: str, shape: Any, said: str) -> str:
    if kind == "roads":
        return said if said in OWN_ROADS else ROADS.get(said, "minor")
    return "river" if kind == "water" and "Line" in shape.geom_type else kind


def _column(layer: Layer, sought: Iterable[str]) -> list[str]:
    """The words of the first column that is called so; empty ones if none is."""
    name = _called(layer, sought)
    if name is None:
        return [""] * len(layer)
    return ["" if value is None or value != value else str(value).strip() for value in layer[name]]


def _called(layer: Layer, sought: Iterable[str]) -> Any:
    there = {str(column).lower(): column for column in layer.columns if column != layer.geometry.name}
    return next((there[name] for name in sought if name in there), None)


# --- the court's district ---------------------------------------------------------------------------------------------------------


def _boundaries(sources: Sequence[Source], folder: Path, tell: Tell) -> dict[str, Layer]:
    """The boundary layers as the map reads them: boundary (name), streets (id, name, lat, lon), communities (and street)."""
    read: dict[str, Layer] = {}
    for source in sorted(sources, key=lambda source: BOUNDARIES.index(source.kind)):
        tell(Step("read", source.path.name, 0))
        layer = read_layer(source.path, shapes=["Polygon"], datum=source.datum, mend=True)
        named = _area_layer(layer, source, read.get("streets", _there(folder / "streets.geojson")))
        read[source.kind] = named if source.kind not in read else _both(read[source.kind], named)
    return read


def _both(one: Layer, other: Layer) -> Layer:
    both: Layer = geopandas.GeoDataFrame(pd.concat([one, other], ignore_index=True), crs=4326)
    return both


def _there(path: Path) -> Layer | None:
    try:
        return read_layer(path, ["name"])
    except LayerUnreadable:
        return None


def _area_layer(layer: Layer, source: Source, streets: Layer | None) -> Layer:
    names = _column(layer, NAME_COLUMNS)
    if source.kind == "boundary":
        whole = shapely.union_all(layer.geometry.to_numpy())
        return geopandas.GeoDataFrame({"name": [names[0] if len(names) == 1 else ""]}, geometry=[whole], crs=4326)
    file = source.path.name
    if _called(layer, NAME_COLUMNS) is None:
        raise LayerUnreadable(f"{file}: has no column with names", "column", file, 0, " | ".join(NAME_COLUMNS[:2]))
    if "" in names:
        row = names.index("") + 1
        raise LayerUnreadable(f"{file}, row {row}: has no name", "value", file, row, str(_called(layer, NAME_COLUMNS)))
    spots = shapely.point_on_surface(layer.geometry.to_numpy())
    columns: dict[str, Any] = {
        "id": [said or name for said, name in zip(_column(layer, ID_COLUMNS), names, strict=True)],
        "name": names,
        "lat": shapely.get_y(spots).round(5),
        "lon": shapely.get_x(spots).round(5),
    }
    if source.kind == "communities":
        columns["street"] = _streets_of(layer, spots, streets)
    return geopandas.GeoDataFrame(columns, geometry=layer.geometry.to_numpy(), crs=4326)


def _streets_of(layer: Layer, spots: Any, streets: Layer | None) -> list[str]:
    """The street of each community: as the file says, else the one that holds it; empty when neither is known."""
    said = _column(layer, STREET_COLUMNS)
    if any(said) or streets is None:
        return said
    found = [""] * len(said)
    numbers, rows = shapely.STRtree(streets.geometry.to_numpy()).query(spots, predicate="intersects")
    for number, row in zip(numbers, rows, strict=True):
        found[number] = str(streets["name"].iloc[row])
    return found

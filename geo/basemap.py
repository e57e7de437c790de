"""The operator's map files -> the base map (PMTiles), the court's boundary layers and its net of roads; all, or what was there stays.

What was begun and killed leaves a folder `.building`, which the next one clears away.
"""

import json
import multiprocessing
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import pandas as pd
import shapely

from geo.administrative import district_of
from geo.changeover import put
from geo.coordinates import Crs, Place
from geo.layers import Layer, LayerUnreadable, boundary_of, read_layer, write_layer
from geo.map_names import MADE, made_of
from geo.osm_extract import ROADS, Aside, Feature, read_osm, way_rank
from geo.road_net import NET, road_net
from geo.roads import NoRoads, crossed
from geo.sea import Bounds, sea_of
from geo.spool import Spool, first_corners, read_spool
from geo.tiles import Band, die_with_parent, join, spooled_band
from geo.turns import Turn

BASE = "base.pmtiles"
BUILDING = ".building"
FEW = 20_000  # shapes: below this a second process costs more than it saves
TOGETHER = 2  # layers at a time: each holds its own shapes in memory

# From which zoom on a thing is drawn, and how large an area must be there: a wall is crowded long before it is full.
BANDS = (
    Band("sea", 5),
    Band("built", 8, 11, 200_000), Band("built", 12, 13, 4_000),
    Band("green", 7, 10, 600_000), Band("green", 11, 12, 20_000), Band("green", 13, 13),
    Band("water", 5, 8, 3_000_000), Band("water", 9, 11, 60_000), Band("water", 12, 13),
    Band("river", 8), Band("stream", 12), Band("railway", 9),
    Band("path", 13), Band("minor", 12), Band("main", 10), Band("trunk", 8), Band("ring", 5),
    Band("building", 13), Band("place", 5),
)  # fmt: skip

BOUNDARIES = ("boundary", "streets", "communities")
LAND = ("building", "minor", "main")  # things that stand on land
NODED_MOST = 100_000  # roads of a file that are cut where they cross: each pair is looked at
LAND_MOST = 200_000  # of them are looked at
NAMED_MOST = 40  # names in one note
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
    """How far it is. what: read (a file, objects), roads, sea, tiles (a layer, of how many) or join; whole: 0 if not known."""

    what: str
    name: str
    done: int
    whole: int = 0


@dataclass(frozen=True, slots=True)
class Note:
    """What the operator should know. what: coast_closed, coast_dry, areas_cut, several_counties, roads_none, _many or _thinned."""

    what: str
    count: int = 0
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Built:
    """What there is now: shapes of each layer, tiles, corners of the net of roads; and what is to be known about it."""

    counts: dict[str, int]
    tiles: int
    corners: int = 0
    notes: tuple[Note, ...] = ()


Tell = Callable[[Step], None]


def build(sources: Sequence[Source], folder: Path, tell: Tell = lambda _: None, court: Place | None = None) -> Built:
    """Read the files, make tiles, boundary layers and the net of roads, and put them into the folder of layers.

    court: its place, by which its county is found and, without one, its roads. Raises LayerUnreadable, which names the file; then, as on
    any other error, the folder is as it was before.
    """
    unfinished = folder / BUILDING
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    try:
        work = _Work(folder, unfinished, tell, court)
        work.make(sources)
        work.write_made()
        for left in (*unfinished.glob("*.spool"), *unfinished.glob("[0-9]*.pmtiles")):
            left.unlink()
        put(unfinished, folder, work.gone)
        return Built(work.counts, work.tiles, work.corners, tuple(work.notes))
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


@dataclass
class _Work:
    """One build, in the unfinished folder. gone: files of an earlier one that nothing took the place of."""

    folder: Path
    unfinished: Path
    tell: Tell
    court: Place | None
    counts: dict[str, int] = field(default_factory=dict)
    notes: list[Note] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    extracted: set[str] = field(default_factory=set)
    tiles: int = 0
    corners: int = 0

    def make(self, sources: Sequence[Source]) -> None:
        brought = _boundaries([source for source in sources if source.kind in BOUNDARIES], self.folder, self.tell)
        self._write(brought)
        ground = [source for source in sources if source.kind not in BOUNDARIES]
        if ground:
            self._ground(ground, brought)
        else:
            self.extracted = extracted(self.folder) - brought.keys()
            self.counts = made_of(self.folder).get("counts", {}) | self.counts

    def write_made(self) -> None:
        """What there is now, for whoever asks later."""
        ground = {"tiles": self.tiles, "corners": self.corners} if self.tiles else {}
        said = made_of(self.folder) | {"extracted": sorted(self.extracted), "counts": self.counts} | ground
        (self.unfinished / MADE).write_text(json.dumps(said), encoding="utf-8")

    def _write(self, layers: Mapping[str, Layer]) -> None:
        for name, layer in layers.items():
            write_layer(layer, self.unfinished / f"{name}.geojson")
            self.counts[name] = len(layer)

    def _ground(self, ground: Sequence[Source], brought: Mapping[str, Layer]) -> None:
        """Everything that is drawn below, and what else the extracts know."""
        asides: list[Aside] = []
        with Spool(self.unfinished) as spool:
            for source in ground:
                asides.append(Aside())
                for feature in _features(source, self.tell, asides[-1]):
                    spool.add(feature)
        ways = spool.counts.pop("ways", 0)
        if not spool.counts:
            names = ", ".join(source.path.name for source in ground)
            raise LayerUnreadable(f"{names}: hold nothing that is drawn", "empty", names)
        district = self._district(asides, brought)
        self._roads(ways, district, [turn for aside in asides for turn in aside.turns])
        with Spool(self.unfinished) as waters:
            for aside in asides:
                self._sea(aside, spool.counts, waters)
        drawn = spool.counts | waters.counts
        parts = list(_parts(drawn, self.unfinished, self.tell))
        self.tell(Step("join", BASE, 0))
        self.tiles = join(parts, self.unfinished / BASE, _about(ground, drawn))
        self.counts |= drawn

    def _district(self, asides: Sequence[Aside], brought: Mapping[str, Layer]) -> Any:
        """Boundary layers out of the extracts, where the operator has none of his own. Returns the court's area, if known."""
        before = extracted(self.folder)
        own = brought.keys() | {name for name in BOUNDARIES if name not in before and (self.folder / f"{name}.geojson").is_file()}
        found = district_of([area for aside in asides for area in aside.areas], self.court, self._own_boundary(brought, own))
        made = {name: layer for name, layer in found.layers.items() if name not in own}
        self._write(made)
        self.extracted = set(made)
        self.gone += [f"{name}.geojson" for name in before - made.keys() - brought.keys()]
        if found.several and "boundary" not in own:
            self._note("several_counties", found.several)
        if cut := sorted({name for aside in asides for name in aside.incomplete}):
            self._note("areas_cut", cut)
        boundary = made.get("boundary")
        return self._own_boundary(brought, own) if boundary is None else boundary.geometry.iloc[0]

    def _own_boundary(self, brought: Mapping[str, Layer], own: Iterable[str]) -> Any:
        if "boundary" in brought:
            return brought["boundary"].geometry.iloc[0]
        return boundary_of(self.folder / "boundary.geojson") if "boundary" in own else None

    def _roads(self, ways: int, district: Any, turns: Sequence[Turn]) -> None:
        if not ways:
            self.gone.append(NET)
            return
        self.tell(Step("roads", NET, ways))
        try:
            net = road_net(self.unfinished, district, self.court, turns=turns)
        except NoRoads:
            self.gone.append(NET)
            self._note("roads_none" if district is not None or self.court is not None else "roads_many")
            return
        net.graph.write(self.unfinished / NET)
        self.corners = len(net.graph.nodes)
        if net.thinned:
            self._note("roads_thinned")

    def _sea(self, aside: Aside, counts: Mapping[str, int], waters: Spool) -> None:
        if not aside.coasts:
            return
        self.tell(Step("sea", BASE, len(aside.coasts)))
        things = first_corners(self.unfinished, {layer: counts[layer] for layer in LAND if layer in counts}, LAND_MOST)
        coasts = list(shapely.from_wkb(np.array(aside.coasts, object)))
        sea = sea_of(coasts, aside.frame or self._bounds(counts, coasts), things)
        for area in sea.areas:
            waters.add(Feature("sea", shapely.to_wkb(area), "", 0))
        if sea.closed:
            self._note("coast_closed", count=sea.closed)
        if sea.dry:
            self._note("coast_dry", count=sea.dry)

    def _bounds(self, counts: Mapping[str, int], coasts: Sequence[Any]) -> Bounds:
        """Of everything that was read, where the file does not say what it holds."""
        shapes = [wkb for layer in counts for wkb in read_spool(self.unfinished, layer)[0]]
        west, south, east, north = shapely.total_bounds([*shapely.from_wkb(np.array(shapes, object)), *coasts]).tolist()
        return west, south, east, north

    def _note(self, what: str, names: Sequence[str] = (), count: int = 0) -> None:
        self.notes.append(Note(what, count or len(names), tuple(names[:NAMED_MOST])))


def extracted(folder: Path) -> set[str]:
    """The layers there that an earlier build took out of an extract."""
    return {name for name in made_of(folder).get("extracted", ()) if name in BOUNDARIES}


def _about(sources: Sequence[Source], counts: Mapping[str, int]) -> dict[str, Any]:
    layers = [{"id": layer, "fields": {"name": "String"}} for layer in sorted(counts)]
    return {"name": "base", "format": "pbf", "vector_layers": layers, "osm": any(source.kind == "osm" for source in sources)}


def _parts(counts: Mapping[str, int], folder: Path, tell: Tell) -> Iterator[Path]:
    """A file of tiles for each band that has shapes, the largest layers first."""
    bands = sorted((band for band in BANDS if counts.get(band.layer)), key=lambda band: -counts[band.layer])
    paths = [folder / f"{number}.pmtiles" for number in range(len(bands))]
    if sum(counts.values()) < FEW:
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


def _features(source: Source, tell: Tell, aside: Aside) -> Iterator[Feature]:
    name = source.path.name
    tell(Step("read", name, 0))
    if source.kind == "osm":
        yield from read_osm(source.path, lambda count: tell(Step("read", name, count)), aside)
        return
    layer = read_layer(source.path, datum=source.datum, mend=True)
    names, classes = _column(layer, NAME_COLUMNS), _column(layer, CLASS_COLUMNS)
    for row, (wkb, shape) in enumerate(zip(shapely.to_wkb(layer.geometry.to_numpy()), layer.geometry, strict=True)):
        drawn = _layer_of(source.kind, shape, classes[row])
        yield Feature(drawn, wkb, names[row] if source.kind != "building" else "", 0)
    if source.kind == "roads":
        yield from _ways(layer, classes)
    tell(Step("read", name, len(layer)))


def _ways(layer: Layer, classes: Sequence[str]) -> Iterator[Feature]:
    """What is driven on. A file out of OpenStreetMap joins its roads at common corners; of another one they meet where they cross."""
    ranks = [_way_rank(said, way) for said, way in zip(classes, _column(layer, ("oneway", "单行")), strict=True)]
    lines, owners = shapely.get_parts(layer.geometry.to_numpy(), return_index=True)
    if _called(layer, ("fclass", "highway")) is None and len(lines) <= NODED_MOST:
        lines, owners = crossed(lines, owners)
    for wkb, owner in zip(shapely.to_wkb(lines), owners, strict=True):
        if (rank := ranks[owner]) is not None:
            yield Feature("ways", wkb, "", rank)


def _way_rank(said: str, way: str) -> int | None:
    """As of an extract. way: `F` or yes, `T` or -1, where a road is driven one way only."""
    highway = {"ring": "trunk", "trunk": "primary", "main": "secondary", "minor": "residential", "path": "path"}.get(said)
    oneway = {"F": "yes", "T": "-1", "B": "no"}.get(way, way)
    return way_rank({"highway": highway or (said if said in ROADS else "residential"), "oneway": oneway})


def _layer_of(kind: str, shape: Any, said: str) -> str:
    if kind == "roads":
        return said if said in OWN_ROADS else ROADS.get(said, "minor")
    return "river" if kind == "water" and "Line" in shape.geom_type else kind


def names_of(layer: Layer) -> list[str]:
    """What its shapes are called; empty where the file does not say it."""
    return _column(layer, NAME_COLUMNS)


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

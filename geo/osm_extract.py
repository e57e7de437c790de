"""What of an OpenStreetMap extract is drawn: which of our layers a road, a lake, a wood, a house, a name belongs to."""

import struct
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import osmium

from geo.layers import LayerUnreadable
from geo.osm_turns import Restrictions
from geo.turns import Turn

KEYS = ("building", "highway", "natural", "landuse", "leisure", "waterway", "railway", "place", "boundary")
NAMES = ("name:zh-Hans", "name:zh", "name")  # in this order: what is written as the court writes comes first
EVERY = 100_000  # objects between two words of progress

ROADS = {
    "motorway": "ring", "motorway_link": "ring", "trunk": "ring", "trunk_link": "ring",
    "primary": "trunk", "primary_link": "trunk", "secondary": "main", "secondary_link": "main", "tertiary": "main", "tertiary_link": "main",
    "residential": "minor", "unclassified": "minor", "living_street": "minor", "road": "minor",
    "service": "path", "pedestrian": "path", "track": "path", "footway": "path", "cycleway": "path", "path": "path", "steps": "path",
}  # fmt: skip
RAILS = frozenset({"rail", "light_rail", "subway", "narrow_gauge", "tram"})
WATERWAYS = {"river": "river", "canal": "river", "stream": "stream", "drain": "stream", "ditch": "stream"}
GREEN = {
    "landuse": frozenset({"forest", "grass", "meadow", "recreation_ground", "village_green", "cemetery", "orchard", "vineyard"}),
    "natural": frozenset({"wood", "scrub", "grassland", "heath", "wetland"}),
    "leisure": frozenset({"park", "garden", "golf_course", "nature_reserve", "pitch"}),
}
WATER = {
    "natural": frozenset({"water", "bay"}),
    "waterway": frozenset({"riverbank", "dock"}),
    "landuse": frozenset({"reservoir", "basin", "pond"}),
}
BUILT = frozenset({"residential", "commercial", "retail", "industrial", "civil", "institutional", "education", "garages", "railway"})
LEVELS = range(6, 11)  # of administrative areas: from the county to the community
# What a car of the court drives on, as `roads.SPEEDS_MPS` calls it; the number is what `Feature.rank` of a way counts by.
DRIVEN = ("ring", "trunk", "main", "minor", "service")
THERE, BACK = 1, 2
NO_CAR = frozenset({"no", "private", "agricultural", "forestry", "military"})
PLACES = {"city": 0, "town": 1, "borough": 2, "suburb": 2, "village": 3, "quarter": 3, "neighbourhood": 4, "hamlet": 5}


class Feature(NamedTuple):
    """One thing to draw, WGS 84. rank: of a place, the larger the smaller the place; of a way, `way_rank`."""

    layer: str
    wkb: bytes
    name: str
    rank: int


class Administrative(NamedTuple):
    """An area that an authority rules. level: 6 is a county, 8 a street or town, 10 a community; the smaller the larger."""

    id: int
    level: int
    name: str
    wkb: bytes


@dataclass
class Aside:
    """What of an extract is not simply drawn. frame: west, south, east, north as the file says it; coasts: lines as WKB.

    named: every administrative relation by its number, whole or not; turns: that are forbidden to cars.
    """

    frame: tuple[float, float, float, float] | None = None
    coasts: list[bytes] = field(default_factory=list)
    areas: list[Administrative] = field(default_factory=list)
    named: dict[int, str] = field(default_factory=dict)
    turns: list[Turn] = field(default_factory=list)

    @property
    def incomplete(self) -> list[str]:
        """The names of those relations whose area the extract does not hold whole."""
        whole = {area.id for area in self.areas}
        return sorted({name for number, name in self.named.items() if number not in whole})


def read_osm(path: Path, tell: Callable[[int], None] = lambda _: None, aside: Aside | None = None) -> Iterator[Feature]:
    """Everything that is drawn, in the order of the file, and as layer `ways` once more what is driven on.

    tell: objects read so far, now and then; aside: is filled while this is read.

    Needs 16 bytes a node: a file of 100 MB some 300 MB. Raises LayerUnreadable for a file that is none, or ends too early.
    """
    try:
        yield from _read(path, tell, aside or Aside())
    except (RuntimeError, OSError, ValueError) as error:
        said = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise LayerUnreadable(f"{path.name}: cannot be read as OpenStreetMap ({said})", "unreadable", path.name, 0, said) from error


def _read(path: Path, tell: Callable[[int], None], aside: Aside) -> Iterator[Feature]:
    box = osmium.io.Reader(str(path), osmium.osm.osm_entity_bits.NOTHING).header().box()
    if box.valid():
        aside.frame = (box.bottom_left.lon, box.bottom_left.lat, box.top_right.lon, box.top_right.lat)
    wanted = osmium.filter.KeyFilter(*KEYS)
    processor = osmium.FileProcessor(str(path)).with_locations("flex_mem").with_areas(wanted).with_filter(wanted)
    wkb, restrictions = osmium.geom.WKBFactory(), Restrictions(path)
    for count, thing in enumerate(processor, start=1):
        if count % EVERY == 0:
            tell(count)
        if isinstance(thing, osmium.osm.Way):
            restrictions.see(thing)
        try:
            yield from _features(thing, wkb, aside)
        except (RuntimeError, osmium.InvalidLocationError):
            continue  # an extract ends somewhere: an area whose corners lie beyond cannot be drawn
    aside.turns = restrictions.turns()


def _features(thing: Any, wkb: Any, aside: Aside) -> Iterator[Feature]:
    tags = thing.tags
    if thing.is_way():
        yield from _lines(thing, wkb, aside)
    elif thing.is_area():
        if (level := level_of(tags)) and not thing.from_way():
            aside.areas.append(Administrative(thing.orig_id(), level, _name(tags), bytes.fromhex(wkb.create_multipolygon(thing))))
        if layer := area_layer(tags):
            name = "" if layer == "building" else _name(tags)
            yield Feature(layer, bytes.fromhex(wkb.create_multipolygon(thing)), name, 0)
    elif thing.is_node():
        rank = PLACES.get(tags.get("place", ""))
        name = _name(tags) if rank is not None else ""
        if rank is not None and name:
            yield Feature("place", bytes.fromhex(wkb.create_point(thing)), name, rank)
    elif level_of(tags):
        aside.named[thing.id] = _name(tags)


def _lines(way: Any, wkb: Any, aside: Aside) -> Iterator[Feature]:
    """A way that is drawn as a line; where the extract cut it, what of it lies inside."""
    tags = way.tags
    coast = tags.get("natural") == "coastline"
    layer = None if coast else line_layer(tags, way.is_closed())
    if layer is None and not coast:
        return
    try:
        pieces = [bytes.fromhex(wkb.create_linestring(way))]
    except (RuntimeError, osmium.InvalidLocationError):
        pieces = _inside(way)
    if coast:
        aside.coasts.extend(pieces)
        return
    name, rank = _name(tags), way_rank(tags)
    for piece in pieces:
        if layer is not None:
            yield Feature(layer, piece, name, 0)
        if rank is not None:
            yield Feature("ways", piece, "", rank)


def _inside(way: Any) -> list[bytes]:
    """The runs of corners of which the extract knows where they are."""
    runs: list[list[float]] = [[]]
    for node in way.nodes:
        if node.location.valid():
            runs[-1] += (node.location.lon, node.location.lat)
        elif runs[-1]:
            runs.append([])
    return [struct.pack(f"<BII{len(run)}d", 1, 2, len(run) // 2, *run) for run in runs if len(run) > 2]


def level_of(tags: Mapping[str, str]) -> int | None:
    """Of an administrative area that a court could mean; None for others, and for one without a name."""
    said = tags.get("admin_level", "")
    known = tags.get("boundary") == "administrative" and said.isdecimal() and int(said) in LEVELS and _name(tags)
    return int(said) if known else None


def way_rank(tags: Mapping[str, str]) -> int | None:
    """Class and direction of a road that a car may drive on, as a small number (`way_said`); None for what is walked, private or shut."""
    highway = tags.get("highway", "")
    drawn = "service" if highway == "service" else ROADS.get(highway, "path")
    if drawn not in DRIVEN or tags.get("area") == "yes":
        return None
    if "no" in (tags.get("motor_vehicle"), tags.get("motorcar")) or tags.get("access") in NO_CAR:
        return None
    return 4 * DRIVEN.index(drawn) + _direction(tags)


def way_said(rank: int) -> tuple[int, bool, bool]:
    """The number of its class in DRIVEN, whether it is driven there, and back."""
    return rank >> 2, bool(rank & THERE), bool(rank & BACK)


def _direction(tags: Mapping[str, str]) -> int:
    said = tags.get("oneway", "")
    if said in ("-1", "reverse"):
        return BACK
    round_about = said == "" and (tags.get("junction") in ("roundabout", "circular") or tags.get("highway") == "motorway")
    return THERE if said in ("yes", "1", "true") or round_about else THERE | BACK


def line_layer(tags: Mapping[str, str], closed: bool) -> str | None:
    """The layer of a way drawn as a line; None if it is drawn as an area, or not at all."""
    if (road := ROADS.get(tags.get("highway", ""))) is not None:
        return None if closed and tags.get("area") == "yes" else road
    if tags.get("railway") in RAILS:
        return None if tags.get("tunnel") == "yes" else "railway"
    return WATERWAYS.get(tags.get("waterway", "")) if tags.get("tunnel") not in ("yes", "culvert") else None


def area_layer(tags: Mapping[str, str]) -> str | None:
    """The layer of an area; None if it is not drawn."""
    if tags.get("building", "no") != "no":
        return "building"
    for layer, sought in (("water", WATER), ("green", GREEN)):
        if any(tags.get(key) in values for key, values in sought.items()):
            return layer
    return "built" if tags.get("landuse") in BUILT else None


def _name(tags: Mapping[str, str]) -> str:
    return next((tags[key] for key in NAMES if key in tags), "")

"""What of an OpenStreetMap extract is drawn: which of our layers a road, a lake, a wood, a house, a name belongs to."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import osmium

from geo.layers import LayerUnreadable

KEYS = ("building", "highway", "natural", "landuse", "leisure", "waterway", "railway", "place")
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
PLACES = {"city": 0, "town": 1, "borough": 2, "suburb": 2, "village": 3, "quarter": 3, "neighbourhood": 4, "hamlet": 5}


class Feature(NamedTuple):
    """One thing to draw, WGS 84. rank: of a place, the larger the smaller the place."""

    layer: str
    wkb: bytes
    name: str
    rank: int


def read_osm(path: Path, tell: Callable[[int], None] = lambda _: None) -> Iterator[Feature]:
    """Everything that is drawn, in the order of the file. tell: objects read so far, now and then.

    Needs 16 bytes a node: a file of 100 MB some 300 MB. Raises LayerUnreadable for a file that is none, or ends too early.
    """
    try:
        yield from _read(path, tell)
    except (RuntimeError, OSError, ValueError) as error:
        said = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise LayerUnreadable(f"{path.name}: cannot be read as OpenStreetMap ({said})", "unreadable", path.name, 0, said) from error


def _read(path: Path, tell: Callable[[int], None]) -> Iterator[Feature]:
    wanted = osmium.filter.KeyFilter(*KEYS)
    processor = osmium.FileProcessor(str(path)).with_locations("flex_mem").with_areas(wanted).with_filter(wanted)
    wkb = osmium.geom.WKBFactory()
    for count, thing in enumerate(processor, start=1):
        if count % EVERY == 0:
            tell(count)
        try:
            feature = _feature(thing, wkb)
        except (RuntimeError, osmium.InvalidLocationError):
            continue  # an extract ends somewhere: a way whose corners all lie beyond cannot be drawn
        if feature is not None:
            yield feature


def _feature(thing: Any, wkb: Any) -> Feature | None:
    tags = thing.tags
    if thing.is_way():
        layer = line_layer(tags, thing.is_closed())
        return Feature(layer, bytes.fromhex(wkb.create_linestring(thing)), _name(tags), 0) if layer else None
    if thing.is_area():
        layer = area_layer(tags)
        name = "" if layer == "building" else _name(tags)
        return Feature(layer, bytes.fromhex(wkb.create_multipolygon(thing)), name, 0) if layer else None
    if thing.is_node():
        rank = PLACES.get(tags.get("place", ""))
        name = _name(tags) if rank is not None else ""
        return Feature("place", bytes.fromhex(wkb.create_point(thing)), name, rank) if rank is not None and name else None
    return None


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

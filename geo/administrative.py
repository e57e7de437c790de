"""The court's district, its streets and communities among the administrative areas of an OpenStreetMap extract."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import geopandas
import numpy as np
import shapely

from geo.coordinates import Place
from geo.layers import Layer
from geo.osm_extract import Administrative

# Which levels of the map's areas a layer is made of: the first of them that is there. 6 is a county, 8 a street or town, 10 a community.
COUNTY, STREETS, COMMUNITIES = (6, 7), (8, 9), (10, 9)


@dataclass(frozen=True, slots=True)
class District:
    """layers: boundary, streets, communities, as far as the extract holds them; several: counties among which nobody has chosen."""

    layers: dict[str, Layer] = field(default_factory=dict)
    several: list[str] = field(default_factory=list)


def district_of(areas: Sequence[Administrative], court: Place | None, boundary: shapely.Geometry | None) -> District:
    """court: its place, by which its county is found; boundary: the operator's own, which then is the district."""
    whole = boundary
    layers: dict[str, Layer] = {}
    if whole is None:
        county, several = _county(areas, court)
        if several:
            return District(several=several)
        if county is not None:
            whole = shapely.from_wkb(county.wkb)
            layers["boundary"] = geopandas.GeoDataFrame({"name": [county.name]}, geometry=[whole], crs=4326)
    used = 0
    for name, levels in (("streets", STREETS), ("communities", COMMUNITIES)):
        level = next((each for each in levels if each != used and _within(areas, each, whole)), 0)
        if level:
            used = level
            layers[name] = _layer(_within(areas, level, whole))
    if "communities" in layers:
        layers["communities"]["street"] = _parents(layers["communities"], layers.get("streets"))
    return District(layers)


def _county(areas: Sequence[Administrative], court: Place | None) -> tuple[Administrative | None, list[str]]:
    for level in COUNTY:
        there = [area for area in areas if area.level == level]
        if court is not None:
            there = [area for area in there if shapely.contains_xy(shapely.from_wkb(area.wkb), court[1], court[0])]
        if len(there) == 1:
            return there[0], []
        if there:
            return None, sorted(area.name for area in there)
    return None, []


def _within(areas: Sequence[Administrative], level: int, whole: shapely.Geometry | None) -> list[Administrative]:
    there = [area for area in areas if area.level == level]
    if whole is None or not there:
        return there
    spots = shapely.point_on_surface(shapely.from_wkb(np.array([area.wkb for area in there], object)))
    return [area for area, inside in zip(there, shapely.contains(whole, spots), strict=True) if inside]


def _layer(areas: Sequence[Administrative]) -> Layer:
    shapes = shapely.from_wkb(np.array([area.wkb for area in areas], object))
    spots = shapely.point_on_surface(shapes)
    columns = {
        "id": [f"osm{area.id}" for area in areas],
        "name": [area.name for area in areas],
        "lat": shapely.get_y(spots).round(5),
        "lon": shapely.get_x(spots).round(5),
    }
    return geopandas.GeoDataFrame(columns, geometry=shapes, crs=4326)


def _parents(layer: Layer, streets: Layer | None) -> list[str]:
    """The name of the street that holds each community; empty where none does."""
    found = [""] * len(layer)
    if streets is None:
        return found
    spots = shapely.points(layer["lon"].to_numpy(), layer["lat"].to_numpy())
    for number, row in zip(*shapely.STRtree(streets.geometry.to_numpy()).query(spots, predicate="within"), strict=True):
        found[number] = str(streets["name"].iloc[row])
    return found

"""Which community and street of the court's district hold a place; the index is built once."""

from dataclasses import dataclass, field

import geopandas
import numpy as np
import shapely
from numpy.typing import ArrayLike

from geo.coordinates import Place, checked_arrays

Bounds = tuple[Place, Place]  # south-west, north-east


@dataclass(frozen=True)
class Districts:
    """The communities of a district.

    communities: a layer with columns id, name, street (the street's name) and geometry, WGS 84, as `layers.read_layer` checks it.
    """

    communities: geopandas.GeoDataFrame
    _rows: dict[str, int] = field(init=False, repr=False)
    _tree: shapely.STRtree = field(init=False, repr=False)
    _centres: list[Place] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        shapes = self.communities.geometry.to_numpy()
        shapely.prepare(shapes)
        object.__setattr__(self, "_rows", {str(id): row for row, id in enumerate(self.communities["id"])})
        object.__setattr__(self, "_tree", shapely.STRtree(shapes))
        object.__setattr__(self, "_centres", [_centre(shape) for shape in shapes])

    @property
    def ids(self) -> list[str]:
        """Ids of all communities, in the order of the layer."""
        return list(self._rows)

    @property
    def bounds(self) -> Bounds:
        """The two corners of the smallest box round the district: south-west, north-east."""
        west, south, east, north = (float(edge) for edge in self.communities.total_bounds)
        return (south, west), (north, east)

    def community_at(self, lat: float, lon: float) -> str | None:
        """Id of the community that holds the place; None outside the district. Raises NotADegree."""
        return self.communities_at([(lat, lon)])[0]

    def communities_at(self, latlon: ArrayLike) -> list[str | None]:
        """community_at for many places (n, 2) at once. A place on a border belongs to the first community of the layer."""
        places = checked_arrays(latlon)
        found = np.full(len(places), len(self._rows), dtype=np.intp)
        numbers, rows = self._tree.query(shapely.points(places[:, ::-1]), predicate="intersects")
        np.minimum.at(found, numbers, rows)
        ids = [*self._rows, None]
        return [ids[row] for row in found]

    def name_of(self, community_id: str) -> str:
        """The community's name. Raises KeyError."""
        return str(self.communities["name"].iloc[self._rows[community_id]])

    def street_of(self, community_id: str) -> str:
        """Name of the street or town to which the community belongs. Raises KeyError."""
        return str(self.communities["street"].iloc[self._rows[community_id]])

    def centre(self, community_id: str) -> Place:
        """A place well inside the community, at which its cases are counted. Raises KeyError."""
        return self._centres[self._rows[community_id]]


def _centre(shape: shapely.Geometry) -> Place:
    """The centroid if the shape holds it, else a point inside; rounded to a metre, so that nobody reads an address into it."""
    point = shapely.centroid(shape)
    inside = point if shapely.contains(shape, point) else shapely.point_on_surface(shape)
    return round(float(inside.y), 5), round(float(inside.x), 5)

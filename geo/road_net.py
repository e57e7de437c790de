"""The court's own roads out of what was read of map files: cut to its district and a margin, and so few that a way is found at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.coordinates import Place, Plane
from geo.osm_extract import DRIVEN, way_said
from geo.roads import SPEEDS_MPS, NoRoads, RoadGraph
from geo.spool import records
from geo.turns import Turn

NET = "roads.npz"
MARGIN_M = 10_000.0  # round the district: who comes from outside is some minutes away
ROUND_COURT_M = 30_000.0  # where nobody has said which district it is
MOST = 400_000  # straight pieces: some 190 MB in the process that finds the ways; measured by `tests.bench basemap`
TOGETHER = 20_000  # ways at a time
WIDE = 3  # classes: ring, trunk, main

# What is kept, from the most to the least: classes inside the district, and in its margin.
KEEPS = ((5, 5), (5, 4), (4, 4), (4, WIDE), (WIDE, WIDE))


@dataclass(frozen=True, slots=True)
class RoadNet:
    """graph; thinned: how often something was left out so that it fits, 0 for all of it."""

    graph: RoadGraph
    thinned: int


@dataclass(frozen=True, slots=True)
class _Pieces:
    """ends (n, 2, 2) in 1e-7 degrees; kind: number of the class; inside: of the district itself."""

    ends: NDArray[np.int32]
    kind: NDArray[np.uint8]
    there: NDArray[np.bool_]
    back: NDArray[np.bool_]
    inside: NDArray[np.bool_]

    def kept(self, rows: NDArray[np.bool_]) -> "_Pieces":
        return _Pieces(self.ends[rows], self.kind[rows], self.there[rows], self.back[rows], self.inside[rows])


def road_net(folder: Path, district: shapely.Geometry | None, court: Place | None, most: int = MOST, turns: Sequence[Turn] = ()) -> RoadNet:
    """From the spool of ways in a folder; turns: those that are forbidden.

    Raises NoRoads: nothing to drive on, or too much of it without a district to cut it to.
    """
    inside, around = _cut(district, court)
    pieces = _read(folder, inside, around)
    for thinned, (here, margin) in enumerate(KEEPS):
        kept = pieces.kept(pieces.kind < np.where(pieces.inside, here, margin))
        if len(kept.kind) <= most:
            speeds = np.array([SPEEDS_MPS[name] for name in DRIVEN])[kept.kind]
            return RoadNet(RoadGraph.of_pieces(kept.ends / 1e7, speeds, kept.there, kept.back, [_rounded(turn) for turn in turns]), thinned)
    raise NoRoads("too many roads")


def _rounded(turn: Turn) -> Turn:
    """Corner by corner as those of the pieces are."""
    before, via, after = ((round(lon * 1e7) / 1e7, round(lat * 1e7) / 1e7) for lon, lat in turn[:3])
    return Turn(before, via, after, turn.only)


def _cut(district: shapely.Geometry | None, court: Place | None) -> tuple[shapely.Geometry | None, shapely.Geometry | None]:
    """The district, and the box within which roads are kept; None: everything."""
    if district is not None:
        west, south, east, north = shapely.bounds(district)
        margin = MARGIN_M
    elif court is not None:
        south, north, west, east = court[0], court[0], court[1], court[1]
        margin = ROUND_COURT_M
    else:
        return None, None
    plane = Plane((south + north) / 2, (west + east) / 2)
    (x, y), (far_x, far_y) = plane.metres([(south, west), (north, east)])
    (low, left), (high, right) = plane.latlon([(x - margin, y - margin), (far_x + margin, far_y + margin)])
    return district, shapely.box(left, low, right, high)


def _read(folder: Path, inside: shapely.Geometry | None, around: shapely.Geometry | None) -> _Pieces:
    found: list[_Pieces] = []
    shapes: list[bytes] = []
    ranks: list[int] = []
    for wkb, _, rank in records(folder, "ways"):
        shapes.append(wkb)
        ranks.append(rank)
        if len(shapes) == TOGETHER:
            found.append(_pieces(shapes, ranks, inside, around))
            shapes, ranks = [], []
    found.append(_pieces(shapes, ranks, inside, around))
    columns = ([getattr(each, name) for each in found] for name in ("ends", "kind", "there", "back", "inside"))
    return _Pieces(*(np.concatenate(column) for column in columns))


def _pieces(shapes: Sequence[bytes], ranks: Sequence[int], inside: shapely.Geometry | None, around: shapely.Geometry | None) -> _Pieces:
    lines = shapely.from_wkb(np.array(shapes, object))
    said = np.array([way_said(rank) for rank in ranks], np.uint8).reshape(-1, 3)
    if around is not None:
        shapely.prepare(around)
        near = shapely.intersects(around, lines)
        lines, said = lines[near], said[near]
    own = np.ones(len(lines), bool)
    if inside is not None:
        shapely.prepare(inside)
        own = shapely.intersects(inside, lines)
    corners, way = shapely.get_coordinates(lines, return_index=True)
    degrees = np.round(corners * 1e7).astype(np.int32)
    same = way[:-1] == way[1:]
    ends, of = np.stack([degrees[:-1][same], degrees[1:][same]], axis=1), way[:-1][same]
    return _Pieces(ends.reshape(-1, 2, 2), said[of, 0], said[of, 1] > 0, said[of, 2] > 0, own[of])

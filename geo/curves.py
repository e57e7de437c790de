"""Smooth shapes on a plane of metres, to draw the invented district: a curve through points, a ribbon along it, a blob round a centre."""

import math

import numpy as np
import shapely
from numpy.typing import ArrayLike

from geo.coordinates import FloatArray


def smooth(points: ArrayLike, step_m: float, closed: bool = False) -> FloatArray:
    """A smooth curve through all the points (n, 2), as corners (m, 2) about `step_m` apart; the points themselves are among them.

    A cubic spline: natural at its ends, or periodic if closed.
    """
    through = np.asarray(points, np.float64).reshape(-1, 2)
    if closed:
        through = np.vstack([through, through[:1]])
    lengths = np.hypot(*np.diff(through, axis=0).T)
    spans = np.sqrt(lengths)  # the square root keeps the curve from swinging out at a short piece
    bends = _bends(through, spans, closed)
    counts = np.maximum(1, np.ceil(lengths / step_m)).astype(int)
    pieces = [
        _piece(through[i : i + 2], bends[i : i + 2], span, np.arange(count) / count)
        for i, (span, count) in enumerate(zip(spans, counts, strict=True))
    ]
    return np.vstack([*pieces, through[-1:]])


def _bends(through: FloatArray, spans: FloatArray, closed: bool) -> FloatArray:
    """Second derivatives of the spline at its points: at each, the slope before and after is the same."""
    last = len(spans)
    matrix, right = np.eye(last + 1), np.zeros((last + 1, 2))
    slopes = np.diff(through, axis=0) / spans[:, None]
    for i in range(0 if closed else 1, last):
        matrix[i] = 0
        matrix[i, [i - 1 if i else last - 1, i, i + 1]] += spans[i - 1] / 6, (spans[i - 1] + spans[i]) / 3, spans[i] / 6
        right[i] = slopes[i] - slopes[i - 1]
    if closed:
        matrix[last, 0] = -1  # the end is the beginning
    return np.asarray(np.linalg.solve(matrix, right), np.float64)


def _piece(ends: FloatArray, bends: FloatArray, span: float, at: FloatArray) -> FloatArray:
    """The spline between two of its points, at parts 0…1 of the way."""
    b = at[:, None]
    a = 1 - b
    return np.asarray(a * ends[0] + b * ends[1] + ((a**3 - a) * bends[0] + (b**3 - b) * bends[1]) * span**2 / 6, np.float64)


def ribbon(points: ArrayLike, step_m: float) -> shapely.Polygon:
    """The area along a smooth curve whose width changes: points (n, 3) are metres east, north and the width there."""
    table = np.asarray(points, np.float64)
    line = smooth(table[:, :2], step_m)
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(line, axis=0).T))])
    at = [int(np.argmin(np.hypot(*(line - point).T))) for point in table[:, :2]]
    half = np.interp(along, along[at], table[:, 2] / 2)[:, None]
    ahead = np.gradient(line, axis=0)
    side = np.stack([-ahead[:, 1], ahead[:, 0]], axis=1) / np.hypot(*ahead.T)[:, None]
    area = shapely.Polygon(np.vstack([line + side * half, (line - side * half)[::-1]])).buffer(0)
    return max(shapely.get_parts(area), key=shapely.area)  # a hair that a tight bend folds over


def blob(rng: np.random.Generator, centre: ArrayLike, radii: tuple[float, float], angle: float, rough: float) -> shapely.Polygon:
    """A round area with a natural edge: radii along its own two axes, turned by `angle`; rough: 0.1 is a soft edge, 0.3 a wild one."""
    turns = np.linspace(0, 2 * math.pi, 11, endpoint=False) + rng.uniform(-0.2, 0.2, 11)
    out = rng.uniform(1 - rough, 1 + rough, 11)
    own = np.stack([np.cos(turns) * radii[0] * out, np.sin(turns) * radii[1] * out], axis=1)
    return shapely.Polygon(smooth(own @ turned(angle) + np.asarray(centre), min(radii) / 6, closed=True))


def turned(angle: float) -> FloatArray:
    """The matrix that turns rows of (east, north) by an angle in radians, against the clock: `points @ turned(angle)`."""
    return np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])

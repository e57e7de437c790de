"""WGS 84 <-> GCJ-02 <-> BD-09, distances, bearings and metres on a plane; the only file that knows datums.

GCJ-02 and BD-09 are not published. The formulas here are the public reverse-engineered ones, written from their mathematics. They agree
with other public implementations to a millimetre; with the official, secret ones as far as people measured: about a metre in the one
example that Baidu's own converter gave for WGS 84. Everything takes and returns latitude before longitude.
"""

import math
from dataclasses import dataclass
from enum import StrEnum
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]
Place = tuple[float, float]

EARTH_RADIUS_M = 6_371_008.8  # mean radius R1, IUGG

_KRASSOVSKY_A_M = 6_378_245.0  # semi-major axis of Krassovsky 1940, on which the shift of GCJ-02 is computed
_KRASSOVSKY_E2 = 0.006_693_421_622_965_943_23
_CHINA_LAT = (0.8293, 55.8271)  # outside this rectangle GCJ-02 is WGS 84
_CHINA_LON = (72.004, 137.8347)
_BD_TURN = math.pi * 3000 / 180
_BD_LAT, _BD_LON = 0.006, 0.0065

# Each pass leaves less than 1/100 of the error (GCJ-02), 1/40 (BD-09); they begin at 1 km.
_GCJ_PASSES, _BD_PASSES = 5, 7


class NotADegree(ValueError):
    """A latitude outside ±90, a longitude outside ±180, or no number at all."""

    code = "geo.not_a_degree"


class Crs(StrEnum):
    """The datum in which a device reports degrees."""

    WGS84 = "WGS84"
    GCJ02 = "GCJ02"
    BD09 = "BD09"


def to_wgs84(lat: float, lon: float, crs: Crs | str) -> Place:
    """The same place in WGS 84. Undoing from_wgs84 leaves less than 0.01 mm. Raises NotADegree."""
    lat, lon = checked(lat, lon)
    back: Place = _back(lat, lon, Crs(crs), math)
    return back


def from_wgs84(lat: float, lon: float, crs: Crs | str) -> Place:
    """The same place as a map in that datum has it; public reverse-engineered formula. Raises NotADegree."""
    lat, lon = checked(lat, lon)
    forth: Place = _forth(lat, lon, Crs(crs), math)
    return forth


def to_wgs84_arrays(latlon: ArrayLike, crs: Crs | str) -> FloatArray:
    """to_wgs84 for many places at once: (n, 2) -> (n, 2). Raises NotADegree if any is none."""
    places = checked_arrays(latlon)
    return np.stack(_back(places[:, 0], places[:, 1], Crs(crs), np), axis=1)


def from_wgs84_arrays(latlon: ArrayLike, crs: Crs | str) -> FloatArray:
    """from_wgs84 for many places at once: (n, 2) -> (n, 2). Raises NotADegree if any is none."""
    places = checked_arrays(latlon)
    return np.stack(_forth(places[:, 0], places[:, 1], Crs(crs), np), axis=1)


def checked(lat: float, lon: float) -> Place:
    """The same two numbers if they are a place on Earth. Raises NotADegree."""
    if not (-90.0 <= lat <= 90.0 and -180.0 <= lon <= 180.0):
        raise NotADegree(f"latitude {lat}, longitude {lon}")
    return lat, lon


def checked_arrays(latlon: ArrayLike) -> FloatArray:
    """Places (n, 2) if each is one on Earth. Raises NotADegree."""
    places = np.asarray(latlon, dtype=np.float64).reshape(-1, 2)
    if not (np.abs(places) <= (90.0, 180.0)).all():
        raise NotADegree("a place lies outside ±90, ±180 degrees")
    return places


# From here to `distance_m` each formula is written once for numbers (m = math) and for arrays (m = numpy).


def _forth(lat: Any, lon: Any, crs: Crs, m: ModuleType) -> Any:
    if crs is Crs.WGS84:
        return lat, lon
    gcj = _gcj_of(lat, lon, m)
    return gcj if crs is Crs.GCJ02 else _bd_of(gcj[0], gcj[1], m)


def _back(lat: Any, lon: Any, crs: Crs, m: ModuleType) -> Any:
    """Undo _forth by fixed-point passes: guess, see where the guess lands, move by the difference."""
    if crs is Crs.WGS84:
        return lat, lon
    if crs is Crs.BD09:
        bd_lat, bd_lon = lat, lon
        lat, lon = lat - _BD_LAT, lon - _BD_LON
        for _ in range(_BD_PASSES):
            seen_lat, seen_lon = _bd_of(lat, lon, m)
            lat, lon = lat + (bd_lat - seen_lat), lon + (bd_lon - seen_lon)
    found_lat, found_lon = lat, lon
    for _ in range(_GCJ_PASSES):
        north, east = _gcj_shift(found_lat, found_lon, m)
        found_lat, found_lon = lat - north, lon - east
    inside = _in_china(found_lat, found_lon)
    return _where(inside, found_lat, lat), _where(inside, found_lon, lon)


def _gcj_of(lat: Any, lon: Any, m: ModuleType) -> Any:
    north, east = _gcj_shift(lat, lon, m)
    inside = _in_china(lat, lon)
    return _where(inside, lat + north, lat), _where(inside, lon + east, lon)


def _in_china(lat: Any, lon: Any) -> Any:
    return (lat >= _CHINA_LAT[0]) & (lat <= _CHINA_LAT[1]) & (lon >= _CHINA_LON[0]) & (lon <= _CHINA_LON[1])


def _where(inside: Any, yes: Any, no: Any) -> Any:
    return np.where(inside, yes, no) if isinstance(inside, np.ndarray) else (yes if inside else no)


def _gcj_shift(lat: Any, lon: Any, m: ModuleType) -> Any:
    """Degrees by which GCJ-02 moves a place north and east.

    Metres from a polynomial and waves around 35° N 105° E, then degrees on Krassovsky's ellipsoid.
    """
    y, x = lat - 35.0, lon - 105.0
    pi, root = math.pi, m.sqrt(abs(x))
    ripple = 20 * (m.sin(6 * pi * x) + m.sin(2 * pi * x))
    north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root
    north = north + 2 / 3 * (ripple + 20 * m.sin(pi * y) + 40 * m.sin(pi * y / 3) + 160 * m.sin(pi * y / 12) + 320 * m.sin(pi * y / 30))
    east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root
    east = east + 2 / 3 * (ripple + 20 * m.sin(pi * x) + 40 * m.sin(pi * x / 3) + 150 * m.sin(pi * x / 12) + 300 * m.sin(pi * x / 30))
    phi = lat * (pi / 180)
    squash = 1 - _KRASSOVSKY_E2 * m.sin(phi) ** 2
    meridian_m = _KRASSOVSKY_A_M * (1 - _KRASSOVSKY_E2) / (squash * m.sqrt(squash))
    parallel_m = _KRASSOVSKY_A_M / m.sqrt(squash) * abs(m.cos(phi)) + 1e-9  # the poles, where no shift is used, must not divide by zero
    return north / meridian_m * (180 / pi), east / parallel_m * (180 / pi)


def _bd_of(lat: Any, lon: Any, m: ModuleType) -> Any:
    """BD-09 of a GCJ-02 place: the pair of degrees turned and stretched by small waves, then moved."""
    radius = m.sqrt(lat * lat + lon * lon) + 0.000_02 * m.sin(lat * _BD_TURN)
    angle = m.atan2(lat, lon) + 0.000_003 * m.cos(lon * _BD_TURN)
    return radius * m.sin(angle) + _BD_LAT, radius * m.cos(angle) + _BD_LON


def distance_m(a: Place, b: Place) -> float:
    """Great-circle distance of two places; sphere of IUGG R1, error below 0.6 %."""
    phi_a, phi_b = math.radians(a[0]), math.radians(b[0])
    chord = math.sin((phi_b - phi_a) / 2) ** 2 + math.cos(phi_a) * math.cos(phi_b) * math.sin(math.radians(b[1] - a[1]) / 2) ** 2
    return 2 * EARTH_RADIUS_M * math.asin(min(1.0, math.sqrt(chord)))


def distances_m(units: ArrayLike, places: ArrayLike) -> FloatArray:
    """Great-circle distance of every unit to every place.

    units (n, 2), places (m, 2): latitude, longitude, WGS 84 degrees. Returns (n, m) metres; sphere of IUGG R1, error below 0.6 %.
    Raises NotADegree.
    """
    a, b = np.radians(checked_arrays(units))[:, None, :], np.radians(checked_arrays(places))[None, :, :]
    half = np.sin((b - a) / 2) ** 2
    chord = half[..., 0] + np.cos(a[..., 0]) * np.cos(b[..., 0]) * half[..., 1]
    return np.asarray(2 * EARTH_RADIUS_M * np.arcsin(np.sqrt(np.minimum(chord, 1.0))), dtype=np.float64)


def bearing_deg(a: Place, b: Place) -> float:
    """Direction in which one leaves a for b: clockwise from north, 0 <= bearing < 360; 0 if they are the same place."""
    phi_a, phi_b, turn = math.radians(a[0]), math.radians(b[0]), math.radians(b[1] - a[1])
    east = math.sin(turn) * math.cos(phi_b)
    north = math.cos(phi_a) * math.sin(phi_b) - math.sin(phi_a) * math.cos(phi_b) * math.cos(turn)
    bearing = math.degrees(math.atan2(east, north)) % 360.0
    return 0.0 if bearing == 360.0 else bearing  # a tiny negative angle rounds up to 360


def moved(lat: float, lon: float, bearing_deg: float, metres: float) -> Place:
    """The place that lies so many metres away in that direction along the great circle. Raises NotADegree."""
    checked(lat, lon)
    phi, theta, arc = math.radians(lat), math.radians(bearing_deg), metres / EARTH_RADIUS_M
    sine = math.sin(phi) * math.cos(arc) + math.cos(phi) * math.sin(arc) * math.cos(theta)
    sine = max(-1.0, min(1.0, sine))
    turn = math.atan2(math.sin(theta) * math.sin(arc) * math.cos(phi), math.cos(arc) - math.sin(phi) * sine)
    return math.degrees(math.asin(sine)), (lon + math.degrees(turn) + 540.0) % 360.0 - 180.0


@dataclass(frozen=True, slots=True)
class Plane:
    """Metres east and north of a place, for shapes no larger than a district.

    East is 0.7 % wrong at 50 km north or south of the place (at 40° N), less nearer. Not across the date line.
    """

    lat: float
    lon: float

    def metres(self, latlon: ArrayLike) -> FloatArray:
        """Places (n, 2) latitude, longitude -> (n, 2) metres east, north. Raises NotADegree."""
        return (checked_arrays(latlon)[:, ::-1] - (self.lon, self.lat)) * self._scale()

    def latlon(self, metres: ArrayLike) -> FloatArray:
        """(n, 2) metres east, north -> places (n, 2) latitude, longitude."""
        points = np.asarray(metres, dtype=np.float64).reshape(-1, 2)
        return np.asarray((points / self._scale() + (self.lon, self.lat))[:, ::-1], dtype=np.float64)

    def _scale(self) -> FloatArray:
        degree_m = math.radians(1.0) * EARTH_RADIUS_M
        return np.array([degree_m * math.cos(math.radians(self.lat)), degree_m])

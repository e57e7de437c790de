"""A track that outlives its raw fixes, because it belongs to a mission: thinned, packed into bytes, and read again.

Thinned by metres and by time. No place that is left out lies farther than `TOLERANCE_M` from the line that is kept; no two kept fixes are
farther apart in time than `LONGEST_STEP_S` where the unit was heard. So a halt stays a halt of that length, and a silence of more than two
minutes (`tracks.GAP_S`) is still the only thing that looks like one. Speed, accuracy and battery are not kept: they are not the way.

The bytes are little-endian. Header, 16 bytes: `ECT1`, u32 count, u64 milliseconds since 1970 UTC of the first fix. Then `count` records of
12 bytes: u32 milliseconds after the first, i32 latitude, i32 longitude in 1e-7 degree, WGS 84.
"""

import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import shapely

from geo.coordinates import Plane
from geo.fixes import Fix
from geo.tracks import track_of

TOLERANCE_M = 10.0  # what a phone errs by in a street: the way and its turnings stay, the trembling goes
LONGEST_STEP_S = 60.0  # half a gap: so that what is left out never looks like a silence
_HEAD = struct.Struct("<4sIQ")
_MAGIC = b"ECT1"
_RECORD = np.dtype([("after", "<u4"), ("lat", "<i4"), ("lon", "<i4")])


class NotATrack(ValueError):
    """These bytes are not what `packed` makes."""


@dataclass(frozen=True, slots=True)
class Moment:
    """Where it was when. lat, lon: WGS 84 degrees."""

    t_ms: int
    lat: float
    lon: float


def thinned(fixes: Iterable[Fix]) -> list[Moment]:
    """What is kept of these fixes of one unit, in whatever order they are; the first and the last of each stretch always."""
    return [Moment(fix.t_ms, fix.lat, fix.lon) for stretch in track_of(fixes).split() for fix in _thinned(stretch.fixes)]


def _thinned(stretch: Sequence[Fix]) -> Iterator[Fix]:
    """Minute by minute, each by itself: a place that stays for its time then moves no line that others were measured by."""
    begins = 0
    for place in range(1, len(stretch)):
        last = place == len(stretch) - 1
        if last or stretch[place + 1].t_ms - stretch[begins].t_ms > LONGEST_STEP_S * 1000:
            yield from (stretch[begins + corner] for corner in _corners(stretch[begins : place + 1])[:-1])
            begins = place
    yield stretch[-1]


def _corners(piece: Sequence[Fix]) -> list[int]:
    """Which places carry the line (Douglas-Peucker); each is found again by its number, which travels as its height."""
    if len(piece) == 2:
        return [0, 1]
    latlon = np.array([(fix.lat, fix.lon) for fix in piece], np.float64)
    metres = Plane(*latlon.mean(axis=0).tolist()).metres(latlon)
    line = shapely.LineString(np.column_stack([metres, np.arange(len(piece), dtype=np.float64)]))
    kept = shapely.get_coordinates(line.simplify(TOLERANCE_M, preserve_topology=False), include_z=True)
    return sorted({round(height) for height in kept[:, 2].tolist()})


def packed(moments: Sequence[Moment]) -> bytes:
    """In the order of their time, not more than 49 days long."""
    first = moments[0].t_ms if moments else 0
    records = np.empty(len(moments), _RECORD)
    for place, each in enumerate(moments):
        records[place] = (each.t_ms - first, round(each.lat * 1e7), round(each.lon * 1e7))
    return _HEAD.pack(_MAGIC, len(moments), first) + records.tobytes()


def unpacked(track: bytes) -> list[Moment]:
    """Raises NotATrack."""
    if len(track) < _HEAD.size:
        raise NotATrack(f"{len(track)} bytes")
    magic, count, first = _HEAD.unpack_from(track)
    if magic != _MAGIC or len(track) != _HEAD.size + count * _RECORD.itemsize:
        raise NotATrack(f"{len(track)} bytes")
    records = np.frombuffer(track, _RECORD, offset=_HEAD.size)
    return [Moment(first + after, lat / 1e7, lon / 1e7) for after, lat, lon in records.tolist()]

"""What was read of map files, on disk, a file a layer: a city does not stand in memory while the next file is read."""

import struct
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from geo.coordinates import EARTH_RADIUS_M, FloatArray
from geo.osm_extract import Feature

_RECORD = struct.Struct("<IHB")  # bytes of the shape, bytes of the name, rank
_NAME_BYTES = 240
_CORNER = struct.Struct("<2d")
_FIRST = {2: 9, 3: 13, 6: 22}  # where the first corner of a line, an area, several areas stands


@dataclass
class Spool:
    """Takes shapes one by one. counts: how many of each layer."""

    folder: Path
    counts: dict[str, int] = field(default_factory=dict)
    _files: dict[str, Any] = field(default_factory=dict)
    _opened: ExitStack = field(default_factory=ExitStack)

    def __enter__(self) -> "Spool":
        return self

    def __exit__(self, *_: object) -> None:
        self._opened.close()

    def add(self, feature: Feature) -> None:
        file = self._files.get(feature.layer)
        if file is None:
            file = self._files[feature.layer] = self._opened.enter_context(_path(self.folder, feature.layer).open("wb"))
        name = feature.name.encode()[:_NAME_BYTES]
        file.write(_RECORD.pack(len(feature.wkb), len(name), feature.rank) + feature.wkb + name)
        self.counts[feature.layer] = self.counts.get(feature.layer, 0) + 1


def read_spool(folder: Path, layer: str, least_m2: float = 0.0) -> tuple[list[bytes], list[str], list[int]]:
    """The shapes of a layer (WKB) with their names and ranks; of areas only those so large."""
    shapes: list[bytes] = []
    names: list[str] = []
    ranks: list[int] = []
    for wkb, name, rank in records(folder, layer):
        shapes.append(wkb)
        names.append(name)
        ranks.append(rank)
    if least_m2 <= 0 or not shapes:
        return shapes, names, ranks
    kept = np.flatnonzero(_areas_m2(shapes) >= least_m2)
    return [shapes[i] for i in kept], [names[i] for i in kept], [ranks[i] for i in kept]


def records(folder: Path, layer: str) -> Iterator[tuple[bytes, str, int]]:
    """Shape (WKB), name and rank of each, one by one."""
    with _path(folder, layer).open("rb") as file:
        while head := file.read(_RECORD.size):
            shape, name, rank = _RECORD.unpack(head)
            yield file.read(shape), file.read(name).decode(errors="ignore"), rank


def first_corners(folder: Path, counts: Mapping[str, int], most: int) -> FloatArray:
    """Longitude, latitude of about so many things of these layers (and how many of each there are), evenly taken."""
    every = sum(counts.values()) // most + 1
    found = [
        _CORNER.unpack_from(wkb, _FIRST[wkb[1]])
        for layer in counts
        for number, (wkb, _, _) in enumerate(records(folder, layer))
        if number % every == 0 and wkb[0] == 1 and wkb[1] in _FIRST
    ]
    return np.array(found, np.float64).reshape(-1, 2)


def _path(folder: Path, layer: str) -> Path:
    return folder / f"{layer}.spool"


def _areas_m2(shapes: Sequence[bytes]) -> Any:
    """About how large areas are: within a few per cent, which is enough to choose by."""
    found = shapely.from_wkb(np.array(shapes, object))
    lat = np.radians(shapely.bounds(found)[:, [1, 3]].mean(axis=1))
    degree_m = np.radians(1.0) * EARTH_RADIUS_M
    return shapely.area(found) * degree_m**2 * np.cos(lat)

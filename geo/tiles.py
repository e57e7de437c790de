"""Shapes -> vector tiles, layer by layer, and many such files -> one PMTiles file.

GDAL writes one layer a file; a tile is a list of layers, so that tiles of several files are joined by writing one behind the other.
"""

import ctypes
import gzip
import heapq
import itertools
import mmap
import signal
import sys
import zlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from pmtiles.reader import Reader, all_tiles
from pmtiles.tile import Compression, TileType, zxy_to_tileid
from pmtiles.writer import Writer
from pyogrio import raw, set_gdal_config_options

from geo.spool import read_spool

LAST_ZOOM = 13  # a tile is then 3 to 5 km wide and told to a metre: closer views draw it larger
TILE_BYTES_MOST = 2_000_000  # a denser tile loses its smallest shapes
SQUEEZE = 6
_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, slots=True)
class Band:
    """At which zooms of tiles a layer is there; areas only if they are so large."""

    layer: str
    first: int
    last: int = LAST_ZOOM
    least_m2: float = 0.0


def die_with_parent() -> None:
    """For a process that only works for another one: killed is killed."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def spooled_band(folder: Path, band: Band, path: Path) -> bool:
    """The shapes of a spool that belong to a band as a file of tiles; False if there are none. For a process of its own, too."""
    shapes, names, ranks = read_spool(folder, band.layer, band.least_m2)
    if shapes:
        write_band(band, shapes, names, ranks, path)
    return bool(shapes)


def write_band(band: Band, shapes: Sequence[bytes], names: Sequence[str], ranks: Sequence[int], path: Path) -> None:
    """One layer of shapes (WKB, longitude and latitude) as PMTiles. names: empty is none; ranks: all zero is none."""
    columns: dict[str, Any] = {}
    if any(names):
        columns["name"] = np.array([name or None for name in names], object)
    if any(ranks):
        columns["rank"] = np.array(ranks, np.int32)
    set_gdal_config_options({"GDAL_NUM_THREADS": 1})  # its threads wait for each other: one is quicker, and two layers run side by side
    raw.write(
        str(path),
        np.array(shapes, object),
        list(columns.values()),
        list(columns),
        crs="EPSG:4326",
        geometry_type="Unknown",
        driver="PMTiles",
        encoding="UTF-8",  # else by the locale of whoever builds
        layer=band.layer,
        dataset_options={"MINZOOM": str(band.first), "MAXZOOM": str(band.last), "MAX_SIZE": str(TILE_BYTES_MOST)},
    )


def join(parts: Sequence[Path], target: Path, about: dict[str, Any]) -> int:
    """One file of several: each tile holds the layers of all. about: what the file says of itself. Returns how many tiles.

    No layer may be in two of the files at the same zoom.
    """
    count = 0
    with ExitStack() as opened:
        sources = [_source(opened, part) for part in parts]
        heads = [Reader(source).header() for source in sources]
        with target.open("wb") as file:
            writer = Writer(file)
            together = heapq.merge(*(_tiles(source) for source in sources), key=lambda tile: tile[0])
            for number, same in itertools.groupby(together, key=lambda tile: tile[0]):
                writer.write_tile(number, _squeezed([data for _, data in same]))
                count += 1
            writer.finalize(_head(heads), about)
    return count


def _source(opened: ExitStack, part: Path) -> Any:
    file = opened.enter_context(part.open("rb"))
    mapped = opened.enter_context(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    return lambda offset, length: mapped[offset : offset + length]


def _tiles(source: Any) -> Iterator[tuple[int, bytes]]:
    for (z, x, y), data in all_tiles(source):
        yield zxy_to_tileid(z, x, y), data


def _squeezed(layers: Sequence[bytes]) -> bytes:
    if len(layers) == 1:
        return layers[0]
    return gzip.compress(b"".join(zlib.decompress(layer, 47) for layer in layers), SQUEEZE, mtime=0)


def _head(heads: Sequence[dict[str, Any]]) -> dict[str, Any]:
    west, south = (min(head[key] for head in heads) for key in ("min_lon_e7", "min_lat_e7"))
    east, north = (max(head[key] for head in heads) for key in ("max_lon_e7", "max_lat_e7"))
    return {
        "tile_type": TileType.MVT,
        "tile_compression": Compression.GZIP,
        "min_lon_e7": west,
        "min_lat_e7": south,
        "max_lon_e7": east,
        "max_lat_e7": north,
        "center_zoom": min(head["min_zoom"] for head in heads),
        "center_lon_e7": (west + east) // 2,
        "center_lat_e7": (south + north) // 2,
    }

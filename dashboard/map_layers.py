"""Map layers as a browser wants them: made once from the layer's file, kept beside it, read from there by every later start."""

import contextlib
import gzip
import hashlib
import os
from pathlib import Path
from typing import Any

import orjson

from dashboard.kept_beside import keep, kept_of
from data.errors import NotFound

LAYERS = ("boundary", "streets", "communities", "river", "towns", "blocks", "roads", "railway", "contours", "places")
COLUMNS = ("id", "name", "class", "street", "kind", "level", "communities", "lat", "lon", "angle", "size", "height_m")
COLUMNS_TAG = hashlib.sha256(",".join(COLUMNS).encode()).hexdigest()[:8]


BASE = "base.pmtiles"
EMPTY = b'{"type":"FeatureCollection","features":[]}'  # of a layer that this court has not put in: nothing to draw is no fault
EMPTY_TAG = '"none"'
HEAD = 127  # bytes of a PMTiles file's head (specification, version 3)
HEAD_MARK = b"PMTiles\x03"


class BaseMap:
    """The operator's base map: one file of tiles, of which a browser asks for ranges."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / BASE

    @property
    def path(self) -> Path:
        """Raises NotFound."""
        if not self._path.is_file():
            raise NotFound(BASE)
        return self._path

    def about(self, approval: str) -> dict[str, Any]:
        """What a page must know before it asks for tiles; `tiles` is None where there is no base map, or a broken one.

        version: of the file, so that no browser joins pieces of two; bounds: south, west, north, east; osm: whose data must be named.
        """
        try:
            with self._path.open("rb") as file:
                head = file.read(HEAD)
                if not head.startswith(HEAD_MARK):
                    return {"tiles": None}
                changed = os.fstat(file.fileno()).st_mtime_ns
                file.seek(int.from_bytes(head[24:32], "little"))
                said = orjson.loads(gzip.decompress(file.read(int.from_bytes(head[32:40], "little"))))
        except (OSError, EOFError, orjson.JSONDecodeError):
            return {"tiles": None}
        west, south, east, north = (int.from_bytes(head[at : at + 4], "little", signed=True) / 1e7 for at in range(102, 118, 4))
        return {
            "tiles": f"/api/layers/{BASE}?v={changed}",
            "first": head[100],
            "last": head[101],
            "bounds": [south, west, north, east],
            "osm": bool(said.get("osm")),
            "approval": approval,
        }


def map_version(folder: Path, approval: str) -> str:
    """Another one as soon as the court has another map or may show it by another approval: open pages then take it. In a thread."""
    files = []
    for name in (BASE, *(f"{layer}.geojson" for layer in LAYERS)):
        with contextlib.suppress(OSError):
            stat = (folder / name).stat()
            files.append((name, stat.st_mtime_ns, stat.st_size))
    return hashlib.sha256(repr((files, approval)).encode()).hexdigest()[:16]


class MapLayers:
    """Layer files as a browser wants them, read once each."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read: dict[str, tuple[int, bytes, str]] = {}

    def read(self, name: str) -> tuple[bytes, str]:
        """GeoJSON and its tag; nothing to draw where the court has no such layer. In a thread: tens of milliseconds. Raises NotFound."""
        if name not in LAYERS:
            raise NotFound(name)
        path = self._folder / f"{name}.geojson"
        if not path.is_file():
            return EMPTY, EMPTY_TAG
        changed = path.stat().st_mtime_ns
        known = self._read.get(name)
        if known is None or known[0] != changed:
            body = self._kept(path, changed)
            known = self._read[name] = (changed, body, f'"{hashlib.sha256(body).hexdigest()[:24]}"')
        return known[1], known[2]

    def prepare(self) -> None:
        """Make every layer that is there ready for the next reader, in whatever process."""
        for name in LAYERS:
            if (self._folder / f"{name}.geojson").is_file():
                self.read(name)

    def _kept(self, path: Path, changed: int) -> bytes:
        kept = kept_of(path, changed, f"-{COLUMNS_TAG}.json")
        try:
            return kept.read_bytes()
        except OSError:
            pass  # not made yet
        body = _made(path)
        keep(path, kept, lambda fresh: fresh.write_bytes(body))
        return body


def _made(path: Path) -> bytes:
    from geo.features import features  # geopandas takes most of a second to import, and no door needs it before a map is drawn
    from geo.layers import read_layer

    layer = read_layer(path)
    return orjson.dumps(features(layer, [column for column in COLUMNS if column in layer.columns]))

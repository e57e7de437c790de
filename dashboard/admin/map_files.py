"""The operator's map files before they are built: what he put into the server's folder `maps`, and what was uploaded, in its `incoming`.

An upload has a name of ours; what it was called stands beside it as text. Bounded: so many, so large, and the disk keeps its reserve.
"""

import contextlib
import hashlib
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import orjson
from ulid import ULID

from data.errors import BadInput, NotFound, RuleBroken, StorageFull, TooLarge
from data.rules import words
from data.rules.videos import shown_name

MOST_BYTES = 8 << 30
MOST_FILES = 60
LEFT_S = 7 * 86_400.0  # an upload that nobody built from for so long is removed
WHOLE = (".osm.pbf", ".osm.bz2", ".osm.gz", ".pbf", ".osm", ".gpkg", ".geojson", ".json", ".shp")
BESIDE = (".shx", ".dbf", ".prj", ".cpg")  # parts of a shapefile: found by their common name
SUFFIX = ".map"


@dataclass(frozen=True, slots=True)
class MapFile:
    """One file. arrived: bytes that are here; parts: ending and path of everything that belongs to it; uploaded: it may be removed here."""

    id: str
    name: str
    size: int
    arrived: int
    suffix: str
    uploaded: bool
    path: Path
    parts: dict[str, Path] = field(default_factory=dict)

    @property
    def whole(self) -> bool:
        return self.arrived == self.size


class MapFiles:
    """All of them. In a thread: it reads folders."""

    def __init__(self, maps: Path) -> None:
        self._maps, self._incoming = maps, maps / "incoming"

    def listed(self) -> list[MapFile]:
        """What can be chosen, and what is still on its way; parts of shapefiles stand with their `.shp`."""
        every = [*self._uploaded(), *self._put()]
        shapes = {(each.uploaded, _stem(each)): each for each in every if each.suffix == ".shp" and each.whole}
        shown = []
        for each in every:
            belongs = shapes.get((each.uploaded, _stem(each))) if each.suffix in BESIDE and each.whole else None
            (belongs or each).parts[each.suffix] = each.path
            if belongs is None:
                shown.append(each)
        return sorted(shown, key=lambda each: each.name)

    def one(self, file_id: str) -> MapFile:
        """Raises NotFound."""
        for each in (*self.listed(), *self._uploaded()):
            if each.id == file_id:
                return each
        raise NotFound("map file", code="not_found.map_file")

    def begin(self, size: int, said: str) -> str:
        """A file is to come. Raises BadInput basemap.form, TooLarge, RuleBroken, StorageFull."""
        name = shown_name(said)
        if not suffix_of(name):
            raise BadInput("form", code="basemap.form", file=name or "–", forms=" ".join((*WHOLE, *BESIDE)))
        if not 0 < size <= MOST_BYTES:
            raise TooLarge("map", code="basemap.too_large", file=name, most=MOST_BYTES >> 30)
        self._sweep()
        if len(list(self._incoming.glob("*.json"))) >= MOST_FILES:
            raise RuleBroken("full", code="basemap.too_many", most=MOST_FILES)
        file_id = str(ULID())
        try:
            self._incoming.mkdir(parents=True, exist_ok=True, mode=0o700)
            fresh = self._incoming / f"{file_id}.new"
            fresh.write_bytes(orjson.dumps({"name": name, "size": size}))
            fresh.chmod(0o600)
            fresh.replace(self._incoming / f"{file_id}.json")
        except OSError as error:
            raise StorageFull(str(error)) from error
        return file_id

    def promised(self) -> dict[str, int]:
        """The whole sizes of what is on its way, by id."""
        return {each.id: each.size for each in self._uploaded()}

    def remove(self, file_id: str) -> None:
        """An uploaded file and what belongs to it. Raises NotFound."""
        file = self.one(file_id)
        if not file.uploaded:
            raise NotFound("not uploaded", code="not_found.map_file")
        for path in {file.path, *file.parts.values()}:
            self._forget(path)

    def _uploaded(self) -> Iterator[MapFile]:
        for told in sorted(self._incoming.glob("*.json")):
            try:
                said = orjson.loads(told.read_bytes())
                name, size = str(said["name"]), int(said["size"])
            except (OSError, ValueError, KeyError, TypeError):
                continue  # half removed, or not ours
            path = told.with_suffix(SUFFIX)
            arrived = path.stat().st_size if path.exists() else 0
            yield MapFile(told.stem, name, size, arrived, suffix_of(name), True, path)

    def _put(self) -> Iterator[MapFile]:
        """What the operator put there himself; a link that leads elsewhere is none of his files here."""
        for path in sorted(self._maps.glob("*")):
            suffix = suffix_of(path.name)
            if suffix and path.is_file() and not path.is_symlink():
                key = hashlib.sha256(path.name.encode(errors="surrogateescape")).hexdigest()[:24]
                size = path.stat().st_size
                yield MapFile(f"put-{key}", shown_name(path.name), size, size, suffix, False, path)

    def _sweep(self) -> None:
        old = time.time() - LEFT_S
        for told in self._incoming.glob("*.json"):
            with contextlib.suppress(OSError):
                path = told.with_suffix(SUFFIX)
                if max(told.stat().st_mtime, path.stat().st_mtime if path.exists() else 0.0) < old:
                    self._forget(path)

    def _forget(self, path: Path) -> None:
        path.unlink(missing_ok=True)
        path.with_suffix(".json").unlink(missing_ok=True)


def suffix_of(name: str) -> str:
    """The ending that tells the form; empty for one that is no map file."""
    return next((each for each in (*WHOLE, *BESIDE) if name.lower().endswith(each) and len(name) > len(each)), "")


def upload_id(said: str) -> str:
    """Raises NotFound: what is no id never reaches a path."""
    if not words.ULID.fullmatch(said):
        raise NotFound("id", code="not_found.map_file")
    return said


def _stem(file: MapFile) -> str:
    return file.name[: -len(file.suffix)].lower() if file.suffix else file.name

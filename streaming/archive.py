"""What the archive of positions looks like: one GeoParquet file of a sealed day, its rows in order of unit and time; written and read here.

GeoParquet 1.1, points as WKB in WGS 84 (OGC:CRS84: longitude, latitude), so that any geographic tool opens it in fifty years. Every column
of the day file is there, and a place read from here is the same number as read from there. Rows of one unit stand together, and the file
says of each group of rows which units it holds: a track is read from one or two groups, not from the day.

`python -m streaming.archive DAY_FILE ARCHIVE_FILE` writes one in a process of its own, with little memory: it prints a line of JSON now and
then (`{"share": 0.4}`) and at the end (`{"fixes": …, "units": …, "size": …, "sha256": …}`). The file is whole under its name or not there.
"""

import contextlib
import hashlib
import json
import os
import resource
import sqlite3
import sys
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import date
from io import BufferedReader
from itertools import repeat
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import orjson

from data.errors import ArchiveChanged
from geo.fixes import Fix

GROUP = 65_536  # rows: a unit's busy day at one fix a second is half of it, and a group takes 50 MB on its way through
MEMORY_MOST = 3_000_000_000  # bytes of addresses; what is really used is a tenth
NICE = 10  # timers and alarms come first
TOLD_S = 1.0
REMEMBERED = 4_000  # files whose digest was compared since the start
PART = ".part"
COLUMNS = (
    "id", "device_no", "unit_no", "t", "geometry", "accuracy_m", "speed_mps", "heading_deg", "battery_pct", "provider", "received_at",
)  # fmt: skip
_POINT = np.dtype([("order", "u1"), ("kind", "<u4"), ("lon", "<f8"), ("lat", "<f8")])  # WKB of a point, 21 bytes
_IN_ORDER = """
SELECT id, device_no, unit_no, t_ms, lat_e7, lon_e7, accuracy_m, speed_mps, heading_deg, battery_pct, provider, received_ms
FROM fix INDEXED BY of_unit ORDER BY unit_no, t_ms, device_no
"""


@dataclass(frozen=True, slots=True)
class Written:
    """What an archive file holds. sha256: of the whole file."""

    fixes: int
    units: int
    size: int
    sha256: str


def archive_file(folder: Path, archive_id: str, day: date) -> Path:
    """Where the archive of a sealed day is; the id is the day file's seal."""
    return folder / f"positions-{day:%Y%m%d}-{archive_id}.parquet"


# --- writing ----------------------------------------------------------------------------------------------------------------------------


def write(day_file: Path, path: Path, tell: Callable[[float], None] = lambda share: None) -> Written:
    """The sealed day as GeoParquet. A group of rows at a time; the file gets its name once it is on disk. Raises OSError, sqlite3.Error."""
    unfinished = path.with_name(f"{path.name}.{os.getpid()}{PART}")
    try:
        with contextlib.closing(sqlite3.connect(f"file:{day_file}?mode=ro", uri=True, timeout=5)) as source:
            total = source.execute("SELECT count(*) FROM fix").fetchone()[0]
            units = source.execute("SELECT count(DISTINCT unit_no) FROM fix").fetchone()[0]
            with open(unfinished, "wb", opener=_ours_alone) as file:
                fixes = _write_groups(source, total, file, tell)
                file.flush()
                os.fsync(file.fileno())
        _check(unfinished, fixes, total)
        with unfinished.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        unfinished.chmod(0o400)
        os.replace(unfinished, path)
        _settle(path.parent)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise
    return Written(fixes, units, path.stat().st_size, sha256)


def _write_groups(source: sqlite3.Connection, total: int, file: BinaryIO, tell: Callable[[float], None]) -> int:
    """How many rows were written. One group is compressed in a thread while the next one is read: never more than two in memory."""
    import pyarrow.parquet as pq

    schema = _schema()
    form: Any = {
        "compression": "zstd",
        "compression_level": 3,
        "use_dictionary": ["provider", "unit_no", "device_no"],
        "column_encoding": {"t": "DELTA_BINARY_PACKED", "received_at": "DELTA_BINARY_PACKED"},
        "write_statistics": ["unit_no", "t", "device_no"],
        "sorting_columns": [pq.SortingColumn(COLUMNS.index("unit_no")), pq.SortingColumn(COLUMNS.index("t"))],
    }
    done, under_way = 0, _nothing()
    with pq.ParquetWriter(file, schema, **form) as writer, ThreadPoolExecutor(1) as thread:
        cursor = source.execute(_IN_ORDER)
        while rows := cursor.fetchmany(GROUP):
            group = _group(rows, schema)
            done += len(rows)
            under_way.result()
            under_way = thread.submit(writer.write_table, group, GROUP)
            tell(done / max(total, 1))
        under_way.result()
    return done


def _nothing() -> "Future[None]":
    future: Future[None] = Future()
    future.set_result(None)
    return future


def _schema() -> Any:
    import pyarrow as pa

    moment = pa.timestamp("ms", tz="UTC")
    kinds = {
        "id": pa.string(), "device_no": pa.int64(), "unit_no": pa.int64(), "t": moment, "geometry": pa.binary(), "accuracy_m": pa.float64(),
        "speed_mps": pa.float64(), "heading_deg": pa.float64(), "battery_pct": pa.int16(), "provider": pa.string(), "received_at": moment,
    }  # fmt: skip
    fields = [pa.field(name, kinds[name], nullable=name in COLUMNS[5:9]) for name in COLUMNS]
    return pa.schema(fields, metadata={"geo": json.dumps(_geo())})


def _geo() -> dict[str, Any]:
    """GeoParquet's own description: which column is the place, how it is written, and its datum in words of PROJ."""
    from pyproj import CRS

    column = {"encoding": "WKB", "geometry_types": ["Point"], "crs": CRS.from_user_input("OGC:CRS84").to_json_dict()}
    return {"version": "1.1.0", "primary_column": "geometry", "columns": {"geometry": column}}


def _group(rows: Sequence[tuple[Any, ...]], schema: Any) -> Any:
    import pyarrow as pa

    id_, device, unit, t, lat, lon, accuracy, speed, heading, battery, provider, received = zip(*rows, strict=True)
    points = np.empty(len(rows), _POINT)
    points["order"], points["kind"] = 1, 1
    for name, e7 in (("lon", lon), ("lat", lat)):
        points[name] = pa.array(e7, pa.int64()).to_numpy() / 1e7  # four times as quick as numpy's own way
    offsets = np.arange(len(rows) + 1, dtype=np.int32) * _POINT.itemsize
    geometry = pa.Array.from_buffers(pa.binary(), len(rows), [None, pa.py_buffer(offsets), pa.py_buffer(points.tobytes())])
    given = dict(zip(COLUMNS, (id_, device, unit, t, geometry, accuracy, speed, heading, battery, provider, received), strict=True))
    made = [value if name == "geometry" else pa.array(value, schema.field(name).type) for name, value in given.items()]
    return pa.Table.from_arrays(made, schema=schema)


def _check(path: Path, fixes: int, total: int) -> None:
    """The file says of itself what went into it. Raises OSError."""
    import pyarrow.parquet as pq

    said = pq.ParquetFile(path).metadata.num_rows
    if not said == fixes == total:
        raise OSError(f"{total} fixes, {fixes} read, {said} written")


def _ours_alone(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _settle(folder: Path) -> None:
    """The name outlives a crash."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


# --- reading ----------------------------------------------------------------------------------------------------------------------------


class Archive:
    """The archive files of one folder, for reading. What was changed on disk is refused, never shown."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._compared: OrderedDict[Path, tuple[str, tuple[int, ...]]] = OrderedDict()

    def track(self, archive_id: str, day: date, sha256: str, unit_no: int, from_ms: int, to_ms: int) -> list[Fix]:
        """The unit's fixes of one archived day, both ends included. Raises ArchiveChanged: not there, or not the file with this digest."""
        path = archive_file(self._folder, archive_id, day)
        try:
            with path.open("rb") as file:
                self._compare(path, file, sha256)
                return list(_fixes(file, unit_no, from_ms, to_ms))
        except OSError as error:
            raise ArchiveChanged(f"{path.name}: {error.strerror or error}", day=f"{day:%Y-%m-%d}") from error

    def _compare(self, path: Path, file: BufferedReader, sha256: str) -> None:
        """Read from beginning to end before its first use, and again whenever the disk says that anything about it has changed."""
        said = os.fstat(file.fileno())
        mark = (said.st_ino, said.st_size, said.st_mtime_ns, said.st_ctime_ns)
        if self._compared.get(path) == (sha256, mark):
            return
        if hashlib.file_digest(file, "sha256").hexdigest() != sha256:
            raise ArchiveChanged(path.name, day=f"{path.name[10:14]}-{path.name[14:16]}-{path.name[16:18]}")
        self._compared[path] = sha256, mark
        while len(self._compared) > REMEMBERED:
            self._compared.popitem(last=False)
        file.seek(0)


def _fixes(file: BinaryIO, unit_no: int, from_ms: int, to_ms: int) -> Iterator[Fix]:
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    parquet = pq.ParquetFile(file)
    place = COLUMNS.index("unit_no")
    for number in range(parquet.num_row_groups):
        told = parquet.metadata.row_group(number).column(place).statistics
        if told is not None and told.has_min_max and not told.min <= unit_no <= told.max:
            continue
        group = parquet.read_row_group(number, columns=list(COLUMNS[:-1]), use_threads=False)
        t_ms = group["t"].cast(pa.int64())
        within = pc.and_(pc.greater_equal(t_ms, from_ms), pc.less_equal(t_ms, to_ms))
        wanted = group.set_column(COLUMNS.index("t"), "t", t_ms).filter(pc.and_(pc.equal(group["unit_no"], unit_no), within))
        points = np.frombuffer(b"".join(wanted["geometry"].to_pylist()), _POINT)
        given = {name: _plain(wanted[name]) for name in COLUMNS[:-1] if name != "geometry"}
        yield from map(
            Fix,
            *(given[name] for name in ("id", "unit_no", "device_no", "t")),
            *(points[name].tolist() for name in ("lat", "lon")),
            *(given[name] for name in ("accuracy_m", "speed_mps", "heading_deg", "battery_pct", "provider")),
            repeat(False),
        )


def _plain(column: Any) -> list[Any]:
    """The column's values; by numpy, where it can say them, in a tenth of the time."""
    if column.null_count == 0 and column.type != "string":
        return list(column.to_numpy().tolist())
    return list(column.to_pylist())


# --- the process ------------------------------------------------------------------------------------------------------------------------


def _main(day_file: str, path: str) -> int:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_MOST, MEMORY_MOST))
    os.setpriority(os.PRIO_PROCESS, 0, NICE)
    told_s, parent = time.monotonic(), os.getppid()

    def tell(share: float) -> None:
        nonlocal told_s
        if os.getppid() != parent:
            raise OSError("nobody waits for it any more")
        if time.monotonic() - told_s >= TOLD_S:
            told_s = time.monotonic()
            _say({"share": round(share, 3)})

    try:
        _say(asdict(write(Path(day_file), Path(path), tell)))
    except (OSError, sqlite3.Error, MemoryError) as error:
        _say({"failed": str(getattr(error, "strerror", None) or error)[:200], "errno": getattr(error, "errno", None)})
        return 1
    return 0


def _say(words: dict[str, Any]) -> None:
    sys.stdout.buffer.write(orjson.dumps(words) + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    sys.exit(_main(*sys.argv[1:]))

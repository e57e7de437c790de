"""A sealed day as GeoParquet: the same fixes, readable by others, and nothing of it once a byte was changed."""

import json
import resource
import sqlite3
import subprocess
import sys
from datetime import date
from errno import EFBIG
from pathlib import Path

import geopandas
import pyarrow.parquet as pq
import pytest

from data.errors import ArchiveChanged
from geo.coordinates import Crs, to_wgs84
from geo.fixes import Fix
from streaming.archive import GROUP, Archive, Written, archive_file, write
from streaming.history import History

T = 1_764_000_000_000  # 2025-11-24 16:00 UTC
DAY, NAME, SEAL = date(2025, 11, 24), "20251124", "01KB0000000000000000000000"


def fix(number: int, *, unit_no: int = 1001, device_no: int = 1) -> Fix:
    speed = None if number % 3 else number / 7
    return Fix(
        f"id{number}.{device_no}",
        unit_no,
        device_no,
        T + number,
        40 + number * 1e-7,
        -101.8 - number * 3e-7,
        8.5,
        speed,
        359.5,
        70,
        "BDS",
        False,
    )


def day_of(folder: Path, fixes: list[Fix]) -> Path:
    history = History(folder)
    history.keep(fixes, T).result(60)
    history.close()
    return folder / f"positions-{NAME}.db"


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    (tmp_path / "archive").mkdir()
    return archive_file(tmp_path / "archive", SEAL, DAY)


def tracks(path: Path, written: Written, unit_no: int, from_ms: int = 0, to_ms: int = T + 10**7) -> list[Fix]:
    return Archive(path.parent).track(SEAL, DAY, written.sha256, unit_no, from_ms, to_ms)


def test_the_archive_gives_the_very_same_fixes_as_the_day_file(tmp_path: Path, archive: Path) -> None:
    two = [fix(number, unit_no=1002, device_no=2) for number in range(0, 900, 7)]
    other_device = [fix(number, device_no=3) for number in range(5)]  # of the same unit, of the same moments
    day = day_of(tmp_path, [fix(number) for number in range(300)] + two + other_device)
    written = write(day, archive)
    assert (written.fixes, written.units, written.size) == (300 + len(two) + 5, 2, archive.stat().st_size)
    history = History(tmp_path)
    for unit in (1001, 1002, 1003):
        assert tracks(archive, written, unit) == history.track(unit, 0, T + 10**7)
    assert tracks(archive, written, 1001, T + 10, T + 12) == history.track(1001, T + 10, T + 12) == [fix(10), fix(11), fix(12)]
    history.close()
    assert archive.stat().st_mode & 0o777 == 0o400
    assert [path.name for path in archive.parent.iterdir()] == [archive.name]


def test_geopandas_opens_it_with_its_datum_and_the_geometry_is_the_same(tmp_path: Path, archive: Path) -> None:
    write(day_of(tmp_path, [fix(number) for number in range(50)]), archive)
    layer = geopandas.read_parquet(archive)
    assert layer.crs == "OGC:CRS84"
    assert [(point.y, point.x) for point in layer.geometry] == [(round(fix(n).lat, 7), round(fix(n).lon, 7)) for n in range(50)]
    again = layer.to_crs("EPSG:4326").geometry
    assert ([*again.x], [*again.y]) == ([*layer.geometry.x], [*layer.geometry.y])
    assert list(layer["unit_no"].unique()) == [1001]
    assert [moment.timestamp() * 1000 for moment in layer["t"]] == pytest.approx([T + n for n in range(50)])
    said = json.loads(pq.read_schema(archive).metadata[b"geo"])
    assert (said["version"], said["columns"]["geometry"]["encoding"]) == ("1.1.0", "WKB")
    assert said["columns"]["geometry"]["crs"]["id"] == {"authority": "OGC", "code": "CRS84"}


def test_what_a_phone_reported_in_gcj02_stands_in_wgs84(tmp_path: Path, archive: Path) -> None:
    lat, lon = to_wgs84(39.9087, 116.3975, Crs.GCJ02)  # as the door turns it before anything is kept
    write(day_of(tmp_path, [Fix("a", 1001, 1, T, lat, lon, 8.0, None, None, 70, "GPS", False)]), archive)
    point = geopandas.read_parquet(archive).geometry[0]
    assert (point.y, point.x) == (pytest.approx(39.9073, abs=2e-4), pytest.approx(116.3912, abs=3e-4))


def test_a_day_with_no_fixes_is_an_archive_with_none(tmp_path: Path, archive: Path) -> None:
    written = write(empty_day(tmp_path), archive)
    assert (written.fixes, written.units) == (0, 0)
    assert tracks(archive, written, 1001) == []
    assert geopandas.read_parquet(archive).empty


def empty_day(folder: Path) -> Path:
    day = day_of(folder, [fix(1)])
    with sqlite3.connect(day) as connection:
        connection.execute("DELETE FROM fix")
    connection.close()
    return day


def test_one_changed_byte_and_nothing_is_shown(tmp_path: Path, archive: Path) -> None:
    written = write(day_of(tmp_path, [fix(number) for number in range(100)]), archive)
    reader = Archive(archive.parent)
    assert len(reader.track(SEAL, DAY, written.sha256, 1001, 0, T + 10**7)) == 100
    archive.chmod(0o600)
    content = bytearray(archive.read_bytes())
    content[len(content) // 2] ^= 1
    archive.write_bytes(content)
    for changed in (reader, Archive(archive.parent)):  # also one that has compared it before
        with pytest.raises(ArchiveChanged) as refused:
            changed.track(SEAL, DAY, written.sha256, 1001, 0, T + 10**7)
        assert refused.value.params == {"day": "2025-11-24"}
    archive.unlink()
    with pytest.raises(ArchiveChanged):
        reader.track(SEAL, DAY, written.sha256, 1001, 0, T + 10**7)


def test_a_track_is_read_from_the_groups_that_hold_it(tmp_path: Path, archive: Path) -> None:
    day = day_of(tmp_path, [fix(0)])
    with sqlite3.connect(day) as connection:  # ten units; SQL is quicker than ten times as many `Fix`
        connection.execute("DELETE FROM fix")
        connection.execute(
            "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < ?) "
            "INSERT INTO fix SELECT i % 10, ? + i, 'x' || i, 1000 + i % 10, 400000000 + i, 1018000000, NULL, NULL, NULL, NULL, 'GPS', 0 "
            "FROM n",
            (2 * GROUP, T),
        )
    connection.close()
    written = write(day, archive)
    assert written.fixes == 2 * GROUP + 1
    told = pq.ParquetFile(archive).metadata
    units = [told.row_group(number).column(2).statistics for number in range(told.num_row_groups)]
    assert [(each.min, each.max) for each in units] == [(1000, 1004), (1004, 1009), (1009, 1009)]
    assert [each.t_ms - T for each in tracks(archive, written, 1004, T, T + 99)] == list(range(4, 100, 10))


def run(day: Path, archive: Path) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-B", "-m", "streaming.archive", str(day), str(archive)]  # -B: or it leaves half a .pyc behind
    limited = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))  # noqa: E731 - in the child, before it begins
    return subprocess.Popen(command, stdout=subprocess.PIPE, env={}, preexec_fn=limited)


def test_a_full_disk_leaves_nothing_under_the_name_and_says_so(tmp_path: Path, archive: Path) -> None:
    process = run(day_of(tmp_path, [fix(number) for number in range(20_000)]), archive)
    said = json.loads(process.communicate(timeout=60)[0].splitlines()[-1])
    assert (process.returncode, said["errno"]) == (1, EFBIG), said
    assert list(archive.parent.iterdir()) == []


def test_killed_while_it_writes_nothing_stands_under_the_name(tmp_path: Path, archive: Path) -> None:
    day = day_of(tmp_path, [fix(number) for number in range(20_000)])
    process = subprocess.Popen([sys.executable, "-m", "streaming.archive", str(day), str(archive)], env={}, stdout=subprocess.DEVNULL)
    while process.poll() is None and not list(archive.parent.iterdir()):
        pass
    process.kill()
    process.wait()
    assert not archive.exists() or pq.ParquetFile(archive).metadata.num_rows == 20_000

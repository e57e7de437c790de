"""`ecc basemap build`: said in one sentence what is wrong; stopped or killed it changes nothing; then browsers get ranges of the tiles."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import geopandas
import httpx
import psutil
import pytest
import shapely

from dashboard.__main__ import main
from dashboard.i18n import t
from dashboard.map_layers import BaseMap
from data.errors import NotFound
from data.settings import Settings, as_environ
from geo.basemap import BASE, BUILDING
from tests.dashboard.test_live import viewer
from tests.maps import write_osm
from tests.running import Product, seed
from tests.servers import free_port, wait_until

pytestmark = pytest.mark.timeout(180)
BLOCK = shapely.box(112.45, 23.05, 112.55, 23.15)
APPROVAL = "粤S（2026）000号"


def roads(folder: Path, name: str = "roads.geojson") -> Path:
    line = shapely.LineString([(112.50, 23.10), (112.52, 23.11)])
    geopandas.GeoDataFrame({"name": ["青石路"], "class": ["trunk"]}, geometry=[line], crs=4326).to_file(folder / name)
    return folder / name


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    settings = Settings.of(home=tmp_path / "home", port=free_port(), media_port=free_port())
    settings.make_folders()
    for name, value in as_environ(settings).items():
        if name.startswith("ECC_"):
            monkeypatch.setenv(name, value)
    return settings


def build(*words: object) -> int:
    return main(["basemap", "build", *map(str, words)])


def test_a_map_is_built_and_says_what_it_holds(home: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert build(roads(tmp_path)) == 0
    said = capsys.readouterr()
    assert t("basemap.count", layer=t("basemap.layer_trunk"), count=1) in said.out
    assert t("basemap.approval_missing") in said.out
    assert t("basemap.step_join", name=BASE) in said.err
    about = BaseMap(home.layers).about(APPROVAL)
    assert about["approval"] == APPROVAL
    assert not about["osm"]
    south, west, north, east = about["bounds"]
    assert (south, west, north, east) == pytest.approx((23.10, 112.50, 23.11, 112.52), abs=0.01)
    assert about["last"] == 13


@pytest.mark.parametrize("case", ["missing", "unnamed", "crs", "broken", "no datum"])
def test_what_is_wrong_is_said_by_file_in_one_sentence(
    home: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str], case: str
) -> None:
    unnamed = roads(tmp_path, "data.gpkg")
    broken = tmp_path / "broken.osm.pbf"
    broken.write_bytes(b"no map" * 100)
    bare = tmp_path / "bare_roads.shp"
    geopandas.read_file(unnamed).to_file(bare)
    bare.with_suffix(".prj").unlink()
    cases: dict[str, tuple[list[object], str, str]] = {
        "missing": (["nowhere.osm.pbf"], "nowhere.osm.pbf", "找不到"),
        "unnamed": ([unnamed], "streets=data.gpkg", "看不出"),
        "crs": ([f"roads={unnamed}", "--crs", "MOON"], "MOON", "EPSG:4490"),
        "broken": ([broken], "broken.osm.pbf", "读不了"),
        "no datum": ([bare], "bare_roads.shp", "--crs"),
    }
    words, name, said = cases[case]
    assert build(*words) == 1
    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert name in error
    assert said in error
    assert not (home.layers / BASE).exists()


def large(folder: Path) -> Path:
    """Long enough at work to be found at it."""
    extract = folder / "large.osm.pbf"
    write_osm(extract, 40)
    return extract


def begun(home: Settings, extract: Path) -> subprocess.Popen[bytes]:
    """A build that is at work on a larger file."""
    command = [sys.executable, "-m", "dashboard", "basemap", "build", str(extract)]
    process = subprocess.Popen(command, env=as_environ(home), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True)
    wait_until(lambda: any((home.layers / BUILDING).glob("*.spool")), "a build at work", 60)
    return process


@pytest.mark.long  # the killed one, below, leaves more behind
def test_stopped_it_changes_nothing_and_one_is_built_at_a_time(home: Settings, tmp_path: Path) -> None:
    assert build(roads(tmp_path)) == 0
    before = (home.layers / BASE).read_bytes()
    stopped = begun(home, large(tmp_path))
    process = psutil.Process(stopped.pid)
    family = [process, *process.children(recursive=True)]
    for each in family:
        each.suspend()  # on a quick machine it would be whole before the other one has looked
    assert build(roads(tmp_path)) == 1  # one at a time
    stopped.send_signal(signal.SIGINT)
    for each in family:
        each.resume()
    assert stopped.wait(30) == 130
    assert (home.layers / BASE).read_bytes() == before
    assert not (home.layers / BUILDING).exists()


def test_killed_it_changes_nothing_and_the_next_one_is_whole(home: Settings, tmp_path: Path) -> None:
    assert build(roads(tmp_path)) == 0
    before = (home.layers / BASE).read_bytes()
    killed = begun(home, large(tmp_path))
    killed.kill()
    killed.wait(30)
    assert (home.layers / BASE).read_bytes() == before
    wait_until(lambda: build(roads(tmp_path)) == 0, "the killed one's child to go", 60)  # its child has gone with it
    assert not (home.layers / BUILDING).exists()


def test_without_a_base_map_there_is_none(tmp_path: Path) -> None:
    base = BaseMap(tmp_path)
    assert base.about("") == {"tiles": None}
    with pytest.raises(NotFound):
        _ = base.path
    (tmp_path / BASE).write_bytes(b"half a file")
    assert base.about("") == {"tiles": None}


def seeded(settings: Settings) -> Any:
    made = seed(settings)
    path = roads(settings.home)
    subprocess.run([sys.executable, "-m", "dashboard", "basemap", "build", str(path)], env=as_environ(settings), check=True, timeout=120)
    return made


@pytest.fixture(scope="module")
def product() -> Iterator[Product]:
    with Product(seeded, map_approval=APPROVAL) as product:
        yield product


def test_a_browser_that_is_signed_in_gets_ranges_and_nobody_else_anything(product: Product) -> None:
    with httpx.Client(base_url=product.origin) as nobody:
        assert nobody.get("/api/layers/base.json").status_code == 401
        assert nobody.get("/api/layers/base.pmtiles", headers={"Range": "bytes=0-126"}).status_code == 401
    with httpx.Client(base_url=product.origin, cookies={"ecc_wall": product.seeded.wall}) as wall:
        about = wall.get("/api/layers/base.json").json()
        assert about["approval"] == APPROVAL
        head = wall.get(about["tiles"], headers={"Range": "bytes=0-126"})
        assert head.status_code == 206
        assert head.content.startswith(b"PMTiles\x03")
        assert len(head.content) == 127
        assert head.headers["content-range"].startswith("bytes 0-126/")


async def test_each_second_a_wall_hears_which_map_counts_and_that_is_the_one_it_gets(product: Product) -> None:
    async with viewer(product, "wall", product.seeded.wall) as wall:
        await wall.until(lambda: wall.tick.get("map"))
        with httpx.Client(base_url=product.origin, cookies={"ecc_wall": product.seeded.wall}) as browser:
            assert browser.get("/api/layers/base.json").json()["map"] == wall.tick["map"]

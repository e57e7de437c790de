"""The map on the administrator's page: files come whole or go on, are looked at, built, taken back; what is wrong is said."""

import base64
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import geopandas
import httpx
import psutil
import pytest
import shapely
from sqlalchemy import select

from dashboard.map_apart import FOLDER
from data.rules.identity import Act
from data.tables import AuditRow
from geo.basemap import BASE, BUILDING
from geo.changeover import READY
from tests.administrators import Administrators
from tests.maps import write_osm
from tests.running import COURT, Product, eventually

pytestmark = pytest.mark.timeout(300)
TUS = {"tus-resumable": "1.0.0"}
LAT, LON = COURT


@pytest.fixture(scope="module")
def product() -> Iterator[Product]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONIOENCODING", "ascii")  # what processes tell each other is no business of the terminal
        with Product() as product:
            yield product


@pytest.fixture(scope="module")
def admins(product: Product) -> Iterator[Administrators]:
    admins = Administrators(product)
    yield admins
    admins.close()


def tus(
    admins: Administrators, method: str, path: str = "", content: bytes = b"", who: str = "technical", **headers: str
) -> httpx.Response:
    said = TUS | {"origin": admins.product.origin} | {name.replace("_", "-"): value for name, value in headers.items()}
    address = f"{admins.product.origin}/centre/admin/map/files{path}"
    cookies = {"ecc_desk": admins.cookies[who]}
    return httpx.request(method, address, content=content, headers=said, cookies=cookies, timeout=60)


def begun(admins: Administrators, name: str, size: int, who: str = "technical") -> httpx.Response:
    said = f"filename {base64.b64encode(name.encode(errors='surrogatepass')).decode()}"
    return tus(admins, "POST", upload_length=str(size), upload_metadata=said, who=who)


def sent(admins: Administrators, name: str, content: bytes) -> str:
    """Its id."""
    answer = begun(admins, name, len(content))
    assert answer.status_code == 201, answer.text
    file_id = answer.headers["location"].rsplit("/", 1)[1]
    answer = tus(admins, "PATCH", f"/{file_id}", content, content_type="application/offset+octet-stream", upload_offset="0")
    assert answer.status_code == 204, answer.text
    return file_id


def state(admins: Administrators) -> Any:
    return admins.told("/map/state")


def until(admins: Administrators, *states: str) -> Any:
    def there() -> bool:
        time.sleep(0.1)
        return state(admins)["job"]["state"] in states

    eventually(there, "the work on the map to end", 120)
    return state(admins)


def layer(folder: Path, name: str, *shapes: shapely.Geometry, names: list[str] | None = None) -> bytes:
    path = folder / name
    geopandas.GeoDataFrame({"name": names or ["青石大道"] * len(shapes)}, geometry=list(shapes), crs=4326).to_file(path)
    return path.read_bytes()


def road(folder: Path, north: float = 0.0) -> bytes:
    return layer(folder, "r.geojson", shapely.LineString([(LON - 0.02, LAT + north), (LON + 0.02, LAT + north)]))


@pytest.fixture(autouse=True)
def tidy(admins: Administrators) -> Iterator[None]:
    yield
    for each in state(admins)["files"]:
        if each["uploaded"]:
            tus(admins, "DELETE", f"/{each['id']}")


@pytest.mark.parametrize("who", ["duty", "commander", "leader", "inspector"])
def test_who_may_not_change_settings_is_refused_at_every_door(admins: Administrators, who: str) -> None:
    assert admins.ask("/map", who=who).status_code == 403
    assert admins.ask("/map/state", who=who).status_code == 403
    for path in ("/map/look", "/map/build", "/map/cancel", "/map/back", "/map/approval"):
        assert admins.refused(path, {"files": [], "value": "x"}, who) == "identity.not_permitted", path
    assert begun(admins, "roads.geojson", 5, who).status_code == 403
    assert tus(admins, "HEAD", "/01ARZ3NDEKTSV4RRFFQ69G5FAV", who=who).status_code == 403


def test_a_file_is_looked_at_built_and_the_map_before_comes_back(admins: Administrators, product: Product, tmp_path: Path) -> None:
    layers = product.settings.layers
    first, second = sent(admins, "道路甲.geojson", road(tmp_path)), sent(admins, "道路乙.geojson", road(tmp_path, 0.01))
    admins.told("/map/look", {"files": [{"id": first, "kind": "roads", "crs": ""}]})
    (looked,) = until(admins, "looked", "failed")["job"]["looked"]
    assert (looked["count"], looked["names"]) == (1, ["青石大道"])
    assert looked["bounds"][1] == pytest.approx(LAT, abs=0.001)
    admins.told("/map/build", {"files": [{"id": first, "kind": "roads", "crs": ""}]})
    built = until(admins, "built", "failed")
    assert built["job"]["state"] == "built", built["job"]["error"]
    assert ["minor", "支路", 1] in built["job"]["built"]["counts"]
    assert built["here"]["made"]
    before = (layers / BASE).read_bytes()
    admins.told("/map/build", {"files": [{"id": second, "kind": "roads", "crs": "EPSG:4326"}]})
    assert until(admins, "built", "failed")["here"]["back"]
    after = (layers / BASE).read_bytes()
    assert after != before
    admins.told("/map/back", {})
    assert (layers / BASE).read_bytes() == before
    admins.told("/map/back", {})
    assert (layers / BASE).read_bytes() == after
    assert not (layers / READY).exists()
    with admins.database.reading() as session:
        traces = session.scalars(select(AuditRow).where(AuditRow.act == Act.BUILD_MAP)).all()
    assert len(traces) == 4
    assert sorted("minor:1" in trace.fields for trace in traces) == [False, False, True, True]
    assert "青石" not in str([trace.fields for trace in traces])


@pytest.mark.long  # a minute; that a killed one leaves the map that was there: tests/dashboard/test_basemap.py
def test_a_cancelled_build_leaves_the_map_that_was_there_and_nothing_half(admins: Administrators, product: Product, tmp_path: Path) -> None:
    settings = product.settings
    small = sent(admins, "道路.geojson", road(tmp_path))
    admins.told("/map/build", {"files": [{"id": small, "kind": "roads", "crs": ""}]})
    assert until(admins, "built", "failed")["job"]["state"] == "built"
    before, here = (settings.layers / BASE).read_bytes(), state(admins)["here"]
    traces = traced(admins)
    write_osm(settings.maps / "large.osm.pbf", 40)
    (large,) = [each for each in state(admins)["files"] if each["name"] == "large.osm.pbf"]
    chosen = {"files": [{"id": large["id"], "kind": "osm", "crs": ""}]}
    try:
        admins.told("/map/build", chosen)
        eventually(lambda: any((settings.layers / BUILDING).glob("*.spool")), "a build at work", 60)
        at_work = [each for each in psutil.Process(product.pid).children(recursive=True) if "dashboard.map_apart" in each.cmdline()]
        at_work += [child for each in at_work for child in each.children(recursive=True)]
        assert len(at_work) >= 2, "the work is a child of the one that listens"
        assert admins.refused("/map/build", chosen) == "basemap.busy"
        admins.told("/map/cancel", {})
        cancelled = state(admins)
        assert (cancelled["job"]["state"], cancelled["job"]["error"], cancelled["job"]["built"]) == ("cancelled", "", {})
        assert (settings.layers / BASE).read_bytes() == before
        assert cancelled["here"] == here
        assert not (settings.layers / BUILDING).exists()
        assert not (settings.layers / READY).exists()
        assert not list(settings.run.glob(f"{FOLDER}*"))
        assert [each for each in at_work if each.is_running() and each.status() != psutil.STATUS_ZOMBIE] == []
        assert traced(admins) == traces, "nothing was built"
        assert admins.refused("/map/cancel", {}) == "basemap.not_at_work"
    finally:
        (settings.maps / "large.osm.pbf").unlink()
    admins.told("/map/build", {"files": [{"id": small, "kind": "roads", "crs": ""}]})
    assert until(admins, "built", "failed")["job"]["state"] == "built", "the place is free again"


def traced(admins: Administrators) -> int:
    with admins.database.reading() as session:
        return len(session.scalars(select(AuditRow).where(AuditRow.act == Act.BUILD_MAP)).all())


def test_what_is_wrong_with_a_file_is_said_by_the_name_its_owner_knows(admins: Administrators) -> None:
    broken = sent(admins, "我的街道.geojson", b"no map at all")
    admins.told("/map/look", {"files": [{"id": broken, "kind": "streets", "crs": ""}]})
    looked = [each for each in until(admins, "looked", "failed")["job"]["looked"] if each["id"] == broken]
    assert "我的街道.geojson" in looked[0]["why"]
    admins.told("/map/build", {"files": [{"id": broken, "kind": "streets", "crs": ""}]})
    failed = until(admins, "failed", "built")["job"]
    assert (failed["state"], "我的街道.geojson" in failed["error"]) == ("failed", True)
    file = {"id": broken, "kind": "streets"}
    assert admins.refused("/map/build", {"files": [file | {"crs": "MOON"}]}) == "basemap.bad_crs"
    assert admins.refused("/map/build", {"files": [file | {"kind": "tanks"}]}) == "basemap.no_kind_chosen"
    assert admins.refused("/map/build", {"files": []}) == "basemap.nothing_chosen"
    assert admins.refused("/map/build", {"files": [{"id": "../../etc/passwd", "kind": "streets"}]}) == "not_found.map_file"
    assert admins.refused("/map/build", {"files": "x"}) == "input.bad"
    assert admins.refused("/map/cancel", {}) == "basemap.not_at_work"


def test_a_shapefile_is_its_parts_together(admins: Administrators, tmp_path: Path) -> None:
    box = shapely.box(LON - 0.05, LAT - 0.05, LON + 0.05, LAT + 0.05)
    geopandas.GeoDataFrame({"name": ["青石街道"]}, geometry=[box], crs=4490).to_file(tmp_path / "街道.shp", encoding="utf-8")
    for suffix in (".dbf", ".prj", ".shx", ".cpg", ".shp"):
        sent(admins, f"街道{suffix}", (tmp_path / f"街道{suffix}").read_bytes())
    (file,) = state(admins)["files"]
    assert (file["name"], sorted(file["parts"]), file["kind"]) == ("街道.shp", [".cpg", ".dbf", ".prj", ".shx"], "streets")
    admins.told("/map/look", {"files": [{"id": file["id"], "kind": "streets", "crs": ""}]})
    looked = [each for each in until(admins, "looked", "failed")["job"]["looked"] if each["id"] == file["id"]]
    assert looked[0]["names"] == ["青石街道"]
    tus(admins, "DELETE", f"/{file['id']}")
    assert state(admins)["files"] == []


def test_an_upload_that_broke_off_goes_on_and_is_not_used_before_it_is_whole(admins: Administrators, tmp_path: Path) -> None:
    content = road(tmp_path)
    file_id = begun(admins, "roads.geojson", len(content)).headers["location"].rsplit("/", 1)[1]
    half = {"content_type": "application/offset+octet-stream", "upload_offset": "0"}
    assert tus(admins, "PATCH", f"/{file_id}", content[:50], **half).headers["upload-offset"] == "50"
    assert admins.refused("/map/build", {"files": [{"id": file_id, "kind": "roads", "crs": ""}]}) == "not_found.map_file"
    assert tus(admins, "PATCH", f"/{file_id}", content[50:], **half).status_code == 409
    assert tus(admins, "HEAD", f"/{file_id}").headers["upload-offset"] == "50"
    assert tus(admins, "PATCH", f"/{file_id}", content[50:] + b"more", **(half | {"upload_offset": "50"})).status_code == 413
    rest = tus(admins, "HEAD", f"/{file_id}").headers["upload-offset"]
    tus(admins, "PATCH", f"/{file_id}", content[int(rest) :], **(half | {"upload_offset": rest}))
    (file,) = state(admins)["files"]
    assert file["arrived"] == file["size"]


def test_what_the_operator_put_on_the_server_can_be_picked_and_not_removed_here(
    admins: Administrators, product: Product, tmp_path: Path
) -> None:
    put = product.settings.maps / "省道路.geojson"
    put.write_bytes(road(tmp_path))
    (product.settings.maps / "link.geojson").symlink_to("/etc/passwd")
    (product.settings.maps / "notes.txt").write_text("x")
    try:
        (file,) = state(admins)["files"]
        assert (file["name"], file["uploaded"]) == ("省道路.geojson", False)
        assert tus(admins, "DELETE", f"/{file['id']}").status_code == 404
        assert put.exists()
        admins.told("/map/look", {"files": [{"id": file["id"], "kind": "roads", "crs": ""}]})
        until(admins, "looked")
    finally:
        for path in product.settings.maps.glob("*.*"):
            path.unlink()


def test_the_approval_number_is_on_every_map_at_once(admins: Administrators, product: Product) -> None:
    assert admins.told("/map/approval", {"value": "粤S（2026）018号"}) == {"changed": True}
    assert state(admins)["here"]["approval"] == "粤S（2026）018号"
    about = httpx.get(f"{product.origin}/api/layers/base.json", cookies={"ecc_desk": admins.cookies["duty"]}).json()
    assert about.get("approval", "粤S（2026）018号") == "粤S（2026）018号"


NAMES = [
    "../../x.geojson", "..\\..\\x.geojson", "%2e%2e%2fx.geojson", "/etc/x.geojson", "C:\\x.geojson", "a\0b.geojson", "CON.geojson",
    "长" * 300 + ".geojson", "a\u202egnp.geojson", "…/.geojson", "'\";--.geojson", "😀𠮷.geojson", "\ud800.geojson",
]  # fmt: skip


def elsewhere(product: Product) -> set[Path]:
    """What lies in the home but where uploads belong, and beside it: not below, where other tests' folders come and go."""
    home = product.settings.home
    return {path for path in (*home.rglob("*"), *home.parent.glob("*")) if "incoming" not in path.parts}


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_18_a_name_is_text_and_never_a_path(admins: Administrators, product: Product, name: str) -> None:
    """attack 18: stored under a name of ours, the original shown as text; or refused in a sentence."""
    before = elsewhere(product)
    answer = begun(admins, name, 4)
    assert answer.status_code in (201, 400), answer.text
    if answer.status_code == 201:
        (file,) = state(admins)["files"]
        assert not set(file["name"]) & set("/\\\0\u202e")
        assert len(file["name"]) <= 200
        inside = [path.name for path in (product.settings.maps / "incoming").iterdir()]
        assert all(each.startswith(file["id"]) for each in inside)
    else:
        assert answer.json()["error"]["text"]
    assert not [path for path in elsewhere(product) - before if path.suffix == ".geojson"]

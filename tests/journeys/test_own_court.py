"""A court without the demonstration: from an empty home, by commands and doors alone, to a unit that moves on the wall."""

import asyncio
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import geopandas
import httpx
import pyotp
import pytest
import shapely
from openpyxl import load_workbook
from sqlalchemy import select

from dashboard.__main__ import main
from dashboard.i18n import t
from dashboard.map_layers import LAYERS
from data.settings import Settings, as_environ
from data.tables import AuditRow
from geo import packed
from tests.dashboard.test_live import viewer
from tests.journeys.senders import fix, iso
from tests.maps import helsinki
from tests.running import Product
from tests.workbooks import court, write

pytestmark = pytest.mark.timeout(240)
PASSWORD = "Qingxi-2026-xunjian"


def ecc(settings: Settings, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "dashboard", *words]
    return subprocess.run(command, env=as_environ(settings), capture_output=True, text=True, timeout=60, check=False)


def done(settings: Settings, *words: str) -> str:
    said = ecc(settings, *words)
    assert said.returncode == 0, said.stderr
    return said.stdout


def refused(settings: Settings, *words: str) -> str:
    """One sentence, no trace."""
    said = ecc(settings, *words)
    assert said.returncode == 1, (said.stdout, said.stderr)
    assert said.stderr.strip().count("\n") == 0, said.stderr
    return said.stderr.strip()


@pytest.fixture(scope="module")
def product() -> Iterator[Product]:
    """Nothing but a migrated database, and whose it is."""
    with Product(lambda settings: done(settings, "migrate"), court_code="岭0108") as product:
        yield product


def secret_of(link: str, product: Product) -> str:
    assert link.startswith(product.origin)
    return urlsplit(link).path


def press(product: Product, browser: httpx.Client, path: str, **form: str) -> httpx.Response:
    return browser.post(product.origin + path, data=form, headers={"origin": product.origin}, follow_redirects=False)


def desk_of(product: Product, first_password: str, username: str = "wang") -> str:
    """The cookie of a desk: first password, its change, signed in."""
    with httpx.Client() as browser:
        told = press(product, browser, "/sign-in", username=username, password=first_password)
        assert 'name="fresh"' in told.text
        answer = press(product, browser, "/password", username=username, password=first_password, fresh=PASSWORD)
        assert answer.status_code == 303, answer.text
        return browser.cookies["ecc_desk"]


def wall_of(product: Product, desk: str) -> str:
    """The cookie of a wall: it shows a code, the desk types it."""
    with httpx.Client() as waiting, httpx.Client(cookies={"ecc_desk": desk}) as officer:
        shown = re.search(r'data-pairing-code="(\w{6})"', waiting.get(f"{product.origin}/pair").text)
        assert shown is not None
        listed = officer.get(f"{product.origin}/centre/_dash-dependencies", headers={"referer": f"{product.origin}/centre/desk"}).json()
        door = next(one for one in listed if one["inputs"] == [{"id": "verb", "property": "data"}])
        outputs = [dict(zip(("id", "property"), one.rsplit(".", 1), strict=True)) for one in door["output"].strip(".").split("...")]
        verb = {"verb": "pair", "nonce": "1", "code": shown[1], "name": "指挥大厅"}
        body = {"output": door["output"], "outputs": outputs, "changedPropIds": ["verb.data"], "state": []}
        body["inputs"] = [{"id": "verb", "property": "data", "value": verb}]
        answer = officer.post(f"{product.origin}/centre/_dash-update-component", json=body, headers={"origin": product.origin})
        assert answer.status_code == 200, answer.text
        assert waiting.get(f"{product.origin}/pair", follow_redirects=False).status_code == 303
        return waiting.cookies["ecc_wall"]


def positions(frames: list[bytes]) -> dict[int, tuple[int, int]]:
    return {int(r["unit"]): (int(r["lat"]), int(r["lon"])) for frame in frames for r in packed.unpack(frame).records}


async def test_from_an_empty_home_to_a_unit_that_moves_on_the_wall(product: Product) -> None:
    settings = product.settings
    told = done(settings, "officer", "add", "wang", "--name", "王某", "--title", "值班员", "--role", "duty")
    done(settings, "team", "add", "一组")
    done(settings, "unit", "add", "1001", "--name", "李某", "--title", "法官", "--team", "一组")
    done(settings, "unit", "add", "2001", "--vehicle", "POLICE", "--plate", "岭A12345", "--team", "一组")
    enrolled = done(settings, "enrol", "1001")
    assert "▀" in enrolled or "█" in enrolled, "no QR"
    link = secret_of(re.search(r"http\S+/link/\S+", enrolled)[0], product)  # type: ignore[index]
    desk = desk_of(product, told.strip().rpartition("：")[2])
    wall = wall_of(product, desk)
    with httpx.Client(base_url=product.origin) as phone:
        assert phone.get(link).status_code == 200  # looking changes nothing
        assert press(product, phone, link).headers["location"] == "/field/"
        assert press(product, phone, link).status_code == 404, "used twice"
        headers = {"origin": product.origin}
        on = {"id": fix()["id"], "on": True, "t": iso(datetime.now(UTC) - timedelta(seconds=30))}
        assert phone.post("/ingest/duty", json=on, headers=headers).status_code == 202
        async with viewer(product, "wall", wall) as view:
            for lat in (23.1, 23.1009):
                sent = fix(lat, 112.5)
                told_of = phone.post("/ingest/positions", json={"fixes": [sent]}, headers=headers).json()
                assert told_of["accepted"] == [sent["id"]], told_of
                await view.until(lambda lat=lat: positions(view.frames).get(1001) == (round(lat * 1e7), 1_125_000_000))
            assert view.rows["unit"]["1001"]["label"] == "一组 李法官"
            assert view.rows["unit"]["2001"]["on_duty"] is False
            file = write(product.home / "court.xlsx", court(officers=2, cases=5, code=settings.court_code))
            assert t("workbook.done") in await asyncio.to_thread(done, settings, "import", str(file))
            await view.until(lambda: sum(area["cases"] for area in view.rows.get("area", {}).values()) == 5)
            await view.until(lambda: {"3001", "3002", "4001"} <= set(view.rows["unit"]))


def test_a_tracker_and_the_case_system_get_their_keys_which_are_good_for_nothing_else(product: Product) -> None:
    settings = product.settings
    key = done(settings, "enrol", "2001", "--tracker").strip().rpartition("：")[2]
    old, token = (done(settings, "token", "case-system").strip().rpartition("：")[2] for _ in range(2))
    case: dict[str, Any] = {"case_no": "（2026）岭0108执9001号", "event": "filed", "at": iso(datetime.now(UTC)), "cause": "借款合同纠纷"}
    with httpx.Client(base_url=product.origin) as machine:
        assert machine.post(f"/ingest/osmand?id={key}&lat=23.1&lon=112.5&timestamp={int(datetime.now(UTC).timestamp())}").status_code == 200
        assert machine.post("/ingest/calls", json={}, headers={"authorization": f"Bearer {key}"}).status_code == 401
        told = machine.post("/ingest/cases", json={"cases": [case]}, headers={"authorization": f"Bearer {token}"}).json()
        assert told["refused"] == [], told
        assert machine.post("/ingest/cases", json={"cases": [case]}, headers={"authorization": f"Bearer {old}"}).status_code == 401
        assert machine.post("/ingest/positions", json={"fixes": []}, headers={"authorization": f"Bearer {token}"}).status_code == 403
    done(settings, "token", "case-system", "--revoke")
    database = product.database()
    with database.reading() as session:
        asked = select(AuditRow.result).where(AuditRow.act == "issue_token", AuditRow.actor_kind == "SYSTEM")
        assert sorted(session.scalars(asked)) == ["done", "done", "revoked"]
    database.close()
    assert key not in product.said() + "".join(file.read_text() for file in settings.log.glob("*"))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("team", "add", "一组"), "已有同名队组。"),
        (("team", "add", " "), ""),
        (("unit", "add", "1001", "--name", "赵某", "--title", "法警"), "这个编号已在使用。"),
        (("unit", "add", "0", "--name", "赵某", "--title", "法警"), "编号不对。"),
        (("unit", "add", "1009", "--name", "赵某"), ""),
        (("unit", "add", "1009", "--name", "赵某", "--title", "法警", "--team", "九组"), "没有找到这个队组。"),
        (("unit", "add", "1009", "--account", "nobody"), "没有这个账号。"),
        (("officer", "add", "wang", "--name", "王某", "--title", "法官", "--role", "judge"), ""),
        (("enrol", "4711"), "没有找到这个编号。"),
        (("enrol", "4711", "--tracker"), "没有找到这个编号。"),
        (("enrol", "nobody"), "没有这个账号。"),
        (("enrol", "wang"), "此人还没有编号，请先用 ecc unit add 编号。"),
    ],
)
def test_each_command_refuses_in_one_sentence(
    product: Product, words: tuple[str, ...], said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In this process: that the command itself ends so, the test below shows."""
    for name, value in as_environ(product.settings).items():
        monkeypatch.setenv(name, value)
    assert main(words) == 1
    told = capsys.readouterr().err.strip()
    assert told.count("\n") == 0, told
    assert told.endswith(said)


def test_an_officer_with_an_account_gets_one_number_and_a_link_by_the_account(product: Product) -> None:
    done(product.settings, "unit", "add", "1002", "--account", "wang")
    assert refused(product.settings, "unit", "add", "1003", "--account", "wang") == "此人或此车已有编号。"
    assert "/link/" in done(product.settings, "enrol", "wang")


# --- the README's quarter of an hour, as somebody new does it ---------------------------------------------------------------------

OWN = {"court_code": "赫0901", "court_name": "赫城区人民法院"}
DISTRICT = ((24.928, 60.164), (24.958, 60.164), (24.958, 60.180), (24.928, 60.180))  # around the extract of Helsinki
ROLES = ("值班员", "值班员", "指挥长", "院领导", "督察", "技术值守", *("承办人",) * 6, *("外勤干警",) * 8)


def named(settings: Settings) -> str:
    """Step 1, on a home that has nothing, by a shell that knows the home alone."""
    bare = {name: value for name, value in os.environ.items() if not name.startswith("ECC_")} | {"ECC_HOME": str(settings.home)}
    command = [sys.executable, "-m", "dashboard"]
    early = subprocess.run([*command, "administrator", "wang"], env=bare, capture_output=True, text=True, timeout=60, check=False)
    assert early.returncode == 78
    assert "ecc court" in early.stderr
    subprocess.run([*command, "court", *OWN.values()], env=bare, capture_output=True, timeout=60, check=True)
    return (settings.home / "ecc.toml").read_text()


def filled(form: Path) -> Path:
    """The empty form as a person fills it in, in the form itself; one sheet as a Chinese spreadsheet saves it, CSV in GBK."""
    book = load_workbook(form)
    rows: dict[str, list[list[Any]]] = {
        "法院": [[*OWN.values(), "0358-1234567", 60.1719, 24.9414, "WGS84"]],
        "队组": [["执行一队"], ["执行二队"]],
        "车辆": [[201, "警车", "赫A0201警", "执行一队"], [202, "指挥车", "赫A0202警", None]],
        "车载终端": [[201, "车载终端"]],
        "围栏": [["城南仓库", "关注区域", "60.166,24.936；60.166,24.939；60.1675,24.939", "WGS84"]],
        "社区": [[f"C{n}", "港湾街道", f"第{n}社区", 60.166 + 0.003 * n, 24.936 + 0.003 * n, "WGS84"] for n in range(4)],
    }
    rows["人员"] = []
    for n, role in enumerate(ROLES):
        out = role in ("承办人", "外勤干警")
        account = None if out else ("duty1", "duty2", "chief", "president", "inspector", "it")[n]
        rows["人员"].append(
            [
                f"赫执{101 + n}",
                f"演{n}",
                "法官",
                role,
                "执行一队" if out else None,
                None,
                "女",
                13800000000 + n,
                101 + n if out else None,
                account,
            ]
        )
    for name, each in rows.items():
        for row in each:
            book[name].append(row)
    book.save(form)
    cases = [[str(heading.value).rstrip("*") for heading in book["案件"][1]][:9]]
    cases += [
        [f"（2026）赫0901执{n}号", "买卖合同纠纷", f"2026/3/{1 + n % 28}", "", f"赫执{107 + n % 6}", "查控", "", f"{n}.5万元", ""]
        for n in range(1, 51)
    ]
    cases = [[*row, "所在社区编号" if number == 0 else f"C{number % 4}"] for number, row in enumerate(cases)]
    csv = form.with_name("案件.csv")
    csv.write_text("\n".join(",".join(row) for row in cases), encoding="gbk")
    return csv


def boundary(folder: Path) -> Path:
    """The operator's district, a shapefile."""
    path = folder / "赫城区界.shp"
    geopandas.GeoDataFrame({"NAME": ["赫城区"]}, geometry=[shapely.Polygon(DISTRICT)], crs="EPSG:4326").to_file(path, encoding="gbk")
    return path


def administrator_by(link: str, product: Product) -> httpx.Client:
    """Signed in by the first link: a password, an authenticator, and on the administration's pages."""
    browser = httpx.Client(base_url=product.origin)
    page = browser.get(secret_of(link, product)).text
    assert t("sign_in.link_first") in page
    assert "wang" in page
    answer = press(product, browser, secret_of(link, product), fresh=PASSWORD)
    asked = browser.get(answer.headers["location"])
    secret = re.search(r'class="secret"[^>]*>([A-Z2-7 ]+)<', asked.text)
    target = re.search(r'name="next" value="([^"]+)"', asked.text)
    assert secret is not None
    assert target is not None
    code = pyotp.TOTP(secret[1].replace(" ", "")).now()
    assert press(product, browser, "/sign-in/factor", code=code, next=target[1]).status_code == 200
    assert "赫城区人民法院" in browser.get(target[1]).text
    return browser


@pytest.mark.long
@pytest.mark.timeout(900)
async def test_the_quarter_of_an_hour_of_somebody_new(tmp_path: Path) -> None:
    """README «自己的法院», step by step: 20 people, 2 cars, 50 cases and a map of one's own on the wall."""
    with Product(named, court_code=OWN["court_code"], court_name=OWN["court_name"]) as product:
        assert "赫城区人民法院" in product.seeded
        settings = product.settings
        link = re.search(r"http\S+/link/\S+", done(settings, "administrator", "wang"))
        assert link is not None
        with closing(administrator_by(link[0], product)) as administrator:
            form = tmp_path / "法院.xlsx"
            done(settings, "import", "--template", str(form))
            csv = filled(form)
            assert t("workbook.dry") in done(settings, "import", "--dry-run", str(form), str(csv))
            said = done(settings, "import", str(form), str(csv))
            assert "×" not in said
            first = re.search(r"duty1 [^：]*：(\S+)", said)
            assert first is not None
            done(settings, "basemap", "build", str(helsinki()), str(boundary(tmp_path)), "--crs", "GCJ-02")
            done(settings, "enrol", "--sheet", str(tmp_path / "codes.html"))
            assert administrator.get("/centre/admin/people").text.count("赫执") >= 20
        desk = desk_of(product, first[1], "duty1")
        wall = wall_of(product, desk)
        with httpx.Client(base_url=product.origin, cookies={"ecc_wall": wall}) as seen:
            assert seen.get("/api/layers/base.json").json()["tiles"]
            assert len(seen.get("/api/layers/boundary.json").json()["features"]) == 1
            assert [seen.get(f"/api/layers/{name}.json").status_code for name in LAYERS] == [200] * len(LAYERS)
        await moves(product, wall)


async def moves(product: Product, wall: str) -> None:
    """A phone goes on duty and walks; the wall has everybody, every case, and sees it."""
    enrolled = re.search(r"http\S+/link/\S+", done(product.settings, "enrol", "107"))
    assert enrolled is not None
    headers = {"origin": product.origin}
    with httpx.Client(base_url=product.origin) as phone:
        assert press(product, phone, secret_of(enrolled[0], product)).headers["location"] == "/field/"
        assert (
            phone.post("/ingest/duty", json={"id": fix()["id"], "on": True, "t": iso(datetime.now(UTC))}, headers=headers).status_code
            == 202
        )
        async with viewer(product, "wall", wall) as view:
            for lat in (60.1700, 60.1709):
                phone.post("/ingest/positions", json={"fixes": [fix(lat, 24.94)]}, headers=headers)
                await view.until(lambda lat=lat: positions(view.frames).get(107) == (round(lat * 1e7), 249_400_000))
            assert sum(area["cases"] for area in view.rows["area"].values()) == 50
            assert len(view.rows["unit"]) == 16, "fourteen with a number, two cars"

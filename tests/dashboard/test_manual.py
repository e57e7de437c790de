"""使用手册: it is there for everybody, says which version runs, and quotes screens and `ecc doctor` by their own words."""

import re
from importlib.metadata import version

import httpx
import pytest
from fastapi import FastAPI

from dashboard.app import build
from dashboard.commands.parser import parser
from dashboard.heartbeat.parts import NAMES
from dashboard.i18n import t
from dashboard.manual.app import HERE, PAGES
from data.settings import Settings

PLACES = ("/manual/", *(f"/manual/{page}" for page in PAGES))


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> FastAPI:
    settings = Settings.of(home=tmp_path_factory.mktemp("home"), redis_url="redis://127.0.0.1:1/0")
    settings.make_folders()
    return build(settings)


async def read(app: FastAPI, *paths: str) -> list[httpx.Response]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1") as anybody:
        return [await anybody.get(path) for path in paths]


async def test_every_page_is_there_for_somebody_who_cannot_sign_in_and_names_the_running_version(app: FastAPI) -> None:
    for answer in await read(app, *PLACES):
        assert answer.status_code == 200
        assert t("manual.version", version=version("enforcement-command-centre")) in answer.text


async def test_what_a_page_leads_to_is_there(app: FastAPI) -> None:
    for place, answer in zip(PLACES, await read(app, *PLACES), strict=True):
        marks = set(re.findall(r'id="([^"]+)"', answer.text))
        assert set(re.findall(r'href="#([^"]+)"', answer.text)) <= marks, place
        others = set(re.findall(r'(?:href|src)="(/manual/[^"]*)"', answer.text))
        assert {other.status_code for other in await read(app, *others)} == {200}, place


async def test_what_is_no_page_is_not_found(app: FastAPI) -> None:
    asked = ("/manual/frame", "/manual/duty.html", "/manual/static/app.py", "/manual/static/..%2fapp.py", "/manual/static/x.webp")
    assert [answer.status_code for answer in await read(app, *asked)] == [404] * len(asked)


def test_desk_phone_administrator_and_who_cannot_sign_in_have_a_way_to_it() -> None:
    ways = {
        "assets/modules/desk_dialogs.mjs": "/manual/duty",
        "field/static/sheets.mjs": "/manual/field",
        "admin/frame.html": "/manual/admin",
        "sign_in_pages/sign_in.html": "/manual/",
    }
    for page, way in ways.items():
        assert way in (HERE.parent / page).read_text(), page
        assert way in PLACES


async def test_it_runs_no_script_and_loads_nothing_from_outside(app: FastAPI) -> None:
    for answer in await read(app, *PLACES):
        assert "<script" not in answer.text
        assert not re.search(r'(?:href|src)="(?!/|#|data:)', answer.text)


def test_every_part_that_the_doctor_looks_at_has_its_fault_by_its_own_words() -> None:
    told = set(re.findall(r'line\("(\w+)", "(\w+)"\)', (HERE / "faults.html").read_text()))
    assert [said for said in told if f"heartbeat.{said[0]}_{said[1]}" not in t and f"heartbeat.{said[1]}" not in t] == []
    assert {part for part, _ in told} == set(NAMES) - {"version"}


def test_commands_that_it_names_exist() -> None:
    known = set(re.findall(r"^    ([a-z][a-z-]+)\b", parser().format_help(), re.MULTILINE))
    for page in PAGES:
        named = set(re.findall(r"\becc ([a-z][a-z-]+)", (HERE / f"{page}.html").read_text()))
        assert named <= known, page


def test_pictures_are_few_bytes() -> None:
    sizes = {path.name: path.stat().st_size for path in (HERE / "pictures").glob("*.webp")}
    assert all(size <= 400_000 for size in sizes.values())
    named = {name for page in PAGES for name in re.findall(r'picture\("(\w+)"', (HERE / f"{page}.html").read_text())}
    assert {name.removesuffix(".webp") for name in sizes} <= named, "a picture that no page shows"

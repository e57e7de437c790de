"""The import contracts of pyproject.toml: complete as the tree grows, and able to fail.

A module that a contract does not name is free; so each face, query and door that exists must be named where it matters.
"""

import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("geo", "data", "streaming", "dashboard")
FACE_FILES = ("page.py", "app.py", "stage.py")  # what makes a folder of the dashboard a face
FOR_OUTSIDERS = {"objecting", "party", "public", "released"}  # the only queries that a party, the public or an audience reads through
PAGES = "pages call actions and queries, never tables"
OUTSIDERS = "outsiders read party, public and released only"

PLANTED = [
    ("geo/planted.py", "import data.errors", "dashboard > streaming > data > geo"),
    ("data/planted.py", "import streaming", "dashboard > streaming > data > geo"),
    ("data/rules/planted.py", "import data.tables", "inside data"),
    ("data/queries/planted.py", "import data.actions", "inside data"),
    ("data/rules/planted.py", "import time", "rules and geometry are pure"),
    ("geo/planted.py", "import asyncio", "rules and geometry are pure"),
    ("data/errors.py", "import data.rules", "inside data"),
    ("data/events/calls.py", "import data.tables", "inside data"),
    ("data/tables/calls.py", "import data.journal", "inside data"),
    ("data/identity.py", "import data.actions", "inside data"),
    ("data/actions/planted.py", "import data.demo", "inside data"),
    ("dashboard/i18n.py", "import dashboard.live", "inside dashboard; faces do not know each other"),
    ("dashboard/live/hub.py", "import dashboard.panels", "inside dashboard; faces do not know each other"),
    ("dashboard/panels/planted.py", "import dashboard.wall", "inside dashboard; faces do not know each other"),
    ("dashboard/field/planted.py", "import dashboard.app", "inside dashboard; faces do not know each other"),
    ("dashboard/desk/planted.py", "import dashboard.wall.page", "inside dashboard; faces do not know each other"),
    ("dashboard/panels/planted.py", "from data.tables import CounterRow", PAGES),
    ("dashboard/field/planted.py", "import sqlalchemy", PAGES),
    ("dashboard/demo/planted.py", "import data.actions", "the demonstration speaks through the public doors"),
    ("streaming/planted.py", "import redis", "only the bus knows Redis"),
]


@pytest.fixture(scope="module")
def contracts() -> dict[str, dict[str, Any]]:
    """By name."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    return {contract["name"]: contract for contract in settings["tool"]["importlinter"]["contracts"]}


def layers(contract: Mapping[str, Any]) -> set[str]:
    """Every module in a layers contract, brackets taken off."""
    return {name.strip(" ()") for layer in contract["layers"] for name in re.split("[|:]", layer)}


def names(contract: Mapping[str, Any], key: str) -> set[str]:
    """Modules of a list, `package.**` as `package`."""
    return {name.removesuffix(".**") for name in contract.get(key, ())}


def faces() -> set[str]:
    return {file.parent.name for name in FACE_FILES for file in ROOT.glob(f"dashboard/*/{name}")}


def test_every_face_is_kept_from_the_others_and_from_the_tables(contracts: dict[str, dict[str, Any]]) -> None:
    assert faces() <= layers(contracts["inside dashboard; faces do not know each other"])
    assert {f"dashboard.{face}" for face in faces()} <= names(contracts[PAGES], "source_modules")


def test_every_query_is_closed_to_outsiders_unless_made_for_them(contracts: dict[str, dict[str, Any]]) -> None:
    outsiders = {
        "dashboard.portal": ROOT / "dashboard/portal",
        "dashboard.screening.objecting": ROOT / "dashboard/screening/objecting.py",
        "dashboard.screening.stage": ROOT / "dashboard/screening/stage.py",
    }
    present = {name for name, path in outsiders.items() if path.exists()}
    contract = contracts.get(OUTSIDERS, {})
    assert present <= names(contract, "source_modules")
    if present:
        queries = {file.stem for file in ROOT.glob("data/queries/[!_]*.py")} - FOR_OUTSIDERS
        assert {f"data.queries.{query}" for query in queries} <= names(contract, "forbidden_modules")


def test_every_room_is_watched(contracts: dict[str, dict[str, Any]]) -> None:
    assert layers(contracts["dashboard > streaming > data > geo"]) == set(ROOMS)


def test_brackets_stand_only_around_what_does_not_exist_yet(contracts: dict[str, dict[str, Any]]) -> None:
    optional = {
        f"{container}.{name}"
        for contract in contracts.values()
        for container in contract.get("containers", ())
        for name in re.findall(r"\((\w+)\)", " ".join(contract["layers"]))
    }
    there = {path.with_suffix("").relative_to(ROOT).as_posix().replace("/", ".") for room in ROOMS for path in ROOT.glob(f"{room}/*")}
    assert optional & there == set()


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The four rooms and their contracts, to plant something in; faces that do not exist yet are made, empty."""
    for room in ROOMS:
        shutil.copytree(ROOT / room, tmp_path / room, ignore=lambda _, found: [n for n in found if "." in n and not n.endswith(".py")])
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for folder in ("wall", "desk", "field", "replay", "sheet", "inspector", "faults", "manual", "panels", "demo"):
        (tmp_path / "dashboard" / folder).mkdir(exist_ok=True)
        (tmp_path / "dashboard" / folder / "__init__.py").touch()
    (tmp_path / "dashboard/wall/page.py").touch()
    return tmp_path


def test_the_bus_may_know_redis(copy: Path) -> None:
    (copy / "streaming/bus.py").write_text("from redis.asyncio import Redis\n")
    assert lint(copy).returncode == 0


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-logo", "--no-cache"]
    return subprocess.run(command, cwd=folder, env={"PYTHONPATH": str(folder)}, capture_output=True, text=True, check=False)


def test_the_tree_keeps_its_contracts(copy: Path) -> None:
    said = lint(copy)
    assert said.returncode == 0, said.stdout


@pytest.mark.parametrize(("file", "line", "name"), PLANTED, ids=[f"{file}: {line}" for file, line, _ in PLANTED])
def test_a_planted_import_is_caught(copy: Path, file: str, line: str, name: str) -> None:
    (copy / file).write_text(f"{line}\n")
    said = lint(copy)
    assert said.returncode == 1, said.stdout
    assert re.search(rf"^{re.escape(name)} BROKEN", said.stdout, re.MULTILINE), said.stdout

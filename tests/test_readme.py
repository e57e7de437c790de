"""The README tells the truth: wire tables as the doors describe themselves, LINKS as the demonstration writes it, every name exists."""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from dashboard.app import build, document
from dashboard.demo.begun import Begun, Phone, links_text
from dashboard.demo.plan import Plan, Unit
from data.settings import Settings
from tests.bench.__main__ import names

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
CHINESE, ENGLISH = README.split("\n---\n")
PICTURE = re.compile(r"!\[[^\]]+\]\(([^)]+)\)")
MOST_BYTES, MOST_MOVING_BYTES = 400_000, 2_000_000
ORDER = ("两分钟里会看到什么", "不做什么", "数字", "目录树", "词汇", "怎样加一个事件", "决定")
ORDER_ENGLISH = (
    "What you will see in two minutes", "What it does not do", "Figures", "Tree", "Glossary", "How to add an event", "Decisions",
)  # fmt: skip


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What `/api/openapi.json` answers."""
    settings = Settings.of(home=tmp_path_factory.mktemp("home"), redis_url="unix:///nowhere")
    settings.make_folders()
    return document(build(settings))


def rows(pattern: str) -> list[re.Match[str]]:
    return list(re.finditer(pattern, README, re.MULTILINE))


def test_the_doors_are_those_of_the_description_with_their_roles(described: dict[str, Any]) -> None:
    told = {(row[1].lower(), row[2], row[3]) for row in rows(r"^\| `(GET|POST|PATCH|DELETE) (\S+)` \| `([^`]+)` \|")}
    known = {(verb, path, said["x-role"]) for path, verbs in described["paths"].items() for verb, said in verbs.items()}
    assert told == known


def test_what_a_door_takes_and_answers_is_what_it_describes(described: dict[str, Any]) -> None:
    for row in rows(r"^\| `(GET|POST) (\S+)` \| `[^`]+` \| (?:`(\w+)` )?\|(?: (\d+) `(\w+)` \|)?"):
        verb, path, takes, status, answers = row.groups()
        said = json.dumps(described["paths"][path][verb.lower()])
        if takes:
            assert f"/{takes}" in json.dumps(described["paths"][path][verb.lower()]["requestBody"])
        if answers:
            assert f"/{answers}" in json.dumps(described["paths"][path][verb.lower()]["responses"][status]), said


def test_the_forms_have_the_fields_of_the_description(described: dict[str, Any]) -> None:
    schemas = {
        name: schema for name, schema in described["components"]["schemas"].items() if "properties" in schema and "Validation" not in name
    }
    told = {row[1]: row[2] for row in rows(r"^\| `(\w+)` \| ((?:(?:\*\*)?`\w+`(?:\*\*)? ?)+)\|$")}
    assert set(told) == set(schemas)
    for name, fields in told.items():
        assert set(re.findall(r"`(\w+)`", fields)) == set(schemas[name]["properties"]), name
        assert set(re.findall(r"\*\*`(\w+)`\*\*", fields)) == set(schemas[name].get("required", ())), name


def test_the_words_of_a_fix_are_those_of_the_description(described: dict[str, Any]) -> None:
    fields = described["components"]["schemas"]["PositionFix"]["properties"]
    for field in ("src_crs", "provider"):
        line = re.search(rf"`{field}`: ((?:`\w+` ?)+)", README)
        assert line is not None
        assert set(re.findall(r"`(\w+)`", line[1])) == set(fields[field]["enum"])


def test_the_links_file_has_the_form_that_is_printed(tmp_path: Path) -> None:
    plan = Plan(
        origin="", run="", court_code="C", civil_offset_s=0, case_token="t", devices=[Unit("1001", "t", "k", 40.0, 100.0)],
        ways={}, missions={}, planned={}, cases={},
    )  # fmt: skip
    canaries = {name: ["x"] for name in ("names", "phones", "id_numbers", "plates")}
    begun = Begun("w", "d", "x", [Phone("王", "s")], plan, canaries)
    settings = Settings.of(home=tmp_path, port=8050, redis_url="unix:///nowhere")
    written = json.loads(links_text(begun, settings, {"supervisor": 1, "web": 2, "bus": 3, "jobs": 4, "relay": 5}))
    printed = re.search(r"```json\n(.*?)```", README, re.DOTALL)
    assert printed is not None
    told = json.loads(printed[1])
    assert form(told) == form(written)
    assert {name: door.split("ORIGIN")[1] for name, door in told["doors"].items()} == {
        name: f"/{door.split('/', 3)[3]}" for name, door in written["doors"].items()
    }


def form(value: Any) -> Any:
    """Names and kinds, without what stands in them."""
    if isinstance(value, dict):
        return {name: form(each) for name, each in value.items()}
    return [form(value[0])] if isinstance(value, list) else type(value).__name__


@pytest.mark.parametrize(("half", "order"), [(CHINESE, ORDER), (ENGLISH, ORDER_ENGLISH)], ids=["chinese", "english"])
def test_each_half_tells_in_the_agreed_order(half: str, order: tuple[str, ...]) -> None:
    places = [half.index("make demo"), *(half.index(f"\n## {title}") for title in order)]
    assert places == sorted(places)


def test_it_opens_with_the_moving_picture() -> None:
    first = PICTURE.match(README)
    assert first is not None
    assert (ROOT / first[1]).read_bytes()[:4] == b"RIFF"
    assert b"ANMF" in (ROOT / first[1]).read_bytes(), "a picture that does not move"
    assert (ROOT / first[1]).stat().st_size <= MOST_MOVING_BYTES


def test_every_picture_exists_and_is_small() -> None:
    still = PICTURE.findall(README)[1:]
    assert len(still) >= 5
    assert [name for name in still if not 1_000 < (ROOT / name).stat().st_size <= MOST_BYTES] == []


def test_every_path_named_exists() -> None:
    named = set(re.findall(r"`((?:\.ci|geo|data|streaming|dashboard|tests)/[\w./-]*|[\w-]+\.(?:toml|md))`", README))
    assert len(named) >= 8
    assert [name for name in named if not (ROOT / name).exists()] == []
    tree = re.search(r"## 目录树\n\n```\n(.*?)```", README, re.DOTALL)
    assert tree is not None
    assert [line.split()[0] for line in tree[1].splitlines() if not (ROOT / line.split()[0]).is_dir()] == []


def test_every_command_named_exists() -> None:
    makefile = (ROOT / "Makefile").read_text()
    assert set(re.findall(r"(?:`|^)make ([a-z]+)", README, re.MULTILINE)) <= set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
    variables = set(re.findall(r"\b([A-Z]{4,})=", README))
    assert variables <= set(re.findall(r"^([A-Z]+) \?=", makefile, re.MULTILINE))
    assert "ecc" in tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    spoken = subprocess.run([sys.executable, "-m", "dashboard", "--help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert set(re.findall(r"(?:`|^)ecc ([a-z-]+)", README, re.MULTILINE)) <= set(spoken.split())


def test_every_figure_belongs_to_a_bench_that_exists() -> None:
    table = re.search(r"<!-- figures.*?-->(.*?)<!-- /figures -->", README, re.DOTALL)
    assert table is not None
    figures = re.findall(r"^\| `(\w+)[^`]*` \|[^|]*\|[^|]*\|([^|]*)\|([^|]*)\|$", table[1], re.MULTILINE)
    assert {bench for bench, _, _ in figures} == set(names())
    assert [bench for bench, value, when in figures if value.strip() and not re.search(r"20\d\d-\d\d-\d\d", when)] == []


def test_no_address_stands_in_it() -> None:
    assert "://" not in README

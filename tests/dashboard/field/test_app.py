"""The phone's files: right types, asked for anew each time, complete for a start without a network, every sentence in the texts."""

import json
import re
import struct
import subprocess
import tomllib
import zlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from httpx import ASGITransport, AsyncClient
from starlette.applications import Starlette
from starlette.routing import Mount

from dashboard.field import app, icon

ROOT = Path(__file__).resolve().parents[3]
TSC = ROOT / "node_modules/typescript/bin/tsc"
TEXT_KEY = re.compile(r"'([a-z]+(?:_[a-z]+)*)'")
WORDS = re.compile(r"[\u3400-\u9fff]")


@pytest.fixture
def texts() -> dict[str, str]:
    table: dict[str, str] = tomllib.loads((ROOT / "dashboard/texts/zh.toml").read_text(encoding="utf-8"))["field"]
    return table


def asking(texts: dict[str, str], build: str = "b1") -> AsyncClient:
    face = Starlette(routes=[Mount("/field", app.build_field(texts=texts, build=build))])
    return AsyncClient(transport=ASGITransport(face), base_url="http://court.test")


@pytest.fixture
async def client(texts: dict[str, str]) -> AsyncIterator[AsyncClient]:
    async with asking(texts) as client:
        yield client


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("", "text/html; charset=utf-8"),
        ("field.css", "text/css; charset=utf-8"),
        ("tokens.css", "text/css; charset=utf-8"),
        ("field.mjs", "text/javascript; charset=utf-8"),
        ("sw.js", "text/javascript; charset=utf-8"),
        ("manifest.webmanifest", "application/manifest+json"),
        ("icon.svg", "image/svg+xml"),
        ("icon-192.png", "image/png"),
    ],
)
async def test_each_file_has_its_type_and_is_asked_for_anew(client: AsyncClient, name: str, media_type: str) -> None:
    answer = await client.get(f"/field/{name}")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == media_type
    assert answer.headers["cache-control"] == "no-cache"
    again = await client.get(f"/field/{name}", headers={"If-None-Match": answer.headers["etag"]})
    assert again.status_code == 304
    assert again.content == b""
    assert (await client.head(f"/field/{name}")).status_code == 200


@pytest.mark.parametrize("name", ["wire.d.ts", "index.html", "app.py", "../app.py", "%2e%2e/app.py", "nothing", "field.css/"])
async def test_nothing_else_is_served(client: AsyncClient, name: str) -> None:
    assert (await client.get(f"/field/{name}")).status_code == 404


async def test_the_worker_may_serve_the_whole_face_and_keeps_every_file_of_it(client: AsyncClient) -> None:
    answer = await client.get("/field/sw.js")
    assert answer.headers["service-worker-allowed"] == "/field/"
    kept = re.search(r"FILES = JSON.parse\('(.*?)'\)", answer.text)
    assert kept
    files = json.loads(kept[1])
    assert "./" in files
    for name in files:
        assert (await client.get(f"/field/{name.removeprefix('./')}")).status_code == 200
    imported = {name for file in app.STATIC.glob("*.mjs") for name in re.findall(r"from '\./(\w+\.mjs)'", file.read_text(encoding="utf-8"))}
    assert imported <= set(files)


async def test_a_changed_sentence_is_a_changed_worker(texts: dict[str, str]) -> None:
    workers = set()
    for sentence in ("按住 1.5 秒", "按住一秒半"):
        async with asking(texts | {"sos_hint": sentence}) as client:
            workers.add((await client.get("/field/sw.js")).text)
    assert len(workers) == 2


async def test_a_sentence_cannot_become_markup(texts: dict[str, str]) -> None:
    nasty = texts | {"call_hint": "</script><img src=x onerror=alert(1)>"}
    async with asking(nasty, build='"><b>') as client:
        page = (await client.get("/field/")).text
    assert "<img src=x" not in page
    assert '"><b>' not in page


async def test_the_manifest_makes_it_installable(client: AsyncClient) -> None:
    manifest = (await client.get("/field/manifest.webmanifest")).json()
    assert manifest["display"] == "standalone"
    assert manifest["start_url"] == manifest["scope"] == "/field/"
    assert {"192x192", "512x512"} <= {one["sizes"] for one in manifest["icons"]}
    for one in manifest["icons"]:
        assert (await client.get(f"/field/{one['src']}")).headers["content-type"] == one["type"]


@pytest.mark.parametrize("size", icon.SIZES)
def test_the_icon_is_a_picture_of_the_two_zones(size: int) -> None:
    data = icon.png(size)
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", data[16:24])
    assert (width, height) == (size, size)
    start = data.index(b"IDAT") + 4
    rows = zlib.decompress(data[start : start + struct.unpack(">I", data[start - 8 : start - 4])[0]])

    def colour(x: float, y: float) -> str:
        at = int(y * size) * (size * 3 + 1) + 1 + int(x * size) * 3
        return "#" + rows[at : at + 3].hex()

    assert [colour(0.05, 0.05), colour(0.5, 0.4), colour(0.5, 0.7)] == [icon.GROUND, icon.CALL, icon.SOS]


def test_every_sentence_used_exists_and_every_one_that_exists_is_used(texts: dict[str, str]) -> None:
    scripts = "\n".join(file.read_text(encoding="utf-8") for file in app.STATIC.glob("*.mjs"))
    page = (app.STATIC / "index.html").read_text(encoding="utf-8")
    asked = set(re.findall(r"\bt\('(\w+)'", scripts))
    in_page = set(app.HOLE.findall(page)) - {"texts", "build"}
    assert asked | in_page <= set(texts)
    mentioned = set(TEXT_KEY.findall(scripts)) | in_page | {"name", "title"}
    assert set(texts) <= mentioned


def test_both_languages_have_the_same_keys_and_holes(texts: dict[str, str]) -> None:
    english = tomllib.loads((ROOT / "dashboard/texts/en.toml").read_text(encoding="utf-8"))["field"]
    assert set(english) == set(texts)
    for key, sentence in texts.items():
        assert set(re.findall(r"\{(\w+)\}", sentence)) == set(re.findall(r"\{(\w+)\}", english[key])), key


def test_no_script_and_no_markup_holds_a_chinese_sentence() -> None:
    for file in [*app.STATIC.glob("*.mjs"), app.STATIC / "index.html", app.STATIC / "sw.js"]:
        code = re.sub(r"//.*|/\*.*?\*/", "", file.read_text(encoding="utf-8"), flags=re.DOTALL if file.suffix == ".css" else 0)
        assert not WORDS.search(re.sub(r"/\*.*?\*/", "", code, flags=re.DOTALL)), file.name


def test_no_script_writes_markup() -> None:
    for file in app.STATIC.glob("*.mjs"):
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(", file.read_text(encoding="utf-8")), (
            file.name
        )


def test_every_colour_comes_from_the_tokens() -> None:
    css = (app.STATIC / "field.css").read_text(encoding="utf-8")
    assert not re.search(r"#[0-9a-fA-F]{3,8}\b(?=[^{]*;)|rgba?\(", css)


@pytest.mark.skipif(not TSC.exists(), reason="TypeScript is not installed: make setup")
def test_the_worker_is_typed() -> None:
    """It lives in another world than the page (no window), so it is checked by itself."""
    command = ["node", str(TSC), "--noEmit", "--checkJs", "--strict", "--target", "es2022", "--lib", "es2022,webworker", "--ignoreConfig"]
    checked = subprocess.run([*command, str(app.STATIC / "sw.js")], capture_output=True, text=True, timeout=60, check=False)
    assert checked.returncode == 0, checked.stdout

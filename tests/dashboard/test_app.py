"""The web process as one: what Dash would do by itself and must not, the doors' description, readiness."""

import http.client
import inspect
import json
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.routing import Mount, Route

from dashboard.app import build, document
from dashboard.building import HERE
from dashboard.listening import KEPT_S
from dashboard.media import build as build_relay
from data.settings import Settings, as_environ
from tests.running import Product, eventually
from tests.servers import free_port

pytestmark = pytest.mark.timeout(180)


@pytest.fixture(scope="module")
def product() -> Iterator[Product]:
    with Product() as product:
        yield product


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> FastAPI:
    settings = Settings.of(home=tmp_path_factory.mktemp("home"), port=free_port(), redis_url="unix:///nowhere/s")
    settings.make_folders()
    return build(settings)


def get(product: Product, path: str, cookie: str = "", **headers: str) -> tuple[int, str, Any]:
    request = urllib.request.Request(product.origin + path, headers={"Cookie": cookie} | headers)
    opener = urllib.request.build_opener(NoRedirect)
    try:
        with opener.open(request, timeout=60) as answer:
            return answer.status, answer.read().decode(errors="replace"), answer.headers
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode(errors="replace"), error.headers


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


def test_a_connection_is_kept_longer_than_whoever_speaks_by_it_keeps_it(product: Product) -> None:
    """nginx keeps one for a minute and sends a call by it; ended here at that moment, the call would be lost on its way."""
    assert KEPT_S > 120  # Caddy's, the longest of those in `deploy`
    connection = http.client.HTTPConnection("127.0.0.1", product.settings.port, timeout=60)
    for pause_s in (0, 7):  # uvicorn's own measure is five
        time.sleep(pause_s)
        connection.request("GET", "/healthz")
        answer = connection.getresponse()
        assert (answer.status, answer.read() != b"") == (200, True)
        connection.auto_open = 0  # this one or none
    connection.close()


def test_the_first_page_after_a_start_has_every_asset(product: Product) -> None:
    """The fixture asked for /readyz only: Dash has seen no request of its own yet."""
    status, page, headers = get(product, "/centre/wall", f"ecc_wall={product.seeded.wall}")
    assert status == 200
    assert '<html lang="zh-CN" data-face="wall"' in page
    owed = [
        path.name for path in (HERE / "assets").iterdir() if path.suffix in {".mjs", ".js", ".css"} and not path.name.startswith("desk.")
    ]
    assert owed
    for name in owed:
        assert f"/centre/assets/{name}" in page, name
    assert "script-src 'self' 'sha256-" in headers["content-security-policy"]


def test_modules_that_another_imports_are_not_loaded_twice(product: Product) -> None:
    _, page, _ = get(product, "/centre/wall", f"ecc_wall={product.seeded.wall}")
    named = re.findall(r"<[^>]*/assets/modules/[^>]*>", page)
    assert named, "the modules are not fetched beforehand"
    # by the address that imports them, so that it is the same module
    assert all(re.fullmatch(r'<link rel="modulepreload" href="/centre/assets/modules/\w+\.mjs">', one) for one in named), named
    assert not any("/desk" in one for one in named)
    assert len(re.findall(r"/centre/assets/live\.mjs", page)) == 1


def test_the_page_carries_its_texts_as_data(product: Product) -> None:
    _, page, _ = get(product, "/centre/wall", f"ecc_wall={product.seeded.wall}")
    found = re.search(r'<script type="application/json" id="ecc-texts">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    texts = json.loads(found[1])
    assert all(key.partition(".")[0] in {"wall", "video", "ui", "row"} for key in texts)


def test_the_bare_page_holds_no_row(product: Product) -> None:
    _, page, _ = get(product, "/centre/wall", f"ecc_wall={product.seeded.wall}")
    assert "陈甲" not in page
    assert "1001" not in re.sub(r'"ecc-texts">.*?</script>', "", page, flags=re.DOTALL)


@pytest.mark.parametrize("path", ["/no/such/page", "/centre/nothing", "/centre/", "/apix", "/field/none", "/vendor/none", "/liv"])
def test_an_unknown_path_is_not_the_wall(product: Product, path: str) -> None:
    status, page, _ = get(product, path, f"ecc_wall={product.seeded.wall}")
    assert status == 404
    assert "dash" not in page.lower()


def test_a_page_without_a_cookie_leads_to_signing_in(product: Product) -> None:
    status, _, headers = get(product, "/centre/wall")
    assert status in (302, 303, 307)
    assert headers["location"].startswith("/sign-in")


@pytest.mark.parametrize("path", ["/centre/_dash-layout", "/centre/_dash-dependencies", "/api/openapi.json", "/api/layers/river.json"])
def test_data_without_a_cookie_is_refused(product: Product, path: str) -> None:
    assert get(product, path)[0] == 401


def test_dash_callbacks_are_closed_to_strangers(product: Product) -> None:
    request = urllib.request.Request(
        f"{product.origin}/centre/_dash-update-component", b"{}", {"Content-Type": "application/json", "Origin": product.origin}
    )
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=60)
    assert refused.value.code == 401


def test_the_dash_socket_is_closed_to_all(product: Product) -> None:
    with socket.create_connection(("127.0.0.1", product.settings.port), timeout=60) as wire:
        lines = [
            "GET /centre/_dash-ws-callback HTTP/1.1",
            f"Host: 127.0.0.1:{product.settings.port}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
            "Sec-WebSocket-Version: 13",
            f"Origin: {product.origin}",
            f"Cookie: ecc_desk={product.seeded.desk}",
        ]
        wire.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        assert wire.recv(100).split()[1] in (b"401", b"403")


def test_readiness_has_a_reason(product: Product) -> None:
    def said() -> tuple[int, Any]:
        status, body, _ = get(product, "/readyz")
        return status, json.loads(body)

    eventually(lambda: said() == (200, {"ready": True, "reasons": [], "down": []}), "not ready")
    product.freeze("jobs")
    try:  # named, but calls still come in: no reason to send nobody here
        eventually(lambda: said() == (200, {"ready": True, "reasons": [], "down": ["jobs"]}), "the silent jobs were not named")
    finally:
        product.thaw("jobs")
    assert json.loads(get(product, "/healthz")[1])["alive"] is True


def test_a_font_is_served_from_the_list_only(product: Product) -> None:
    assert get(product, "/vendor/noto-sans-sc/wght.css")[0] == 200
    assert get(product, "/vendor/barlow-condensed/barlow-condensed-latin-600-normal.woff2")[0] == 200
    for path in ("/vendor/noto-sans-sc/package.json", "/vendor/../package.json", "/vendor/noto-sans-sc/%2e%2e/%2e%2e/package.json"):
        assert get(product, path)[0] == 404


def test_the_figures_library_is_the_one_that_dash_expects(product: Product) -> None:
    """The small one in place of Dash's own: of the same version, or the figure may be drawn otherwise."""
    status, small, _ = get(product, "/vendor/plotly-basic/plotly-basic.min.js")
    assert status == 200
    large = (files("plotly") / "package_data/plotly.min.js").read_text()
    said = [re.search(r"plotly\.js[^v]*(v\d+\.\d+\.\d+)", text[:400]) for text in (small, large)]
    assert said[0]
    assert said[1]
    assert said[0][1] == said[1][1]


UNUSED = ("flask", "geopandas", "scipy", "aiortc", "pandas")


def test_the_web_process_loads_nothing_that_it_does_not_use(tmp_path: Path) -> None:
    """Each of these would be a tenth of a second and more of every start."""
    environ = as_environ(Settings.of(home=tmp_path, port=free_port(), redis_url="unix:///nowhere/s"))
    loaded = (
        f"import sys; from dashboard.__main__ import main; main(['openapi']); sys.exit(repr([n for n in {UNUSED} if n in sys.modules]))"
    )
    done = subprocess.run([sys.executable, "-c", loaded], env=environ, capture_output=True, text=True, timeout=60, check=False)
    assert done.stderr.strip() == "[]"


def routes(app: Any, prefix: str = "") -> Iterator[tuple[str, str]]:
    """(method, path) of every described door of ours, mounted ones included; OPTIONS belongs to the way of asking."""
    for route in app.routes:
        if isinstance(route, Mount) and isinstance(route.app, FastAPI):
            yield from routes(route.app, prefix + route.path)
        elif isinstance(route, APIRoute) and not route.path.startswith("/centre"):
            for method in (route.methods or set()) - {"OPTIONS"}:
                yield method.lower(), prefix + re.sub(r":\w+}", "}", route.path)


def plain_routes(app: Any, prefix: str = "") -> Iterator[tuple[str, str]]:
    """The same of an application that does not describe itself."""
    for route in app.routes:
        if isinstance(route, Mount):
            yield from plain_routes(route.app, prefix + route.path)
        elif isinstance(route, Route):
            for method in (route.methods or set()) - {"OPTIONS", "HEAD"}:
                yield method.lower(), prefix + route.path


def test_the_description_names_every_door_and_its_role(app: FastAPI) -> None:
    described = document(app)
    ours = {*routes(app), *plain_routes(build_relay(app.state.house.settings))}  # the relay serves its own
    assert ("post", "/media/whip/{stream}") in ours
    said = {(method, path) for path, operations in described["paths"].items() for method in operations}
    assert {("post", "/ingest/positions"), ("get", "/api/track"), ("get", "/healthz")} <= said
    assert said == ours
    assert all("x-role" in said for operations in described["paths"].values() for said in operations.values())


def test_no_callback_can_stop_the_loop(app: FastAPI) -> None:
    """A callback that is not async is run on the loop itself: one that waits would stop every wall."""
    callbacks = app.state.house.dash.callback_map
    waiting = [name for name, told in callbacks.items() if "callback" in told and not inspect.iscoroutinefunction(told["callback"])]
    assert waiting == []


def test_the_build_changes_with_what_a_browser_holds(tmp_path: Path) -> None:
    from dashboard.building import build_of

    (tmp_path / "assets/modules").mkdir(parents=True)
    file = tmp_path / "assets/modules/state.mjs"
    file.write_text("1")
    before = build_of(tmp_path)
    file.write_text("2")
    assert build_of(tmp_path) != before

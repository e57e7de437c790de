"""attack 34: what somebody outside sees of the running product: headers on every answer, and no page of the machine room."""

from collections.abc import Iterator

import httpx
import pytest

from tests.running import Product
from tests.servers import free_port

HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "x-robots-tag": "noindex, nofollow",
}
ANSWERS = (
    "/", "/healthz", "/readyz", "/sign-in", "/sign-in/style.css", "/centre/wall", "/centre/admin/map", "/centre/admin/map/files",
    "/api/layers/base.json", "/join/x", "/party/x", "/stage/x", "/door/x", "/object/x", "/manual/", "/field/",
    "/vendor/noto-sans-sc/wght.css", "/link/x", "/nowhere",
)  # fmt: skip
MACHINE_ROOM = (
    "/metrics", "/debug", "/debug/pprof/", "/debug/vars", "/__debug__/", "/docs", "/redoc", "/openapi.json", "/api/docs", "/api/redoc",
    "/server-status", "/actuator", "/actuator/env", "/console", "/_profiler", "/.git/config", "/.env", "/ecc.toml", "/ecc.db",
    "/keys/sealing.key", "/maps/", "/layers/", "/centre/_reload-hash", "/centre/_config", "/ingest/docs", "/media/docs", "/field/docs",
)  # fmt: skip


@pytest.fixture(scope="module")
def product() -> Iterator[Product]:
    with Product(metrics_port=free_port()) as product:
        yield product


@pytest.mark.parametrize("path", ANSWERS)
def test_34_every_answer_also_a_refusal_carries_the_headers(product: Product, path: str) -> None:
    answer = httpx.get(f"{product.origin}{path}")
    assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS
    policy = answer.headers["content-security-policy"]
    assert "default-src" in policy
    assert "unsafe-eval" not in policy
    assert "server" not in answer.headers
    assert "access-control-allow-origin" not in answer.headers


def test_34_nothing_of_the_machine_room_is_reached_from_outside(product: Product) -> None:
    product.until_relay()
    found = {path: httpx.get(f"{product.origin}{path}").status_code for path in MACHINE_ROOM}
    assert {path: status for path, status in found.items() if status not in (401, 404)} == {}
    relay = {
        path: httpx.get(f"{product.settings.media_here}{path}").status_code
        for path in ("/metrics", "/docs", "/debug", "/openapi.json", "/")
    }
    assert {path: status for path, status in relay.items() if status not in (401, 404)} == {}


def test_34_an_error_tells_nothing_of_the_inside(product: Product) -> None:
    for path in ("/nowhere", "/centre/admin/map/files/x", "/link/x", "/api/layers/..%2f..%2fkeys.json"):
        said = httpx.get(f"{product.origin}{path}").text
        assert "Traceback" not in said
        assert str(product.settings.home) not in said
        assert "site-packages" not in said


def test_34_a_trace_or_a_connect_is_answered_by_nothing(product: Product) -> None:
    for method in ("TRACE", "CONNECT", "PROPFIND"):
        answer = httpx.request(method, f"{product.origin}/healthz")
        assert answer.status_code >= 400, method
        assert "ecc" not in answer.text

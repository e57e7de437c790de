"""The samples for a proxy before the product, in Debian's real nginx and Caddy: everything passes, and nobody lends himself an address."""

import asyncio
import hashlib
import json
import shutil
import socket
import ssl
import subprocess
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest
import websockets
from sqlalchemy import select
from websockets.typing import Origin

from data.rules.identity import Act
from data.tables import AuditRow
from tests.brought import TUS, VIDEOS, film_of, metadata
from tests.proxies import Proxy, trusting
from tests.running import Product
from tests.servers import free_port, need, wait_until
from tests.streaming.peers import Peer

pytestmark = pytest.mark.timeout(240)


class Behind(Product):
    """The product as it is behind a proxy: its public address is the proxy's, its own stays the loopback."""

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.settings.port}"

    @property
    def public(self) -> str:
        return self.settings.origin


@pytest.fixture(scope="module")
def product() -> Iterator[Behind]:
    public = f"https://localhost:{free_port()}"
    with Behind(public_origin=public, media_origin=public, trusted_proxies=("127.0.0.1",)) as product:
        wait_until(lambda: product.status("/healthz", f"http://127.0.0.1:{product.settings.media_port}") == 200, "no relay", 60)
        yield product


@pytest.fixture(scope="module", params=["nginx", "caddy"])
def proxy(request: pytest.FixtureRequest, product: Behind, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    need(shutil.which(request.param, path="/usr/sbin:/usr/bin") is not None, request.param)
    folder = tmp_path_factory.mktemp(request.param)
    folder.parent.chmod(0o755)  # nginx gives its workers to another user
    folder.chmod(0o777)
    started = Proxy(request.param, product, folder)
    yield started
    started.close()


@pytest.fixture
async def web(product: Behind, proxy: Proxy) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=product.public, verify=trusting(), timeout=60) as web:
        yield web


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_it_speaks_http_2_and_no_old_tls_and_sends_plain_http_to_the_name(proxy: Proxy) -> None:
    context = trusting()
    context.set_alpn_protocols(["h2", "http/1.1"])
    with socket.create_connection(("127.0.0.1", proxy.port)) as wire, context.wrap_socket(wire, server_hostname="localhost") as secured:
        assert secured.selected_alpn_protocol() == "h2"
    if curl := shutil.which("curl"):  # httpx as we have it speaks HTTP/1.1 only
        said = subprocess.run(
            [curl, "--silent", "--insecure", "--http2", "--output", "/dev/null", "--write-out", "%{http_version} %{http_code}",
             f"https://localhost:{proxy.port}/sign-in"], capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert said.stdout == "2 200"
    old = trusting()
    old.minimum_version, old.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    old.set_ciphers("DEFAULT:@SECLEVEL=0")
    with socket.create_connection(("127.0.0.1", proxy.port)) as wire, pytest.raises((ssl.SSLError, OSError)):
        old.wrap_socket(wire, server_hostname="localhost")
    answer = httpx.get(f"http://localhost:{proxy.plain_port}/centre/desk?x=1", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (308, "https://localhost/centre/desk?x=1")


async def test_34_its_answers_carry_our_headers_once_and_say_nothing_of_what_answers(web: httpx.AsyncClient) -> None:
    answer = await web.get("/sign-in")
    assert answer.status_code == 200
    assert answer.headers["strict-transport-security"].startswith("max-age=")
    for name in ("content-security-policy", "x-content-type-options", "x-frame-options", "referrer-policy"):
        assert len(answer.headers.get_list(name, split_commas=False)) == 1
    assert not any(character.isdigit() for character in answer.headers.get("server", ""))
    assert (await web.get("/metrics")).status_code == 404
    for path in ("/debug", "/server-status", "/nginx_status", "/.git/config", "/ecc.toml", "/config/"):
        assert (await web.get(path)).status_code == 404


async def test_a_wall_hears_the_live_socket_through_it(product: Behind, proxy: Proxy) -> None:
    address = f"{product.public.replace('https', 'wss', 1)}/live?face=wall"
    headers = {"Cookie": f"ecc_wall={product.seeded.wall}"}
    async with websockets.connect(
        address, additional_headers=headers, origin=Origin(product.public), ssl=trusting(), max_size=None
    ) as live:
        heard = [await asyncio.wait_for(live.recv(), 30) for _ in range(3)]
    assert any(isinstance(said, str) and "指挥大厅" in json.dumps(json.loads(said), ensure_ascii=False) for said in heard)
    with pytest.raises(websockets.InvalidStatus) as foreign:
        async with websockets.connect(address, additional_headers=headers, origin=Origin("https://elsewhere.example"), ssl=trusting()):
            pass
    assert foreign.value.response.status_code == 401


async def test_a_phone_publishes_by_whip_and_ends_it_at_the_address_it_was_given(product: Behind, web: httpx.AsyncClient) -> None:
    device = {"Authorization": f"Bearer {product.seeded.devices[1001]}"}
    check = (await web.post("/api/media/check?face=field", json={}, headers=device)).json()
    assert check["whip"].startswith(f"{product.public}/media/whip/")
    peer, bearer = Peer(), {"Authorization": f"Bearer {check['publish']}", "Origin": product.public}
    try:
        offer = await peer.offers("sendonly")
        answer = await web.post(check["whip"], content=offer, headers={**bearer, "Content-Type": "application/sdp"})
        assert answer.status_code == 201, answer.text
        assert answer.headers["access-control-allow-origin"] == product.public
        assert await peer.connect(answer.text)
        assert (await web.delete(answer.headers["location"], headers=bearer)).status_code == 200
    finally:
        await peer.close()
    stranger = await web.post(check["whep"], content=offer, headers={"Content-Type": "application/sdp"})
    assert (stranger.status_code, "code" in stranger.json()["error"]) == (401, True)


async def test_a_large_upload_passes_in_parts_and_a_part_of_a_file_is_given(product: Behind, proxy: Proxy, web: httpx.AsyncClient) -> None:
    content = film_of(3_000_000, seed=proxy.plain_port)
    desk = {"cookie": f"ecc_desk={product.seeded.desk}", "origin": product.public, **TUS}
    said = metadata(filename="film.webm", sha256=hashlib.sha256(content).hexdigest())
    begun = await web.post(VIDEOS, headers={**desk, "upload-length": str(len(content)), "upload-metadata": said})
    assert begun.status_code == 201, begun.text
    at, part = begun.headers["location"], {**desk, "content-type": "application/offset+octet-stream"}
    first = await web.patch(at, content=content[:2_000_000], headers={**part, "upload-offset": "0"})
    assert (first.status_code, first.headers["upload-offset"]) == (204, "2000000")
    assert (await web.head(at, headers=desk)).headers["upload-offset"] == "2000000"
    assert (await web.patch(at, content=content[2_000_000:], headers={**part, "upload-offset": "2000000"})).status_code == 204
    ranged = await web.get("/vendor/plotly-basic/plotly-basic.min.js", headers={"Range": "bytes=100-199"})
    assert (ranged.status_code, len(ranged.content), ranged.headers["content-range"][:14]) == (206, 100, "bytes 100-199/")


def addresses(product: Behind) -> list[str | None]:
    database = product.database()
    with database.reading() as session:
        found = list(
            session.scalars(select(AuditRow.address).where(AuditRow.act == Act.SIGN_IN, AuditRow.result == "failed").order_by(AuditRow.at))
        )
    database.close()
    return found


async def test_nobody_lends_himself_an_address(product: Behind, proxy: Proxy) -> None:
    """127.0.0.1 is the proxy, 127.0.0.2 whoever comes: through the proxy and, forging, past it."""
    claims = {"X-Forwarded-For": "9.9.9.9", "X-Real-IP": "9.9.9.9", "Forwarded": "for=9.9.9.9", "X-Forwarded-Proto": "https"}
    from_two = httpx.AsyncHTTPTransport(local_address="127.0.0.2", verify=trusting())
    before = len(addresses(product))
    async with httpx.AsyncClient(transport=from_two, timeout=60) as stranger:
        for origin in (f"https://127.0.0.1:{proxy.port}", product.origin):
            form: dict[str, Any] = {"username": "nobody", "password": "not the password"}
            headers = claims | {"Origin": product.public if origin.startswith("https") else origin, "Host": f"localhost:{proxy.port}"}
            headers |= {} if origin.startswith("https") else {"Host": origin.partition("//")[2]}
            answer = await stranger.post(f"{origin}/sign-in", data=form, headers=headers, extensions={"sni_hostname": "localhost"})
            assert answer.status_code == 401, answer.text
    assert addresses(product)[before:] == ["127.0.0.2", "127.0.0.2"]


async def test_its_log_holds_no_one_time_secret(proxy: Proxy, web: httpx.AsyncClient) -> None:
    """Last: nginx wrote a line for everything above. Caddy writes none unless it is told to."""
    await web.get("/link/one-time-secret-in-an-address")
    await web.get("/ingest/osmand?id=secret-behind-a-question-mark&lat=1&lon=1")
    if proxy.log.exists():
        wait_until(lambda: "/ingest/osmand" in proxy.log.read_text(), "nothing was written", 20)
        text = proxy.log.read_text()
        assert "GET /link/... " in text
        assert "secret" not in text

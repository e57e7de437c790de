"""The court's certificate and key: each mistake is one sentence, a changed pair counts for new connections and drops nobody."""

import asyncio
import socket
import ssl
import subprocess
import sys
from datetime import timedelta
from functools import partial
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from dashboard import i18n
from dashboard.certificate import Certificate, examine
from data.errors import Misconfigured
from data.settings import Settings, as_environ
from tests.certificates import NOW, issued, laid_down
from tests.dashboard.test_live import viewer
from tests.running import Product
from tests.servers import free_port, wait_until


def refused(cert: Path, key: Path) -> str:
    with pytest.raises(Misconfigured) as error:
        examine(cert, key, NOW)
    said = i18n.of_error(error.value)
    assert said != i18n.t("error.misconfigured")
    assert str(cert) in said or str(key) in said
    return error.value.code


def test_a_pair_with_its_chain_is_good_until_the_first_of_them_ends(tmp_path: Path) -> None:
    root = issued("CA", days=400)
    between = issued("CA between", root, days=20)
    cert, key = laid_down(tmp_path, issued("court", between), between)
    assert examine(cert, key, NOW) == NOW + timedelta(days=19)


def test_each_mistake_is_a_sentence_of_its_own(tmp_path: Path) -> None:
    root, other = issued("CA"), issued("CA other")
    cert, key = laid_down(tmp_path, issued("court", root), other)
    assert refused(cert, key) == "misconfigured.tls_chain"
    cert, key = laid_down(tmp_path, issued("court", days=1))
    assert refused(cert, key) == "misconfigured.tls_expired"
    cert, key = laid_down(tmp_path, issued("court", since=timedelta(days=2)))
    assert refused(cert, key) == "misconfigured.tls_not_yet"
    cert, key = laid_down(tmp_path, issued("court"), password=b"x y z")
    assert refused(cert, key) == "misconfigured.tls_sealed_key"
    cert, key = laid_down(tmp_path, issued("court"))
    assert refused(key, key) == "misconfigured.tls_bad_cert"
    key.chmod(0o644)
    assert refused(cert, key) == "misconfigured.tls_key_open"
    key.chmod(0o640)  # a group of its own is usual
    cert.chmod(0o600)
    examine(cert, key, NOW)
    assert refused(cert, cert) == "misconfigured.tls_bad_key"
    (tmp_path / "elsewhere").mkdir()
    _, foreign = laid_down(tmp_path / "elsewhere", issued("court"))
    assert refused(cert, foreign) == "misconfigured.tls_other_key"
    assert refused(tmp_path / "none.pem", key) == "misconfigured.tls_unreadable"


def test_a_start_with_a_wrong_pair_is_one_sentence(tmp_path: Path) -> None:
    cert, key = laid_down(tmp_path, issued("court", days=1))
    settings = Settings.of(home=tmp_path / "home", port=free_port(), tls_cert=cert, tls_key=key, redis_url="unix:///nowhere")
    command = [sys.executable, "-m", "dashboard", "serve", "--only", "relay"]
    said = subprocess.run(command, env=as_environ(settings), capture_output=True, text=True, timeout=100, check=False)
    assert (said.returncode, "Traceback" in said.stderr) == (78, False)
    assert said.stderr.strip().splitlines()[-1].startswith(f"证书 {cert} 已于")


async def test_a_changed_pair_counts_for_new_connections_and_open_ones_stay(tmp_path: Path) -> None:
    first, second = issued("court"), issued("court")
    certificate = Certificate(*laid_down(tmp_path, first))

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while said := await reader.readline():
            writer.write(said)
        writer.close()

    server = await asyncio.start_server(echo, "127.0.0.1", 0, ssl=certificate.context)
    port = server.sockets[0].getsockname()[1]
    trusting = ssl.create_default_context()
    trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE

    async def joined(name: str | None) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", port, ssl=trusting, server_hostname=name)

    def shown(writer: asyncio.StreamWriter) -> bytes:
        der: bytes = writer.get_extra_info("ssl_object").getpeercert(True)
        return der

    reader, writer = await joined("localhost")
    assert shown(writer) == first[0].public_bytes(Encoding.DER)
    laid_down(tmp_path, issued("court", days=1))
    certificate.look()  # an expired one is not taken
    (_, same), (_, nameless) = await joined("localhost"), await joined("127.0.0.1")
    assert shown(same) == shown(nameless) == first[0].public_bytes(Encoding.DER)
    laid_down(tmp_path, second)
    certificate.look()
    (_, fresh), (_, nameless_again) = await joined("localhost"), await joined("127.0.0.1")
    assert shown(fresh) == shown(nameless_again) == second[0].public_bytes(Encoding.DER)
    writer.write(b"still here\n")
    assert await reader.readline() == b"still here\n"
    for each in (writer, same, nameless, fresh, nameless_again):
        each.close()
    server.close()


class Secured(Product):
    """A product with a certificate that nobody has heard of."""

    def status(self, path: str, origin: str = "") -> int:
        try:
            return httpx.get((origin or self.origin) + path, verify=trusting(), timeout=5).status_code
        except httpx.HTTPError:
            return 0


def trusting() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


@pytest.mark.timeout(240)
async def test_the_running_product_takes_a_new_certificate_and_no_socket_ends(tmp_path: Path) -> None:
    cert, key = laid_down(tmp_path, issued("court"))
    with Secured(tls_cert=cert, tls_key=key) as product:
        wait_until(lambda: product.status("/healthz", product.settings.media) == 200, "no relay", 60)
        async with viewer(product, "wall", product.seeded.wall, ssl=trusting()) as wall:
            fresh = issued("court")
            laid_down(tmp_path, fresh)
            for port in (product.settings.port, product.settings.media_port):
                shown = partial(shows, port, fresh[0].public_bytes(Encoding.DER))
                await asyncio.to_thread(wait_until, shown, "the old one", 60)
            wall.tick = {}
            await wall.until(lambda: wall.tick)
            assert wall.snapshots == 1, "it never had to begin anew"


def shows(port: int, certificate: bytes) -> bool:
    with socket.create_connection(("127.0.0.1", port)) as wire, trusting().wrap_socket(wire, server_hostname="localhost") as secured:
        return secured.getpeercert(True) == certificate

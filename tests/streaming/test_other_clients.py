"""Publishers other than browsers: FFmpeg's WHIP muxer, and a peer whose certificate is RSA."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import uvicorn
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from fastapi import FastAPI

from streaming import hooks
from streaming.media_events import Limits
from streaming.media_tokens import MediaTokens, Right
from streaming.relay import Relay
from streaming.whip import build_media
from tests.servers import free_port
from tests.streaming.peers import Peer

ROOT = Path(__file__).resolve().parents[2]
TOKENS = MediaTokens(b"k" * 32)


@asynccontextmanager
async def served() -> AsyncIterator[tuple[Relay, str]]:
    relay, port = Relay(("127.0.0.1",), limits=Limits(asked_at_once=1_000)), free_port()
    app = FastAPI()
    app.mount("/media", build_media(TOKENS, relay, lambda: datetime.now(UTC), lambda error: error.code, "https://centre.example"))
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_config=None, lifespan="off"))
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    tasks = [asyncio.create_task(server._serve()), asyncio.create_task(relay.run())]
    try:
        async with asyncio.timeout(20):
            while not server.started:
                await asyncio.sleep(0.05)
        yield relay, f"http://127.0.0.1:{port}/media"
    finally:
        server.should_exit = True
        tasks[1].cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await relay.aclose()


async def until(true: Callable[[], bool], seconds: float = 40.0) -> None:
    async with asyncio.timeout(seconds):
        while not true():
            await asyncio.sleep(0.05)


def certificate(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> x509.Certificate:
    name, now = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "camera")]), datetime.now(UTC)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
    return made.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1)).sign(key, hashes.SHA256())


async def test_ffmpeg_publishes_h264_and_opus_that_a_viewer_gets(tmp_path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    (tmp_path / "c.pem").write_bytes(certificate(key).public_bytes(serialization.Encoding.PEM))
    form = serialization.PrivateFormat.TraditionalOpenSSL
    (tmp_path / "k.pem").write_bytes(key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()))
    async with served() as (relay, base):
        token = TOKENS.issue("camera", "s", Right.PUBLISH, now=datetime.now(UTC))
        words = [f"{base}/whip/s", token, str(tmp_path / "c.pem"), str(tmp_path / "k.pem")]
        ffmpeg = await asyncio.create_subprocess_exec(sys.executable, "-m", "tests.streaming.ffmpeg_whip", *words, cwd=ROOT)
        try:
            await until(lambda: "s" in relay._streams and relay._streams["s"].heard_s is not None)
            viewer = Peer()
            grant = TOKENS.read(TOKENS.issue("wall", "s", Right.VIEW, now=datetime.now(UTC)), now=datetime.now(UTC))
            session = await relay.view(grant, await viewer.offers("recvonly", codec="H264"))
            assert await viewer.connect(session.answer)
            await until(lambda: {packet.payload_type for packet in viewer.taken} >= {96, 111})
            await viewer.close()
        finally:
            ffmpeg.kill()
            await ffmpeg.wait()


async def test_a_publisher_with_an_rsa_certificate_connects_from_either_side() -> None:
    key = rsa.generate_private_key(65_537, 2_048)
    own = hooks.Certificate(key=key, cert=certificate(key))  # type: ignore[arg-type]
    async with served() as (relay, _):
        for number, setup in enumerate(("passive", "active")):
            peer = Peer(own)
            grant = TOKENS.read(TOKENS.issue("camera", f"s{number}", Right.PUBLISH, now=datetime.now(UTC)), now=datetime.now(UTC))
            session = await relay.publish(grant, await peer.offers("sendonly", setup=setup))
            assert await peer.connect(session.answer)
            await peer.close()

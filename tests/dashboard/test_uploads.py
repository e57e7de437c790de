"""The door of «手机补传» on the running product: only the phone of that call, only what is whole, once, and through a kill -9."""

import asyncio
import base64
import hashlib
import random
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import select
from ulid import ULID

from data.rules.recordings import UPLOAD_MOST
from data.tables import RecordingRow, SegmentRow
from tests.running import Product

pytestmark = pytest.mark.timeout(240)
FILM = b"\x1a\x45\xdf\xa3" + random.Random(1).randbytes(400_000)  # the same for every worker


@pytest.fixture(scope="module")
def product() -> Iterator[Product]:
    with Product() as product:
        yield product


@pytest.fixture
async def client(product: Product) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=product.origin, timeout=30) as client:
        yield client


def of(product: Product, unit: int = 1001) -> dict[str, str]:
    return {"Authorization": f"Bearer {product.seeded.devices[unit]}"}


def digest(film: bytes) -> str:
    return f"sha-256=:{base64.b64encode(hashlib.sha256(film).digest()).decode()}:"


def now_text(later_s: float = 0.0) -> str:
    return (datetime.now(UTC) + timedelta(seconds=later_s)).isoformat()


async def call(client: httpx.AsyncClient, product: Product, unit: int = 1001) -> str:
    call_id = str(ULID())
    answer = await client.post("/ingest/calls", json={"id": call_id, "t": now_text()}, headers=of(product, unit))
    assert answer.status_code == 202, answer.text
    return call_id


async def bring(
    client: httpx.AsyncClient, call_id: str, headers: dict[str, str], film: Any = FILM, piece: str | None = None, **changed: str
) -> httpx.Response:
    query = {"began_at": now_text(), "lasts_ms": "20000"} | {
        name: value for name, value in changed.items() if name in ("began_at", "lasts_ms")
    }
    said = headers | {"Content-Type": changed.get("type", "video/webm"), "Content-Digest": changed.get("digest", digest(FILM))}
    return await client.post(f"/ingest/recordings/{call_id}/{piece or ULID()}", params=query, content=film, headers=said)


def kept(product: Product) -> list[tuple[str | None, str, str]]:
    """Recording's call, digest, and what the file of that name holds."""
    database = product.database()
    with database.reading() as session:
        wanted = select(RecordingRow, SegmentRow).join(SegmentRow, SegmentRow.recording_id == RecordingRow.id)
        wanted = wanted.order_by(RecordingRow.id, SegmentRow.number)
        found = [(recording, segment) for recording, segment in session.execute(wanted)]
    database.close()
    files = []
    for recording, segment in found:
        (path,) = (product.settings.recordings / recording.id).glob(f"{segment.number:04d}-*.{segment.form}")
        files.append((recording.call_id, segment.sha256, hashlib.sha256(path.read_bytes()).hexdigest()))
    return files


async def test_it_is_taken_once_from_the_phone_of_the_call_and_refused_to_everybody_else(
    product: Product, client: httpx.AsyncClient
) -> None:
    call_id, piece = await call(client, product), str(ULID())
    for _ in range(2):
        answer = await bring(client, call_id, of(product), piece=piece)
        assert (answer.status_code, answer.json()["id"]) == (200, piece), answer.text
    sha256 = hashlib.sha256(FILM).hexdigest()
    assert kept(product) == [(call_id, sha256, sha256)]
    for headers, status, code in (
        ({}, 401, "identity.not_signed_in"),
        (of(product, 1002), 403, "unit.not_yours"),
        ({"Authorization": f"Bearer {product.seeded.case_system}"}, 403, "identity.not_permitted"),
        ({"Cookie": f"ecc_desk={product.seeded.desk}", "Origin": product.origin}, 401, "identity.not_signed_in"),
        ({"Cookie": f"ecc_device={product.seeded.devices[1001]}", "Origin": "https://evil.example"}, 403, "identity.foreign_origin"),
    ):
        answer = await bring(client, call_id, headers)
        assert (answer.status_code, answer.json()["error"]["code"]) == (status, code), answer.text
    assert len(kept(product)) == 1
    await client.post("/ingest/calls/end", json={"id": call_id}, headers=of(product))
    assert (await bring(client, call_id, of(product))).status_code == 200, "what it recorded before it knew of the end"
    answer = await bring(client, call_id, of(product), began_at=now_text(3_600))
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "recording.outside_call")


async def test_what_is_not_right_is_refused_and_leaves_nothing(product: Product, client: httpx.AsyncClient) -> None:
    call_id, before = await call(client, product, 1003), len(kept(product))
    piece = str(ULID())
    assert (await bring(client, call_id, of(product, 1003), piece=piece)).status_code == 200
    cases: list[tuple[dict[str, Any], int, str]] = [
        ({"film": FILM[:-1]}, 400, "recording.wrong_digest"),
        ({"digest": ""}, 400, "recording.bad_digest"),
        ({"type": "text/html"}, 400, "recording.not_media"),
        ({"type": "video/mp4"}, 400, "recording.not_media"),
        ({"lasts_ms": "0"}, 400, "recording.bad_piece"),
        ({"lasts_ms": "-1"}, 400, "recording.bad_piece"),
        ({"began_at": "yesterday"}, 400, "ingest.bad_time"),
        ({"began_at": "2020-01-01T00:00:00Z"}, 409, "recording.outside_call"),
        ({"film": bytes(UPLOAD_MOST + 1)}, 413, "recording.too_large"),
        ({"film": b"\x1a\x45\xdf\xa3other", "piece": piece, "digest": digest(b"\x1a\x45\xdf\xa3other")}, 409, "recording.other_digest"),
        ({"piece": "../../etc"}, 404, ""),
        ({"piece": "7"}, 400, "ingest.bad_id"),
    ]
    for changed, status, code in cases:
        try:
            answer = await bring(client, call_id, of(product, 1003), **changed)
        except httpx.TransportError:
            assert status == 413  # the line is closed on who sends on and on
            continue
        assert answer.status_code == status, (changed.keys(), answer.text)
        assert not code or answer.json()["error"]["code"] == code
    answer = await bring(client, str(ULID()), of(product, 1003))
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found.call")
    assert len(kept(product)) == before + 1
    assert list((product.settings.recordings / "incoming").iterdir()) == []


async def test_a_kill_in_mid_upload_loses_nothing_and_shows_nothing_half(product: Product, client: httpx.AsyncClient) -> None:
    call_id, before, piece = await call(client, product, 1002), len(kept(product)), str(ULID())
    half, killed = asyncio.Event(), asyncio.Event()

    async def slowly() -> AsyncIterator[bytes]:
        yield FILM[:300_000]
        half.set()
        await killed.wait()
        yield FILM[300_000:]

    upload = asyncio.create_task(bring(client, call_id, of(product, 1002), film=slowly(), piece=piece))
    await half.wait()
    incoming = product.settings.recordings / "incoming"
    async with asyncio.timeout(30):
        while not any(each.stat().st_size for each in incoming.glob("*.upload")):
            await asyncio.sleep(0.05)
    old = product.kill("web")
    killed.set()
    with pytest.raises(httpx.TransportError):
        await upload
    await asyncio.to_thread(product.until_started_again, "web", old)
    await asyncio.to_thread(product.until_ready)
    assert len(kept(product)) == before
    async with httpx.AsyncClient(base_url=product.origin, timeout=30) as again:
        assert (await bring(again, call_id, of(product, 1002), piece=piece)).status_code == 200
        old = product.kill("web")
        await asyncio.to_thread(product.until_started_again, "web", old)
        await asyncio.to_thread(product.until_ready)
    sha256 = hashlib.sha256(FILM).hexdigest()
    assert kept(product)[before:] == [(call_id, sha256, sha256)]
    async with httpx.AsyncClient(base_url=product.origin, timeout=30) as again:
        assert (await bring(again, call_id, of(product, 1002), piece=piece)).status_code == 200
    assert len(kept(product)) == before + 1

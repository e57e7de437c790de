"""/live on the running product: joining without a gap, each Sight its own, parts that fall silent are named, bad viewers end alone."""

import asyncio
import json
import socket
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import psutil
import pytest
import websockets
from ulid import ULID
from websockets.asyncio.client import ClientConnection
from websockets.typing import Origin

from geo import packed
from tests.running import Product, Served

pytestmark = pytest.mark.timeout(240)
WAIT_S = 30.0
NO_UTF8 = b"\xff\xfe\xc0"


@pytest.fixture(scope="module")
def product() -> Iterator[Product]:
    with Product() as product:
        yield product


class View:
    """What one viewer's page would hold."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.rows: dict[str, dict[str, Any]] = {}
        self.seq = 0
        self.hello: dict[str, Any] = {}
        self.tick: dict[str, Any] = {}
        self.snapshots = 0
        self.waits = 0
        self.frames: list[bytes] = []
        self.shown: list[str] = []  # numbers of calls in the order they first appeared
        self.raw: list[str] = []

    async def read(self, seconds: float = WAIT_S) -> None:
        async with asyncio.timeout(seconds):
            message = await self.socket.recv()
        if isinstance(message, bytes):
            self.frames.append(message)
            return
        self.raw.append(message)
        said = json.loads(message)
        match said["type"]:
            case "hello":
                self.hello = said
            case "snapshot":
                self.rows, self.seq, self.snapshots = said["rows"], said["seq"], self.snapshots + 1
            case "rows":
                self.seq = max(self.seq, said["seq"])
                for kind, id_, row in said["rows"]:
                    if row is None:
                        self.rows.get(kind, {}).pop(id_, None)
                    else:
                        if kind == "call" and id_ not in self.rows.get("call", {}):
                            self.shown.append(id_)
                        self.rows.setdefault(kind, {})[id_] = row
            case "tick":
                self.tick = said
            case "waiting":
                self.waits += 1

    async def until(self, true: Any, seconds: float = WAIT_S) -> None:
        async with asyncio.timeout(seconds):
            while not true():
                await self.read(seconds)


@asynccontextmanager
async def viewer(product: Served, face: str, token: str, **more: Any) -> AsyncIterator[View]:
    """Who has his first rows."""
    async with joined(product, face, token, **more) as view:
        await view.until(lambda: view.snapshots)
        yield view


@asynccontextmanager
async def joined(product: Served, face: str, token: str, **more: Any) -> AsyncIterator[View]:
    """Who has come in."""
    cookie = {"wall": "ecc_wall", "desk": "ecc_desk", "field": "ecc_device"}[face]
    headers = {"Cookie": f"{cookie}={token}"}
    async with websockets.connect(
        f"{product.live}?face={face}", additional_headers=headers, origin=Origin(product.origin), max_size=None, **more
    ) as socket:
        yield View(socket)


def post(product: Served, path: str, token: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    request = urllib.request.Request(
        product.origin + path, json.dumps(body).encode(), {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    )
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


def instant() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


async def call(product: Served, unit: int) -> str:
    id_ = str(ULID())
    status, said = await asyncio.to_thread(
        post, product, "/ingest/calls", product.seeded.devices[unit], {"id": id_, "t": instant(), "fix": None}
    )
    assert status == 202, said
    return id_


async def end_call(product: Served, unit: int, id_: str) -> None:
    status, said = await asyncio.to_thread(post, product, "/ingest/calls/end", product.seeded.devices[unit], {"id": id_})
    assert status == 202, said


async def report(product: Served, unit: int, lat: float, lon: float) -> None:
    fix = {"id": str(ULID()), "t": instant(), "lat": lat, "lon": lon, "src_crs": "WGS84", "accuracy_m": 5}
    status, said = await asyncio.to_thread(post, product, "/ingest/positions", product.seeded.devices[unit], {"fixes": [fix]})
    assert (status, len(said["accepted"])) == (200, 1), said


def units(frames: list[bytes]) -> set[int]:
    """Whose positions these frames hold."""
    return {int(unit) for frame in frames for unit in packed.unpack(frame).records["unit"]}


@pytest.fixture(scope="module")
def deaf(product: Product) -> Iterator[list[socket.socket]]:
    """Five walls whose machines take two kilobytes and then nothing more."""
    wires = [socket.socket() for _ in range(5)]
    for wire in wires:
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1_024)
        wire.settimeout(20)
        wire.connect(("127.0.0.1", product.settings.port))
        lines = [
            "GET /live?face=wall HTTP/1.1",
            "Host: " + product.origin.removeprefix("http://"),
            "Connection: Upgrade",
            "Upgrade: websocket",
        ]
        lines += ["Sec-WebSocket-Version: 13", f"Sec-WebSocket-Key: {b64encode(bytes(16)).decode()}"]
        lines += [f"Origin: {product.origin}", f"Cookie: ecc_wall={product.seeded.wall}", "", ""]
        wire.sendall("\r\n".join(lines).encode())
        assert wire.recv(12) == b"HTTP/1.1 101"
    yield wires
    for wire in wires:
        wire.close()


def still_there(product: Product, wires: list[socket.socket]) -> set[int]:
    """The ports of those whom the web process still holds."""
    held = psutil.Process(product.pids()["web"]).net_connections("tcp")
    return {wire.getsockname()[1] for wire in wires} & {getattr(one.raddr, "port", 0) for one in held}


async def test_14_viewers_that_read_nothing_cost_little(product: Product, deaf: list[socket.socket]) -> None:
    web = psutil.Process(product.pids()["web"])
    async with viewer(product, "wall", product.seeded.wall) as good:
        assert len(still_there(product, deaf)) == 5
        before = web.memory_info().rss
        for _ in range(60):
            await end_call(product, 1005, await call(product, 1005))
        marker = await call(product, 1005)
        await good.until(lambda: marker in good.rows["call"])
        assert web.memory_info().rss - before < 20 * 1024 * 1024
        await end_call(product, 1005, marker)


async def test_a_call_and_a_position_from_a_phone_reach_the_wall(product: Product) -> None:
    async with viewer(product, "wall", product.seeded.wall) as wall:
        assert wall.hello["court"] == product.settings.court_name
        assert wall.frames or wall.snapshots
        id_ = await call(product, 1001)
        await wall.until(lambda: id_ in wall.rows["call"])
        assert wall.rows["call"][id_]["unit"] == "1001"
        frames = len(wall.frames)
        await report(product, 1001, 23.11, 112.51)
        await wall.until(lambda: 1001 in units(wall.frames[frames:]))
        await end_call(product, 1001, id_)


async def test_whoever_joins_while_others_write_ends_with_the_same_picture(product: Product) -> None:
    writing = True

    async def write() -> None:
        while writing:
            await end_call(product, 1002, await call(product, 1002))

    writer = asyncio.create_task(write())
    async with viewer(product, "wall", product.seeded.wall) as first:
        joined = []
        for _ in range(4):
            async with viewer(product, "wall", product.seeded.wall) as late:
                await late.until(lambda late=late: len(late.shown) >= 2)
                joined.append(late)
        writing = False
        await writer
        async with viewer(product, "wall", product.seeded.wall) as fresh, viewer(product, "wall", product.seeded.wall) as last:
            marker = await call(product, 1003)
            for view in (first, fresh, last):
                await view.until(lambda view=view: marker in view.rows["call"])
            assert first.rows["call"] == fresh.rows["call"] == last.rows["call"]
            assert first.rows["entry"] == fresh.rows["entry"]
            await end_call(product, 1003, marker)
    for view in joined:
        assert len(view.shown) == len(set(view.shown))


async def test_a_phone_hears_nothing_of_another_team(product: Product) -> None:
    async with viewer(product, "field", product.seeded.devices[1001]) as phone, viewer(product, "wall", product.seeded.wall) as wall:
        before = len(phone.raw)
        foreign = await call(product, 1002)
        await wall.until(lambda: foreign in wall.rows["call"])
        own = await call(product, 1001)
        await phone.until(lambda: own in phone.rows.get("call", {}))
        await end_call(product, 1002, foreign)
        await end_call(product, 1001, own)
        await phone.until(lambda: phone.rows["call"].get(own, {}).get("state", "ENDED") == "ENDED")
        assert not [message for message in phone.raw[before:] if foreign in message or "1002" in message]
    async with viewer(product, "field", product.seeded.devices[1001]) as again:
        assert not [message for message in again.raw if foreign in message or "1002" in message]


async def test_only_the_own_position_goes_to_a_phone(product: Product) -> None:
    async with viewer(product, "field", product.seeded.devices[1001]) as phone, viewer(product, "wall", product.seeded.wall) as wall:
        frames = len(wall.frames)
        await report(product, 1004, 23.12, 112.52)
        await wall.until(lambda: 1004 in units(wall.frames[frames:]))
        await phone.read()
        assert units(phone.frames) <= {1001}


@pytest.mark.parametrize("face", ["wall", "desk", "field"])
async def test_a_stranger_is_refused_before_the_handshake(product: Product, face: str) -> None:
    with pytest.raises(websockets.InvalidStatus) as refused:
        await websockets.connect(f"{product.live}?face={face}", origin=Origin(product.origin))
    assert refused.value.response.status_code == 401


async def test_11_a_phone_that_asks_for_another_team_is_cut_off_and_nobody_is_told_that_he_was_watched(product: Product) -> None:
    async with viewer(product, "field", product.seeded.devices[1002]) as other:
        async with viewer(product, "field", product.seeded.devices[1001]) as phone:
            await phone.socket.send(json.dumps({"type": "watch", "unit": "1002"}))
            with pytest.raises(websockets.ConnectionClosed):
                await phone.until(lambda: False)
        other.tick = {}
        await other.until(lambda: other.tick)
        assert other.tick["watchers"] == 0


async def test_a_foreign_page_is_refused_before_the_handshake(product: Product) -> None:
    with pytest.raises(websockets.InvalidStatus) as refused:
        await websockets.connect(
            f"{product.live}?face=wall",
            origin=Origin("https://elsewhere.example"),
            additional_headers={"Cookie": f"ecc_wall={product.seeded.wall}"},
        )
    assert refused.value.response.status_code == 401


async def test_a_wall_may_not_open_the_desk(product: Product) -> None:
    with pytest.raises(websockets.InvalidStatus) as refused:
        await websockets.connect(
            f"{product.live}?face=desk", origin=Origin(product.origin), additional_headers={"Cookie": f"ecc_desk={product.seeded.wall}"}
        )
    assert refused.value.response.status_code == 401


@pytest.mark.parametrize(
    "bad",
    [
        "no json",
        "[" * 4000,
        json.dumps({"type": "seen"}),
        json.dumps({"type": "seen", "drawn_seq": 1, "more": "x" * 5000}),
        b"\x00\x01",
        NO_UTF8,
    ],
    ids=["no json", "deep", "no field", "long", "binary", "no utf-8"],
)
async def test_a_viewer_that_misbehaves_ends_alone(product: Product, bad: str | bytes) -> None:
    async with viewer(product, "wall", product.seeded.wall) as good, viewer(product, "wall", product.seeded.wall) as wild:
        await wild.socket.send(bad, text=True if bad is NO_UTF8 else None)
        with pytest.raises(websockets.ConnectionClosed) as closed:
            await wild.until(lambda: False)
        if bad is not NO_UTF8:  # that one breaks the protocol below ours: it is cut without a farewell
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == 1008
        good.tick = {}
        await good.until(lambda: good.tick)


async def send_all(view: View, messages: list[str]) -> None:
    for message in messages:
        await view.socket.send(message)
    await view.until(lambda: False)


async def test_a_frame_too_large_and_a_flood_end_alone(product: Product) -> None:
    async with viewer(product, "wall", product.seeded.wall) as good:
        for flood in ([json.dumps({"type": "seen", "drawn_seq": 1})] * 10_000, ["x" * 2_000_000]):
            async with viewer(product, "wall", product.seeded.wall) as wild:
                with pytest.raises(websockets.ConnectionClosed):
                    await send_all(wild, flood)
        good.tick = {}
        await good.until(lambda: good.tick)


async def test_a_desk_is_told_which_device_is_refused_again_and_again_and_a_wall_is_not(product: Product) -> None:
    fix = {"lat": 23.12, "lon": 112.52, "mock": True}
    async with viewer(product, "desk", product.seeded.desk) as desk, viewer(product, "wall", product.seeded.wall) as wall:
        assert desk.tick.get("doubtful", {}) == {}
        batch = {"fixes": [fix | {"id": str(ULID()), "t": instant()} for _ in range(20)]}
        status, _ = await asyncio.to_thread(post, product, "/ingest/positions", product.seeded.devices[1006], batch)
        assert status == 200
        await desk.until(lambda: desk.tick.get("doubtful"))
        assert desk.tick["doubtful"] == {"1006": {"n": 20, "why": "这是模拟定位，不予采用。"}}
        wall.tick = {}
        await wall.until(lambda: wall.tick)
        assert "doubtful" not in wall.tick


async def test_an_officer_is_watched_by_a_desk_that_asked_before_its_snapshot(product: Product) -> None:
    async with viewer(product, "field", product.seeded.devices[1005]) as phone:
        headers = {"Cookie": f"ecc_desk={product.seeded.desk}"}
        address = f"{product.live}?face=desk"
        async with websockets.connect(address, additional_headers=headers, origin=Origin(product.origin), max_size=None) as desk:
            await desk.send(json.dumps({"type": "watch", "unit": "1005"}))  # nothing was read yet
            await phone.until(lambda: phone.tick.get("watchers") == 1)


async def test_a_watched_officer_is_told_and_a_trace_stays(product: Product) -> None:
    async with viewer(product, "field", product.seeded.devices[1006]) as phone, viewer(product, "desk", product.seeded.desk) as desk:
        await desk.socket.send(json.dumps({"type": "watch", "unit": "1006"}))
        await phone.until(lambda: phone.tick.get("watchers") == 1)
        await desk.socket.send(json.dumps({"type": "watch", "unit": None}))
        await phone.until(lambda: phone.tick.get("watchers") == 0)
    request = urllib.request.Request(product.origin + "/ingest/seen", headers={"Authorization": f"Bearer {product.seeded.devices[1006]}"})
    said = json.loads(await asyncio.to_thread(lambda: urllib.request.urlopen(request, timeout=60).read()))
    assert [look["role"] for look in said["seen"]] == ["duty"]


async def test_14_and_they_are_dropped(product: Product, deaf: list[socket.socket]) -> None:
    """The last of this file: they were given ten seconds for a message while the others went on."""
    async with asyncio.timeout(2 * WAIT_S):
        while await asyncio.to_thread(still_there, product, deaf):
            await asyncio.sleep(0.5)

"""Every door of the real product, without a session, with somebody else's, and with one that was just revoked."""

import asyncio
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
import websockets
from fastapi import FastAPI
from sqlalchemy import select
from starlette.routing import Mount, WebSocketRoute
from ulid import ULID

from dashboard.app import build
from dashboard.desk.verbs import VERBS
from data.actions.accounts import disable
from data.actions.devices import revoke_device
from data.actions.organisation import add_officer
from data.actions.sessions import open_for_officer
from data.actions.walls import revoke_wall
from data.journal import Journal, Work
from data.rules.identity import Act
from data.rules.permissions import ALLOWED, SYSTEM, Actor, Role, Verb
from data.sealing import load_sealing
from data.settings import Settings
from data.tables import AuditRow, DeviceRow, EntryRow, SessionRow
from tests.running import Product, eventually

# What a stranger may reach, and how the doors of devices refuse him. Everything else is 401, a way to the sign-in page, or 404.
OPEN = re.compile(
    r"/|/healthz|/readyz|/sign-in(/style\.css|/second|/factor)?|/password|/link/[^/]*|/pair|/sign-out|/join/.*|/party/.*|/stage/.*|/manual(/.*)?|/object/.*|/door/.*|/field(/.*)?|/vendor/.*|/centre/assets/.*"
)
PAGE = {
    "/centre/wall",
    "/centre/desk",
    "/centre/check",
    "/lock",
    "/replay",
    "/replay/",
    "/replay/track",
    "/sheet/",
    "/sheet/x",
    "/faults/",
    "/inspector/",
    "/inspector/x",
    "/centre/admin/",
    "/centre/admin/x",
    "/centre/admin/people",
    "/centre/admin/devices",
    "/centre/admin/walls",
    "/centre/admin/factors",
    "/centre/admin/notices",
    "/centre/admin/settings",
    "/centre/admin/keys",
    "/centre/admin/fences",
    "/centre/admin/map",
    "/centre/admin/storage",
    "/centre/admin/audit",
    "/centre/admin/audit.csv",
    "/centre/admin/codes",
    "/centre/admin/workbook",
    "/centre/admin/form",
    "/centre/admin/export",
    "/centre/admin/upload",
    "/centre/screening/",
    "/centre/screening/x",
    "/centre/screening/cut",
    "/centre/screening/plan",
    "/centre/screening/clips/x",
    "/centre/screening/figures",
    "/centre/screening/figures/list",
    "/centre/screening/x/people",
    "/centre/screening/x/letters",
    "/centre/screening/x/door",
    "/centre/screening/x/cards",
    "/centre/screening/x/results",
    "/centre/screening/x/summary",
    "/centre/screening/attendees/x/sheet",
}
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")


@pytest.fixture(scope="module")
def product() -> Iterator[Product]:
    with Product() as product:
        yield product


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> FastAPI:
    settings = Settings.of(home=tmp_path_factory.mktemp("home"), redis_url="redis://127.0.0.1:1/0")
    settings.make_folders()
    return build(settings)


def routes(app: Any, prefix: str = "") -> Iterator[tuple[bool, str]]:
    """Every route of the application and of what is mounted in it: (socket?, path with its holes filled)."""
    for route in app.routes:
        path = prefix + re.sub(r"\{[^}]*\}", "x", getattr(route, "path", ""))
        if isinstance(route, Mount):
            yield False, f"{path}/x"
            yield from routes(route.app, path) if hasattr(route.app, "routes") else ()
        else:
            yield isinstance(route, WebSocketRoute) or "WebSocket" in type(route).__name__, path


async def handshake(product: Product, path: str, cookie: str = "", origin: str | None = "own", bearer: str = "") -> int:
    headers = {"cookie": cookie} if cookie else {}
    if bearer:
        headers["authorization"] = f"Bearer {bearer}"
    if origin is not None:
        headers["origin"] = product.origin if origin == "own" else origin
    try:
        async with websockets.connect(product.origin.replace("http", "ws", 1) + path, additional_headers=headers):
            return 101
    except websockets.InvalidStatus as error:
        return error.response.status_code


async def test_a_walk_through_all_doors_without_a_session_finds_nothing_but_the_list(product: Product, app: FastAPI) -> None:
    found = sorted(set(routes(app)))
    assert {"/centre/_dash-update-component", "/centre/_dash-layout", "/ingest/positions", "/api/track", "/live"} <= {
        path for _, path in found
    }
    opened = []
    async with httpx.AsyncClient(base_url=product.origin, headers={"origin": product.origin}) as stranger:
        for socket, path in found:
            if socket:
                assert await handshake(product, path) in (401, 403, 404), path
            for method in METHODS:
                answer = await stranger.request(method, path, content=b"{}", headers={"content-type": "application/json"})
                if answer.status_code < 400 and not OPEN.fullmatch(path):
                    opened.append((method, path, answer.status_code, answer.headers.get("location", "")))
                assert answer.status_code != 500, (method, path)
    assert [door for door in opened if not (door[1] in PAGE and door[2] == 303 and door[3].startswith("/sign-in?next="))] == []


async def test_what_is_open_holds_nothing_of_the_court(product: Product, app: FastAPI) -> None:
    async with httpx.AsyncClient(base_url=product.origin) as stranger:
        for path in sorted({path for socket, path in routes(app) if not socket and OPEN.fullmatch(path)}):
            answer = await stranger.get(path)
            assert not re.search(r"陈[甲乙丙丁戊己]|王值|李长|岭A|河西社区", answer.text), path


async def test_a_wall_only_reads(product: Product) -> None:
    seeded = product.seeded
    async with httpx.AsyncClient(base_url=product.origin, cookies={"ecc_wall": seeded.wall}, headers={"origin": product.origin}) as wall:
        assert (await wall.get("/api/track?unit=1001&from=0&to=1")).status_code == 401
        assert (await wall.get("/centre/desk")).status_code == 303
        for door in ("positions", "calls", "sos", "duty", "silence", "cases", "missions", "calls/end"):
            assert (await wall.post(f"/ingest/{door}", json={})).status_code == 401, door
        for door in ("me", "seen"):
            assert (await wall.get(f"/ingest/{door}")).status_code == 401, door
        assert (await wall.post("/unlock", data={"pin": "407193"})).status_code == 401
    assert await handshake(product, "/live?face=desk", f"ecc_wall={seeded.wall}") == 401
    assert await handshake(product, "/live?face=field", f"ecc_wall={seeded.wall}") == 401
    assert await handshake(product, "/live?face=wall", f"ecc_wall={seeded.wall}") == 101


async def test_only_a_desk_learns_from_where_a_wall_waits(product: Product) -> None:
    async with httpx.AsyncClient(base_url=product.origin) as waiting:
        shown = re.search(r'data-pairing-code="(\w{6})"', (await waiting.get("/pair")).text)
    assert shown is not None

    async def ask(body: Any, **cookies: str) -> httpx.Response:
        async with httpx.AsyncClient(base_url=product.origin, cookies=cookies, headers={"origin": product.origin}) as browser:
            return await browser.post("/api/pairing", json=body)

    told = await ask({"code": shown[1].lower()}, ecc_desk=product.seeded.desk)
    assert (told.status_code, told.json()["address"]) == (200, "127.0.0.1")
    assert (await ask({"code": "AAAAAA"}, ecc_desk=product.seeded.desk)).json()["error"]["code"] == "link.code_unknown"
    bad: list[Any] = [[], {}, {"code": 5}, {"code": "x"}]
    for body in bad:
        assert (await ask(body, ecc_desk=product.seeded.desk)).status_code == 400, body
    for cookies in ({}, {"ecc_wall": product.seeded.wall}, {"ecc_device": product.seeded.devices[1001]}):
        assert (await ask({"code": shown[1]}, **cookies)).status_code == 401, cookies


OUTSIDE = {"": (), "wall": ("wall",), "phone": ("phone",)} | {
    role.value: (role.value,) for role in (Role.FUND, Role.JUDGE, Role.FIELD, Role.UPPER, Role.INSPECTOR, Role.TECHNICAL)
}
RIGHT = {
    "take_call": Verb.TAKE_CALL, "answer_call": Verb.ANSWER_CALL, "end_call": Verb.END_CALL, "take_sos": Verb.TAKE_SOS,
    "respond_sos": Verb.RESPOND_SOS, "resolve_sos": Verb.RESOLVE_SOS, "false_sos": Verb.RESOLVE_SOS, "steer": Verb.STEER_WALL,
    "visitors": Verb.STEER_WALL, "ring_unit": Verb.RING_FIELD, "ring_team": Verb.RING_FIELD, "support": Verb.SEND_ORDER,
    "admit": Verb.ADMIT_LEADER, "refuse_leader": Verb.ADMIT_LEADER, "whisper": Verb.WHISPER, "whisper_voice": Verb.WHISPER,
    "speak": Verb.SPEAK, "fall_silent": Verb.SPEAK, "command": Verb.COMMAND_CALL, "release_command": Verb.COMMAND_CALL,
    "admit_party": Verb.ADMIT_PARTY, "refuse_party": Verb.ADMIT_PARTY, "mute_party": Verb.ADMIT_PARTY,
    "unmute_party": Verb.ADMIT_PARTY, "leave_call": Verb.SEND_MEDIA, "conclude": Verb.CONCLUDE_CALL,
    "show": Verb.STEER_WALL, "take_off": Verb.STEER_WALL, "drop_screen": Verb.STEER_WALL, "pair": Verb.PAIR_WALL,
}  # fmt: skip


def right_of(verb: str) -> Verb:
    return RIGHT.get(verb) or (Verb.CHANGE_CASE if verb.startswith("case_") else Verb.MOVE_MISSION)


@pytest.fixture(scope="module")
def verb_door(product: Product) -> dict[str, Any]:
    """How Dash's callback for the desk's verbs is called."""
    with httpx.Client(base_url=product.origin, cookies={"ecc_desk": product.seeded.desk}) as desk:
        listed = desk.get("/centre/_dash-dependencies", headers={"referer": f"{product.origin}/centre/desk"}).json()
    found = next(one for one in listed if one["inputs"] == [{"id": "verb", "property": "data"}])
    outputs = [dict(zip(("id", "property"), one.rsplit(".", 1), strict=True)) for one in found["output"].strip(".").split("...")]
    return {"output": found["output"], "outputs": outputs, "changedPropIds": ["verb.data"], "state": []}


def asked_of(verb: str, product: Product) -> dict[str, Any]:
    """A verb as its page would send it, about things that may not exist."""
    about = {
        "id": str(ULID()),
        "layout": 1,
        "on": True,
        "kind": "call",
        "row": str(ULID()),
        "code": "ACDEFH",
        "name": "大屏",
        "text": "先稳住",
        "grid": "quad",
        "screen": "video",
    }
    case = {
        "case_no": "（2026）岭0108执1号",
        "stage": "INVESTIGATING",
        "side_state": "SUSPENDED",
        "closing_kind": "FULLY",
        "judge": "陈甲",
        "node": 1,
    }
    more = {"id": product.seeded.wall_id} if right_of(verb) is Verb.STEER_WALL else {"id": "1001"} if verb == "ring_unit" else {}
    return {"verb": verb, "nonce": "1"} | about | case | more


@pytest.mark.parametrize("who", OUTSIDE)
async def test_12_every_verb_of_the_desk_is_refused_to_whoever_may_not(product: Product, verb_door: dict[str, Any], who: str) -> None:
    """With the cookie of each role, straight to the door that the desk's page uses; nothing of it changes a row."""
    cookies = {"": {}, "wall": {"ecc_wall": product.seeded.wall}, "phone": {"ecc_device": product.seeded.devices[1001]}}.get(who)
    if cookies is None:
        cookies = {"ecc_desk": signed_in(product, Role(who))}
    refused = [verb for verb in VERBS if who in ("", "wall", "phone") or Role(who) not in ALLOWED[right_of(verb)]]
    assert len(refused) >= len(VERBS) - 13
    before = entries(product)
    async with httpx.AsyncClient(base_url=product.origin, cookies=cookies, headers={"origin": product.origin}) as browser:
        while who not in ("", "phone") and (await browser.get("/centre/_dash-layout")).status_code == 401:
            await asyncio.sleep(0.1)  # opened beside the server: it hears of it within the second
        for verb in refused:
            body = verb_door | {"inputs": [{"id": "verb", "property": "data", "value": asked_of(verb, product)}]}
            answer = await browser.post("/centre/_dash-update-component", json=body)
            if who in ("", "phone"):
                assert answer.status_code == 401, verb
            else:
                assert answer.json()["sideUpdate"]["notice"]["data-code"] == "identity.not_permitted", (verb, answer.text)
    assert set(entries(product)[len(before) :]) <= {"audit.recorded"}


@pytest.mark.parametrize(
    "door",
    ["positions", "calls", "sos", "duty", "silence", "cases", "missions", "calls/end", "calls/act", "whispers/seen", "orders/answer"],
)
async def test_12_every_door_for_devices_is_refused_to_whoever_may_not(product: Product, door: str) -> None:
    seeded = product.seeded
    foreign = {"ecc_desk": seeded.desk, "ecc_wall": seeded.wall}
    async with httpx.AsyncClient(base_url=product.origin, cookies=foreign, headers={"origin": product.origin}) as browser:
        assert (await browser.post(f"/ingest/{door}", json={})).status_code == 401
    async with httpx.AsyncClient(base_url=product.origin) as sender:
        wrong = seeded.devices[1001] if door == "cases" else seeded.case_system
        answer = await sender.post(f"/ingest/{door}", json={door: []}, headers={"authorization": f"Bearer {wrong}"})
        assert answer.status_code == (200 if door == "missions" else 403)


async def test_12_a_phone_moves_neither_mission_nor_call_of_another_team(product: Product) -> None:
    own, other = ({"authorization": f"Bearer {product.seeded.devices[unit]}"} for unit in (1001, 1002))
    case_system = {"authorization": f"Bearer {product.seeded.case_system}"}
    now, call, mission = datetime.now(UTC).isoformat(), str(ULID()), str(ULID())
    async with httpx.AsyncClient(base_url=product.origin) as sender:
        assert (await sender.post("/ingest/calls", json={"id": call, "t": now}, headers=own)).status_code == 202
        assert (await sender.post("/ingest/calls/end", json={"id": call}, headers=other)).status_code == 403
        assigned = {"id": mission, "event": "assigned", "at": now, "kind": "OTHER", "matter": "查看", "team": "一组"}
        planned = {"planned_from": now, "planned_to": (datetime.now(UTC) + timedelta(hours=1)).isoformat()}
        told = await sender.post("/ingest/missions", json={"missions": [assigned | planned]}, headers=case_system)
        assert told.json()["refused"] == [], told.text
        departed = {"missions": [{"id": mission, "event": "departed", "at": now}]}
        told = await sender.post("/ingest/missions", json=departed, headers=other)
        assert [row["code"] for row in told.json()["refused"]] == ["mission.not_yours"], told.text
        assert (await sender.post("/ingest/calls/end", json={"id": call}, headers=own)).status_code == 202


def signed_in(product: Product, role: Role) -> str:
    """A desk of a new officer of this role."""

    def open_one(work: Work) -> str:
        officer_id = add_officer(work, "周岗", "干警", role)
        return open_for_officer(work, officer_id, timedelta(hours=1), how="link").token

    database = product.database()
    journal = Journal(database, load_sealing(product.settings.keys), product.settings.court_code)
    token = journal.do(SYSTEM, datetime.now(UTC), open_one)
    database.close()
    return token


def entries(product: Product) -> list[str]:
    database = product.database()
    with database.reading() as session:
        found = list(session.scalars(select(EntryRow.kind).order_by(EntryRow.seq)))
    database.close()
    return found


async def test_sockets_refuse_before_they_accept(product: Product) -> None:
    seeded = product.seeded
    for cookie in ("", "ecc_desk=x", "ecc_desk=eyJhbGciOiJub25lIn0.eyJyb2xlIjoiZHV0eSJ9."):
        assert await handshake(product, "/live?face=desk", cookie) == 401
    assert await handshake(product, "/ingest/ws") == 401
    assert await handshake(product, "/ingest/ws?token=" + seeded.devices[1001], origin=None) == 401
    for origin in ("https://evil.example", "null", None):
        assert await handshake(product, "/live?face=desk", f"ecc_desk={seeded.desk}", origin) == 401
        assert await handshake(product, "/ingest/ws", f"ecc_device={seeded.devices[1001]}", origin) == 401
    assert await handshake(product, "/centre/_dash-ws-callback", f"ecc_desk={seeded.desk}") == 403
    assert await handshake(product, "/ingest/ws", origin=None, bearer=seeded.devices[1001]) == 101


async def test_a_token_in_an_address_is_refused(product: Product) -> None:
    token = product.seeded.devices[1001]
    async with httpx.AsyncClient(base_url=product.origin) as client:
        for name in ("token", "access_token", "ecc_device", "bearer"):
            assert (await client.post(f"/ingest/positions?{name}={token}", json={"fixes": []})).status_code == 401
            assert (await client.get(f"/centre/_dash-layout?{name}={product.seeded.desk}")).status_code == 401


async def test_no_log_holds_a_secret(product: Product) -> None:
    seeded, secret, password = product.seeded, "9hT-vK2_" * 5, "my-real-password-88"
    async with httpx.AsyncClient(base_url=product.origin, headers={"origin": product.origin}) as client:
        await client.get(f"/link/{secret}")
        await client.post(f"/link/{secret}")
        await client.post("/sign-in", data={"username": password, "password": password})
        await client.get(f"/centre/desk?token={seeded.desk}")
        await client.get(f"/ingest/osmand?id={seeded.osmand[1001]}&lat=23.1&lon=112.5")
        phone = {"authorization": f"Bearer {seeded.devices[1001]}"}
        await client.post("/ingest/positions", content=b"{", headers=phone)
        at = {"t": datetime.now(UTC).isoformat(), "lat": 23.137945, "lon": 112.562381}
        await client.post("/ingest/positions", json={"fixes": [at | {"id": id_} for id_ in (str(ULID()), "7")]}, headers=phone)
        party = {
            "kind": "DEBTOR",
            "name": "欧阳测不出",
            "phone": "13900001234",
            "id_no": "440607199001011234",
            "address": "清溪街道桥头路 19 号",
        }
        filed = {"case_no": "（2026）岭0108执51号", "event": "filed", "at": at["t"], "cause": "买卖合同纠纷", "parties": [party]}
        bad = filed | {"case_no": "（2026）岭0108执52号", "claim_cents": -1}
        told = await client.post("/ingest/cases", json={"cases": [filed, bad]}, headers={"authorization": f"Bearer {seeded.case_system}"})
        assert (len(told.json()["accepted"]), len(told.json()["refused"])) == (1, 1), told.text
        await handshake(product, f"/live?face=desk&token={seeded.desk}")
    said = product.said() + "".join(file.read_text() for file in product.settings.log.iterdir() if file.is_file())
    secrets = [secret, password, seeded.desk, seeded.wall, seeded.case_system, *seeded.devices.values(), *seeded.osmand.values()]
    personal = [
        *(str(party[name]) for name in ("name", "phone", "id_no", "address")),
        "23.137945",
        "112.562381",
        "陈甲",
        "王值",
        "岭A·12345",
    ]
    assert [one[:6] for one in [*secrets, *personal] if one in said] == []
    with product.database().reads.connect() as connection:
        kept = repr(connection.execute(select(*AuditRow.__table__.columns)).all())
    assert password not in kept, "a password typed as the name is not written down either"


async def test_a_revoked_one_is_soon_nobody_on_every_wire(product: Product) -> None:
    """Revoked by another process, which is how `ecc` and a second web process do it."""
    seeded = product.seeded
    database = product.database()
    journal = Journal(database, load_sealing(product.settings.keys), product.settings.court_code)
    bearer = {"authorization": f"Bearer {seeded.devices[1002]}"}
    live = product.live + "?face="
    own = {"origin": product.origin}
    async with (
        httpx.AsyncClient(base_url=product.origin) as client,
        websockets.connect(f"{live}wall", additional_headers=own | {"cookie": f"ecc_wall={seeded.wall}"}) as wall,
        websockets.connect(f"{live}desk", additional_headers=own | {"cookie": f"ecc_desk={seeded.commander}"}) as desk,
        websockets.connect(f"{live}field", additional_headers=own | {"cookie": f"ecc_device={seeded.devices[1002]}"}) as phone,
    ):
        assert (await client.get("/ingest/me", headers=bearer)).status_code == 200
        with database.reading() as session:
            commander = session.scalars(
                select(SessionRow.officer_id).where(SessionRow.kind == "OFFICER").order_by(SessionRow.id.desc())
            ).all()
            device_no = session.scalars(select(DeviceRow.no).where(DeviceRow.unit_no == 1002)).one()
        technical = Actor(kind="OFFICER", id="01", role=Role.TECHNICAL, court_code=product.settings.court_code)
        now = datetime.now(UTC)
        for officer_id in filter(None, commander):
            journal.do(SYSTEM, now, disable, officer_id)
        journal.do(SYSTEM, now, revoke_device, device_no)
        journal.do(technical, now, revoke_wall, seeded.wall_id)
        await asyncio.gather(*(closed(socket) for socket in (wall, desk, phone)))
        assert (await client.get("/ingest/me", headers=bearer)).status_code == 401
        cookies = {"cookie": f"ecc_wall={seeded.wall}; ecc_desk={seeded.commander}"}
        assert (await client.get("/centre/wall", headers=cookies)).status_code == 303
        assert (await client.get("/centre/_dash-layout", headers=cookies)).status_code == 401
    database.close()


async def test_6_a_disabled_officers_phone_is_nobody_on_every_wire(product: Product) -> None:
    """Also the socket on which it says nothing, the key of its Traccar Client, and what it would be told."""
    seeded = product.seeded
    bearer = {"authorization": f"Bearer {seeded.devices[1006]}"}
    async with (
        httpx.AsyncClient(base_url=product.origin) as client,
        websockets.connect(product.origin.replace("http", "ws", 1) + "/ingest/ws", additional_headers=bearer) as silent,
        websockets.connect(
            f"{product.live}?face=field", additional_headers={"origin": product.origin, "cookie": f"ecc_device={seeded.devices[1006]}"}
        ) as phone,
    ):
        database = product.database()
        journal = Journal(database, load_sealing(product.settings.keys), product.settings.court_code)
        journal.do(SYSTEM, datetime.now(UTC), disable, seeded.officers[1006])
        database.close()
        await asyncio.gather(closed(silent), closed(phone))
        for door in ("positions", "calls", "sos", "duty"):
            assert (await client.post(f"/ingest/{door}", json={}, headers=bearer)).status_code == 401, door
        assert (await client.get(f"/ingest/osmand?id={seeded.osmand[1006]}&lat=23.1&lon=112.5")).status_code == 400
    assert await handshake(product, "/live?face=field", f"ecc_device={seeded.devices[1006]}") == 401


async def closed(socket: websockets.ClientConnection) -> None:
    """Read on until the other side ends it."""
    try:
        async with asyncio.timeout(30):
            while True:
                await socket.recv()
    except websockets.ConnectionClosed:
        return


async def test_whoever_stands_before_a_device_door_that_is_not_his_leaves_a_trace(product: Product) -> None:
    bearer = {"authorization": f"Bearer {product.seeded.case_system}"}
    async with httpx.AsyncClient(base_url=product.origin) as client:
        answer = await client.post("/ingest/positions", json={"fixes": []}, headers=bearer)
    assert answer.status_code == 403
    eventually(lambda: ("MACHINE", "/ingest/positions") in denied(product), "no trace of a 403")


async def test_a_device_that_speaks_for_another_unit_leaves_a_trace_on_either_wire(product: Product) -> None:
    bearer = {"authorization": f"Bearer {product.seeded.devices[1003]}"}
    batch = {"fixes": [{"id": str(ULID()), "t": datetime.now(UTC).isoformat(), "lat": 23.1, "lon": 112.5, "unit": "1004"}]}
    async with httpx.AsyncClient(base_url=product.origin) as client:
        answer = await client.post("/ingest/positions", json=batch, headers=bearer)
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "ingest.other_device")
    async with websockets.connect(product.origin.replace("http", "ws", 1) + "/ingest/ws", additional_headers=bearer) as socket:
        await socket.send(json.dumps(batch))
        assert json.loads(await socket.recv())["error"]["code"] == "ingest.other_device"
        await closed(socket)
    eventually(lambda: {("DEVICE", "/ingest/positions"), ("DEVICE", "/ingest/ws")} <= set(denied(product)), "no trace of a 403")


def denied(product: Product) -> list[tuple[str, str | None]]:
    """Who was refused a right, and where."""
    database = product.database()
    with database.reading() as session:
        traces = session.execute(select(AuditRow.actor_kind, AuditRow.object_id).where(AuditRow.act == Act.DENIED))
        found = [(kind, door) for kind, door in traces]
    database.close()
    return found

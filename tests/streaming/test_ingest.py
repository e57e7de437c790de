"""The doors for devices, on a real database, real day files, a real bus and real sockets."""

import asyncio
import json
import math
import re
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
import websockets
from fastapi import FastAPI
from fastapi.routing import APIRoute, APIWebSocketRoute
from sqlalchemy import select
from ulid import ULID

from dashboard.i18n import t
from data.actions.devices import Enrolment, enrol_device
from data.actions.organisation import draw_fence
from data.actions.units import begin_duty, end_duty
from data.engines import Database
from data.errors import NotSignedIn
from data.identity import Identity
from data.journal import Announcement
from data.lanes import GIVE_UP_S, Lanes
from data.rules.permissions import SYSTEM, Actor, Role
from data.tables import EntryRow
from streaming.bearer import actor_of, osmand_actor
from streaming.bus import Bus
from streaming.bus_server import BusServer
from streaming.history import History
from streaming.ingest import Doors, build_ingest
from streaming.positions import Positions, Reported
from streaming.uploads import Uploads
from tests.servers import RedisServer
from tests.small_court import PHONE_UNIT, VEHICLE_UNIT, SmallCourt, found

LAT, LON = 23.1, 113.2
STEP = 0.0001  # eleven metres


@dataclass
class Reachable:
    trusted_proxies: tuple[str, ...] = ()
    public_origin: str | None = None


@dataclass
class Centre:
    """The doors, and what stands behind them."""

    court: SmallCourt
    positions: Positions
    history: History
    phone: Enrolment
    vehicle: Enrolment
    client: httpx.AsyncClient
    url: str
    app: FastAPI

    def fix(self, age_s: float = 0.0, **changed: Any) -> dict[str, Any]:
        at = self.court.now() - timedelta(seconds=age_s)
        return {"id": str(ULID()), "t": at.isoformat(), "lat": LAT, "lon": LON, "accuracy_m": 5, "provider": "GPS"} | changed

    async def send(self, *fixes: dict[str, Any], token: str | None = None, **body: Any) -> httpx.Response:
        text = json.dumps({"fixes": fixes} | body)  # writes NaN as many senders do
        return await self.client.post("/positions", content=text, headers=bearing(token or self.phone.token))

    async def taken(self, *fixes: dict[str, Any], **body: Any) -> dict[str, Any]:
        answer = await self.send(*fixes, **body)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def do(self, action: Callable[..., Any], *arguments: Any) -> Any:
        return self.court.journal.do(SYSTEM, self.court.now(), action, *arguments)

    def kinds(self) -> list[str]:
        with self.court.database.reading() as session:
            return list(session.scalars(select(EntryRow.kind).order_by(EntryRow.seq)))


def bearing(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def codes(taken: dict[str, Any]) -> list[str]:
    assert all(one["text"] for one in taken["refused"])
    return [one["code"] for one in taken["refused"]]


@pytest.fixture
async def centre(tmp_path: Path, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Centre]:
    monkeypatch.setattr("data.identity.PATIENCE_S", 60.0)  # a busy machine may take longer than a door waits
    from data.engines import open_database
    from data.tables import Table

    database: Database = open_database(f"sqlite:///{tmp_path}/ecc.db")
    Table.metadata.create_all(database.writes)
    court = found(database, tmp_path / "keys")
    court.at = datetime.now(UTC)
    lanes, bus, history = Lanes(), Bus(BusServer.at(redis_server.url)), History(tmp_path / "positions")
    identity = Identity(database, court.keys, lanes.readers)
    positions = Positions(court.journal, lanes, history, bus, court.now)

    def announce(announcements: Any) -> None:
        each: Announcement
        identity.heard(announcements)
        for each in announcements:
            positions.heard(each.kind)

    court.journal._announce = announce
    phone, vehicle = (court.journal.do(SYSTEM, court.now(), enrol_device, unit) for unit in (PHONE_UNIT, VEHICLE_UNIT))
    court.journal.do(SYSTEM, court.now(), begin_duty, PHONE_UNIT, court.now() - timedelta(hours=1))
    await positions.open()

    async def who(connection: Any) -> Actor:
        return await actor_of(connection, identity, Reachable())

    doors = Doors(
        who=who, positions=positions, journal=court.journal, lanes=lanes, say=t, now=court.now,
        about=lambda actor: {"unit": str(actor.unit_no)}, seen=lambda actor: [],
        uploads=Uploads(tmp_path / "recordings", reserve=0),
        who_by_key=lambda key, _: osmand_actor(key, identity),
    )  # fmt: skip
    app = build_ingest(doors)
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning", ws="wsproto", lifespan="off"))
    serving, ticking = asyncio.create_task(server.serve()), asyncio.create_task(positions.run())
    while not server.started:
        await asyncio.sleep(0.01)
    url = f"127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    async with httpx.AsyncClient(base_url=f"http://{url}", timeout=30) as client:
        yield Centre(court, positions, history, phone, vehicle, client, url, app)
    server.should_exit = True
    ticking.cancel()
    _, pending = await asyncio.wait({ticking, serving}, timeout=20)
    assert not pending
    await bus.aclose()
    history.close()
    lanes.close()
    database.close()


async def until(true: Callable[[], object]) -> None:
    async with asyncio.timeout(20):
        while not true():
            await asyncio.sleep(0.02)


async def until_closed(socket: websockets.ClientConnection) -> AsyncIterator[str | bytes]:
    with suppress(websockets.ConnectionClosed):
        while True:
            yield await socket.recv()


# --- positions ----------------------------------------------------------------------------------------------------------------------


async def test_a_fix_is_kept_before_it_is_acknowledged(centre: Centre) -> None:
    fix = centre.fix()
    taken = await centre.taken(fix)
    assert (taken["accepted"], taken["known"], taken["refused"]) == ([fix["id"]], [], [])
    assert centre.history.count() == 1
    newest = centre.positions.of(PHONE_UNIT)
    assert newest is not None
    assert newest.id == fix["id"]


async def test_45_every_bad_fix_is_refused_by_its_name_and_none_blocks_another(centre: Centre) -> None:
    await centre.taken(centre.fix(20))
    good = centre.fix(1)
    bad = {
        "fix.not_a_number": [centre.fix(lat=math.nan), centre.fix(lon=math.inf)],
        "fix.null_island": [centre.fix(lat=0, lon=0)],
        "fix.not_a_degree": [centre.fix(lat=91), centre.fix(lon=181), centre.fix(lon=-181)],
        "fix.from_future": [centre.fix(-86_400)],
        "fix.too_old": [centre.fix(t="1970-01-01T00:00:00Z")],
        "fix.teleport": [centre.fix(2, lat=LAT + 40)],
        "fix.mock": [centre.fix(mock=True)],
        "fix.inaccurate": [centre.fix(accuracy_m=5000)],
        "fix.bad_form": [centre.fix(lat="north"), centre.fix(src_crs="MARS")],
        "ingest.bad_time": [centre.fix(t="yesterday"), centre.fix(t="2026-11-22T01:38:00")],
        "ingest.bad_id": [centre.fix(id="7")],
    }
    taken = await centre.taken(*[fix for fixes in bad.values() for fix in fixes], good)
    assert taken["accepted"] == [good["id"]]
    assert sorted(codes(taken)) == sorted(code for code, fixes in bad.items() for _ in fixes)
    assert centre.history.count() == 2
    assert all(centre.positions.counts[code] == len(fixes) for code, fixes in bad.items())


async def test_45_an_older_fix_is_kept_and_never_rewinds_the_marker(centre: Centre) -> None:
    new, old = centre.fix(0, lat=LAT + STEP), centre.fix(60)
    await centre.taken(new)
    assert (await centre.taken(old))["accepted"] == [old["id"]]
    newest = centre.positions.of(PHONE_UNIT)
    assert newest is not None
    assert newest.id == new["id"]


async def test_45_a_wild_fix_in_a_late_batch_is_refused_and_the_others_are_kept(centre: Centre) -> None:
    now = centre.fix(0)
    await centre.taken(now)
    batch = [centre.fix(age, lat=LAT + (9 if age == 250 else 0)) for age in (300, 280, 260, 250, 240, 220)]
    taken = await centre.taken(*batch)
    assert [one["id"] for one in taken["refused"]] == [batch[3]["id"]]
    assert codes(taken) == ["fix.teleport"]
    assert taken["accepted"] == [one["id"] for place, one in enumerate(batch) if place != 3]
    assert centre.positions.counts["fix.teleport"] == 1
    alone = await centre.taken(centre.fix(30, lat=LAT + 9))
    assert codes(alone) == ["fix.teleport"], "also when it comes by itself"
    newest = centre.positions.of(PHONE_UNIT)
    assert newest is not None
    assert newest.id == now["id"]
    assert centre.history.count() == 6


async def test_45_one_wild_place_holds_its_unit_not_longer_than_twenty_seconds(centre: Centre) -> None:
    """The first position of the day lay in another province and was believed; then the receiver found itself."""
    await centre.taken(centre.fix(120, lat=LAT + 9))
    told = [await centre.taken(centre.fix(age)) for age in (100, 95, 90, 85, 80, 75, 70)]  # each its own batch, as a phone sends
    assert [codes(one) for one in told] == [["fix.teleport"]] * 4 + [[]] * 3
    newest = centre.positions.of(PHONE_UNIT)
    assert newest is not None
    assert newest.lat == LAT
    assert centre.positions.counts["fix.teleport"] == 4
    assert centre.positions._doubts == {}
    assert codes(await centre.taken(centre.fix(60, lat=LAT + 9))) == ["fix.teleport"]
    assert codes(await centre.taken(centre.fix(55))) == [], "one more wild place moves nobody"


async def test_45_a_device_that_is_refused_again_and_again_is_counted_by_itself(centre: Centre) -> None:
    centre.do(begin_duty, VEHICLE_UNIT, centre.court.now() - timedelta(hours=1))
    await centre.taken(*[centre.fix(n, mock=True) for n in range(19)], centre.fix(id="7"))
    assert (await centre.send(centre.fix(), token=centre.vehicle.token)).status_code == 200
    assert centre.positions.doubtful.often() == {PHONE_UNIT: (20, "fix.mock")}
    assert (await centre.send(centre.fix(device=99))).status_code == 403
    assert centre.positions.doubtful.often() == {PHONE_UNIT: (21, "fix.mock")}
    assert centre.positions.counts["ingest.other_device"] == 1


async def test_46_an_old_batch_sent_again_is_known(centre: Centre) -> None:
    batch = [centre.fix(age) for age in (3, 2, 1)]
    await centre.taken(*batch)
    taken = await centre.taken(*batch)
    assert (taken["accepted"], taken["known"]) == ([], [fix["id"] for fix in batch])
    assert centre.history.count() == 3


@pytest.mark.parametrize("named", [{"device": 2}, {"device": "2"}, {"unit": str(VEHICLE_UNIT)}])
async def test_46_a_fix_for_another_officers_device_is_403(centre: Centre, named: dict[str, Any]) -> None:
    assert (await centre.send(centre.fix(**named))).status_code == 403
    assert centre.history.count() == 0


async def test_46_a_device_may_name_itself(centre: Centre) -> None:
    fixes = [centre.fix(1, device=centre.phone.device_no), centre.fix(unit=str(PHONE_UNIT))]
    assert len((await centre.taken(*fixes))["accepted"]) == 2


async def test_off_duty_nothing_is_kept(centre: Centre) -> None:
    answer = await centre.send(centre.fix(), token=centre.vehicle.token)
    assert codes(answer.json()) == ["fix.off_duty"]
    assert centre.history.count() == 0


async def test_what_was_kept_offline_on_duty_is_taken_after_duty(centre: Centre) -> None:
    centre.do(end_duty, PHONE_UNIT, "asked", centre.court.now() - timedelta(minutes=5))
    during, after = centre.fix(600), centre.fix(60)
    taken = await centre.taken(during, after)
    assert (taken["accepted"], codes(taken)) == ([during["id"]], ["fix.off_duty"])


async def test_a_clock_that_runs_ahead_is_corrected_and_nothing_lies_in_the_future(centre: Centre) -> None:
    fix = centre.fix(-90)
    ahead = (centre.court.now() + timedelta(seconds=90)).isoformat()
    assert (await centre.taken(fix, sent_at=ahead))["accepted"] == [fix["id"]]
    newest = centre.positions.of(PHONE_UNIT)
    assert newest is not None
    assert newest.t_ms <= centre.court.now().timestamp() * 1000


async def test_gcj02_is_moved_to_wgs84(centre: Centre) -> None:
    await centre.taken(centre.fix(src_crs="GCJ02"))
    newest = centre.positions.of(PHONE_UNIT)
    assert newest is not None
    assert 0.001 < abs(newest.lat - LAT) + abs(newest.lon - LON) < 0.02


# --- too much, too strange --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("body", [b"", b"nothing", b"\xff\xfe", b"[]", b'{"fixes":5}', b"[" * 200_000, b'{"fixes":[NaN'])
async def test_13_what_is_not_json_is_400(centre: Centre, body: bytes) -> None:
    answer = await centre.client.post("/positions", content=body, headers=bearing(centre.phone.token))
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "ingest.not_json"
    assert (await centre.send(centre.fix())).status_code == 200


async def test_44_more_than_500_fixes_or_a_mebibyte_is_413(centre: Centre) -> None:
    fix = centre.fix()
    assert (await centre.send(*[fix] * 501)).status_code == 413
    big = await centre.client.post("/positions", content=b" " * (1024 * 1024 + 1), headers=bearing(centre.phone.token))
    assert big.status_code == 413
    assert (await centre.send(fix)).status_code == 200


async def test_44_a_huge_body_is_cut_off_early(centre: Centre) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        for _ in range(50 * 16):
            sent += 1
            yield b" " * 65_536

    with suppress(httpx.HTTPError):
        answer = await centre.client.post("/positions", content=endless(), headers=bearing(centre.phone.token))
        assert answer.status_code == 413
    assert (await centre.send(centre.fix())).status_code == 200


async def test_44_one_device_that_sends_too_fast_is_429_and_others_are_not(centre: Centre) -> None:
    centre.do(begin_duty, VEHICLE_UNIT, centre.court.now() - timedelta(hours=1))
    answers = [await centre.send(*[centre.fix(n / 1000) for n in range(k * 50, k * 50 + 50)]) for k in range(8)]
    assert [answer.status_code for answer in answers] == [200] * 4 + [429] * 4
    assert int(answers[-1].headers["Retry-After"]) >= 1
    assert answers[-1].json()["error"]["retry_after_s"] >= 1
    assert (await centre.send(centre.fix(), token=centre.vehicle.token)).status_code == 200


async def test_44_what_was_kept_offline_may_come_500_a_second(centre: Centre) -> None:
    late = [centre.fix(100 + n) for n in range(500)]
    assert len((await centre.taken(*late))["accepted"]) == 500


@pytest.mark.parametrize("headers", [{}, bearing("nobody"), {"Authorization": "Basic x"}])
async def test_a_stranger_is_401(centre: Centre, headers: dict[str, str]) -> None:
    answer = await centre.client.post("/positions", json={"fixes": []}, headers=headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, NotSignedIn.code)


async def test_5_a_token_in_the_query_is_nobody(centre: Centre) -> None:
    assert (await centre.client.post(f"/positions?token={centre.phone.token}", json={"fixes": []})).status_code == 401


async def test_a_phone_may_not_speak_for_the_case_system(centre: Centre) -> None:
    answer = await centre.client.post("/cases", json={"cases": []}, headers=bearing(centre.phone.token))
    assert answer.status_code == 403


async def test_44_a_body_that_trickles_is_408_and_others_are_not_held_up(centre: Centre, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streaming.positions_door.BODY_S", 0.3)

    async def trickle() -> AsyncIterator[bytes]:
        for _ in range(200):
            yield b" "
            await asyncio.sleep(0.05)

    slow = asyncio.create_task(centre.client.post("/positions", content=trickle(), headers=bearing(centre.phone.token)))
    assert (await centre.send(centre.fix())).status_code == 200
    with suppress(httpx.HTTPError):  # the connection is closed while the client still writes
        answer = await slow
        assert (answer.status_code, answer.json()["error"]["code"]) == (408, "ingest.too_slow")
        assert answer.json()["error"]["text"]
    assert (await centre.send(centre.fix(1))).status_code == 200


@pytest.mark.parametrize("body", [b'{"fixes":[],"x":' + b"[" * 100_000, b'{"x":' + b'{"a":' * 100_000])
async def test_13_json_too_deep_to_be_read_is_400(centre: Centre, body: bytes) -> None:
    for door in ("/positions", "/calls", "/cases"):
        answer = await centre.client.post(door, content=body, headers=bearing(centre.phone.token))
        assert answer.status_code in (400, 403), door


async def test_ids_are_answered_as_their_device_spelt_them(centre: Centre) -> None:
    small = centre.fix(1, id=str(ULID()).lower())
    wrong = centre.fix(2, id=str(ULID()).lower(), lat=0, lon=0)
    first, again = await centre.taken(small, wrong), await centre.taken(small | {"id": small["id"].upper()})
    assert (first["accepted"], [one["id"] for one in first["refused"]]) == ([small["id"]], [wrong["id"]])
    assert again["known"] == [small["id"].upper()]


async def test_a_unit_that_calls_for_help_is_published_without_waiting_for_the_others(centre: Centre, redis_server: RedisServer) -> None:
    message = {"id": str(ULID()), "t": centre.court.now().isoformat(), "fix": None}
    assert (await centre.client.post("/sos", json=message, headers=bearing(centre.phone.token))).status_code == 202
    await until(lambda: PHONE_UNIT in centre.positions._urgent)
    await centre.taken(centre.fix())
    await until(lambda: not (centre.positions._fresh or centre.positions._unsaid))


async def test_54_a_database_that_does_not_answer_holds_no_position_back(centre: Centre) -> None:
    """Who calls for help is read from it; until it answers, the newest positions go out all the same."""
    await centre.taken(centre.fix(1))  # who speaks is known from now on
    answers = threading.Event()
    readers = centre.positions._lanes.readers
    held = [asyncio.create_task(readers.run(answers.wait)) for _ in range(8)]  # each of its threads
    try:
        centre.positions.heard("sos.raised")
        await asyncio.sleep(0.2)  # a few ticks
        await centre.taken(centre.fix())
        async with asyncio.timeout(GIVE_UP_S - 1):  # before the lane lets go by itself
            while centre.positions._fresh or centre.positions._unsaid:
                await asyncio.sleep(0.05)
    finally:
        answers.set()
        await asyncio.gather(*held)


# --- the socket -------------------------------------------------------------------------------------------------------------------


async def test_the_socket_takes_and_answers_the_same_objects(centre: Centre) -> None:
    fix = centre.fix()
    async with websockets.connect(f"ws://{centre.url}/ws", additional_headers=bearing(centre.phone.token)) as socket:
        await socket.send(json.dumps({"fixes": [fix]}))
        assert json.loads(await socket.recv())["accepted"] == [fix["id"]]


async def test_a_stranger_is_401_before_the_socket_opens(centre: Centre) -> None:
    with pytest.raises(websockets.InvalidStatus) as refused:
        await websockets.connect(f"ws://{centre.url}/ws")
    assert refused.value.response.status_code == 401


@pytest.mark.parametrize("frame", ["nothing", "[" * 100_000, b"\xff\xfe", " " * (2 * 1024 * 1024)])
async def test_13_a_strange_frame_closes_that_socket_only(centre: Centre, frame: str | bytes) -> None:
    async with websockets.connect(f"ws://{centre.url}/ws", additional_headers=bearing(centre.phone.token)) as socket:
        with suppress(websockets.ConnectionClosed):
            await socket.send(frame)
        async with asyncio.timeout(20):
            assert all("error" in json.loads(answer) for answer in [answer async for answer in until_closed(socket)])
    assert (await centre.send(centre.fix())).status_code == 200


async def test_13_a_flood_closes_that_socket_only(centre: Centre) -> None:
    centre.do(begin_duty, VEHICLE_UNIT, centre.court.now() - timedelta(hours=1))
    async with websockets.connect(f"ws://{centre.url}/ws", additional_headers=bearing(centre.phone.token)) as socket:
        with suppress(websockets.ConnectionClosed):
            for n in range(2000):
                await socket.send(json.dumps({"fixes": [centre.fix(n / 1000)]}))
                await socket.recv()
        async with asyncio.timeout(20):
            await socket.wait_closed()
    assert (await centre.send(centre.fix(), token=centre.vehicle.token)).status_code == 200


# --- Traccar Clients --------------------------------------------------------------------------------------------------------------


async def test_a_traccar_client_moves_its_unit_in_all_three_forms(centre: Centre) -> None:
    now = centre.court.now().timestamp()
    query: dict[str, str | int | float] = {"id": centre.phone.osmand_id, "lat": LAT, "lon": LON, "timestamp": int(now) - 30}
    location = {"timestamp": int(now - 10) * 1000, "coords": {"latitude": LAT, "longitude": LON}}
    answers = [
        await centre.client.get("/osmand", params=query),
        await centre.client.post("/osmand", data=query | {"timestamp": int(now) - 20}),
        await centre.client.post("/osmand", json={"device_id": centre.phone.osmand_id, "location": location}),
        await centre.client.get("/osmand", params=query),  # again
    ]
    assert [answer.status_code for answer in answers] == [200] * 4
    assert centre.history.count() == 3


async def test_an_unknown_key_is_400_or_404_and_counted_by_address(centre: Centre) -> None:
    assert (await centre.client.get("/osmand", params={"id": "x", "lat": 1, "lon": 2})).status_code == 400
    assert (await centre.client.post("/osmand", json={"device_id": "x"})).status_code == 404
    statuses = [(await centre.client.get("/osmand", params={"id": "x"})).status_code for _ in range(200)]
    assert statuses[-1] == 429
    known = await centre.client.get("/osmand", params={"id": centre.phone.osmand_id, "lat": LAT, "lon": LON})
    assert known.status_code == 200


async def test_5_the_key_of_a_traccar_client_opens_no_other_door(centre: Centre) -> None:
    assert (await centre.send(centre.fix(), token=centre.phone.osmand_id)).status_code == 401


# --- calls, alarms, duty, silence, fences -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("door", ["/calls", "/sos"])
async def test_47_a_press_is_202_and_the_same_press_again_has_the_same_number(centre: Centre, door: str) -> None:
    message = {"id": str(ULID()), "t": (centre.court.now() - timedelta(minutes=3)).isoformat(), "fix": centre.fix(180)}
    first, again = [await centre.client.post(door, json=message, headers=bearing(centre.phone.token)) for _ in "ab"]
    assert (first.status_code, again.status_code) == (202, 202)
    assert first.json() == again.json()
    assert first.json()["id"] == message["id"]
    assert centre.kinds().count({"/calls": "call.ringing", "/sos": "sos.raised"}[door]) == 1


@pytest.mark.parametrize("fix", [None, {"lat": "north"}, {"id": "7", "t": "never", "lat": 1, "lon": 2}, 5])
async def test_47_an_alarm_counts_whatever_its_fix_is(centre: Centre, fix: Any) -> None:
    message = {"id": str(ULID()), "t": centre.court.now().isoformat(), "fix": fix}
    assert (await centre.client.post("/sos", json=message, headers=bearing(centre.vehicle.token))).status_code == 202


async def test_duty_on_is_true_for_the_very_next_fix(centre: Centre) -> None:
    message = {"id": str(ULID()), "on": True, "t": (centre.court.now() - timedelta(seconds=5)).isoformat()}
    assert (await centre.client.post("/duty", json=message, headers=bearing(centre.vehicle.token))).status_code == 202
    answer = await centre.send(centre.fix(), token=centre.vehicle.token)
    assert len(answer.json()["accepted"]) == 1


async def test_a_declared_silence_ends_when_the_unit_is_heard_after_a_gap(centre: Centre) -> None:
    await centre.taken(centre.fix(0))
    message = {"id": str(ULID()), "minutes": 10, "t": centre.court.now().isoformat()}
    assert (await centre.client.post("/silence", json=message, headers=bearing(centre.phone.token))).status_code == 202
    centre.court.later(2)
    await centre.taken(centre.fix(0))  # still on his way in
    await asyncio.sleep(0.3)
    assert "silence.ended" not in centre.kinds()
    centre.court.later(60)
    await centre.taken(centre.fix(0))
    await until(lambda: centre.kinds().count("silence.ended") == 1)


async def test_a_crossing_is_told_exactly_once(centre: Centre) -> None:
    ring = [[LAT - 0.01, LON - 0.01], [LAT - 0.01, LON + 0.01], [LAT + 0.01, LON + 0.01], [LAT + 0.01, LON - 0.01]]
    centre.do(draw_fence, "驻地", "WATCH", ring)
    for age in range(8, 0, -1):
        await centre.taken(centre.fix(age, lat=LAT + age * STEP / 10))
        await asyncio.sleep(0.1)
    await until(lambda: "fence.entered" in centre.kinds())
    assert centre.kinds().count("fence.entered") == 1
    assert "fence.left" not in centre.kinds()


# --- the description --------------------------------------------------------------------------------------------------------------


async def test_every_door_is_described_with_its_role_and_what_it_takes_and_answers(centre: Centre) -> None:
    document = centre.app.openapi()
    models = document["components"]["schemas"]
    for path, operations in document["paths"].items():
        for method, said in operations.items():
            assert said["x-role"], path
            assert {"401", "403", "429", "503"} <= said["responses"].keys()
            assert method == "get" or path == "/osmand" or "requestBody" in said
    named = set(re.findall(r"#/components/schemas/(\w+)", json.dumps(document)))
    assert named <= models.keys()
    assert {"id", "t", "lat", "lon", "src_crs"} <= models["PositionFix"]["properties"].keys()
    shown = {path for path, _ in document["paths"].items()}
    assert shown == {route.path for route in centre.app.routes if isinstance(route, APIRoute)}


async def test_the_socket_is_described_too(centre: Centre) -> None:
    document = centre.app.openapi()
    assert {"/ws"} == set(document["x-sockets"]) == {route.path for route in centre.app.routes if isinstance(route, APIWebSocketRoute)}
    said = document["x-sockets"]["/ws"]
    assert said["x-role"] == "device"
    assert {said[way]["$ref"].rpartition("/")[2] for way in ("takes", "answers")} == {"PositionBatch", "TakenPositions"}


async def test_the_first_batches_after_a_start_wait_until_the_duties_are_read(centre: Centre) -> None:
    begun = Positions(centre.court.journal, Lanes(), centre.history, centre.positions._bus, centre.court.now)
    phone = Actor("DEVICE", "device:1", Role.DEVICE, "QX", unit_no=PHONE_UNIT, device_no=centre.phone.device_no)
    now_ms = int(centre.court.now().timestamp() * 1000)
    batches = [[Reported(str(ULID()), now_ms - number * 100, 40.0, 101.8)] for number in range(8)]
    taken = await asyncio.gather(*(begun.take(phone, batch) for batch in batches))
    assert [refused for one in taken for refused in one.refused] == []

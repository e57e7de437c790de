"""Two web processes of one home, on both databases: what comes to one is known at the other, and what happens at neither is doubled."""

import asyncio
import contextlib
import hashlib
import json
import os
import signal
import sqlite3
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
import websockets
from sqlalchemy import func, select
from ulid import ULID
from websockets.asyncio.client import connect

from data.actions.devices import revoke_device
from data.rules import calls
from data.rules.permissions import Actor, Role
from data.tables import CallRow, EntryRow
from geo import packed
from streaming.history import History
from tests.brought import TUS, VIDEOS, film_of, metadata
from tests.dashboard.screening.test_live_doors import audience as live_audience
from tests.dashboard.screening.test_live_doors import host, kept
from tests.dashboard.test_live import View, call, end_call, instant, post, viewer
from tests.dashboard.test_live_database import do
from tests.journeys.senders import fix
from tests.on_the_spot import OnTheSpot
from tests.running import COURT
from tests.screenings import Court
from tests.servers import PostgresServer, wait_until
from tests.webs import Side, Two

# What two processes meet in is tried on PostgreSQL in every run by test_two_behind_a_proxy.py
pytestmark = [pytest.mark.timeout(240), pytest.mark.postgres_long]
TECHNICAL = Actor(kind="OFFICER", id="test", role=Role.TECHNICAL, court_code="QX")


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def product(request: pytest.FixtureRequest) -> Iterator[Two]:
    settings: dict[str, Any] = {}
    if request.param == "postgresql":
        cluster: PostgresServer = request.getfixturevalue("_cluster")
        settings["database_url"] = cluster.create_database(f"two_{ULID()}".lower())
    with Two(**settings) as product:
        yield product


async def send(side: Side, unit: int, *fixes: dict[str, Any]) -> dict[str, Any]:
    status, said = await asyncio.to_thread(post, side, "/ingest/positions", side.seeded.devices[unit], {"fixes": list(fixes)})
    assert status == 200, said
    return said


def places_of(view: View) -> dict[int, tuple[float, float]]:
    """By unit, where this viewer has seen it last."""
    newest: dict[int, tuple[float, float]] = {}
    for frame in view.frames:
        for record in packed.unpack(frame).records:
            newest[int(record["unit"])] = int(record["lat"]) / 1e7, int(record["lon"]) / 1e7
    return newest


# --- what is pressed -----------------------------------------------------------------------------------------------------------------


async def test_a_call_pressed_at_one_rings_at_the_other_and_ends_there(product: Two) -> None:
    async with viewer(product.a, "desk", product.seeded.desk) as desk, viewer(product.b, "wall", product.seeded.wall) as wall:
        id_ = await call(product.a, 1001)
        await wall.until(lambda: id_ in wall.rows["call"])
        await desk.until(lambda: id_ in desk.rows["call"])
        await end_call(product.b, 1001, id_)
        await desk.until(lambda: id_ not in desk.rows["call"] or desk.rows["call"][id_]["ended_at"])


async def test_the_same_press_sent_to_both_is_one_call(product: Two) -> None:
    id_ = str(ULID())
    press = {"id": id_, "t": instant(), "fix": None}
    token = product.seeded.devices[1002]
    both = [asyncio.to_thread(post, side, "/ingest/calls", token, press) for side in (product.a, product.b)]
    answers = await asyncio.gather(*both)
    assert [status for status, _ in answers] == [202, 202]
    assert answers[0][1]["number"] == answers[1][1]["number"]
    await end_call(product.a, 1002, id_)


async def press_key(side: Side, verb: dict[str, Any]) -> None:
    """A key of the desk's page."""
    headers = {"cookie": f"ecc_desk={side.seeded.desk}", "origin": side.origin, "referer": f"{side.origin}/centre/desk"}
    async with httpx.AsyncClient(base_url=side.origin, headers=headers, timeout=30) as desk:
        listed = (await desk.get("/centre/_dash-dependencies")).json()
        door = next(each for each in listed if each["inputs"] == [{"id": "verb", "property": "data"}])
        outputs = [dict(zip(("id", "property"), each.rsplit(".", 1), strict=True)) for each in door["output"].strip(".").split("...")]
        said: dict[str, Any] = {"output": door["output"], "outputs": outputs, "changedPropIds": ["verb.data"], "state": []}
        said["inputs"] = [{"id": "verb", "property": "data", "value": verb | {"nonce": str(ULID())}}]
        assert (await desk.post("/centre/_dash-update-component", json=said)).status_code == 200


async def test_support_ordered_at_one_goes_to_the_team_whose_phone_speaks_to_the_other(product: Two) -> None:
    """Who is near is known at the first although the second heard it; the answer comes back the other way."""
    await send(product.a, 1001, fix())
    await send(product.b, 1002, fix(COURT[0] + 0.003, COURT[1]))  # of the other team
    await asyncio.sleep(0.5)  # on the bus it takes some milliseconds
    phone = product.seeded.devices[1002]
    async with viewer(product.a, "desk", product.seeded.desk) as desk, viewer(product.b, "field", phone) as field:
        id_ = await call(product.b, 1001)
        await press_key(product.a, {"verb": "support", "id": id_})
        await field.until(lambda: field.rows.get("order"))
        order = next(iter(field.rows["order"]))
        for step in ("delivered", "accepted"):
            said = {"id": order, "event": step, "t": instant()}
            assert (await asyncio.to_thread(post, product.b, "/ingest/orders/answer", phone, said))[0] == 202
        await desk.until(lambda: desk.rows.get("order", {}).get(order, {}).get("state") == "ACCEPTED")
    await end_call(product.a, 1001, id_)


async def test_a_video_begun_at_one_is_finished_at_the_other(product: Two) -> None:
    content = film_of(300_000)
    headers = {"cookie": f"ecc_desk={product.seeded.desk}", **TUS}
    said = metadata(filename="film.webm", sha256=hashlib.sha256(content).hexdigest())
    async with httpx.AsyncClient(timeout=60) as web:
        about = {"upload-length": str(len(content)), "upload-metadata": said, "origin": product.a.origin}
        begun = await web.post(product.a.origin + VIDEOS, headers={**headers, **about})
        at = urlsplit(begun.headers["location"]).path
        part = {**headers, "content-type": "application/offset+octet-stream"}
        for side, offset in ((product.a, 0), (product.b, 150_000)):
            asked = await web.head(side.origin + at, headers={**headers, "origin": side.origin})
            assert asked.headers["upload-offset"] == str(offset)
            sent = {"upload-offset": str(offset), "origin": side.origin}
            answer = await web.patch(side.origin + at, content=content[offset : offset + 150_000], headers={**part, **sent})
            assert answer.status_code == 204, answer.text
        assert answer.headers["upload-offset"] == "300000"


async def test_whoever_came_in_elsewhere_a_moment_ago_is_known_everywhere(product: Two) -> None:
    """The page that follows a sign-in comes to any of them, a few milliseconds later."""
    async with httpx.AsyncClient(timeout=20) as web:
        for side in (product.a, product.b) * 3:
            stranger = await web.get(f"{side.origin}/centre/desk", headers={"cookie": "ecc_desk=nobody"})  # it has just asked who there is
            assert stranger.status_code == 303
            desk = product.another_desk()
            assert (await web.get(f"{side.origin}/centre/desk", headers={"cookie": f"ecc_desk={desk}"})).status_code == 200


async def test_a_pairing_begun_at_one_goes_on_at_the_other(product: Two) -> None:
    async with httpx.AsyncClient(timeout=20) as web:
        begun = await web.get(f"{product.a.origin}/pair")
        secret = begun.cookies["ecc_pair"]
        again = await web.get(f"{product.b.origin}/pair", headers={"cookie": f"ecc_pair={secret}"})
        assert "ecc_pair" not in again.cookies, "it began a pairing of its own"


async def test_3_wrong_passwords_count_together(product: Two) -> None:
    form = {"username": f"nobody-{product.settings.port}", "password": "not the password"}
    async with httpx.AsyncClient(timeout=30) as web:
        found = []
        for turn in range(8):
            side = (product.a, product.b)[turn % 2]
            found.append((await web.post(f"{side.origin}/sign-in", data=form, headers={"origin": side.origin})).status_code)
    assert found == [401] * 6 + [429] * 2


# --- who is put out ------------------------------------------------------------------------------------------------------------------


async def closes_within(view: View, seconds: float) -> None:
    began = time.monotonic()
    with pytest.raises(websockets.ConnectionClosed):
        await view.until(lambda: False)
    assert time.monotonic() - began < seconds + 5, "much later than promised"  # the machine is shared; the bench has the figure


async def test_6_signed_out_at_one_the_socket_at_the_other_is_closed(product: Two) -> None:
    database_desk = product.another_desk()
    async with viewer(product.b, "desk", database_desk) as desk, httpx.AsyncClient(timeout=20) as web:
        headers = {"cookie": f"ecc_desk={database_desk}", "origin": product.a.origin}
        assert (await web.post(f"{product.a.origin}/sign-out", headers=headers)).status_code == 303
        await closes_within(desk, 5)
        assert (await web.get(f"{product.b.origin}/centre/desk", headers=headers)).status_code == 303


async def test_6_a_lost_phone_that_is_revoked_dies_at_both(product: Two) -> None:
    """By the command line: another process, whose word no bus carries."""
    token = product.seeded.devices[1006]
    async with viewer(product.a, "field", token) as one, viewer(product.b, "field", token) as other:
        await asyncio.to_thread(do, product, TECHNICAL, revoke_device, 6)
        await asyncio.gather(closes_within(one, 5), closes_within(other, 5))
    for side in (product.a, product.b):
        assert (await asyncio.to_thread(post, side, "/ingest/positions", token, {"fixes": [fix()]}))[0] == 401


# --- where they are ------------------------------------------------------------------------------------------------------------------


async def test_fixes_that_come_to_both_in_turn_are_all_once_in_the_track_and_the_newest_on_both_walls(product: Two) -> None:
    began = datetime.now(UTC)
    sent = []
    async with viewer(product.a, "wall", product.seeded.wall) as one, viewer(product.b, "wall", product.seeded.wall) as other:
        for step in range(20):
            sent.append(each := fix(COURT[0] + 0.00002 * step, COURT[1]))
            said = await send((product.a, product.b)[step % 2], 1003, each)
            assert said["accepted"] == [each["id"]], said
        last = round(sent[-1]["lat"], 6)
        for wall in (one, other):
            await wall.until(lambda wall=wall: round(places_of(wall).get(1003, (0, 0))[0], 6) == last)
    for step, each in enumerate(sent):  # each once more, to the other one
        assert (await send((product.b, product.a)[step % 2], 1003, each))["known"] == [each["id"]]
    history = History(product.settings.positions)
    track = history.track(1003, round(began.timestamp() * 1000) - 1, round(time.time() * 1000))
    history.close()
    assert [each.id for each in track] == [each["id"] for each in sent]


async def test_a_jump_is_seen_whichever_of_them_knew_the_place_before(product: Two) -> None:
    await send(product.a, 1004, fix())
    far = fix(COURT[0] + 0.5, COURT[1])
    await asyncio.sleep(0.5)  # on the bus it takes some milliseconds
    assert [each["code"] for each in (await send(product.b, 1004, far))["refused"]] == ["fix.teleport"]


async def test_who_begins_duty_at_one_is_believed_at_the_other_at_once(product: Two) -> None:
    token = product.seeded.devices[1005]
    for turn in range(4):
        one, other = (product.a, product.b) if turn % 2 else (product.b, product.a)
        for on in (False, True):
            said = {"id": str(ULID()), "on": on, "t": instant()}
            assert (await asyncio.to_thread(post, one, "/ingest/duty", token, said))[0] == 202
        assert len((await send(other, 1005, fix()))["accepted"]) == 1


# --- the stage -----------------------------------------------------------------------------------------------------------------------


class Hosted:
    """A screening that runs, its host at one process."""

    def __init__(self, product: Two) -> None:
        self.product, self.web = product, httpx.AsyncClient(timeout=30)

    async def told(self, side: Side, path: str, said: object) -> Any:
        headers = {"cookie": f"ecc_desk={self.product.seeded.desk}", "origin": side.origin}
        answer = await self.web.post(f"{side.origin}/centre/screening{path}", json=said, headers=headers)
        assert answer.status_code == 200, answer.text[:300]
        return answer.json()

    async def begun(self) -> str:
        a = self.product.a
        self.id = str((await self.told(a, "/plan", {"title": "一月警示教育"}))["id"])
        places = [{"title": "清溪区人民法院", "words": "请保持安静"}]
        await self.told(a, f"/{self.id}/programme", {"places": places})
        link = (await self.told(a, f"/{self.id}/stage", {}))["link"]
        opened = await self.web.post(f"{self.product.b.origin}/stage/{link.rpartition('/')[2]}", headers={"origin": self.product.b.origin})
        self.stage = opened.cookies["ecc_stage"]
        await self.told(self.product.b, f"/{self.id}/begin", {})
        await self.told(a, f"/{self.id}/show", {"position": 0})
        return self.id


class Audience:
    """A stage's socket: how often it was told to be black, and what it shows now."""

    def __init__(self) -> None:
        self.states: list[dict[str, Any]] = []

    async def hear(self, socket: Any) -> None:
        with contextlib.suppress(websockets.ConnectionClosed):
            async for message in socket:
                said = json.loads(message)
                if said["type"] == "stage":
                    self.states.append(said)

    def shows(self, black: bool) -> bool:
        return bool(self.states) and self.states[-1]["black"] is black and (black or self.states[-1]["item"] is not None)


@contextlib.asynccontextmanager
async def audience(side: Side, stage: str) -> AsyncIterator[Audience]:
    headers = {"cookie": f"ecc_stage={stage}", "origin": side.origin}
    async with connect(f"{side.live.removesuffix('/live')}/stage/live", additional_headers=headers) as socket:
        heard = Audience()
        hearing = asyncio.create_task(heard.hear(socket))
        yield heard
        hearing.cancel()


async def until(true: Any, seconds: float = 30) -> None:
    async with asyncio.timeout(seconds):
        while not true():
            await asyncio.sleep(0.02)


@contextlib.contextmanager
def standing_still(product: Two, cluster: PostgresServer | None, bus: bool) -> Iterator[None]:
    """The database, and the bus if that too."""
    if cluster is not None:
        cluster.freeze()
    if bus:
        product.freeze("bus")
    try:
        yield
    finally:
        if bus:
            product.thaw("bus")
        if cluster is not None:
            cluster.thaw()


@pytest.mark.parametrize("bus", [pytest.param(False, id="the bus there"), pytest.param(True, id="the bus away")])
async def test_black_at_one_is_black_at_the_other_also_past_the_database(product: Two, bus: bool, request: pytest.FixtureRequest) -> None:
    cluster: PostgresServer | None = None
    if product.settings.database_url.startswith("postgresql"):
        cluster = request.getfixturevalue("_cluster")
    hosted = Hosted(product)
    screening = await hosted.begun()
    async with audience(product.b, hosted.stage) as stage:
        await until(lambda: stage.shows(False))
        with standing_still(product, cluster, bus):
            said = await hosted.told(product.a, f"/{screening}/black", {})
            assert said == {"black": True, "written": cluster is None}
            await until(lambda: stage.shows(True))
        await until(lambda: (product.settings.run / "black" / f"{screening}.black").exists())
        async with asyncio.timeout(60):  # whoever owed it has written it, and it is not shown before the host says so
            while await asyncio.to_thread(written, product, screening) == 0:
                await asyncio.sleep(0.2)
        assert stage.shows(True)
        await hosted.told(product.b, f"/{screening}/lift", {})
        await until(lambda: stage.shows(False))
    assert await asyncio.to_thread(written, product, screening) == 1
    await hosted.told(product.a, f"/{screening}/end", {})
    await hosted.web.aclose()


@contextlib.contextmanager
def taking_nothing(product: Two, cluster: PostgresServer | None) -> Iterator[None]:
    """The database: frozen, or, as a file, held by another writer."""
    if cluster is not None:
        with standing_still(product, cluster, False):
            yield
        return
    with contextlib.closing(sqlite3.connect(product.settings.home / "ecc.db", isolation_level=None)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        yield
        holder.execute("ROLLBACK")


async def test_a_blackout_owed_by_a_process_that_is_killed_is_written_by_whoever_is_left(
    product: Two, request: pytest.FixtureRequest
) -> None:
    cluster: PostgresServer | None = None
    if product.settings.database_url.startswith("postgresql"):
        cluster = request.getfixturevalue("_cluster")
    hosted = Hosted(product)
    screening = await hosted.begun()
    async with audience(product.b, hosted.stage) as stage:
        await until(lambda: stage.shows(False))
        with taking_nothing(product, cluster):
            assert await hosted.told(product.a, f"/{screening}/black", {}) == {"black": True, "written": False}
            old = product.kill("web")
            await until(lambda: stage.shows(True))
        async with asyncio.timeout(60):
            while await asyncio.to_thread(written, product, screening) == 0:
                await asyncio.sleep(0.2)
        assert stage.shows(True)
    await asyncio.to_thread(product.until_started_again, "web", old)
    await asyncio.to_thread(wait_until, product.a.ready, "the first is not back", 60)
    database = product.database()
    with database.reading() as session:
        asked = select(EntryRow.actor_kind).where(EntryRow.kind == "screening.blacked_out", EntryRow.subject_id == screening)
        assert session.scalars(asked).all() == ["OFFICER"]  # who pressed it, once
    database.close()
    await hosted.told(product.a, f"/{screening}/end", {})
    await hosted.web.aclose()


def written(product: Two, screening: str) -> int:
    database = product.database()
    with database.reading() as session:
        entries = session.scalars(select(EntryRow).where(EntryRow.kind == "screening.blacked_out", EntryRow.subject_id == screening))
        count = len(list(entries))
    database.close()
    return count


async def test_what_the_stage_at_one_says_that_it_shows_stands_on_the_console_of_the_other(product: Two) -> None:
    hosted = Hosted(product)
    screening = await hosted.begun()
    address = f"{product.b.live.removesuffix('/live')}/stage/live"
    headers = {"cookie": f"ecc_desk={product.seeded.desk}"}
    of_stage = {"cookie": f"ecc_stage={hosted.stage}", "origin": product.b.origin}
    async with connect(address, additional_headers=of_stage) as socket:
        await socket.recv()
        state: dict[str, Any] = {}
        async with asyncio.timeout(30):
            while (state.get("report") or {}).get("state") != "card":
                await socket.send(json.dumps({"type": "shown", "key": "k", "state": "card", "at_ms": 0}))
                await asyncio.sleep(0.1)
                state = (await hosted.web.get(f"{product.a.origin}/centre/screening/{screening}/state", headers=headers)).json()
    await hosted.told(product.a, f"/{screening}/end", {})
    await hosted.web.aclose()


@pytest.mark.long
async def test_a_live_picture_stands_at_one_while_its_host_beats_at_the_other_and_goes_black_with_him(product: Two) -> None:
    """Without the cameras: test_stages_beside.py."""
    court = await asyncio.to_thread(Court, product, 2, (160, 90))
    spot = await asyncio.to_thread(OnTheSpot, court)
    screening, _ = await asyncio.to_thread(spot.planned, 10)
    async with spot.sends(), live_audience(court, screening, product.b.origin) as stage:
        await asyncio.to_thread(court.told, f"/{screening}/begin", {})
        async with host(court, screening):
            await asyncio.to_thread(court.told, f"/{screening}/show", {"position": 1})
            await stage.until(lambda: stage.item.get("kind") == "live")
            for _ in range(20):
                await stage.next_picture(court, screening)
            await asyncio.to_thread(court.told, f"/{screening}/black", {})
            await stage.until(lambda: stage.black)
            await stage.no_picture_for(1.0)
            await asyncio.to_thread(court.told, f"/{screening}/lift", {})
            await stage.next_picture(court, screening)
        await stage.until(lambda: stage.black)  # nobody hosts it
        await stage.until(lambda: kept(court, "screening.blacked_out")[-1].payload["why"] == "unwatched")
    await asyncio.to_thread(court.told, f"/{screening}/end", {})
    court.close()


# --- one of them goes ----------------------------------------------------------------------------------------------------------------


async def test_one_that_is_killed_while_calls_are_pressed_loses_none_and_doubles_none(product: Two) -> None:
    """Phones come to both; what one does not answer they send to the other, by the same id."""
    await nobody_calls(product)
    pressed: list[str] = []

    async def press(unit: int) -> None:
        for turn in range(8):
            id_ = str(ULID())
            pressed.append(id_)
            for attempt in range(200):
                side = (product.a, product.b)[(turn + attempt) % 2]
                with contextlib.suppress(OSError, ValueError):
                    body = {"id": id_, "t": instant(), "fix": None}
                    status, _ = await asyncio.to_thread(post, side, "/ingest/calls", product.seeded.devices[unit], body)
                    if status == 202:
                        break
                await asyncio.sleep(0.05)
            else:
                raise AssertionError("nobody took it")
            await end_call_somewhere(product, unit, id_)

    async with viewer(product.a, "wall", product.seeded.wall) as wall:
        pressing = [asyncio.create_task(press(unit)) for unit in (1001, 1002)]
        await asyncio.sleep(0.5)
        old = product.kill("web-2")
        await asyncio.gather(*pressing)
        await wall.until(lambda: set(pressed) <= set(wall.shown))
        assert sorted(wall.shown) == sorted(set(pressed))
    await asyncio.to_thread(product.until_started_again, "web-2", old)
    await asyncio.to_thread(wait_until, product.b.ready, "the second is not back", 60)
    database = product.database()
    with database.reading() as session:
        kept = session.scalar(select(func.count()).select_from(CallRow).where(CallRow.id.in_(pressed)))
        placed = session.scalar(
            select(func.count()).select_from(EntryRow).where(EntryRow.kind == "call.ringing", EntryRow.subject_id.in_(pressed))
        )
    database.close()
    assert (kept, placed) == (len(pressed), len(pressed))


async def nobody_calls(product: Two) -> None:
    """Whoever still calls from a test before: while he does, another press of his is the same call."""
    database = product.database()
    with database.reading() as session:
        still = session.execute(select(CallRow.unit_no, CallRow.id).where(CallRow.state.in_(calls.OPEN))).all()
    database.close()
    for unit, id_ in still:
        await end_call_somewhere(product, unit, id_)


async def end_call_somewhere(product: Two, unit: int, id_: str) -> None:
    told = Counter[str]()
    for attempt in range(200):
        side = (product.a, product.b)[attempt % 2]
        try:
            status, said = await asyncio.to_thread(post, side, "/ingest/calls/end", product.seeded.devices[unit], {"id": id_})
        except (OSError, ValueError) as error:
            told[type(error).__name__] += 1
        else:
            if status == 202:
                return
            told[f"{status} {said}"] += 1
        await asyncio.sleep(0.05)
    raise AssertionError(f"nobody ended it: {told}")


@pytest.mark.long  # the killed one is above
async def test_one_that_freezes_is_named_on_the_wall_ended_and_back(product: Two) -> None:
    async with viewer(product.a, "wall", product.seeded.wall) as wall:
        await wall.until(lambda: wall.tick and wall.tick["parts"]["web"] == wall.tick["parts"]["web"] | {"up": True, "gone": []})
        old = product.pids()["web-2"]
        os.kill(old, signal.SIGSTOP)
        await wall.until(lambda: wall.tick["parts"]["web"]["gone"] == [2])
        assert any(trouble["part"] == "web" and "2" in trouble["said"] for trouble in wall.tick["troubles"])
        await asyncio.to_thread(product.until_started_again, "web-2", old)  # nobody has to wake it
        await wall.until(lambda: wall.tick["parts"]["web"]["up"])
    await asyncio.to_thread(wait_until, product.b.ready, "the second is not back", 60)

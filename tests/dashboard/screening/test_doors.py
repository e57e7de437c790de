"""The doors of host and stage: what is not released never leaves, and black comes first."""

import asyncio
import contextlib
import json
from collections.abc import Iterator

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosedError

from streaming.clip_files import is_unchanged
from tests.running import Product
from tests.screenings import OPEN, Court
from tests.servers import wait_until


@pytest.fixture(scope="module")
def court() -> Iterator[Court]:
    with Product() as product:
        court = Court(product)
        yield court
        court.close()


@pytest.fixture(scope="module")
def clip_and_release(court: Court) -> tuple[str, str]:
    return court.released()


@pytest.fixture
def release(clip_and_release: tuple[str, str]) -> str:
    return clip_and_release[1]


def socket(court: Court, stage: str) -> connect:
    address = court.product.origin.replace("http", "ws", 1) + "/stage/live"
    return connect(address, additional_headers={"cookie": f"ecc_stage={stage}", "origin": court.product.origin})


async def until(live: ClientConnection, key: str, value: object) -> dict[str, object]:
    """The first state in which this is so; key: of the state, or of its item after a dot."""
    async with asyncio.timeout(20):
        while True:
            said = json.loads(await live.recv())
            if said["type"] != "stage":
                continue
            of = said["item"] or {} if key.startswith("item.") else said
            if of.get(key.removeprefix("item.")) == value:
                return dict(said)


def media(court: Court, stage: str, release: str) -> httpx.Response:
    return court.web.get(f"/stage/media/{release}", headers={"cookie": f"ecc_stage={stage}"})


async def test_a_programme_is_shown_and_blacked_out_and_goes_on(court: Court, release: str) -> None:
    screening = court.planned({"title": "法律规定", "words": "第一行\n第二行"}, {"release": release})
    stage = await asyncio.to_thread(court.stage_of, screening)
    async with socket(court, stage) as live:
        assert (await until(live, "black", False))["item"] is None, "the court's card"
        await asyncio.to_thread(court.told, f"/{screening}/begin", {})
        await asyncio.to_thread(court.told, f"/{screening}/show", {"position": 0})
        assert (await until(live, "item.kind", "card"))["item"]["words"] == "第一行\n第二行"  # type: ignore[index]
        await asyncio.to_thread(court.told, f"/{screening}/show", {"position": 1})
        item = (await until(live, "item.kind", "clip"))["item"]
        assert item["certified"] == "值班员、局长 两人审签"  # type: ignore[index]
        assert (await asyncio.to_thread(media, court, stage, release)).status_code == 200
        answer = await asyncio.to_thread(court.told, f"/{screening}/black", {})
        assert answer == {"black": True, "written": True}
        assert (await until(live, "black", True))["item"] is None
        await live.send(json.dumps({"type": "shown", "key": None, "state": "black", "at_ms": 0}))
        await live.send("nonsense")
        for _ in range(50):
            report = (await asyncio.to_thread(court.told, f"/{screening}/state"))["report"]
            if report is not None:
                break
            await asyncio.sleep(0.1)
        assert report["state"] == "black", "the host sees what the stage says"
        await asyncio.to_thread(court.told, f"/{screening}/lift", {})
        assert (await until(live, "item.kind", "clip"))["item"]["playing"] is False  # type: ignore[index]
        await asyncio.to_thread(court.told, f"/{screening}/play", {"playing": True, "at_ms": 1_000})
        await until(live, "item.playing", True)
        await asyncio.to_thread(court.told, f"/{screening}/end", {})
        async with asyncio.timeout(20):
            with contextlib.suppress(ConnectionClosedError):
                async for _ in live:
                    pass
        assert live.close_code == 4401
    assert (await asyncio.to_thread(media, court, stage, release)).status_code == 401


async def test_it_is_black_though_the_database_stands_still(court: Court, release: str) -> None:
    screening = court.planned({"release": release})
    stage = await asyncio.to_thread(court.stage_of, screening)
    async with socket(court, stage) as live:
        await asyncio.to_thread(court.told, f"/{screening}/begin", {})
        await asyncio.to_thread(court.told, f"/{screening}/show", {"position": 0})
        await until(live, "item.kind", "clip")
        with court.database.writes.connect() as holding:  # nobody else writes while this transaction is open
            holding.exec_driver_sql("SELECT 1")
            pressed = asyncio.create_task(asyncio.to_thread(court.told, f"/{screening}/black", {}))
            await until(live, "black", True)
            assert not pressed.done(), "black before it was written"
            holding.rollback()
        await pressed
        await asyncio.to_thread(court.told, f"/{screening}/end", {})


async def test_what_is_revoked_is_gone_from_the_stage(court: Court) -> None:
    clip, release = await asyncio.to_thread(court.released, "另一段")
    screening = court.planned({"release": release})
    stage = await asyncio.to_thread(court.stage_of, screening)
    async with socket(court, stage) as live:
        await asyncio.to_thread(court.told, f"/{screening}/begin", {})
        await asyncio.to_thread(court.told, f"/{screening}/show", {"position": 0})
        await until(live, "item.kind", "clip")
        assert (await asyncio.to_thread(media, court, stage, release)).status_code == 200
        await asyncio.to_thread(court.told, f"/clips/{clip}/revoke", {"reason": "片中人认出自己", "objection": True})
        await until(live, "item", None)
        assert (await asyncio.to_thread(media, court, stage, release)).status_code == 404
        refused = await asyncio.to_thread(court.ask, f"/{screening}/show", {"position": 0})
        assert (refused.status_code, refused.json()["error"]["code"]) == (409, "screening.not_released")


async def test_a_file_that_was_changed_is_refused_before_it_plays(court: Court) -> None:
    clip, release = await asyncio.to_thread(court.released, "第三段")
    screening = court.planned({"release": release})
    stage = await asyncio.to_thread(court.stage_of, screening)
    await asyncio.to_thread(court.told, f"/{screening}/begin", {})
    with court.masked_file(clip).open("r+b") as file:
        file.seek(1_000)
        byte = file.read(1)
        file.seek(1_000)
        file.write(bytes([byte[0] ^ 1]))
    refused = await asyncio.to_thread(court.ask, f"/{screening}/show", {"position": 0})
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "screening.file_changed")
    assert (await asyncio.to_thread(media, court, stage, release)).status_code == 404
    assert court.told(f"/clips/{clip}/state")["release"]["revoked_cause"] == "CHANGED"


def test_the_jobs_process_killed_while_it_renders_makes_the_same_file(court: Court, clip_and_release: tuple[str, str]) -> None:
    clip = court.cut("又一段")
    court.told(f"/clips/{clip}/mask", {"mask": OPEN, "minor": False})
    court.told(f"/clips/{clip}/render", {})
    wait_until(lambda: court.told(f"/clips/{clip}/state")["rendering"]["state"] != "ASKED", "not begun", 30)
    killed = court.product.kill("jobs")
    court.product.until_started_again("jobs", killed)
    wait_until(lambda: court.told(f"/clips/{clip}/state")["rendering"]["state"] == "DONE", "not rendered", 60)
    whole = court.told(f"/clips/{clip_and_release[0]}/state")["sha256"]
    assert court.told(f"/clips/{clip}/state")["sha256"] == whole
    assert is_unchanged(court.masked_file(clip), whole)


@pytest.mark.parametrize("whose", ["nobody", "desk", "wall", "another stage"])
def test_media_and_socket_are_the_stage_s_alone(court: Court, release: str, whose: str) -> None:
    screening = court.planned({"release": release})
    stage = court.stage_of(screening)
    court.told(f"/{screening}/begin", {})
    assert media(court, stage, release).status_code == 200
    seeded = court.product.seeded
    cookie = {
        "nobody": "", "desk": f"ecc_desk={seeded.desk}", "wall": f"ecc_wall={seeded.wall}",
        "another stage": f"ecc_stage={court.stage_of(court.planned({'title': '只有字幕'}))}",
    }[whose]  # fmt: skip
    answer = court.web.get(f"/stage/media/{release}", headers={"cookie": cookie})
    assert answer.status_code in (401, 404)
    assert b"webm" not in answer.content
    forged = court.web.get(f"/stage/media/{release}", headers={"cookie": f"ecc_stage={seeded.desk}"})
    assert forged.status_code == 401, "a desk's session is no stage"


@pytest.mark.parametrize("path", ["/centre/screening/", "/centre/desk", "/api/recordings", "/centre/wall", "/sheet/"])
def test_a_stage_s_session_opens_nothing_else(court: Court, release: str, path: str) -> None:
    stage = court.stage_of(court.planned({"release": release}))
    for name in ("ecc_stage", "ecc_desk", "ecc_wall"):
        answer = court.web.get(path, headers={"cookie": f"{name}={stage}"}, follow_redirects=False)
        assert answer.status_code in (303, 401, 403), (name, answer.status_code)


def test_the_frame_holds_nothing_and_the_link_is_used_once(court: Court, release: str) -> None:
    screening = court.planned({"release": release})
    link = court.told(f"/{screening}/stage", {})["link"]
    assert court.web.get(link).status_code == court.web.get(link).status_code == 200, "looking changes nothing"
    assert court.web.post(link, follow_redirects=False).status_code == 303
    assert court.web.post(link, follow_redirects=False).status_code == 404
    frame = court.web.get("/stage/")
    assert "腾退" not in frame.text
    assert "default-src 'none'" in frame.headers["content-security-policy"]


def test_a_page_is_told_who_may_sign_and_who_has(court: Court, clip_and_release: tuple[str, str]) -> None:
    clip = court.cut("未提出")
    new, signed = court.told(f"/clips/{clip}/state"), court.told(f"/clips/{clip_and_release[0]}/state")
    assert (new["may"]["certify"], new["signed"], new["release"]) == (True, False, None), "nobody is told that he may not before he can"
    assert (signed["may"]["certify"], signed["signed"]) == (True, True)


def test_whoever_guesses_links_gets_the_court_s_card_however_often(court: Court) -> None:
    for number in range(60):
        answer = court.web.post(f"/stage/{'x' * 40}{number}", follow_redirects=False)
        assert answer.status_code in (404, 429)
        assert "ecc_stage" not in answer.headers.get("set-cookie", "")


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/cut", {"recording": 1}), ("/cut", {"recording": "x", "from_ms": True}), ("/plan", {"title": 3}), ("/plan", []),
        ("/plan", {"title": "<img onerror=x>" * 9}),
    ],
)  # fmt: skip
def test_nonsense_is_refused_with_a_sentence(court: Court, path: str, said: object) -> None:
    answer = court.ask(path, said)
    assert answer.status_code == 400
    assert answer.json()["error"]["text"]


def test_a_strange_title_is_text(court: Court) -> None:
    screening = court.told("/plan", {"title": "<img src=x onerror=1>"})["id"]
    assert "<img src=x" not in court.ask("/").text
    assert "<img src=x" not in court.ask(f"/{screening}").text

"""`ecc demo` from outside: a real start with all its processes, what it writes and prints, and how it refuses a second one."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import websockets

from dashboard.demo.start import civil_offset_s
from geo import packed
from geo.coordinates import Place, distance_m

pytestmark = pytest.mark.timeout(240)
FIVE = ("call", "sos", "silence", "freeze_bus", "freeze_web")


class Running:
    """One demonstration in a home of its own."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.links_file = home / "links.json"
        self.printed = home / "printed.txt"
        self.begin()

    def begin(self) -> None:
        with self.printed.open("w") as printed:
            self.process = subprocess.Popen(self.command(), env=self.environ(), stdout=printed, stderr=printed)

    def command(self, *more: str) -> list[str]:
        links = () if more else ("--links", str(self.links_file))
        return [sys.executable, "-m", "dashboard", "demo", "--port", "0", "--no-browser", *links, *more]

    def environ(self) -> dict[str, str]:
        return {"PATH": os.defpath, "HOME": str(self.home), "ECC_HOME": str(self.home), "PYTHONUTF8": "1"}

    def links(self, wanted: Callable[[dict[str, Any]], bool] = lambda _: True) -> dict[str, Any]:
        until = time.monotonic() + 120
        while time.monotonic() < until:
            assert self.process.poll() is None, self.printed.read_text()
            if self.links_file.exists():
                found: dict[str, Any] = json.loads(self.links_file.read_text())
                if wanted(found):
                    return found
            time.sleep(0.1)
        raise AssertionError(self.printed.read_text())

    def end(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(30) == 0


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    demonstration = Running(tmp_path_factory.mktemp("d"))
    try:
        demonstration.links()
        yield demonstration
    finally:
        demonstration.end()


def test_the_links_file_has_its_form_and_is_for_this_user_alone(running: Running) -> None:
    said = running.links()
    assert set(said) == {"links", "phones", "devices", "case_system", "doors", "pid", "bus_url", "database", "canaries"}
    assert set(said["links"]) == {"wall", "desk", "director", "leader", "host", "stage"}
    assert set(said["doors"]) == {"positions", "ws", "osmand", "cases", "missions", "calls", "sos", "whip", "whep"}
    assert set(said["pid"]) == {"supervisor", "web", "bus", "relay"}
    assert {name: bool(words) for name, words in said["canaries"].items()} == dict.fromkeys(
        ("names", "phones", "id_numbers", "plates"), True
    )
    assert all(set(device) == {"unit", "token", "osmand_id"} for device in said["devices"])
    assert all(set(phone) == {"officer", "link"} for phone in said["phones"])
    assert len(said["devices"]) >= 20
    assert isinstance(said["devices"][0]["unit"], str)
    assert said["doors"]["ws"].startswith("ws://")
    assert said["pid"]["supervisor"] == running.process.pid
    assert (running.links_file.stat().st_mode & 0o777) == 0o600


def test_the_addresses_are_printed_with_a_code_for_a_phone(running: Running) -> None:
    said = running.links()
    until = time.monotonic() + 10
    while "Ctrl-C" not in running.printed.read_text() and time.monotonic() < until:
        time.sleep(0.1)
    printed = running.printed.read_text()
    for link in (*said["links"].values(), *(phone["link"] for phone in said["phones"])):
        assert link in printed
    assert "▀" in printed or "█" in printed
    assert "演示数据" in printed
    assert not any(word in printed for words in said["canaries"].values() for word in words)


def test_a_second_start_is_one_clear_sentence_and_harms_nothing(running: Running) -> None:
    second = subprocess.run(running.command("--fresh"), env=running.environ(), capture_output=True, text=True, timeout=60, check=False)
    assert second.returncode != 0
    assert len(second.stderr.strip().splitlines()) == 1
    assert str(running.process.pid) in second.stderr
    assert "Traceback" not in second.stderr
    assert running.process.poll() is None


def test_a_taken_port_is_one_clear_sentence(running: Running, tmp_path: Path) -> None:
    port = running.links()["links"]["wall"].split(":")[2].split("/")[0]
    environ = running.environ() | {"ECC_HOME": str(tmp_path)}
    command = [sys.executable, "-m", "dashboard", "demo", "--port", port, "--no-browser"]
    refused = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=60, check=False)
    assert refused.returncode != 0
    assert len(refused.stderr.strip().splitlines()) == 1
    assert port in refused.stderr


@asynccontextmanager
async def entered(running: Running, face: str, cookie: str) -> AsyncIterator[httpx.AsyncClient]:
    """A browser that pressed the button of a one-time link."""
    link = running.links()["links"][face]
    origin = link.split("/link/")[0]
    async with httpx.AsyncClient(base_url=origin, headers={"Origin": origin}, timeout=20) as browser:
        answer = await browser.post(link)
        assert answer.status_code == 303
        assert browser.cookies.get(cookie)
        yield browser


async def places_on_wall(
    browser: httpx.AsyncClient, enough: Callable[[dict[int, list[Place]]], bool], seconds: float = 60
) -> tuple[dict[str, Any], dict[int, list[Place]]]:
    """What a wall is told until it is enough, or the time is over: the first rows, and each unit's places."""
    rows: dict[str, Any] = {}
    places: dict[int, list[Place]] = {}
    origin = str(browser.base_url).rstrip("/")
    headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in browser.cookies.items())}
    address = f"{origin.replace('http', 'ws', 1)}/live?face=wall"
    async with websockets.connect(address, additional_headers=headers, origin=websockets.Origin(origin), max_size=2**24) as live:
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0 and not (rows and enough(places)):
            try:
                said = await asyncio.wait_for(live.recv(), left)
            except TimeoutError:
                break
            if isinstance(said, str):
                message = json.loads(said)
                rows = message["rows"] if message["type"] == "snapshot" else rows
            else:
                records = packed.unpack(said).records
                for unit, place in zip(records["unit"], packed.latlon_of(records), strict=True):
                    places.setdefault(int(unit), []).append((float(place[0]), float(place[1])))
    return rows, places


def who_moved(places: dict[int, list[Place]]) -> list[int]:
    return [unit for unit, seen in places.items() if distance_m(seen[0], seen[-1]) >= 75]


async def test_the_wall_shows_the_court_and_more_than_twenty_units_that_move(running: Running) -> None:
    async with entered(running, "wall", "ecc_wall") as browser:
        rows, places = await places_on_wall(browser, lambda places: len(who_moved(places)) >= 20)
    assert len(rows["area"]) == 177
    assert len(rows["mission"]) == 9
    moved = who_moved(places)
    assert len(moved) >= 20
    still = [int(device["unit"]) for device in running.links()["devices"]]
    assert set(still) <= set(places)
    assert not set(still) & set(moved)


async def test_a_device_of_the_links_file_moves_only_when_somebody_drives_it(running: Running) -> None:
    said = running.links()
    device, now = said["devices"][0], datetime.now(UTC).isoformat(timespec="milliseconds")
    fix = {
        "id": "01JD0000000000000000000001",
        "t": now,
        "lat": 40.08,
        "lon": 101.83,
        "src_crs": "WGS84",
        "accuracy_m": 5,
        "provider": "GPS",
    }
    async with httpx.AsyncClient() as sender:
        headers = {"Authorization": f"Bearer {device['token']}"}
        answer = await sender.post(said["doors"]["positions"], json={"fixes": [fix]}, headers=headers)
    assert answer.json()["accepted"] == [fix["id"]], "a place set by hand is not held against the first measurement"


async def director_page(browser: httpx.AsyncClient) -> str:
    """The page once the devices answer it: on a busy machine that may take longer than one page waits for them."""
    async with asyncio.timeout(60):
        while f'data-act="{FIVE[0]}"' not in (text := (await browser.get("/demo")).text):
            await asyncio.sleep(0.5)
    return text


async def test_the_director_rings_by_the_public_door(running: Running) -> None:
    async with entered(running, "director", "ecc_director") as browser:
        page = await director_page(browser)
        assert all(f'data-act="{act}"' in page for act in FIVE)
        assert "演示数据" in page
        assert f"data-pin>{(running.home / 'demo' / 'keys' / 'desk_pin').read_text().strip()}<" in page
        for team in (
            "五组",
            "四组",
            "三组",
            "二组",
        ):  # a busy machine's devices answer late; the page then says so, and its reader presses again
            answer = await browser.post("/demo/call", data={"team": team})
            if answer.headers["location"].endswith("done=1"):
                break
        assert answer.headers["location"].endswith("done=1")
    async with httpx.AsyncClient(base_url=browser.base_url) as stranger:
        assert (await stranger.get("/demo")).status_code in (303, 401, 403)


async def test_the_locked_desk_opens_with_the_pin_that_was_printed(running: Running) -> None:
    pin = (running.home / "demo" / "keys" / "desk_pin").read_text().strip()
    assert pin in running.printed.read_text()
    async with entered(running, "desk", "ecc_desk") as desk:
        assert (await desk.post("/lock", json={})).json() == {"locked": True}
        assert (await desk.post("/unlock", json={"pin": "000000"})).status_code == 401
        assert (await desk.post("/unlock", json={"pin": pin})).json() == {"locked": False}


def test_the_pid_is_written_again_when_a_child_was_killed(running: Running) -> None:
    before = running.links()["pid"]
    os.kill(before["web"], signal.SIGKILL)
    after = running.links(lambda said: said["pid"].get("web") not in (None, before["web"]))["pid"]
    assert after["bus"] == before["bus"]
    assert after["supervisor"] == before["supervisor"]


def test_51_no_log_of_the_whole_run_holds_a_canary_or_a_token(running: Running) -> None:
    """After calls, alarms, positions, missions and cases of everything above."""
    said = running.links()
    tokens = [said["case_system"]["token"], *(device[name] for device in said["devices"] for name in ("token", "osmand_id"))]
    links = [link.rsplit("/", 1)[1] for link in said["links"].values()]
    words = [*tokens, *links, *(word for words in said["canaries"].values() for word in words)]
    logs = [file for file in (running.home / "demo" / "log").rglob("*") if file.is_file()]
    assert logs
    assert [(file.name, word[:6]) for file in logs for word in words if word in file.read_text(errors="replace")] == []


def test_after_a_start_that_was_killed_the_next_one_begins_the_day_again(running: Running) -> None:
    """The last of this file: it ends the first run."""
    before = running.links()
    running.process.kill()
    running.process.wait(10)
    running.links_file.unlink()
    running.begin()
    after = running.links()
    assert after["devices"][0]["unit"] == before["devices"][0]["unit"]
    assert after["devices"][0]["token"] != before["devices"][0]["token"]
    assert after["canaries"] != before["canaries"]


def test_the_courts_clock_begins_at_nine_thirty_eight() -> None:
    for hour in (0, 9, 23):
        now = datetime(2026, 11, 24, hour, 59, 7, tzinfo=UTC)
        assert (now.timestamp() + civil_offset_s(now)) % 86_400 == 9 * 3600 + 38 * 60

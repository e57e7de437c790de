"""The simulated devices before a centre that writes down what reaches its doors; and the director who tells them what to do."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from dashboard.demo.day import DAY, Step, seconds
from dashboard.demo.devices import Play, obey, serve
from dashboard.demo.director import director_routes, tell
from dashboard.demo.plan import Plan, Unit, as_text, read_plan
from data.settings import Settings
from geo.coordinates import distance_m

TEAMS = [f"{numeral}组" for numeral in "一二三四五六七"]
WAYS = {name: [(40.05, 101.82), (40.10, 101.82 + place / 100)] for place, name in enumerate(TEAMS)}


def plan(run: Path) -> Plan:
    simulated = [Unit(f"1{place:03}", f"token{place}", f"key{place}", 40.0, 101.8, team, False) for place, team in enumerate(TEAMS * 4)]
    nobodys = [Unit(f"3{place:03}", f"still{place}", f"stillkey{place}", 40.0 + place / 1000, 101.8) for place in range(24)]
    stages = ("INVESTIGATING", "FUNDS", "NOTIFIED")
    cases = {stage: [f"（2026）岭0108执{number}号" for number in range(1, 5)] for stage in stages}
    return Plan(
        origin="http://centre.test", run=str(run), court_code="岭0108", civil_offset_s=0, case_token="machine",
        devices=[*simulated, *nobodys],
        ways=WAYS, missions={"一组": "mission1"}, planned={"七组": "mission7"}, cases=cases,
    )  # fmt: skip


class Centre:
    """Doors that keep what they get. `open`: whether they answer 503."""

    def __init__(self) -> None:
        self.got: list[tuple[str, str, Any]] = []
        self.open = True
        routes = [Route("/ingest/osmand", self._osmand), Route("/ingest/{door:path}", self._door, methods=["POST"])]
        self.app = Starlette(routes=routes)

    async def _door(self, request: Request) -> Response:
        if not self.open:
            return Response(status_code=503)
        token = request.headers["authorization"].removeprefix("Bearer ")
        self.got.append((request.path_params["door"], token, await request.json()))
        return JSONResponse({"refused": []})

    async def _osmand(self, request: Request) -> Response:
        self.got.append(("osmand", request.query_params["id"], dict(request.query_params)))
        return Response()

    def of(self, door: str) -> list[tuple[str, Any]]:
        return [(token, body) for at, token, body in self.got if at == door]

    def fixes(self, token: str) -> list[dict[str, Any]]:
        return [fix for who, body in self.of("positions") if who == token for fix in body["fixes"]]


@pytest.fixture
def run_folder() -> Iterator[Path]:
    """Short, because a socket's path has 107 bytes."""
    with tempfile.TemporaryDirectory(prefix="ecc") as folder:
        yield Path(folder)


@pytest.fixture
def centre() -> Centre:
    return Centre()


@pytest_asyncio.fixture
async def play(centre: Centre, run_folder: Path) -> AsyncIterator[Play]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(centre.app), base_url="http://centre.test") as client:
        yield Play(plan(run_folder), client)


@asynccontextmanager
async def playing(play: Play) -> AsyncIterator[None]:
    task = asyncio.create_task(play.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until(true: Callable[[], object]) -> None:
    """Waits, generously, until something is so."""
    async with asyncio.timeout(30):
        while not true():
            await asyncio.sleep(0.05)


def moved_m(centre: Centre, number: int) -> float:
    """How far one has come in the first five seconds, by the times of its own fixes."""
    said = centre.fixes(f"token{number}") or [{**of, "t": of["timestamp"]} for key, of in centre.of("osmand") if key == f"key{number}"]
    way = [(datetime.fromisoformat(fix["t"]), (float(fix["lat"]), float(fix["lon"]))) for fix in said]
    places = [place for at, place in way if at - way[0][0] <= timedelta(seconds=5)]
    return distance_m(places[0], places[-1]) if places else 0.0


async def test_within_five_seconds_at_least_twenty_units_have_moved_ninety_metres(play: Play, centre: Centre) -> None:
    async with playing(play):
        await until(lambda: sum(moved_m(centre, number) >= 90 for number in range(28)) >= 20)
    assert 4 <= len({key for key, _ in centre.of("osmand")}) < 14, "some speak as a Traccar Client"


async def test_what_nobody_drives_says_its_place_once_and_is_then_silent(play: Play, centre: Centre) -> None:
    centre.open = False
    async with playing(play):
        await asyncio.sleep(0.5)
        centre.open = True
        await until(lambda: len({token for token, _ in centre.of("positions") if token.startswith("still")}) == 24)
        await asyncio.sleep(2)
    said = Counter({token: len(centre.fixes(token)) for token, _ in centre.of("positions") if token.startswith("still")})
    assert said == {f"still{number}": 1 for number in range(24)}
    assert {fix["provider"] for number in range(24) for fix in centre.fixes(f"still{number}")} == {"MANUAL"}


async def test_fixes_kept_while_the_centre_was_away_arrive_later_and_none_twice(play: Play, centre: Centre) -> None:
    centre.open = False
    async with playing(play):
        await asyncio.sleep(4.5)
        opened = datetime.now(UTC)
        centre.open = True
        await until(lambda: len([fix for fix in centre.fixes("token0") if datetime.fromisoformat(fix["t"]) < opened]) >= 2)
        await until(lambda: len(centre.fixes("token0")) >= 3)
        await asyncio.sleep(1)
    ids = [fix["id"] for fix in centre.fixes("token0")]
    assert len(set(ids)) == len(ids)


async def test_a_line_of_the_script_goes_through_its_own_door(play: Play, centre: Centre) -> None:
    assert await play.do(Step("09:39:30", "call", "三组"))
    assert await play.do(Step("", "end_call", "三组"))
    assert await play.do(Step("", "sos", "四组"))
    assert await play.do(Step("", "silence", "六组", minutes=14))
    (token, call), (_, end) = centre.of("calls")[0], centre.of("calls/end")[0]
    assert token == "token2"
    assert call["id"] == end["id"]
    assert call["fix"]["lat"] == pytest.approx(40.10, abs=0.01)
    assert centre.of("sos")[0][0] == "token3"
    assert {body["minutes"] for _, body in centre.of("silence")} == {14}


async def test_the_case_system_tells_of_cases_and_missions_with_its_own_token(play: Play, centre: Centre) -> None:
    play.cases.tell("missions", {"id": "mission1", "event": "arrived"})
    assert await play.do(next(step for step in DAY if step.act == "case"))
    async with playing(play):
        await until(lambda: centre.of("cases") and centre.of("missions"))
    assert {token for door in ("cases", "missions") for token, _ in centre.of(door)} == {"machine"}
    row = centre.of("cases")[0][1]["cases"][0]
    assert row["event"] == "node"
    assert row["case_no"] == "（2026）岭0108执1号"
    assert row["at"].endswith("Z")


async def test_the_script_can_be_put_forward_and_never_back(play: Play) -> None:
    play.skip_to("10:02")
    assert play.clock_s == pytest.approx(seconds("10:02"), abs=1)
    for wrong in ("09:00", "25:00", "noon"):
        with pytest.raises(ValueError):
            play.skip_to(wrong)


async def test_the_director_tells_the_devices_by_a_wire_of_this_user(play: Play, centre: Centre, run_folder: Path) -> None:
    task = asyncio.create_task(serve(play))
    await until(lambda: play.plan.wire.exists() and (play.plan.wire.stat().st_mode & 0o777) == 0o600)
    settings = Settings.of(home=run_folder, port=0)
    settings.run.mkdir()
    (settings.run / "director.sock").symlink_to(play.plan.wire)
    transport = httpx.ASGITransport(Starlette(routes=[*director_routes(settings)]))
    async with httpx.AsyncClient(transport=transport, base_url="http://centre.test") as browser:
        page = await browser.get("/demo")
        assert "剧本时钟 09:38" in page.text
        assert "演示" in page.text
        answer = await browser.post("/demo/call", data={"team": "三组"})
    assert answer.headers["location"] == "/demo?act=call&done=1"
    assert centre.of("calls")[0][0] == "token2"
    assert await tell(play.plan.wire, {"act": "nonsense"}) == {**(await obey(play, {"act": "state"})), "ok": False}
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert await tell(play.plan.wire, {"act": "state"}) is None


async def test_a_frozen_part_goes_on_when_the_devices_end(play: Play, run_folder: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as child:
        (run_folder / "pids.json").write_text(json.dumps({"bus": child.pid}))
        assert (await obey(play, {"act": "freeze", "part": "bus"}))["ok"]
        assert os.waitid(os.P_PID, child.pid, os.WSTOPPED | os.WNOWAIT) is not None
        play.thaw()
        assert os.waitid(os.P_PID, child.pid, os.WCONTINUED | os.WNOWAIT) is not None
        child.send_signal(signal.SIGKILL)
    assert not (await obey(play, {"act": "freeze", "part": "jobs"}))["ok"]


def test_a_plan_survives_its_file(run_folder: Path) -> None:
    written = plan(run_folder)
    (run_folder / "demo.json").write_text(as_text(written))
    assert read_plan(run_folder / "demo.json") == written

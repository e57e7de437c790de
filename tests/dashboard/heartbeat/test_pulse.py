"""The register's own pace: what is told to the journal and when, what the board says, without a running product."""

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from dashboard.heartbeat import pulse as subject
from dashboard.heartbeat.parts import NAMES, Found, Look, Looking, Part, State
from dashboard.heartbeat.pulse import Pulse
from dashboard.i18n import t
from data.actions.heartbeat import tell_part
from data.engines import Database
from data.lanes import Lanes
from data.queries.heartbeat import last_changes, last_states
from data.rules.permissions import SYSTEM
from data.settings import Settings
from tests.conftest import Clock
from tests.data.small_court import SmallCourt

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture
def court(database: Database, clock: Clock) -> SmallCourt:
    return SmallCourt(database, clock.now())


class Stand:
    """A pulse over a register of its own, whose parts a test holds in its hand."""

    def __init__(self, court: SmallCourt, settings: Settings) -> None:
        self.court, self.lanes = court, Lanes()
        self.broken: set[str] = set()
        self.lamps: dict[str, dict[str, Any]] = {}
        register = [Part(name, self._looking_at(name), 1) for name in NAMES]
        self.tells = True
        given = settings, court.database, self.lanes, court.journal, lambda: self.lamps, "0123456789ab", t, lambda: court.now, register
        self.pulse = Pulse(*given, tells=lambda: self.tells)

    def _looking_at(self, name: str) -> Look:
        def look(_: Looking) -> Found:
            if name in self.broken:
                raise RuntimeError("of no kind of ours")
            return Found(State.UP, "up")

        return look

    def states(self) -> dict[str, str]:
        with self.court.database.reading() as session:
            return last_states(session)


@contextmanager
def standing(court: SmallCourt, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stand]:
    stand = Stand(court, settings)
    monkeypatch.setattr(subject, "BEGINS_S", 0.0)
    monkeypatch.setattr(subject, "RELAY_BEGINS_S", 0.0)
    try:
        yield stand
    finally:
        stand.pulse.close()
        stand.lanes.close()


@pytest.fixture
def settings(tmp_path: Any) -> Settings:
    return Settings.of(home=tmp_path / "home", owners=("relay=王工", "*=技术值守"))


async def until(true: Any, what: str) -> None:
    async with asyncio.timeout(60):
        while not true():
            await asyncio.sleep(0.1)


async def test_a_part_that_goes_and_comes_is_told_once_each(court: SmallCourt, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject, "APART_S", 0.0)
    with standing(court, settings, monkeypatch) as stand:
        running = asyncio.create_task(stand.pulse.run())
        try:
            stand.lamps = {"relay": {"up": False, "since": 0}}
            await until(lambda: stand.states() == {"relay": "down"}, "down")
            stand.lamps = {"relay": {"up": True, "since": 0}}
            await until(lambda: stand.states() == {"relay": "up"}, "up")
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
    assert [each.kind for each in court.announced if each.kind == "part.changed"] == ["part.changed"] * 2


async def test_of_several_web_processes_one_tells_and_who_takes_over_tells_what_is_so_now(
    court: SmallCourt, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with standing(court, settings, monkeypatch) as stand:
        stand.tells = False
        running = asyncio.create_task(stand.pulse.run())
        try:
            stand.lamps = {"relay": {"up": False, "since": 0}}
            await asyncio.sleep(2.5)  # longer than who tells would wait
            assert stand.states() == {}
            stand.tells = True
            await until(lambda: stand.states() == {"relay": "down"}, "down")
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)


def test_a_web_process_that_is_gone_is_named_and_the_web_service_is_not_down(
    court: SmallCourt, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with standing(court, settings, monkeypatch) as stand:
        stand.lamps = {"web": {"up": False, "since": 0, "gone": [2, 3]}}
        trouble = next(each for each in stand.pulse.troubles() if each["part"] == "web")
        assert (trouble["state"], trouble["said"]) == ("warn", "网页服务 网页进程 2、3 无应答，其余照常")


async def test_what_was_down_before_a_restart_and_is_well_now_is_told(
    court: SmallCourt, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    court.do(SYSTEM, tell_part, "jobs", "down", court.now)
    with standing(court, settings, monkeypatch) as stand:
        running = asyncio.create_task(stand.pulse.run())
        try:
            await until(lambda: stand.states() == {"jobs": "up"}, "up")
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)


def test_a_lamp_that_is_out_wins_over_what_was_found_before(court: SmallCourt, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    with standing(court, settings, monkeypatch) as stand:
        stand.lamps = {"database": {"up": False, "since": 0}}
        assert stand.pulse.states()["database"] == (State.DOWN, "silent")
        line = next(each for each in stand.pulse.board(with_owners=True) if each["name"] == "database")
        assert (line["state"], line["owner"], line["ms"]) == ("down", "技术值守", None)
        assert line["to_do"]
        assert [each["part"] for each in stand.pulse.troubles()] == ["database"]


def test_before_guests_nobody_is_named(court: SmallCourt, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    with standing(court, settings, monkeypatch) as stand:
        assert {each["owner"] for each in stand.pulse.board(with_owners=False)} == {""}
        assert {each["owner"] for each in stand.pulse.board(with_owners=True)} == {"王工", "技术值守"}


async def test_a_look_that_fails_in_an_unknown_way_is_a_part_that_is_down(
    court: SmallCourt, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with standing(court, settings, monkeypatch) as stand:
        stand.broken = {"turn"}
        running = asyncio.create_task(stand.pulse.run())
        try:
            await until(lambda: stand.pulse.states()["turn"] == (State.DOWN, "late"), "turn is down")
            await until(lambda: stand.pulse.states()["fonts"][0] is State.UP, "the others are looked at")
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)


async def test_a_journal_that_is_away_is_told_afterwards_of_when_it_happened(
    court: SmallCourt, settings: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    with standing(court, settings, monkeypatch) as stand:
        held = sqlite3.connect(court.database.url.removeprefix("sqlite:///"), isolation_level=None)
        held.execute("BEGIN IMMEDIATE")  # somebody writes for longer than anybody waits
        running = asyncio.create_task(stand.pulse.run())
        try:
            went = court.now
            stand.lamps = {"database": {"up": False, "since": 0}}
            await until(lambda: "waits for the journal" in caplog.text, "it could not be written")
            court.later(300)
            held.execute("ROLLBACK")
            await until(lambda: stand.states() == {"database": "down"}, "told")
        finally:
            held.close()
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
    told = [each for each in court.announced if each.kind == "part.changed"]
    assert len(told) == 1
    with court.database.reading() as session:
        assert last_changes(session) == {"database": went}

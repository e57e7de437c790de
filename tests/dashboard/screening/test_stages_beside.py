"""Two web processes that each hold stages of one home: black, its end, the host's word and the stage's report, with the bus and without."""

import asyncio
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import orjson
import pytest
from starlette.websockets import WebSocket
from ulid import ULID

from dashboard.screening import stages as held
from dashboard.screening.blacks import Black, Blacks
from dashboard.screening.stages import Report, Stages, Viewer
from data.rules.permissions import Actor, Role
from streaming.others import Others

HOST = Actor(kind="OFFICER", id="01HOST", role=Role.DUTY, court_code="QX", officer_id="01HOST", address="192.0.2.7")


class Line:
    """A stage's socket: what it was told."""

    def __init__(self) -> None:
        self.told: list[dict[str, Any]] = []

    async def send_text(self, message: str) -> None:
        self.told.append(orjson.loads(message))

    @property
    def black(self) -> bool:
        return bool(self.told) and self.told[-1]["black"] is True


class Two:
    """Two of one home; what one says reaches the other as soon as the loop turns, unless the bus is away."""

    def __init__(self, run: Path) -> None:
        self.bus = True
        self.others = [Others(self._send, number, 2) for number in (1, 2)]
        self.a, self.b = (Stages(Blacks(run), others) for others in self.others)
        self.screening = str(ULID())
        self.line = Line()
        self.viewer = Viewer(cast("WebSocket", self.line), self.screening)
        self.tasks = [asyncio.create_task(each.run()) for each in self.others]
        self.tasks += [asyncio.create_task(each.watch()) for each in (self.a, self.b)]

    async def _send(self, message: bytes) -> None:
        if self.bus:
            for each in self.others:
                each.take(message)

    def close(self) -> None:
        for task in self.tasks:
            task.cancel()


async def until(true: Callable[[], bool], seconds: float = 10) -> None:
    async with asyncio.timeout(seconds):
        while not true():
            await asyncio.sleep(0.01)


@pytest.fixture(params=["the bus there", "the bus away"])
async def two(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    pair = Two(tmp_path)
    pair.bus = request.param == "the bus there"
    with pair.b.open(pair.viewer):
        yield pair
    pair.close()


async def test_black_pressed_at_one_is_told_to_the_stage_of_the_other(two: Two) -> None:
    await two.a.black_out(two.screening, owed_by=HOST)
    await until(lambda: two.line.black)
    assert two.b.is_black(two.screening)


async def test_shown_again_at_the_other_one_it_is_shown_everywhere(two: Two) -> None:
    await two.a.black_out(two.screening)
    await until(lambda: two.b.is_black(two.screening))
    two.b.lift(two.screening)
    await until(lambda: not two.a.is_black(two.screening))
    await asyncio.sleep(0.3)
    assert not two.b.is_black(two.screening)
    await two.b.black_out(two.screening)
    await until(lambda: two.a.is_black(two.screening))


async def test_whoever_presses_black_while_another_shows_again_wins(two: Two) -> None:
    asked_ms = held._now_ms()
    await asyncio.sleep(0.005)
    await two.a.black_out(two.screening)  # after the other had asked, before the journal answered
    two.b.lift(two.screening, asked_ms)
    await asyncio.sleep(0.3)
    assert two.a.is_black(two.screening)
    await until(lambda: two.b.is_black(two.screening))


async def test_a_clock_that_was_set_back_keeps_nobody_from_pressing(two: Two, monkeypatch: Any) -> None:
    await two.a.black_out(two.screening)
    await until(lambda: two.b.is_black(two.screening))
    monkeypatch.setattr(held, "_now_ms", lambda before=held._now_ms: before() - 3_600_000)
    two.a.lift(two.screening, two.a.moment(two.screening))
    await until(lambda: not two.b.is_black(two.screening))
    await two.a.black_out(two.screening)
    await until(lambda: two.b.is_black(two.screening))


async def test_a_process_that_begins_anew_is_black_and_owes_what_the_one_before_did_not_write(two: Two, monkeypatch: Any) -> None:
    monkeypatch.setattr(held, "OWED_S", 0.2)
    owed: list[tuple[str, Actor]] = []
    two.b.on_owed = lambda screening_id, actor: owed.append((screening_id, actor))
    await two.a.black_out(two.screening, owed_by=HOST)  # and is killed
    two.tasks[2].cancel()
    await until(lambda: bool(owed))
    assert owed[0][0] == two.screening
    assert (owed[0][1].officer_id, owed[0][1].role, owed[0][1].address) == ("01HOST", Role.DUTY, None)
    two.b.written(two.screening)
    await asyncio.sleep(0.3)
    count = len(owed)
    await asyncio.sleep(0.3)
    assert len(owed) == count
    assert two.b.is_black(two.screening)


async def test_what_a_disk_does_not_take_stays_black_all_the_same(two: Two, tmp_path: Path) -> None:
    (tmp_path / "black").rmdir()
    (tmp_path / "black").write_text("in the way")
    await two.a.black_out(two.screening)
    await asyncio.sleep(0.4)
    assert two.a.is_black(two.screening)
    assert two.b.is_black(two.screening) is two.bus


# --- the live picture ------------------------------------------------------------------------------------------------------------------


async def test_a_host_whose_word_comes_to_the_other_process_is_there_and_his_silence_is_black(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(held, "HOST_SILENT_S", 0.5)
    two = Two(tmp_path)
    silent: list[str] = []
    two.b.on_unwatched = silent.append
    two.a.on_unwatched = lambda _: pytest.fail("its stages are elsewhere")
    with two.b.open(two.viewer):
        two.b.shows(two.viewer, str(ULID()))
        for _ in range(8):
            two.a.host_beats(two.screening)
            await asyncio.sleep(0.15)
        assert silent == []
        two.bus = False  # nobody can say that he is there
        two.a.host_beats(two.screening)
        await until(lambda: silent == [two.screening])
    two.close()


async def test_what_a_stage_says_is_known_at_the_other_while_it_says_it(tmp_path: Path, monkeypatch: Any) -> None:
    two = Two(tmp_path)
    with two.b.open(two.viewer):
        two.b.reported(two.viewer, Report("k", "card", 7, 0.0))
        await until(lambda: two.a.report(two.screening) is not None)
        report = two.a.report(two.screening)
        assert report is not None
        assert (report.key, report.state, report.at_ms) == ("k", "card", 7)
        monkeypatch.setattr(held, "REPORTED_S", 0.0)
        assert two.a.report(two.screening) is None  # its process has gone
    two.close()


# --- the files -------------------------------------------------------------------------------------------------------------------------


def test_the_files_hold_ids_and_are_for_us_alone(tmp_path: Path) -> None:
    blacks, screening = Blacks(tmp_path), str(ULID())
    blacks.keep(screening, Black(1, HOST))
    path = tmp_path / "black" / f"{screening}.black"
    assert (stat.S_IMODE(path.stat().st_mode), stat.S_IMODE(path.parent.stat().st_mode)) == (0o600, 0o700)
    assert b"192.0.2.7" not in path.read_bytes()
    path.write_bytes(b"half of")
    assert blacks.all() == {screening: Black(0)}  # black, and nobody owes it
    (tmp_path / "black" / "other.txt").touch()
    assert list(blacks.all() or {}) == [screening]
    blacks.sweep(10**15)
    assert blacks.all() == {}

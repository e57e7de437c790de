"""A clip that waits is rendered, killed at any moment it goes on, and an original that was changed is no original."""

import hashlib
import os
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from data.actions.clips import ask_rendering, cancel_rendering, cut_clip, mask_clip
from data.actions.recordings import Segment, begin_recording, keep_segment
from data.engines import Database
from data.queries.screenings import ClipView, clip
from data.queries.wall import sight_of
from data.rules.clips import Rendering
from data.rules.permissions import SYSTEM
from streaming.clip_files import is_unchanged, masked_file, stray_files
from streaming.clip_rendering import ClipRenderings
from tests.conftest import Clock
from tests.data.small_court import SmallCourt, ulid
from tests.streaming.films import film

# What is rendered is the same whatever keeps the words about it; both: --long.
on_sqlite = pytest.mark.parametrize(
    "database", ["sqlite", pytest.param("postgresql", marks=[pytest.mark.postgres, pytest.mark.long])], indirect=True
)
OPEN = {"windows": [[[0, 0.25, 0.25, 0.5, 0.5]]], "sounds": []}


class House:
    """A court, a film that it recorded, and the part that renders."""

    def __init__(self, court: SmallCourt, folder: Path, seconds: int = 3) -> None:
        self.court, self.recordings, self.clips = court, folder / "recordings", folder / "clips"
        self.recording_id, began = ulid(), court.now
        of_it = self.recordings / self.recording_id
        of_it.mkdir(parents=True)
        self.original = film(of_it / "0001-x.webm", list(range(0, seconds * 1_000, 50)), (320, 180))
        digest = hashlib.sha256(self.original.read_bytes()).hexdigest()
        court.do(SYSTEM, begin_recording, self.recording_id, "s", None)
        court.do(SYSTEM, keep_segment, self.recording_id, Segment(1, "webm", began, seconds * 1_000, 1_000, digest))
        court.later(seconds)
        span = began, began + timedelta(seconds=seconds)
        self.clip_id = court.do(court.duty, cut_clip, self.recording_id, *span, "门前", None, "OTHER")
        court.do(court.duty, mask_clip, self.clip_id, OPEN, False)
        court.do(court.duty, ask_rendering, self.clip_id)

    def renderings(self, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> ClipRenderings:
        return ClipRenderings(self.recordings, self.clips, self.court.journal, now)

    def view(self) -> ClipView:
        with self.court.database.reading() as session:
            return clip(session, sight_of(self.court.duty), self.clip_id)


@pytest.fixture
def court(database: Database, clock: Clock) -> SmallCourt:
    return SmallCourt(database, clock.now())


@pytest.fixture
def house(court: SmallCourt, tmp_path: Path) -> House:
    return House(court, tmp_path)


@on_sqlite
def test_it_is_rendered_under_its_digest_and_nothing_else_is_left(house: House) -> None:
    assert house.renderings().once()
    view = house.view()
    assert view.sha256 is not None
    path = masked_file(house.clips, house.clip_id, view.sha256)
    assert (view.rendering, view.share_pct, view.duration_ms) == (Rendering.DONE, 100, 3_000)
    assert is_unchanged(path, view.sha256)
    assert [each.name for each in path.parent.iterdir()] == [path.name]
    assert not house.renderings().once()


@on_sqlite
def test_an_original_that_was_changed_is_refused(house: House) -> None:
    with house.original.open("r+b") as file:
        file.seek(-1, 2)
        last = file.read(1)
        file.seek(-1, 2)
        file.write(bytes([last[0] ^ 1]))
    assert house.renderings().once()
    assert (house.view().rendering, house.view().failed_why) == (Rendering.FAILED, "clip.original_changed")
    assert not house.clips.exists()


@on_sqlite
def test_a_process_that_ends_leaves_it_to_the_next(house: House) -> None:
    ending = house.renderings()
    ending.close()
    assert ending.once()
    assert house.view().rendering == Rendering.RUNNING
    assert house.renderings().once()
    assert house.view().rendering == Rendering.DONE


@on_sqlite
def test_what_is_cancelled_stops_and_leaves_no_file(court: SmallCourt, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streaming.clip_rendering.TOLD_S", 0.0)
    house = House(court, tmp_path, seconds=12)
    working = threading.Thread(target=house.renderings().once)
    working.start()
    while house.view().rendering != Rendering.RUNNING or house.view().share_pct == 0:
        assert working.is_alive()
        time.sleep(0.01)  # who asks without a pause takes the processor from what he waits for
    court.do(court.duty, cancel_rendering, house.clip_id)
    working.join(30)
    assert not working.is_alive()
    assert (house.view().rendering, house.view().sha256) == (Rendering.CANCELLED, None)
    assert not list(house.clips.rglob("masked.webm"))


def test_only_an_old_file_that_no_clip_has_is_stray(tmp_path: Path) -> None:
    folder = tmp_path / "c"
    folder.mkdir()
    for name in ("its", "former", "new"):
        (folder / f"{name}.webm").write_bytes(b"a")
    for name in ("its", "former"):
        os.utime(folder / f"{name}.webm", (0, 0))
    assert stray_files(tmp_path, {"c": "its", "away": None}, 60) == [folder / "former.webm"]
    assert stray_files(tmp_path, {"c": None}, 60) == [folder / "former.webm", folder / "its.webm"]


def test_a_file_that_was_changed_or_is_away_is_not_unchanged(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"a")
    digest = hashlib.sha256(b"a").hexdigest()
    assert is_unchanged(path, digest)
    path.write_bytes(b"b")
    assert not is_unchanged(path, digest)
    assert not is_unchanged(tmp_path / "b", digest)

"""Recordings: everything that came is in files that play, whatever happens to the process or to the disk."""

import hashlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

import av
import pytest

from streaming.frames import Frame, Vp8Shape
from streaming.recorder import WAITING_MOST, Ended, Fact, Gap, Lamp, Recorder, Recording, SegmentKept, recover
from streaming.segments import thumbnail
from tests.servers import need, wait_until
from tests.streaming.clips import clip

T = TypeVar("T", bound=Fact)
VIDEO_AND_SOUND = {"video": "vp8", "audio": "opus"}
MOST_LOST_S = 1.0


def of(facts: list[Fact], kind: type[T]) -> list[T]:
    return [fact for fact in facts if isinstance(fact, kind)]


def counted(path: Path) -> tuple[float, int, int]:
    """Seconds, pictures, sounds, as decoded one by one."""
    with av.open(str(path)) as file:
        pictures = sum(1 for _ in file.decode(video=0)) if file.streams.video else 0
    with av.open(str(path)) as file:
        sounds = sum(1 for packet in file.demux(audio=0) if packet.size) if file.streams.audio else 0
        return (file.duration or 0) / 1e6, pictures, sounds


class Alone:
    """A recording worked by hand: time is what we say."""

    def __init__(self, folder: Path, codecs: dict[str, str] = VIDEO_AND_SOUND, segment_s: float = 4.0) -> None:
        self.facts: list[Fact] = []
        self.wishes = 0
        self.room = True
        self.recording = Recording("01R", folder, codecs, self._wish, self.facts.append, segment_s, lambda: self.room)
        self.begun_s = time.monotonic()

    def _wish(self) -> None:
        self.wishes += 1

    def play(
        self, codec: str | None, seconds: float, sound: bool = True, from_s: float = 0.0, without: tuple[float, float] = (0, 0)
    ) -> None:
        for sent in clip(codec, seconds, sound):
            if not without[0] <= sent.at_s < without[1]:
                now_s = self.begun_s + from_s + sent.at_s
                self.recording.take(sent.kind, sent.seq, sent.timestamp, sent.marker, sent.payload, now_s)
                self.recording.work(now_s)

    def end(self, at_s: float) -> None:
        self.recording.end("over")
        self.recording.work(self.begun_s + at_s)
        assert self.recording.over


@pytest.mark.parametrize(("codec", "form"), [("vp8", "webm"), ("h264", "mp4")])
def test_everything_that_came_is_in_segments_that_play(tmp_path: Path, codec: str, form: str) -> None:
    alone = Alone(tmp_path, {"video": codec, "audio": "opus"})
    alone.play(codec, 10)
    alone.end(10)
    kept = of(alone.facts, SegmentKept)
    assert [(each.number, each.form, each.recovered) for each in kept] == [(1, form, False), (2, form, False), (3, form, False)]
    assert sum(counted(each.kept.path)[1] for each in kept) == 300
    assert sum(counted(each.kept.path)[2] for each in kept) == 500
    assert [round(counted(each.kept.path)[0]) for each in kept] == [4, 4, 2]
    assert [kept[n + 1].kept.began_ms - kept[n].kept.began_ms for n in (0, 1)] == [4_000, 4_000]
    assert of(alone.facts, Ended)[0].why == "over"
    assert of(alone.facts, Gap) == []


def test_a_segment_is_sealed_by_its_digest_and_its_mode(tmp_path: Path) -> None:
    alone = Alone(tmp_path)
    alone.play("vp8", 4)
    alone.end(4)
    (kept,) = (each.kept for each in of(alone.facts, SegmentKept))
    assert hashlib.sha256(kept.path.read_bytes()).hexdigest() == kept.sha256
    assert (kept.path.stat().st_size, kept.path.stat().st_mode & 0o777) == (kept.size, 0o400)
    assert not list(tmp_path.glob("*.part"))


def test_sound_alone_is_recorded_and_a_picture_that_comes_begins_a_new_segment(tmp_path: Path) -> None:
    alone = Alone(tmp_path)
    alone.play(None, 4)
    alone.play("vp8", 4, sound=False, from_s=2)
    alone.end(6)
    first, second = (each.kept.path for each in of(alone.facts, SegmentKept))
    assert (counted(first)[1], counted(first)[2]) == (0, 200)
    assert counted(second)[1] == 120


def test_a_picture_that_stays_away_does_not_keep_a_segment_open(tmp_path: Path) -> None:
    alone = Alone(tmp_path)
    alone.play("vp8", 10, without=(2, 2))
    alone.facts.clear()
    other = Alone(tmp_path / "other")
    for sent in clip("vp8", 10):
        if sent.kind == "audio" or sent.at_s < 2:
            other.recording.take(sent.kind, sent.seq, sent.timestamp, sent.marker, sent.payload, other.begun_s + sent.at_s)
            other.recording.work(other.begun_s + sent.at_s)
    other.end(10)
    assert [counted(each.kept.path)[1] for each in of(other.facts, SegmentKept)] == [60, 0, 0]


def test_what_was_lost_on_the_way_is_a_fact(tmp_path: Path) -> None:
    alone = Alone(tmp_path)
    alone.play("vp8", 10, without=(2.5, 6))
    alone.end(10)
    gaps = {gap.track: gap for gap in of(alone.facts, Gap)}
    assert gaps["audio"].why == "lost"
    assert 3_400 < gaps["audio"].to_ms - gaps["audio"].from_ms < 3_700
    assert 3_400 < gaps["video"].to_ms - gaps["video"].from_ms < 3_700
    assert sum(counted(each.kept.path)[1] for each in of(alone.facts, SegmentKept)) == 75 + 120


def test_silence_is_another_fact_than_loss(tmp_path: Path) -> None:
    """The numbers go on where they were: nobody sent anything."""
    alone = Alone(tmp_path, {"audio": "opus"})
    for number in range(100):
        at_s = number / 50 + (2.5 if number >= 50 else 0)
        alone.recording.take("audio", 90_000 + number, int(at_s * 48_000), False, b"\xf8\xff\xfe", alone.begun_s + at_s)
    alone.recording.work(alone.begun_s + 5)
    (gap,) = of(alone.facts, Gap)
    assert (gap.why, gap.track, round((gap.to_ms - gap.from_ms) / 100)) == ("silent", "audio", 25)


def test_a_key_frame_is_asked_for_when_a_segment_is_due_and_after_a_hole(tmp_path: Path) -> None:
    alone = Alone(tmp_path, segment_s=1.0)
    alone.play("vp8", 1.9)
    assert alone.wishes >= 1
    before = alone.wishes
    alone.play("vp8", 10, without=(0, 6.5))
    assert alone.wishes > before


def test_a_list_that_nobody_empties_does_not_grow_and_says_what_it_dropped(tmp_path: Path) -> None:
    alone = Alone(tmp_path, {"audio": "opus"})
    for number in range(WAITING_MOST + 500):
        alone.recording.take("audio", number, number * 960, False, b"\xf8\xff\xfe", alone.begun_s + number / 50)
    assert len(alone.recording._waiting) == WAITING_MOST
    alone.recording.work(alone.begun_s + 90)
    for number in range(WAITING_MOST + 500, WAITING_MOST + 510):
        alone.recording.take("audio", number, number * 960, False, b"\xf8\xff\xfe", alone.begun_s + number / 50)
    alone.recording.work(alone.begun_s + 91)
    assert [gap.why for gap in of(alone.facts, Gap)] == ["overflow"]


def test_a_disk_kept_for_the_journal_ends_the_recording_early_and_begins_it_again(tmp_path: Path) -> None:
    alone = Alone(tmp_path)
    alone.room = False
    alone.play("vp8", 2)
    alone.recording.look(alone.begun_s + 2)
    assert of(alone.facts, Lamp) == [Lamp("01R", False, "disk_low")]
    alone.room = True
    alone.play("vp8", 10, from_s=0)
    alone.recording.look(alone.begun_s + 10)
    assert of(alone.facts, Lamp)[-1] == Lamp("01R", True, "")
    assert of(alone.facts, SegmentKept)


def test_media_without_one_whole_picture_is_no_green_lamp(tmp_path: Path) -> None:
    alone = Alone(tmp_path, {"video": "vp8"})
    for number in range(200):
        now_s = alone.begun_s + number / 30
        alone.recording.take("video", number, number * 3_000, True, b"\x10\x01odd", now_s)
        alone.recording.work(now_s)
    alone.recording.look(alone.begun_s + 200 / 30)
    assert of(alone.facts, Lamp) == [Lamp("01R", False, "nothing_whole")]


def test_a_nearly_full_disk_refuses_early_and_says_so(tmp_path: Path) -> None:
    facts: list[Fact] = []
    recorder = Recorder(tmp_path, facts.append, reserve=10**18)
    recording = recorder.begin("01R", VIDEO_AND_SOUND)
    recorder.look()
    assert facts == []  # nothing has come yet that could be missed
    for sent in clip("vp8", 1):
        recording.take(sent.kind, sent.seq, sent.timestamp, sent.marker, sent.payload, time.monotonic())
    recorder.look()
    assert facts == [Lamp("01R", False, "disk_low")]
    recorder.close()
    assert not list(tmp_path.glob("*/*"))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of two megabytes."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount")
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1500k", "none", str(folder)], check=False, capture_output=True)
    need(mounted.returncode == 0, "mount")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=False)


def test_a_full_disk_turns_the_lamp_red_in_time_and_nothing_written_is_spoilt(small_disk: Path) -> None:
    facts: list[Fact] = []
    filler = small_disk / "filler"
    recorder = Recorder(small_disk / "kept", facts.append, reserve=0, segment_s=30)
    try:
        sent = list(clip("vp8", 20))
        recording, begun_s = recorder.begin("01R", VIDEO_AND_SOUND), time.monotonic()
        filled_s = red_s = 0.0
        for each in sent:
            time.sleep(max(0.0, begun_s + each.at_s - time.monotonic()))
            recording.take(each.kind, each.seq, each.timestamp, each.marker, each.payload, time.monotonic())
            recorder.look()
            if each.at_s > 3 and not filled_s:
                filled_s = time.monotonic()
                with pytest.raises(OSError, match="No space"):
                    filler.write_bytes(bytes(4_000_000))
            if any(not lamp.good for lamp in of(facts, Lamp)) and not red_s:
                red_s = time.monotonic()
                filler.unlink()
            if red_s and of(facts, Lamp)[-1].good and time.monotonic() - red_s > 3.5:
                break
        assert red_s, "the lamp stayed green"
        assert red_s - filled_s < 5
        assert of(facts, Lamp)[-1].good
    finally:
        recorder.close()
    kept = of(facts, SegmentKept)
    assert any(segment.recovered for segment in kept)
    for segment in kept:
        assert hashlib.sha256(segment.kept.path.read_bytes()).hexdigest() == segment.kept.sha256
        assert counted(segment.kept.path)[1] > 0
    assert "disk" in {gap.why for gap in of(facts, Gap)}


CHILD = """
import sys, time
from pathlib import Path
from streaming.recorder import Recorder
from tests.streaming.clips import clip

recorder = Recorder(Path(sys.argv[1]), lambda fact: None, reserve=0)
codec = sys.argv[2]
sent = list(clip(codec, 8))
recording = recorder.begin("01R", {"video": codec, "audio": "opus"})
begun = time.monotonic()
for each in sent:
    time.sleep(max(0.0, begun + each.at_s - time.monotonic()))
    recording.take(each.kind, each.seq, each.timestamp, each.marker, each.payload, time.monotonic())
    print(f"{each.at_s:.3f}", flush=True)
"""


@pytest.mark.parametrize("codec", ["vp8", "h264"])
def test_a_killed_process_loses_the_last_second_at_most(tmp_path: Path, codec: str) -> None:
    root = Path(__file__).resolve().parents[2]
    command = [sys.executable, "-c", CHILD, str(tmp_path), codec]
    child = subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    said = 0.0
    for line in child.stdout:
        said = float(line)
        if said > 4.5:
            child.send_signal(signal.SIGKILL)
            break
    said = max([said, *(float(line) for line in child.stdout if line.strip())])
    child.wait()
    facts: list[Fact] = []
    recover(tmp_path, facts.append)
    (kept,) = of(facts, SegmentKept)
    assert kept.recovered
    assert said - kept.kept.duration_ms / 1000 <= MOST_LOST_S
    _, pictures, sounds = counted(kept.kept.path)
    assert pictures >= (said - MOST_LOST_S) * 30
    assert sounds >= (said - MOST_LOST_S) * 50
    assert not list(tmp_path.glob("*/*.part"))


def test_what_holds_nothing_is_removed_at_the_start_and_a_stranger_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "01R").mkdir()
    (tmp_path / "01R/0001-1700000000000.webm.part").write_bytes(b"odd")
    (tmp_path / "01R/notes.part").write_bytes(b"odd")
    facts: list[Fact] = []
    recover(tmp_path, facts.append)
    assert facts == []
    assert [path.name for path in (tmp_path / "01R").iterdir()] == ["notes.part"]


def test_the_recorders_own_thread_writes_and_ends_what_is_open(tmp_path: Path) -> None:
    facts: list[Fact] = []
    recorder = Recorder(tmp_path, facts.append, reserve=0)
    recordings = [recorder.begin(f"01R{n}", VIDEO_AND_SOUND) for n in range(3)]
    now_s = time.monotonic()
    for sent in clip("vp8", 4):
        for recording in recordings:
            recording.take(sent.kind, sent.seq, sent.timestamp, sent.marker, sent.payload, now_s + sent.at_s)
    wait_until(lambda: len(list(tmp_path.glob("*/*.part"))) == 3, "three open files")
    recorder.close()
    assert sorted(each.recording_id for each in of(facts, SegmentKept)) == ["01R0", "01R1", "01R2"]
    assert all(counted(each.kept.path)[1] == 120 for each in of(facts, SegmentKept))


@pytest.mark.parametrize("codec", ["vp8", "h264"])
def test_a_key_frame_becomes_a_small_picture(tmp_path: Path, codec: str) -> None:
    alone = Alone(tmp_path, {"video": codec})
    alone.play(codec, 1, sound=False)
    assert alone.recording.last_key is not None
    small = thumbnail(codec, alone.recording.last_key)
    assert small is not None
    assert small[:2] == b"\xff\xd8"
    assert len(list(tmp_path.glob("*.jpg"))) == 1


def test_what_is_no_key_frame_is_no_picture() -> None:
    assert thumbnail("vp8", Frame(b"\0" * 40, 0, 0.0, True, Vp8Shape(160, 96))) is None

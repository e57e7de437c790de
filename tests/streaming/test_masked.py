"""A rendered clip: what nobody opened is in no picture and no sound of it, whatever the film is like and whatever is killed."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from data.errors import BadInput
from data.rules.masks import Box, Key, Mask, Span, Voice, Window
from streaming.masked import RATE, Cancelled, Rendered, Rendering, Source
from tests.streaming.films import film, fine, hertz, pictures, sound

BEGAN = 1_790_000_000_000
EVEN = list(range(0, 3_000, 40))
CLOSED = Mask()
HALF = Window((Key(0, Box(0.5, 0.0, 1.0, 1.0)), Key(3_000, Box(0.5, 0.0, 1.0, 1.0))))


def render(source: Path, folder: Path, mask: Mask = CLOSED, from_ms: int = 0, to_ms: int = 3_000) -> Rendered:
    return Rendering([Source(source, BEGAN)], BEGAN + from_ms, BEGAN + to_ms, mask, folder).run()


def test_without_a_mask_nothing_is_seen_and_nothing_is_heard(tmp_path: Path) -> None:
    source = film(tmp_path / "a.webm", EVEN)
    assert all(fine(values) > 0.5 for _, values in pictures(source)), "the control: the pattern is found where it is"
    done = render(source, tmp_path / "out")
    shown = pictures(done.path)
    assert [at_ms for at_ms, _ in shown] == EVEN
    assert all(fine(values) == 0 for _, values in shown)
    assert np.abs(sound(done.path)).max() < 40


@pytest.mark.parametrize("size", [(320, 180), (321, 181), (178, 320), (40, 24)])
def test_a_window_opens_its_part_and_no_more(tmp_path: Path, size: tuple[int, int]) -> None:
    done = render(film(tmp_path / "a.webm", EVEN, size), tmp_path / "out", Mask((HALF,)))
    edge = size[0] // 2
    for _, values in pictures(done.path):
        assert values.shape == (size[1], size[0])
        assert fine(values[:, edge + 8 :]) > 0.4
        assert fine(values[:, : edge - 8]) == 0


def test_a_window_moves_and_is_there_from_its_first_key_to_its_last(tmp_path: Path) -> None:
    moving = Window((Key(1_000, Box(0.0, 0.0, 0.25, 1.0)), Key(2_000, Box(0.75, 0.0, 1.0, 1.0))))
    done = render(film(tmp_path / "a.webm", EVEN), tmp_path / "out", Mask((moving,)))
    for at_ms, values in pictures(done.path):
        if not 1_000 <= at_ms <= 2_000:
            assert fine(values) == 0, at_ms
            continue
        left = int(320 * 0.75 * (at_ms - 1_000) / 1_000)
        assert fine(values[:, left + 8 : left + 72]) > 0.3, at_ms
        for outside in (values[:, : max(0, left - 8)], values[:, left + 90 :]):
            assert fine(outside) == 0, at_ms


def test_the_other_way_round_a_window_hides(tmp_path: Path) -> None:
    done = render(film(tmp_path / "a.webm", EVEN), tmp_path / "out", Mask((HALF,), why="只有左边没有人"))
    for _, values in pictures(done.path):
        assert fine(values[:, :150]) > 0.4
        assert fine(values[:, 168:]) == 0


def test_a_cut_takes_no_picture_and_no_sound_from_before_or_after(tmp_path: Path) -> None:
    times = [0, 10, 47, 300, 301, 999, 1_000, 1_700, 1_990, 2_000, 2_960]  # a camera that stutters
    everything = Mask((Window((Key(0, Box(0, 0, 1, 1)), Key(1_000, Box(0, 0, 1, 1)))),), (Span(0, 1_000),))
    done = render(film(tmp_path / "a.webm", times), tmp_path / "out", everything, 1_000, 2_000)
    assert [at_ms for at_ms, _ in pictures(done.path)] == [0, 700, 990]
    assert abs(len(sound(done.path)) - RATE) <= 2 * 960
    assert done.duration_ms == 1_000


def test_sound_is_heard_in_its_span_only_plain_lower_or_as_a_tone(tmp_path: Path) -> None:
    spans = (Span(500, 1_000), Span(1_200, 1_800, Voice.CHANGED), Span(2_000, 2_600, Voice.TONE))
    heard = sound(render(film(tmp_path / "a.webm", EVEN), tmp_path / "out", Mask(sounds=spans)).path).astype(int)

    def part(from_ms: int, to_ms: int) -> np.ndarray:
        return np.asarray(heard[from_ms * RATE // 1000 : to_ms * RATE // 1000], np.int16)

    assert hertz(part(600, 900)) == pytest.approx(1_000, rel=0.02)
    assert hertz(part(1_400, 1_700)) == pytest.approx(780, rel=0.04)
    assert hertz(part(2_100, 2_500)) == pytest.approx(440, rel=0.02)
    for silent in ((0, 495), (1_005, 1_195), (1_805, 1_995), (2_605, 2_990)):
        assert np.abs(part(*silent)).max() < 60, silent


def test_several_files_with_a_hole_between_them_are_one_clip(tmp_path: Path) -> None:
    first, second = film(tmp_path / "a.webm", EVEN[:25]), film(tmp_path / "b.webm", EVEN[:25], (160, 90))
    sources = [Source(first, BEGAN), Source(second, BEGAN + 2_000)]
    done = Rendering(sources, BEGAN + 500, BEGAN + 2_600, Mask((HALF,)), tmp_path / "out").run()
    shown = pictures(done.path)
    assert [at_ms for at_ms, _ in shown] == [at_ms - 500 for at_ms in EVEN[:25] if at_ms >= 500] + [
        at_ms + 1_500 for at_ms in EVEN[:25] if at_ms < 600
    ]
    assert {values.shape for _, values in shown} == {(180, 320)}
    assert all(fine(values[:, :150]) == 0 for _, values in shown)


def test_no_picture_in_the_cut_is_said(tmp_path: Path) -> None:
    source = film(tmp_path / "a.webm", EVEN[:10], sound_ms=3_000)
    with pytest.raises(BadInput) as refused:
        render(source, tmp_path / "out", from_ms=1_000, to_ms=2_000)
    assert refused.value.code == "mask.no_picture"


def test_it_tells_how_far_it_is_and_stops_when_nobody_wants_it(tmp_path: Path) -> None:
    source, told = film(tmp_path / "a.webm", EVEN), list[float]()
    wanted = iter([False] * 30)
    rendering = Rendering([Source(source, BEGAN)], BEGAN, BEGAN + 3_000, Mask(), tmp_path / "out", told.append, lambda: next(wanted, True))
    with pytest.raises(Cancelled):
        rendering.run()
    assert told == sorted(told)
    assert 0 < told[-1] < 1
    assert not (tmp_path / "out/masked.webm").exists()


WORK = """import sys
from pathlib import Path
from data.rules.masks import Mask, Span
from streaming import masked
masked.PIECE_MS = 1_000
masked.Rendering([masked.Source(Path(sys.argv[1]), 0)], 0, 6_000, Mask(sounds=(Span(1_000, 2_000),)), Path(sys.argv[2])).run()
"""


@pytest.mark.parametrize("shares", [(0.4, 0.8), pytest.param((0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9), marks=pytest.mark.long)])
def test_killed_at_any_moment_it_goes_on_and_is_the_same_to_the_last_bit(tmp_path: Path, shares: tuple[float, ...]) -> None:
    source = film(tmp_path / "a.webm", list(range(0, 6_000, 40)), (640, 360))
    command = [sys.executable, "-c", WORK, str(source)]
    began = time.monotonic()
    subprocess.run([*command, str(tmp_path / "whole")], check=True, timeout=60)
    lasts = time.monotonic() - began
    for share in shares:
        with subprocess.Popen([*command, str(tmp_path / "killed")]) as process:
            time.sleep(lasts * share)
            os.kill(process.pid, signal.SIGKILL)
        whole = tmp_path / "killed/masked.webm"
        assert not whole.exists() or whole.read_bytes() == (tmp_path / "whole/masked.webm").read_bytes()
    subprocess.run([*command, str(tmp_path / "killed")], check=True, timeout=60)
    assert (tmp_path / "killed/masked.webm").read_bytes() == (tmp_path / "whole/masked.webm").read_bytes()
    assert [each.name for each in (tmp_path / "killed").iterdir()] == ["masked.webm"]

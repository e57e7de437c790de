"""The simulated cameras' clips: decodable, a whole picture a second, a beep a second, made once."""

from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest

from dashboard.demo import clips
from dashboard.demo.clips import FPS, RATE, Clip


@pytest.fixture(scope="module")
def clip() -> Clip:
    return clips.encode(0, seconds=2)


def test_every_picture_can_be_decoded_and_the_number_on_it_moves(clip: Clip) -> None:
    decoder = av.CodecContext.create("vp8", "r")
    assert isinstance(decoder, av.VideoCodecContext)
    pictures = [frame.to_ndarray(format="gray") for _, data in clip.video for frame in decoder.decode(av.Packet(data))]
    assert len(pictures) == 2 * FPS
    assert pictures[0].shape == (clips.HEIGHT, clips.WIDTH)
    counter = [picture[76:130, 470:640].astype(int) for picture in pictures]
    assert all(np.abs(after - before).max() > 60 for before, after in pairwise(counter))


def test_each_second_begins_with_a_whole_picture(clip: Clip) -> None:
    whole = [pts for pts, data in clip.video if not data[0] & 1]  # RFC 6386: the first bit of a key frame is 0
    assert {0, FPS} <= set(whole)


def test_it_beeps_at_each_second() -> None:
    heard = np.abs(clips.sound().astype(int))
    assert heard[: RATE // 20].max() > 5_000
    assert heard[RATE // 5 :].max() == 0


def test_it_is_made_once_and_made_anew_when_what_is_kept_is_broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clip: Clip) -> None:
    made: list[int] = []

    def encode(of: int) -> Clip:
        made.append(of)
        return clip

    monkeypatch.setattr(clips, "encode", encode)
    assert clips.load(tmp_path, 1) == clip
    assert clips.load(tmp_path, 1) == clip
    [file] = tmp_path.iterdir()
    file.write_bytes(file.read_bytes()[:-5])
    assert clips.load(tmp_path, 1) == clip
    assert made == [1, 1]

"""A phone's upright film is masked as a browser shows it: what stands up in the player stands up in the masked file, at the same place."""

import base64
import io
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from playwright.async_api import Page

from data.rules.masks import Mask, read
from streaming.masked import Rendering, Source
from tests.streaming.turned_films import QUARTERS, turned

SIZE = (160, 96)
CORNERS = {"top left": 40, "top right": 110, "bottom left": 170, "bottom right": 235}


def film(path: Path) -> Path:
    """Four corners of four lights, one second and a half, as the camera's chip sees them."""
    light = np.zeros((SIZE[1], SIZE[0]), np.uint8)
    high, wide = SIZE[1] // 2, SIZE[0] // 2
    for place, value in enumerate(CORNERS.values()):
        light[place // 2 * high : (place // 2 + 1) * high, place % 2 * wide : (place % 2 + 1) * wide] = value
    drawn = np.concatenate([light, np.full((high, SIZE[0]), 128, np.uint8)])
    with av.open(str(path), "w", format="mp4") as file:
        stream: Any = file.add_stream("libx264", rate=10, options={"crf": "10"})
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        stream.codec_context.time_base = Fraction(1, 1000)
        for number in range(15):
            frame = av.VideoFrame.from_ndarray(drawn, format="yuv420p")
            frame.pts, frame.time_base = number * 100, Fraction(1, 1000)
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    return path


def corners(light: np.ndarray) -> list[str]:
    """Which light stands in each corner, from the top left, line by line."""
    high, wide = light.shape
    found = [
        light[y * high // 2 + 8 : (y + 1) * high // 2 - 8, x * wide // 2 + 8 : (x + 1) * wide // 2 - 8].mean()
        for y in (0, 1)
        for x in (0, 1)
    ]
    names = list(CORNERS)
    order = np.argsort(np.argsort(found))  # a browser's lights are a little brighter or darker, their order is not
    return [names[place] for place in order]


def masked(source: Path, folder: Path, mask: Mask) -> np.ndarray:
    made = Rendering([Source(source, 0)], 0, 1_200, mask, folder).run()
    with av.open(str(made.path)) as file:
        picture = next(file.decode(video=0))
        return picture.to_ndarray(format="gray")


@pytest.mark.parametrize("turns", range(4))
async def test_what_a_browser_shows_is_what_is_masked(page: Page, tmp_path: Path, turns: int) -> None:
    path = turned(film(tmp_path / "lying.mp4"), tmp_path / "upright.mp4", QUARTERS[turns])
    seen = masked(
        path,
        tmp_path / "whole",
        read({"windows": [[[0, 0.0, 0.0, 1.0, 1.0], [1_200, 0.0, 0.0, 1.0, 1.0]]], "sounds": [], "why": None}, 1_200),
    )
    assert seen.shape == (SIZE if turns % 2 else SIZE[::-1])
    expected = np.rot90(np.array(list(CORNERS)).reshape(2, 2), turns).reshape(-1).tolist()
    assert corners(seen) == expected
    assert await _in_browser(page, path) == (expected, seen.shape)


def test_a_window_opens_where_it_was_drawn_on_the_upright_picture(tmp_path: Path) -> None:
    path = turned(film(tmp_path / "lying.mp4"), tmp_path / "upright.mp4", QUARTERS[3])
    closed = masked(path, tmp_path / "closed", read({"windows": [], "sounds": [], "why": None}, 1_200)).astype(int)
    opened = masked(
        path,
        tmp_path / "open",
        read({"windows": [[[0, 0.0, 0.0, 1.0, 0.25], [1_200, 0.0, 0.0, 1.0, 0.25]]], "sounds": [], "why": None}, 1_200),
    ).astype(int)
    assert (opened.shape[0], opened.shape[1]) == (160, 96)
    other = np.abs(opened - closed)
    assert other[48:].mean() < 2, "below the window nothing is opened"


async def _in_browser(page: Page, path: Path) -> tuple[list[str], tuple[int, ...]]:
    """What Chromium shows of the original on the glass; its canvas, on which masks are drawn, shows the same once a picture was shown."""
    film_64 = base64.b64encode(path.read_bytes()).decode()
    await page.set_content(f'<video muted src="data:video/mp4;base64,{film_64}"></video>')
    video = page.locator("video")
    drawn = await video.evaluate(
        """async (video) => {
          if (video.readyState < 2) await new Promise((done, failed) => {
            video.onloadeddata = done;
            video.onerror = () => failed(new Error('no film'));
          });
          await video.play();
          await new Promise((done) => video.requestVideoFrameCallback(done));
          video.pause();
          const canvas = document.createElement('canvas');
          [canvas.width, canvas.height] = [video.videoWidth, video.videoHeight];
          const drawing = canvas.getContext('2d');
          drawing.drawImage(video, 0, 0);
          return [...drawing.getImageData(0, 0, canvas.width, canvas.height).data].filter((_, at) => at % 4 === 1);
        }"""
    )
    glass: Any
    with av.open(io.BytesIO(await video.screenshot()), format="png_pipe") as glass:
        shown = next(glass.decode(video=0)).to_ndarray(format="gray")
    assert corners(np.array(drawn, np.uint8).reshape(shown.shape)) == corners(shown)
    return corners(shown), shown.shape

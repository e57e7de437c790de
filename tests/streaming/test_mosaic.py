"""No cascade of OpenCV finds in the cells what it finds in the clear picture, however they are smoothed. A face, a plate, 1,000 pictures.

The face is the one that ships in scikit-image; it fills a third of the picture's height, or all of it, and moves, turns and changes its
light from picture to picture. The plate is drawn: no file of a real one is in this repository.
"""

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

import av
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from skimage import data

from streaming.cells import COLUMNS, ROWS
from streaming.mosaic import cells_of

Picture: TypeAlias = NDArray[Any]
WIDTH, HEIGHT = 640, 360
SHOWN = (320, 180)  # on which the cells are looked for: there is nothing finer in them
FACE = (172.0, 55.0, 105.0, 130.0)  # of the astronaut: left, top, width, height, hair to chin
FACES = ("haarcascade_frontalface_default.xml", "haarcascade_frontalface_alt2.xml")
PLATES = ("haarcascade_russian_plate_number.xml", "haarcascade_license_plate_rus_16stages.xml")
CLEAR_LEAST, HIDDEN_MOST = 0.95, 0.01
CASCADES = Path(cv2.__file__).parent / "data"
EVERY_DAY, LONG = 16, 1_000


@cache
def cascade(name: str) -> Any:
    return cv2.CascadeClassifier(str(CASCADES / name))


def found(picture: Picture, names: tuple[str, ...]) -> bool:
    """By any of these cascades, as they come."""
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    return any(len(cascade(name).detectMultiScale(grey, 1.1, 3)) for name in names)


# --- clear pictures -----------------------------------------------------------------------------------------------------------------


def moved(picture: Picture, part: tuple[float, float, float, float], share: float, number: int, turns: float) -> Picture:
    """The part fills this share of the height, elsewhere and otherwise in each picture. turns: by so many degrees to either side."""
    noise = np.random.default_rng(number)
    left, top, width, height = part
    scale = HEIGHT * share / height * (0.95 + 0.05 * np.sin(number * 0.13))
    middle = (left + width / 2, top + height / 2)
    matrix = cv2.getRotationMatrix2D(middle, turns * np.sin(number * 0.031), scale)
    room = 1 - share
    matrix[0, 2] += WIDTH / 2 - middle[0] + WIDTH * 0.2 * np.sin(number * 0.05)
    matrix[1, 2] += HEIGHT / 2 - middle[1] + HEIGHT * 0.3 * room * np.sin(number * 0.073)
    drawn = cv2.warpAffine(picture, matrix, (WIDTH, HEIGHT), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    lit = drawn.astype(np.float32) * (1 + 0.15 * np.sin(number * 0.02)) + noise.normal(0, 3, drawn.shape)
    clipped: Picture = np.clip(lit, 0, 255).astype(np.uint8)
    return clipped


def face(share: float, number: int) -> Picture:
    astronaut: Any = data.astronaut
    return moved(np.asarray(astronaut()), FACE, share, number, 4)


@cache
def drawn_plate() -> Picture:
    picture = np.full((400, 640, 3), (70, 80, 95), np.uint8)
    cv2.rectangle(picture, (200, 160), (440, 214), (245, 245, 245), -1)
    cv2.rectangle(picture, (203, 163), (437, 211), (20, 20, 20), 2)
    cv2.putText(picture, "A123BC77", (212, 202), cv2.FONT_HERSHEY_DUPLEX, 1.35, (15, 15, 15), 3, cv2.LINE_AA)
    return picture


def plate(share: float, number: int) -> Picture:
    return moved(drawn_plate(), (200, 160, 240, 54), share, number, 1)


# --- what an audience has -----------------------------------------------------------------------------------------------------------


def mosaic(picture: Picture) -> Picture:
    """As the stage draws it: through the product's own reduction, from a frame as a decoder gives it."""
    frame = av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(format="yuv420p")
    return np.frombuffer(cells_of(frame), np.uint8).reshape(ROWS, COLUMNS, 3)


def shown(cells: Picture) -> Iterator[tuple[str, Picture]]:
    """As blocks, and as somebody would smooth them who wants to see more."""
    blocks = cv2.resize(cells, SHOWN, interpolation=cv2.INTER_NEAREST)
    yield "blocks", blocks
    yield "bilinear", cv2.resize(cells, SHOWN, interpolation=cv2.INTER_LINEAR)
    yield "bicubic", cv2.resize(cells, SHOWN, interpolation=cv2.INTER_CUBIC)
    cell = SHOWN[0] / COLUMNS
    for part in (0.35, 0.6):
        yield f"Gaussian of {part} cells", cv2.GaussianBlur(blocks, (0, 0), part * cell)


def shares(make: Callable[[int], Picture], names: tuple[str, ...], count: int) -> tuple[float, dict[str, float]]:
    """In how many of these pictures it is found when they are clear, and in how many mosaics, by the way they are smoothed."""
    clear, hidden = 0, dict[str, int]()
    for number in range(count):
        picture = make(number * LONG // count)
        clear += found(picture, names)
        for name, smoothed in shown(mosaic(picture)):
            hidden[name] = hidden.get(name, 0) + found(smoothed, names)
    return clear / count, {name: n / count for name, n in hidden.items()}


@pytest.mark.parametrize("share", [1 / 3, 1.0], ids=["a third of the height", "the whole height"])
def test_a_face_is_found_in_the_clear_picture_and_not_in_the_mosaic(share: float) -> None:
    clear, hidden = shares(lambda number: face(share, number), FACES, EVERY_DAY)
    assert clear >= CLEAR_LEAST
    assert max(hidden.values()) <= HIDDEN_MOST, hidden


def test_a_plate_is_found_in_the_clear_picture_and_not_in_the_mosaic() -> None:
    clear, hidden = shares(lambda number: plate(0.2, number), PLATES, EVERY_DAY)
    assert clear >= CLEAR_LEAST
    assert max(hidden.values()) <= HIDDEN_MOST, hidden


@pytest.mark.long
@pytest.mark.timeout(1_800)
@pytest.mark.parametrize("what", ["a face, a third", "a face, the whole height", "a plate"])
def test_in_a_thousand_pictures(what: str) -> None:
    makes: dict[str, tuple[Callable[[int], Picture], tuple[str, ...]]] = {
        "a face, a third": (lambda number: face(1 / 3, number), FACES),
        "a face, the whole height": (lambda number: face(1.0, number), FACES),
        "a plate": (lambda number: plate(0.2, number), PLATES),
    }
    clear, hidden = shares(*makes[what], LONG)
    print(f"{what}: clear {clear:.3f}, mosaic {hidden}")
    assert clear >= CLEAR_LEAST
    assert max(hidden.values()) <= HIDDEN_MOST, hidden


# --- the reduction itself -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [(1280, 720), (1920, 1080), (161, 97), (4096, 2176), (90, 160)])
def test_each_cell_is_the_mean_of_its_area_mixed_with_its_neighbours(size: tuple[int, int]) -> None:
    width, height = size
    left_dark = np.zeros((height, width, 3), np.uint8)
    left_dark[:, width // 2 :] = 200
    cells = mosaic(left_dark).astype(int)
    assert abs(cells[:, :3] - 0).max() <= 6
    assert abs(cells[:, -3:] - 200).max() <= 6
    assert (np.diff(cells[:, :, 0], axis=1) >= -3).all()


def test_a_fine_pattern_leaves_nothing_but_its_mean() -> None:
    bars = np.tile(np.array([0, 0, 200, 200], np.uint8), WIDTH // 4)
    picture = np.repeat(np.tile(bars, (HEIGHT, 1))[:, :, None], 3, 2)
    cells = mosaic(picture).astype(int)
    assert abs(cells - 100).max() <= 6


def test_two_pictures_with_the_same_means_are_the_same_bytes() -> None:
    """What is not in the means is gone: not dimmed, not blurred, gone."""
    block = np.array([60, 180], np.uint8)
    one = np.tile(np.repeat(block, 8), (HEIGHT, WIDTH // 16))
    other = one[:, ::-1]
    assert (one != other).any()
    as_cells = [mosaic(np.repeat(each[:, :, None], 3, 2)).astype(int) for each in (one, other)]
    assert abs(as_cells[0] - as_cells[1]).max() <= 2

"""A small film for Chromium's fake camera: coarse tiles that move over a noise that stands, so that there is something to encode."""

from pathlib import Path

import numpy as np

WIDTH, HEIGHT, FPS, PICTURES = 640, 360, 6, 12


def film_of_a_camera(path: Path) -> Path:
    """Raw pictures (YUV4MPEG2), which the browser shows again and again."""
    noise = np.random.default_rng(1).integers(0, 24, (HEIGHT, WIDTH), np.uint8)
    across, down = np.arange(WIDTH) // 40, np.arange(HEIGHT)[:, None] // 40
    with path.open("wb") as file:
        file.write(f"YUV4MPEG2 W{WIDTH} H{HEIGHT} F{FPS}:1 Ip A1:1 C420jpeg\n".encode())
        for number in range(PICTURES):
            light = (across * 37 + down * 61 + number * 9) % 200 + 20 + noise
            colour = np.full((2, HEIGHT // 2, WIDTH // 2), 96 + 64 * number // PICTURES)
            file.write(b"FRAME\n" + light.astype(np.uint8).tobytes() + colour.astype(np.uint8).tobytes())
    return path

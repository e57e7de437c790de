"""A short moving picture of a page: frames as the browser paints them, at half size, as an animated WebP that GitHub shows in place."""

import asyncio
import base64
import io
import time
from fractions import Fraction
from pathlib import Path

import av
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from playwright.async_api import CDPSession

EVERY_S = 0.25
MOST_BYTES = 2_000_000
QUALITIES = (70, 55, 40, 25)
CLIP = {"x": 0, "y": 0, "width": 1920, "height": 1080, "scale": 0.5}
LAST_S = 1.5  # the last frame stands so long before it begins again


class Film:
    """Takes frames until it is cancelled; writes them with the times at which they were taken."""

    def __init__(self, session: CDPSession) -> None:
        self._session = session
        self._frames: list[tuple[int, bytes]] = []  # ms since the first, PNG

    async def run(self) -> None:
        began = time.monotonic()
        while True:
            due = time.monotonic() + EVERY_S
            said = await self._session.send("Page.captureScreenshot", {"format": "png", "clip": CLIP, "optimizeForSpeed": True})
            self._frames.append((int((time.monotonic() - began) * 1000), base64.b64decode(said["data"])))
            await asyncio.sleep(max(0.0, due - time.monotonic()))

    def write(self, path: Path) -> None:
        """As good as two megabytes allow."""
        for quality in QUALITIES:
            self._write(path, quality)
            if path.stat().st_size <= MOST_BYTES:
                break
        print(f"{path.name} {path.stat().st_size // 1000} kB, {len(self._frames)} frames", flush=True)

    def _write(self, path: Path, quality: int) -> None:
        pictures = [(at_ms, decoded(png)) for at_ms, png in self._frames]
        pictures.append((pictures[-1][0] + int(LAST_S * 1000), pictures[-1][1]))
        with av.open(str(path), "w", format="webp", options={"loop": "0"}) as container:
            stream = container.add_stream("libwebp_anim", rate=Fraction(1, 1), options={"quality": str(quality), "compression_level": "6"})
            assert isinstance(stream, VideoStream)
            stream.width, stream.height, stream.pix_fmt = pictures[0][1].width, pictures[0][1].height, "yuv420p"
            stream.time_base = stream.codec_context.time_base = Fraction(1, 1000)
            for at_ms, picture in pictures:
                frame = picture.reformat(format="yuv420p")
                frame.pts, frame.time_base = at_ms, Fraction(1, 1000)
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))


def decoded(png: bytes) -> VideoFrame:
    with av.open(io.BytesIO(png), "r") as container:
        return next(container.decode(video=0))

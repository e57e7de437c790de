"""Ten recordings of one stream: what each costs, what a kill -9 takes, how many then play and seek in Chromium.

The cost is what ten recordings add to a process that only paces the packets, divided by ten.
"""

import argparse
import asyncio
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import uvicorn
from playwright.async_api import Page, async_playwright
from starlette.applications import Starlette
from starlette.responses import HTMLResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from streaming.recorder import Fact, SegmentKept, recover
from tests.conftest import CHROMIUM, CHROMIUM_FLAGS
from tests.servers import free_port

ROOT = Path(__file__).resolve().parents[2]
COUNT = 10
PLAYED_FRAMES = 20
LOOK = """async ([url, far, least]) => {
  const video = document.body.appendChild(Object.assign(document.createElement('video'), { muted: true, src: url }));
  const until = async (is) => {
    for (let n = 0; n < 200 && !is(); n++) await new Promise((go) => setTimeout(go, 50));
    return is();
  };
  await video.play().catch(() => 0);
  const frames = () => video.getVideoPlaybackQuality().totalVideoFrames;
  const plays = await until(() => frames() >= least);
  const before = frames();
  video.currentTime = far;
  const seeks = await until(() => video.currentTime >= far + 0.2 && frames() > before);
  video.remove();
  return [plays, seeks];
}"""


def measure(words: Sequence[str]) -> dict[str, Any]:
    parser = argparse.ArgumentParser(prog="record")
    parser.add_argument("--seconds", type=float, default=20.0, help="of each measurement")
    options = parser.parse_args(words)
    with tempfile.TemporaryDirectory(prefix="ecc-") as folder:
        idle_pct, _ = _run(Path(folder) / "idle", 0, options.seconds)
        busy_pct, sent_s = _run(Path(folder) / "kept", COUNT, options.seconds)
        facts: list[Fact] = []
        recover(Path(folder) / "kept", facts.append)
        kept = [fact for fact in facts if isinstance(fact, SegmentKept)]
        plays, seeks = asyncio.run(_looked_at(Path(folder) / "kept", kept))
    ends = {each.recording_id: each.kept.duration_ms / 1000 for each in kept}
    return {
        "core_pct_each": round((busy_pct - idle_pct) / COUNT, 2),
        "seconds_lost": round(sent_s - min([ends.get(f"R{n}", 0.0) for n in range(COUNT)]), 2),
        "plays": plays,
        "seeks": seeks,
        "core_pct_pacing": round(idle_pct, 2),
        "bytes_each": round(sum(each.kept.size for each in kept) / max(len(kept), 1)),
    }


def _run(folder: Path, count: int, seconds: float) -> tuple[float, float]:
    """CPU in percent of one core between the second second and the kill, and what had been sent by then."""
    command = [sys.executable, "-m", "tests.bench._recorder", str(folder), str(count), str(seconds + 60)]
    child = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    first: tuple[float, float] | None = None
    at_s = cpu_s = 0.0
    for line in child.stdout:
        if line.startswith("sent"):
            at_s, cpu_s = (float(word) for word in line.split()[1:])
            first = first or ((at_s, cpu_s) if at_s > 2 else None)
            if at_s >= seconds:
                break
    child.kill()
    rest = [float(line.split()[1]) for line in child.stdout if line.startswith("sent")]
    child.wait()
    assert first is not None
    return 100 * (cpu_s - first[1]) / (at_s - first[0]), max([at_s, *rest])


async def _looked_at(folder: Path, kept: Sequence[SegmentKept]) -> tuple[int, int]:
    """How many play, how many seek to two thirds of their length."""
    port = free_port()
    app = Starlette(routes=[Route("/", lambda _: HTMLResponse("<body></body>")), Mount("/kept", StaticFiles(directory=folder))])
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="warning"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    try:
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=[*CHROMIUM_FLAGS, "--no-sandbox"])
            page = await browser.new_page()
            await page.goto(f"http://127.0.0.1:{port}/")
            seen = [await _look(page, f"/kept/{each.recording_id}/{each.kept.path.name}", each) for each in kept]
            await browser.close()
    finally:
        server.should_exit = True
        thread.join()
    return sum(plays for plays, _ in seen), sum(seeks for _, seeks in seen)


async def _look(page: Page, url: str, each: SegmentKept) -> tuple[bool, bool]:
    plays, seeks = await page.evaluate(LOOK, [url, each.kept.duration_ms / 1500, PLAYED_FRAMES])
    return bool(plays), bool(seeks)

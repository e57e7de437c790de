"""A process that records one stream so many times, in real time, until it is killed. Prints what it has sent and what it cost.

Arguments: folder, number of recordings, seconds. The stream: 1280x720 at 30 frames, 1.05 Mbit/s of VP8 and Opus, encoded once.
"""

import sys
import time
from pathlib import Path

from streaming.recorder import Recorder
from tests.streaming.clips import Sent, clip

SIZE, KBPS, CLIP_S = (1280, 720), 900, 2.0


def packets() -> list[Sent]:
    return list(clip("vp8", CLIP_S, size=SIZE, kbps=KBPS))


def main(folder: str, count: int, seconds: float) -> None:
    sent = packets()
    recorder = Recorder(Path(folder), lambda _: None, reserve=0)
    recordings = [recorder.begin(f"R{number}", {"video": "vp8", "audio": "opus"}) for number in range(count)]
    videos = sum(each.kind == "video" for each in sent)
    sounds = len(sent) - videos
    print("ready", flush=True)
    begun_s, cpu_s = time.monotonic(), time.process_time()
    said = 0.0
    for round_, each in ((round_, each) for round_ in range(int(seconds / CLIP_S) + 1) for each in sent):
        at_s = round_ * CLIP_S + each.at_s
        time.sleep(max(0.0, begun_s + at_s - time.monotonic()))
        more, rate = (videos, 90_000) if each.kind == "video" else (sounds, 48_000)
        timestamp = int(each.timestamp + round_ * CLIP_S * rate) & 0xFFFFFFFF
        for recording in recordings:
            recording.take(each.kind, each.seq + round_ * more, timestamp, each.marker, each.payload, time.monotonic())
        if at_s - said >= 0.05:
            said = at_s
            recorder.look()
            print(f"sent {at_s:.3f} {time.process_time() - cpu_s:.4f}", flush=True)
    time.sleep(60)  # the end is a kill


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]))

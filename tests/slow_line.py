"""A slow and lossy line: a network namespace whose only way out is delayed and loses packets at random. Needs root and /dev/net/tun.

Two tun devices, one here and one in the namespace; a process of its own carries each packet across after its delay, or drops it. So it
works where the kernel has no netem. `python -m tests.slow_line NAME NUMBER DELAY_MS LOSS_PCT udp|all`.
"""

import contextlib
import fcntl
import heapq
import os
import random
import select
import shutil
import struct
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Self

TUN = Path("/dev/net/tun")
ROOT = Path(__file__).resolve().parent.parent
WAITING_MOST = 2_000  # packets on their way; what comes then is lost, as in any router
_TUNSETIFF, _TUN_NO_PI = 0x400454CA, 0x1001
_UDP = 17


def can_be_made() -> bool:
    """Root, with tun devices and `ip`."""
    return os.geteuid() == 0 and TUN.exists() and shutil.which("ip") is not None


class SlowLine:
    """`with SlowLine(delay_ms=30, loss_pct=2) as line:` — `line.here` is our address, `line.inside(command)` runs something behind it.

    delay_ms: each way. only_udp: what is no UDP is delayed but never lost.
    """

    def __init__(self, delay_ms: float, loss_pct: float, only_udp: bool = False, number: int | None = None) -> None:
        number = number if number is not None else os.getpid() % 250 + 1
        self.name, self._number = f"ecc{number}", number
        self.here, self.there = f"10.231.{number}.1", f"10.231.{number}.2"
        self._words = [self.name, str(number), str(delay_ms), str(loss_pct), "udp" if only_udp else "all"]

    def __enter__(self) -> Self:
        self._carrier = subprocess.Popen(
            [sys.executable, "-m", "tests.slow_line", *self._words], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._carrier.stdout is not None
        if self._carrier.stdout.readline() != "ready\n":
            self.__exit__(None, None, None)
            raise OSError("no such line can be made here")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        assert self._carrier.stdin is not None
        self._carrier.stdin.close()
        self._carrier.wait(10)

    def executable(self, folder: Path, program: Path) -> Path:
        """A script that starts the program behind the line."""
        script = folder / f"{program.name}-{self.name}"
        script.write_text(f'#!/bin/sh\nexec ip netns exec {self.name} {program} "$@"\n')
        script.chmod(0o755)
        return script


def main(name: str, number: int, delay_s: float, loss: float, only_udp: bool) -> None:
    """Until our standard input is closed."""
    ends = []
    try:
        _ip("netns", "add", name)
        ends = [_device(f"{name}a"), _device(f"{name}b")]
        _ip("link", "set", f"{name}b", "netns", name)
        _ip("addr", "add", f"10.231.{number}.1/30", "dev", f"{name}a")
        _ip("link", "set", f"{name}a", "up")
        for words in (
            ("addr", "add", f"10.231.{number}.2/30", "dev", f"{name}b"),
            ("link", "set", f"{name}b", "up"),
            ("link", "set", "lo", "up"),
        ):
            _ip("netns", "exec", name, "ip", *words)
        print("ready", flush=True)
        _carry(ends, delay_s, loss, only_udp)
    finally:
        for end in ends:
            os.close(end)
        with contextlib.suppress(subprocess.CalledProcessError):
            _ip("netns", "del", name)


def _carry(ends: list[int], delay_s: float, loss: float, only_udp: bool) -> None:
    across = {ends[0]: ends[1], ends[1]: ends[0]}
    waiting: list[tuple[float, int, int, bytes]] = []
    chance, count = random.Random(1), 0
    while True:
        wait_s = max(0.0, waiting[0][0] - time.monotonic()) if waiting else 1.0
        ready, _, _ = select.select([*ends, 0], [], [], wait_s)
        if 0 in ready and not os.read(0, 1):
            return
        for end in across.keys() & ready:
            packet = os.read(end, 65_536)
            lossy = packet[0] >> 4 == 4 and (not only_udp or packet[9] == _UDP)
            if len(waiting) >= WAITING_MOST or (lossy and chance.random() < loss):
                continue
            count += 1
            heapq.heappush(waiting, (time.monotonic() + delay_s, count, across[end], packet))
        now_s = time.monotonic()
        while waiting and waiting[0][0] <= now_s:
            _, _, end, packet = heapq.heappop(waiting)
            with contextlib.suppress(OSError):
                os.write(end, packet)


def _device(name: str) -> int:
    end = os.open(TUN, os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(end, _TUNSETIFF, struct.pack("16sH22x", name.encode(), _TUN_NO_PI))
    return end


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]) / 1000, float(sys.argv[4]) / 100, sys.argv[5] == "udp")

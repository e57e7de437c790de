"""What the web process has counted on the bus, in `HOME/run/`: so that `ecc doctor`, a process of its own, can say it too."""

import asyncio
import contextlib
import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from dashboard.supervise import write_secret
from data.settings import Settings

EACH_S = 2.0
TOLD_S = 3_600.0  # for so long after the last one it is a warning; the count stays in `/metrics`


class Counting(Protocol):
    """Of the bus: messages that were not ours, and when the last one came."""

    foreign: int
    foreign_ms: int


@dataclass(frozen=True, slots=True)
class Counted:
    """foreign: messages since that process began; ago_s: since the last one."""

    foreign: int
    ago_s: float


def _file(settings: Settings) -> Path:
    return settings.run / "bus.json"


async def keep_counted(settings: Settings, bus: Counting) -> None:
    """For ever: written when it has changed, and only then."""
    written = 0
    while True:
        if bus.foreign != written:
            written = bus.foreign
            with contextlib.suppress(OSError):
                await asyncio.to_thread(write_secret, _file(settings), json.dumps({"foreign": bus.foreign, "at_ms": bus.foreign_ms}))
        await asyncio.sleep(EACH_S)


def counted_lately(settings: Settings, now: datetime) -> Counted | None:
    """None: nothing foreign came within the hour."""
    try:
        read = json.loads(_file(settings).read_text(encoding="utf-8"))
        counted = Counted(int(read["foreign"]), now.timestamp() - int(read["at_ms"]) / 1000)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return counted if counted.ago_s < TOLD_S else None

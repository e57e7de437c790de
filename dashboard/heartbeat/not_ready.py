"""What keeps a centre from being ready, on the terminal of whoever started it: he stands before it and can mend it."""

import asyncio
import sys
import time
from collections.abc import Callable, Sequence
from typing import TextIO

from dashboard.i18n import t

ROUND_S = 0.05
PATIENCE_S = 2.0  # a bus that starts with us is there before; what is wrong with one of the court's own is known by then


async def until_ready(
    reasons: Callable[[], Sequence[str]], troubles: Callable[[], Sequence[dict[str, str]]], stream: TextIO | None = None
) -> None:
    """Wait; each sentence is said once, as the wall says it. reasons: parts without which nobody is served."""
    began, told = time.monotonic(), set[str]()
    while waits_for := reasons():
        if time.monotonic() - began > PATIENCE_S:
            for each in troubles():
                if each["part"] in waits_for and each["said"] not in told:
                    told.add(each["said"])
                    to_do = t(f"heartbeat.to_do_{each['part']}")
                    print(t("command.not_ready", said=each["said"], to_do=to_do), file=stream or sys.stderr, flush=True)
        await asyncio.sleep(ROUND_S)

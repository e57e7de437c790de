"""How the devices' process tells the cameras' who calls: one line of JSON on a Unix socket of this user."""

import asyncio
import contextlib
import json
from pathlib import Path


def wire(run: Path) -> Path:
    """Where the devices' process says who calls."""
    return run / "cameras.sock"


async def tell(run: Path, unit: str, call: str, attend: str = "") -> None:
    """By the devices' process: this unit calls, or its call is over. Nobody there: then there is no picture.

    attend: what the simulated duty officer does when nobody is at a desk: nothing, `answer`, or the whole `story`.
    """
    with contextlib.suppress(OSError, TimeoutError):
        async with asyncio.timeout(1):
            _, writer = await asyncio.open_unix_connection(wire(run))
            writer.write(json.dumps({"unit": unit, "call": call, "attend": attend}).encode() + b"\n")
            await writer.drain()
            writer.close()

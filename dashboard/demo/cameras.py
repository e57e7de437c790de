"""The simulated officers' cameras: a process of its own that publishes drawn clips by WHIP, as a phone does, while its officer calls.

It knows addresses and tokens only. What calls is told on a Unix socket by the devices' process: one line of JSON, {"unit", "call",
"attend"}; a call of "" means that it is over, attend what the simulated duty officer does when nobody is there (`auto_answer`). Encoding
waits for the first call that wants it, or for a quiet moment; sending costs next to nothing.
"""

import asyncio
import contextlib
import json
import logging
import os
import signal
import ssl
from pathlib import Path

import httpx

from dashboard.demo import clips
from dashboard.demo.auto_answer import AutoAnswer
from dashboard.demo.camera_wire import wire
from dashboard.demo.clips import Clip
from dashboard.demo.plan import Plan, Unit
from dashboard.demo.publisher import publishing

log = logging.getLogger(__name__)

QUIET_S = 25.0  # the centre's own start comes first
AGAIN_S = 1.0
LOOK_S = 4.0
NICENESS = 15
TIMEOUT = httpx.Timeout(5.0)


class Camera:
    """One officer's. Publishes while he has a call, again after whatever ended it."""

    def __init__(self, client: httpx.AsyncClient, unit: Unit, number: int, folder: Path) -> None:
        self._client, self._unit, self._number, self._folder = client, unit, number, folder
        self._call = ""
        self._changed = asyncio.Event()
        self.published = 0

    @property
    def sends(self) -> bool:
        """Whether there is a call that wants it."""
        return self._call != ""

    def wants(self, call: str) -> None:
        if call != self._call:
            self._call = call
            self._changed.set()

    async def clip(self) -> Clip:
        return await asyncio.to_thread(clips.load, self._folder, self._number)

    async def run(self) -> None:
        while True:
            self._changed.clear()
            if not self._call:
                await self._changed.wait()
                continue
            try:
                await self._publish(self._call)
            except (httpx.HTTPError, OSError, ValueError, KeyError, TimeoutError) as error:
                log.info("camera of unit %s: %s", self._unit.unit, type(error).__name__)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(AGAIN_S):
                    await self._changed.wait()

    async def _publish(self, call: str) -> None:
        """Until the call is another one or the connection is gone."""
        clip = await self.clip()
        given = await self._post("/api/media/tokens?face=field", {"call": call, "right": "publish"}, self._unit.token)
        async with publishing(self._client, clip, given) as ended:
            self.published += 1
            while not ended.is_set() and self._call == call:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(LOOK_S):
                        await self._changed.wait()
                if await self._over(call):
                    self._call = ""

    async def _over(self, call: str) -> bool:
        """Whether the centre has ended it: then it gives no pass any more."""
        try:
            await self._post("/api/media/tokens?face=field", {"call": call, "right": "publish"}, self._unit.token)
        except httpx.HTTPStatusError as error:
            return error.response.status_code in (403, 404, 409)
        except httpx.HTTPError:
            pass
        return False

    async def _post(self, path: str, body: dict[str, str], token: str) -> dict[str, str]:
        answer = await self._client.post(path, json=body, headers={"Authorization": f"Bearer {token}"})
        answer.raise_for_status()
        said: dict[str, str] = answer.json()
        return said


async def serve(plan: Plan, client: httpx.AsyncClient) -> None:
    folder = Path(plan.run).parent / "clips"
    cameras = {unit.unit: Camera(client, unit, number, folder) for number, unit in enumerate(plan.cameras)}
    auto = AutoAnswer(plan, folder) if plan.duty else None

    async def heard(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            said = json.loads(await asyncio.wait_for(reader.readline(), 5))
            camera = cameras.get(str(said["unit"]))
            if camera is not None:
                camera.wants(str(said["call"]))
                if auto is not None:
                    auto.called(str(said["unit"]), str(said["call"]), str(said.get("attend", "")))
        except (ValueError, KeyError, TypeError, TimeoutError, OSError) as error:
            log.warning("an order was not understood: %s", type(error).__name__)
        finally:
            writer.close()

    async def prepare() -> None:
        """Those of the story first."""
        await asyncio.sleep(QUIET_S)
        first, *others = cameras.values()
        for shown in (first, *((auto,) if auto is not None else ()), *others):
            await shown.clip()

    path = wire(Path(plan.run))
    path.unlink(missing_ok=True)
    before = os.umask(0o177)
    try:
        server = await asyncio.start_unix_server(heard, path)
    finally:
        os.umask(before)
    try:
        async with server, asyncio.TaskGroup() as tasks:
            tasks.create_task(prepare())
            for camera in cameras.values():
                tasks.create_task(camera.run())
    finally:
        if auto is not None:
            await auto.aclose()


def run(plan: Plan) -> int:
    """The process's whole life."""

    async def live() -> None:
        verify = ssl.create_default_context(cafile=plan.verify) if plan.verify else True
        async with httpx.AsyncClient(base_url=plan.origin, timeout=TIMEOUT, verify=verify, trust_env=False) as client:
            await serve(plan, client)

    def end(*_: object) -> None:
        raise KeyboardInterrupt

    for name in ("httpx", "aioice", "aiortc"):
        logging.getLogger(name).setLevel(logging.WARNING)
    os.nice(NICENESS)
    signal.signal(signal.SIGTERM, end)
    with contextlib.suppress(KeyboardInterrupt, asyncio.CancelledError):
        asyncio.run(live())
    return 0

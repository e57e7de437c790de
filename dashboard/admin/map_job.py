"""One piece of work on map files at a time, in a process of its own: a look, or a build, with its progress; cancelled at once."""

import asyncio
import contextlib
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import orjson

from data.errors import RuleBroken
from data.rules.permissions import Actor
from data.settings import Settings, as_environ

LINE_MOST = 8 << 20
LONGEST_S = 3 * 3_600.0
CLEARS_S = 5.0  # so long a cancelled one may clear away what it began

Job = dict[str, Any]
Finished = Callable[[Actor, Job], Awaitable[None]]


class State(StrEnum):
    NONE = "none"
    LOOKING = "looking"
    LOOKED = "looked"
    BUILDING = "building"
    BUILT = "built"
    FAILED = "failed"
    CANCELLED = "cancelled"


BUSY = frozenset({State.LOOKING, State.BUILDING})


@dataclass
class MapJob:
    """The one place. finished: told once a map is built, so that it leaves its trace."""

    settings: Settings
    finished: Finished
    state: State = State.NONE
    step: Job = field(default_factory=dict)
    looked: dict[str, Job] = field(default_factory=dict)
    built: Job = field(default_factory=dict)
    error: str = ""
    _process: asyncio.subprocess.Process | None = None
    _task: "asyncio.Task[None] | None" = None

    def told(self) -> Job:
        return {
            "state": self.state.value,
            "step": self.step,
            "looked": list(self.looked.values()),
            "built": self.built,
            "error": self.error,
        }

    def begin(self, actor: Actor, do: str, files: Sequence[Job]) -> None:
        """Raises RuleBroken basemap.busy."""
        if self.state in BUSY:
            raise RuleBroken("busy", code="basemap.busy")
        self.state = State.LOOKING if do == "look" else State.BUILDING
        self.step, self.error = {}, ""
        if do == "look":
            for each in files:
                self.looked.pop(each["id"], None)
        else:
            self.built = {}
        self._task = asyncio.create_task(self._run(actor, orjson.dumps({"do": do, "files": files})), name="map")

    async def cancel(self) -> None:
        """Nothing was changed. Raises RuleBroken basemap.not_at_work."""
        task, process = self._task, self._process
        if self.state not in BUSY or task is None:
            raise RuleBroken("idle", code="basemap.not_at_work")
        self.error = "cancelled"
        if process is not None and process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
        done, _ = await asyncio.wait({task}, timeout=CLEARS_S)
        if not done:
            task.cancel()
            await asyncio.wait({task})

    async def _run(self, actor: Actor, job: bytes) -> None:
        looking = self.state is State.LOOKING
        try:
            async with asyncio.timeout(LONGEST_S):
                await self._listen(job)
        except TimeoutError:
            self.error = ""
        finally:
            process, self._process = self._process, None
            if process is not None and process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
            good = process is not None and process.returncode == 0
            cancelled, self.error = self.error == "cancelled", "" if self.error == "cancelled" else self.error
            ended = State.LOOKED if looking else State.BUILT
            self.state = ended if good else State.CANCELLED if cancelled else State.FAILED
        if self.state is State.BUILT:
            await self.finished(actor, self.built)

    async def _listen(self, job: bytes) -> None:
        self._process = process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "dashboard.map_apart"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,  # of a file's content nothing comes into a log
            env=as_environ(self.settings),
            limit=LINE_MOST,
        )
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(job + b"\n")
        process.stdin.close()
        async for line in process.stdout:
            said = orjson.loads(line)
            if "looked" in said:
                self.looked[said["looked"]["id"]] = said["looked"]
            elif "built" in said:
                self.built = said["built"]
            elif "error" in said:
                self.error = said["error"]
            else:
                self.step = said["step"]
        await process.wait()

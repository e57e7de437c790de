"""One workbook at a time on its way in: held in memory without a name, looked at in a process of its own, shown, brought in or forgotten.

Nothing of it touches a disk. Whoever is killed at whatever instant leaves whole batches behind: the same file again goes on from there.
"""

import asyncio
import contextlib
import fcntl
import os
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

import orjson

from data.errors import BadInput, CommandCentreError, NotFound, RuleBroken, TooLarge
from data.rules.permissions import Actor
from data.settings import Settings, as_environ

MIB = 1 << 20
MOST_FILE = 64 * MIB  # as `workbook.gate`
ENDINGS = (".xlsx", ".csv")
KEPT_S = 600.0  # so long a file waits for a person; then it is forgotten
LONGEST_S = 1_500.0  # of one run
LINE_MOST = 4 * MIB


class Step(StrEnum):
    LOOKING = "looking"  # what would change, on a copy
    LOOKED = "looked"
    STARTING = "starting"  # nothing is written yet: it can still be cancelled
    WRITING = "writing"
    DONE = "done"
    FAILED = "failed"


BUSY = frozenset({Step.LOOKING, Step.STARTING, Step.WRITING})


@dataclass
class Coming:
    """One file and what is known of it. notes: of each sort, in their order, as `workbook.apart` tells them."""

    actor: Actor
    name: str
    descriptor: int
    size: int
    step: Step = Step.LOOKING
    sheet: str | None = None
    count: int = 0
    notes: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    done: list[Any] = field(default_factory=list)
    error: dict[str, str] | None = None
    touched: float = field(default_factory=time.monotonic)
    process: asyncio.subprocess.Process | None = None
    task: "asyncio.Task[None] | None" = None

    def told(self) -> dict[str, Any]:
        """As the page draws it."""
        return {
            "step": self.step.value, "name": self.name, "size": self.size, "sheet": self.sheet, "count": self.count,
            "notes": self.notes, "done": self.done, "error": self.error,
        }  # fmt: skip

    def note(self, said: dict[str, Any]) -> None:
        if "sheet" in said:
            self.sheet, self.count = said["sheet"], said["count"]
        elif "note" in said:
            self.notes.setdefault(said["note"]["is"], []).append(said["note"])
        elif "done" in said:
            self.done = said["done"]
        elif "error" in said:
            self.error = said["error"]


class Bringing:
    """The one place for a file. Full means: another administrator is at it, and a sentence says so."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._place = Place(settings.run / "workbook.lock") if settings.web_processes > 1 else None
        self._coming: Coming | None = None
        self._taking: Actor | None = None  # whose upload is under way
        self._forgetting: asyncio.TimerHandle | None = None

    # --- what a person does ---

    async def take(self, actor: Actor, name: str, body: AsyncIterator[bytes]) -> None:
        """The file as it comes, into memory, and then a look at it. Raises BadInput, TooLarge, RuleBroken workbook.busy."""
        suffix = _ending(name)
        self._check_free(actor)
        self._take_place()
        self._taking = actor
        try:
            descriptor, size = await _held(name, body)
            self._forget()
            self._take_place()
            self._coming = Coming(actor, name, descriptor, size)
        finally:
            self._taking = None
            if self._coming is None:
                self._leave_place()
        self._run(self._coming, suffix, dry=True)

    def told(self, actor: Actor) -> dict[str, Any]:
        """What the page draws. {"step": "none" | "other" | …}."""
        coming = self._coming
        if coming is None:
            others = self._place is not None and self._taking is None and self._place.is_taken()
            return {"step": "other" if others or (self._taking is not None and not _same(self._taking, actor)) else "none"}
        if not _same(coming.actor, actor):
            return {"step": "other"}
        self._touch(coming)
        return coming.told()

    def begin(self, actor: Actor) -> None:
        """«导入». Raises NotFound workbook.no_file, RuleBroken workbook.not_looked."""
        coming = self._mine(actor)
        if coming.step is not Step.LOOKED:
            raise RuleBroken(coming.step, code="workbook.not_looked")
        coming.step, coming.actor = Step.STARTING, actor
        coming.notes, coming.done, coming.count, coming.sheet = {}, [], 0, None
        self._run(coming, _ending(coming.name), dry=False)

    async def cancel(self, actor: Actor) -> None:
        """Forgets the file; nothing was written. Raises RuleBroken workbook.writing once the first row is."""
        coming = self._mine(actor)
        if coming.step is Step.WRITING:
            raise RuleBroken("writing", code="workbook.writing")
        task = coming.task
        self._forget()
        if task is not None:
            await asyncio.wait({task})

    # --- what happens then ---

    def _run(self, coming: Coming, suffix: str, dry: bool) -> None:
        coming.task = asyncio.create_task(self._run_apart(coming, suffix, dry), name="workbook")

    async def _run_apart(self, coming: Coming, suffix: str, dry: bool) -> None:
        """One process: its lines until it ends, whatever ends it."""
        try:
            async with asyncio.timeout(LONGEST_S):
                await self._listen(coming, suffix, dry)
        except TimeoutError:
            coming.error = None
        finally:
            process = coming.process
            if process is not None and process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
            good = process is not None and process.returncode == 0
            coming.process = None
            coming.step = (Step.LOOKED if dry else Step.DONE) if good else Step.FAILED
            self._touch(coming)
            if coming.step is Step.DONE:
                self._let_go(coming)
            if coming.step in (Step.DONE, Step.FAILED) and self._coming is coming:  # else another file may have the place by now
                self._leave_place()

    async def _listen(self, coming: Coming, suffix: str, dry: bool) -> None:
        if coming.descriptor < 0:
            return  # cancelled before it began
        command = [sys.executable, "-m", "dashboard.workbook.apart", str(coming.descriptor), suffix]
        coming.process = process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,  # of a file's content nothing comes into a log
            env=as_environ(self._settings),
            pass_fds=(coming.descriptor,),
            limit=LINE_MOST,
        )
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(orjson.dumps({"dry": dry, "actor": asdict(coming.actor)}) + b"\n")
        async for line in process.stdout:
            said = orjson.loads(line)
            if "ready" in said:
                coming.step = Step.WRITING
                process.stdin.write(b"go\n")
            coming.note(said)
        await process.wait()

    # --- the one place ---

    def _check_free(self, actor: Actor) -> None:
        """One's own file makes room for the next, unless it is being written."""
        coming = self._coming
        if self._taking is not None or (coming is not None and (coming.step in BUSY or not _same(coming.actor, actor))):
            raise RuleBroken("another", code="workbook.busy")

    def _mine(self, actor: Actor) -> Coming:
        if self._coming is None or not _same(self._coming.actor, actor):
            raise NotFound("no file", code="workbook.no_file")
        return self._coming

    def _touch(self, coming: Coming) -> None:
        coming.touched = time.monotonic()
        if self._forgetting is not None:
            self._forgetting.cancel()
        self._forgetting = asyncio.get_running_loop().call_later(KEPT_S, self._forget_old, coming)

    def _forget_old(self, coming: Coming) -> None:
        if self._coming is coming and coming.step not in BUSY:
            self._forget()

    def _forget(self) -> None:
        coming, self._coming = self._coming, None
        if coming is None:
            return
        if coming.process is not None:
            with contextlib.suppress(ProcessLookupError):
                coming.process.kill()
        self._let_go(coming)
        self._leave_place()

    def _take_place(self) -> None:
        """Raises RuleBroken workbook.busy: another web process has a file."""
        if self._place is not None and not self._place.take():
            raise RuleBroken("another", code="workbook.busy")

    def _leave_place(self) -> None:
        if self._place is not None:
            self._place.leave()

    def _let_go(self, coming: Coming) -> None:
        """The last of the file is gone with its descriptor."""
        if coming.descriptor >= 0:
            os.close(coming.descriptor)
            coming.descriptor = -1


class Place:
    """The one place of a home with several web processes: a lock that goes with its process, whatever ends that."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    def take(self) -> bool:
        if self._descriptor is None:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(descriptor)
                return False
            self._descriptor = descriptor
        return True

    def leave(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def is_taken(self) -> bool:
        """By another process."""
        if self._descriptor is not None:
            return False
        free = self.take()
        self.leave()
        return not free


async def _held(name: str, body: AsyncIterator[bytes]) -> tuple[int, int]:
    """The bytes in memory, behind a descriptor that no folder names. Raises TooLarge workbook.too_large, BadInput workbook.empty_file."""
    descriptor, size = os.memfd_create("workbook"), 0
    try:
        async for chunk in body:
            size += len(chunk)
            if size > MOST_FILE:
                raise TooLarge("file", code="workbook.too_large", file=name, most=MOST_FILE // MIB)
            await asyncio.to_thread(os.write, descriptor, chunk)
        if size == 0:
            raise BadInput("empty", code="workbook.empty_file", file=name)
    except BaseException as error:
        os.close(descriptor)
        if isinstance(error, Exception) and not isinstance(error, CommandCentreError):
            raise BadInput("gone", code="workbook.cut_off", file=name) from error
        raise
    return descriptor, size


def _ending(name: str) -> str:
    """Raises BadInput workbook.kind."""
    for ending in ENDINGS:
        if name.lower().endswith(ending):
            return ending
    raise BadInput("kind", code="workbook.kind", file=name)


def _same(one: Actor, other: Actor) -> bool:
    return one.officer_id is not None and one.officer_id == other.officer_id

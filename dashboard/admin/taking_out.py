"""The court's workbook on its way out by a page: written by a process of its own into a file without a name, and given to the browser."""

import asyncio
import contextlib
import os
import sys
from dataclasses import asdict

import orjson

from data.errors import CommandCentreError, DatabaseUnavailable, NotPermitted, RuleBroken
from data.rules import words
from data.rules.permissions import Actor
from data.settings import Settings, as_environ

LONGEST_S = 600.0  # a hundred thousand cases take one minute


class TakingOut:
    """One workbook at a time of one web process."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._one = asyncio.Lock()

    async def made(self, actor: Actor, with_cases: bool, reason: str | None) -> bytes:
        """The file. Raises RuleBroken workbook.export_busy, DatabaseUnavailable, NotPermitted, BadInput text.…"""
        if with_cases:
            reason = words.word(reason or "", "reason", 200)
        if self._one.locked():
            raise RuleBroken("another", code="workbook.export_busy")
        async with self._one:
            descriptor = os.memfd_create("workbook")
            try:
                await self._run(descriptor, {"actor": asdict(actor), "cases": with_cases, "reason": reason})
                return await asyncio.to_thread(_all_of, descriptor)
            finally:
                os.close(descriptor)

    async def _run(self, descriptor: int, job: dict[str, object]) -> None:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "dashboard.workbook.exporting", str(descriptor),
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
            env=as_environ(self._settings), pass_fds=(descriptor,),
        )  # fmt: skip
        try:
            async with asyncio.timeout(LONGEST_S):
                out, _ = await process.communicate(orjson.dumps(job) + b"\n")
        except TimeoutError as error:
            raise DatabaseUnavailable("export") from error
        finally:
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
        if process.returncode != 0:
            raise DatabaseUnavailable("export")
        refused = orjson.loads(out).get("error")
        if refused is not None:
            raise _error(refused)


def _error(refused: dict[str, str | None]) -> CommandCentreError:
    code, verb = str(refused["code"]), refused.get("verb")
    if verb is not None:
        return NotPermitted("export", code=code, verb=verb)
    return RuleBroken("export", code=code)


def _all_of(descriptor: int) -> bytes:
    with os.fdopen(os.dup(descriptor), "rb") as file:
        file.seek(0)
        return file.read()

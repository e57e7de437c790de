"""The reading of an uploaded workbook, in a process of its own with limits: whatever the file does, it does to this process only.

The file is a descriptor without a name on any disk, given by whoever starts us. What is found goes out as one JSON object a line; before
the first row is written we ask, and only `go` goes on.
"""

import ctypes
import os
import resource
import shutil
import signal
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import orjson

from dashboard import i18n
from dashboard.i18n import of_error, t
from dashboard.workbook.importing import CHANGES_MOST, Report, import_files
from dashboard.workbook.titles import title
from data.actions.workbook import Done
from data.errors import CommandCentreError
from data.rules.permissions import Actor, Role
from data.rules.workbook import SHEETS
from data.settings import Settings, load

MEMORY_MOST = 3 << 30  # of addresses; the bench's 100,000 cases need a quarter of a gibibyte
CPU_S = 1_200
NOTED_MOST = {"added": 50, "changed": CHANGES_MOST * len(SHEETS), "refused": 300, "said": 50, "given": 2_000}  # more are counted, not told
_PR_SET_PDEATHSIG = 1
_FOLDER = "workbook-"


class Stopped(CommandCentreError):
    """Cancelled before the first row."""

    code = "workbook.cancelled"


def main(descriptor: int, suffix: str) -> int:
    """The job is one line on stdin: {"dry", "actor": {…}}."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_MOST, MEMORY_MOST))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))
    i18n.check()
    settings = load()
    job = orjson.loads(sys.stdin.buffer.readline())
    counted: Counter[str] = Counter()

    def note(told: dict[str, Any]) -> None:
        counted[told["is"]] += 1
        if counted[told["is"]] <= NOTED_MOST[told["is"]]:
            _say({"note": told})

    report = Report(tell=lambda _: None, progress=lambda sheet, count: _say({"sheet": sheet, "count": count}), note=note)
    try:
        _read(settings, descriptor, suffix, job, report)
    except CommandCentreError as error:
        _say({"error": {"code": error.code, "text": of_error(error)}})
        return 1
    _say({"done": [[title(SHEETS[name]), {done.value: counts[done] for done in Done}] for name, counts in report.counts.items()]})
    return 0


def _read(settings: Settings, descriptor: int, suffix: str, job: dict[str, Any], report: Report) -> None:
    """The reader knows a file's form by its ending: so the descriptor gets a name, which leads nowhere once we are gone."""
    for left in settings.run.glob(f"{_FOLDER}*"):  # of one that was killed: a link, never a file
        if not Path("/proc", left.name.removeprefix(_FOLDER)).exists():
            shutil.rmtree(left, ignore_errors=True)
    folder = settings.run / f"{_FOLDER}{os.getpid()}"
    folder.mkdir(mode=0o700)
    try:
        path = folder / f"{t('workbook.upload')}{suffix}"
        path.symlink_to(f"/proc/self/fd/{descriptor}")
        said = job["actor"]
        actor = Actor(**(said | {"role": Role(said["role"])}))
        import_files(settings, [path], report, bool(job["dry"]), actor, _wait_for_go if not job["dry"] else lambda: None)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _wait_for_go() -> None:
    _say({"ready": True})
    if sys.stdin.buffer.readline().strip() != b"go":
        raise Stopped


def _say(told: dict[str, Any]) -> None:
    sys.stdout.buffer.write(orjson.dumps(told) + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), sys.argv[2]))

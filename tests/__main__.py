"""`python -m tests`: format, lint, types, import contracts, tests; one command, one summary, non-zero when anything failed.

`--fast` leaves out the browser, `--long` adds what takes minutes; what follows `--` goes to pytest (`-- -n 0`: one after the other).
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
TYPESCRIPT = ROOT / "node_modules/typescript/bin/tsc"
COUNTS = re.compile(r"(\d+) (passed|failed|errors?|skipped)\b")
MEMORY, ROOM_BYTES = Path("/dev/shm"), 6 << 30
CLOSING = re.compile(r"\d+ \w+.* in [\d.]+s|no tests ran")


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one check ended, and the line of it that says most. untold: what it found while tests were speaking."""

    name: str
    ok: bool
    seconds: float
    word: str
    untold: tuple[str, ...] = ()


def main(arguments: Sequence[str]) -> int:
    """Run every check, whatever the one before said; returns the exit code."""
    options, for_pytest = read_options(arguments)
    outcomes = [
        check("ruff format", [BIN / "ruff", "format", "--check", "."]),
        check("ruff check", [BIN / "ruff", "check", "."]),
        check("lint-imports", [BIN / "lint-imports", "--no-logo"]),
    ]
    with ThreadPoolExecutor(1) as beside:  # a minute of one processor, while tests wait for clocks and browsers
        types = beside.submit(check_types)
        tests = check("pytest", [BIN / "pytest", *colour(), *side_by_side(), "--durations=15", "-m", marks(options), *for_pytest])
    outcomes += [*types.result(), tests]
    print_summary(outcomes)
    return 0 if all(outcome.ok for outcome in outcomes) else 1


def read_options(arguments: Sequence[str]) -> tuple[argparse.Namespace, list[str]]:
    """Our options, and pytest's (what follows `--`)."""
    ours, _, theirs = (list(part) for part in cut(arguments, "--"))
    parser = argparse.ArgumentParser(prog="python -m tests", description="Format, lint, types, import contracts and tests.")
    parser.add_argument("--fast", action="store_true", help="leave out tests that need a browser")
    parser.add_argument("--long", action="store_true", help="add the tests that take minutes")
    return parser.parse_args(ours), theirs


def cut(words: Sequence[str], at: str) -> tuple[Sequence[str], Sequence[str], Sequence[str]]:
    """Like str.partition."""
    where = words.index(at) if at in words else len(words)
    return words[:where], words[where : where + 1], words[where + 1 :]


def marks(options: argparse.Namespace) -> str:
    """The `-m` expression of pytest; empty means everything."""
    left_out = ["browser"] * options.fast + ["long"] * (not options.long)
    return " and ".join(f"not {mark}" for mark in left_out)


def side_by_side() -> list[str]:
    """Whole files to two workers more than there are processors, four to six: half of a test waits for a clock, a disk or a browser."""
    workers = min(max(os.cpu_count() or 2, 2), 4) + 2
    return ["-n", str(workers), "--dist", "loadfile", "--no-loadscope-reorder"]


def colour() -> list[str]:
    """pytest writes into a pipe here, so it must be told that a person looks on."""
    return ["--color=yes"] if sys.stdout.isatty() else []


def check_types() -> list[Outcome]:
    """Quietly: what they find stands above the summary, not in the middle of the tests."""
    return [check("mypy", [BIN / "mypy"], aloud=False), check_javascript()]


def check(name: str, command: Sequence[str | Path], aloud: bool = True) -> Outcome:
    """Run one command in the root, showing what it says while it says it; or quietly."""
    if aloud:
        print(f"\n=== {name}", flush=True)
    began = time.monotonic()
    spoken: list[str] = []
    with subprocess.Popen(command, cwd=ROOT, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if aloud:
                print(line, end="", flush=True)
            if line.strip():
                spoken.append(re.sub(r"\x1b\[[\d;]*m", "", line).strip(" =\n"))
    closing = next((line for line in reversed(spoken) if CLOSING.search(line)), "")
    untold = tuple(spoken) if process.returncode and not aloud else ()
    return Outcome(name, process.returncode == 0, time.monotonic() - began, closing or (spoken[-1] if spoken else ""), untold)


def check_javascript() -> Outcome:
    """Quietly, `tsc --checkJs` over the inputs that tsconfig.json names; nothing to check is no error, no TypeScript is one."""
    if not javascript():
        return Outcome("tsc", True, 0.0, "no JavaScript yet")
    if not TYPESCRIPT.exists():
        return Outcome("tsc", False, 0.0, "TypeScript is missing: run make setup")
    return check("tsc", ["node", TYPESCRIPT, "--project", "tsconfig.json"], aloud=False)


def javascript() -> list[Path]:
    """The files that tsconfig.json includes."""
    include = json.loads((ROOT / "tsconfig.json").read_text())["include"]
    return [file for pattern in include for file in ROOT.glob(pattern)]


def environment() -> dict[str, str]:
    """Ours without settings of the product; node may stand in .venv.

    What one process has compiled no other compiles again, whatever the environment says of that: tests start thousands of them.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ECC_")}
    own = {"PATH": f"{BIN}{os.pathsep}{kept.get('PATH', '')}", "PYTHONUTF8": "1", "PYTHONDONTWRITEBYTECODE": ""}
    return kept | quick_folder() | own


def quick_folder() -> dict[str, str]:
    """Where the tests write: in memory, if there is plenty. Thousands of databases that wait for a disk at each commit wait for minutes."""
    if "TMPDIR" in os.environ or not os.access(MEMORY, os.W_OK) or shutil.disk_usage(MEMORY).free < ROOM_BYTES:
        return {}
    return {"TMPDIR": str(MEMORY)}


def print_summary(outcomes: Sequence[Outcome]) -> None:
    """What was found beside the tests, one row a check; the last line counts the tests."""
    for outcome in outcomes:
        if outcome.untold:
            print(f"\n=== {outcome.name}", *outcome.untold, sep="\n")
    print("\n=== summary")
    for outcome in outcomes:
        print(f"{'ok    ' if outcome.ok else 'FAILED'}  {outcome.name:<13} {outcome.seconds:7.1f} s  {outcome.word[:120]}")
    counted = {what.rstrip("s"): int(number) for number, what in COUNTS.findall(outcomes[-1].word)}
    failed = counted.get("failed", 0) + counted.get("error", 0)
    print(f"{counted.get('passed', 0)} passed, {failed} failed, {counted.get('skipped', 0)} skipped", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

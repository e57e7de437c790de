"""`python -m tests.bench NAME [--json]`: measures and prints, never judges. The last line printed is one JSON object."""

import argparse
import importlib
import json
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent


def names() -> list[str]:
    """Every bench, by its file."""
    return sorted(path.stem for path in HERE.glob("[!_]*.py"))


def main(words: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("name", nargs="?", choices=names(), help="without a name: the list")
    parser.add_argument("--json", action="store_true", help="the JSON object only")
    options, rest = parser.parse_known_args(words)
    if options.name is None:
        print("\n".join(names()))
        return 0
    measure: Callable[[Sequence[str]], dict[str, Any]] = importlib.import_module(f"tests.bench.{options.name}").measure
    figures = measure(rest)
    if not options.json:
        for key, value in figures.items():
            print(f"{key:28} {value}")
    print(json.dumps({"bench": options.name, "cores": os.cpu_count(), "figures": figures}), flush=True)
    return 0


def percentile(values: Sequence[float], percent: float) -> float:
    """Of the sorted values, the one at this percent; one decimal."""
    listed = sorted(values)
    return round(listed[min(len(listed) - 1, int(len(listed) * percent / 100))], 1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

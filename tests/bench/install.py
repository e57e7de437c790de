"""A bundle as `make bundle` writes it, in a network namespace with the loopback alone: seconds from the archive to a wall that is drawn."""

import argparse
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dashboard.deploy.bundle import PYTHONS, Target, make
from tests.offline import alone


def measure(words: Sequence[str]) -> dict[str, Any]:
    parser = argparse.ArgumentParser(prog="python -m tests.bench install")
    parser.add_argument("--picture", type=Path, metavar="FILE.png", help="keep the picture of the wall")
    options = parser.parse_args(words)
    with tempfile.TemporaryDirectory(prefix="ecc-") as scratch:
        bundle = make(Target("x86_64", PYTHONS), Path(scratch) / "dist")
        fresh = Path(scratch) / "fresh"
        fresh.mkdir()
        told = alone(bundle, fresh)
        if options.picture:
            shutil.copy(fresh / "wall.png", options.picture)
        return {"seconds": told["seconds"], "install_s": told["install_s"], "bundle_mb": round(bundle.stat().st_size / 1e6)}

"""A bundle as `make bundle` writes it, in a network namespace with the loopback alone: seconds from the archive to a wall that is drawn."""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dashboard.deploy.bundle import PYTHONS, Target, make
from tests.offline import alone


def measure(_: Sequence[str]) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="ecc-") as scratch:
        bundle = make(Target("x86_64", PYTHONS), Path(scratch) / "dist")
        fresh = Path(scratch) / "fresh"
        fresh.mkdir()
        told = alone(bundle, fresh)
        return {"seconds": told["seconds"], "install_s": told["install_s"], "bundle_mb": round(bundle.stat().st_size / 1e6)}

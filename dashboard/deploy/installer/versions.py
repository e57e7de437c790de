"""Putting a version beside the others, and choosing the one that starts."""

import os
import shutil
import sys
from pathlib import Path
from zipfile import ZipFile

from .files import run, sync
from .place import Bundle, Place

KEPT = 2  # versions: the one that runs and the one before


def put_version(bundle: Bundle, place: Place) -> Path:
    """The version's own folder, complete. One that was cut while it was made has no mark and is made again."""
    folder = place.versions / bundle.name
    mark = folder / "complete"
    if mark.exists():
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    tool = _installing_tool(bundle, place)
    try:
        run(
            [str(tool), "venv", "--quiet", "--offline", "--no-config", "--no-cache", "--python", sys.executable, str(folder)],
            "not_installed",
        )
        for lock in (bundle.folder / bundle.lock, bundle.folder / "own.lock"):
            run(
                [
                    str(tool), "pip", "install", "--quiet", "--offline", "--no-config", "--no-index", "--no-deps", "--require-hashes",
                    "--find-links", str(bundle.folder / "wheels"), "--python", str(folder / "bin/python"), "--compile-bytecode",
                    "--link-mode", "hardlink", "--cache-dir", str(tool.parent / "unpacked"), "--requirement", str(lock),
                ],
                "not_installed",
            )  # fmt: skip
    finally:
        shutil.rmtree(tool.parent, ignore_errors=True)
    run([str(folder / "bin/python"), "-I", "-m", "dashboard", "version"], "not_installed")
    os.sync()
    mark.touch()
    sync(folder)
    return folder


def _installing_tool(bundle: Bundle, place: Place) -> Path:
    """uv, taken out of its wheel: neither pip nor Debian's python3-venv need be on the machine."""
    scratch = place.prefix / ".installing"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    with ZipFile(next((bundle.folder / "wheels").glob("uv-*.whl"))) as wheel:
        inside = next(name for name in wheel.namelist() if name.endswith(".data/scripts/uv"))
        (scratch / "uv").write_bytes(wheel.read(inside))
    (scratch / "uv").chmod(0o755)
    return scratch / "uv"


def point(place: Place, folder: Path) -> None:
    """From now on this version is the one that starts: one rename."""
    fresh = place.prefix / ".current.fresh"
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(Path("versions") / folder.name)
    fresh.replace(place.current)
    sync(place.prefix)


def forget_old(place: Place) -> None:
    """All versions but the newest two by time, the running one among them."""
    running = place.current.resolve()
    others = sorted((path for path in place.versions.iterdir() if path != running), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in others[KEPT - 1 :]:
        shutil.rmtree(path, ignore_errors=True)

"""A set of layer files put in the place of another: all of them or none, whatever happens in between; and back again.

Ready is a folder `.ready` with the files and a list: its name is the moment from which the new set counts. Whoever is killed before leaves
the old set; whoever is killed after, a set that `finish` completes. What was replaced stays in `.before`, so that it can come back.
"""

import json
import os
import shutil
from collections.abc import Iterable
from pathlib import Path

READY, BEFORE, MAKING = ".ready", ".before", ".before.new"
LIST, SAVED = "set.json", ".saved"


def put(made: Path, folder: Path, gone: Iterable[str] = ()) -> None:
    """The files of `made`, a folder inside of `folder`, become the layers; what is called in `gone` is there no more."""
    names = sorted(path.name for path in made.iterdir() if path.is_file())
    (made / LIST).write_text(json.dumps({"files": names, "gone": sorted(set(gone) - set(names))}), encoding="utf-8")
    for path in (*made.iterdir(), made):
        _sync(path)
    finish(folder)  # what an earlier one began and did not end
    os.rename(made, folder / READY)
    _sync(folder)
    finish(folder)


def finish(folder: Path) -> bool:
    """Complete what was ready; False if nothing was. Whoever calls this is alone in the folder."""
    ready = folder / READY
    if not (ready / LIST).is_file():
        shutil.rmtree(ready, ignore_errors=True)  # completed, but not cleared away
        return False
    names, gone = _listed(ready)
    if not (ready / SAVED).exists():
        _save(folder, [*names, *gone])
        (ready / SAVED).touch()
        _sync(ready)
    for name in names:
        if (ready / name).exists():
            os.replace(ready / name, folder / name)
    for name in gone:
        (folder / name).unlink(missing_ok=True)
    _sync(folder)
    (ready / LIST).unlink()
    shutil.rmtree(ready, ignore_errors=True)
    return True


def can_go_back(folder: Path) -> bool:
    """Whether there was a set before the one that is there."""
    return (folder / BEFORE / LIST).is_file()


def go_back(folder: Path) -> bool:
    """The set before becomes the layers, and the one that was there the set before. False: there is none."""
    finish(folder)
    if not can_go_back(folder):
        return False
    names, gone = _listed(folder / BEFORE)
    made = folder / f"{READY}.new"
    shutil.rmtree(made, ignore_errors=True)
    made.mkdir()
    for name in names:
        os.link(folder / BEFORE / name, made / name)
    put(made, folder, gone)
    return True


def _save(folder: Path, names: Iterable[str]) -> None:
    """What is there now under these names, and which of them are not there."""
    making = folder / MAKING
    shutil.rmtree(making, ignore_errors=True)
    making.mkdir()
    there = [name for name in names if (folder / name).is_file()]
    for name in there:
        os.link(folder / name, making / name)
    (making / LIST).write_text(json.dumps({"files": there, "gone": [name for name in names if name not in there]}), encoding="utf-8")
    _sync(making / LIST)
    _sync(making)
    shutil.rmtree(folder / BEFORE, ignore_errors=True)
    os.rename(making, folder / BEFORE)
    _sync(folder)


def _listed(folder: Path) -> tuple[list[str], list[str]]:
    said = json.loads((folder / LIST).read_text(encoding="utf-8"))
    return said["files"], said["gone"]


def _sync(path: Path) -> None:
    """Onto the disk itself: a power cut must not leave a name without its bytes."""
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)

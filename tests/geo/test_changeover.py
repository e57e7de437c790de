"""One set of layer files for another: all or none at whatever instant somebody pulls the plug, and back again."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from geo import changeover
from geo.changeover import BEFORE, READY, can_go_back, finish, go_back, put


class PowerCut(Exception):
    pass


def made(folder: Path, **files: str) -> Path:
    path = folder / ".building"
    path.mkdir(parents=True)
    for name, text in files.items():
        (path / f"{name}.geojson").write_text(text)
    return path


def there(folder: Path) -> dict[str, str]:
    return {path.stem: path.read_text() for path in folder.glob("*.geojson")}


OLD = {"streets": "old", "boundary": "old", "roads": "old"}
NEW = {"streets": "new", "boundary": "new", "communities": "new"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    put(made(tmp_path, **OLD), tmp_path)
    return tmp_path


def test_the_new_set_is_there_and_the_old_one_comes_back_and_goes_again(folder: Path) -> None:
    put(made(folder, **NEW), folder, ["roads.geojson"])
    assert there(folder) == NEW
    assert can_go_back(folder)
    assert go_back(folder)
    assert there(folder) == OLD
    assert go_back(folder)
    assert there(folder) == NEW
    assert not (folder / READY).exists()


def test_what_the_new_set_does_not_speak_of_stays(folder: Path) -> None:
    put(made(folder, communities="new"), folder)
    assert there(folder) == OLD | {"communities": "new"}
    go_back(folder)
    assert there(folder) == OLD


def test_without_a_set_before_there_is_no_way_back(tmp_path: Path) -> None:
    assert not go_back(tmp_path)
    assert not finish(tmp_path)


def steps(monkeypatch: pytest.MonkeyPatch, after: int) -> None:
    """The power fails after so many touches of the disk."""
    left = [after]

    def cut(real: Callable[..., Any]) -> Callable[..., Any]:
        def touched(*given: Any, **named: Any) -> Any:
            left[0] -= 1
            if left[0] < 0:
                raise PowerCut
            return real(*given, **named)

        return touched

    for module, name in ((os, "rename"), (os, "replace"), (os, "link"), (os, "fsync"), (shutil, "rmtree"), (os, "unlink")):
        monkeypatch.setattr(module, name, cut(getattr(module, name)))
    monkeypatch.setattr(Path, "unlink", cut(Path.unlink))
    monkeypatch.setattr(Path, "touch", cut(Path.touch))
    monkeypatch.setattr(Path, "mkdir", cut(Path.mkdir))


@pytest.mark.parametrize("back", [False, True], ids=["a build", "the way back"])
def test_a_power_cut_at_any_instant_leaves_the_one_set_or_the_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, back: bool) -> None:
    seen = set()
    for after in range(200):
        folder = tmp_path / str(after)
        folder.mkdir()
        put(made(folder, **OLD), folder)
        if back:
            put(made(folder, **NEW), folder, ["roads.geojson"])
        else:
            made(folder, **NEW)
        with monkeypatch.context() as patch:
            steps(patch, after)
            try:
                go_back(folder) if back else put(folder / ".building", folder, ["roads.geojson"])
                whole = True
            except PowerCut:
                whole = False
        finish(folder)  # the next start
        assert there(folder) in (OLD, NEW), after
        seen.add(there(folder) == NEW)
        if can_go_back(folder) and there(folder) == NEW and (folder / BEFORE / changeover.LIST).is_file():
            go_back(folder)
            assert there(folder) in (OLD, {}), after
        if whole:
            break
    assert whole
    assert seen == {True, False}

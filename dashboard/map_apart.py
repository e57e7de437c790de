"""The work on uploaded map files, in a process of its own with limits: looked at, or built into the court's map.

The job is one JSON object on stdin, what happens goes out as one a line. Whoever started us may die: then we do, and nothing was changed.
"""

import os
import resource
import shutil
import signal
import sys
from pathlib import Path
from typing import Any

import orjson

from dashboard import basemap, i18n
from dashboard.i18n import of_error, t
from dashboard.supervise import die_with_parent
from data.errors import BadInput, CommandCentreError
from data.settings import Settings, load
from geo.basemap import Built, Source, Step
from geo.layers import LayerUnreadable
from geo.map_look import look

MEMORY_MOST = 8 << 30  # of addresses, in each process; 100 MB of an extract take 1.2 GB of memory, and its node index as much again
CPU_S = 4 * 3_600
NICE = 10  # calls and pictures come first
FOLDER = "map-"


def main() -> int:
    """{"do": "look" | "build", "files": [{"id", "name", "kind", "crs", "suffix", "parts": {suffix: path}}]}."""
    die_with_parent()
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_MOST, MEMORY_MOST))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))
    os.nice(NICE)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # cancelled: what was begun is cleared away
    i18n.check()
    settings = load()
    job = orjson.loads(sys.stdin.buffer.readline())
    folder = _folder(settings)
    try:
        sources, names = _linked(folder, job["files"])
        if job["do"] == "look":
            _look(sources, names)
        else:
            _build(settings, sources, names)
    except CommandCentreError as error:
        _say({"error": of_error(_renamed(error, names))})
        return 1
    except KeyboardInterrupt:
        return 130
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 0


def _folder(settings: Settings) -> Path:
    """For links: a reader knows a form by its ending, and parts of a shapefile by their common name."""
    for left in settings.run.glob(f"{FOLDER}*"):  # of one that was killed: links, never a file
        if not Path("/proc", left.name.removeprefix(FOLDER)).exists():
            shutil.rmtree(left, ignore_errors=True)
    folder = settings.run / f"{FOLDER}{os.getpid()}"
    folder.mkdir(mode=0o700)
    return folder


def _linked(folder: Path, files: list[dict[str, Any]]) -> tuple[dict[str, Source], dict[str, str]]:
    """What is to be read, by id; and how each link is called by people. Raises BadInput basemap.bad_crs."""
    sources, names = {}, {}
    for number, file in enumerate(files):
        for suffix, path in file["parts"].items():
            (folder / f"{number}{suffix}").symlink_to(path)
        link = folder / f"{number}{file['suffix']}"
        names[link.name] = file["name"]
        sources[file["id"]] = Source(link, file["kind"], None if file["kind"] == "osm" else basemap.datum_of(file["crs"]))
    return sources, names


def _look(sources: dict[str, Source], names: dict[str, str]) -> None:
    """Each by itself: what is wrong with one says nothing of the others."""
    for number, (key, source) in enumerate(sources.items()):
        _say({"step": {"text": t("basemap.step_read", name=names[source.path.name], done=""), "done": number, "whole": len(sources)}})
        try:
            found = look(source)
        except LayerUnreadable as error:
            refused = basemap.refusal(error.why, {"file": error.file, "row": error.row, "what": error.what})
            assert isinstance(refused, CommandCentreError)
            _say({"looked": {"id": key, "why": of_error(_renamed(refused, names))}})
            continue
        _say({"looked": {"id": key, "count": found.count, "bounds": found.bounds, "names": found.names, "outline": found.outline}})


def _build(settings: Settings, sources: dict[str, Source], names: dict[str, str]) -> None:
    def tell(step: Step) -> None:
        name = t(f"basemap.layer_{step.name}") if step.what == "tiles" else names.get(step.name, step.name)
        _say(
            {
                "step": {
                    "text": t(f"basemap.step_{step.what}", name=name, done=step.done, whole=step.whole),
                    "done": step.done,
                    "whole": step.whole,
                }
            }
        )

    built = basemap.build_of(settings, list(sources.values()), tell)
    _say({"built": told(built)})


def told(built: Built) -> dict[str, Any]:
    """As the page draws it, and the trace keeps it."""
    return {
        "counts": [[layer, t(f"basemap.layer_{layer}"), count] for layer, count in sorted(built.counts.items())],
        "tiles": built.tiles,
        "corners": built.corners,
        "notes": [t(f"basemap.note_{note.what}", count=note.count, names="、".join(note.names)) for note in built.notes],
    }


def _renamed(error: CommandCentreError, names: dict[str, str]) -> CommandCentreError:
    """A sentence calls a file as its owner does."""
    said = str(error.params.get("file", ""))
    return BadInput(error.code, code=error.code, **(error.params | {"file": names[said]})) if said in names else error


def _say(said: dict[str, Any]) -> None:
    sys.stdout.buffer.write(orjson.dumps(said) + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    sys.exit(main())

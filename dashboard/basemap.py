"""`ecc basemap build`: the operator's map files become the court's map. A child does the work, so that it can be stopped at once.

What was there before stays until all is ready, and can come back. One build at a time; a killed one leaves nothing that the next does not
clear away.
"""

import contextlib
import fcntl
import multiprocessing
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data.engines import open_database
from data.errors import BadInput, DatabaseUnavailable, Locked, NotFound, StorageFull, Unavailable
from data.queries.areas import court_place
from data.settings import Settings, sqlite_file
from geo import changeover
from geo.map_names import KINDS, kind_of

if TYPE_CHECKING:  # the geometry library takes a second to import, and only the child needs it
    from multiprocessing.connection import Connection

    from geo.basemap import Built, Source, Step
    from geo.coordinates import Crs, Place

DATUMS = {"WGS84": "WGS84", "WGS-84": "WGS84", "GCJ02": "GCJ02", "GCJ-02": "GCJ02", "BD09": "BD09", "BD-09": "BD09"}
EPSG = re.compile(r"EPSG:[0-9]{4,6}")
FULL = (28, 122)  # no space left, quota exceeded


def build(settings: Settings, words: Sequence[str], crs: str | None, tell: Callable[["Step"], None]) -> "Built":
    """From the operator's words: FILE, or KIND=FILE where the name does not say what it holds.

    Raises BadInput (which names the file and what is wrong), Locked, StorageFull, Unavailable. KeyboardInterrupt: nothing was changed.
    """
    return build_of(settings, [_source(word, crs) for word in words], tell)


def build_of(settings: Settings, sources: "Sequence[Source]", tell: Callable[["Step"], None]) -> "Built":
    """As `build`, from what was already understood."""
    settings.layers.mkdir(parents=True, exist_ok=True)
    with _alone(settings.layers):
        return _by_child(sources, settings.layers, tell, court_of(settings))


def go_back(settings: Settings) -> None:
    """The map before becomes the map again, and this one the map before. Raises NotFound basemap.no_before, Locked."""
    settings.layers.mkdir(parents=True, exist_ok=True)
    with _alone(settings.layers):
        if not changeover.go_back(settings.layers):
            raise NotFound("before", code="basemap.no_before")


def finish(settings: Settings) -> None:
    """What a power cut interrupted after all was ready is completed; what is being built is left to its builder."""
    with contextlib.suppress(Locked, OSError), _alone(settings.layers):
        changeover.finish(settings.layers)


def court_of(settings: Settings) -> "Place | None":
    """Where the court is, by which its county is known; None on a machine that holds none yet."""
    file = sqlite_file(settings.database_url)
    if file and not file.is_file():
        return None
    database = open_database(settings.database_url)
    try:
        with database.reading() as session:
            return court_place(session, settings.court_code)
    except DatabaseUnavailable:
        return None
    finally:
        database.close()


def _source(word: str, crs: str | None) -> "Source":
    from geo.basemap import Source

    kind, _, named = word.partition("=")
    said = kind in (*KINDS, "osm") and bool(named)
    path = Path(named if said else word)
    if not path.is_file():
        raise BadInput(path.name, code="basemap.no_file", file=str(path))
    found = kind if said else kind_of(path.name)
    if found is None:
        raise BadInput(path.name, code="basemap.no_kind", file=path.name, kinds=" ".join(f"{each}=" for each in KINDS))
    return Source(path, found, None if found == "osm" else datum_of(crs))


def datum_of(crs: str | None) -> "Crs | str | None":
    """What the operator called the datum; None: as the file says. Raises BadInput basemap.bad_crs."""
    from geo.coordinates import Crs

    datum_checked(crs)
    if not crs:
        return None
    known = DATUMS.get(crs.upper())
    return Crs(known) if known else crs.upper()


def datum_checked(crs: str | None) -> None:
    """Raises BadInput basemap.bad_crs."""
    if crs and crs.upper() not in DATUMS and not EPSG.fullmatch(crs.upper()):
        raise BadInput(crs[:40], code="basemap.bad_crs", crs=crs[:40])


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Raises Locked: another build is at work in this folder."""
    with (folder / ".building.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise Locked("building", code="basemap.busy") from error
        yield


def _by_child(sources: "Sequence[Source]", folder: Path, tell: Callable[["Step"], None], court: "Place | None") -> "Built":
    from geo.basemap import BUILDING, Built, Step

    context = multiprocessing.get_context("spawn")
    ours, its = context.Pipe(duplex=False)
    child = context.Process(target=_work, args=(its, list(sources), folder, court))
    child.start()
    its.close()
    try:
        while True:
            said = ours.recv()
            if isinstance(said, Step):
                tell(said)
            elif isinstance(said, Built):
                return said
            else:
                raise refusal(*said)
    except EOFError as error:  # it was killed, most likely because memory ran out
        raise Unavailable("the child died", code="basemap.died") from error
    finally:
        child.kill()
        child.join()
        ours.close()
        shutil.rmtree(folder / BUILDING, ignore_errors=True)


def refusal(why: str, values: dict[str, Any]) -> Exception:
    if why == "full":
        return StorageFull("layers")
    return BadInput(why, code=f"basemap.{why}", **values)


def _work(pipe: "Connection", sources: "list[Source]", folder: Path, court: "Place | None") -> None:
    """In the child: steps, then what was built or why not."""
    import signal

    from geo.basemap import build as build_map
    from geo.layers import LayerUnreadable
    from geo.tiles import die_with_parent

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent hears it too, and ends us
    die_with_parent()
    try:
        pipe.send(build_map(sources, folder, pipe.send, court))
    except LayerUnreadable as error:
        pipe.send((error.why, {"file": error.file, "row": error.row, "what": error.what}))
    except OSError as error:
        if error.errno not in FULL:
            raise
        pipe.send(("full", {}))

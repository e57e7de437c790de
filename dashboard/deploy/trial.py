"""Whether this version would come up with the court's own data, tried where nothing can be broken."""

import shutil
import tempfile
from pathlib import Path

from dashboard.app import build
from dashboard.media import build as build_relay
from dashboard.upgrade import upgrade
from data.dumps import copy_database
from data.settings import Settings


def try_on_copy(settings: Settings) -> None:
    """This version on a copy of the data: the schema comes up, and what serves can be built. Nothing of the court is touched.

    Raises whatever would have stopped the start. A database on PostgreSQL is not copied: only the building is tried.
    """
    with tempfile.TemporaryDirectory(prefix="rehearsal-", dir=settings.run) as scratch:
        copy = settings.but(home=Path(scratch), database_url="", redis_url="unix:///nowhere", recordings=Path(scratch) / "recordings")
        copy.make_folders()
        for key in settings.keys.glob("*"):
            shutil.copy2(key, copy.keys)
        if settings.database_url.startswith("sqlite"):
            copy_database(settings.database_url, copy.home / "ecc.db")
        upgrade(copy)
        build(copy)
        build_relay(copy)

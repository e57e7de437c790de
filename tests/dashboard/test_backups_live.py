"""The daily backup of a running court, what the wall is told when it fails, and a restored court that shows the same wall."""

import asyncio
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from ulid import ULID

from dashboard.backups.restoring import restore
from dashboard.backups.sealed import new_identity
from data.actions.calls import answer_call, place_call
from data.engines import open_database
from data.journal import Journal, head
from data.rules.permissions import Actor, Role
from data.sealing import load_sealing
from data.settings import Settings
from tests.dashboard.test_live import View, viewer
from tests.running import Product, Seeded, eventually, seed
from tests.servers import short_folder

pytestmark = pytest.mark.timeout(300)
PATIENT_S = 120.0


@pytest.fixture
def folder() -> Path:
    return short_folder()


def in_a_talk(settings: Settings) -> Seeded:
    """The small court in a talk: the first backup may come before anybody can ring, and a ring that nobody answers changes by itself."""
    seeded = seed(settings)
    database, now = open_database(settings.database_url), datetime.now(UTC)
    journal = Journal(database, load_sealing(settings.keys), settings.court_code, civil_offset_s=settings.civil_offset_s)
    phone = Actor("DEVICE", "device:2", Role.DEVICE, settings.court_code, officer_id=seeded.officers[1002], unit_no=1002, device_no=2)
    duty = Actor("OFFICER", "duty", Role.DUTY, settings.court_code, officer_id=seeded.officers[1001])
    call_id = str(ULID())
    journal.do(phone, now, place_call, call_id, now)
    journal.do(duty, now, answer_call, call_id)
    database.close()
    return seeded


def archives(folder: Path) -> list[Path]:
    return sorted((folder / "to").glob("*.backup"))


def troubles(wall: View) -> dict[str, str]:
    """Of the wall's system line: part and state."""
    return {each["part"]: each["state"] for each in wall.tick.get("troubles", [])}


async def test_a_court_is_backed_up_by_itself_and_a_restored_one_shows_the_same_wall(folder: Path) -> None:
    secret, public = new_identity()
    (folder / "identity").write_text(secret)
    said: dict[str, Any] = {
        "backup_at": "02:30",
        "backup_to": folder / "to",
        "backup_keys_to": folder / "keys",
        "backup_recipients": (public,),
    }
    with Product(in_a_talk, **said) as product:
        async with viewer(product, "wall", product.seeded.wall) as wall:
            await asyncio.to_thread(eventually, lambda: archives(folder) != [], "no backup came by itself", PATIENT_S)
            await wall.until(lambda: "troubles" in wall.tick and "backup" not in troubles(wall), PATIENT_S)
        rows = wall.rows
        seeded: Seeded = product.seeded
    assert [each["state"] for each in rows["call"].values()] == ["ANSWERED"]
    (keys,) = (folder / "keys").glob("*.keys")
    done = restore(Settings.of(home=folder / "elsewhere"), archives(folder)[0], keys, folder / "identity", folder / "new")
    assert done.parts > 1
    with Product(lambda _: seeded, home=folder / "new", court_code="QX") as again, again.database().reading() as session:
        assert head(session) >= done.seq
        async with viewer(again, "wall", seeded.wall) as wall:
            for kind in ("court", "unit", "team", "call", "area"):
                assert wall.rows.get(kind) == rows.get(kind), kind
    shutil.rmtree(folder)


@pytest.mark.long  # why a backup fails: test_backups.py
async def test_a_backup_that_fails_is_on_the_walls_system_line(folder: Path) -> None:
    (folder / "to").touch()  # a disk that is not what it was
    said: dict[str, Any] = {
        "backup_at": "02:30",
        "backup_to": folder / "to",
        "backup_keys_to": folder / "keys",
        "backup_recipients": (new_identity()[1],),
    }
    with Product(seed, **said) as product:
        async with viewer(product, "wall", product.seeded.wall) as wall:
            await wall.until(lambda: troubles(wall).get("backup") == "down", PATIENT_S)
            assert wall.tick["parts"]["disk"]["up"] is True
    shutil.rmtree(folder)

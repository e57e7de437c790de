"""存储与保存期限: what lies on the disk by kind, how long it is kept, what the next purge takes, how long the disk lasts; 留存 by case."""

import os
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import chain
from pathlib import Path
from typing import TypeAlias

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dashboard.admin.doors import Doors, checked
from dashboard.said import Said, actor_of, text_of
from data.actions.archives import hold_positions, lift_position_hold, stop_archiving
from data.actions.recordings import hold_case, lift_case
from data.errors import BadInput
from data.live_settings import current
from data.queries.archives import archives_, held_id, hold_lines, on_hold
from data.queries.recordings import bytes_per_day
from data.queries.storage import lots
from data.queries.wall import sight_of
from data.rules import words
from data.rules.archives import HeldFor, kept_days
from data.rules.archives import archived as is_archived
from data.rules.permissions import Actor, Verb, may
from data.rules.recordings import RESERVE, forecast
from data.rules.storage import Kind, Lot, parts
from data.settings import sqlite_file

Held: TypeAlias = Callable[[date], bool]

DAYS_SHOWN = 40  # of the archive: a month, and what has just gone
FILES_MOST = 200_000  # looked at for one page; more is said as «at least»


class Storage(Doors):
    """Below `/centre/admin`."""

    def routes(self) -> list[Route]:
        return [
            self.shown("/storage", self._page),
            self.told("/storage/hold", Verb.HOLD_RECORDING, self._hold),
            self.told("/storage/lift", Verb.HOLD_RECORDING, self._lift),
            self.told("/storage/positions/hold", Verb.HOLD_POSITIONS, self._hold_positions),
            self.told("/storage/positions/lift", Verb.HOLD_POSITIONS, self._lift_positions),
            self.told("/storage/archives/stop", Verb.STOP_ARCHIVING, self._stop_archiving),
        ]

    async def _page(self, request: Request) -> Response:
        actor = checked(actor_of(request), Verb.SEE_STORAGE)
        now = self.now()
        settings = await self.read(actor, lambda session, _: current(session, self.settings))
        found = await self.read(actor, lots, now, settings.recording_days)
        per_day = await self.read(actor, lambda session, _: bytes_per_day(session, now))
        held = await self.read(actor, lambda session, _: on_hold(session, settings.civil_offset_s))
        keep_days = kept_days(settings.history_days, settings.archive_days)
        measured = await self.lanes.readers.run(self._measured, found, now, keep_days, held)
        disk = os.statvfs(self.settings.home)
        free, total = disk.f_bavail * disk.f_frsize, disk.f_blocks * disk.f_frsize
        lasts = forecast(free, per_day, RESERVE)
        sight, may_hold = sight_of(actor, court_code=self.settings.court_code), may(actor, Verb.HOLD_POSITIONS)
        archived, _ = await self.read(actor, lambda session, _: archives_(session, sight, actor, settings.civil_offset_s))
        standing = await self.read(actor, hold_lines) if may_hold else []
        return self.page(
            "storage.html", actor, "storage", lots=measured, parts=parts(measured, total, free), free=free, total=total, forecast=lasts,
            days=columns(per_day), size=size_of, holds=may(actor, Verb.HOLD_RECORDING), reserve=RESERVE,
            archived=archived[:DAYS_SHOWN], stops=may(actor, Verb.STOP_ARCHIVING), standing=standing, may_hold=may_hold,
            kinds=list(HeldFor), open_days=settings.history_days, keep_days=keep_days,
            keeps_archive=is_archived(settings.history_days, settings.archive_days),
        )  # fmt: skip

    def _measured(self, found: list[Lot], now: datetime, keep_days: int, held: Held) -> list[Lot]:
        """What has files of its own is counted where it lies; in the order of the kinds."""
        by_kind = {lot.kind: lot for lot in found}
        by_kind[Kind.CLIPS] = replace(by_kind[Kind.CLIPS], bytes=_weight(self.settings.clips.rglob("*")))
        by_kind[Kind.JOURNAL] = replace(by_kind[Kind.JOURNAL], bytes=_database_bytes(self.settings.database_url))
        by_kind[Kind.POSITIONS] = positions_of(self.settings.positions, now, keep_days, self.settings.archive, held)
        logs = [path for path in self.settings.log.rglob("*") if path.is_file()]
        oldest = min((datetime.fromtimestamp(path.stat().st_mtime, UTC) for path in logs), default=None)
        by_kind[Kind.LOGS] = Lot(Kind.LOGS, len(logs), _weight(logs), oldest, None)
        return [by_kind[kind] for kind in Kind]

    async def _hold(self, actor: Actor, said: Said) -> Said:
        return {"count": await self.write(actor, hold_case, text_of(said, "case_no"), text_of(said, "reason"))}

    async def _lift(self, actor: Actor, said: Said) -> Said:
        return {"count": await self.write(actor, lift_case, text_of(said, "case_no"), text_of(said, "reason"))}

    async def _hold_positions(self, actor: Actor, said: Said) -> Said:
        kind = text_of(said, "for")
        about = await self.read(actor, held_id, kind, text_of(said, "about"))
        days = [_day_of(text_of(said, name)) for name in ("from", "to")]
        return {"id": await self.write(actor, hold_positions, kind, about, *days, text_of(said, "reason"))}

    async def _lift_positions(self, actor: Actor, said: Said) -> Said:
        return {"lifted": await self.write(actor, lift_position_hold, words.ulid(text_of(said, "id")), text_of(said, "reason"))}

    async def _stop_archiving(self, actor: Actor, said: Said) -> Said:
        return {"stopped": await self.write(actor, stop_archiving, words.ulid(text_of(said, "id")))}


def _day_of(said: str) -> date:
    """Raises BadInput archive.bad_days."""
    try:
        return date.fromisoformat(said)
    except ValueError as error:
        raise BadInput("days", code="archive.bad_days") from error


def positions_of(folder: Path, now: datetime, keep_days: int, archive: Path | None = None, held: Held = lambda day: False) -> Lot:
    """One file a day, and what belongs to it, open or archived; which go next is reckoned as `History.outdated` does, without held days."""
    days: dict[str, int] = {}
    for path in chain(folder.glob("positions-????????*.db*"), archive.glob("positions-????????-*.parquet") if archive else ()):
        day = path.name[len("positions-") :][:8]
        days[day] = days.get(day, 0) + _size(path)

    kept = {day for day in days if day.isdigit() and held(_date(day))}

    def over(at: datetime) -> list[int]:
        limit = f"{at.date() - timedelta(days=keep_days):%Y%m%d}"
        return [size for day, size in days.items() if day < limit and day not in kept]

    due, week = over(now), over(now + timedelta(days=7))
    oldest = datetime.combine(_date(min(days)), time(), UTC) if days and min(days).isdigit() else None
    soon, soon_bytes = len(week) - len(due), sum(week) - sum(due)
    return Lot(Kind.POSITIONS, len(days), sum(days.values()), oldest, keep_days, len(kept), len(due), sum(due), soon, soon_bytes)


def _date(day: str) -> date:
    return date(int(day[:4]), int(day[4:6]), int(day[6:]))


def _weight(paths: Iterable[Path]) -> int:
    total = 0
    for number, path in enumerate(paths):
        if number >= FILES_MOST:
            break
        total += _size(path)
    return total


def _size(path: Path) -> int:
    """0 for what has gone meanwhile, and for folders."""
    try:
        return path.stat().st_size if path.is_file() else 0
    except OSError:
        return 0


def _database_bytes(url: str) -> int | None:
    """Of the file in the home; a server's database lies elsewhere."""
    file = sqlite_file(url)
    return sum(_size(Path(f"{file}{suffix}")) for suffix in ("", "-wal", "-shm")) if file else None


def columns(per_day: list[int]) -> list[tuple[int, int]]:
    """The last days' bytes and how high each is drawn, of a hundred; a day that recorded anything is seen."""
    most = max(per_day, default=0)
    return [(each, max(2, round(100 * each / most)) if each else 0) for each in per_day]


def size_of(count: int | None) -> str:
    """1.2 GB, as disks are sold: by thousands."""
    if count is None:
        return ""
    for unit, power in (("TB", 12), ("GB", 9), ("MB", 6), ("KB", 3)):
        if count >= 10**power:
            return f"{count / 10**power:.1f} {unit}"
    return f"{count} B"

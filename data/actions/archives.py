"""What becomes of a day of positions: archived, removed, purged; held and let go. A hold overrides every removal."""

from datetime import date

from sqlalchemy import select
from ulid import ULID

from data.actions.allowed import allowed
from data.actions.audit import record_audit
from data.actions.keeping import found, held, held_or_none
from data.errors import NotFound, RuleBroken
from data.events import PositionsArchived, PositionsArchivingEnded, PositionsHeld, PositionsHoldLifted, PositionsPurged
from data.journal import Work
from data.rules import archives, recordings, words
from data.rules.archives import ArchiveState, HeldFor
from data.rules.identity import Act
from data.rules.permissions import Verb
from data.tables import CaseRow, CourtRow, MissionRow, PositionArchiveRow, PositionHoldRow, UnitRow

MISSING, NO_HOLD = "not_found.archive", "not_found.position_hold"
HOLDS_MOST = 10_000  # that stand at once; looked through for each day that is to go
_OF: dict[HeldFor, tuple[type[UnitRow] | type[MissionRow] | type[CaseRow], str]] = {
    HeldFor.UNIT: (UnitRow, "not_found.unit"),
    HeldFor.MISSION: (MissionRow, "not_found.mission"),
    HeldFor.CASE: (CaseRow, "not_found.case"),
}


def begin_archiving(work: Work, archive_id: str, day: date) -> bool:
    """A sealed day is about to be written. archive_id: its seal. Returns False when somebody has stopped it, or when it stands already."""
    allowed(work, Verb.KEEP_POSITIONS)
    row = work.session.get(PositionArchiveRow, words.ulid(archive_id), with_for_update={"key_share": True})
    if row is None:
        row = PositionArchiveRow(id=archive_id, court_code=work.court_code, day=day, state=ArchiveState.WRITING)
        work.session.add(row)
    elif row.state in (ArchiveState.KEPT, ArchiveState.PURGED) or not archives.may_begin(row.state, row.ended_at, work.now):
        return False
    row.state, row.share_pct, row.ended_at, row.why = ArchiveState.WRITING, 0, None, None
    return True


def tell_archiving(work: Work, archive_id: str, share_pct: int) -> bool:
    """So far it has come. Returns whether it is still wanted. No event: it says nothing about anybody and changes no screen by itself."""
    allowed(work, Verb.KEEP_POSITIONS)
    row = held(work, PositionArchiveRow, archive_id, MISSING)
    if row.state != ArchiveState.WRITING:
        return False
    row.share_pct = max(0, min(share_pct, 100))
    return True


def keep_archive(work: Work, archive_id: str, fixes: int, units: int, size: int, sha256: str) -> bool:
    """The file is whole under its name; its digest goes into the chain. Returns False when somebody has stopped it meanwhile."""
    allowed(work, Verb.KEEP_POSITIONS)
    row = held(work, PositionArchiveRow, archive_id, MISSING)
    if row.state != ArchiveState.WRITING:
        return False
    row.state, row.share_pct, row.ended_at = ArchiveState.KEPT, 100, work.now
    row.fixes, row.units, row.size, row.sha256 = fixes, units, size, recordings.digest(sha256)
    work.record(PositionsArchived(archive_id=row.id, day=f"{row.day:%Y-%m-%d}", fixes=fixes, units=units, size=size, sha256=sha256))
    return True


def fail_archiving(work: Work, archive_id: str, why: str) -> bool:
    """why: a code of ours. Returns False when it was not being written."""
    allowed(work, Verb.KEEP_POSITIONS)
    return _end(work, archive_id, ArchiveState.FAILED, why[:48])


def stop_archiving(work: Work, archive_id: str) -> bool:
    """By a person, because the machine is needed for something else: until tomorrow. Returns False when it was not being written."""
    allowed(work, Verb.STOP_ARCHIVING)
    return _end(work, archive_id, ArchiveState.STOPPED, "stopped")


def _end(work: Work, archive_id: str, state: ArchiveState, why: str) -> bool:
    row = held(work, PositionArchiveRow, archive_id, MISSING)
    if row.state != ArchiveState.WRITING:
        return False
    row.state, row.ended_at, row.why = state, work.now, why
    work.record(PositionsArchivingEnded(archive_id=row.id, day=f"{row.day:%Y-%m-%d}", why=why))
    return True


# --- going for good ---------------------------------------------------------------------------------------------------------------------


def begin_removal(work: Work, name: str, day: date) -> None:
    """A day file's time is over and it was never archived: from now on it may go. Raises RuleBroken archive.held."""
    allowed(work, Verb.KEEP_POSITIONS)
    _free(work, day)
    record_audit(work, Act.PURGE, "positions", name, result="begun")


def end_removal(work: Work, name: str, day: date, fixes: int) -> None:
    """It is gone; what it was stands here with its count."""
    allowed(work, Verb.KEEP_POSITIONS)
    record_audit(work, Act.PURGE, "positions", name)
    work.record(PositionsPurged(archive_id=None, day=f"{day:%Y-%m-%d}", fixes=fixes, size=None, sha256=None))


def purge_archive(work: Work, archive_id: str, oldest: date) -> bool:
    """Its time is over: from now on it is gone, with counts and digest. The file goes after the commit. Raises RuleBroken archive.held.

    oldest: the oldest day that is still kept. Returns False when it is to stay, or is gone already.
    """
    allowed(work, Verb.KEEP_POSITIONS)
    row = held(work, PositionArchiveRow, archive_id, MISSING)
    if row.state != ArchiveState.KEPT or row.day >= oldest:
        return False
    _free(work, row.day)
    row.state, row.purged_at = ArchiveState.PURGED, work.now
    record_audit(work, Act.PURGE, "position_archive", row.id, fields=(f"fixes:{row.fixes}",))
    work.record(PositionsPurged(archive_id=row.id, day=f"{row.day:%Y-%m-%d}", fixes=row.fixes, size=row.size, sha256=row.sha256))
    return True


def _free(work: Work, day: date) -> None:
    """Of a hold and a removal at the same moment one waits for the other. Raises RuleBroken archive.held."""
    held_or_none(work, CourtRow, work.court_code)
    standing = select(PositionHoldRow.from_on, PositionHoldRow.to_on).where(PositionHoldRow.lifted_at.is_(None))
    if any(archives.covers(from_on, to_on, day, work.civil_offset_s) for from_on, to_on in work.session.execute(standing)):
        raise RuleBroken("held", code="archive.held")


# --- 留存 -------------------------------------------------------------------------------------------------------------------------------


def hold_positions(work: Work, held_for: str, held_id: str, from_on: date, to_on: date, reason: str) -> str:
    """留存: positions of these civil days, both included, stay until the hold is lifted. Audited with the reason. Returns its id.

    held_for: unit | mission | case, held_id: which. Raises NotFound, BadInput archive.bad_hold, archive.bad_days, text.*,
    RuleBroken archive.many_holds.
    """
    allowed(work, Verb.HOLD_POSITIONS)
    kind = archives.check_hold(held_for, from_on, to_on)
    reason = words.word(reason, "reason", 200)
    table, missing = _OF[kind]
    held_or_none(work, CourtRow, work.court_code)
    whose = found(work, table, _key(kind, held_id, missing), missing)
    standing = work.session.scalars(select(PositionHoldRow.id).where(PositionHoldRow.lifted_at.is_(None)).limit(HOLDS_MOST)).all()
    if len(standing) >= HOLDS_MOST:
        raise RuleBroken("holds", code="archive.many_holds")
    row = PositionHoldRow(
        id=str(ULID.from_datetime(work.now)),
        court_code=work.court_code,
        unit_no=whose.no if isinstance(whose, UnitRow) else None,
        mission_id=whose.id if isinstance(whose, MissionRow) else None,
        case_id=whose.id if isinstance(whose, CaseRow) else None,
        from_on=from_on,
        to_on=to_on,
        held_at=work.now,
        held_by=work.actor.officer_id,
    )
    work.session.add(row)
    record_audit(work, Act.HOLD, "position_hold", row.id, fields=(f"{from_on}/{to_on}", f"{kind.value}:{held_id}"), reason=reason)
    work.record(PositionsHeld(position_hold_id=row.id, from_day=f"{from_on}", to_day=f"{to_on}"))
    return row.id


def lift_position_hold(work: Work, hold_id: str, reason: str) -> bool:
    """By another person than who put it, audited with the reason. Returns False when it was lifted before.

    Raises NotPermitted recording.own_hold.
    """
    allowed(work, Verb.HOLD_POSITIONS)
    row = held(work, PositionHoldRow, hold_id, NO_HOLD)
    reason = words.word(reason, "reason", 200)
    if row.lifted_at is not None:
        return False
    recordings.check_lift(row.held_by, work.actor.officer_id)
    row.lifted_at, row.lifted_by = work.now, work.actor.officer_id
    record_audit(work, Act.HOLD, "position_hold", row.id, fields=("lifted",), reason=reason)
    work.record(PositionsHoldLifted(position_hold_id=row.id, from_day=f"{row.from_on}", to_day=f"{row.to_on}"))
    return True


def _key(kind: HeldFor, held_id: str, missing: str) -> object:
    """Raises NotFound: what has not the form of an id never reaches the database."""
    if not (held_id.isascii() and held_id.isprintable() and len(held_id) <= 40):
        raise NotFound("id", code=missing)
    if kind is not HeldFor.UNIT:
        return held_id
    return int(held_id) if held_id.isdigit() and len(held_id) < 10 else -1

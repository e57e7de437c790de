"""A fault is reported by one tap, taken by somebody who mends it, and closed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from ulid import ULID

from data.actions.allowed import allowed
from data.actions.keeping import held, next_number
from data.errors import AlreadyOwned, BadInput, NotPermitted, RuleBroken, TooMany
from data.events import FaultClosed, FaultReported, FaultTaken
from data.journal import Work
from data.rules import faults, words
from data.rules.faults import FaultState
from data.rules.permissions import Actor, Verb
from data.tables import FaultRow, OfficerRow


@dataclass(frozen=True, slots=True)
class Reported:
    """fresh: False for a second tap, which gets the number of the first."""

    id: str
    number: str
    fresh: bool


def report_fault(
    work: Work, face: str, snapshot: Mapping[str, object], sentence: str | None = None, fault_id: str | None = None
) -> Reported:
    """Something does not work: who presses, where, with what his page knows of itself and, if he likes, a sentence.

    fault_id: made by the page, which sends the same report again until it is answered. Raises TooMany fault.too_often (one reporter),
    fault.full (the whole court), BadInput.
    """
    allowed(work, Verb.REPORT_FAULT)
    where, kept, reporter = faults.face(face), faults.snapshot(snapshot), _reporter(work.actor)
    said = words.word(sentence, "sentence", faults.SENTENCE_LONGEST) if sentence and sentence.strip() else None
    id_ = words.ulid(fault_id) if fault_id is not None else str(ULID.from_datetime(work.now))
    mine = select(FaultRow).where(FaultRow.reporter == reporter, FaultRow.reported_at > work.now - faults.HOUR)
    lately = list(work.session.scalars(mine.order_by(FaultRow.reported_at.desc(), FaultRow.id.desc())))
    before = _told_before(work, reporter, id_) or next((row for row in lately if _is_same(row, work, kept)), None)
    if before is not None:
        if said is not None and before.sentence is None:
            before.sentence = work.sealing.seal(said)  # the tap first, the words after it
        return Reported(before.id, before.number, fresh=False)
    _bounded(work, lately)
    row = FaultRow(
        id=id_,
        court_code=work.court_code,
        number=next_number(work, faults.LETTER),
        reporter=reporter,
        role=work.actor.role.value,
        face=where.value,
        sentence=work.sealing.seal(said),
        snapshot=kept,
        reported_at=work.now,
    )
    work.session.add(row)
    work.session.flush()
    work.record(FaultReported(fault_id=row.id, face=where.value))
    return Reported(row.id, row.number, fresh=True)


def _told_before(work: Work, reporter: str, fault_id: str) -> FaultRow | None:
    """Raises BadInput: somebody else's."""
    row = work.session.get(FaultRow, fault_id)
    if row is not None and row.reporter != reporter:
        raise BadInput("id", code="input.bad")
    return row


def _is_same(row: FaultRow, work: Work, snapshot: Mapping[str, object]) -> bool:
    return row.closed_at is None and faults.same_trouble(work.now, snapshot, row.reported_at, row.snapshot)


def _bounded(work: Work, lately: Sequence[FaultRow]) -> None:
    if len(lately) >= faults.AN_HOUR_MOST:
        again_s = (lately[-1].reported_at + faults.HOUR - work.now).total_seconds()
        raise TooMany("faults", code="fault.too_often", retry_after_s=max(1, round(again_s)))
    if (work.session.scalar(select(func.count()).where(FaultRow.closed_at.is_(None))) or 0) >= faults.OPEN_MOST:
        raise TooMany("faults", code="fault.full", retry_after_s=600)


def take_fault(work: Work, fault_id: str) -> bool:
    """«我来处理». Returns False if he has it. Raises AlreadyOwned fault.taken, RuleBroken fault.closed, NotFound."""
    row = _mended(work, fault_id)
    if row.closed_at is not None:
        raise RuleBroken("closed", code="fault.closed")
    if row.taken_by == work.actor.officer_id:
        return False
    if row.taken_by is not None:
        raise AlreadyOwned("taken", code="fault.taken", owner=work.session.get_one(OfficerRow, row.taken_by).title)
    row.taken_by, row.taken_at = work.actor.officer_id, work.now
    work.record(FaultTaken(fault_id=row.id))
    return True


def close_fault(work: Work, fault_id: str, remedy: str | None = None) -> bool:
    """It is mended, or was none; remedy: a sentence about it. Whoever closes it has it, too. Returns False if it was closed already."""
    row = _mended(work, fault_id)
    if faults.state(row.taken_at is not None, row.closed_at is not None) is FaultState.CLOSED:
        return False
    said = words.word(remedy, "remedy", faults.REMEDY_LONGEST) if remedy and remedy.strip() else None
    if row.taken_by is None:
        row.taken_by, row.taken_at = work.actor.officer_id, work.now
    row.closed_by, row.closed_at, row.remedy = work.actor.officer_id, work.now, work.sealing.seal(said)
    work.record(FaultClosed(fault_id=row.id))
    return True


def _mended(work: Work, fault_id: str) -> FaultRow:
    allowed(work, Verb.MEND_FAULT)
    if work.actor.officer_id is None:
        raise NotPermitted("nobody", verb=Verb.MEND_FAULT.value)
    return held(work, FaultRow, words.ulid(fault_id), "not_found.fault")


def _reporter(actor: Actor) -> str:
    """Who is counted: the person, the unit, the wall or the guest's link."""
    return f"{actor.kind}:{actor.officer_id or actor.unit_no or actor.wall_id or actor.id}"[:64]

"""How the parts of the product have been, and what was reported as broken."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from data.errors import NotPermitted
from data.queries.reading import Drawn, Ids, Reading, among, at, listing
from data.rules import faults, masking
from data.rules.permissions import ALLOWED, Actor, Clearance, Verb
from data.sealing import Sealing
from data.tables import FaultRow, OfficerRow, PartChangeRow

LISTED = 100  # on the administrator's page: open ones and the newest closed ones


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault as the administrator's page tells it."""

    id: str
    number: str
    state: faults.FaultState
    face: str
    role: str
    reported_at: datetime
    sentence: str | None
    snapshot: Mapping[str, Any]
    taken_by: str | None
    taken_at: datetime | None
    closed_by: str | None
    closed_at: datetime | None
    remedy: str | None


def last_changes(session: Session) -> dict[str, datetime]:
    """When each part went down or came back last; a part that never did is not named."""
    query = select(PartChangeRow.part, func.max(PartChangeRow.at).label("changed")).group_by(PartChangeRow.part)
    return {row.part: row.changed for row in listing("part", session, query, PartChangeRow.part, lambda record: record)}


def last_states(session: Session) -> dict[str, str]:
    """How each part is by the journal: «down», or «up» again."""
    newest = select(func.max(PartChangeRow.id)).group_by(PartChangeRow.part)
    found = session.execute(select(PartChangeRow.part, PartChangeRow.state).where(PartChangeRow.id.in_(newest)))
    return {row.part: row.state for row in found}


def parts_(reading: Reading, ids: Ids) -> Drawn:
    """A row for each part that was ever down: how it is by the journal, since when, and its last changes, the newest first."""
    if reading.own_only:
        return {}
    columns = PartChangeRow.id, PartChangeRow.part, PartChangeRow.at, PartChangeRow.state
    query = select(*columns).where(*among(PartChangeRow.part, ids)).order_by(PartChangeRow.id.desc())
    changes: dict[str, list[Any]] = {}
    for change in reading.records("part", query, PartChangeRow.id):
        changes.setdefault(change.part, []).append(change)
    fields = masking.fields_of("part", reading.sight.clearance)
    return {
        part: masking.cut(
            {
                "name": part,
                "state": of_part[0].state,
                "since_at": at(of_part[0].at),
                "history": [[at(change.at), change.state] for change in of_part],
            },
            fields,
        )
        for part, of_part in sorted(changes.items())
    }


def of_now(reading: Reading) -> ColumnElement[bool]:
    """Open, or reported today."""
    return or_(FaultRow.closed_at.is_(None), FaultRow.reported_at >= reading.day_start)


def faults_(reading: Reading, ids: Ids) -> Drawn:
    """Faults that are open, and those of today: how many, where from and who has them; not what was written."""
    if reading.own_only:
        return {}
    query = (
        select(
            FaultRow.id, FaultRow.number, FaultRow.face, FaultRow.reported_at, FaultRow.taken_at, FaultRow.closed_at,
            OfficerRow.name, OfficerRow.title,
        )
        .outerjoin(OfficerRow, OfficerRow.id == FaultRow.taken_by)
        .where(of_now(reading), *among(FaultRow.id, ids))
    )  # fmt: skip

    def row(record: Any) -> dict[str, Any]:
        return {
            "id": record.id,
            "number": record.number,
            "face": record.face,
            "state": faults.state(record.taken_at is not None, record.closed_at is not None).value,
            "reported_at": at(record.reported_at),
            "taken_at": at(record.taken_at),
            "taken_by": reading.officer(record.name, record.title) if record.name else None,
        }

    return reading.draw("fault", query, FaultRow.id, row)


def faults_open(session: Session) -> int:
    return session.scalar(select(func.count()).where(FaultRow.closed_at.is_(None))) or 0


def fault_list(session: Session, actor: Actor, sealing: Sealing) -> Sequence[Fault]:
    """For who mends them: the open ones first, each group the newest first. Raises NotPermitted."""
    if actor.role not in ALLOWED[Verb.MEND_FAULT]:
        raise NotPermitted("faults", verb=Verb.MEND_FAULT.value)
    taker, closer = OfficerRow.__table__.alias("taker"), OfficerRow.__table__.alias("closer")
    query = (
        select(FaultRow, taker.c.name, taker.c.title, closer.c.name, closer.c.title)
        .outerjoin(taker, taker.c.id == FaultRow.taken_by)
        .outerjoin(closer, closer.c.id == FaultRow.closed_by)
        .order_by(FaultRow.closed_at.is_not(None), FaultRow.reported_at.desc(), FaultRow.id.desc())
        .limit(LISTED + faults.OPEN_MOST)
    )
    return [_fault(row, _who(by, his), _who(closed, hers), sealing) for row, by, his, closed, hers in session.execute(query)]


def _who(name: str | None, title: str | None) -> str | None:
    return masking.officer(name, title or "", Clearance.DESK) if name else None


def _fault(row: FaultRow, taken_by: str | None, closed_by: str | None, sealing: Sealing) -> Fault:
    state = faults.state(row.taken_at is not None, row.closed_at is not None)
    return Fault(
        row.id, row.number, state, row.face, row.role, row.reported_at, sealing.open(row.sentence), row.snapshot,
        taken_by, row.taken_at, closed_by, row.closed_at, sealing.open(row.remedy),
    )  # fmt: skip

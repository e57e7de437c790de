"""The figures of screenings (K35) and the lists that they count. No name: a wall may show the figures, a desk opens the lists."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from data.errors import NotPermitted
from data.rules.civil import civil_day
from data.rules.permissions import Clearance, Sight
from data.rules.screening_figures import Figure, Held, Item, within_seven
from data.tables import AttendeeRow, CaseRow, PromiseRow, ScreeningRow, SettlementRow, SpotPaymentRow

Outcome = TypeVar("Outcome", PromiseRow, SettlementRow, SpotPaymentRow)
SHOWN_TO = frozenset({Clearance.DESK, Clearance.WALL, Clearance.VISITORS})


def held_sessions(session: Session, sight: Sight, year: int, civil_offset_s: int, kind: str | None = None) -> list[Held]:
    """All that began in this year of the court's calendar, the newest first; of one kind, or of both. Raises NotPermitted."""
    if sight.clearance not in SHOWN_TO:
        raise NotPermitted("not for this face")
    first, last = _bounds(year, civil_offset_s)
    began = select(ScreeningRow).where(
        ScreeningRow.court_code == sight.court_code, ScreeningRow.began_at >= first, ScreeningRow.began_at < last
    )
    if kind is not None:
        began = began.where(ScreeningRow.kind == kind)
    rows = session.scalars(began.order_by(ScreeningRow.began_at.desc(), ScreeningRow.id)).all()
    return _Facts(session, [row.id for row in rows], civil_offset_s).of(rows)


def years(session: Session, sight: Sight, civil_offset_s: int, today: date) -> list[int]:
    """In which any was held, and this one; the newest first."""
    first = session.scalar(
        select(ScreeningRow.began_at)
        .where(ScreeningRow.court_code == sight.court_code, ScreeningRow.began_at.is_not(None))
        .order_by(ScreeningRow.began_at)
        .limit(1)
    )
    oldest = today.year if first is None else min(today.year, civil_day(first, civil_offset_s).year)
    return list(range(today.year, oldest - 1, -1))


def _bounds(year: int, civil_offset_s: int) -> tuple[datetime, datetime]:
    offset = timedelta(seconds=civil_offset_s)
    first, last = (datetime.combine(date(number, 1, 1), time(), UTC) - offset for number in (year, year + 1))
    return first, last


class _Facts:
    """Everything of these sessions, read once each."""

    def __init__(self, session: Session, ids: Sequence[str], civil_offset_s: int) -> None:
        self._offset = civil_offset_s
        self._number: dict[str, int] = {}
        people = session.execute(
            select(AttendeeRow, CaseRow.case_no)
            .outerjoin(CaseRow, CaseRow.id == AttendeeRow.case_id)
            .where(AttendeeRow.screening_id.in_(ids), AttendeeRow.taken_off_at.is_(None))
            .order_by(AttendeeRow.number)
        )
        self._people: dict[str, list[tuple[AttendeeRow, str]]] = defaultdict(list)
        for row, case_no in people:
            self._people[row.screening_id].append((row, case_no or ""))
            self._number[row.id] = row.number
        self._paid = _of_each(session, SpotPaymentRow, ids)
        self._settled = _of_each(session, SettlementRow, ids)
        self._promised = _of_each(session, PromiseRow, ids)

    def of(self, rows: Sequence[ScreeningRow]) -> list[Held]:
        return [self._held(row, civil_day(row.began_at, self._offset)) for row in rows if row.began_at is not None]

    def _held(self, row: ScreeningRow, on: date) -> Held:
        paid, promised = self._paid[row.id], self._promised[row.id]
        settled = [each for each in self._settled[row.id] if each.confirmed_at is not None]
        kept = [each for each in promised if each.kept_at is not None]
        kept_7 = [each for each in kept if within_seven(on, self._day(each.kept_at))]
        items = {
            Figure.SESSIONS: [Item(None, row.number, 0, on)],
            Figure.CASES: [Item(None, case, 0, on) for case in dict.fromkeys(case for _, case in self._people[row.id] if case)],
            Figure.PAID: [self._item(each, each.receipt_no, self._day(each.at)) for each in paid],
            Figure.SETTLED: [self._item(each, each.number, self._day(each.at)) for each in settled],
            Figure.PROMISED: [self._item(each, each.number, each.due_on) for each in promised],
            Figure.KEPT_7: [self._item(each, each.number, self._day(each.kept_at)) for each in kept_7],
            Figure.KEPT: [self._item(each, each.number, self._day(each.kept_at)) for each in kept],
        }
        of_payments = {each.attendee_id for each in paid}
        agreed = of_payments | {each.attendee_id for each in settled} | {each.attendee_id for each in promised}
        fulfilled = of_payments | {each.attendee_id for each in kept_7}
        return Held(row.id, row.number, row.title, row.kind, on, items | self._persons(row.id, on, agreed, fulfilled))

    def _persons(self, screening_id: str, on: date, agreed: set[str], fulfilled: set[str]) -> dict[Figure, list[Item]]:
        people = self._people[screening_id]
        which = {
            Figure.INVITED: [True for _ in people],
            Figure.PRESENT: [who.checked_in_at is not None for who, _ in people],
            Figure.AGREED: [who.id in agreed for who, _ in people],
            Figure.FULFILLED: [who.id in fulfilled for who, _ in people],
        }
        return {
            figure: [Item(who.number, case_no, 0, on) for (who, case_no), counts in zip(people, those, strict=True) if counts]
            for figure, those in which.items()
        }

    def _item(self, row: PromiseRow | SettlementRow | SpotPaymentRow, label: str, on: date | None) -> Item:
        return Item(self._number.get(row.attendee_id), label, row.cents, on)

    def _day(self, moment: datetime | None) -> date | None:
        return None if moment is None else civil_day(moment, self._offset)


def _of_each(session: Session, table: type[Outcome], ids: Sequence[str]) -> dict[str, list[Outcome]]:
    found: dict[str, list[Outcome]] = defaultdict(list)
    for row in session.scalars(select(table).where(table.screening_id.in_(ids), table.withdrawn_at.is_(None)).order_by(table.id)):
        found[row.screening_id].append(row)
    return found

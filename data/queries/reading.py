"""One reading of the wall: who looks, when, and a guard that leaves out a record which cannot be drawn instead of failing with it."""

import logging
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeAlias, TypeVar

from sqlalchemy import ColumnElement
from sqlalchemy.orm import InstrumentedAttribute, Session

from data.errors import Misconfigured
from data.events import Row
from data.rules import masking
from data.rules.civil import milliseconds
from data.rules.permissions import Clearance, Sight

Say: TypeAlias = Callable[..., str]
Drawn: TypeAlias = dict[str, dict[str, Any]]  # rows of one kind by id
Ids: TypeAlias = frozenset[str] | None  # which rows are asked for; None: all that this viewer sees
T = TypeVar("T")
Key: TypeAlias = InstrumentedAttribute[Any]
Query: TypeAlias = Any  # a select of any columns, the id first: its type would name each column

BROKEN = (ValueError, TypeError, LookupError, ArithmeticError, AttributeError, Misconfigured)  # of a record that holds nonsense
log = logging.getLogger(__name__)


class Listed(list[T]):
    """What a page lists. skipped: records that cannot be read, and are counted instead of failing the page."""

    def __init__(self, those: Iterable[T] = (), skipped: int = 0) -> None:
        super().__init__(those)
        self.skipped = skipped


def listing(kind: str, session: Session, query: Query, key: Key, view: Callable[[Any], T]) -> Listed[T]:
    """Every record of the query as a page shows it."""
    found: Listed[T] = Listed()

    def skip(row_id: str, error: Exception) -> None:
        log.warning("%s %s cannot be shown: %s", kind, row_id, type(error).__name__)
        found.skipped += 1

    for record in readable(session, query, key, skip):
        try:
            found.append(view(record))
        except BROKEN as error:
            skip(str(record[0]), error)
    return found


def readable(session: Session, query: Query, key: Key, skip: Callable[[str, Exception], None]) -> Sequence[Any]:
    """The records of the query; those that cannot even be read are found by halving, told to `skip`, and left out."""
    try:
        return session.execute(query).all()
    except BROKEN:
        keys = list(dict.fromkeys(session.scalars(query.with_only_columns(key))))
        return list(_halved(session, query, key, keys, skip))


def _halved(session: Session, query: Query, key: Key, keys: list[Any], skip: Callable[[str, Exception], None]) -> Iterable[Any]:
    if not keys:
        return
    try:
        yield from session.execute(query.where(key.in_(keys))).all()
    except BROKEN as error:
        if len(keys) == 1:
            skip(str(keys[0]), error)
            return
        middle = len(keys) // 2
        yield from _halved(session, query, key, keys[:middle], skip)
        yield from _halved(session, query, key, keys[middle:], skip)


@dataclass(frozen=True, slots=True)
class Reading:
    """The viewer's Sight, the moment, the texts; and the records of this viewer that could not be drawn, which the wall counts."""

    session: Session
    sight: Sight
    now: datetime
    day_start: datetime
    civil_offset_s: int
    say: Say
    undrawable: set[Row]

    @property
    def day_end(self) -> datetime:
        return self.day_start + timedelta(days=1)

    @property
    def visitors(self) -> bool:
        return self.sight.clearance is Clearance.VISITORS

    @property
    def own_only(self) -> bool:
        """A phone sees its own unit, team, missions, calls and alarms, nothing else."""
        return self.sight.clearance is Clearance.FIELD

    def draw(self, kind: str, query: Query, key: Key, drawer: Callable[[Any], dict[str, Any]]) -> Drawn:
        """Every record of the query as a row, masked. `drawer` makes the whole row of one record; `key` is the column of its id."""
        return self.drawn(kind, self.records(kind, query, key), drawer)

    def drawn(self, kind: str, records: Sequence[Any], drawer: Callable[[Any], dict[str, Any]]) -> Drawn:
        """These records as rows, masked; the id stands first in each."""
        fields = masking.fields_of(kind, self.sight.clearance)
        drawn: Drawn = {}
        for record in records if fields else ():
            row_id = str(record[0])
            try:
                drawn[row_id] = masking.cut(drawer(record), fields)
                self.undrawable.discard((kind, row_id))
            except BROKEN as error:
                self._skip(kind, row_id, error)
        return drawn

    def records(self, kind: str, query: Query, key: Key) -> Sequence[Any]:
        """The records of the query, whose first column is `key`; those that cannot even be read are found by halving and left out."""
        return readable(self.session, query, key, lambda row_id, error: self._skip(kind, row_id, error))

    def _skip(self, kind: str, row_id: str, error: Exception) -> None:
        if (kind, row_id) not in self.undrawable:
            log.warning("%s %s cannot be drawn: %s", kind, row_id, type(error).__name__)
        self.undrawable.add((kind, row_id))

    # --- words ---

    def officer(self, name: str | None, title: str | None) -> str | None:
        """陈法官, or 法官 before visitors."""
        return None if name is None else masking.officer(name, title or "", self.sight.clearance)

    def mover(self, kind: str, name: str | None, title: str | None, vehicle_kind: str | None) -> str:
        """Who a unit is: an officer by surname and title, a vehicle by its kind."""
        if kind == "VEHICLE":
            return self.say(f"row.vehicle.{vehicle_kind}")
        return self.officer(name, title) or ""

    def case_no(self, own: str | None, foreign: str | None = None) -> str | None:
        number = own or foreign
        return masking.mask_case_no(number) if number and self.visitors else number

    def place(self, street: str | None, name: str | None) -> str | None:
        return None if street is None else self.say("row.place", street=street, name=name or "")


def at(moment: datetime | None) -> int | None:
    return None if moment is None else milliseconds(moment)


def degree(value: float | None) -> float | None:
    """Raises ValueError for what no map can draw."""
    if value is None:
        return None
    if not math.isfinite(value) or abs(value) > 180:
        raise ValueError("no degree")
    return value


def among(column: Key, ids: Ids) -> list[ColumnElement[bool]]:
    """The condition that only these rows are meant; none for all."""
    return [] if ids is None else [column.in_(sorted(ids))]

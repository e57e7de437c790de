"""The day's figures, counted by the database, and how new the newest datum of each panel is at its source."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, select

from data.queries.calls import open_or_of_today
from data.queries.cases import of_today
from data.queries.reading import BROKEN, Drawn, Reading, at
from data.rules import calls, masking, missions, sos
from data.rules.calls import CallState
from data.rules.missions import MissionState
from data.rules.units import UnitKind
from data.tables import CallRow, CaseRow, MissionRow, RecoveryRow, SosRow, UnitRow


def today(reading: Reading, entries: Sequence[tuple[int, datetime]]) -> Drawn:
    """The one row of figures. entries: the newest of the event stream, for its age."""
    if reading.own_only:
        return {}
    row: dict[str, Any] = {"as_of_at": {}}
    for count in (_missions, _units, _calls, _alarms, _cases, _money):
        try:
            figures, as_of = count(reading)
        except BROKEN:  # a record among them that cannot be read: its figures are missing, the others stay
            continue
        row |= figures
        row["as_of_at"] |= as_of
    row["as_of_at"]["events"] = at(max((moment for _, moment in entries), default=None))
    row["as_of_at"]["gantt"] = row["as_of_at"].get("missions")
    row["as_of_at"]["today"] = max((moment for moment in row["as_of_at"].values() if moment is not None), default=None)
    row["skipped"] = len(reading.undrawable)
    return {"today": masking.cut(row, masking.fields_of("today", reading.sight.clearance))}


Figures = tuple[dict[str, Any], dict[str, int | None]]


def _count(condition: ColumnElement[bool]) -> Any:
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)


def _sensible(reading: Reading, column: Any) -> ColumnElement[bool]:
    """A moment that can be: text in a column of moments, which SQLite does not refuse, sorts above every year."""
    return and_(column < reading.now + timedelta(days=2), column > reading.now - timedelta(days=20_000))


def _newest(reading: Reading, *columns: Any) -> Any:
    """The newest moment of several columns; each as a figure of its own, for the databases spell «the greatest of» differently."""
    return [func.max(case((_sensible(reading, column), column))) for column in columns]


def _greatest(moments: Sequence[datetime | None]) -> int | None:
    return at(max((moment for moment in moments if moment is not None), default=None))


def _missions(reading: Reading) -> Figures:
    query = select(
        _count(MissionRow.state != MissionState.CANCELLED),
        _count(MissionRow.state == MissionState.ON_SCENE),
        *_newest(reading, MissionRow.changed_at),
    ).where(of_today(reading))
    planned, on_scene, changed_at = reading.session.execute(query).one()
    teams = select(func.count(MissionRow.team_id.distinct())).where(MissionRow.state.in_(missions.UNDER_WAY))
    figures = {"missions": planned, "on_scene": on_scene, "teams_out": reading.session.scalar(teams) or 0}
    return figures, {"missions": at(changed_at)}


def _units(reading: Reading) -> Figures:
    out = select(MissionRow.team_id).where(MissionRow.state.in_(missions.UNDER_WAY), MissionRow.team_id.is_not(None))
    officers = select(func.count()).where(UnitRow.on_duty, UnitRow.kind == UnitKind.OFFICER, UnitRow.team_id.in_(out))
    changed = select(*_newest(reading, UnitRow.duty_since, UnitRow.silent_since, UnitRow.returned_at)).where(UnitRow.on_duty)
    moved = select(*_newest(reading, MissionRow.changed_at)).where(of_today(reading))
    moments = [*reading.session.execute(changed).one(), *reading.session.execute(moved).one()]
    return {"officers_out": reading.session.scalar(officers) or 0}, {"teams": _greatest(moments)}


def _calls(reading: Reading) -> Figures:
    query = select(
        _count(CallRow.state.in_(list(calls.WAITING))),
        _count(CallRow.state == CallState.ANSWERED),
        *_newest(reading, CallRow.placed_at, CallRow.owned_at, CallRow.answered_at, CallRow.missed_at, CallRow.ended_at),
    ).where(open_or_of_today(reading, CallRow))
    waiting, answered, *moments = reading.session.execute(query).one()
    return {"calls_waiting": waiting, "calls_open": answered}, {"calls": _greatest(moments)}


def _alarms(reading: Reading) -> Figures:
    query = select(
        _count(SosRow.state.in_(list(sos.OPEN))),
        _count(SosRow.received_at >= reading.day_start),
        *_newest(reading, SosRow.raised_at, SosRow.owned_at, SosRow.closed_at),
    ).where(open_or_of_today(reading, SosRow))
    still_open, of_today_, *moments = reading.session.execute(query).one()
    return {"sos_open": still_open, "sos_today": of_today_}, {"alarm": _greatest(moments)}


def _cases(reading: Reading) -> Figures:
    yesterday = reading.day_start - timedelta(days=1)
    query = select(
        _count(CaseRow.closed_at >= reading.day_start),
        _count(CaseRow.closed_at < reading.day_start),
    ).where(CaseRow.closed_at >= yesterday)
    closed, before = reading.session.execute(query).one()
    still_open = select(func.count()).where(CaseRow.closed_at.is_(None))
    newest = select(func.max(CaseRow.changed_at)).where(_sensible(reading, CaseRow.changed_at))
    figures = {"closed_today": closed, "closed_yesterday": before, "cases_open": reading.session.scalar(still_open) or 0}
    return figures, {"cases": at(reading.session.scalar(newest))}


def _money(reading: Reading) -> Figures:
    query = select(func.coalesce(func.sum(RecoveryRow.cents), 0), _count(RecoveryRow.cents > 0)).where(RecoveryRow.at >= reading.day_start)
    cents, payments = reading.session.execute(query).one()
    return {"recovered_cents_today": int(cents), "payments_today": payments}, {}

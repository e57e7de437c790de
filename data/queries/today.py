"""The day's figures, counted by the database in one statement, and how new the newest datum of each panel is at its source."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Subquery, and_, bindparam, case, func, or_, select, true

from data.queries.entries import Newest
from data.queries.reading import BROKEN, Drawn, Reading, at
from data.rules import calls, masking, missions, sos
from data.rules.missions import MissionState
from data.rules.units import UnitKind
from data.tables import CallRow, CaseRow, Instant, MissionRow, RecoveryRow, SosRow, UnitRow

FIGURES = (
    "missions",
    "on_scene",
    "teams_out",
    "officers_out",
    "calls_waiting",
    "calls_open",
    "sos_open",
    "sos_today",
    "closed_today",
    "closed_yesterday",
    "cases_open",
    "recovered_cents_today",
    "payments_today",
)
_TEAMS_MOVE_BY = ("duty", "silence", "mission")
Moments = Sequence[datetime | None]


def today(reading: Reading, newest: Sequence[Newest]) -> Drawn:
    """The one row of figures. newest: the event stream, for its age and that of the teams."""
    if reading.own_only:
        return {}
    counted = _count(reading)
    as_of = {
        "missions": _greatest([counted.get("mission_changed")]),
        "cases": _greatest([counted.get("case_changed")]),
        "calls": _greatest([moment for name, moment in counted.items() if name.startswith("call_at_")]),
        "alarm": _greatest([moment for name, moment in counted.items() if name.startswith("sos_at_")]),
        "events": _greatest([entry.occurred_at for entry in newest]),
        "teams": _greatest([entry.occurred_at for entry in newest if entry.kind.partition(".")[0] in _TEAMS_MOVE_BY]),
    }
    as_of["gantt"] = as_of["missions"]
    as_of["today"] = max((moment for moment in as_of.values() if moment is not None), default=None)
    row: dict[str, Any] = {name: int(counted[name]) for name in FIGURES if name in counted}
    row |= {"skipped": len(reading.undrawable), "as_of_at": as_of}
    return {"today": masking.cut(row, masking.fields_of("today", reading.sight.clearance))}


def _count(reading: Reading) -> dict[str, Any]:
    """Every figure by name. A record that cannot be read takes only the figures of its own kind with it."""
    moments = {
        "day": reading.day_start,
        "next_day": reading.day_end,
        "day_before": reading.day_start - timedelta(days=1),
        "earliest": reading.now - timedelta(days=20_000),
        "latest": reading.now + timedelta(days=2),
    }
    try:
        return dict(reading.session.execute(_all(), moments).mappings().one())
    except BROKEN:
        counted: dict[str, Any] = {}
        for part in _PARTS:
            try:
                counted |= reading.session.execute(select(part()), moments).mappings().one()
            except BROKEN:
                continue
        return counted


@cache
def _all() -> Any:
    """One row, side by side of parts that have one row each."""
    first, *others = [part() for part in _PARTS]
    side_by_side: FromClause = first
    for part in others:
        side_by_side = side_by_side.join(part, true())
    return select(first, *others).select_from(side_by_side)


def _bound(name: str) -> Any:
    return bindparam(name, type_=Instant())


def _how_many(condition: ColumnElement[bool]) -> Any:
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)


def _newest(column: Any) -> Any:
    """The newest moment that can be: text in a column of moments, which SQLite does not refuse, sorts above every year."""
    return func.max(case((and_(column < _bound("latest"), column > _bound("earliest")), column)))


def _missions() -> Subquery:
    of_today = or_(
        and_(MissionRow.planned_from >= _bound("day"), MissionRow.planned_from < _bound("next_day")),
        MissionRow.state.in_(missions.UNDER_WAY),
        MissionRow.ended_at >= _bound("day"),
    )
    return (
        select(
            _how_many(MissionRow.state != MissionState.CANCELLED).label("missions"),
            _how_many(MissionRow.state == MissionState.ON_SCENE).label("on_scene"),
            func.count(case((MissionRow.state.in_(missions.UNDER_WAY), MissionRow.team_id)).distinct()).label("teams_out"),
            _newest(MissionRow.changed_at).label("mission_changed"),
        )
        .where(of_today)
        .subquery("missions_today")
    )


def _officers() -> Subquery:
    out = select(MissionRow.team_id).where(MissionRow.state.in_(missions.UNDER_WAY), MissionRow.team_id.is_not(None))
    there = (UnitRow.on_duty, UnitRow.kind == UnitKind.OFFICER, UnitRow.team_id.in_(out))
    return select(func.count().label("officers_out")).select_from(UnitRow).where(*there).subquery("officers")


def _calls() -> Subquery:
    moments = (CallRow.placed_at, CallRow.owned_at, CallRow.answered_at, CallRow.missed_at, CallRow.ended_at)
    return (
        select(
            _how_many(CallRow.state.in_(list(calls.WAITING))).label("calls_waiting"),
            _how_many(CallRow.state.in_(list(calls.TALKING))).label("calls_open"),
            *[_newest(column).label(f"call_at_{number}") for number, column in enumerate(moments)],
        )
        .where(or_(CallRow.state.in_(list(calls.OPEN)), CallRow.received_at >= _bound("day")))
        .subquery("calls_today")
    )


def _alarms() -> Subquery:
    moments = (SosRow.raised_at, SosRow.owned_at, SosRow.closed_at)
    return (
        select(
            _how_many(SosRow.state.in_(list(sos.OPEN))).label("sos_open"),
            _how_many(SosRow.received_at >= _bound("day")).label("sos_today"),
            *[_newest(column).label(f"sos_at_{number}") for number, column in enumerate(moments)],
        )
        .where(or_(SosRow.state.in_(list(sos.OPEN)), SosRow.received_at >= _bound("day")))
        .subquery("alarms_today")
    )


def _closed() -> Subquery:
    return (
        select(
            _how_many(CaseRow.closed_at >= _bound("day")).label("closed_today"),
            _how_many(CaseRow.closed_at < _bound("day")).label("closed_yesterday"),
        )
        .where(CaseRow.closed_at >= _bound("day_before"))
        .subquery("cases_closed")
    )


def _open() -> Subquery:
    return select(func.count().label("cases_open")).select_from(CaseRow).where(CaseRow.closed_at.is_(None)).subquery("cases_open_now")


def _changed() -> Subquery:
    sensible = (CaseRow.changed_at < _bound("latest"), CaseRow.changed_at > _bound("earliest"))
    return select(func.max(CaseRow.changed_at).label("case_changed")).where(*sensible).subquery("cases_changed")


def _money() -> Subquery:
    return (
        select(
            func.coalesce(func.sum(RecoveryRow.cents), 0).label("recovered_cents_today"),
            _how_many(RecoveryRow.cents > 0).label("payments_today"),
        )
        .where(RecoveryRow.at >= _bound("day"))
        .subquery("money")
    )


_PARTS: tuple[Callable[[], Subquery], ...] = (_missions, _officers, _calls, _alarms, _closed, _open, _changed, _money)


def _greatest(moments: Moments) -> int | None:
    return at(max((moment for moment in moments if moment is not None), default=None))

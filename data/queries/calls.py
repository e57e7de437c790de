"""Calls and alarms: those that are open, however old, and those of today."""

from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import aliased

from data.queries.reading import Drawn, Ids, Query, Reading, among, at, degree
from data.rules import calls, sos
from data.rules.calls import CallState
from data.rules.sos import SosState
from data.tables import AreaRow, CallRow, CaseRow, MissionRow, OfficerRow, SosRow, TeamRow, UnitRow, VehicleRow

_Owner = aliased(OfficerRow)
_OF_CALLS = (CallRow.placed_at, CallRow.answered_at, CallRow.ended_at, CallRow.ended_why)
_OF_ALARMS = (SosRow.raised_at, SosRow.level, SosRow.responding_team_id, SosRow.closed_at, SosRow.battery_pct)


def open_or_of_today(reading: Reading, table: type[CallRow] | type[SosRow]) -> ColumnElement[bool]:
    states = calls.OPEN if table is CallRow else sos.OPEN
    return or_(table.state.in_(list(states)), table.received_at >= reading.day_start)


def calls_(reading: Reading, ids: Ids) -> Drawn:
    def row(record: Any) -> dict[str, Any]:
        return _both(reading, record) | {
            "state": CallState(record.state).value,
            "placed_at": at(record.placed_at),
            "answered_at": at(record.answered_at),
            "ended_at": at(record.ended_at),
            "ended_why": record.ended_why,
        }

    return reading.draw("call", _query(reading, CallRow, ids, _OF_CALLS), CallRow.id, row)


def alarms(reading: Reading, ids: Ids) -> Drawn:
    def row(record: Any) -> dict[str, Any]:
        return _both(reading, record) | {
            "state": SosState(record.state).value,
            "raised_at": at(record.raised_at),
            "level": int(record.level),
            "responding_team_id": record.responding_team_id,
            "closed_at": at(record.closed_at),
            "battery_pct": record.battery_pct,
        }

    return reading.draw("sos", _query(reading, SosRow, ids, _OF_ALARMS), SosRow.id, row)


def _both(reading: Reading, record: Any) -> dict[str, Any]:
    """What a call and an alarm have in common."""
    return {
        "id": record.id,
        "number": record.number,
        "unit": str(record.unit_no),
        "who": reading.mover(record.unit_kind, record.officer, record.title, record.vehicle_kind),
        "team": record.team,
        "team_id": record.team_id,
        "received_at": at(record.received_at),
        "owner": reading.officer(record.owner, record.owner_title),
        "owner_id": record.owner_id,
        "owned_at": at(record.owned_at),
        "lat": degree(record.lat),
        "lon": degree(record.lon),
        "accuracy_m": record.accuracy_m,
        "fix_at": at(record.fix_at),
        "place": reading.place(record.street, record.area),
        "mission_id": record.mission_id,
        "matter": record.matter,
        "case_no": reading.case_no(record.case_no, record.foreign_case_no),
    }


@cache
def _columns(table: type[CallRow] | type[SosRow], columns: tuple[Any, ...]) -> Query:
    return (
        select(
            table.id,
            table.number,
            table.unit_no,
            table.state,
            table.received_at,
            table.owner_id,
            table.owned_at,
            table.lat,
            table.lon,
            table.accuracy_m,
            table.fix_at,
            table.mission_id,
            UnitRow.kind.label("unit_kind"),
            UnitRow.team_id,
            TeamRow.name.label("team"),
            OfficerRow.name.label("officer"),
            OfficerRow.title,
            VehicleRow.kind.label("vehicle_kind"),
            _Owner.name.label("owner"),
            _Owner.title.label("owner_title"),
            AreaRow.street,
            AreaRow.name.label("area"),
            MissionRow.matter,
            MissionRow.foreign_case_no,
            CaseRow.case_no,
            *columns,
        )
        .join(UnitRow, UnitRow.no == table.unit_no)
        .outerjoin(TeamRow, TeamRow.id == UnitRow.team_id)
        .outerjoin(OfficerRow, OfficerRow.id == UnitRow.officer_id)
        .outerjoin(VehicleRow, VehicleRow.id == UnitRow.vehicle_id)
        .outerjoin(_Owner, _Owner.id == table.owner_id)
        .outerjoin(AreaRow, AreaRow.id == table.area_id)
        .outerjoin(MissionRow, MissionRow.id == table.mission_id)
        .outerjoin(CaseRow, CaseRow.id == MissionRow.case_id)
    )


def _query(reading: Reading, table: type[CallRow] | type[SosRow], ids: Ids, columns: tuple[Any, ...]) -> Query:
    query = _columns(table, columns).where(open_or_of_today(reading, table), *among(table.id, ids))
    return query.where(table.unit_no == (reading.sight.unit_no or 0)) if reading.own_only else query

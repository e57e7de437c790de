"""Teams and units: who they are and what they are doing. Where they are, the positions say, not these rows."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import and_, func, select

from data.queries.reading import Drawn, Ids, Query, Reading, among, at
from data.rules import calls, missions, sos, units
from data.rules.missions import MissionState
from data.rules.units import Doing, UnitKind
from data.tables import CallRow, MissionRow, OfficerRow, SosRow, TeamRow, UnitRow, VehicleRow


@dataclass(frozen=True, slots=True)
class UnderWay:
    """The mission a team is on."""

    id: str
    state: MissionState
    place: str | None
    departed_at: datetime | None
    arrived_at: datetime | None

    @property
    def turned_at(self) -> datetime | None:
        return self.arrived_at or self.departed_at


def under_way(reading: Reading, team_ids: Iterable[str] | None = None) -> dict[str, UnderWay]:
    """Of each team the mission it is on; of several the one it turned to last."""
    query = select(
        MissionRow.id, MissionRow.team_id, MissionRow.state, MissionRow.place, MissionRow.departed_at, MissionRow.arrived_at
    ).where(MissionRow.state.in_(missions.UNDER_WAY))
    if team_ids is not None:
        query = query.where(MissionRow.team_id.in_(sorted(set(team_ids))))
    found: dict[str, UnderWay] = {}
    for record in sorted(reading.records("mission", query, MissionRow.id), key=lambda record: record.id, reverse=True):
        mission = UnderWay(record.id, MissionState(record.state), record.place, record.departed_at, record.arrived_at)
        known = found.get(record.team_id)
        if record.team_id and (known is None or _later(mission.turned_at, known.turned_at)):
            found[record.team_id] = mission
    return found


def _later(one: datetime | None, other: datetime | None) -> bool:
    """At the same moment the smaller id wins, which comes last."""
    return other is None or (one is not None and one >= other)


def teams(reading: Reading, ids: Ids) -> Drawn:
    if reading.own_only:
        ids = frozenset({reading.sight.team_id or ""}) & (ids if ids is not None else {reading.sight.team_id or ""})
    on = under_way(reading, ids)
    query = _team_query(ids).where(*among(TeamRow.id, ids))

    def row(record: Any) -> dict[str, Any]:
        mission = on.get(record.id)
        word = units.team_doing(record.on_duty or 0, record.silent or 0, record.returned or 0, mission.state if mission else None)
        shown = mission if word in (Doing.WAY, Doing.SITE, Doing.SILENT) else None
        since = {
            Doing.WAY: mission and mission.departed_at,
            Doing.SITE: mission and mission.arrived_at,
            Doing.BACK: record.returned_at,
            Doing.SILENT: record.silent_since,
            Doing.IDLE: record.duty_since,
        }
        return {
            "id": record.id,
            "name": record.name,
            "position": int(record.position),
            "leader": reading.officer(record.leader, record.title),
            "members": record.on_duty or 0,
            "status": word.value,
            "mission_id": shown.id if shown else None,
            "place": shown.place if shown else None,
            "since_at": at(since.get(word)),
        }

    return reading.draw("team", query, TeamRow.id, row)


def _team_query(ids: Ids) -> Query:
    """Each team with its leader, and its officers on duty counted."""
    there = and_(UnitRow.on_duty, UnitRow.kind == UnitKind.OFFICER)
    counted = (
        select(
            UnitRow.team_id,
            func.count().label("on_duty"),
            func.count(UnitRow.silent_since).label("silent"),
            func.count(UnitRow.returned_at).label("returned"),
            func.max(UnitRow.returned_at).label("returned_at"),
            func.min(UnitRow.silent_since).label("silent_since"),
            func.min(UnitRow.duty_since).label("duty_since"),
        )
        .where(there, *among(UnitRow.team_id, ids))
        .group_by(UnitRow.team_id)
        .subquery()
    )
    columns = [counted.c[name] for name in ("on_duty", "silent", "returned", "returned_at", "silent_since", "duty_since")]
    leader = OfficerRow.name.label("leader")
    return (
        select(TeamRow.id, TeamRow.name, TeamRow.position, leader, OfficerRow.title, *columns)
        .outerjoin(OfficerRow, OfficerRow.id == TeamRow.leader_id)
        .outerjoin(counted, counted.c.team_id == TeamRow.id)
    )


def units_(reading: Reading, ids: Ids) -> Drawn:
    numbers = None if ids is None else frozenset(int(no) for no in ids if no.isascii() and no.isdigit())
    if reading.own_only:
        own = frozenset({reading.sight.unit_no or 0})
        numbers = own if numbers is None else own & numbers
    query = _unit_query()
    if numbers is not None:
        query = query.where(UnitRow.no.in_(sorted(numbers)))
    on = under_way(reading) if numbers is None or numbers else {}
    alarms = _newest(reading, SosRow, sos.OPEN, numbers)
    rings = _newest(reading, CallRow, calls.OPEN, numbers)

    def row(record: Any) -> dict[str, Any]:
        kind = UnitKind(record.kind)
        mission = on.get(record.team_id) if record.team_id else None
        word = units.doing(bool(record.on_duty), mission.state if mission else None, record.returned_at is not None)
        who = reading.mover(kind, record.officer, record.title, record.vehicle_kind)
        return {
            "no": str(record.no),
            "kind": kind.value,
            "label": reading.say("row.unit", team=record.team, who=who) if record.team else who,
            "who": who,
            "team_id": record.team_id,
            "team": record.team,
            "status": word.value,
            "on_duty": bool(record.on_duty),
            "silent_since_at": at(record.silent_since),
            "silent_until_at": at(record.silent_until),
            "sos_id": alarms.get(record.no),
            "call_id": rings.get(record.no),
            "mission_id": mission.id if mission and word in (Doing.WAY, Doing.SITE) else None,
        }

    return reading.draw("unit", query, UnitRow.no, row)


@cache
def _unit_query() -> Query:
    return (
        select(
            UnitRow.no,
            UnitRow.kind,
            UnitRow.team_id,
            UnitRow.on_duty,
            UnitRow.returned_at,
            UnitRow.silent_since,
            UnitRow.silent_until,
            TeamRow.name.label("team"),
            OfficerRow.name.label("officer"),
            OfficerRow.title,
            VehicleRow.kind.label("vehicle_kind"),
        )
        .outerjoin(TeamRow, TeamRow.id == UnitRow.team_id)
        .outerjoin(OfficerRow, OfficerRow.id == UnitRow.officer_id)
        .outerjoin(VehicleRow, VehicleRow.id == UnitRow.vehicle_id)
    )


def _newest(reading: Reading, table: type[SosRow] | type[CallRow], states: Iterable[str], numbers: frozenset[int] | None) -> dict[int, str]:
    """Of each unit its newest open alarm or call."""
    query = select(table.unit_no, table.id).where(table.state.in_(list(states)))
    if numbers is not None:
        query = query.where(table.unit_no.in_(sorted(numbers)))
    return dict(reading.session.execute(query.order_by(table.id)).all())

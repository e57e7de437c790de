"""Field missions: one entry for the case system, the desk and the phone."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from data.actions.allowed import allowed
from data.actions.keeping import came_before, first_time, found, held, held_or_none, next_number
from data.actions.live_permits import end_with_mission
from data.errors import BadInput, NotFound
from data.events import (
    Event,
    MissionArrived,
    MissionAssigned,
    MissionCancelled,
    MissionDeparted,
    MissionFinished,
    MissionFruitless,
)
from data.journal import Work
from data.rules import case_numbers, missions, words
from data.rules.civil import not_after
from data.rules.missions import MissionKind, MissionState, MissionStep
from data.rules.permissions import Verb
from data.tables import AreaRow, CaseRow, CourtRow, MissionRow, TeamRow, UnitRow, VehicleRow

_SENDER = "missions"  # one for all: what the phone said, the case system need not say again
_EVENTS: dict[MissionStep, Callable[..., Event]] = {
    MissionStep.ASSIGNED: MissionAssigned,
    MissionStep.DEPARTED: MissionDeparted,
    MissionStep.ARRIVED: MissionArrived,
    MissionStep.FRUITLESS: MissionFruitless,
    MissionStep.FINISHED: MissionFinished,
    MissionStep.CANCELLED: MissionCancelled,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class MissionReport:
    """What somebody tells of a mission. id: the sender's own, 1 to 40 signs; at: time at the source.

    Only `assigned` reads the plan. team: id or name (三组). vehicle: id, or number of its unit (2003). case_no: one of ours, or of a court
    that we assist. place: street or community, taken from area_id if missing. lat, lon: where the team goes, WGS 84; drawn only while it
    is under way. An `assigned` for a mission that has not left changes its times and vehicle; another team, case or place is another
    mission.
    """

    id: str
    event: MissionStep
    at: datetime
    kind: str | None = None
    matter: str | None = None
    case_no: str | None = None
    team: str | None = None
    vehicle: str | None = None
    area_id: str | None = None
    place: str | None = None
    lat: float | None = None
    lon: float | None = None
    planned_from: datetime | None = None
    planned_to: datetime | None = None
    outcome: str | None = None


def report_mission(work: Work, report: MissionReport) -> bool:
    """Keep what was reported. Returns False if it is known: the same (id, event, at) came before, or the mission is there already.

    Raises BadInput, NotFound, NotPermitted mission.not_yours, TransitionRefused mission.transition_refused.
    """
    event = _step(report.event)
    allowed(work, Verb.ASSIGN_MISSION if event in (MissionStep.ASSIGNED, MissionStep.CANCELLED) else Verb.MOVE_MISSION)
    words.sender_id(report.id)
    at = words.moment(report.at, "at", work.now)
    message_id = f"{report.id} {event} {at.isoformat()}"
    if came_before(work, _SENDER, message_id):
        return False
    mission = _held_or_new(work, report, event)
    if mission is not None:
        missions.may_move(work.actor, mission.team_id, event)
        if missions.already(MissionState(mission.state), event):
            return False
    if not first_time(work, _SENDER, message_id):  # asked again now that the mission is held: of two at once one is second
        return False
    if mission is None:
        mission = _assign(work, report, at)
    else:
        _move(work, mission, report, event, not_after(at, work.now))
    unit_nos = _unit_nos(work, mission.team_id)
    work.record(
        _EVENTS[event](mission_id=mission.id, team_id=mission.team_id, case_id=mission.case_id, unit_nos=unit_nos), not_after(at, work.now)
    )
    return True


def under_way(work: Work, team_id: str | None) -> MissionRow | None:
    """The mission that a team is on now: of several the one that it turned to last."""
    if team_id is None:
        return None
    turned = func.coalesce(MissionRow.arrived_at, MissionRow.departed_at)
    now = select(MissionRow).where(MissionRow.team_id == team_id, MissionRow.state.in_(missions.UNDER_WAY))
    return work.session.scalar(now.order_by(turned.desc(), MissionRow.id).limit(1))


def _step(value: str) -> MissionStep:
    if value not in list(MissionStep):
        raise BadInput("event", code="mission.bad_event")
    return MissionStep(value)


def _held_or_new(work: Work, report: MissionReport, event: MissionStep) -> MissionRow | None:
    """The mission, held; None if this report is to make it. The court's row is held meanwhile: two senders cannot both make it."""
    mission = held_or_none(work, MissionRow, report.id)
    if mission is None and event is MissionStep.ASSIGNED:
        held(work, CourtRow, work.court_code, "not_found.court")
        mission = held_or_none(work, MissionRow, report.id)
    if mission is None and event is not MissionStep.ASSIGNED:
        raise NotFound(report.id, code="not_found.mission")
    return mission


def _assign(work: Work, report: MissionReport, at: datetime) -> MissionRow:
    case_id, foreign_case_no = _case(work, report.case_no)
    area = None if report.area_id is None else found(work, AreaRow, report.area_id, "not_found.area")
    place = words.word_or_none(report.place, "place", 64)
    lat, lon = words.place(report.lat, report.lon)
    planned_from, planned_to = _plan(work, report, at)
    mission = MissionRow(
        id=report.id,
        no=next_number(work, missions.LETTER),
        court_code=work.court_code,
        kind=_kind(report.kind),
        matter=words.word(report.matter, "matter", 64),
        case_id=case_id,
        foreign_case_no=foreign_case_no,
        team_id=_team(work, report.team).id,
        vehicle_id=_vehicle_id(work, report.vehicle),
        area_id=report.area_id,
        place=place or (area.street if area else None),
        lat=lat,
        lon=lon,
        planned_from=planned_from,
        planned_to=planned_to,
        state=MissionState.ASSIGNED,
        changed_at=not_after(at, work.now),
    )
    work.session.add(mission)
    work.session.flush()
    return mission


def _move(work: Work, mission: MissionRow, report: MissionReport, event: MissionStep, at: datetime) -> None:
    mission.state = missions.step(MissionState(mission.state), event)
    mission.changed_at = max(mission.changed_at, at)
    if event is MissionStep.ASSIGNED:
        mission.planned_from, mission.planned_to = _plan(work, report, mission.planned_from)
        mission.vehicle_id = _vehicle_id(work, report.vehicle) or mission.vehicle_id
    elif event is MissionStep.DEPARTED:
        mission.departed_at = at
        _set_returned(work, mission.team_id, None)
    elif event is MissionStep.ARRIVED:
        mission.arrived_at = at
        _set_returned(work, mission.team_id, None)
    else:
        mission.ended_at = at
        mission.outcome = words.word_or_none(report.outcome, "outcome", 24) or event.name
        if mission.departed_at or mission.arrived_at:
            _set_returned(work, mission.team_id, at)
        end_with_mission(work, mission.id)


def _set_returned(work: Work, team_id: str | None, at: datetime | None) -> None:
    """Out again, or on the way back: fifteen minutes later duty ends by itself."""
    for unit in _team_units(work, team_id):
        if unit.on_duty:
            unit.returned_at = at


def _team_units(work: Work, team_id: str | None) -> list[UnitRow]:
    """Officers and vehicles of the team, held in the order of their numbers, so that two works never wait for each other."""
    if team_id is None:
        return []
    return list(
        work.session.scalars(select(UnitRow).where(UnitRow.team_id == team_id).order_by(UnitRow.no).with_for_update(key_share=True))
    )


def _unit_nos(work: Work, team_id: str | None) -> tuple[int, ...]:
    if team_id is None:
        return ()
    return tuple(work.session.scalars(select(UnitRow.no).where(UnitRow.team_id == team_id).order_by(UnitRow.no)))


def _plan(work: Work, report: MissionReport, otherwise: datetime) -> tuple[datetime, datetime]:
    planned_from = words.moment(report.planned_from or otherwise, "planned_from", work.now, may_lie_ahead=True)
    planned_to = report.planned_to and words.moment(report.planned_to, "planned_to", work.now, may_lie_ahead=True)
    return missions.plan(planned_from, planned_to)


def _kind(value: str | None) -> str:
    if value is None:
        return MissionKind.OTHER
    if value not in list(MissionKind):
        raise BadInput("kind", code="mission.bad_kind")
    return value


def _case(work: Work, case_no: str | None) -> tuple[str | None, str | None]:
    """Our case's id, or the number of a case of another court. Raises NotFound not_found.case for one of ours that we do not have."""
    if case_no is None:
        return None, None
    number = case_numbers.parse(case_no)
    case_id = work.session.scalar(select(CaseRow.id).where(CaseRow.case_no == str(number)))
    if case_id is None and number.court == work.court_code:
        raise NotFound("case", code="not_found.case")
    return (case_id, None) if case_id else (None, str(number))


def _team(work: Work, team: str | None) -> TeamRow:
    if team is None:
        raise BadInput("team missing", code="mission.no_team")
    row = work.session.scalar(
        select(TeamRow).where(TeamRow.court_code == work.court_code, (TeamRow.id == team) | (TeamRow.name == words.word(team, "team", 32)))
    )
    if row is None:
        raise NotFound("team", code="not_found.team")
    return row


def _vehicle_id(work: Work, vehicle: str | None) -> str | None:
    if vehicle is None:
        return None
    if vehicle.isascii() and vehicle.isdigit() and len(vehicle) < 10:
        vehicle = work.session.scalar(select(UnitRow.vehicle_id).where(UnitRow.no == int(vehicle))) or ""
    return found(work, VehicleRow, words.word(vehicle, "vehicle", 26) if vehicle else "", "not_found.vehicle").id

"""Cases that changed today or have a mission today, and today's missions."""

from collections.abc import Callable
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, func, or_, select

from data.queries.reading import Drawn, Ids, Query, Reading, among, at, degree
from data.rules import missions
from data.rules.cases import PartyKind, SideState, Stage
from data.rules.live_permits import PermitState
from data.rules.missions import MissionState
from data.rules.permissions import WITHOUT_CASES
from data.tables import AreaRow, CaseNoteRow, CasePartyRow, CaseRow, LivePermitRow, MissionRow, OfficerRow, TeamRow, VehicleRow

_Note = select(func.max(CaseNoteRow.id)).where(CaseNoteRow.case_id == CaseRow.id).correlate(CaseRow).scalar_subquery()


def of_today(reading: Reading) -> ColumnElement[bool]:
    """Missions planned for today, under way since whenever, or ended today."""
    return or_(
        and_(MissionRow.planned_from >= reading.day_start, MissionRow.planned_from < reading.day_end),
        MissionRow.state.in_(missions.UNDER_WAY),
        MissionRow.ended_at >= reading.day_start,
    )


def cases(reading: Reading, ids: Ids) -> Drawn:
    if reading.own_only or reading.sight.role in WITHOUT_CASES:
        return {}
    out = select(MissionRow.case_id, MissionRow.id).where(
        of_today(reading), MissionRow.case_id.is_not(None), MissionRow.state != MissionState.CANCELLED
    )
    if ids is not None:
        out = out.where(MissionRow.case_id.in_(sorted(ids)))
    mission_of = dict(reading.session.execute(out.order_by(MissionRow.planned_from, MissionRow.id)).all())
    wanted = or_(CaseRow.changed_at >= reading.day_start, CaseRow.id.in_([case_id for case_id in mission_of if case_id]))
    drawn_ids = select(CaseRow.id).where(wanted, *among(CaseRow.id, ids))
    parties = _parties(reading, drawn_ids) if not reading.visitors else {}
    query = _case_query().where(wanted, *among(CaseRow.id, ids))

    def row(record: Any) -> dict[str, Any]:
        return {
            "id": record.id,
            "case_no": reading.case_no(record.case_no),
            "cause": record.cause,
            "matter": record.matter,
            "stage": Stage(record.stage).value,
            "node": record.node,
            "side_state": SideState(record.side_state).value if record.side_state else None,
            "judge": reading.officer(record.judge, record.title),
            "claim_cents": int(record.claim_cents),
            "recovered_cents": int(record.recovered_cents),
            "area_id": record.area_id,
            "street": record.street,
            "applicant": _side(reading, parties.get((record.id, PartyKind.APPLICANT))),
            "debtor": _side(reading, parties.get((record.id, PartyKind.DEBTOR))),
            "changed_at": at(record.changed_at),
            "closed_at": at(record.closed_at),
            "closing_kind": record.closing_kind,
            "mission_id": mission_of.get(record.id),
            "conclusion": record.conclusion,
        }

    return reading.draw("case", query, CaseRow.id, row)


@cache
def _case_query() -> Query:
    return (
        select(
            CaseRow.id,
            CaseRow.case_no,
            CaseRow.cause,
            CaseRow.matter,
            CaseRow.stage,
            CaseRow.node,
            CaseRow.side_state,
            CaseRow.claim_cents,
            CaseRow.recovered_cents,
            CaseRow.area_id,
            CaseRow.changed_at,
            CaseRow.closed_at,
            CaseRow.closing_kind,
            AreaRow.street,
            OfficerRow.name.label("judge"),
            OfficerRow.title,
            CaseNoteRow.text.label("conclusion"),  # the newest: what the last talk came to
        )
        .outerjoin(AreaRow, AreaRow.id == CaseRow.area_id)
        .outerjoin(OfficerRow, OfficerRow.id == CaseRow.judge_id)
        .outerjoin(CaseNoteRow, CaseNoteRow.id == _Note)
    )


def _parties(reading: Reading, case_ids: Query) -> dict[tuple[str, str], list[str]]:
    """The masked names of each side, as they were made when they were written; a sealed name is never opened here."""
    query = select(CasePartyRow.case_id, CasePartyRow.kind, CasePartyRow.masked).where(CasePartyRow.case_id.in_(case_ids))
    found: dict[tuple[str, str], list[str]] = {}
    for case_id, kind, masked in reading.session.execute(query.order_by(CasePartyRow.id)):
        found.setdefault((case_id, kind), []).append(masked)
    return found


def _side(reading: Reading, masked: list[str] | None) -> str | None:
    """张某某, or 张某某等 3 人."""
    if not masked:
        return None
    return masked[0] if len(masked) == 1 else reading.say("row.parties", first=masked[0], count=len(masked))


def missions_(reading: Reading, ids: Ids) -> Drawn:
    query = _mission_query().where(of_today(reading), *among(MissionRow.id, ids))
    if reading.own_only:
        query = query.where(MissionRow.team_id == (reading.sight.team_id or ""))
    return reading.draw("mission", query, MissionRow.id, _mission_drawer(reading))


def past_missions(reading: Reading, most: int) -> Drawn:
    """Of whatever day: those that have left, the newest first."""
    began = func.coalesce(MissionRow.departed_at, MissionRow.arrived_at)
    query = _mission_query().where(MissionRow.court_code == reading.sight.court_code, began.is_not(None))
    return reading.draw("mission", query.order_by(began.desc(), MissionRow.id).limit(most), MissionRow.id, _mission_drawer(reading))


def _mission_drawer(reading: Reading) -> Callable[[Any], dict[str, Any]]:
    def row(record: Any) -> dict[str, Any]:
        state = MissionState(record.state)
        out = state in missions.UNDER_WAY
        vehicle = reading.say(f"row.vehicle.{record.vehicle_kind}") if record.vehicle_kind else None
        return {
            "id": record.id,
            "no": record.no,
            "kind": record.kind,
            "matter": record.matter,
            "case_id": record.case_id,
            "case_no": reading.case_no(record.case_no, record.foreign_case_no),
            "team_id": record.team_id,
            "team": record.team,
            "vehicle": vehicle,
            "area_id": record.area_id,
            "place": record.place,
            "lat": degree(record.lat) if out else None,
            "lon": degree(record.lon) if out else None,
            "planned_from_at": at(record.planned_from),
            "planned_to_at": at(record.planned_to),
            "state": state.value,
            "departed_at": at(record.departed_at),
            "arrived_at": at(record.arrived_at),
            "ended_at": at(record.ended_at),
            "outcome": record.outcome,
            "changed_at": at(record.changed_at),
            "on_stage": bool(record.on_stage),
        }

    return row


# Two people have permitted its live picture before an audience, and nothing has ended that.
_ON_STAGE = exists().where(LivePermitRow.mission_id == MissionRow.id, LivePermitRow.state == PermitState.LIVE).correlate(MissionRow)


@cache
def _mission_query() -> Query:
    return (
        select(
            MissionRow.id,
            MissionRow.no,
            MissionRow.kind,
            MissionRow.matter,
            MissionRow.case_id,
            MissionRow.foreign_case_no,
            MissionRow.team_id,
            MissionRow.area_id,
            MissionRow.place,
            MissionRow.lat,
            MissionRow.lon,
            MissionRow.planned_from,
            MissionRow.planned_to,
            MissionRow.state,
            MissionRow.departed_at,
            MissionRow.arrived_at,
            MissionRow.ended_at,
            MissionRow.outcome,
            MissionRow.changed_at,
            _ON_STAGE.label("on_stage"),
            CaseRow.case_no,
            TeamRow.name.label("team"),
            VehicleRow.kind.label("vehicle_kind"),
        )
        .outerjoin(CaseRow, CaseRow.id == MissionRow.case_id)
        .outerjoin(TeamRow, TeamRow.id == MissionRow.team_id)
        .outerjoin(VehicleRow, VehicleRow.id == MissionRow.vehicle_id)
    )

"""The court puts itself in: its teams, officers, vehicles, units, communities and fences."""

from collections.abc import Sequence
from datetime import datetime

from shapely import Geometry
from sqlalchemy import func, select
from ulid import ULID

from data.actions.allowed import allowed
from data.actions.keeping import held
from data.errors import BadInput, NotFound, RuleBroken
from data.events import (
    AreaDrawn,
    CourtChanged,
    CourtFounded,
    FenceDrawn,
    FenceRemoved,
    OfficerAdded,
    OfficerChanged,
    TeamFormed,
    UnitAdded,
    VehicleAdded,
)
from data.journal import Work
from data.rules import units, words
from data.rules.permissions import Role, Verb
from data.rules.role_changes import LEAST
from data.tables import AreaRow, CourtRow, FenceInsideRow, FenceRow, OfficerRow, Table, TeamRow, UnitRow, VehicleRow
from geo.fences import Fence, NotAFence, NotDrawnWell, check_drawn

FENCE_KINDS = frozenset({"WATCH", "COURT"})
MOST_CORNERS = 500


def found_court(
    work: Work,
    code: str,
    name: str,
    level: str = "BASIC",
    *,
    lat: float | None = None,
    lon: float | None = None,
    duty_phone: str | None = None,
) -> None:
    """This court, once. Raises RuleBroken court.exists; BadInput court.other if it is not the court of the settings."""
    allowed(work, Verb.MANAGE_PEOPLE)
    if code != work.court_code:
        raise BadInput(code, code="court.other", own=work.court_code)
    _new(work, CourtRow, code, "court.exists")
    lat, lon = words.place(lat, lon)
    court = CourtRow(
        code=words.word(code, "code", 16),
        name=words.word(name, "name", 64),
        level=words.word(level, "level", 16),
        lat=lat,
        lon=lon,
        duty_phone=words.word_or_none(duty_phone, "duty_phone", 32),
    )
    work.session.add(court)
    work.session.flush()
    work.record(CourtFounded(court_code=court.code))


def change_court(
    work: Work, *, name: str | None = None, lat: float | None = None, lon: float | None = None, duty_phone: str | None = None
) -> None:
    """Another name, place or office number of this court; an empty number is none. Raises NotFound not_found.court, BadInput."""
    allowed(work, Verb.MANAGE_PEOPLE)
    court = held(work, CourtRow, work.court_code, "not_found.court")
    lat, lon = words.place(lat, lon)
    if name is not None:
        court.name = words.word(name, "name", 64)
    if lat is not None:
        court.lat, court.lon = lat, lon
    if duty_phone is not None:
        court.duty_phone = words.word(duty_phone, "duty_phone", 32) if duty_phone else None
    work.record(CourtChanged(court_code=court.code))


def form_team(work: Work, name: str, position: int | None = None) -> str:
    """A team under its name, last on the list unless a position is given. Returns its id. Raises RuleBroken team.exists."""
    allowed(work, Verb.MANAGE_PEOPLE)
    name = words.word(name, "name", 32)
    if work.session.scalar(select(TeamRow.id).where(TeamRow.court_code == work.court_code, TeamRow.name == name)) is not None:
        raise RuleBroken("team", code="team.exists")
    if position is None:
        position = (work.session.scalar(select(func.max(TeamRow.position))) or 0) + 1
    team = TeamRow(id=_new_id(work), court_code=work.court_code, name=name, position=position)
    work.session.add(team)
    work.session.flush()
    work.record(TeamFormed(team_id=team.id))
    return team.id


def add_officer(
    work: Work,
    name: str,
    title: str,
    role: Role,
    *,
    team_id: str | None = None,
    badge_no: str | None = None,
    sex: str | None = None,
    phone: str | None = None,
    leader: bool = False,
) -> str:
    """An officer; title is how the wall calls him after the surname (法官, 法警). leader: leads his team. Returns his id.

    A person adds one with the least role, and proposes the other (`role_changes`).
    """
    allowed(work, Verb.MANAGE_PEOPLE)
    if role != LEAST:
        allowed(work, Verb.SET_ROLE)
    if sex not in (None, "F", "M"):
        raise BadInput("sex", code="officer.bad_sex")
    team = None if team_id is None else held(work, TeamRow, team_id, "not_found.team")
    officer = OfficerRow(
        id=_new_id(work),
        court_code=work.court_code,
        name=words.word(name, "name", 64),
        title=words.word(title, "title", 16),
        role=_role(role),
        badge_no=words.word_or_none(badge_no, "badge_no", 32),
        sex=sex,
        phone=work.sealing.seal(words.word_or_none(phone, "phone", 32)),
        team_id=team_id,
    )
    work.session.add(officer)
    work.session.flush()
    if leader and team is not None:
        team.leader_id = officer.id
    work.record(OfficerAdded(officer_id=officer.id, team_id=team_id))
    return officer.id


def change_officer(
    work: Work,
    officer_id: str,
    *,
    name: str | None = None,
    title: str | None = None,
    badge_no: str | None = None,
    phone: str | None = None,
    team_id: str | None = None,
) -> None:
    """Another name, title, badge number, phone or team. Every row that says his name is drawn again."""
    allowed(work, Verb.MANAGE_PEOPLE)
    officer = held(work, OfficerRow, officer_id, "not_found.officer")
    if name is not None:
        officer.name = words.word(name, "name", 64)
    if title is not None:
        officer.title = words.word(title, "title", 16)
    if badge_no is not None:
        officer.badge_no = words.word(badge_no, "badge_no", 32)
    if phone is not None:
        officer.phone = work.sealing.seal(words.word(phone, "phone", 32))
    own_units = work.session.scalars(select(UnitRow).where(UnitRow.officer_id == officer_id).order_by(UnitRow.no)).all()
    unit_nos = tuple(unit.no for unit in own_units)
    if team_id is not None and team_id != officer.team_id:
        _change_team(work, officer, own_units, team_id)
    work.record(OfficerChanged(officer_id=officer_id, team_id=officer.team_id, unit_nos=unit_nos))


def _change_team(work: Work, officer: OfficerRow, own_units: Sequence[UnitRow], team_id: str) -> None:
    """Into another team, with his number on the map; he leads no team that he has left."""
    held(work, TeamRow, team_id, "not_found.team")
    former = None if officer.team_id is None else held(work, TeamRow, officer.team_id, "not_found.team")
    if former is not None and former.leader_id == officer.id:
        former.leader_id = None
    for unit in own_units:
        unit.team_id = team_id
    officer.team_id = team_id
    if former is not None:
        work.record(OfficerChanged(officer_id=officer.id, team_id=former.id))


def add_vehicle(work: Work, kind: str, plate: str | None = None, team_id: str | None = None) -> str:
    """kind: POLICE, COMMAND, TRANSPORT or TOW. Returns its id. Raises BadInput vehicle.bad_kind."""
    allowed(work, Verb.MANAGE_PEOPLE)
    if kind not in units.VEHICLE_KINDS:
        raise BadInput(kind, code="vehicle.bad_kind")
    if team_id is not None:
        held(work, TeamRow, team_id, "not_found.team")
    vehicle = VehicleRow(
        id=_new_id(work),
        court_code=work.court_code,
        kind=kind,
        plate=work.sealing.seal(words.word_or_none(plate, "plate", 16)),
        team_id=team_id,
    )
    work.session.add(vehicle)
    work.session.flush()
    work.record(VehicleAdded(vehicle_id=vehicle.id, team_id=team_id))
    return vehicle.id


def add_unit(
    work: Work, no: int, kind: str, *, officer_id: str | None = None, vehicle_id: str | None = None, team_id: str | None = None
) -> int:
    """Give an officer or a vehicle the number under which it moves on the map. Its team is his, unless another is given.

    Raises RuleBroken unit.exists, unit.has_number; BadInput unit.bad_number, unit.bad_kind.
    """
    allowed(work, Verb.MANAGE_PEOPLE)
    units.number(no)
    if (kind == units.UnitKind.OFFICER) != (officer_id is not None) or (kind == units.UnitKind.VEHICLE) != (vehicle_id is not None):
        raise BadInput(kind, code="unit.bad_kind")
    _new(work, UnitRow, no, "unit.exists")
    mover = _mover(work, officer_id, vehicle_id)
    team_id = team_id or mover.team_id
    if team_id is not None and work.session.get(TeamRow, team_id) is None:
        raise NotFound("team", code="not_found.team")
    unit = UnitRow(
        no=no, court_code=work.court_code, kind=kind, officer_id=officer_id, vehicle_id=vehicle_id, team_id=team_id, on_duty=False
    )
    work.session.add(unit)
    work.session.flush()
    work.record(UnitAdded(unit_no=no, team_id=team_id))
    return no


def draw_area(work: Work, area_id: str, street: str, name: str, lat: float, lon: float) -> None:
    """A community and its centre, where its cases are counted. Raises RuleBroken area.exists."""
    allowed(work, Verb.MANAGE_PEOPLE)
    area_id = words.word(area_id, "id", 32)
    _new(work, AreaRow, area_id, "area.exists")
    checked_lat, checked_lon = words.place(lat, lon)
    area = AreaRow(
        id=area_id,
        court_code=work.court_code,
        street=words.word(street, "street", 32),
        name=words.word(name, "name", 32),
        lat=checked_lat,
        lon=checked_lon,
    )
    work.session.add(area)
    work.session.flush()
    work.record(AreaDrawn(area_id=area_id))


def draw_fence(
    work: Work,
    name: str,
    kind: str,
    ring: Sequence[Sequence[float]],
    ends_at: datetime | None = None,
    begins_at: datetime | None = None,
) -> str:
    """Watch an area. ring: corners [lat, lon], WGS 84, at most 500. begins_at: not before; ends_at: not longer. Returns its id.

    Raises BadInput fence.bad_kind, fence.over, geo.not_a_fence.
    """
    allowed(work, Verb.DRAW_FENCE)
    if kind not in FENCE_KINDS:
        raise BadInput(kind, code="fence.bad_kind")
    begins_at = begins_at if begins_at is not None and begins_at > work.now else None
    if ends_at is not None and ends_at <= max(work.now, begins_at or work.now):
        raise BadInput("ends_at", code="fence.over")
    fence_id = _new_id(work)
    if len(ring) > MOST_CORNERS:
        raise BadInput("corners", code="geo.not_a_fence")
    try:
        corners = [[float(lat), float(lon)] for lat, lon in ring]
        Fence(fence_id, [(lat, lon) for lat, lon in corners])
    except (NotAFence, TypeError, ValueError) as error:
        raise BadInput("ring", code="geo.not_a_fence") from error
    named = words.word(name, "name", 64)
    work.session.add(
        FenceRow(id=fence_id, court_code=work.court_code, name=named, kind=kind, ring=corners, ends_at=ends_at, begins_at=begins_at)
    )
    work.session.flush()
    work.record(FenceDrawn(fence_id=fence_id))
    return fence_id


def draw_by_hand(
    work: Work,
    name: str,
    kind: str,
    ring: Sequence[Sequence[float]],
    begins_at: datetime | None,
    ends_at: datetime | None,
    district: Geometry | None,
) -> str:
    """As `draw_fence`, for a line that somebody drew on the map: told how to mend it. district: None: no boundary is known.

    Raises BadInput geo.fence_corners, .fence_crosses, .fence_small, .fence_large, .fence_outside.
    """
    allowed(work, Verb.DRAW_FENCE)
    try:
        check_drawn([(float(lat), float(lon)) for lat, lon in ring[: MOST_CORNERS + 1]], district)
    except NotDrawnWell as error:
        raise BadInput("ring", code=error.code) from error
    except (TypeError, ValueError) as error:
        raise BadInput("ring", code="geo.fence_corners") from error
    return draw_fence(work, name, kind, ring, ends_at, begins_at)


def begin_fence(work: Work, fence_id: str) -> bool:
    """Its time has come: it is watched and on the walls. Returns whether it was still waiting. Part of `run_due`."""
    fence = held(work, FenceRow, fence_id, "not_found.fence")
    if fence.removed_at is not None or fence.begins_at is None or work.now < fence.begins_at:
        return False
    fence.begins_at = None
    work.record(FenceDrawn(fence_id=fence_id))
    return True


def remove_fence(work: Work, fence_id: str) -> bool:
    """Stop watching it. Returns whether it was watched."""
    allowed(work, Verb.DRAW_FENCE)
    fence = held(work, FenceRow, fence_id, "not_found.fence")
    if fence.removed_at is not None:
        return False
    fence.removed_at = work.now
    for inside in work.session.scalars(select(FenceInsideRow).where(FenceInsideRow.fence_id == fence_id)):
        work.session.delete(inside)
    work.record(FenceRemoved(fence_id=fence_id))
    return True


def _new_id(work: Work) -> str:
    return str(ULID.from_datetime(work.now))


def _new(work: Work, table: type[Table], key: object, code: str) -> None:
    if work.session.get(table, key) is not None:
        raise RuleBroken(str(key), code=code)


def _role(role: Role) -> str:
    if role not in (Role.DUTY, Role.COMMANDER, Role.LEADER, Role.JUDGE, Role.FIELD, Role.FUND, Role.TECHNICAL, Role.INSPECTOR, Role.UPPER):
        raise BadInput(role, code="officer.bad_role")
    return role.value


def _mover(work: Work, officer_id: str | None, vehicle_id: str | None) -> OfficerRow | VehicleRow:
    mover: OfficerRow | VehicleRow
    if officer_id is not None:
        mover = held(work, OfficerRow, officer_id, "not_found.officer")
        taken = select(UnitRow.no).where(UnitRow.officer_id == officer_id)
    else:
        mover = held(work, VehicleRow, vehicle_id, "not_found.vehicle")
        taken = select(UnitRow.no).where(UnitRow.vehicle_id == vehicle_id)
    if work.session.scalar(taken) is not None:
        raise RuleBroken("has a number", code="unit.has_number")
    return mover

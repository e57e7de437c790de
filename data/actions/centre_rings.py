"""The centre rings too: a desk rings an officer or a whole team, and nothing is sent or received before one of them accepts on his phone.

Every ring leaves a trace of its own, so that the inspector can read who rang whom and when.
"""

from sqlalchemy import select
from ulid import ULID

from data.actions.allowed import allowed
from data.actions.audit import record_audit
from data.actions.calls import owner_here
from data.actions.keeping import found, held, next_number, speaking
from data.actions.missions import under_way
from data.actions.participants import add_desk, add_officer_on_the_spot
from data.errors import NotPermitted, RuleBroken, TransitionRefused
from data.events import CallAnswered, CallCentreRang
from data.journal import Work
from data.rules import calls, words
from data.rules.calls import CallKind, CallState, CallStep
from data.rules.identity import Act
from data.rules.permissions import Verb
from data.tables import CallRow, DeviceRow, TeamRow, UnitRow


def ring_unit(work: Work, unit_no: int) -> str:
    """Ring one officer's phone. Returns the call's id. Raises RuleBroken call.no_phone, call.unit_busy (number)."""
    allowed(work, Verb.RING_FIELD)
    unit = held(work, UnitRow, unit_no, "not_found.unit")
    return _ring(work, unit, None)


def ring_team(work: Work, team_id: str) -> str:
    """Ring every phone of a team; the first to accept has the call. Returns its id. Raises RuleBroken call.no_phone, call.unit_busy."""
    allowed(work, Verb.RING_FIELD)
    team = found(work, TeamRow, team_id, "not_found.team")
    phones = (
        select(UnitRow).join(DeviceRow, DeviceRow.unit_no == UnitRow.no).where(UnitRow.team_id == team.id, UnitRow.officer_id.is_not(None))
    )
    usable = phones.where(DeviceRow.revoked_at.is_(None), DeviceRow.kind == "PHONE").order_by(UnitRow.on_duty.desc(), UnitRow.no)
    there = list(dict.fromkeys(work.session.scalars(usable)))
    if not there:
        raise RuleBroken("no phone", code="call.no_phone")
    free = next((unit for unit in there if _open(work, unit.no) is None), there[0])
    return _ring(work, free, team.id)


def accept_ring(work: Work, call_id: str) -> bool:
    """The officer accepts on his own phone; only now may his camera open. Returns False if this phone has accepted already.

    Raises NotPermitted unit.not_yours; TransitionRefused call.transition_refused when another phone of the team was first, or it is over.
    """
    allowed(work, Verb.ACCEPT_RING)
    unit, device_no = speaking(work)
    call = held(work, CallRow, words.ulid(call_id), "not_found.call")
    if call.kind != CallKind.CENTRE or not _is_for(call, unit):
        raise NotPermitted("another's", code="unit.not_yours")
    if call.state in calls.TALKING and call.device_no == device_no:
        return False
    if call.state != CallState.RINGING:
        raise TransitionRefused("late", code="call.transition_refused", state=call.state)
    rung = call.unit_no
    call.state = calls.step(CallState.RINGING, CallStep.ANSWER)
    call.unit_no, call.device_no, call.answered_at = unit.no, device_no, work.now
    there = [add_officer_on_the_spot(work, call, unit)]
    there += [add_desk(work, call, call.owner_id)] if call.owner_id else []
    work.record(
        CallAnswered(
            call_id=call.id,
            unit_no=unit.no,
            team_id=call.rung_team_id,
            participant_ids=tuple(each.id for each in there),
            unit_nos=(rung,) if rung != unit.no else (),
        )
    )
    return True


def _is_for(call: CallRow, unit: UnitRow) -> bool:
    return call.unit_no == unit.no or (call.rung_team_id is not None and call.rung_team_id == unit.team_id)


def _ring(work: Work, unit: UnitRow, team_id: str | None) -> str:
    me = owner_here(work)
    device = select(DeviceRow.no).where(DeviceRow.unit_no == unit.no, DeviceRow.revoked_at.is_(None), DeviceRow.kind == "PHONE")
    device_no = work.session.scalar(device.order_by(DeviceRow.no.desc()).limit(1))
    if device_no is None:
        raise RuleBroken("no phone", code="call.no_phone")
    busy = _open(work, unit.no)
    if busy is not None:
        raise RuleBroken("busy", code="call.unit_busy", number=busy)
    mission = under_way(work, unit.team_id)
    call = CallRow(
        id=str(ULID.from_datetime(work.now)),
        number=next_number(work, calls.LETTER),
        court_code=work.court_code,
        kind=CallKind.CENTRE,
        unit_no=unit.no,
        device_no=device_no,
        mission_id=mission.id if mission else None,
        state=CallState.RINGING,
        placed_at=work.now,
        received_at=work.now,
        area_id=mission.area_id if mission else None,
        owner_id=me,
        owned_at=work.now,
        rung_by=me,
        rung_team_id=team_id,
    )
    work.session.add(call)
    work.session.flush()
    record_audit(work, Act.RING_FIELD, "team" if team_id else "unit", team_id or str(unit.no), fields=(call.number,))
    work.record(CallCentreRang(call_id=call.id, unit_no=unit.no, team_id=team_id))
    return call.id


def _open(work: Work, unit_no: int) -> str | None:
    open_ones = select(CallRow.number).where(CallRow.unit_no == unit_no, CallRow.state.in_(sorted(calls.OPEN)))
    return work.session.scalar(open_ones.limit(1))

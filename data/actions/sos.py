"""The alarm: raised from any device that is not revoked, on duty or off; owned by one person; closed by somebody else than who raised it.

While nobody has taken an alarm, a further hold of the same unit is the same alarm. Once somebody has, it is a new one: it got worse.
"""

from datetime import datetime, timedelta

from sqlalchemy import select, update

from data.actions.allowed import allowed
from data.actions.calls import owner_here, refuse_owned
from data.actions.keeping import came_before, first_time, held, next_number, speaking, whereabouts
from data.actions.missions import under_way
from data.errors import BadInput, NotPermitted
from data.events import SosAcknowledged, SosEscalated, SosFalseAlarm, SosRaised, SosResolved, SosResponding
from data.journal import Work
from data.rules import sos, words
from data.rules.permissions import Verb
from data.rules.sos import SosState, SosStep
from data.tables import SosRow, TeamRow, UnitRow
from geo.fixes import Fix

OLDEST = timedelta(days=7)


def raise_sos(
    work: Work,
    sos_id: str,
    raised_at: datetime,
    fix: Fix | None = None,
    battery: int | None = None,
    area_id: str | None = None,
) -> str:
    """Alarm. Returns its number; the same id gets the same number. Nothing but a revoked device or an id that is none refuses it.

    raised_at: when it was held, by the server's clock; shown as it is, also when it arrives much later. A time that cannot be (ahead of
    us, or older than a phone keeps anything) is taken as now: an alarm is not lost for a wrong clock.
    """
    allowed(work, Verb.RAISE_SOS)
    sos_id = words.ulid(sos_id)
    unit, device_no = speaking(work)
    known = work.session.get(SosRow, sos_id)
    if known is not None:
        if known.unit_no != unit.no:
            raise NotPermitted("alarm of another unit", code="unit.not_yours")
        return known.number
    same = _same_alarm(work, unit.no, sos_id)
    if same is not None:
        return same
    mission = under_way(work, unit.team_id)
    where = whereabouts(fix)
    at = raised_at if raised_at.tzinfo and work.now - OLDEST <= raised_at <= work.now else work.now
    alarm = SosRow(
        id=sos_id,
        number=next_number(work, sos.LETTER),
        court_code=work.court_code,
        unit_no=unit.no,
        device_no=device_no,
        mission_id=mission.id if mission else None,
        state=SosState.RAISED,
        raised_at=at,
        received_at=work.now,
        lat=where.lat,
        lon=where.lon,
        accuracy_m=where.accuracy_m,
        fix_at=where.fix_at,
        battery_pct=battery if battery is not None and 0 <= battery <= 100 else where.battery_pct,
        area_id=area_id or (mission.area_id if mission else None),
        level=0,
    )
    work.session.add(alarm)
    work.record(SosRaised(sos_id=sos_id, unit_no=unit.no), at)
    return alarm.number


def acknowledge_sos(work: Work, sos_id: str) -> bool:
    """«我来处理»: one person owns the alarm, and the officer's phone says so. Returns False if it is his already. Raises AlreadyOwned."""
    allowed(work, Verb.TAKE_SOS)
    me = owner_here(work)
    alarm = held(work, SosRow, words.ulid(sos_id), "not_found.sos")
    if alarm.owner_id == me:
        return False
    free = (
        update(SosRow).where(SosRow.id == alarm.id, SosRow.owner_id.is_(None)).values(owner_id=me, owned_at=work.now, state=SosState.ACKED)
    )
    taken = work.session.execute(free.returning(SosRow.id), execution_options={"synchronize_session": False}).first()
    if taken is None:
        raise refuse_owned(work, alarm)
    work.session.refresh(alarm)
    work.record(SosAcknowledged(sos_id=alarm.id, unit_no=alarm.unit_no))
    return True


def escalate_sos(work: Work, sos_id: str, level: int) -> bool:
    """Nobody owns it: sound again everywhere (1), and on all leaders' pages (2). Returns False if it is owned or as loud already."""
    allowed(work, Verb.RUN_TIMER)
    if level not in sos.ESCALATES_AFTER:
        raise BadInput("level", code="sos.bad_level")
    alarm = held(work, SosRow, sos_id, "not_found.sos")
    if alarm.state != SosState.RAISED or alarm.level >= level:
        return False
    alarm.level = level
    work.record(SosEscalated(sos_id=alarm.id, unit_no=alarm.unit_no, level=level))
    return True


def respond_sos(work: Work, sos_id: str, team_id: str | None = None) -> bool:
    """Help is on its way; the team that goes. Returns False if it goes already. Raises TransitionRefused sos.not_owned."""
    allowed(work, Verb.RESPOND_SOS)
    alarm = held(work, SosRow, words.ulid(sos_id), "not_found.sos")
    if team_id is not None:
        held(work, TeamRow, team_id, "not_found.team")
    if alarm.state == SosState.RESPONDING and alarm.responding_team_id == team_id:
        return False
    alarm.state = sos.step(SosState(alarm.state), SosStep.RESPOND)
    alarm.responding_team_id = team_id
    work.record(SosResponding(sos_id=alarm.id, unit_no=alarm.unit_no, team_id=team_id))
    return True


def resolve_sos(work: Work, sos_id: str, false_alarm: bool = False) -> bool:
    """It is over, or was none. Returns False if that is known. Raises NotPermitted sos.own to whoever raised it."""
    allowed(work, Verb.RESOLVE_SOS)
    alarm = held(work, SosRow, words.ulid(sos_id), "not_found.sos")
    unit = work.session.get(UnitRow, alarm.unit_no)
    sos.may_close(work.actor, alarm.unit_no, unit.officer_id if unit else None)
    after = SosState.FALSE_ALARM if false_alarm else SosState.RESOLVED
    if alarm.state == after:
        return False
    alarm.state = sos.step(SosState(alarm.state), SosStep.DISMISS if false_alarm else SosStep.RESOLVE)
    alarm.closed_at, alarm.closed_by = work.now, owner_here(work)
    over = SosFalseAlarm if false_alarm else SosResolved
    work.record(over(sos_id=alarm.id, unit_no=alarm.unit_no))
    return True


def _same_alarm(work: Work, unit_no: int, sos_id: str) -> str | None:
    sender = f"unit:{unit_no}"
    newest = work.session.scalar(select(SosRow).where(SosRow.unit_no == unit_no).order_by(SosRow.received_at.desc()).limit(1))
    if newest is None:
        return None
    if came_before(work, sender, f"hold:{sos_id}"):
        return newest.number
    if newest.state == SosState.RAISED:
        first_time(work, sender, f"hold:{sos_id}")
        return newest.number
    return None

"""What the hub of `/live` must know beside the rows: who calls for help, which walls guests can see, what a viewer is called."""

from datetime import datetime
from typing import Any

from sqlalchemy import or_, select, text, union
from sqlalchemy.orm import Session

from data.engines import Database, foreign_errors
from data.journal import JOURNAL
from data.rules import masking
from data.rules.calls import CallState
from data.rules.permissions import Actor, Clearance, Role
from data.rules.sos import SosState
from data.rules.walls import VISITORS_LAYOUT
from data.tables import AccountRow, CallRow, DeviceRow, EntryRow, OfficerRow, SosRow, TeamRow, UnitRow, WallRow

_OVER = (SosState.RESOLVED.value, SosState.FALSE_ALARM.value)


_NEWEST = text("SELECT last FROM counter WHERE name = :name").bindparams(name=JOURNAL)


def newest_number(database: Database) -> int:
    """The journal's last number by the cheapest question there is. Raises DatabaseUnavailable."""
    with foreign_errors(), database.reads.connect() as connection:
        return connection.execute(_NEWEST).scalar() or 0


def newest_number_in(session: Session) -> int:
    """The same, as this view of the database sees it."""
    return session.connection().execute(_NEWEST).scalar() or 0


def urgent_units(session: Session) -> frozenset[int]:
    """Units with an open call or alarm: their positions are sent at once."""
    calling = select(CallRow.unit_no).where(CallRow.state != CallState.ENDED.value)
    in_need = select(SosRow.unit_no).where(SosRow.state.not_in(_OVER))
    return frozenset(session.scalars(union(calling, in_need)))


def walls_with_visitors(session: Session) -> frozenset[str]:
    """Ids of the walls that guests can see: in visitors' mode, or with the layout made for them."""
    return frozenset(session.scalars(select(WallRow.id).where(or_(WallRow.visitors.is_(True), WallRow.layout == VISITORS_LAYOUT))))


def label_of(session: Session, actor: Actor) -> str | None:
    """How the viewer is called on his own screen: 陈法官; None for walls and machines."""
    if actor.officer_id is None:
        return None
    officer = session.execute(select(OfficerRow.name, OfficerRow.title).where(OfficerRow.id == actor.officer_id)).one_or_none()
    return officer and masking.officer(officer.name, officer.title, Clearance.DESK)


def can_unlock(session: Session, actor: Actor) -> bool:
    """Whether he has a PIN or a password: a desk opened by a one-time link alone could be locked and never opened again."""
    return session.scalar(select(AccountRow.officer_id).where(AccountRow.officer_id == actor.officer_id)) is not None


def case_system_as_of(session: Session) -> datetime | None:
    """When the newest thing happened that the case system told us."""
    newest = select(EntryRow.occurred_at).where(EntryRow.actor_role == Role.CASE_SYSTEM.value).order_by(EntryRow.seq.desc()).limit(1)
    return session.scalar(newest)


def unit_of(session: Session, actor: Actor) -> dict[str, Any]:
    """Who a phone is, for itself: {unit, label, who, team, team_id, duty}."""
    unit = session.execute(
        select(UnitRow.no, UnitRow.on_duty, UnitRow.team_id, TeamRow.name.label("team"), OfficerRow.name, OfficerRow.title)
        .outerjoin(TeamRow, TeamRow.id == UnitRow.team_id)
        .outerjoin(OfficerRow, OfficerRow.id == UnitRow.officer_id)
        .where(UnitRow.no == actor.unit_no)
    ).one_or_none()
    if unit is None:
        return {"unit": str(actor.unit_no), "label": None, "who": None, "team": None, "duty": False}
    who = masking.officer(unit.name, unit.title, Clearance.FIELD) if unit.name else None
    label = " ".join(word for word in (unit.team, who) if word)
    duty = {"team": unit.team, "team_id": unit.team_id, "duty": bool(unit.on_duty)}
    return {"unit": str(unit.no), "label": label, "who": who} | duty


def some_device(session: Session, court_code: str) -> Actor | None:
    """A device that may speak, for a rehearsal; None when nobody has enrolled one yet."""
    mine = select(DeviceRow.no, DeviceRow.unit_no).where(DeviceRow.court_code == court_code, DeviceRow.revoked_at.is_(None))
    device = session.execute(mine.order_by(DeviceRow.no).limit(1)).one_or_none()
    if device is None:
        return None
    return Actor(kind="DEVICE", id=str(device.no), role=Role.DEVICE, court_code=court_code, unit_no=device.unit_no, device_no=device.no)

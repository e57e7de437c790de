"""Who calls or asks for help from where, and who could go.

For whoever sees live positions anyway, and only while an alarm is open: no track is read, so a look leaves no record of its own.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from data.errors import NotFound, NotPermitted
from data.queries.wall import visible_units
from data.rules.calls import CallState
from data.rules.masking import fields_of
from data.rules.permissions import Sight
from data.rules.sos import OPEN
from data.tables import CallRow, SosRow, UnitRow
from geo.coordinates import Place


@dataclass(frozen=True, slots=True)
class Alarm:
    """An open call or alarm: whose, and where it was made."""

    unit_no: int
    team_id: str | None
    place: Place


def alarm_of(session: Session, sight: Sight, kind: str, alarm_id: str) -> Alarm:
    """The open call (`call`) or alarm (`sos`) of this id. Raises NotPermitted to whom no place is shown, NotFound."""
    if not sight.positions or "lat" not in fields_of(kind, sight.clearance):
        raise NotPermitted("places", verb="see.place")
    table = SosRow if kind == "sos" else CallRow
    is_open = SosRow.state.in_(OPEN) if kind == "sos" else CallRow.state != CallState.ENDED.value
    found = session.execute(
        select(table.unit_no, table.lat, table.lon, UnitRow.team_id)
        .outerjoin(UnitRow, UnitRow.no == table.unit_no)
        .where(table.id == alarm_id, table.court_code == sight.court_code, is_open)
    ).one_or_none()
    if found is None or found.lat is None or found.lon is None:
        raise NotFound(kind, code=f"not_found.{kind}")
    return Alarm(found.unit_no, found.team_id, (found.lat, found.lon))


def teams_of(session: Session, sight: Sight, numbers: Iterable[int]) -> dict[int, str]:
    """Of each of these units that is on duty and seen by this Sight: its team."""
    asked, visible = set(numbers), visible_units(sight)
    asked &= asked if visible is None else visible
    on_duty = select(UnitRow.no, UnitRow.team_id).where(UnitRow.no.in_(sorted(asked)), UnitRow.on_duty, UnitRow.team_id.is_not(None))
    return {row.no: row.team_id or "" for row in session.execute(on_duty.where(UnitRow.court_code == sight.court_code))}

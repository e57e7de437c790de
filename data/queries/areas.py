"""The communities of the district, for naming the place of a call or an alarm; and where the court itself is."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from data.tables import AreaRow, CourtRow
from geo.coordinates import Place, distance_m

FARTHEST_M = 5_000.0  # beyond this no community of ours is a name for the place


def court_place(session: Session, court_code: str) -> Place | None:
    """Where the court stands; None before it is founded. Not restricted: it is a public building."""
    row = session.execute(select(CourtRow.lat, CourtRow.lon).where(CourtRow.code == court_code)).one_or_none()
    return None if row is None else (row.lat, row.lon)


def nearest_area(session: Session, lat: float, lon: float) -> str | None:
    """The community whose centre is nearest to this place, or None outside the district. Not restricted: the name of a place, of nobody."""
    centres = session.execute(select(AreaRow.id, AreaRow.lat, AreaRow.lon)).all()
    near = min(((distance_m((lat, lon), (row.lat, row.lon)), row.id) for row in centres), default=None)
    return near[1] if near and near[0] <= FARTHEST_M else None

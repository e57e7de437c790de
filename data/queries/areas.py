"""The communities of the district, for naming the place of a call or an alarm."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from data.tables import AreaRow
from geo.coordinates import distance_m

FARTHEST_M = 5_000.0  # beyond this no community of ours is a name for the place


def nearest_area(session: Session, lat: float, lon: float) -> str | None:
    """The community whose centre is nearest to this place, or None outside the district. Not restricted: the name of a place, of nobody."""
    centres = session.execute(select(AreaRow.id, AreaRow.lat, AreaRow.lon)).all()
    near = min(((distance_m((lat, lon), (row.lat, row.lon)), row.id) for row in centres), default=None)
    return near[1] if near and near[0] <= FARTHEST_M else None

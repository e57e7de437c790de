"""What a phone asks about itself: who it is, and «谁看过我»."""

from typing import Any

from data.engines import Database
from data.live_settings import current
from data.queries.areas import nearest_area
from data.queries.audit import who_saw
from data.queries.live import unit_of
from data.rules.civil import milliseconds
from data.rules.permissions import Actor
from data.settings import Settings


def about(database: Database, settings: Settings, actor: Actor) -> dict[str, Any]:
    """{unit, label, who, team, duty, court, duty_phone, demo, civil_offset_s}. In a thread. Raises DatabaseUnavailable."""
    with database.reading() as session:
        said, now = unit_of(session, actor), current(session, settings)
    ours = {"court": now.court_name, "demo": settings.demo, "civil_offset_s": settings.civil_offset_s}
    return said | ours | {"duty_phone": now.duty_phone or None}


def seen(database: Database, actor: Actor) -> list[dict[str, Any]]:
    """Newest first: [{"at": ms, "role"}]. In a thread. Raises DatabaseUnavailable."""
    with database.reading() as session:
        return [{"at": milliseconds(look.at), "role": look.role} for look in who_saw(session, unit_no=actor.unit_no)]


def area_at(database: Database, lat: float, lon: float) -> str | None:
    """The community at this place, by which a call or an alarm is named."""
    with database.reading() as session:
        return nearest_area(session, lat, lon)

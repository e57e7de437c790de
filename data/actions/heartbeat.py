"""A part of the product goes down or comes back: kept as its last few changes, and for good in the journal."""

from datetime import datetime

from sqlalchemy import delete, select
from ulid import ULID

from data.actions.allowed import allowed
from data.events import PartChanged
from data.journal import Work
from data.rules.heartbeat import CHANGES_KEPT, part_name, part_state
from data.rules.permissions import Verb
from data.tables import PartChangeRow


def tell_part(work: Work, part: str, state: str, since: datetime) -> bool:
    """A part is «down», or «up» again, since then. Returns False if that was so already; a part nobody has ever told of is up."""
    allowed(work, Verb.TELL_PART)
    part, state = part_name(part), part_state(state)
    mine = select(PartChangeRow).where(PartChangeRow.part == part).order_by(PartChangeRow.id.desc())
    known = list(work.session.scalars(mine))
    if (known[0].state if known else "up") == state:
        return False
    work.session.add(PartChangeRow(id=str(ULID.from_datetime(work.now)), part=part, state=state, at=since))
    outdated = [each.id for each in known[CHANGES_KEPT - 1 :]]
    if outdated:
        work.session.execute(delete(PartChangeRow).where(PartChangeRow.id.in_(outdated)))
    work.record(PartChanged(part=part, state=state), since)
    return True

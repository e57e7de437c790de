"""请法警协助: one press in the room of a screening or at its door; the desk hears it, and who goes says so."""

from sqlalchemy import select
from ulid import ULID

from data.actions.allowed import allowed
from data.actions.keeping import held
from data.actions.screening_doors import at_door
from data.errors import AlreadyOwned, NotPermitted
from data.events import HelpAsked, HelpTaken
from data.journal import Work
from data.rules import words
from data.rules.permissions import Verb
from data.tables import OfficerRow, ScreeningHelpRow


def ask_help(work: Work, screening_id: str) -> bool:
    """Returns False while an earlier press waits: one card at the desk, however often somebody presses."""
    row = at_door(work, screening_id, even_locked=True)
    waits = select(ScreeningHelpRow.id).where(ScreeningHelpRow.screening_id == row.id, ScreeningHelpRow.taken_at.is_(None))
    if work.session.scalar(waits) is not None:
        return False
    made = ScreeningHelpRow(id=str(ULID.from_datetime(work.now)), screening_id=row.id, asked_at=work.now)
    work.session.add(made)
    work.record(HelpAsked(help_id=made.id, screening_id=row.id))
    return True


def take_help(work: Work, help_id: str) -> bool:
    """Somebody of the desk sends a bailiff or goes. Returns False if he has it. Raises AlreadyOwned help.taken; params: since."""
    allowed(work, Verb.HOST_SCREENING)
    if work.actor.officer_id is None:
        raise NotPermitted("nobody", verb=Verb.HOST_SCREENING.value)
    row = held(work, ScreeningHelpRow, words.ulid(help_id), "not_found.help")
    if row.taken_by == work.actor.officer_id:
        return False
    if row.taken_by is not None:
        first = work.session.get_one(OfficerRow, row.taken_by)
        raise AlreadyOwned("taken", code="help.taken", owner=first.title)
    row.taken_by, row.taken_at = work.actor.officer_id, work.now
    work.record(HelpTaken(help_id=row.id, screening_id=row.screening_id, officer_id=work.actor.officer_id))
    return True

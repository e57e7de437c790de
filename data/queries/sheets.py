"""The talks with parties whose record may be written or read, by number and masked name: the list at the desk."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from data.errors import NotPermitted
from data.rules.permissions import Actor, Verb, may
from data.tables import CallRow, CaseRow, ParticipantRow, PartyGuestRow, TalkSheetRow

LISTED_MOST = 50


@dataclass(frozen=True, slots=True)
class Listed:
    """version: of the newest record; 0: none is written yet."""

    participant_id: str
    number: str
    case_no: str
    party: str
    kind: str
    state: str
    invited_at: datetime
    version: int


def talks(session: Session, actor: Actor) -> list[Listed]:
    """The newest first. Raises NotPermitted."""
    if not may(actor, Verb.READ_SHEET):
        raise NotPermitted("sheets", code="identity.locked" if actor.locked else None, verb=Verb.READ_SHEET.value)
    version = (
        select(func.max(TalkSheetRow.version))
        .where(TalkSheetRow.participant_id == ParticipantRow.id)
        .correlate(ParticipantRow)
        .scalar_subquery()
    )
    asked = (
        select(
            ParticipantRow.id,
            ParticipantRow.state,
            ParticipantRow.invited_at,
            PartyGuestRow.masked,
            PartyGuestRow.kind,
            CallRow.number,
            CaseRow.case_no,
            version.label("version"),
        )
        .join(PartyGuestRow, PartyGuestRow.participant_id == ParticipantRow.id)
        .join(CallRow, CallRow.id == ParticipantRow.call_id)
        .join(CaseRow, CaseRow.id == PartyGuestRow.case_id)
        .order_by(ParticipantRow.id.desc())
        .limit(LISTED_MOST)
    )
    return [
        Listed(each.id, each.number, each.case_no, each.masked, each.kind, each.state, each.invited_at, each.version or 0)
        for each in session.execute(asked)
    ]

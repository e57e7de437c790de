"""谈话笔录: completing the record of a talk with a party, and reading it, which leaves a trace."""

from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import func, select
from ulid import ULID

from data.actions.allowed import allowed
from data.actions.audit import record_audit
from data.actions.keeping import found, held
from data.errors import BadInput, NotPermitted
from data.events import SheetCompleted
from data.journal import Work
from data.rules import sheets, words
from data.rules.civil import milliseconds
from data.rules.identity import Act
from data.rules.participants import ParticipantKind, ParticipantState
from data.rules.permissions import Verb
from data.rules.sheets import Sheet
from data.tables import (
    CallRow,
    CaseRow,
    CourtRow,
    OfficerRow,
    ParticipantRow,
    PartyGuestRow,
    RecordingRow,
    SegmentRow,
    TalkSheetRow,
)


@dataclass(frozen=True, slots=True)
class Version:
    """One complete version as it was kept. intact: its content still has the digest that stands in the journal."""

    number: int
    at: datetime
    by: str  # title
    sha256: str
    intact: bool
    sheet: Sheet


@dataclass(frozen=True, slots=True)
class Book:
    """Everything about the record of one talk. facts: as they stand now, for who writes it."""

    participant_id: str
    over: bool
    facts: dict[str, Any]
    versions: tuple[Version, ...]


def read_sheet(work: Work, participant_id: str) -> Book:
    """All versions, and what is known of the talk; the look leaves a trace. Raises NotFound, NotPermitted, BadInput party.no_party."""
    allowed(work, Verb.READ_SHEET)
    row, guest = _party(work, participant_id)
    record_audit(work, Act.READ_SHEET, "participant", row.id)
    kept = work.session.execute(
        select(TalkSheetRow, OfficerRow.title)
        .join(OfficerRow, OfficerRow.id == TalkSheetRow.officer_id)
        .where(TalkSheetRow.participant_id == row.id)
        .order_by(TalkSheetRow.version)
    )
    versions = tuple(_version(work, sheet, title) for sheet, title in kept)
    return Book(row.id, ParticipantState(row.state) in sheets.OVER, _facts(work, row, guest), versions)


def complete_sheet(work: Work, participant_id: str, explained: str, said: str, after: int = 0, why: str | None = None) -> int:
    """From now on this version stands as it is. after: the version that the writer saw, 0 for the first. Returns its number.

    Raises what `rules.sheets.lines` and `check_completion` raise.
    """
    allowed(work, Verb.WRITE_SHEET)
    if work.actor.officer_id is None:
        raise NotPermitted("nobody", verb=Verb.WRITE_SHEET.value)
    row, guest = _party(work, participant_id)
    call = found(work, CallRow, row.call_id, "not_found.call")
    newest = work.session.scalar(select(func.max(TalkSheetRow.version)).where(TalkSheetRow.participant_id == row.id)) or 0
    reason = words.word_or_none(why or None, "why", sheets.WHY_LONGEST)
    number = sheets.check_completion(ParticipantState(row.state), after, newest, reason)
    sheet = Sheet(_facts(work, row, guest), sheets.lines(explained, "explained"), sheets.lines(said, "said"), reason)
    text = sheets.to_json(sheet)
    sealed = work.sealing.seal(text)
    assert sealed is not None
    kept = TalkSheetRow(
        id=str(ULID.from_datetime(work.now)),
        participant_id=row.id,
        version=number,
        content=sealed,
        sha256=sheets.digest(text),
        officer_id=work.actor.officer_id,
        at=work.now,
    )
    work.session.add(kept)
    work.record(
        SheetCompleted(
            sheet_id=kept.id,
            call_id=call.id,
            unit_no=call.unit_no,
            participant_id=row.id,
            version=number,
            sha256=kept.sha256,
        )
    )
    return number


# --- the parts --------------------------------------------------------------------------------------------------------------------


def _party(work: Work, participant_id: str) -> tuple[ParticipantRow, PartyGuestRow]:
    row = held(work, ParticipantRow, words.ulid(participant_id), "not_found.participant")
    guest = work.session.get(PartyGuestRow, row.id)
    if guest is None:
        raise BadInput("no party", code="party.no_party")
    return row, guest


def _version(work: Work, row: TalkSheetRow, title: str) -> Version:
    text = work.sealing.open(row.content) or ""
    return Version(row.version, row.at, title, row.sha256, sheets.digest(text) == row.sha256, sheets.from_json(text))


def _facts(work: Work, row: ParticipantRow, guest: PartyGuestRow) -> dict[str, Any]:
    """What the system itself knows: the talk, the case, who took part by title, the moments (ms since 1970), the recordings."""
    call = found(work, CallRow, row.call_id, "not_found.call")
    case = found(work, CaseRow, guest.case_id, "not_found.case")
    court = found(work, CourtRow, call.court_code, "not_found.court")
    there = _there(work, call)
    return {
        "court": court.name,
        "number": call.number,
        "case_no": case.case_no,
        "cause": case.cause,
        "party": work.sealing.open(guest.name),
        "party_kind": guest.kind,
        "took_part": [each["title"] for each in there if each["title"]],
        "invited_at": _ms(row.invited_at),
        "notice_at": _ms(guest.notice_at),
        "consented_at": _ms(guest.consented_at),
        "declined_at": _ms(guest.declined_at),
        "joined_at": _ms(row.joined_at),
        "left_at": _ms(row.left_at),
        "recordings": _recordings(work, call, {each["id"]: each["title"] for each in there} | {row.id: None}),
    }


def _there(work: Work, call: CallRow) -> list[dict[str, str]]:
    """Those of the court who were in the talk, in their order; walls and other parties are none."""
    kinds = (ParticipantKind.FIELD, ParticipantKind.DESK, ParticipantKind.LEADER)
    asked = (
        select(ParticipantRow.id, ParticipantRow.kind, OfficerRow.title)
        .outerjoin(OfficerRow, OfficerRow.id == ParticipantRow.officer_id)
        .where(ParticipantRow.call_id == call.id, ParticipantRow.kind.in_(kinds), ParticipantRow.joined_at.is_not(None))
        .order_by(ParticipantRow.id)
    )
    return [{"id": each.id, "kind": each.kind, "title": each.title or ""} for each in work.session.execute(asked)]


def _recordings(work: Work, call: CallRow, of: dict[str, str | None]) -> list[dict[str, Any]]:
    """Of each who was recorded: who (a title; None: the party himself), one digest over his segments, whether his recording has ended."""
    asked = (
        select(RecordingRow.stream, RecordingRow.ended_at, RecordingRow.id, SegmentRow.sha256)
        .outerjoin(SegmentRow, SegmentRow.recording_id == RecordingRow.id)
        .where(RecordingRow.call_id == call.id)
        .order_by(RecordingRow.stream, RecordingRow.id, SegmentRow.number)
    )
    told = []
    for _, found_ones in groupby(work.session.execute(asked), key=lambda each: each.stream):
        segments = list(found_ones)
        whose = segments[0].stream.partition(".")[2]
        if whose in of:  # no whisper, and nobody of another side
            digests = [each.sha256 for each in segments if each.sha256]
            told.append({"title": of[whose], "ended": all(each.ended_at for each in segments), "sha256": sheets.of_recording(digests)})
    return told


def _ms(moment: datetime | None) -> int | None:
    return None if moment is None else milliseconds(moment)

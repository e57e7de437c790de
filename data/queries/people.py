"""Who may be asked to a screening and why he is proposed; how many are there; what is shared with a clip; who asked for a bailiff."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, exists, func, select
from sqlalchemy.orm import Session

from data.common_ground import common_ground
from data.errors import NotFound, NotPermitted
from data.queries.reading import Drawn, Ids, Reading, among, at
from data.rules import masking
from data.rules.cases import PartyKind
from data.rules.conflicts import Shared
from data.rules.permissions import Clearance, Sight
from data.sealing import Sealing
from data.tables import AreaRow, AttendeeRow, CasePartyRow, CaseRow, CourtRow, OfficerRow, RecoveryRow, ScreeningHelpRow, ScreeningRow

PAGE = 100  # candidates on one page
SMALL_CENTS = 20_000_000  # 20万: «small rest sum» of `jobs.md` C.4


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the host filters by. most_cents: of the rest of the claim; said: part of a case number or community's name; page: from 1."""

    cause: str | None = None
    area_id: str | None = None
    most_cents: int | None = None
    said: str | None = None
    page: int = 1


@dataclass(frozen=True, slots=True)
class Proposed:
    """Somebody who could be asked. why: keys of the reasons; barred: why he must not be (MINOR, UNFIT), then he stands last."""

    party_id: str
    masked: str
    natural: bool
    case_id: str
    case_no: str
    cause: str
    area: str | None
    rest_cents: int
    why: tuple[str, ...]
    barred: str | None
    minor: bool
    unfit: bool


@dataclass(frozen=True, slots=True)
class Candidates:
    """One page of those who could be asked. total: of all that fit the filter, on every page."""

    shown: list[Proposed]
    total: int
    page: int
    pages: int

    @property
    def first(self) -> int:
        return (self.page - 1) * PAGE + 1


@dataclass(frozen=True, slots=True)
class Counts:
    """How many are there, of how many invited; who is not there is counted nowhere."""

    present: int
    invited: int


@dataclass(frozen=True, slots=True)
class HelpView:
    """The newest cry for a bailiff. by: the title of who goes; None: nobody yet."""

    id: str
    asked_at: datetime
    by: str | None


def candidates(session: Session, sight: Sight, screening_id: str, wanted: Wanted) -> Candidates:
    """Debtors of open cases who are not invited yet, the smallest rest first, without a known rest last; a page past the last is the last.

    Raises NotPermitted, NotFound.
    """
    row = _screening(session, sight, screening_id)
    rest = CaseRow.claim_cents - CaseRow.recovered_cents
    invited = exists().where(
        AttendeeRow.screening_id == row.id, AttendeeRow.party_id == CasePartyRow.id, AttendeeRow.taken_off_at.is_(None)
    )
    paid = exists().where(RecoveryRow.case_id == CaseRow.id, RecoveryRow.cents > 0)
    query = (
        select(CasePartyRow, CaseRow.case_no, CaseRow.cause, AreaRow.name.label("area"), rest.label("rest"), paid.label("paid"))
        .join(CaseRow, CaseRow.id == CasePartyRow.case_id)
        .outerjoin(AreaRow, AreaRow.id == CaseRow.area_id)
        .where(CaseRow.court_code == sight.court_code, CaseRow.closed_at.is_(None), CasePartyRow.kind == PartyKind.DEBTOR, ~invited)
        .order_by(CasePartyRow.minor | CasePartyRow.unfit, rest <= 0, rest, CaseRow.case_no, CasePartyRow.id)
    )
    cause = row.cause or wanted.cause
    for given, condition in (
        (cause, CaseRow.cause == cause),
        (wanted.area_id, CaseRow.area_id == wanted.area_id),
        (wanted.most_cents, rest <= (wanted.most_cents or 0)),
        (wanted.said, _says(wanted.said or "")),
    ):
        if given is not None:
            query = query.where(condition)
    total = session.scalar(query.with_only_columns(func.count(), maintain_column_froms=True).order_by(None)) or 0
    pages = max(1, -(-total // PAGE))
    page = min(max(1, wanted.page), pages)
    shown = session.execute(query.limit(PAGE).offset((page - 1) * PAGE))
    return Candidates([_proposed(each) for each in shown], total, page, pages)


def _says(said: str) -> ColumnElement[bool]:
    """In the case number, its brackets as they are typed, or in the community's name."""
    as_written = said.replace("(", "（").replace(")", "）")
    return CaseRow.case_no.contains(as_written, autoescape=True) | AreaRow.name.contains(said, autoescape=True)


def causes(session: Session, sight: Sight) -> list[str]:
    """Of open cases, for the filter and for a like-case session."""
    _check(sight)
    open_ones = select(CaseRow.cause).where(CaseRow.court_code == sight.court_code, CaseRow.closed_at.is_(None))
    return sorted(session.scalars(open_ones.distinct()))


def areas(session: Session, sight: Sight) -> list[tuple[str, str]]:
    """(id, name) of the communities with open cases."""
    _check(sight)
    rows = session.execute(
        select(AreaRow.id, AreaRow.street, AreaRow.name)
        .where(AreaRow.court_code == sight.court_code, exists().where(CaseRow.area_id == AreaRow.id, CaseRow.closed_at.is_(None)))
        .order_by(AreaRow.street, AreaRow.name)
    )
    return [(row.id, f"{row.street} {row.name}") for row in rows]


def duty_phone(session: Session, sight: Sight) -> str | None:
    """The centre's own number, as it stands in a letter."""
    _check(sight)
    return session.scalar(select(CourtRow.duty_phone).where(CourtRow.code == sight.court_code))


def counts(session: Session, sight: Sight, screening_id: str) -> Counts:
    """Raises NotPermitted, NotFound."""
    row = _screening(session, sight, screening_id)
    present = AttendeeRow.checked_in_at.is_not(None) & AttendeeRow.left_at.is_(None)
    found = session.execute(
        select(func.count(), func.count().filter(present)).where(AttendeeRow.screening_id == row.id, AttendeeRow.taken_off_at.is_(None))
    ).one()
    return Counts(found[1], found[0])


def shared_with_clips(session: Session, sight: Sight, sealing: Sealing, screening_id: str) -> list[Shared]:
    """Clips of the programme that somebody invited must not be shown, by place and number."""
    return common_ground(session, sealing, _screening(session, sight, screening_id).id)


def newest_help(session: Session, sight: Sight, screening_id: str) -> HelpView | None:
    """For the console and the door: whether somebody comes."""
    row = _screening(session, sight, screening_id)
    found = session.execute(
        select(ScreeningHelpRow, OfficerRow.name, OfficerRow.title)
        .outerjoin(OfficerRow, OfficerRow.id == ScreeningHelpRow.taken_by)
        .where(ScreeningHelpRow.screening_id == row.id)
        .order_by(ScreeningHelpRow.id.desc())
        .limit(1)
    ).one_or_none()
    if found is None:
        return None
    by = masking.officer(found.name, found.title, Clearance.WALL) if found.name else None
    return HelpView(found[0].id, found[0].asked_at, by)


def helps(reading: Reading, ids: Ids) -> Drawn:
    """Rows of the desk: who asked for a bailiff today, and who goes. Desks only (`masking.VISIBLE`)."""
    query = (
        select(
            ScreeningHelpRow.id, ScreeningHelpRow.asked_at, ScreeningHelpRow.taken_at, ScreeningRow.number, ScreeningRow.place,
            OfficerRow.name, OfficerRow.title,
        )
        .join(ScreeningRow, ScreeningRow.id == ScreeningHelpRow.screening_id)
        .outerjoin(OfficerRow, OfficerRow.id == ScreeningHelpRow.taken_by)
        .where(ScreeningHelpRow.asked_at >= reading.day_start, *among(ScreeningHelpRow.id, ids))
    )  # fmt: skip

    def row(record: Any) -> dict[str, Any]:
        return {
            "id": record.id,
            "number": record.number,
            "place": record.place,
            "asked_at": at(record.asked_at),
            "taken_at": at(record.taken_at),
            "taken_by": reading.officer(record.name, record.title) if record.name else None,
        }

    return reading.draw("help", query, ScreeningHelpRow.id, row)


def sign_ins_to_forget(session: Session, long_ago: datetime) -> list[str]:
    """Sessions of which somebody is still known though all of it lies before this moment: `purge_sign_ins` decides."""
    when = func.coalesce(ScreeningRow.ended_at, ScreeningRow.held_at, ScreeningRow.planned_at)
    known = exists().where(AttendeeRow.screening_id == ScreeningRow.id, AttendeeRow.purged_at.is_(None))
    return list(session.scalars(select(ScreeningRow.id).where(when <= long_ago, known).order_by(ScreeningRow.id)))


def _proposed(record: Any) -> Proposed:
    party: CasePartyRow = record[0]
    rest = int(record.rest)
    why = [name for name, holds in (("SMALL", 0 < rest <= SMALL_CENTS), ("PAID", record.paid), ("LOCAL", record.area is not None)) if holds]
    barred = "MINOR" if party.minor else "UNFIT" if party.unfit else None
    return Proposed(
        party.id, party.masked, party.natural, party.case_id, record.case_no, record.cause, record.area, rest, tuple(why), barred,
        party.minor, party.unfit,
    )  # fmt: skip


def _screening(session: Session, sight: Sight, screening_id: str) -> ScreeningRow:
    _check(sight)
    row = session.get(ScreeningRow, screening_id)
    if row is None or row.court_code != sight.court_code:
        raise NotFound("screening", code="not_found.screening")
    return row


def _check(sight: Sight) -> None:
    if sight.clearance is not Clearance.DESK:
        raise NotPermitted("not for this desk")

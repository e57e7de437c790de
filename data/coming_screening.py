"""The demonstration's screening to come: sixteen cases, nineteen invited, three short films that went the whole way to their certificates.

Made by the jobs process in small steps, each asking what is there already: a process that was killed goes on where it was.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session
from ulid import ULID

from data.actions.attendees import invite_attendee
from data.actions.clips import ask_rendering, cut_clip, mask_clip
from data.actions.recordings import Segment, begin_recording, end_recording, keep_segment
from data.actions.releases import certify_release, propose_release
from data.actions.screenings import Place, Plan, change_plan, set_programme
from data.invented_court import COURT_CODE
from data.journal import Journal
from data.rules.cases import PartyKind
from data.rules.civil import day_start
from data.rules.clips import Rendering
from data.rules.permissions import SYSTEM, Actor, Role
from data.rules.release import CERTIFIABLE, Audience, ReleaseState
from data.rules.screening import ItemKind, ScreeningState
from data.tables import AttendeeRow, CasePartyRow, CaseRow, ClipRow, OfficerRow, ReleaseRow, ScreeningItemRow, ScreeningRow

CASES, INVITED = 16, 19
ROOM = "第一审判庭"
OPEN = [0.04, 0.04, 0.96, 0.96]  # of the picture: a margin stays mosaic, so that everybody sees what a mask is


@dataclass(frozen=True, slots=True)
class Film:
    """One short film. name: of its picture (`dashboard.demo.films`)."""

    name: str
    title: str
    words: str
    tag: str


FILMS = (
    Film("excavator", "拆除违章铁皮棚", "期限届满没有自行拆除的，依法强制拆除。", "SHED"),
    Film("door", "张贴封条", "查封期间不得转移、毁损。", "EVICTION"),
    Film("goods", "清点登记物品", "物品逐件登记，由见证人签名。", "GOODS"),
)


def invite_nineteen(journal: Journal, now: datetime) -> bool:
    """The debtors of sixteen open cases, to this afternoon at 15:00. Returns whether there was anybody to invite."""
    with journal.database.reading() as session:
        host, screening_id = _officer(session, Role.COMMANDER), _planned(session)
        if screening_id is None or host is None or _count(session, AttendeeRow, AttendeeRow.screening_id == screening_id):
            return False
        debtors = _debtors(session)
    with journal.work(_person(host, Role.COMMANDER), now) as work:
        held_at = max(day_start(now, work.civil_offset_s) + timedelta(hours=15), now + timedelta(hours=1))
        change_plan(work, screening_id, Plan(held_at=held_at, place=ROOM))
        for party_id in debtors:
            invite_attendee(work, screening_id, party_id)
    return True


def film_wanted(journal: Journal) -> Film | None:
    """The next that is not cut yet."""
    with journal.database.reading() as session:
        there = set(session.scalars(select(ClipRow.title)))
    return next((film for film in FILMS if film.title not in there), None)


def cut_film(journal: Journal, now: datetime, film: Film, recording_id: str, segment: Segment) -> None:
    """The file stands in its recording's folder: kept as a recording, cut as a clip, masked and asked for."""
    with journal.database.reading() as session:
        duty = _officer(session, Role.DUTY)
    if duty is None:
        return
    with journal.work(SYSTEM, segment.began_at) as work:
        begin_recording(work, recording_id, "demo", None)
        keep_segment(work, recording_id, segment)
        end_at = segment.began_at + timedelta(milliseconds=segment.duration_ms)
        end_recording(work, recording_id, end_at, "over")
        work.actor, work.now = _person(duty, Role.DUTY), now
        work.session.flush()
        clip_id = cut_clip(work, recording_id, segment.began_at, end_at, film.title, film.words, film.tag)
        mask_clip(work, clip_id, {"windows": [[[0, *OPEN], [segment.duration_ms, *OPEN]]], "sounds": []}, False)
        propose_release(work, clip_id, Audience.SCREENING)
        ask_rendering(work, clip_id)


def sign_films(journal: Journal, now: datetime) -> int:
    """Two people of the centre sign what is rendered. Returns how many signatures were given."""
    titles = [film.title for film in FILMS]
    with journal.database.reading() as session:
        open_ones = session.execute(
            select(ReleaseRow.id, ReleaseRow.sha256, ReleaseRow.state)
            .join(ClipRow, ClipRow.id == ReleaseRow.clip_id)
            .where(ClipRow.title.in_(titles), ReleaseRow.state.in_(CERTIFIABLE))
        ).all()
        duty, host = _officer(session, Role.DUTY), _officer(session, Role.COMMANDER)
    signed = 0
    for row in open_ones:
        role, who = (Role.DUTY, duty) if row.state == ReleaseState.MASKED else (Role.COMMANDER, host)
        if who is not None:
            journal.do(_person(who, role), now, certify_release, row.id, row.sha256)
            signed += 1
    return signed


def put_films_in(journal: Journal, now: datetime) -> bool:
    """A card, a film, a card, …, once all three are live and nobody has touched the programme. Returns whether nothing is left to do."""
    with journal.database.reading() as session:
        screening_id, host = _planned(session), _officer(session, Role.COMMANDER)
        live, given_up = _live(session), _given_up(session)
        cards = [] if screening_id is None else _cards(session, screening_id)
    if screening_id is None or host is None or cards is None:
        return True
    if len(live) < len(FILMS):
        return given_up
    films = [Place(release_id=release_id) for release_id in live]
    places = [each for pair in zip(cards, films, strict=False) for each in pair]
    journal.do(_person(host, Role.COMMANDER), now, set_programme, screening_id, [*places, *films[len(cards) :]])
    return True


# --- the parts --------------------------------------------------------------------------------------------------------------------------


def _planned(session: Session) -> str | None:
    wanted = select(ScreeningRow.id).where(ScreeningRow.state == ScreeningState.PLANNED).order_by(ScreeningRow.id)
    return session.scalars(wanted.limit(1)).one_or_none()


def _officer(session: Session, role: Role) -> str | None:
    return session.scalars(select(OfficerRow.id).where(OfficerRow.role == role).order_by(OfficerRow.badge_no, OfficerRow.id)).first()


def _person(officer_id: str, role: Role) -> Actor:
    return Actor("OFFICER", f"officer:{officer_id}", role, COURT_CODE, officer_id=officer_id)


def _count(session: Session, table: type[AttendeeRow], where: object) -> int:
    return session.scalar(select(func.count()).select_from(table).where(where)) or 0  # type: ignore[arg-type]


def _debtors(session: Session) -> list[str]:
    """Of open cases those with two debtors first, then small sums; nineteen people of sixteen cases."""
    rows = session.execute(
        select(CasePartyRow.id, CasePartyRow.case_id)
        .join(CaseRow, CaseRow.id == CasePartyRow.case_id)
        .where(CaseRow.closed_at.is_(None), CasePartyRow.kind == PartyKind.DEBTOR)
        .order_by(CaseRow.claim_cents - CaseRow.recovered_cents, CasePartyRow.id)
    ).all()
    of: dict[str, list[str]] = {}
    for row in rows:
        of.setdefault(row.case_id, []).append(row.id)
    ordered = sorted(of.values(), key=lambda debtors: -len(debtors))[:CASES]
    return [debtor for debtors in ordered for debtor in debtors][:INVITED]


def _live(session: Session) -> list[str]:
    """The releases of the films, in their order."""
    rows = session.execute(
        select(ClipRow.title, ReleaseRow.id)
        .join(ReleaseRow, ReleaseRow.clip_id == ClipRow.id)
        .where(ClipRow.title.in_([film.title for film in FILMS]), ReleaseRow.state == ReleaseState.LIVE)
    )
    by_title = {row.title: row.id for row in rows}
    return [by_title[film.title] for film in FILMS if film.title in by_title]


def _given_up(session: Session) -> bool:
    """Whether one of them could not be rendered, was stopped, or was revoked by somebody who looks at the demonstration."""
    titles = [film.title for film in FILMS]
    stopped = select(ClipRow.id).where(ClipRow.title.in_(titles), ClipRow.rendering.in_((Rendering.FAILED, Rendering.CANCELLED)))
    revoked = (
        select(ReleaseRow.id)
        .join(ClipRow, ClipRow.id == ReleaseRow.clip_id)
        .where(ClipRow.title.in_(titles), ReleaseRow.state == ReleaseState.REVOKED)
    )
    return session.scalar(stopped.limit(1)) is not None or session.scalar(revoked.limit(1)) is not None


def _cards(session: Session, screening_id: str) -> Sequence[Place] | None:
    """As they stand; None when there is more than cards already."""
    rows = session.scalars(
        select(ScreeningItemRow).where(ScreeningItemRow.screening_id == screening_id).order_by(ScreeningItemRow.position)
    ).all()
    if any(row.kind != ItemKind.CARD for row in rows):
        return None
    return [Place(title=row.title, words=row.words) for row in rows]


def new_recording_id(now: datetime) -> str:
    return str(ULID.from_datetime(now))

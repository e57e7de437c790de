"""One-time links and pairing: made for one purpose, looked at as often as one likes, used once."""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import exists, func, select, update
from ulid import ULID

from data.actions.allowed import allowed
from data.actions.audit import record_audit
from data.actions.devices import enrol
from data.actions.sessions import Opened, open_for_director, open_for_officer, open_for_wall
from data.actions.walls import add_wall
from data.credentials import digest, new_code, new_token
from data.errors import BadInput, NotFound, NotPermitted, TooMany
from data.events import LinkLapsed, LinkMade, LinkUsed, WallPaired
from data.journal import Work
from data.rules.identity import Act
from data.rules.joint import opens_desk_alone
from data.rules.links import FACE, OPEN_PAIRINGS, Purpose, closed, is_open, lifetime, may_make, read_code
from data.rules.permissions import Actor, Role, Verb
from data.rules.words import word
from data.tables import CaseRow, LinkRow, MissionRow, OfficerRow, SecondFactorRow, Table, UnitRow, WallRow

_TARGET = {Purpose.ENROL: "unit", Purpose.SIGN_IN: "officer", Purpose.HOST: "officer", Purpose.WALL: "wall"}
_TABLE: dict[str, type[Table]] = {"unit": UnitRow, "officer": OfficerRow, "wall": WallRow}
DIRECTOR_LASTS = timedelta(days=7)  # as long as a demonstration may stand


@dataclass(frozen=True, slots=True)
class Lasts:
    """How long what a link opens goes on."""

    desk: timedelta = timedelta(hours=12)
    wall: timedelta = timedelta(days=400)  # survives the night, and the year
    device: timedelta = timedelta(days=400)  # browsers keep no cookie longer; the device itself lives until revoked


@dataclass(frozen=True, slots=True)
class LinkUse:
    """What a link opened: where to go, and the token for the cookie of that face."""

    purpose: Purpose
    face: str
    token: str
    lasts: timedelta


@dataclass(frozen=True, slots=True)
class Pairing:
    """A wall that waits: it shows `code`, and keeps `secret` in its cookie."""

    code: str
    secret: str


def make_link(
    work: Work,
    purpose: Purpose,
    *,
    officer_id: str | None = None,
    unit_no: int | None = None,
    wall_id: str | None = None,
    ttl: timedelta | None = None,
) -> str:
    """The secret of a new link, shown once: `/link/<secret>`. enrol needs a unit, sign_in an officer, wall a wall.

    Raises NotPermitted, also link.second_person (`sign_in_links` asks for one); NotFound, BadInput link.lifetime, link.for_whom.
    """
    if not may_make(work.actor, purpose):
        raise NotPermitted(purpose, code="identity.locked" if work.actor.locked else None, verb=f"link.{purpose}")
    _check_target(work, purpose, officer_id, unit_no, wall_id)
    person = work.session.get(OfficerRow, officer_id) if officer_id else None
    if person is not None and not makes_alone(work, person):
        raise NotPermitted(purpose, code="link.second_person", verb=f"link.{purpose}")
    secret = new_token()
    add_link(work, purpose, secret, lifetime(purpose, ttl), officer_id=officer_id, unit_no=unit_no, wall_id=wall_id)
    return secret


def makes_alone(work: Work, person: OfficerRow) -> bool:
    """Whether the one who works here may make a link for this officer's desk alone."""
    factor = work.session.get(SecondFactorRow, person.id)
    has_factor = factor is not None and factor.confirmed_at is not None
    return opens_desk_alone(work.actor, person.id, Role(person.role), has_factor=has_factor, has_work=has_work(work, person))


def has_work(work: Work, officer: OfficerRow) -> bool:
    """Whether he has a case, or his team a mission: then his desk shows more than nothing, and what is done at it is his word."""
    cases, missions = exists().where(CaseRow.judge_id == officer.id), exists().where(MissionRow.team_id == officer.team_id)
    return bool(work.session.scalar(select(cases if officer.team_id is None else cases | missions)))


def use_link(work: Work, secret: str, lasts: Lasts) -> LinkUse:
    """Use a link up. Of two who press at once one gets in. Raises NotFound link.closed for unknown, used and expired ones alike."""
    link = take_link(work, secret)
    purpose = Purpose(link.purpose)
    if purpose is Purpose.ENROL and link.unit_no is not None:
        return _use(purpose, _enrolled(work, link.unit_no), lasts.device)
    if purpose in (Purpose.SIGN_IN, Purpose.HOST) and link.officer_id is not None:
        return _use(purpose, open_for_officer(work, link.officer_id, lasts.desk, how="link").token, lasts.desk)
    if purpose is Purpose.WALL and link.wall_id is not None:
        return _use(purpose, _wall_opened(work, link.wall_id, lasts.wall).token, lasts.wall)
    if purpose is Purpose.DIRECTOR:
        return _use(purpose, open_for_director(work, DIRECTOR_LASTS).token, DIRECTOR_LASTS)
    raise closed()


def _enrolled(work: Work, unit_no: int) -> str:
    enrolment = enrol(work, unit_no, "PHONE")
    work.actor = Actor(
        kind="DEVICE",
        id=f"device:{enrolment.device_no}",
        role=Role.DEVICE,
        court_code="",
        unit_no=unit_no,
        device_no=enrolment.device_no,
        address=work.actor.address,
    )
    record_audit(work, Act.USE_LINK, "unit", str(unit_no), fields=(Purpose.ENROL,))
    return enrolment.token


def _wall_opened(work: Work, wall_id: str, lasts: timedelta) -> Opened:
    wall = work.session.get(WallRow, wall_id)
    if wall is None or wall.revoked_at is not None:
        raise closed()
    return open_for_wall(work, wall_id, wall.court_code, lasts)


# --- a wall without a keyboard ----------------------------------------------------------------------------------------------------


def start_pairing(work: Work) -> Pairing:
    """A browser asks to become a wall; it waits ten minutes for the desk. Raises TooMany when too many wait.

    From where it asks is kept for the desk that approves, so long only: `data.queries.links.waiting_view`.
    """
    waiting = work.session.scalar(
        select(func.count()).where(LinkRow.purpose == Purpose.PAIRING, LinkRow.used_at.is_(None), LinkRow.expires_at > work.now)
    )
    if (waiting or 0) >= OPEN_PAIRINGS:
        raise TooMany("pairings", code="link.too_many_pairings", retry_after_s=60)
    pairing = Pairing(_free_code(work), new_token())
    add_link(work, Purpose.PAIRING, pairing.secret, lifetime(Purpose.PAIRING), code=pairing.code, address=work.actor.address)
    return pairing


def approve_pairing(work: Work, typed: str, wall_name: str, *, visitors: bool = False) -> str:
    """The desk types what the wall shows: that browser becomes the wall of this name, made if there is none. Returns the wall's id.

    visitors: a wall that is made now begins in visitors' mode, without names.

    Raises BadInput link.code_form, NotFound link.code_unknown.
    """
    allowed(work, Verb.PAIR_WALL)
    code = read_code(typed)
    link = work.session.scalars(
        select(LinkRow).where(LinkRow.purpose == Purpose.PAIRING, LinkRow.code == code, LinkRow.used_at.is_(None))
    ).first()
    if link is None or not is_open(link.expires_at, link.used_at, work.now):
        raise NotFound("code", code="link.code_unknown")
    link.wall_id = _wall_named(work, wall_name, visitors)
    link.approved_at, link.address = work.now, None
    record_audit(work, Act.PAIR_WALL, "wall", link.wall_id)
    return link.wall_id


def take_pairing(work: Work, secret: str, lasts: Lasts) -> LinkUse | None:
    """The waiting browser asks: the wall's session once the desk approved, None before. Raises NotFound link.closed."""
    link = work.session.scalars(select(LinkRow).where(LinkRow.secret_hash == digest(secret))).one_or_none()
    if link is None or link.purpose != Purpose.PAIRING or not is_open(link.expires_at, link.used_at, work.now):
        raise closed()
    if link.approved_at is None or link.wall_id is None:
        return None
    take_link(work, secret)
    return _use(Purpose.PAIRING, _wall_opened(work, link.wall_id, lasts.wall).token, lasts.wall)


def lapse_pairing(work: Work, link_id: str) -> bool:
    """Nobody approved it in time: from where it was asked for is forgotten. Returns whether it was still known. Part of `run_due`."""
    link = work.session.get(LinkRow, link_id, with_for_update=True)
    if link is None or link.address is None or work.now < link.expires_at:
        return False
    link.address = None
    work.record(LinkLapsed(link_id=link.id))
    return True


def _free_code(work: Work) -> str:
    while True:
        code = new_code()
        taken = select(LinkRow.id).where(LinkRow.code == code, LinkRow.used_at.is_(None), LinkRow.expires_at > work.now)
        if work.session.scalar(taken) is None:
            return code


def _wall_named(work: Work, name: str, visitors: bool) -> str:
    kept = word(name, "name", longest=32)
    wall = work.session.scalars(select(WallRow).where(WallRow.name == kept, WallRow.revoked_at.is_(None))).first()
    if wall is None:
        return add_wall(work, kept, visitors=visitors)
    work.record(WallPaired(wall_id=wall.id))
    return wall.id


# --- the parts --------------------------------------------------------------------------------------------------------------------


def _check_target(work: Work, purpose: Purpose, officer_id: str | None, unit_no: int | None, wall_id: str | None) -> None:
    """Each purpose names exactly what it opens."""
    given = {"unit": unit_no, "officer": officer_id, "wall": wall_id}
    named = {kind: key for kind, key in given.items() if key is not None}
    kind = _TARGET.get(purpose)
    if purpose in (Purpose.LEADER, Purpose.PARTY, Purpose.FACTOR, Purpose.RESET):  # verbs of their own make them
        raise BadInput(purpose, code="link.for_whom")
    if set(named) != ({kind} if kind else set()):
        raise BadInput(purpose, code="link.for_whom")
    target = work.session.get(_TABLE[kind], named[kind]) if kind else None
    if kind and (target is None or _is_gone(target)):
        raise NotFound(purpose, code=f"not_found.{kind}")


def _is_gone(target: Table) -> bool:
    """A wall or an officer that was put out: a link for it would open nothing."""
    return (isinstance(target, WallRow) and target.revoked_at is not None) or (
        isinstance(target, OfficerRow) and target.disabled_at is not None
    )


def add_link(
    work: Work,
    purpose: Purpose,
    secret: str,
    lives: timedelta,
    *,
    officer_id: str | None = None,
    unit_no: int | None = None,
    wall_id: str | None = None,
    code: str | None = None,
    address: str | None = None,
) -> LinkRow:
    """A link whose secret the caller has made; part of other verbs."""
    link = LinkRow(
        id=str(ULID.from_datetime(work.now)),
        secret_hash=digest(secret),
        purpose=purpose.value,
        officer_id=officer_id,
        unit_no=unit_no,
        wall_id=wall_id,
        code=code,
        address=address,
        made_by=work.actor.officer_id,
        made_at=work.now,
        expires_at=work.now + lives,
    )
    work.session.add(link)
    work.record(LinkMade(link_id=link.id, purpose=purpose.value))
    return link


def take_link(work: Work, secret: str) -> LinkRow:
    """Mark it used, if nobody was first: one statement decides, so of two only one gets the row."""
    taken = work.session.scalars(
        update(LinkRow)
        .where(LinkRow.secret_hash == digest(secret), LinkRow.used_at.is_(None), LinkRow.expires_at > work.now)
        .values(used_at=work.now)
        .returning(LinkRow)
    ).one_or_none()
    if taken is None:
        raise closed()
    work.record(LinkUsed(link_id=taken.id))
    return taken


def close_links(work: Work, purpose: Purpose, officer_id: str) -> None:
    """What was made for this officer and this purpose, and not used, opens nothing any more."""
    waiting = LinkRow.officer_id == officer_id, LinkRow.purpose == purpose, LinkRow.used_at.is_(None)
    work.session.execute(update(LinkRow).where(*waiting).values(used_at=work.now))


def _use(purpose: Purpose, token: str, lasts: timedelta) -> LinkUse:
    return LinkUse(purpose, FACE[purpose], token, lasts)

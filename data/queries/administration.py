"""What whoever runs the court's machines looks at: its people with their roles, its devices, its walls. No case, no position."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session, aliased

from data.errors import NotPermitted
from data.queries.reading import Listed, listing
from data.rules.permissions import Actor, Role, Verb, may
from data.rules.two_people import Decision
from data.tables import AccountRow, DeviceRow, FenceRow, OfficerRow, RoleChangeRow, SessionRow, TeamRow, UnitRow, VehicleRow, WallRow

DEVICE_KINDS = ("PHONE", "VEHICLE", "BODYCAM_4G")
MOST = 200  # lines of a page; who looks for more types a word of it


@dataclass(frozen=True, slots=True)
class PersonView:
    """One officer. phones: how many devices are his now; signed_in: a desk of his is open."""

    id: str
    name: str
    title: str
    role: str
    badge_no: str | None
    team: str | None
    team_id: str | None
    unit_no: int | None
    account: str | None
    phones: int
    disabled_at: datetime | None


@dataclass(frozen=True, slots=True)
class DeviceView:
    """One phone or vehicle set, under its number. whose: the officer's name, or the vehicle's kind."""

    no: int
    kind: str
    unit_no: int
    who: str | None
    vehicle: str | None
    team: str | None
    enrolled_at: datetime
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class WallOnList:
    """One wall. browsers: from which addresses it is open now."""

    id: str
    name: str
    position: int
    layout: int
    bound_at: datetime | None
    browsers: int
    revoked_at: datetime | None


def people(session: Session, actor: Actor, wanted: str = "") -> Listed[PersonView]:
    """Who belongs to the court, those who left last. wanted: a part of a name, badge number, account, team or unit number."""
    _check(actor, Verb.MANAGE_PEOPLE)
    phones = (
        select(DeviceRow.unit_no, func.count().label("count")).where(DeviceRow.revoked_at.is_(None)).group_by(DeviceRow.unit_no).subquery()
    )
    query = (
        select(
            OfficerRow.id, OfficerRow.name, OfficerRow.title, OfficerRow.role, OfficerRow.badge_no, TeamRow.name.label("team"),
            TeamRow.id.label("team_id"), UnitRow.no, AccountRow.username, phones.c.count, OfficerRow.disabled_at,
        )
        .outerjoin(TeamRow, TeamRow.id == OfficerRow.team_id)
        .outerjoin(UnitRow, UnitRow.officer_id == OfficerRow.id)
        .outerjoin(AccountRow, AccountRow.officer_id == OfficerRow.id)
        .outerjoin(phones, phones.c.unit_no == UnitRow.no)
        .order_by(OfficerRow.disabled_at.is_not(None), TeamRow.position, UnitRow.no, OfficerRow.badge_no, OfficerRow.id)
        .limit(MOST + 1)
    )  # fmt: skip
    if wanted:
        named = (OfficerRow.name, OfficerRow.badge_no, AccountRow.username, TeamRow.name)
        hits = [column.contains(wanted, autoescape=True) for column in named]
        query = query.where(or_(*hits, *([UnitRow.no == int(wanted)] if _is_number(wanted) else [])))
    return listing("officer", session, query, OfficerRow.id, _person)


def _person(record: Any) -> PersonView:
    id, name, title, role, badge, team, team_id, no, account, count, disabled = record
    return PersonView(id, name, title, Role(role), badge, team, team_id, no, account, count or 0, disabled)


@dataclass(frozen=True, slots=True)
class ProposalView:
    """A role that waits for a second person. mine: proposed by whoever looks; about_me: nobody decides about himself."""

    id: str
    officer_id: str
    who: str
    before: str
    wanted: str
    proposed_by: str
    proposed_at: datetime
    expires_at: datetime
    mine: bool
    about_me: bool


def proposals(session: Session, actor: Actor, now: datetime) -> list[ProposalView]:
    """What waits for a second person, the oldest first."""
    _check(actor, Verb.MANAGE_PEOPLE)
    whose, by = aliased(OfficerRow), aliased(OfficerRow)
    query = (
        select(RoleChangeRow, whose.name, by.name)
        .join(whose, whose.id == RoleChangeRow.officer_id)
        .join(by, by.id == RoleChangeRow.proposed_by)
        .where(RoleChangeRow.state == Decision.PROPOSED, RoleChangeRow.expires_at > now)
        .order_by(RoleChangeRow.id)
    )
    me = actor.officer_id
    return [
        ProposalView(
            row.id, row.officer_id, who, row.role_before, row.role, proposer, row.proposed_at, row.expires_at,
            row.proposed_by == me, row.officer_id == me,
        )
        for row, who, proposer in session.execute(query)
    ]  # fmt: skip


def teams(session: Session, actor: Actor) -> list[tuple[str, str]]:
    """(id, name) in their order."""
    _check(actor, Verb.MANAGE_PEOPLE)
    return [(team_id, name) for team_id, name in session.execute(select(TeamRow.id, TeamRow.name).order_by(TeamRow.position))]


def devices(session: Session, actor: Actor, wanted: str = "") -> Listed[DeviceView]:
    """Every device that counts, the newest first, and after them those that were revoked. wanted: a part of a name, or a number."""
    _check(actor, Verb.REVOKE_DEVICE)
    query = (
        select(
            DeviceRow.no, DeviceRow.kind, DeviceRow.unit_no, OfficerRow.name, VehicleRow.kind.label("vehicle"), TeamRow.name.label("team"),
            DeviceRow.enrolled_at, DeviceRow.revoked_at,
        )
        .join(UnitRow, UnitRow.no == DeviceRow.unit_no)
        .outerjoin(OfficerRow, OfficerRow.id == UnitRow.officer_id)
        .outerjoin(VehicleRow, VehicleRow.id == UnitRow.vehicle_id)
        .outerjoin(TeamRow, TeamRow.id == UnitRow.team_id)
        .order_by(DeviceRow.revoked_at.is_not(None), DeviceRow.no.desc())
        .limit(MOST + 1)
    )  # fmt: skip
    if wanted:
        hits: list[Any] = [column.contains(wanted, autoescape=True) for column in (OfficerRow.name, TeamRow.name)]
        numbers = [DeviceRow.unit_no == int(wanted), DeviceRow.no == int(wanted)] if _is_number(wanted) else []
        query = query.where(or_(*hits, *numbers))
    return listing("device", session, query, DeviceRow.no, _device)


def _device(record: Any) -> DeviceView:
    if record.kind not in DEVICE_KINDS:
        raise ValueError(record.kind)
    return DeviceView(*record)


def walls(session: Session, actor: Actor, now: datetime) -> Listed[WallOnList]:
    """Every wall in the order of the desks' list; those that were revoked are not walls any more."""
    _check(actor, Verb.REVOKE_WALL)
    bound = (
        select(SessionRow.wall_id, func.count().label("browsers"), func.max(SessionRow.opened_at).label("at"))
        .where(SessionRow.kind == "WALL", SessionRow.closed_at.is_(None), SessionRow.expires_at > now)
        .group_by(SessionRow.wall_id)
        .subquery()
    )
    query = (
        select(WallRow.id, WallRow.name, WallRow.position, WallRow.layout, bound.c.at, bound.c.browsers, WallRow.revoked_at)
        .outerjoin(bound, bound.c.wall_id == WallRow.id)
        .where(WallRow.revoked_at.is_(None))
        .order_by(WallRow.position)
    )
    return listing("wall", session, query, WallRow.id, _wall)


def _wall(record: Any) -> WallOnList:
    id, name, position, layout, at, browsers, revoked = record
    return WallOnList(id, name, position, layout, at, browsers or 0, revoked)


def _check(actor: Actor, verb: Verb) -> None:
    if not may(actor, verb):
        raise NotPermitted(verb.value, code="identity.locked" if actor.locked else "identity.not_permitted", verb=verb.value)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 10


@dataclass(frozen=True, slots=True)
class FenceView:
    """One watched area. ring: corners [lat, lon]; begins_at: not watched before that; ends_at None: until somebody takes it away."""

    id: str
    name: str
    kind: str
    ring: list[list[float]]
    begins_at: datetime | None
    ends_at: datetime | None


def fences(session: Session, actor: Actor) -> list[FenceView]:
    """What is watched, or will be. Raises NotPermitted."""
    if not may(actor, Verb.DRAW_FENCE):
        raise NotPermitted(Verb.DRAW_FENCE, code="identity.locked" if actor.locked else None, verb=Verb.DRAW_FENCE.value)
    watched = session.scalars(select(FenceRow).where(FenceRow.removed_at.is_(None)).order_by(FenceRow.id))
    return [FenceView(row.id, row.name, row.kind, row.ring, row.begins_at, row.ends_at) for row in watched]

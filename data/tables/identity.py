"""Accounts, second factors, sessions, links, settings, audit."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Boolean, ForeignKey, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from data.tables.table import Instant, Table, ulid


class AccountRow(Table):
    """How an officer signs in at a desk."""

    __tablename__ = "account"
    officer_id: Mapped[str] = mapped_column(ForeignKey("officer.id"), primary_key=True)
    username: Mapped[str] = mapped_column(String(64), unique=True)
    password_hash: Mapped[str] = mapped_column(Text)
    pin_hash: Mapped[str | None] = mapped_column(Text)
    must_change: Mapped[bool] = mapped_column(Boolean, default=False)


class SecondFactorRow(Table):
    """An officer's authenticator. The secret is sealed; a code is used once: no step that is not later than `last_step` counts."""

    __tablename__ = "second_factor"
    officer_id: Mapped[str] = mapped_column(ForeignKey("officer.id"), primary_key=True)
    secret: Mapped[bytes] = mapped_column(LargeBinary)
    made_at: Mapped[datetime] = mapped_column(Instant)
    confirmed_at: Mapped[datetime | None] = mapped_column(Instant)  # None: shown, and no code was typed yet
    last_step: Mapped[int | None] = mapped_column(BigInteger)


class RecoveryCodeRow(Table):
    """One of ten codes on paper, for the day the authenticator is lost. Only the digest is kept."""

    __tablename__ = "recovery_code"
    code_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    officer_id: Mapped[str] = mapped_column(ForeignKey("officer.id"), index=True)
    used_at: Mapped[datetime | None] = mapped_column(Instant)


class RoleChangeRow(Table):
    """A role that one person proposes for another, and a third confirms."""

    __tablename__ = "role_change"
    id: Mapped[str] = ulid()
    court_code: Mapped[str] = mapped_column(ForeignKey("court.code"))
    officer_id: Mapped[str] = mapped_column(ForeignKey("officer.id"), index=True)
    role_before: Mapped[str] = mapped_column(String(16))  # permissions.Role
    role: Mapped[str] = mapped_column(String(16))
    proposed_by: Mapped[str] = mapped_column(ForeignKey("officer.id"))
    proposed_at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime] = mapped_column(Instant)
    state: Mapped[str] = mapped_column(String(16), index=True)  # two_people.Decision
    decided_by: Mapped[str | None] = mapped_column(ForeignKey("officer.id"))
    decided_at: Mapped[datetime | None] = mapped_column(Instant)


class JointRow(Table):
    """What one person alone may not do: proposed by one, confirmed by another."""

    __tablename__ = "joint"
    id: Mapped[str] = ulid()
    court_code: Mapped[str] = mapped_column(ForeignKey("court.code"))
    what: Mapped[str] = mapped_column(String(16))  # joint.Joint
    about: Mapped[str] = mapped_column(Text)  # an officer's id, key=value, or nothing
    proposed_by: Mapped[str] = mapped_column(ForeignKey("officer.id"))
    proposed_at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime] = mapped_column(Instant)
    state: Mapped[str] = mapped_column(String(16), index=True)  # two_people.Decision
    decided_by: Mapped[str | None] = mapped_column(ForeignKey("officer.id"))
    decided_at: Mapped[datetime | None] = mapped_column(Instant)


class SessionRow(Table):
    """Something that is signed in: a person at a desk, a wall's browser, a director's page. Phones are devices, not sessions."""

    __tablename__ = "session"
    id: Mapped[str] = ulid()
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    kind: Mapped[str] = mapped_column(String(16))  # OFFICER | WALL | JOIN | PARTY | STAGE | DOOR | DIRECTOR
    officer_id: Mapped[str | None] = mapped_column(ForeignKey("officer.id"), index=True)
    wall_id: Mapped[str | None] = mapped_column(ForeignKey("wall.id"), index=True)
    opened_at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime] = mapped_column(Instant)
    locked_at: Mapped[datetime | None] = mapped_column(Instant)
    closed_at: Mapped[datetime | None] = mapped_column(Instant)
    address: Mapped[str | None] = mapped_column(String(64))


class LinkRow(Table):
    """A one-time link. Only the digest of its secret is kept; reading it changes nothing, pressing the button uses it up."""

    __tablename__ = "link"
    id: Mapped[str] = ulid()
    secret_hash: Mapped[str] = mapped_column(String(64), unique=True)
    purpose: Mapped[str] = mapped_column(String(16))  # as `rules.links.Purpose`
    officer_id: Mapped[str | None] = mapped_column(ForeignKey("officer.id"))
    unit_no: Mapped[int | None] = mapped_column(ForeignKey("unit.no"))
    wall_id: Mapped[str | None] = mapped_column(ForeignKey("wall.id"))
    code: Mapped[str | None] = mapped_column(String(12))  # pairing: what the wall shows and the desk types
    address: Mapped[str | None] = mapped_column(String(64))  # pairing: from where that browser asks; gone once it is decided or lapsed
    made_by: Mapped[str | None] = mapped_column(String(26))  # an officer's id; None: the command line
    told_at: Mapped[datetime | None] = mapped_column(Instant)  # sign_in, host: when its owner was told that it was made
    made_at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime] = mapped_column(Instant)
    approved_at: Mapped[datetime | None] = mapped_column(Instant)
    used_at: Mapped[datetime | None] = mapped_column(Instant)


class SettingChangeRow(Table):
    """One change of a setting while the centre runs. The newest of a key is in force; `new` None: as in the file again."""

    __tablename__ = "setting_change"
    id: Mapped[str] = ulid()
    key: Mapped[str] = mapped_column(String(32), index=True)
    old: Mapped[str] = mapped_column(Text)  # in the words of the file
    new: Mapped[str | None] = mapped_column(Text)
    by: Mapped[str] = mapped_column(ForeignKey("officer.id"))
    at: Mapped[datetime] = mapped_column(Instant)


class AuditRow(Table):
    """One trace for the inspector; its digest travels in the journal's chain, so it cannot be changed unseen."""

    __tablename__ = "audit"
    id: Mapped[str] = ulid()
    at: Mapped[datetime] = mapped_column(Instant, index=True)
    actor_kind: Mapped[str] = mapped_column(String(16))
    actor_id: Mapped[str] = mapped_column(String(40))
    actor_role: Mapped[str] = mapped_column(String(16))
    address: Mapped[str | None] = mapped_column(String(64))
    act: Mapped[str] = mapped_column(String(48), index=True)  # sign_in, read_restricted, read_track, denied, …
    object_kind: Mapped[str | None] = mapped_column(String(16))
    object_id: Mapped[str | None] = mapped_column(String(96), index=True)
    fields: Mapped[list[Any]] = mapped_column(JSON, default=list)
    reason: Mapped[str | None] = mapped_column(Text)
    result: Mapped[str] = mapped_column(String(32))  # done | refused | failed

"""The court and its people: teams, officers, vehicles, units, devices, areas, fences."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Boolean, Float, ForeignKey, Index, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from data.tables.table import Instant, Sealed, Table, ulid


class CourtRow(Table):
    __tablename__ = "court"
    code: Mapped[str] = mapped_column(String(16), primary_key=True)
    name: Mapped[str] = mapped_column(String(64))
    level: Mapped[str] = mapped_column(String(16))
    lat: Mapped[float | None] = mapped_column(Float)
    lon: Mapped[float | None] = mapped_column(Float)
    duty_phone: Mapped[str | None] = mapped_column(String(32))  # the centre's own office number, shown to officers


class TeamRow(Table):
    __tablename__ = "team"
    id: Mapped[str] = ulid()
    court_code: Mapped[str] = mapped_column(ForeignKey("court.code"))
    name: Mapped[str] = mapped_column(String(32))  # 三组, 快反组
    position: Mapped[int] = mapped_column(Integer, default=0)  # order on a list
    leader_id: Mapped[str | None] = mapped_column(String(26))
    __table_args__ = (UniqueConstraint("court_code", "name"),)


class OfficerRow(Table):
    __tablename__ = "officer"
    id: Mapped[str] = ulid()
    court_code: Mapped[str] = mapped_column(ForeignKey("court.code"))
    name: Mapped[str] = mapped_column(String(64))
    title: Mapped[str] = mapped_column(String(16))  # 法官, 法警, 书记员: how the wall calls him after the surname
    role: Mapped[str] = mapped_column(String(16))  # permissions.Role
    badge_no: Mapped[str | None] = mapped_column(String(32))
    sex: Mapped[str | None] = mapped_column(String(1))
    phone: Mapped[bytes | None] = mapped_column(Sealed)
    team_id: Mapped[str | None] = mapped_column(ForeignKey("team.id"), index=True)
    disabled_at: Mapped[datetime | None] = mapped_column(Instant)


class VehicleRow(Table):
    __tablename__ = "vehicle"
    id: Mapped[str] = ulid()
    court_code: Mapped[str] = mapped_column(ForeignKey("court.code"))
    kind: Mapped[str] = mapped_column(String(16))  # 警车 / 指挥车 / 货运 / 拖车 as POLICE, COMMAND, TRANSPORT, TOW
    plate: Mapped[bytes | None] = mapped_column(Sealed)
    team_id: Mapped[str | None] = mapped_column(ForeignKey("team.id"), index=True)


class UnitRow(Table):
    """Whatever moves on the map: an officer or a vehicle under a number that says nothing about the person."""

    __tablename__ = "unit"
    no: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    court_code: Mapped[str] = mapped_column(ForeignKey("court.code"))
    kind: Mapped[str] = mapped_column(String(8))  # OFFICER | VEHICLE
    officer_id: Mapped[str | None] = mapped_column(ForeignKey("officer.id"), unique=True)
    vehicle_id: Mapped[str | None] = mapped_column(ForeignKey("vehicle.id"), unique=True)
    team_id: Mapped[str | None] = mapped_column(ForeignKey("team.id"), index=True)
    on_duty: Mapped[bool] = mapped_column(Boolean, default=False)
    duty_since: Mapped[datetime | None] = mapped_column(Instant)
    returned_at: Mapped[datetime | None] = mapped_column(Instant)  # end of the last mission: 15 min later duty ends by itself
    silent_since: Mapped[datetime | None] = mapped_column(Instant)
    silent_until: Mapped[datetime | None] = mapped_column(Instant)


class DutyRow(Table):
    """One stretch of duty of a unit; positions outside it are never kept."""

    __tablename__ = "duty"
    id: Mapped[str] = ulid()
    unit_no: Mapped[int] = mapped_column(ForeignKey("unit.no"))
    began_at: Mapped[datetime] = mapped_column(Instant)
    ended_at: Mapped[datetime | None] = mapped_column(Instant)
    ended_why: Mapped[str | None] = mapped_column(String(16))
    __table_args__ = (Index(None, "unit_no", "began_at"),)


class DeviceRow(Table):
    __tablename__ = "device"
    no: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    court_code: Mapped[str] = mapped_column(ForeignKey("court.code"))
    unit_no: Mapped[int] = mapped_column(ForeignKey("unit.no"), index=True)
    kind: Mapped[str] = mapped_column(String(16))  # PHONE | VEHICLE | BODYCAM_4G
    token_hash: Mapped[str | None] = mapped_column(String(64), unique=True)
    osmand_hash: Mapped[str | None] = mapped_column(String(64), unique=True)
    enrolled_at: Mapped[datetime] = mapped_column(Instant)
    revoked_at: Mapped[datetime | None] = mapped_column(Instant)


class AreaRow(Table):
    """A community (社区) of the district: the finest place at which the wall ever counts cases."""

    __tablename__ = "area"
    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    court_code: Mapped[str] = mapped_column(ForeignKey("court.code"))
    street: Mapped[str] = mapped_column(String(32))
    name: Mapped[str] = mapped_column(String(32))
    lat: Mapped[float] = mapped_column(Float)
    lon: Mapped[float] = mapped_column(Float)


class FenceRow(Table):
    __tablename__ = "fence"
    id: Mapped[str] = ulid()
    court_code: Mapped[str] = mapped_column(ForeignKey("court.code"))
    name: Mapped[str] = mapped_column(String(64))
    kind: Mapped[str] = mapped_column(String(16))  # WATCH (看到谁进出) | COURT (法院驻地)
    ring: Mapped[list[Any]] = mapped_column(JSON)  # [[lat, lon], …], WGS 84
    begins_at: Mapped[datetime | None] = mapped_column(Instant, index=True)  # not watched yet; None once it is
    ends_at: Mapped[datetime | None] = mapped_column(Instant, index=True)  # nobody watches it after that
    removed_at: Mapped[datetime | None] = mapped_column(Instant)


class FenceInsideRow(Table):
    """Which unit is inside which fence now, so that a restart neither forgets nor repeats a crossing."""

    __tablename__ = "fence_inside"
    fence_id: Mapped[str] = mapped_column(ForeignKey("fence.id"), primary_key=True)
    unit_no: Mapped[int] = mapped_column(ForeignKey("unit.no"), primary_key=True)
    since: Mapped[datetime] = mapped_column(Instant)

"""Walls, and the heartbeat of the whole."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Boolean, ColumnElement, ForeignKey, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from data.rules.walls import STAGE_LAYOUT
from data.tables.table import Instant, Sealed, Table, ulid


class WallRow(Table):
    __tablename__ = "wall"
    id: Mapped[str] = ulid()
    court_code: Mapped[str] = mapped_column(ForeignKey("court.code"))
    name: Mapped[str] = mapped_column(String(32))  # 指挥大厅
    position: Mapped[int] = mapped_column(Integer)  # wall k of the desk's list
    layout: Mapped[int] = mapped_column(Integer, default=1)
    visitors: Mapped[bool] = mapped_column(Boolean, default=False)
    grid: Mapped[str] = mapped_column(String(16), default="main")  # main | quad | single
    focus_kind: Mapped[str | None] = mapped_column(String(16))  # walls.Focus
    focus_id: Mapped[str | None] = mapped_column(String(40))
    steered_by: Mapped[str | None] = mapped_column(ForeignKey("officer.id"))
    steered_at: Mapped[datetime | None] = mapped_column(Instant)
    screens: Mapped[str] = mapped_column(String(64), default="")  # walls.Screen, those it stands on: "map,video"; "": one for everything
    revoked_at: Mapped[datetime | None] = mapped_column(Instant)

    @classmethod
    def stage_of(cls, screening_id: str) -> ColumnElement[bool]:
        """Which walls are the stage of this screening."""
        return (cls.layout == STAGE_LAYOUT) & (cls.focus_id == screening_id) & cls.revoked_at.is_(None)


class PartChangeRow(Table):
    """A part of the product went down or came back; the newest of each part only, the journal has them all."""

    __tablename__ = "part_change"
    id: Mapped[str] = ulid()
    part: Mapped[str] = mapped_column(String(24), index=True)  # heartbeat.parts.REGISTER
    state: Mapped[str] = mapped_column(String(8))  # up | down
    at: Mapped[datetime] = mapped_column(Instant)


class FaultRow(Table):
    """What somebody reported as broken, with what his page knew of itself at that moment."""

    __tablename__ = "fault"
    id: Mapped[str] = ulid()
    court_code: Mapped[str] = mapped_column(ForeignKey("court.code"))
    number: Mapped[str] = mapped_column(String(24))
    reporter: Mapped[str] = mapped_column(String(64), index=True)  # of whatever kind: officer, unit, wall
    role: Mapped[str] = mapped_column(String(16))
    face: Mapped[str] = mapped_column(String(16))  # faults.Face
    sentence: Mapped[bytes | None] = mapped_column(Sealed)  # he may have written anything
    snapshot: Mapped[dict[str, Any]] = mapped_column(JSON)  # faults.snapshot
    reported_at: Mapped[datetime] = mapped_column(Instant, index=True)
    taken_by: Mapped[str | None] = mapped_column(ForeignKey("officer.id"))
    taken_at: Mapped[datetime | None] = mapped_column(Instant)
    closed_by: Mapped[str | None] = mapped_column(ForeignKey("officer.id"))
    closed_at: Mapped[datetime | None] = mapped_column(Instant, index=True)
    remedy: Mapped[bytes | None] = mapped_column(Sealed)

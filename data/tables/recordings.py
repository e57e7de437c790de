"""Recordings of calls, videos brought in, and what becomes of stored positions."""

from datetime import date, datetime

from sqlalchemy import BigInteger, Boolean, Date, ForeignKey, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from data.tables.table import Instant, Table, ulid


class RecordingRow(Table):
    """One published stream on disk, in segments. Its files stand in `recordings/<id>/`."""

    __tablename__ = "recording"
    id: Mapped[str] = ulid()
    court_code: Mapped[str] = mapped_column(ForeignKey("court.code"))
    stream: Mapped[str] = mapped_column(String(64))  # the relay's name of it
    origin: Mapped[str] = mapped_column(String(8), default="RELAY", server_default="RELAY")  # recordings.Origin
    call_id: Mapped[str | None] = mapped_column(ForeignKey("call.id"), index=True)
    unit_no: Mapped[int | None] = mapped_column(ForeignKey("unit.no"), index=True)
    state: Mapped[str] = mapped_column(String(16))  # recordings.RecordingState
    category: Mapped[str] = mapped_column(String(16))  # recordings.Category
    began_at: Mapped[datetime] = mapped_column(Instant, index=True)
    broken_at: Mapped[datetime | None] = mapped_column(Instant)
    broken_why: Mapped[str | None] = mapped_column(String(16))
    ended_at: Mapped[datetime | None] = mapped_column(Instant, index=True)
    ended_why: Mapped[str | None] = mapped_column(String(16))
    held_at: Mapped[datetime | None] = mapped_column(Instant)  # 留存: nothing purges it
    held_by: Mapped[str | None] = mapped_column(ForeignKey("officer.id"))
    purged_at: Mapped[datetime | None] = mapped_column(Instant)


class SegmentRow(Table):
    """One file of a recording; its digest also stands in the journal's chain."""

    __tablename__ = "segment"
    recording_id: Mapped[str] = mapped_column(ForeignKey("recording.id"), primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    form: Mapped[str] = mapped_column(String(8))  # webm | mp4
    began_at: Mapped[datetime] = mapped_column(Instant, index=True)
    duration_ms: Mapped[int] = mapped_column(Integer)
    size: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(String(64))
    recovered: Mapped[bool] = mapped_column(Boolean, default=False)  # the process or the disk ended it
    upload_id: Mapped[str | None] = mapped_column(String(26), index=True, unique=True)  # made by the phone that brought it afterwards


class RecordingGapRow(Table):
    """Something that a recording does not hold, and why."""

    __tablename__ = "recording_gap"
    id: Mapped[str] = ulid()
    recording_id: Mapped[str] = mapped_column(ForeignKey("recording.id"), index=True)
    track: Mapped[str] = mapped_column(String(8))  # audio | video
    from_at: Mapped[datetime] = mapped_column(Instant)
    to_at: Mapped[datetime] = mapped_column(Instant)
    why: Mapped[str] = mapped_column(String(16))


class PositionArchiveRow(Table):
    """One sealed day file of positions on its way into the archive, there, or gone. id: its seal; its digest stands in the chain too."""

    __tablename__ = "position_archive"
    id: Mapped[str] = ulid()
    court_code: Mapped[str] = mapped_column(ForeignKey("court.code"))
    day: Mapped[date] = mapped_column(Date, index=True)  # UTC, as the day files
    state: Mapped[str] = mapped_column(String(16), index=True)  # archives.ArchiveState
    share_pct: Mapped[int] = mapped_column(Integer, default=0)
    ended_at: Mapped[datetime | None] = mapped_column(Instant)
    why: Mapped[str | None] = mapped_column(String(48))
    fixes: Mapped[int] = mapped_column(BigInteger, default=0)
    units: Mapped[int] = mapped_column(Integer, default=0)
    size: Mapped[int | None] = mapped_column(BigInteger)
    sha256: Mapped[str | None] = mapped_column(String(64))
    purged_at: Mapped[datetime | None] = mapped_column(Instant)


class PositionHoldRow(Table):
    """留存: positions of these civil days stay, whatever their time. Of one unit, one mission or one case."""

    __tablename__ = "position_hold"
    id: Mapped[str] = ulid()
    court_code: Mapped[str] = mapped_column(ForeignKey("court.code"))
    unit_no: Mapped[int | None] = mapped_column(ForeignKey("unit.no"))
    mission_id: Mapped[str | None] = mapped_column(ForeignKey("mission.id"))
    case_id: Mapped[str | None] = mapped_column(ForeignKey("enforcement_case.id"))
    from_on: Mapped[date] = mapped_column(Date)
    to_on: Mapped[date] = mapped_column(Date)
    held_at: Mapped[datetime] = mapped_column(Instant)
    held_by: Mapped[str | None] = mapped_column(ForeignKey("officer.id"))
    lifted_at: Mapped[datetime | None] = mapped_column(Instant, index=True)
    lifted_by: Mapped[str | None] = mapped_column(ForeignKey("officer.id"))


class BroughtVideoRow(Table):
    """带入视频: an outside video that comes by resumable upload into `recordings/incoming/`. Kept, it is the recording of this id."""

    __tablename__ = "brought_video"
    id: Mapped[str] = ulid()
    court_code: Mapped[str] = mapped_column(ForeignKey("court.code"))
    brought_by: Mapped[str] = mapped_column(ForeignKey("officer.id"), index=True)
    begun_at: Mapped[datetime] = mapped_column(Instant, index=True)
    expires_at: Mapped[datetime] = mapped_column(Instant)
    size: Mapped[int] = mapped_column(BigInteger)  # promised
    sha256: Mapped[str] = mapped_column(String(64), index=True)  # promised
    name: Mapped[str | None] = mapped_column(String(80))  # of the file, as text: it may be somebody's name
    state: Mapped[str] = mapped_column(String(16), index=True)  # videos.VideoState
    ended_at: Mapped[datetime | None] = mapped_column(Instant)
    refused_why: Mapped[str | None] = mapped_column(String(48))

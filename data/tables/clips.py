"""Clips and their releases."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Boolean, ForeignKey, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from data.tables.table import Instant, Table, ulid


class ClipRow(Table):
    """A part of one of our recordings, and what of it an audience may see. Its rendered file stands in `clips/<id>/`."""

    __tablename__ = "clip"
    id: Mapped[str] = ulid()
    court_code: Mapped[str] = mapped_column(ForeignKey("court.code"))
    recording_id: Mapped[str] = mapped_column(ForeignKey("recording.id"), index=True)
    from_at: Mapped[datetime] = mapped_column(Instant)
    to_at: Mapped[datetime] = mapped_column(Instant)
    title: Mapped[str] = mapped_column(String(20))
    words: Mapped[str | None] = mapped_column(String(60))
    tag: Mapped[str] = mapped_column(String(16))  # one of clips.TAGS
    made_by: Mapped[str] = mapped_column(ForeignKey("officer.id"))
    made_at: Mapped[datetime] = mapped_column(Instant, index=True)
    mask: Mapped[dict[str, Any]] = mapped_column(JSON)  # as masks.written
    masked_by: Mapped[str | None] = mapped_column(ForeignKey("officer.id"))
    masked_at: Mapped[datetime | None] = mapped_column(Instant)
    minor: Mapped[bool | None] = mapped_column(Boolean)  # whether a minor is in the picture; None: nobody has said
    rendering: Mapped[str] = mapped_column(String(16), index=True)  # clips.Rendering
    share_pct: Mapped[int] = mapped_column(Integer, default=0)  # of the rendering that is done
    failed_why: Mapped[str | None] = mapped_column(String(48))
    sha256: Mapped[str | None] = mapped_column(String(64))  # of the rendered file; it also stands in the journal's chain
    size: Mapped[int | None] = mapped_column(BigInteger)
    duration_ms: Mapped[int | None] = mapped_column(Integer)


class ReleaseRow(Table):
    """放: one clip for one audience."""

    __tablename__ = "clip_release"
    id: Mapped[str] = ulid()
    number: Mapped[str] = mapped_column(String(24))  # 放〔20260112〕001
    court_code: Mapped[str] = mapped_column(ForeignKey("court.code"))
    clip_id: Mapped[str] = mapped_column(ForeignKey("clip.id"), index=True)
    audience: Mapped[str] = mapped_column(String(16))  # release.Audience
    state: Mapped[str] = mapped_column(String(16), index=True)  # release.ReleaseState
    sha256: Mapped[str | None] = mapped_column(String(64))  # of the file that is certified
    proposed_by: Mapped[str] = mapped_column(ForeignKey("officer.id"))
    proposed_at: Mapped[datetime] = mapped_column(Instant, index=True)
    first_by: Mapped[str | None] = mapped_column(ForeignKey("officer.id"))
    first_at: Mapped[datetime | None] = mapped_column(Instant)
    second_by: Mapped[str | None] = mapped_column(ForeignKey("officer.id"))
    second_at: Mapped[datetime | None] = mapped_column(Instant)
    live_at: Mapped[datetime | None] = mapped_column(Instant)
    revoked_at: Mapped[datetime | None] = mapped_column(Instant)
    revoked_cause: Mapped[str | None] = mapped_column(String(16))  # release.Cause
    revoked_why: Mapped[str | None] = mapped_column(String(120))

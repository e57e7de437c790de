"""Duty and silence of a unit."""

from data.events.event import Event


class DutyBegan(Event, frozen=True, kw_only=True):
    kind = "duty.began"
    subject = "unit"
    unit_no: int
    team_id: str | None


class DutyEnded(Event, frozen=True, kw_only=True):
    """why: asked | returned (15 min after the last mission's return) | revoked. fence_ids: where it was inside; that is forgotten too."""

    kind = "duty.ended"
    subject = "unit"
    unit_no: int
    team_id: str | None
    why: str
    fence_ids: tuple[str, ...] = ()


class SilenceDeclared(Event, frozen=True, kw_only=True):
    """«进入无信号区»: the officer said beforehand that no position will come for so many minutes."""

    kind = "silence.declared"
    subject = "unit"
    unit_no: int
    team_id: str | None
    minutes: int


class SilenceEnded(Event, frozen=True, kw_only=True):
    """why: heard (a fix came) | elapsed | asked."""

    kind = "silence.ended"
    subject = "unit"
    unit_no: int
    team_id: str | None
    why: str

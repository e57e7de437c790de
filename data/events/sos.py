"""Alarms."""

from data.events.event import Event


class SosRaised(Event, frozen=True, kw_only=True):
    kind = "sos.raised"
    subject = "sos"
    sos_id: str
    unit_no: int


class SosAcknowledged(Event, frozen=True, kw_only=True):
    """One person owns the alarm; the officer's phone says so."""

    kind = "sos.acknowledged"
    subject = "sos"
    sos_id: str
    unit_no: int


class SosEscalated(Event, frozen=True, kw_only=True):
    """level 1 after 15 s unowned (every desk again), 2 after 30 s (all leaders' pages)."""

    kind = "sos.escalated"
    subject = "sos"
    sos_id: str
    unit_no: int
    level: int


class SosResponding(Event, frozen=True, kw_only=True):
    """Help is on its way; the team that goes."""

    kind = "sos.responding"
    subject = "sos"
    sos_id: str
    unit_no: int
    team_id: str | None


class SosResolved(Event, frozen=True, kw_only=True):
    kind = "sos.resolved"
    subject = "sos"
    sos_id: str
    unit_no: int


class SosFalseAlarm(Event, frozen=True, kw_only=True):
    kind = "sos.false_alarm"
    subject = "sos"
    sos_id: str
    unit_no: int

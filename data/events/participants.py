"""Who takes part in a call: leaders, the case's own parties, and who commands."""

from data.events.event import Event


class CallJoined(Event, frozen=True, kw_only=True):
    """A desk or a wall sees and hears the scene; the officer's phone says so."""

    kind = "call.joined"
    subject = "call"
    call_id: str
    unit_no: int
    participant_id: str


class CallLeft(Event, frozen=True, kw_only=True):
    kind = "call.left"
    subject = "call"
    call_id: str
    unit_no: int
    participant_id: str


class CallLeaderInvited(Event, frozen=True, kw_only=True):
    kind = "call.leader_invited"
    subject = "call"
    call_id: str
    unit_no: int
    participant_id: str


class CallLeaderWaiting(Event, frozen=True, kw_only=True):
    """He pressed the button of his link and stands in the waiting room."""

    kind = "call.leader_waiting"
    subject = "call"
    call_id: str
    unit_no: int
    participant_id: str


class CallLeaderVerified(Event, frozen=True, kw_only=True):
    """He typed the four digits that the duty officer told him."""

    kind = "call.leader_verified"
    subject = "call"
    call_id: str
    unit_no: int
    participant_id: str


class CallLeaderJoined(Event, frozen=True, kw_only=True):
    """The desk let him in."""

    kind = "call.leader_joined"
    subject = "call"
    call_id: str
    unit_no: int
    participant_id: str


class CallLeaderRefused(Event, frozen=True, kw_only=True):
    """why: desk | digits (typed wrong too often)."""

    kind = "call.leader_refused"
    subject = "call"
    call_id: str
    unit_no: int
    participant_id: str
    why: str


class CallPartyInvited(Event, frozen=True, kw_only=True):
    """A desk made a link for a party of the case."""

    kind = "call.party_invited"
    subject = "call"
    call_id: str
    unit_no: int
    participant_id: str


class CallPartyConsented(Event, frozen=True, kw_only=True):
    """He read the notice, agreed that he is recorded, and stands in the waiting room."""

    kind = "call.party_consented"
    subject = "call"
    call_id: str
    unit_no: int
    participant_id: str


class CallPartyDeclined(Event, frozen=True, kw_only=True):
    """He read the notice and did not agree; that has no effect but this."""

    kind = "call.party_declined"
    subject = "call"
    call_id: str
    unit_no: int
    participant_id: str


class CallPartyVerified(Event, frozen=True, kw_only=True):
    """He typed the four digits that he was told."""

    kind = "call.party_verified"
    subject = "call"
    call_id: str
    unit_no: int
    participant_id: str


class CallPartyJoined(Event, frozen=True, kw_only=True):
    """The desk let him in."""

    kind = "call.party_joined"
    subject = "call"
    call_id: str
    unit_no: int
    participant_id: str


class CallPartyRefused(Event, frozen=True, kw_only=True):
    """why: desk | digits (typed wrong too often)."""

    kind = "call.party_refused"
    subject = "call"
    call_id: str
    unit_no: int
    participant_id: str
    why: str


class CallPartyMuted(Event, frozen=True, kw_only=True):
    """Nothing of him is heard or seen until the desk allows it again."""

    kind = "call.party_muted"
    subject = "call"
    call_id: str
    unit_no: int
    participant_id: str


class CallPartyUnmuted(Event, frozen=True, kw_only=True):
    kind = "call.party_unmuted"
    subject = "call"
    call_id: str
    unit_no: int
    participant_id: str


class SheetCompleted(Event, frozen=True, kw_only=True):
    """A record of the talk with a party is complete, or its correction; its digest stands in the chain."""

    kind = "sheet.completed"
    subject = "sheet"
    sheet_id: str
    call_id: str
    unit_no: int
    participant_id: str
    version: int
    sha256: str


class CallCommandTaken(Event, frozen=True, kw_only=True):
    """One person holds the 指挥长 token; everybody in the call sees who."""

    kind = "call.command_taken"
    subject = "call"
    call_id: str
    unit_no: int


class CallCommandReleased(Event, frozen=True, kw_only=True):
    kind = "call.command_released"
    subject = "call"
    call_id: str
    unit_no: int


class CallConcluded(Event, frozen=True, kw_only=True):
    """One line of what came out of it; it stands with the case."""

    kind = "call.concluded"
    subject = "call"
    call_id: str
    unit_no: int
    case_id: str | None

"""Every event the system can announce: facts in past tense, with ids only, and the rows of the wall they touch.

An event never carries a name, a phone number, a plate, a case number or a coordinate: those stand in the rows, where each viewer's
`Sight` masks them. The wire name is `<noun>.<past tense>`; `EVENTS` maps it to the class. Adding one: README, «how to add an event».

A row of the wall is named by (kind, id). An officer is no row of his own: ("officer", id) stands for every row that says his name, and the
query finds them. Besides the rows below, every event with `shown = True` touches its own line in the event
stream ("entry", seq) and the day's figures ("today", "today"); `Entry.touched` adds them.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, TypeAlias

Row: TypeAlias = tuple[str, str]

EVENTS: dict[str, type["Event"]] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A fact. Subclasses name themselves by `kind` and say which row is their `subject`."""

    kind: ClassVar[str]
    subject: ClassVar[str]
    shown: ClassVar[bool] = True  # False: for the inspector only, draws nothing on a wall
    at_desks: ClassVar[bool] = False  # True, of one that is not shown: it changes rows that desks have, and is no line of the stream

    def payload(self) -> dict[str, Any]:
        """JSON values only: strings, whole numbers, booleans, lists of them."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}

    def subject_id(self) -> str:
        return str(getattr(self, _ID_FIELD[self.subject]))

    def touches(self) -> Iterator[Row]:
        """The rows whose drawing this fact may change, found by the names of its id fields."""
        for name, kind in _ROW_OF_FIELD.items():
            value = getattr(self, name, None)
            if value is not None:
                yield kind, str(value)
        for name, kind in _ROWS_OF_FIELD.items():
            for value in getattr(self, name, ()):
                yield kind, str(value)


_ID_FIELD = {
    "court": "court_code",
    "officer": "officer_id",
    "team": "team_id",
    "vehicle": "vehicle_id",
    "unit": "unit_no",
    "device": "device_no",
    "area": "area_id",
    "fence": "fence_id",
    "case": "case_id",
    "mission": "mission_id",
    "call": "call_id",
    "participant": "participant_id",
    "sheet": "sheet_id",
    "whisper": "whisper_id",
    "order": "order_id",
    "sos": "sos_id",
    "recording": "recording_id",
    "video": "video_id",
    "clip": "clip_id",
    "release": "release_id",
    "screening": "screening_id",
    "attendee": "attendee_id",
    "objection": "objection_id",
    "help": "help_id",
    "part": "part",
    "fault": "fault_id",
    "permit": "permit_id",
    "promise": "promise_id",
    "settlement": "settlement_id",
    "spot_payment": "spot_payment_id",
    "position_archive": "archive_id",
    "position_hold": "position_hold_id",
    "position_day": "day",
    "wall": "wall_id",
    "role_change": "role_change_id",
    "joint": "joint_id",
    "key": "key",
    "session": "session_id",
    "link": "link_id",
    "audit": "audit_id",
    "setting": "setting_change_id",
    "backup": "backup_id",
}
_ROW_KINDS = (
    "court", "officer", "team", "unit", "area", "fence", "case", "mission", "call", "participant", "whisper", "order", "sos", "recording",
    "help", "wall", "part", "fault",
)  # fmt: skip
_ROW_OF_FIELD = {_ID_FIELD[kind]: kind for kind in _ROW_KINDS}
_ROWS_OF_FIELD = {
    "unit_nos": "unit", "fence_ids": "fence", "participant_ids": "participant", "whisper_ids": "whisper", "order_ids": "order",
}  # fmt: skip


def _event(cls: type[Event]) -> type[Event]:
    EVENTS[cls.kind] = cls
    return cls


def from_payload(kind: str, payload: dict[str, Any]) -> Event:
    """The event again, from its journal entry. Raises KeyError for a kind this version does not know."""
    return EVENTS[kind](**{name: tuple(value) if isinstance(value, list) else value for name, value in payload.items()})


# --- the court and its people ---------------------------------------------------------------------------------------------------


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class CourtFounded(Event):
    kind = "court.founded"
    subject = "court"
    court_code: str


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class CourtChanged(Event):
    """Its name, place or office number was set."""

    kind = "court.changed"
    subject = "court"
    court_code: str


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class OfficerAdded(Event):
    kind = "officer.added"
    subject = "officer"
    officer_id: str
    team_id: str | None


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class OfficerChanged(Event):
    """Name, phone or another restricted field was set; which one is not said."""

    kind = "officer.changed"
    subject = "officer"
    officer_id: str
    team_id: str | None
    unit_nos: tuple[int, ...] = ()


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class TeamFormed(Event):
    kind = "team.formed"
    subject = "team"
    team_id: str


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class VehicleAdded(Event):
    kind = "vehicle.added"
    subject = "vehicle"
    vehicle_id: str
    team_id: str | None


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class UnitAdded(Event):
    kind = "unit.added"
    subject = "unit"
    unit_no: int
    team_id: str | None


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class AreaDrawn(Event):
    """A community of the court's district, where its cases are counted."""

    kind = "area.drawn"
    subject = "area"
    area_id: str


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class FenceDrawn(Event):
    kind = "fence.drawn"
    subject = "fence"
    fence_id: str


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class FenceRemoved(Event):
    kind = "fence.removed"
    subject = "fence"
    fence_id: str


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class FenceEntered(Event):
    kind = "fence.entered"
    subject = "fence"
    fence_id: str
    unit_no: int


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class FenceLeft(Event):
    kind = "fence.left"
    subject = "fence"
    fence_id: str
    unit_no: int


# --- units: duty and silence ----------------------------------------------------------------------------------------------------


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class DutyBegan(Event):
    kind = "duty.began"
    subject = "unit"
    unit_no: int
    team_id: str | None


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class DutyEnded(Event):
    """why: asked | returned (15 min after the last mission's return) | revoked. fence_ids: where it was inside; that is forgotten too."""

    kind = "duty.ended"
    subject = "unit"
    unit_no: int
    team_id: str | None
    why: str
    fence_ids: tuple[str, ...] = ()


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class SilenceDeclared(Event):
    """«进入无信号区»: the officer said beforehand that no position will come for so many minutes."""

    kind = "silence.declared"
    subject = "unit"
    unit_no: int
    team_id: str | None
    minutes: int


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class SilenceEnded(Event):
    """why: heard (a fix came) | elapsed | asked."""

    kind = "silence.ended"
    subject = "unit"
    unit_no: int
    team_id: str | None
    why: str


# --- cases ----------------------------------------------------------------------------------------------------------------------


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFiled(Event):
    kind = "case.filed"
    subject = "case"
    case_id: str
    area_id: str | None


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class CaseAssigned(Event):
    kind = "case.assigned"
    subject = "case"
    case_id: str
    area_id: str | None


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class CaseStageChanged(Event):
    kind = "case.stage_changed"
    subject = "case"
    case_id: str
    area_id: str | None
    stage: str


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class CaseNodeDone(Event):
    kind = "case.node_done"
    subject = "case"
    case_id: str
    area_id: str | None
    node: int


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class CaseSuspended(Event):
    kind = "case.suspended"
    subject = "case"
    case_id: str
    area_id: str | None


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class CaseResumed(Event):
    kind = "case.resumed"
    subject = "case"
    case_id: str
    area_id: str | None


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class CaseClosed(Event):
    kind = "case.closed"
    subject = "case"
    case_id: str
    area_id: str | None
    closing_kind: str


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class CaseChanged(Event):
    """A restricted field of the case or its parties was set; which one is not said."""

    kind = "case.changed"
    subject = "case"
    case_id: str
    area_id: str | None


# --- missions -------------------------------------------------------------------------------------------------------------------


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class MissionAssigned(Event):
    kind = "mission.assigned"
    subject = "mission"
    mission_id: str
    team_id: str | None
    case_id: str | None
    unit_nos: tuple[int, ...] = ()


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class MissionDeparted(Event):
    kind = "mission.departed"
    subject = "mission"
    mission_id: str
    team_id: str | None
    case_id: str | None
    unit_nos: tuple[int, ...] = ()


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class MissionArrived(Event):
    kind = "mission.arrived"
    subject = "mission"
    mission_id: str
    team_id: str | None
    case_id: str | None
    unit_nos: tuple[int, ...] = ()


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class MissionFruitless(Event):
    """扑空: nobody there. A first-class result, the team is on its way back."""

    kind = "mission.fruitless"
    subject = "mission"
    mission_id: str
    team_id: str | None
    case_id: str | None
    unit_nos: tuple[int, ...] = ()


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class MissionFinished(Event):
    kind = "mission.finished"
    subject = "mission"
    mission_id: str
    team_id: str | None
    case_id: str | None
    unit_nos: tuple[int, ...] = ()


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class MissionCancelled(Event):
    kind = "mission.cancelled"
    subject = "mission"
    mission_id: str
    team_id: str | None
    case_id: str | None
    unit_nos: tuple[int, ...] = ()


# --- calls and alarms -----------------------------------------------------------------------------------------------------------


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class CallRinging(Event):
    kind = "call.ringing"
    subject = "call"
    call_id: str
    unit_no: int
    participant_id: str | None = None


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class CallCentreRang(Event):
    """The centre rings an officer, or every phone of a team (team_id); who accepts opens his camera himself."""

    kind = "call.centre_rang"
    subject = "call"
    call_id: str
    unit_no: int
    team_id: str | None = None


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class CallTaken(Event):
    """«我来处理»: exactly one person owns the call from now on."""

    kind = "call.taken"
    subject = "call"
    call_id: str
    unit_no: int


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class CallAnswered(Event):
    """By the centre; a ring of the centre's own by the officer, whose team's other phones then fall silent."""

    kind = "call.answered"
    subject = "call"
    call_id: str
    unit_no: int
    team_id: str | None = None
    participant_ids: tuple[str, ...] = ()
    unit_nos: tuple[int, ...] = ()


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class CallMissed(Event):
    """Nobody answered for 30 s; it goes on ringing, louder, for everybody and the leader on duty."""

    kind = "call.missed"
    subject = "call"
    call_id: str
    unit_no: int


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class CallEnded(Event):
    """why: finished | withdrawn (by who rang, before an answer) | declined | unanswered (the centre's) | revoked (his phone)."""

    kind = "call.ended"
    subject = "call"
    call_id: str
    unit_no: int
    why: str
    team_id: str | None = None
    participant_ids: tuple[str, ...] = ()
    whisper_ids: tuple[str, ...] = ()
    order_ids: tuple[str, ...] = ()


# Picture and sound of one participant, as the relay sees them. Figures are of that moment, None where nothing was measured.


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class CallLive(Event):
    """Picture and sound are there: for the first time, again, or well again. The officer's own make the call LIVE."""

    kind = "call.live"
    subject = "call"
    call_id: str
    unit_no: int
    participant_id: str
    cause: str
    rtt_ms: int | None = None
    loss_permille: int | None = None
    kbps: int | None = None
    fps: int | None = None


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class CallDegraded(Event):
    """mode: LOW_VIDEO | STILLS | AUDIO_ONLY | TEXT."""

    kind = "call.degraded"
    subject = "call"
    call_id: str
    unit_no: int
    participant_id: str
    mode: str
    cause: str
    rtt_ms: int | None = None
    loss_permille: int | None = None
    kbps: int | None = None
    fps: int | None = None


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class CallReconnecting(Event):
    """Nothing comes any more from somebody who has not gone."""

    kind = "call.reconnecting"
    subject = "call"
    call_id: str
    unit_no: int
    participant_id: str
    cause: str
    rtt_ms: int | None = None
    loss_permille: int | None = None
    kbps: int | None = None
    fps: int | None = None


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class CallMediaStopped(Event):
    """Somebody stopped sending on purpose; the talk goes on."""

    kind = "call.media_stopped"
    subject = "call"
    call_id: str
    unit_no: int
    participant_id: str
    cause: str


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class CallPictureClosed(Event):
    """«现场关闭画面»: for safety or privacy. why: safety | privacy | secret | other."""

    kind = "call.picture_closed"
    subject = "call"
    call_id: str
    unit_no: int
    why: str


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class CallNoticeGiven(Event):
    """The people on the spot were told that everything is recorded. how: spoken (by the phone) | shown (a tone and large print)."""

    kind = "call.notice_given"
    subject = "call"
    call_id: str
    unit_no: int
    how: str


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class CallPictureOpened(Event):
    kind = "call.picture_opened"
    subject = "call"
    call_id: str
    unit_no: int


# Who takes part.


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class CallJoined(Event):
    """A desk or a wall sees and hears the scene; the officer's phone says so."""

    kind = "call.joined"
    subject = "call"
    call_id: str
    unit_no: int
    participant_id: str


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class CallLeft(Event):
    kind = "call.left"
    subject = "call"
    call_id: str
    unit_no: int
    participant_id: str


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class CallLeaderInvited(Event):
    kind = "call.leader_invited"
    subject = "call"
    call_id: str
    unit_no: int
    participant_id: str


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class CallLeaderWaiting(Event):
    """He pressed the button of his link and stands in the waiting room."""

    kind = "call.leader_waiting"
    subject = "call"
    call_id: str
    unit_no: int
    participant_id: str


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class CallLeaderVerified(Event):
    """He typed the four digits that the duty officer told him."""

    kind = "call.leader_verified"
    subject = "call"
    call_id: str
    unit_no: int
    participant_id: str


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class CallLeaderJoined(Event):
    """The desk let him in."""

    kind = "call.leader_joined"
    subject = "call"
    call_id: str
    unit_no: int
    participant_id: str


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class CallLeaderRefused(Event):
    """why: desk | digits (typed wrong too often)."""

    kind = "call.leader_refused"
    subject = "call"
    call_id: str
    unit_no: int
    participant_id: str
    why: str


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class CallPartyInvited(Event):
    """A desk made a link for a party of the case."""

    kind = "call.party_invited"
    subject = "call"
    call_id: str
    unit_no: int
    participant_id: str


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class CallPartyConsented(Event):
    """He read the notice, agreed that he is recorded, and stands in the waiting room."""

    kind = "call.party_consented"
    subject = "call"
    call_id: str
    unit_no: int
    participant_id: str


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class CallPartyDeclined(Event):
    """He read the notice and did not agree; that has no effect but this."""

    kind = "call.party_declined"
    subject = "call"
    call_id: str
    unit_no: int
    participant_id: str


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class CallPartyVerified(Event):
    """He typed the four digits that he was told."""

    kind = "call.party_verified"
    subject = "call"
    call_id: str
    unit_no: int
    participant_id: str


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class CallPartyJoined(Event):
    """The desk let him in."""

    kind = "call.party_joined"
    subject = "call"
    call_id: str
    unit_no: int
    participant_id: str


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class CallPartyRefused(Event):
    """why: desk | digits (typed wrong too often)."""

    kind = "call.party_refused"
    subject = "call"
    call_id: str
    unit_no: int
    participant_id: str
    why: str


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class CallPartyMuted(Event):
    """Nothing of him is heard or seen until the desk allows it again."""

    kind = "call.party_muted"
    subject = "call"
    call_id: str
    unit_no: int
    participant_id: str


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class CallPartyUnmuted(Event):
    kind = "call.party_unmuted"
    subject = "call"
    call_id: str
    unit_no: int
    participant_id: str


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class SheetCompleted(Event):
    """A record of the talk with a party is complete, or its correction; its digest stands in the chain."""

    kind = "sheet.completed"
    subject = "sheet"
    sheet_id: str
    call_id: str
    unit_no: int
    participant_id: str
    version: int
    sha256: str


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class CallCommandTaken(Event):
    """One person holds the 指挥长 token; everybody in the call sees who."""

    kind = "call.command_taken"
    subject = "call"
    call_id: str
    unit_no: int


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class CallCommandReleased(Event):
    kind = "call.command_released"
    subject = "call"
    call_id: str
    unit_no: int


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class CallConcluded(Event):
    """One line of what came out of it; it stands with the case."""

    kind = "call.concluded"
    subject = "call"
    call_id: str
    unit_no: int
    case_id: str | None


# To the officer's ear and eye alone, or to the whole scene.


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class CallWhispered(Event):
    """A line in large print on the officer's phone."""

    kind = "call.whispered"
    subject = "call"
    call_id: str
    unit_no: int
    whisper_id: str


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class CallWhisperSeen(Event):
    kind = "call.whisper_seen"
    subject = "call"
    call_id: str
    unit_no: int
    whisper_id: str


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class CallEarpieceConfirmed(Event):
    """«已戴耳机»: from now on, in this call, a voice whisper is possible."""

    kind = "call.earpiece_confirmed"
    subject = "call"
    call_id: str
    unit_no: int


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class CallEarpieceWithdrawn(Event):
    """why: withdrawn | device_changed. A voice whisper that was on ends with it; participant_id: whose."""

    kind = "call.earpiece_withdrawn"
    subject = "call"
    call_id: str
    unit_no: int
    why: str
    participant_id: str | None = None


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class CallVoiceBegan(Event):
    """to: ear (a whisper) | scene (by the loudspeaker)."""

    kind = "call.voice_began"
    subject = "call"
    call_id: str
    unit_no: int
    participant_id: str
    to: str


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class CallVoiceEnded(Event):
    kind = "call.voice_ended"
    subject = "call"
    call_id: str
    unit_no: int
    participant_id: str


# --- support orders ---------------------------------------------------------------------------------------------------------------


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class OrderSent(Event):
    kind = "order.sent"
    subject = "order"
    order_id: str
    call_id: str
    team_id: str


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class OrderDelivered(Event):
    """A phone of the team shows it."""

    kind = "order.delivered"
    subject = "order"
    order_id: str
    call_id: str
    team_id: str


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class OrderAccepted(Event):
    """«收到»."""

    kind = "order.accepted"
    subject = "order"
    order_id: str
    call_id: str
    team_id: str


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class OrderDeclined(Event):
    """«无法前往». reason: busy | far | vehicle | other."""

    kind = "order.declined"
    subject = "order"
    order_id: str
    call_id: str
    team_id: str
    reason: str


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class OrderOverdue(Event):
    """Nobody answered for 60 s: the desk rings for the next team."""

    kind = "order.overdue"
    subject = "order"
    order_id: str
    call_id: str
    team_id: str


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class OrderArrived(Event):
    kind = "order.arrived"
    subject = "order"
    order_id: str
    call_id: str
    team_id: str


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class OrderWithdrawn(Event):
    """why: next (another team goes) | over (the call has ended)."""

    kind = "order.withdrawn"
    subject = "order"
    order_id: str
    call_id: str
    team_id: str
    why: str


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class SosRaised(Event):
    kind = "sos.raised"
    subject = "sos"
    sos_id: str
    unit_no: int


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class SosAcknowledged(Event):
    """One person owns the alarm; the officer's phone says so."""

    kind = "sos.acknowledged"
    subject = "sos"
    sos_id: str
    unit_no: int


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class SosEscalated(Event):
    """level 1 after 15 s unowned (every desk again), 2 after 30 s (all leaders' pages)."""

    kind = "sos.escalated"
    subject = "sos"
    sos_id: str
    unit_no: int
    level: int


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class SosResponding(Event):
    """Help is on its way; the team that goes."""

    kind = "sos.responding"
    subject = "sos"
    sos_id: str
    unit_no: int
    team_id: str | None


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class SosResolved(Event):
    kind = "sos.resolved"
    subject = "sos"
    sos_id: str
    unit_no: int


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class SosFalseAlarm(Event):
    kind = "sos.false_alarm"
    subject = "sos"
    sos_id: str
    unit_no: int


# --- walls ----------------------------------------------------------------------------------------------------------------------


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class WallPaired(Event):
    kind = "wall.paired"
    subject = "wall"
    wall_id: str


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class WallSteered(Event):
    """A desk put a layout, unit, mission or call on this wall, or switched visitors' mode."""

    kind = "wall.steered"
    subject = "wall"
    wall_id: str


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class WallStaged(Event):
    """This wall is the stage of a screening now, in another world of rights."""

    kind = "wall.staged"
    subject = "wall"
    wall_id: str
    screening_id: str


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class WallTakenBack(Event):
    """A desk has taken its wall back from the audience."""

    kind = "wall.taken_back"
    subject = "wall"
    wall_id: str


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class WallScreensChanged(Event):
    """Another screen of this wall shows its part, or one was taken out of the set."""

    kind = "wall.screens_changed"
    subject = "wall"
    shown = False
    at_desks = True
    wall_id: str


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class WallRevoked(Event):
    kind = "wall.revoked"
    subject = "wall"
    wall_id: str


# --- the heartbeat of the whole -------------------------------------------------------------------------------------------------------


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class PartChanged(Event):
    """A part of the product does not answer any more (state down), or does again (up)."""

    kind = "part.changed"
    subject = "part"
    shown = False
    at_desks = True
    part: str
    state: str


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class FaultReported(Event):
    """Somebody pressed «报修»: what his page knew of itself stands with the fault."""

    kind = "fault.reported"
    subject = "fault"
    shown = False
    at_desks = True
    fault_id: str
    face: str


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class FaultTaken(Event):
    kind = "fault.taken"
    subject = "fault"
    shown = False
    at_desks = True
    fault_id: str


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class FaultClosed(Event):
    kind = "fault.closed"
    subject = "fault"
    shown = False
    at_desks = True
    fault_id: str


# --- identity and audit: for the inspector only -----------------------------------------------------------------------------------


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class AccountOpened(Event):
    kind = "account.opened"
    subject = "officer"
    shown = False
    officer_id: str


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class AccountChanged(Event):
    """what: password | pin | role | disabled | enabled | second_factor | second_factor_reset | recovery_code."""

    kind = "account.changed"
    subject = "officer"
    shown = False
    officer_id: str
    what: str


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class RoleProposed(Event):
    """Somebody asks for another role for an officer; it counts when a second person confirms it."""

    kind = "role.proposed"
    subject = "role_change"
    shown = False
    role_change_id: str
    officer_id: str


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class RoleConfirmed(Event):
    """The second person agreed; `account.changed` follows."""

    kind = "role.confirmed"
    subject = "role_change"
    shown = False
    role_change_id: str
    officer_id: str


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class RoleDropped(Event):
    """why: withdrawn | refused | lapsed."""

    kind = "role.dropped"
    subject = "role_change"
    shown = False
    role_change_id: str
    officer_id: str
    why: str


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class JointProposed(Event):
    """Somebody asks for what one alone may not do. what: sign_in_link | case_token | media_key | sessions | setting."""

    kind = "joint.proposed"
    subject = "joint"
    shown = False
    joint_id: str
    what: str


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class JointConfirmed(Event):
    """The second person agreed, and it was done."""

    kind = "joint.confirmed"
    subject = "joint"
    shown = False
    joint_id: str
    what: str


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class JointDropped(Event):
    """why: withdrawn | refused."""

    kind = "joint.dropped"
    subject = "joint"
    shown = False
    joint_id: str
    what: str
    why: str


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class KeyChanged(Event):
    """key: case_system | media | sessions; how: issued | rotated | revoked. The key itself is in no event."""

    kind = "key.changed"
    subject = "key"
    shown = False
    key: str
    how: str


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class SessionOpened(Event):
    kind = "session.opened"
    subject = "session"
    shown = False
    session_id: str


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class SessionClosed(Event):
    """why: signed_out | revoked | replaced."""

    kind = "session.closed"
    subject = "session"
    shown = False
    session_id: str
    why: str


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceEnrolled(Event):
    kind = "device.enrolled"
    subject = "device"
    device_no: int
    unit_no: int


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceRevoked(Event):
    kind = "device.revoked"
    subject = "device"
    device_no: int
    unit_no: int


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class LinkMade(Event):
    """purpose: enrol | sign_in | wall | director | leader | pairing."""

    kind = "link.made"
    subject = "link"
    shown = False
    link_id: str
    purpose: str


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class LinkUsed(Event):
    kind = "link.used"
    subject = "link"
    shown = False
    link_id: str


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class LinkLapsed(Event):
    """Nobody approved this pairing in time; from where it was asked for is forgotten."""

    kind = "link.lapsed"
    subject = "link"
    shown = False
    link_id: str


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class SettingChanged(Event):
    """Which key; old and new stand in the row `setting_change_id`."""

    kind = "setting.changed"
    subject = "setting"
    shown = False
    setting_change_id: str
    key: str


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRecorded(Event):
    """Somebody saw, tried or changed something that must leave a trace; what exactly stands in the audit row `audit_id`."""

    kind = "audit.recorded"
    subject = "audit"
    shown = False
    audit_id: str
    act: str
    digest: str


# --- recordings -----------------------------------------------------------------------------------------------------------------


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingBegan(Event):
    kind = "recording.began"
    subject = "recording"
    recording_id: str
    call_id: str | None
    unit_no: int | None


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingBroken(Event):
    """The lamp is red: bytes do not reach the disk. why: disk_low | disk | stuck | nothing_whole | internal."""

    kind = "recording.broken"
    subject = "recording"
    recording_id: str
    call_id: str | None
    unit_no: int | None
    why: str


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingMended(Event):
    kind = "recording.mended"
    subject = "recording"
    recording_id: str
    call_id: str | None
    unit_no: int | None


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingEnded(Event):
    """why: over | closed (the relay was ended) | replaced (another codec) | abandoned (the relay died)."""

    kind = "recording.ended"
    subject = "recording"
    recording_id: str
    call_id: str | None
    unit_no: int | None
    why: str


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentKept(Event):
    """A file of a recording is whole: its digest stands in the chain."""

    kind = "recording.segment_kept"
    subject = "recording"
    shown = False
    recording_id: str
    call_id: str | None
    number: int
    size: int
    duration_ms: int
    sha256: str
    recovered: bool


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingUploaded(Event):
    """手机补传: what the phone recorded while nothing reached the relay is here and whole. began_at_ms: UTC, by our clock."""

    kind = "recording.uploaded"
    subject = "recording"
    recording_id: str
    call_id: str | None
    unit_no: int | None
    number: int
    began_at_ms: int
    duration_ms: int
    size: int
    sha256: str


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingGap(Event):
    """track: audio | video. why: lost | silent | disk | overflow | internal."""

    kind = "recording.gap"
    subject = "recording"
    shown = False
    recording_id: str
    call_id: str | None
    track: str
    lasted_ms: int
    why: str


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingClassed(Event):
    """category: ROUTINE (six months) | KEPT (with the file)."""

    kind = "recording.classed"
    subject = "recording"
    shown = False
    recording_id: str
    call_id: str | None
    category: str


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingHeld(Event):
    kind = "recording.held"
    subject = "recording"
    shown = False
    recording_id: str
    call_id: str | None


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingHoldLifted(Event):
    kind = "recording.hold_lifted"
    subject = "recording"
    shown = False
    recording_id: str
    call_id: str | None


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingPurged(Event):
    """Its time was over; digests: SHA-256 of each file that went."""

    kind = "recording.purged"
    subject = "recording"
    shown = False
    recording_id: str
    call_id: str | None
    size: int
    digests: tuple[str, ...]


# --- screenings -----------------------------------------------------------------------------------------------------------------


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class PositionsArchived(Event):
    """A sealed day (UTC) of positions stands in the archive; sha256: of the file."""

    kind = "positions.archived"
    subject = "position_archive"
    shown = False
    archive_id: str
    day: str
    fixes: int
    units: int
    size: int
    sha256: str


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class PositionsArchivingEnded(Event):
    """It was not written. why: stopped (by a person) | a code of ours."""

    kind = "positions.archiving_ended"
    subject = "position_archive"
    shown = False
    archive_id: str
    day: str
    why: str


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class PositionsPurged(Event):
    """A day's time was over. archive_id, size, sha256: of the archive file that went; None: a day file that was never archived."""

    kind = "positions.purged"
    subject = "position_day"
    shown = False
    archive_id: str | None
    day: str
    fixes: int
    size: int | None
    sha256: str | None


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class MissionTrackKept(Event):
    """精简轨迹: of a sealed day (archive_id: its seal) so many fixes of a unit stay with the mission. sha256: of the packed track."""

    kind = "mission.track_kept"
    subject = "mission"
    shown = False
    mission_id: str
    unit_no: int
    archive_id: str
    fixes: int
    kept: int
    sha256: str


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class PositionsHeld(Event):
    """留存: nothing of these civil days is removed."""

    kind = "positions.held"
    subject = "position_hold"
    shown = False
    position_hold_id: str
    from_day: str
    to_day: str


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class PositionsHoldLifted(Event):
    kind = "positions.hold_lifted"
    subject = "position_hold"
    shown = False
    position_hold_id: str
    from_day: str
    to_day: str


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class BackupMade(Event):
    """Everything stands in a file of this digest. seq: the last number of the journal that is in it."""

    kind = "backup.made"
    subject = "backup"
    shown = False
    backup_id: str
    parts: int
    size: int
    digest: str
    seq: int


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class BackupFailed(Event):
    """No file was made. why: the code of what was in the way."""

    kind = "backup.failed"
    subject = "backup"
    shown = False
    backup_id: str
    why: str


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class CourtRestored(Event):
    """The court came out of a backup, onto another machine; what was written after that backup is not in it."""

    kind = "backup.restored"
    subject = "backup"
    shown = False
    backup_id: str
    seq: int


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class VideoBegun(Event):
    """带入视频: somebody brings an outside video; size in bytes, as promised."""

    kind = "video.begun"
    subject = "video"
    shown = False
    video_id: str
    size: int


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class VideoKept(Event):
    """It is here, whole, and a film: from now on the recording of the same id, with this digest in the chain."""

    kind = "video.kept"
    subject = "video"
    shown = False
    video_id: str
    size: int
    duration_ms: int
    sha256: str


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class VideoEnded(Event):
    """Nothing of it is kept. why: cancelled | lapsed | a code of ours."""

    kind = "video.ended"
    subject = "video"
    shown = False
    video_id: str
    why: str


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class ClipCut(Event):
    """From a recording of ours, whose files' digests stand in the chain already."""

    kind = "clip.cut"
    subject = "clip"
    shown = False
    clip_id: str
    recording_id: str
    length_ms: int


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class ClipMasked(Event):
    """What of it is open was said anew; digest: SHA-256 of the mask."""

    kind = "clip.masked"
    subject = "clip"
    shown = False
    clip_id: str
    digest: str
    minor: bool | None


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class ClipRenderingAsked(Event):
    kind = "clip.rendering_asked"
    subject = "clip"
    shown = False
    clip_id: str


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class ClipRenderingMoved(Event):
    """It has begun, or has come so far."""

    kind = "clip.rendering_moved"
    subject = "clip"
    shown = False
    clip_id: str
    share_pct: int


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class ClipRendered(Event):
    """originals: SHA-256 of the files that it was made from."""

    kind = "clip.rendered"
    subject = "clip"
    shown = False
    clip_id: str
    recording_id: str
    sha256: str
    size: int
    duration_ms: int
    originals: tuple[str, ...]


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class ClipRenderingFailed(Event):
    """why: a code of ours."""

    kind = "clip.rendering_failed"
    subject = "clip"
    shown = False
    clip_id: str
    why: str


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class ClipRenderingCancelled(Event):
    kind = "clip.rendering_cancelled"
    subject = "clip"
    shown = False
    clip_id: str


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class ClipPurged(Event):
    """Its time was over; sha256: of the masked file that went."""

    kind = "clip.purged"
    subject = "clip"
    shown = False
    clip_id: str
    sha256: str


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseProposed(Event):
    """audience: PARTY | SCREENING | PUBLIC."""

    kind = "release.proposed"
    subject = "release"
    shown = False
    release_id: str
    clip_id: str
    audience: str


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseMasked(Event):
    """The file is there that is to be certified."""

    kind = "release.masked"
    subject = "release"
    shown = False
    release_id: str
    clip_id: str
    sha256: str


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseCertified(Event):
    """number: 1 or 2; sha256: of the file that was watched."""

    kind = "release.certified"
    subject = "release"
    shown = False
    release_id: str
    clip_id: str
    number: int
    officer_id: str
    sha256: str


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseWentLive(Event):
    kind = "release.went_live"
    subject = "release"
    shown = False
    release_id: str
    clip_id: str


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseRevoked(Event):
    """cause: DECIDED | OBJECTION | CHANGED | MASKED_ANEW."""

    kind = "release.revoked"
    subject = "release"
    shown = False
    release_id: str
    clip_id: str
    cause: str


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class ScreeningPlanned(Event):
    kind = "screening.planned"
    subject = "screening"
    shown = False
    screening_id: str


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class ProgrammeSet(Event):
    kind = "screening.programme_set"
    subject = "screening"
    shown = False
    screening_id: str
    release_ids: tuple[str, ...]


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class DoorInvited(Event):
    """A one-time link for the tablet at the door was made."""

    kind = "screening.door_invited"
    subject = "screening"
    shown = False
    screening_id: str
    link_id: str


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class DoorOpened(Event):
    kind = "screening.door_opened"
    subject = "screening"
    shown = False
    screening_id: str
    session_id: str


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class DoorLocked(Event):
    """By hand; by itself it needs no entry, it is a matter of time."""

    kind = "screening.door_locked"
    subject = "screening"
    shown = False
    screening_id: str


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class DoorUnlocked(Event):
    kind = "screening.door_unlocked"
    subject = "screening"
    shown = False
    screening_id: str


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class DoorClosed(Event):
    """why: host | replaced | digits, five wrong ones | over, the session is."""

    kind = "screening.door_closed"
    subject = "screening"
    shown = False
    screening_id: str
    why: str


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class StageInvited(Event):
    """A one-time link for the browser of the stage was made."""

    kind = "screening.stage_invited"
    subject = "screening"
    shown = False
    screening_id: str
    link_id: str


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class StageOpened(Event):
    kind = "screening.stage_opened"
    subject = "screening"
    shown = False
    screening_id: str
    session_id: str


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class ScreeningBegan(Event):
    kind = "screening.began"
    subject = "screening"
    shown = False
    screening_id: str


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class ItemShown(Event):
    """position: None for the court's card."""

    kind = "screening.item_shown"
    subject = "screening"
    shown = False
    screening_id: str
    position: int | None
    release_id: str | None


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class ItemMoved(Event):
    """Paused, or going on from there."""

    kind = "screening.item_moved"
    subject = "screening"
    shown = False
    screening_id: str
    playing: bool
    at_ms: int


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class ScreeningBlackedOut(Event):
    """why: key, by the host | objection, by an attendee | unwatched, nothing was heard of the host while a live picture was shown."""

    kind = "screening.blacked_out"
    subject = "screening"
    shown = False
    screening_id: str
    why: str = "key"


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class BlackoutLifted(Event):
    kind = "screening.blackout_lifted"
    subject = "screening"
    shown = False
    screening_id: str


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class ScreeningEnded(Event):
    kind = "screening.ended"
    subject = "screening"
    shown = False
    screening_id: str


# The live picture of a mission before a stage. What the mission's people and the desk must know of it is shown: permitted, and over.


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class LiveProposed(Event):
    kind = "live.proposed"
    subject = "permit"
    shown = False
    permit_id: str
    screening_id: str
    mission_id: str
    delay_s: int


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class LiveCertified(Event):
    """number: 1 | 2. Whoever certifies says that the people of the mission were told."""

    kind = "live.certified"
    subject = "permit"
    shown = False
    permit_id: str
    mission_id: str
    number: int
    officer_id: str


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class LivePermitted(Event):
    kind = "live.permitted"
    subject = "permit"
    permit_id: str
    screening_id: str
    mission_id: str
    team_id: str | None


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class LiveEnded(Event):
    """cause: DECIDED | MINOR | ILLNESS | BODY_SEARCH | PICTURE_CLOSED | CALL_OVER | MISSION_OVER | SCREENING_OVER."""

    kind = "live.ended"
    subject = "permit"
    permit_id: str
    screening_id: str
    mission_id: str
    team_id: str | None
    cause: str


# Who is invited.


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class AttendeeInvited(Event):
    kind = "attendee.invited"
    subject = "attendee"
    shown = False
    attendee_id: str
    screening_id: str
    ground: str


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class AttendeeTakenOff(Event):
    """The invitation was taken back: by the host, or because the person must not be asked."""

    kind = "attendee.taken_off"
    subject = "attendee"
    shown = False
    attendee_id: str
    screening_id: str
    why: str


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectionRaised(Event):
    """Somebody before the screen has recognised himself. stopped: what was shown is withdrawn; otherwise it is to be looked at."""

    kind = "objection.raised"
    subject = "objection"
    shown = False
    objection_id: str
    screening_id: str
    attendee_id: str
    stopped: bool


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectionLookedAt(Event):
    """finding: FOUNDED | UNFOUNDED."""

    kind = "objection.looked_at"
    subject = "objection"
    shown = False
    objection_id: str
    screening_id: str
    finding: str


# --- what a screening leads to ------------------------------------------------------------------------------------------------------


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class InterviewsBegan(Event):
    """The film is over."""

    kind = "screening.interviews_began"
    subject = "screening"
    shown = False
    screening_id: str


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class InterviewHeld(Event):
    kind = "screening.interview_held"
    subject = "attendee"
    shown = False
    attendee_id: str
    screening_id: str


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class PromiseMade(Event):
    """due_on: a day of the court's calendar, 2026-01-19."""

    kind = "promise.made"
    subject = "promise"
    shown = False
    promise_id: str
    screening_id: str
    case_id: str
    cents: int
    due_on: str


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class PromiseKept(Event):
    """late: after the day that was promised."""

    kind = "promise.kept"
    subject = "promise"
    shown = False
    promise_id: str
    screening_id: str
    case_id: str
    cents: int
    late: bool


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class PromiseBroken(Event):
    """Its day is over, and it was not paid; also when a correction took back money that had kept it."""

    kind = "promise.broken"
    subject = "promise"
    shown = False
    promise_id: str
    screening_id: str
    case_id: str
    cents: int


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class PromiseReopened(Event):
    """A correction took back money that had kept it, before its day."""

    kind = "promise.reopened"
    subject = "promise"
    shown = False
    promise_id: str
    screening_id: str
    case_id: str
    cents: int


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class PromiseWithdrawn(Event):
    """It had been written down wrongly."""

    kind = "promise.withdrawn"
    subject = "promise"
    shown = False
    promise_id: str
    screening_id: str
    case_id: str
    cents: int


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class SettlementMade(Event):
    """yes: how the applicant himself agreed, PRESENT | PHONE | LATER (then it does not count yet)."""

    kind = "settlement.made"
    subject = "settlement"
    shown = False
    settlement_id: str
    screening_id: str
    case_id: str
    cents: int
    yes: str


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class SettlementConfirmed(Event):
    kind = "settlement.confirmed"
    subject = "settlement"
    shown = False
    settlement_id: str
    screening_id: str
    case_id: str
    cents: int
    yes: str


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class SettlementWithdrawn(Event):
    kind = "settlement.withdrawn"
    subject = "settlement"
    shown = False
    settlement_id: str
    screening_id: str
    case_id: str
    cents: int


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class SpotPaymentMade(Event):
    kind = "spot_payment.made"
    subject = "spot_payment"
    shown = False
    spot_payment_id: str
    screening_id: str
    case_id: str
    cents: int


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class SpotPaymentWithdrawn(Event):
    kind = "spot_payment.withdrawn"
    subject = "spot_payment"
    shown = False
    spot_payment_id: str
    screening_id: str
    case_id: str
    cents: int


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class ScreeningFollowedUp(Event):
    """day: 1, 7 or 30 after the session; what had become of its promises by the end of that day."""

    kind = "screening.followed_up"
    subject = "screening"
    shown = False
    screening_id: str
    day: int
    promised: int
    kept: int
    broken: int
    kept_cents: int


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class ScreeningClosed(Event):
    """Nothing more is followed: after the last look, or by the host."""

    kind = "screening.closed"
    subject = "screening"
    shown = False
    screening_id: str


# --- the people of a screening, and its room ------------------------------------------------------------------------------------------


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class PlanChanged(Event):
    kind = "screening.plan_changed"
    subject = "screening"
    shown = False
    screening_id: str


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class MaterialsTicked(Event):
    kind = "screening.materials_ticked"
    subject = "screening"
    shown = False
    screening_id: str
    there: tuple[str, ...]


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class CheckInOpened(Event):
    kind = "screening.check_in_opened"
    subject = "screening"
    shown = False
    screening_id: str


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class ScreeningRested(Event):
    kind = "screening.rested"
    subject = "screening"
    shown = False
    screening_id: str


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class SignInsPurged(Event):
    """Two years later: who was invited is forgotten, how many were is not."""

    kind = "screening.sign_ins_purged"
    subject = "screening"
    shown = False
    screening_id: str
    count: int


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class AttendeeCheckedIn(Event):
    kind = "attendee.checked_in"
    subject = "attendee"
    shown = False
    attendee_id: str
    screening_id: str


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class CheckInUndone(Event):
    kind = "attendee.check_in_undone"
    subject = "attendee"
    shown = False
    attendee_id: str
    screening_id: str


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class AttendeeLeft(Event):
    kind = "attendee.left"
    subject = "attendee"
    shown = False
    attendee_id: str
    screening_id: str


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class AttendeeReturned(Event):
    kind = "attendee.returned"
    subject = "attendee"
    shown = False
    attendee_id: str
    screening_id: str


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class PhotoConsentNoted(Event):
    kind = "attendee.photo_consent_noted"
    subject = "attendee"
    shown = False
    attendee_id: str
    screening_id: str
    consents: bool


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class PartyFlagged(Event):
    """Whether a party is a minor, ill or pregnant was set at a desk; which, the audit says."""

    kind = "case.party_flagged"
    subject = "case"
    shown = False
    case_id: str
    party_id: str


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class HelpAsked(Event):
    """请法警协助: in the room of a screening or at its door."""

    kind = "help.asked"
    subject = "help"
    shown = False
    at_desks = True
    help_id: str
    screening_id: str


@_event
@dataclass(frozen=True, slots=True, kw_only=True)
class HelpTaken(Event):
    kind = "help.taken"
    subject = "help"
    shown = False
    at_desks = True
    help_id: str
    screening_id: str
    officer_id: str

"""Who takes part in a call, what each may do in it, and who may send or receive which stream.

A stream is named CALL_ID.PARTICIPANT_ID after who sends it; his voice for the officer's ear alone has `.w` behind it.
"""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from data.errors import BadInput, NotPermitted, TransitionRefused
from data.rules.calls import CallKind, CallState
from data.rules.permissions import Actor
from data.rules.words import ULID

DIGITS = 4
TRIES = 5  # four digits, told by telephone: who fails so often is not who was invited
STAYS = timedelta(hours=4)  # so long the device of an admitted leader is known
ASK_LONGEST, CONCLUSION_LONGEST = 60, 200
WHISPER_SUFFIX = ".w"


class ParticipantKind(StrEnum):
    FIELD = "FIELD"  # the officer on the spot
    DESK = "DESK"  # somebody at the centre
    LEADER = "LEADER"  # came by a link
    PARTY = "PARTY"  # 当事人, came by a link after he had consented
    WALL = "WALL"


class ParticipantState(StrEnum):
    INVITED = "INVITED"  # has a link
    WAITING = "WAITING"  # pressed its button: sends and receives nothing
    IN = "IN"
    LEFT = "LEFT"
    REFUSED = "REFUSED"


class Permission(StrEnum):
    WATCH = "watch"
    LISTEN = "listen"
    WHISPER = "whisper"  # to the officer's ear
    SPEAK = "speak"  # by the officer's loudspeaker
    CONTROL = "control"  # may hold the 指挥长 token
    INVITE = "invite"


class MediaRight(StrEnum):
    PUBLISH = "publish"
    VIEW = "view"


ALL = frozenset(Permission)
PERMISSIONS = {
    ParticipantKind.FIELD: frozenset({Permission.WATCH, Permission.LISTEN, Permission.SPEAK}),
    ParticipantKind.DESK: ALL,
    ParticipantKind.LEADER: ALL - {Permission.INVITE},
    ParticipantKind.WALL: frozenset({Permission.WATCH, Permission.LISTEN}),
    ParticipantKind.PARTY: frozenset({Permission.LISTEN, Permission.SPEAK}),  # the scene too, where the desk has given him WATCH
}
BY_LINK = frozenset({ParticipantKind.LEADER, ParticipantKind.PARTY})
FOR_A_PARTY = {  # whose stream a party may receive, and by which permission: the court's side, never another party's, never a wall's
    ParticipantKind.LEADER: Permission.LISTEN,
    ParticipantKind.DESK: Permission.LISTEN,
    ParticipantKind.FIELD: Permission.WATCH,
}


def permissions_of(kind: ParticipantKind) -> list[str]:
    """As they are kept in the row."""
    return sorted(PERMISSIONS[kind])


@dataclass(frozen=True, slots=True)
class Part:
    """One participant, as the rule needs him."""

    id: str
    kind: ParticipantKind
    state: ParticipantState
    permissions: frozenset[str]
    officer_id: str | None = None
    device_no: int | None = None
    wall_id: str | None = None
    session_id: str | None = None


@dataclass(frozen=True, slots=True)
class Talk:
    """A call, as the rule needs it. whispering: the participant whose voice goes to the officer's ear; guests: before this wall."""

    kind: CallKind
    state: CallState
    whispering: str | None = None
    guests: bool = False


@dataclass(frozen=True, slots=True)
class StreamName:
    """CALL_ID.PARTICIPANT_ID, with `.w` for a whisper."""

    call_id: str
    participant_id: str
    whisper: bool = False

    def __str__(self) -> str:
        return f"{self.call_id}.{self.participant_id}{WHISPER_SUFFIX if self.whisper else ''}"


def read_stream(name: object) -> StreamName:
    """Raises BadInput media.bad_stream."""
    kept = name if isinstance(name, str) else ""
    whisper = kept.endswith(WHISPER_SUFFIX)
    call_id, dot, participant_id = kept.removesuffix(WHISPER_SUFFIX).partition(".")
    if not (dot and ULID.fullmatch(call_id) and ULID.fullmatch(participant_id)):
        raise BadInput("stream", code="media.bad_stream")
    return StreamName(call_id, participant_id, whisper)


def is_mine(actor: Actor, part: Part) -> bool:
    """Whether this participant is who asks: the very phone, officer at a desk, wall, or device that was admitted."""
    if part.kind is ParticipantKind.FIELD:
        return actor.device_no is not None and actor.device_no == part.device_no
    if part.kind is ParticipantKind.WALL:
        return actor.wall_id is not None and actor.wall_id == part.wall_id
    if part.kind in BY_LINK:
        kind = "PARTY" if part.kind is ParticipantKind.PARTY else "JOIN"
        return actor.kind == kind and actor.session_id is not None and actor.session_id == part.session_id
    return actor.kind == "OFFICER" and actor.officer_id is not None and actor.officer_id == part.officer_id


def check_media(actor: Actor, talk: Talk, mine: Part | None, stream: Part, right: MediaRight, whisper: bool = False) -> None:
    """Whether the actor may send or receive this stream now; deny by default.

    mine: his own place in the call, None if he has none. Raises TransitionRefused media.call_over; NotPermitted media.not_accepted (the
    officer has not accepted the centre's ring), media.not_admitted, media.guests, media.not_yours, media.no_whisper, media.no_right,
    media.not_there.
    """
    if talk.state is CallState.ENDED:
        raise TransitionRefused("over", code="media.call_over", state=talk.state.value)
    if talk.kind is CallKind.CENTRE and talk.state is CallState.RINGING:
        raise NotPermitted("not accepted", code="media.not_accepted")
    if talk.guests:
        raise NotPermitted("guests", code="media.guests")
    if mine is None or mine.state is not ParticipantState.IN or not is_mine(actor, mine):
        raise NotPermitted("not admitted", code="media.not_admitted")
    if right is MediaRight.PUBLISH and stream.id != mine.id:
        raise NotPermitted("another's", code="media.not_yours")
    if stream.state is not ParticipantState.IN:
        raise NotPermitted("not there", code="media.not_there")
    if whisper and talk.whispering != stream.id:
        raise NotPermitted("no whisper", code="media.no_whisper")
    if not _right(mine, stream.kind, right, whisper):
        raise NotPermitted("no right", code="media.no_right")


def _right(mine: Part, whose: ParticipantKind, right: MediaRight, whisper: bool) -> bool:
    """A whisper is received by the officer alone; everything else by who may watch; a party receives the court's side only."""
    if whisper:
        return Permission.WHISPER in mine.permissions if right is MediaRight.PUBLISH else mine.kind is ParticipantKind.FIELD
    if mine.kind is ParticipantKind.PARTY and right is MediaRight.VIEW:
        return FOR_A_PARTY.get(whose) in mine.permissions
    return (Permission.SPEAK if right is MediaRight.PUBLISH else Permission.WATCH) in mine.permissions


def right_word(word: object) -> MediaRight:
    """Raises BadInput media.bad_right."""
    if word not in list(MediaRight):
        raise BadInput("right", code="media.bad_right")
    return MediaRight(str(word))


def read_digits(typed: str) -> str:
    """What a leader or a party typed, blanks taken out. Raises BadInput join.digits_form."""
    kept = "".join(typed.split())
    if not (len(kept) == DIGITS and kept.isascii() and kept.isdigit()):
        raise BadInput("digits", code="join.digits_form")
    return kept

"""Calls: from ringing to the end, who may take which step, and how a talk stands by its picture and sound.

    RINGING ── 30 s unanswered ──> MISSED          an officer's call goes on ringing, louder, for everybody
    RINGING ── 30 s unaccepted ──> ENDED           the centre's own ring: a camera is never opened from afar
    RINGING, MISSED ── answered, accepted ──> ANSWERED
    RINGING, MISSED ── withdrawn by who rang, declined by the officer ──> ENDED
    ANSWERED <──> LIVE <──> DEGRADED <──> RECONNECTING      follow the officer's own picture and sound: `talking`
    any of these four ── finished by either side ──> ENDED
    any open one ── its phone is revoked ──> ENDED              nobody could answer or finish it there any more

Media may come before the answer: the wall then shows the picture of a call that still rings, and the answer leads straight to LIVE.
"""

import re
from dataclasses import asdict, dataclass
from datetime import timedelta
from enum import StrEnum

from data.errors import BadInput, TransitionRefused

LETTER = "呼"
UNANSWERED = timedelta(seconds=30)


class CallKind(StrEnum):
    ONE_TAP = "ONE_TAP"  # the officer calls
    CENTRE = "CENTRE"  # the centre rings an officer or a team, who must accept


class CallState(StrEnum):
    RINGING = "RINGING"
    MISSED = "MISSED"
    ANSWERED = "ANSWERED"  # taken, and nothing is seen or heard of the officer (yet)
    LIVE = "LIVE"
    DEGRADED = "DEGRADED"
    RECONNECTING = "RECONNECTING"
    ENDED = "ENDED"


class CallStep(StrEnum):
    """What can happen to a call."""

    MISS = "miss"
    LAPSE = "lapse"
    ANSWER = "answer"
    WITHDRAW = "withdraw"
    DECLINE = "decline"
    FINISH = "finish"
    LOSE = "lose"


WAITING = frozenset({CallState.RINGING, CallState.MISSED})
TALKING = frozenset({CallState.ANSWERED, CallState.LIVE, CallState.DEGRADED, CallState.RECONNECTING})
OPEN = WAITING | TALKING
STEPS: dict[tuple[CallState, CallStep], CallState] = {
    (CallState.RINGING, CallStep.MISS): CallState.MISSED,
    (CallState.RINGING, CallStep.LAPSE): CallState.ENDED,
    **{(state, CallStep.ANSWER): CallState.ANSWERED for state in WAITING},
    **{(state, CallStep.WITHDRAW): CallState.ENDED for state in WAITING},
    (CallState.RINGING, CallStep.DECLINE): CallState.ENDED,
    **{(state, CallStep.FINISH): CallState.ENDED for state in TALKING},
    **{(state, CallStep.LOSE): CallState.ENDED for state in OPEN},
}
ENDED_WHY = {
    CallStep.WITHDRAW: "withdrawn",
    CallStep.FINISH: "finished",
    CallStep.DECLINE: "declined",
    CallStep.LAPSE: "unanswered",
    CallStep.LOSE: "revoked",
}


def step(state: CallState, wanted: CallStep) -> CallState:
    """The state after this step. Raises TransitionRefused call.transition_refused; params: state."""
    after = STEPS.get((state, wanted))
    if after is None:
        raise TransitionRefused(f"{wanted} in {state}", code="call.transition_refused", state=state.value)
    return after


def ending(state: CallState, by_officer: bool, kind: CallKind = CallKind.ONE_TAP) -> CallStep:
    """How a call ends that somebody wants ended now: who rang takes it back, the officer declines, a talk is finished by either side."""
    if state not in WAITING:
        return CallStep.FINISH
    if by_officer is (kind is CallKind.ONE_TAP):
        return CallStep.WITHDRAW
    return CallStep.DECLINE if by_officer else CallStep.FINISH


# --- picture and sound ------------------------------------------------------------------------------------------------------------


class MediaState(StrEnum):
    """What comes from one participant."""

    NONE = "NONE"
    LIVE = "LIVE"
    DEGRADED = "DEGRADED"
    LOST = "LOST"


class MediaStep(StrEnum):
    """What the relay tells of one participant."""

    BEGIN = "begin"
    DEGRADE = "degrade"
    LOSE = "lose"
    RETURN = "return"
    STOP = "stop"


class Mode(StrEnum):
    """The ladder down, sound before picture."""

    LOW_VIDEO = "LOW_VIDEO"
    STILLS = "STILLS"
    AUDIO_ONLY = "AUDIO_ONLY"
    TEXT = "TEXT"


_COMING = (MediaState.LIVE, MediaState.DEGRADED)
MEDIA_STEPS: dict[tuple[MediaState, MediaStep], MediaState] = {
    **{(state, MediaStep.BEGIN): MediaState.LIVE for state in MediaState},  # a phone that reloads publishes anew
    **{(state, MediaStep.DEGRADE): MediaState.DEGRADED for state in (*_COMING, MediaState.LOST)},
    **{(state, MediaStep.LOSE): MediaState.LOST for state in _COMING},
    **{(state, MediaStep.RETURN): MediaState.LIVE for state in (MediaState.DEGRADED, MediaState.LOST)},
    **{(state, MediaStep.STOP): MediaState.NONE for state in (*_COMING, MediaState.LOST)},
}
_TALKING = {
    MediaState.NONE: CallState.ANSWERED,
    MediaState.LIVE: CallState.LIVE,
    MediaState.DEGRADED: CallState.DEGRADED,
    MediaState.LOST: CallState.RECONNECTING,
}


def media_step(state: MediaState, wanted: MediaStep) -> MediaState:
    """What comes from a participant after this step. Raises TransitionRefused media.transition_refused; params: state."""
    after = MEDIA_STEPS.get((state, wanted))
    if after is None:
        raise TransitionRefused(f"{wanted} in {state}", code="media.transition_refused", state=state.value)
    return after


def talking(state: CallState, media: MediaState) -> CallState:
    """How the call stands once this comes from the officer: what rings goes on ringing, what has ended stays ended."""
    return _TALKING[media] if state in TALKING else state


_CAUSE = re.compile(r"[a-z][a-z_]{0,31}")


def cause(word: str) -> str:
    """Why the media changed, as one small English word (`no_packets`). Raises BadInput media.bad_cause."""
    if not _CAUSE.fullmatch(word):
        raise BadInput("cause", code="media.bad_cause")
    return word


@dataclass(frozen=True, slots=True)
class Quality:
    """How good the way was just then; None where it was not measured. Loss in thousandths."""

    rtt_ms: int | None = None
    loss_permille: int | None = None
    kbps: int | None = None
    fps: int | None = None

    def checked(self) -> "Quality":
        """Raises BadInput media.bad_quality: no figure that can be."""
        for value in asdict(self).values():
            if value is not None and (isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 10**7):
                raise BadInput("quality", code="media.bad_quality")
        return self


UNMEASURED = Quality()

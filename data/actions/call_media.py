"""What the relay tells of picture and sound in a call; each change is kept with its cause and the figures of that moment.

The officer's own media make the call LIVE, DEGRADED or RECONNECTING; those of others change their own row only.
"""

from dataclasses import asdict
from typing import Any

from sqlalchemy import select

from data.actions.allowed import allowed
from data.actions.keeping import held
from data.actions.participants import of_call
from data.errors import BadInput, TransitionRefused
from data.events import CallDegraded, CallLive, CallMediaStopped, CallReconnecting
from data.journal import Work
from data.rules import calls, words
from data.rules.calls import UNMEASURED, CallState, MediaState, MediaStep, Mode, Quality
from data.rules.participants import ParticipantKind, ParticipantState
from data.rules.permissions import Verb
from data.tables import CallRow, ParticipantRow

__all__ = ["media_began", "media_degraded", "media_lost", "media_returned", "media_stopped", "relay_began"]


def media_began(work: Work, call_id: str, participant_id: str, quality: Quality = UNMEASURED, cause: str = "published") -> bool:
    """The first picture or sound of this participant came, or the first after he published anew. Returns False if it comes already.

    All five raise NotFound, NotPermitted, BadInput media.bad_cause, media.bad_quality, media.bad_mode; TransitionRefused media.call_over,
    media.transition_refused (what never began cannot be lost).
    """
    return _step(work, call_id, participant_id, MediaStep.BEGIN, quality, cause)


def media_degraded(
    work: Work, call_id: str, participant_id: str, mode: str, quality: Quality = UNMEASURED, cause: str = "bandwidth"
) -> bool:
    """Down the ladder: LOW_VIDEO, STILLS, AUDIO_ONLY, TEXT. Returns False if it is in this mode already."""
    if mode not in list(Mode):
        raise BadInput("mode", code="media.bad_mode")
    return _step(work, call_id, participant_id, MediaStep.DEGRADE, quality, cause, mode)


def media_lost(work: Work, call_id: str, participant_id: str, quality: Quality = UNMEASURED, cause: str = "no_packets") -> bool:
    """Nothing comes any more, and he did not stop. Returns False if that is known."""
    return _step(work, call_id, participant_id, MediaStep.LOSE, quality, cause)


def media_returned(work: Work, call_id: str, participant_id: str, quality: Quality = UNMEASURED, cause: str = "packets_again") -> bool:
    """It comes again, whole. Returns False if it never was away."""
    return _step(work, call_id, participant_id, MediaStep.RETURN, quality, cause)


def media_stopped(work: Work, call_id: str, participant_id: str, cause: str = "deleted") -> bool:
    """He ended it himself; the talk goes on. Returns False if nothing comes from him."""
    return _step(work, call_id, participant_id, MediaStep.STOP, UNMEASURED, cause)


def relay_began(work: Work) -> int:
    """The relay has just started, so nothing comes from anybody; whoever sends again says so himself. Returns how many that concerns."""
    allowed(work, Verb.REPORT_MEDIA)
    coming = ParticipantRow.media.in_((MediaState.LIVE, MediaState.DEGRADED))
    there = select(ParticipantRow.call_id, ParticipantRow.id).join(CallRow, CallRow.id == ParticipantRow.call_id)
    found = work.session.execute(there.where(coming, ParticipantRow.state == ParticipantState.IN, CallRow.state != CallState.ENDED)).all()
    for call_id, participant_id in found:
        media_lost(work, call_id, participant_id, cause="relay_restarted")
    return len(found)


_SO_ALREADY = {
    MediaStep.BEGIN: {MediaState.LIVE},
    MediaStep.RETURN: {MediaState.LIVE},
    MediaStep.LOSE: {MediaState.LOST},
    MediaStep.STOP: {MediaState.NONE},
}


def _step(work: Work, call_id: str, participant_id: str, wanted: MediaStep, quality: Quality, cause: str, mode: str | None = None) -> bool:
    allowed(work, Verb.REPORT_MEDIA)
    why, figures = calls.cause(cause), asdict(quality.checked())
    call = held(work, CallRow, words.ulid(call_id), "not_found.call")
    sender = of_call(work, call, participant_id)
    if call.state == CallState.ENDED or sender.state != ParticipantState.IN:
        raise TransitionRefused("over", code="media.call_over", state=call.state)
    before = MediaState(sender.media)
    if before in _SO_ALREADY.get(wanted, ()) or (wanted is MediaStep.DEGRADE and before is MediaState.DEGRADED and sender.mode == mode):
        return False
    sender.media, sender.mode, sender.media_at = calls.media_step(before, wanted), mode, work.now
    if sender.kind == ParticipantKind.FIELD:
        _follow(call, sender, figures)
    _record(work, call, sender, wanted, why, figures)
    return True


def _follow(call: CallRow, sender: ParticipantRow, figures: dict[str, Any]) -> None:
    """The call stands as the officer's media do."""
    media = MediaState(sender.media)
    call.media, call.mode, call.media_at = media, sender.mode, sender.media_at
    call.state = calls.talking(CallState(call.state), media)
    for name, value in figures.items():
        setattr(call, name, value)


def _record(work: Work, call: CallRow, sender: ParticipantRow, wanted: MediaStep, why: str, figures: dict[str, Any]) -> None:
    who: dict[str, Any] = {"call_id": call.id, "unit_no": call.unit_no, "participant_id": sender.id, "cause": why}
    if wanted is MediaStep.STOP:
        work.record(CallMediaStopped(**who))
    elif wanted is MediaStep.DEGRADE:
        work.record(CallDegraded(**who, **figures, mode=sender.mode or ""))
    else:
        work.record((CallReconnecting if wanted is MediaStep.LOSE else CallLive)(**who, **figures))

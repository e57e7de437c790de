"""Whispers: a line on the officer's phone; a voice to his earpiece while he has confirmed it; speaking to the whole scene."""

from ulid import ULID

from data.actions.allowed import allowed
from data.actions.keeping import found, held
from data.actions.participants import own_open_call, talking_and_mine
from data.errors import NotPermitted
from data.events import (
    CallEarpieceConfirmed,
    CallEarpieceWithdrawn,
    CallVoiceBegan,
    CallVoiceEnded,
    CallWhispered,
    CallWhisperSeen,
)
from data.journal import Work
from data.rules import units, whispers, words
from data.rules.participants import Permission
from data.rules.permissions import Verb
from data.rules.whispers import Output, Voice
from data.tables import CallRow, UnitRow, WhisperRow


def whisper(work: Work, call_id: str, text: str) -> str:
    """A line in large print on the officer's phone. Returns its id. Raises BadInput text.…; TransitionRefused call.not_talking."""
    allowed(work, Verb.WHISPER)
    call, own = talking_and_mine(work, call_id, Permission.WHISPER)
    if own.officer_id is None:
        raise NotPermitted("nobody", code="media.no_right")
    said = words.word(text, "text", whispers.LONGEST)
    row = WhisperRow(id=str(ULID.from_datetime(work.now)), call_id=call.id, officer_id=own.officer_id, text=said, sent_at=work.now)
    work.session.add(row)
    work.record(CallWhispered(call_id=call.id, unit_no=call.unit_no, whisper_id=row.id))
    return row.id


def see_whisper(work: Work, whisper_id: str) -> bool:
    """The officer has read it. Returns False if that is known. Raises NotPermitted unit.not_yours."""
    allowed(work, Verb.READ_WHISPER)
    row = held(work, WhisperRow, words.ulid(whisper_id), "not_found.whisper")
    call = found(work, CallRow, row.call_id, "not_found.call")
    unit = work.session.get(UnitRow, call.unit_no)
    units.own(work.actor, call.unit_no, unit.officer_id if unit else None)
    if row.seen_at is not None:
        return False
    row.seen_at = work.now
    work.record(CallWhisperSeen(call_id=call.id, unit_no=call.unit_no, whisper_id=row.id))
    return True


def confirm_earpiece(work: Work, call_id: str) -> bool:
    """«已戴耳机», in this call. Returns False if that is known."""
    allowed(work, Verb.READ_WHISPER)
    call = own_open_call(work, call_id)
    before = _voice(call)
    if before.output is Output.HEADSET:
        return False
    _keep(work, call, whispers.confirmed(before))
    work.record(CallEarpieceConfirmed(call_id=call.id, unit_no=call.unit_no))
    return True


def withdraw_earpiece(work: Work, call_id: str, why: str) -> bool:
    """He took it off, or the phone's devices changed: a voice whisper ends at once. Returns False if there was none to withdraw."""
    allowed(work, Verb.READ_WHISPER)
    reason = whispers.reason(why)
    call = own_open_call(work, call_id)
    before = _voice(call)
    if before.output is not Output.HEADSET:
        return False
    _keep(work, call, whispers.withdrawn(before, reason))
    work.record(CallEarpieceWithdrawn(call_id=call.id, unit_no=call.unit_no, why=reason, participant_id=before.whispering))
    return True


def begin_whisper(work: Work, call_id: str) -> bool:
    """Speak to the earpiece alone. Returns False if he does already. Raises RuleBroken whisper.no_earpiece, .speaking, .taken."""
    allowed(work, Verb.WHISPER)
    call, own = talking_and_mine(work, call_id, Permission.WHISPER)
    return _begin(work, call, own.id, whispers.begin_whisper(_voice(call), own.id), "ear")


def begin_speaking(work: Work, call_id: str) -> bool:
    """«对现场讲话», by the officer's loudspeaker. Returns False if he does already. Raises RuleBroken speak.whispering, speak.taken."""
    allowed(work, Verb.SPEAK)
    call, own = talking_and_mine(work, call_id, Permission.SPEAK)
    return _begin(work, call, own.id, whispers.begin_speaking(_voice(call), own.id), "scene")


def fall_silent(work: Work, call_id: str) -> bool:
    """End one's own whisper or speech. Returns False if he was silent."""
    allowed(work, Verb.SPEAK)
    call, own = talking_and_mine(work, call_id, Permission.SPEAK)
    before = _voice(call)
    after = whispers.end(before, own.id)
    if after == before:
        return False
    _keep(work, call, after)
    work.record(CallVoiceEnded(call_id=call.id, unit_no=call.unit_no, participant_id=own.id))
    return True


def _begin(work: Work, call: CallRow, who: str, after: Voice, to: str) -> bool:
    if after == _voice(call):
        return False
    _keep(work, call, after)
    work.record(CallVoiceBegan(call_id=call.id, unit_no=call.unit_no, participant_id=who, to=to))
    return True


def _voice(call: CallRow) -> Voice:
    return Voice(Output(call.output), call.whispering, call.speaking)


def _keep(work: Work, call: CallRow, voice: Voice) -> None:
    if call.output != voice.output:
        call.output_at = work.now
    call.output, call.whispering, call.speaking = voice.output, voice.whispering, voice.speaking

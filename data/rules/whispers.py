"""Whispers to the officer's ear. Text is the rule; a voice only while he has confirmed, in this call, that he wears an earpiece.

A web page cannot choose where a phone sounds. So the voice ends at once when he withdraws or the phone's devices change, and while it is
on nobody speaks to the scene: his loudspeaker would be silent, or would say aloud what was meant for him alone.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

from data.errors import BadInput, RuleBroken

LONGEST = 60  # what is read at arm's length


class Output(StrEnum):
    """Where the officer's phone sounds, as far as he said."""

    UNKNOWN = "UNKNOWN"
    SPEAKER = "SPEAKER"  # 外放
    HEADSET = "HEADSET"  # 耳机


class Withdrawn(StrEnum):
    """Why an earpiece does not count any more."""

    OFFICER = "withdrawn"
    DEVICE = "device_changed"


@dataclass(frozen=True, slots=True)
class Voice:
    """Who is heard where. whispering, speaking: a participant each, or nobody."""

    output: Output = Output.UNKNOWN
    whispering: str | None = None
    speaking: str | None = None


def confirmed(voice: Voice) -> Voice:
    """«已戴耳机»."""
    return replace(voice, output=Output.HEADSET)


def withdrawn(voice: Voice, why: Withdrawn) -> Voice:
    """The earpiece is off, or something about the phone's devices changed: a whisper ends at once. Speaking to the scene goes on."""
    return replace(voice, output=Output.SPEAKER if why is Withdrawn.OFFICER else Output.UNKNOWN, whispering=None)


def begin_whisper(voice: Voice, who: str) -> Voice:
    """Raises RuleBroken whisper.no_earpiece, whisper.speaking, whisper.taken."""
    if voice.output is not Output.HEADSET:
        raise RuleBroken("no earpiece", code="whisper.no_earpiece")
    if voice.speaking is not None:
        raise RuleBroken("speaking", code="whisper.speaking")
    if voice.whispering not in (None, who):
        raise RuleBroken("another whispers", code="whisper.taken")
    return replace(voice, whispering=who)


def begin_speaking(voice: Voice, who: str) -> Voice:
    """«对现场讲话». Raises RuleBroken speak.whispering, speak.taken."""
    if voice.whispering is not None:
        raise RuleBroken("whispering", code="speak.whispering")
    if voice.speaking not in (None, who):
        raise RuleBroken("another speaks", code="speak.taken")
    return replace(voice, speaking=who)


def end(voice: Voice, who: str) -> Voice:
    """He is silent: neither whispers nor speaks. Others are not touched."""
    return replace(
        voice,
        whispering=None if voice.whispering == who else voice.whispering,
        speaking=None if voice.speaking == who else voice.speaking,
    )


def reason(word: object) -> Withdrawn:
    """Raises BadInput whisper.bad_reason."""
    if word not in list(Withdrawn):
        raise BadInput("why", code="whisper.bad_reason")
    return Withdrawn(str(word))

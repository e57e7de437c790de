"""What the centre says to the officer on the spot alone."""

from data.events.event import Event


class CallWhispered(Event, frozen=True, kw_only=True):
    """A line in large print on the officer's phone."""

    kind = "call.whispered"
    subject = "call"
    call_id: str
    unit_no: int
    whisper_id: str


class CallWhisperSeen(Event, frozen=True, kw_only=True):
    kind = "call.whisper_seen"
    subject = "call"
    call_id: str
    unit_no: int
    whisper_id: str


class CallEarpieceConfirmed(Event, frozen=True, kw_only=True):
    """«已戴耳机»: from now on, in this call, a voice whisper is possible."""

    kind = "call.earpiece_confirmed"
    subject = "call"
    call_id: str
    unit_no: int


class CallEarpieceWithdrawn(Event, frozen=True, kw_only=True):
    """why: withdrawn | device_changed. A voice whisper that was on ends with it; participant_id: whose."""

    kind = "call.earpiece_withdrawn"
    subject = "call"
    call_id: str
    unit_no: int
    why: str
    participant_id: str | None = None


class CallVoiceBegan(Event, frozen=True, kw_only=True):
    """to: ear (a whisper) | scene (by the loudspeaker)."""

    kind = "call.voice_began"
    subject = "call"
    call_id: str
    unit_no: int
    participant_id: str
    to: str


class CallVoiceEnded(Event, frozen=True, kw_only=True):
    kind = "call.voice_ended"
    subject = "call"
    call_id: str
    unit_no: int
    participant_id: str

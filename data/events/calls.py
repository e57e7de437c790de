"""Calls, and their pictures."""

from data.events.event import Event


class CallRinging(Event, frozen=True, kw_only=True):
    kind = "call.ringing"
    subject = "call"
    call_id: str
    unit_no: int
    participant_id: str | None = None


class CallCentreRang(Event, frozen=True, kw_only=True):
    """The centre rings an officer, or every phone of a team (team_id); who accepts opens his camera himself."""

    kind = "call.centre_rang"
    subject = "call"
    call_id: str
    unit_no: int
    team_id: str | None = None


class CallTaken(Event, frozen=True, kw_only=True):
    """«我来处理»: exactly one person owns the call from now on."""

    kind = "call.taken"
    subject = "call"
    call_id: str
    unit_no: int


class CallAnswered(Event, frozen=True, kw_only=True):
    """By the centre; a ring of the centre's own by the officer, whose team's other phones then fall silent."""

    kind = "call.answered"
    subject = "call"
    call_id: str
    unit_no: int
    team_id: str | None = None
    participant_ids: tuple[str, ...] = ()
    unit_nos: tuple[int, ...] = ()


class CallMissed(Event, frozen=True, kw_only=True):
    """Nobody answered for 30 s; it goes on ringing, louder, for everybody and the leader on duty."""

    kind = "call.missed"
    subject = "call"
    call_id: str
    unit_no: int


class CallEnded(Event, frozen=True, kw_only=True):
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


class CallLive(Event, frozen=True, kw_only=True):
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


class CallDegraded(Event, frozen=True, kw_only=True):
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


class CallReconnecting(Event, frozen=True, kw_only=True):
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


class CallMediaStopped(Event, frozen=True, kw_only=True):
    """Somebody stopped sending on purpose; the talk goes on."""

    kind = "call.media_stopped"
    subject = "call"
    call_id: str
    unit_no: int
    participant_id: str
    cause: str


class CallPictureClosed(Event, frozen=True, kw_only=True):
    """«现场关闭画面»: for safety or privacy. why: safety | privacy | secret | other."""

    kind = "call.picture_closed"
    subject = "call"
    call_id: str
    unit_no: int
    why: str


class CallNoticeGiven(Event, frozen=True, kw_only=True):
    """The people on the spot were told that everything is recorded. how: spoken (by the phone) | shown (a tone and large print)."""

    kind = "call.notice_given"
    subject = "call"
    call_id: str
    unit_no: int
    how: str


class CallPictureOpened(Event, frozen=True, kw_only=True):
    kind = "call.picture_opened"
    subject = "call"
    call_id: str
    unit_no: int

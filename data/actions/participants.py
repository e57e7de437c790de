"""Who is in a call: the officer, desks and walls that look, the 指挥长 token, the closed picture, and who may claim which stream."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, select, update
from ulid import ULID

from data.actions.allowed import allowed
from data.actions.keeping import first_time, found, held
from data.actions.live_permits import end_with_picture
from data.actions.sessions import close_visit
from data.errors import AlreadyOwned, BadInput, NotPermitted, TransitionRefused
from data.events import CallCommandReleased, CallCommandTaken, CallJoined, CallLeft, CallNoticeGiven, CallPictureClosed, CallPictureOpened
from data.journal import Work
from data.rules import calls, masking, participants, units, walls, words
from data.rules.calls import CallKind, CallState
from data.rules.civil import milliseconds
from data.rules.participants import MediaRight, Part, ParticipantKind, ParticipantState, Permission, StreamName, Talk, permissions_of
from data.rules.permissions import Clearance, Verb
from data.tables import CallRow, OfficerRow, ParticipantRow, UnitRow, WallRow

NOTICE_HOW = ("spoken", "shown")
PICTURE_WHY = ("safety", "privacy", "secret", "other")


def add_officer_on_the_spot(work: Work, call: CallRow, unit: UnitRow) -> ParticipantRow:
    """The officer of a call, with the very phone that placed or accepted it. Part of other verbs."""
    return _add(work, call.id, ParticipantKind.FIELD, unit_no=unit.no, device_no=call.device_no, officer_id=unit.officer_id)


def add_desk(work: Work, call: CallRow, officer_id: str) -> ParticipantRow:
    """Somebody at the centre; who left comes back as himself. Part of other verbs."""
    known = _known(work, call.id, ParticipantKind.DESK, ParticipantRow.officer_id == officer_id)
    return _back(known) if known else _add(work, call.id, ParticipantKind.DESK, officer_id=officer_id)


def join_call(work: Work, call_id: str) -> str:
    """A desk or a wall begins to look, once however often it asks; the officer's phone says so. Returns the participant's id.

    Raises NotPermitted (a guest is admitted, a phone calls: neither joins), TransitionRefused media.call_over.
    """
    allowed(work, Verb.WATCH_CALL)
    call = held(work, CallRow, words.ulid(call_id), "not_found.call")
    if call.state == CallState.ENDED:
        raise TransitionRefused("over", code="media.call_over", state=call.state)
    known = mine(work, call)
    if known is not None and known.state == ParticipantState.IN:
        return known.id
    if work.actor.kind == "OFFICER" and work.actor.officer_id:
        joined = add_desk(work, call, work.actor.officer_id)
    elif work.actor.kind == "WALL" and work.actor.wall_id:
        joined = _back(known) if known else _add(work, call.id, ParticipantKind.WALL, wall_id=work.actor.wall_id)
    else:
        raise NotPermitted("not admitted", code="media.not_admitted")
    joined.joined_at = work.now
    work.record(CallJoined(call_id=call.id, unit_no=call.unit_no, participant_id=joined.id))
    return joined.id


def leave_call(work: Work, call_id: str, participant_id: str | None = None) -> bool:
    """Somebody looks no more: himself, or as the relay sees it. Returns False if he is not in it."""
    allowed(work, Verb.SEND_MEDIA if participant_id is None else Verb.REPORT_MEDIA)
    call = held(work, CallRow, words.ulid(call_id), "not_found.call")
    leaving = mine(work, call) if participant_id is None else of_call(work, call, participant_id)
    if leaving is None or leaving.state != ParticipantState.IN or leaving.kind == ParticipantKind.FIELD:
        return False
    _goes(work, call, leaving)
    return True


def lose_places(work: Work, whose: ColumnElement[bool]) -> None:
    """Who may see a talk no more is out of each one at once, and the relay cuts what runs to him. Part of other verbs."""
    inside = select(ParticipantRow.id, ParticipantRow.call_id).join(CallRow, CallRow.id == ParticipantRow.call_id)
    there = (whose, ParticipantRow.state == ParticipantState.IN, ParticipantRow.kind != ParticipantKind.FIELD)
    for place in work.session.execute(inside.where(*there, CallRow.state != CallState.ENDED).order_by(CallRow.id)).all():
        call = held(work, CallRow, place.call_id, "not_found.call")
        leaving = of_call(work, call, place.id)
        if leaving.state == ParticipantState.IN:
            _goes(work, call, leaving)


def stop_watching(work: Work, call_id: str, participant_id: str) -> bool:
    """The relay sees that a desk or a wall watches nothing of the call any more. Returns False for all others.

    A leader stays in: he could not come back by himself, and his telephone may only sleep.
    """
    allowed(work, Verb.REPORT_MEDIA)
    call = held(work, CallRow, words.ulid(call_id), "not_found.call")
    gone = of_call(work, call, participant_id)
    if call.state == CallState.ENDED or gone.kind not in (ParticipantKind.DESK, ParticipantKind.WALL):
        return False
    return leave_call(work, call_id, participant_id)


def everybody_leaves(work: Work, call_id: str) -> tuple[str, ...]:
    """The call is over. Part of other verbs; returns whom it touched."""
    there = list(work.session.scalars(select(ParticipantRow).where(ParticipantRow.call_id == call_id).order_by(ParticipantRow.id)))
    for each in there:
        if each.state not in (ParticipantState.LEFT, ParticipantState.REFUSED):
            _leave(work, each)
            if each.kind == ParticipantKind.PARTY:
                close_visit(work, each.session_id, "over")
    return tuple(each.id for each in there)


# --- 指挥长 -----------------------------------------------------------------------------------------------------------------------


def take_command(work: Work, call_id: str) -> bool:
    """One person commands, and everybody sees who. Returns False if it is he already. Raises AlreadyOwned (owner, since)."""
    allowed(work, Verb.COMMAND_CALL)
    call, own = talking_and_mine(work, call_id, Permission.CONTROL)
    if call.commander_id == own.officer_id:
        return False
    free = update(CallRow).where(CallRow.id == call.id, CallRow.commander_id.is_(None))
    taken = work.session.execute(
        free.values(commander_id=own.officer_id, commanded_at=work.now).returning(CallRow.id),
        execution_options={"synchronize_session": False},
    ).first()
    work.session.refresh(call)
    if taken is None:
        raise _commanded(work, call)
    work.record(CallCommandTaken(call_id=call.id, unit_no=call.unit_no))
    return True


def release_command(work: Work, call_id: str) -> bool:
    """Give the token back. Returns False if nobody holds it. Raises AlreadyOwned when it is another's."""
    allowed(work, Verb.COMMAND_CALL)
    call, own = talking_and_mine(work, call_id, Permission.CONTROL)
    if call.commander_id is None:
        return False
    if call.commander_id != own.officer_id:
        raise _commanded(work, call)
    call.commander_id = call.commanded_at = None
    work.record(CallCommandReleased(call_id=call.id, unit_no=call.unit_no))
    return True


def _commanded(work: Work, call: CallRow) -> AlreadyOwned:
    owner = work.session.get(OfficerRow, call.commander_id)
    said = masking.officer(owner.name, owner.title, Clearance.DESK) if owner else ""
    since = milliseconds(call.commanded_at) if call.commanded_at else None
    return AlreadyOwned("commanded", code="call.commanded", owner=said, owner_id=call.commander_id, since=since)


# --- the picture ------------------------------------------------------------------------------------------------------------------


def close_picture(work: Work, call_id: str, why: str) -> bool:
    """«现场关闭画面»: the officer shows nothing any more; sound and recording of the fact go on. Returns False if it is closed."""
    call = _own_open(work, call_id)
    if why not in PICTURE_WHY:
        raise BadInput("why", code="call.bad_why")
    if call.picture_closed_at is not None:
        return False
    call.picture_closed_at = work.now
    work.record(CallPictureClosed(call_id=call.id, unit_no=call.unit_no, why=why))
    end_with_picture(work, call.mission_id)
    return True


def give_notice(work: Work, call_id: str, how: str) -> bool:
    """«本次执行全程录音录像»: the phone said so, once in a call. Returns False if that is known. Raises BadInput call.bad_why."""
    allowed(work, Verb.CLOSE_PICTURE)
    call = own_open_call(work, call_id)
    if how not in NOTICE_HOW:
        raise BadInput("how", code="call.bad_why")
    if not first_time(work, f"unit:{call.unit_no}", f"notice:{call.id}"):
        return False
    work.record(CallNoticeGiven(call_id=call.id, unit_no=call.unit_no, how=how))
    return True


def open_picture(work: Work, call_id: str) -> bool:
    call = _own_open(work, call_id)
    if call.picture_closed_at is None:
        return False
    call.picture_closed_at = None
    work.record(CallPictureOpened(call_id=call.id, unit_no=call.unit_no))
    return True


def _own_open(work: Work, call_id: str) -> CallRow:
    allowed(work, Verb.CLOSE_PICTURE)
    return own_open_call(work, call_id)


def own_open_call(work: Work, call_id: str) -> CallRow:
    """The officer's own call, held, while it is open. Raises NotPermitted unit.not_yours, TransitionRefused media.call_over."""
    call = held(work, CallRow, words.ulid(call_id), "not_found.call")
    unit = work.session.get(UnitRow, call.unit_no)
    units.own(work.actor, call.unit_no, unit.officer_id if unit else None)
    if call.state == CallState.ENDED:
        raise TransitionRefused("over", code="media.call_over", state=call.state)
    return call


# --- streams ----------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Claim:
    """Somebody may send or receive this stream. participant_id: his own place in the call."""

    stream: StreamName
    participant_id: str
    right: MediaRight


def claim_media(work: Work, call_id: str, right: str, stream: str | None = None) -> Claim:
    """Whether the actor may have a media token. stream: None means his own, for sending. A desk or wall that looks joins the call by it.

    Raises BadInput media.bad_stream, media.bad_right; NotFound; and what `rules.participants.check_media` raises.
    """
    wanted = participants.right_word(right)
    allowed(work, Verb.WATCH_CALL if wanted is MediaRight.VIEW else Verb.SEND_MEDIA)
    call = held(work, CallRow, words.ulid(call_id), "not_found.call")
    talk = _talk(work, call)
    if call.state != CallState.ENDED and not talk.guests and work.actor.kind in ("OFFICER", "WALL"):
        join_call(work, call.id)
    own = mine(work, call)
    name = participants.read_stream(stream) if stream is not None else StreamName(call.id, own.id if own else "")
    if name.call_id != call.id:
        raise BadInput("another call", code="media.bad_stream")
    if stream is None and wanted is MediaRight.VIEW:
        raise BadInput("whose", code="media.bad_stream")
    sender = of_call(work, call, name.participant_id) if stream is not None else own
    if sender is None:
        raise NotPermitted("not admitted", code="media.not_admitted")
    participants.check_media(work.actor, talk, part_of(own) if own else None, part_of(sender), wanted, name.whisper)
    assert own is not None
    return Claim(name, own.id, wanted)


def _talk(work: Work, call: CallRow) -> Talk:
    wall = work.session.get(WallRow, work.actor.wall_id) if work.actor.wall_id else None
    return Talk(
        CallKind(call.kind),
        CallState(call.state),
        call.whispering,
        guests=wall is not None and walls.before_guests(wall.layout, wall.visitors),
    )


def part_of(row: ParticipantRow) -> Part:
    """A row as the rule reads it."""
    kind, state = ParticipantKind(row.kind), ParticipantState(row.state)
    return Part(row.id, kind, state, frozenset(row.permissions), row.officer_id, row.device_no, row.wall_id, row.session_id)


def mine(work: Work, call: CallRow) -> ParticipantRow | None:
    """The actor's own place in this call."""
    there = select(ParticipantRow).where(ParticipantRow.call_id == call.id).order_by(ParticipantRow.id.desc())
    own = [each for each in work.session.scalars(there) if participants.is_mine(work.actor, part_of(each))]
    return next((each for each in own if each.state == ParticipantState.IN), own[0] if own else None)


def of_call(work: Work, call: CallRow, participant_id: str) -> ParticipantRow:
    """Raises NotFound not_found.participant, also for one of another call."""
    row = found(work, ParticipantRow, words.ulid(participant_id), "not_found.participant")
    if row.call_id != call.id:
        raise NotPermitted("another call", code="media.not_admitted")
    return row


def talking_and_mine(work: Work, call_id: str, needed: Permission) -> tuple[CallRow, ParticipantRow]:
    """A talk that goes on, held, and the actor's own place in it; somebody at the centre joins by it.

    Raises TransitionRefused call.not_talking, NotPermitted media.not_admitted, media.no_right.
    """
    call = held(work, CallRow, words.ulid(call_id), "not_found.call")
    if call.state not in calls.TALKING:
        raise TransitionRefused("no talk", code="call.not_talking", state=call.state)
    if work.actor.kind == "OFFICER":
        join_call(work, call.id)
    own = mine(work, call)
    if own is None or own.state != ParticipantState.IN:
        raise NotPermitted("not admitted", code="media.not_admitted")
    if needed not in own.permissions:
        raise NotPermitted("no right", code="media.no_right")
    return call, own


# --- the parts --------------------------------------------------------------------------------------------------------------------


def new_participant(work: Work, call_id: str, kind: ParticipantKind, state: ParticipantState, **who: object) -> ParticipantRow:
    """A row with the permissions of its kind; part of other verbs."""
    row = ParticipantRow(
        id=str(ULID.from_datetime(work.now)), call_id=call_id, kind=kind, state=state, permissions=permissions_of(kind), tries=0, **who
    )
    work.session.add(row)
    work.session.flush()
    return row


def _add(work: Work, call_id: str, kind: ParticipantKind, **who: object) -> ParticipantRow:
    return new_participant(work, call_id, kind, ParticipantState.IN, joined_at=work.now, media="NONE", **who)


def _known(work: Work, call_id: str, kind: ParticipantKind, who: object) -> ParticipantRow | None:
    asked = select(ParticipantRow).where(ParticipantRow.call_id == call_id, ParticipantRow.kind == kind, who)  # type: ignore[arg-type]
    return work.session.scalars(asked).first()


def _back(row: ParticipantRow) -> ParticipantRow:
    row.state, row.left_at = ParticipantState.IN, None
    return row


def _goes(work: Work, call: CallRow, leaving: ParticipantRow) -> None:
    _leave(work, leaving)
    _fall_silent(call, leaving.id)
    if call.commander_id is not None and call.commander_id == leaving.officer_id:
        call.commander_id = call.commanded_at = None
        work.record(CallCommandReleased(call_id=call.id, unit_no=call.unit_no))
    work.record(CallLeft(call_id=call.id, unit_no=call.unit_no, participant_id=leaving.id))


def _leave(work: Work, row: ParticipantRow) -> None:
    row.state, row.left_at, row.digits = ParticipantState.LEFT, work.now, None
    row.media, row.mode = "NONE", None


def _fall_silent(call: CallRow, participant_id: str) -> None:
    call.whispering = None if call.whispering == participant_id else call.whispering
    call.speaking = None if call.speaking == participant_id else call.speaking

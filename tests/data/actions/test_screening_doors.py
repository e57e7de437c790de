"""The tablet at the door: it checks in for one session and may do nothing else; it locks by itself, and the host takes it back."""

from datetime import timedelta

import pytest

from data.actions.room_help import ask_help
from data.actions.screening_doors import invite_door, lock_door, open_door, revoke_door, unlock_door
from data.actions.screenings import begin_screening, end_screening, open_check_in, plan_screening
from data.actions.sign_ins import check_in, leave, undo_check_in
from data.errors import BadInput, CommandCentreError, NotFound, NotPermitted, NotSignedIn
from data.queries.at_door import door_view
from data.rules.permissions import NOBODY, Actor, Role, Verb, may
from data.rules.screening_doors import LOCKS_AFTER, TRIES
from tests.data.actions.test_objections import Room
from tests.data.small_court import COURT, SmallCourt


@pytest.fixture
def room(court: SmallCourt) -> Room:
    return Room(court)


def tablet(room: Room) -> tuple[Actor, str]:
    """The door of this session, and its digits."""
    made = room.court.do(room.court.duty, invite_door, room.screening)
    opened = room.court.do(NOBODY, open_door, made.secret)
    return Actor("DOOR", opened.session_id, Role.DOOR, COURT, session_id=opened.session_id), made.digits


def locked(room: Room, door: Actor) -> bool | None:
    with room.court.database.reading() as session:
        view = door_view(session, door, room.court.now)
    return None if view is None else view.locked


def test_it_lets_in_and_out_and_asks_for_help_and_may_nothing_else(room: Room) -> None:
    door, _ = tablet(room)
    court = room.court
    assert court.do(door, check_in, room.screening, room.code).seat == 1
    with court.database.reading() as session:
        view = door_view(session, door, court.now)
    assert view is not None
    assert (view.present, view.invited, view.help_by, view.locked) == (1, 1, None, False)
    assert court.do(door, leave, room.screening, "1") == 1
    court.do(door, undo_check_in, room.screening, 1)
    assert court.do(door, ask_help, room.screening) is True
    assert {verb for verb in Verb if may(door, verb)} == {Verb.ADMIT_ATTENDEE}
    for verb in (open_check_in, begin_screening, end_screening, invite_door, revoke_door):
        with pytest.raises(NotPermitted):
            court.do(door, verb, room.screening)


def test_it_knows_its_own_session_only(room: Room) -> None:
    door, _ = tablet(room)
    other = room.court.do(room.court.duty, plan_screening, "二月")
    room.court.do(room.court.duty, open_check_in, other)
    with pytest.raises(NotSignedIn):
        room.court.do(door, check_in, other, room.code)


def test_a_link_is_good_once_and_a_second_tablet_replaces_the_first(room: Room) -> None:
    court = room.court
    made = court.do(court.duty, invite_door, room.screening)
    court.do(NOBODY, open_door, made.secret)
    with pytest.raises(NotFound):
        court.do(NOBODY, open_door, made.secret)
    first, _ = tablet(room)
    second, _ = tablet(room)
    with pytest.raises(NotSignedIn):
        court.do(first, check_in, room.screening, room.code)
    assert locked(room, first) is None
    assert court.do(second, check_in, room.screening, room.code).seat == 1
    late = court.do(court.duty, invite_door, room.screening)
    court.later(16 * 60)
    with pytest.raises(NotFound):
        court.do(NOBODY, open_door, late.secret)


def test_it_locks_by_itself_and_by_hand_and_opens_by_the_digits_of_the_console(room: Room) -> None:
    court = room.court
    door, digits = tablet(room)
    court.later(LOCKS_AFTER.total_seconds() - 1)
    court.do(door, check_in, room.screening, room.code)
    court.later(LOCKS_AFTER.total_seconds() - 1)
    assert locked(room, door) is False, "whoever came in kept it open"
    court.later(1)
    assert locked(room, door) is True
    for act, *given in ((leave, room.screening, "1"), (undo_check_in, room.screening, 1)):
        with pytest.raises(NotPermitted) as refused:
            court.do(door, act, *given)
        assert refused.value.code == "door.locked"
    assert court.do(door, ask_help, room.screening) is True, "a bailiff comes to a locked door, too"
    with pytest.raises(BadInput):
        court.do(door, unlock_door, "12")
    assert court.do(door, unlock_door, digits) is True
    assert court.do(door, leave, room.screening, "1") == 1
    court.do(door, lock_door)
    assert locked(room, door) is True


def test_five_wrong_digits_end_it(room: Room) -> None:
    door, digits = tablet(room)
    wrong = f"{(int(digits) + 1) % 10_000:04}"
    for _ in range(TRIES):
        assert room.court.do(door, unlock_door, wrong) is False
    with pytest.raises(NotSignedIn):
        room.court.do(door, unlock_door, digits)


@pytest.mark.parametrize("end", ["host", "over"])
def test_the_host_takes_it_back_and_it_ends_with_the_session(room: Room, end: str) -> None:
    door, _ = tablet(room)
    room.begin()
    assert room.court.do(room.court.duty, revoke_door if end == "host" else end_screening, room.screening) is not False
    with pytest.raises(CommandCentreError):
        room.court.do(door, leave, room.screening, "1")
    assert locked(room, door) is None
    room.court.later(timedelta(hours=1).total_seconds())
    with pytest.raises(NotSignedIn):
        room.court.do(door, lock_door)

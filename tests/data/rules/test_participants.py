"""Who may send or receive which stream: deny by default, whoever asks."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.errors import BadInput, CommandCentreError, NotPermitted, TransitionRefused
from data.rules.calls import CallKind, CallState
from data.rules.participants import (
    PERMISSIONS,
    MediaRight,
    Part,
    ParticipantKind,
    ParticipantState,
    Permission,
    StreamName,
    Talk,
    check_media,
    read_digits,
    read_stream,
)
from data.rules.permissions import NOBODY, Actor, Role
from tests.data.small_court import ulid

IN, LIVE = ParticipantState.IN, CallState.LIVE
PHONE = Actor(kind="DEVICE", id="device:1", role=Role.DEVICE, court_code="C", unit_no=1001, device_no=1)
SECOND_PHONE = replace(PHONE, id="device:9", device_no=9)
DESK = Actor(kind="OFFICER", id="d", role=Role.DUTY, court_code="C", officer_id="d")
WALL = Actor(kind="WALL", id="w", role=Role.WALL, court_code="C", wall_id="w")
GUEST = Actor(kind="JOIN", id="s", role=Role.GUEST, court_code="C", officer_id="l", session_id="s")
OF_PARTY = Actor(kind="PARTY", id="p", role=Role.PARTY, court_code="", session_id="p")
ACTORS = (PHONE, SECOND_PHONE, DESK, WALL, GUEST, OF_PARTY, NOBODY)


def part(kind: ParticipantKind, **more: object) -> Part:
    who = {
        ParticipantKind.FIELD: {"device_no": 1},
        ParticipantKind.DESK: {"officer_id": "d"},
        ParticipantKind.WALL: {"wall_id": "w"},
        ParticipantKind.LEADER: {"officer_id": "l", "session_id": "s"},
        ParticipantKind.PARTY: {"session_id": "p"},
    }[kind]
    return replace(Part(kind.value, kind, IN, PERMISSIONS[kind], **who), **more)  # type: ignore[arg-type]


FIELD, LEADER = part(ParticipantKind.FIELD), part(ParticipantKind.LEADER)
AT_DESK, AT_WALL = part(ParticipantKind.DESK), part(ParticipantKind.WALL)
PARTY = part(ParticipantKind.PARTY)
WITH_SCENE = replace(PARTY, permissions=PARTY.permissions | {Permission.WATCH})
TALK = Talk(CallKind.ONE_TAP, LIVE)


def refused(actor: Actor, talk: Talk, mine: Part | None, stream: Part, right: MediaRight, whisper: bool = False) -> str | None:
    try:
        check_media(actor, talk, mine, stream, right, whisper)
    except CommandCentreError as error:
        return error.code
    return None


@pytest.mark.parametrize(("actor", "mine"), [(DESK, AT_DESK), (WALL, AT_WALL), (GUEST, LEADER)])
def test_desk_wall_and_admitted_leader_see_the_scene(actor: Actor, mine: Part) -> None:
    assert refused(actor, TALK, mine, FIELD, MediaRight.VIEW) is None


@pytest.mark.parametrize(("actor", "mine"), [(PHONE, FIELD), (DESK, AT_DESK), (GUEST, LEADER)])
def test_each_sends_his_own_and_nobody_elses(actor: Actor, mine: Part) -> None:
    assert refused(actor, TALK, mine, mine, MediaRight.PUBLISH) is None
    for other in (FIELD, LEADER, AT_DESK, AT_WALL):
        if other.id != mine.id:
            assert refused(actor, TALK, mine, other, MediaRight.PUBLISH) == "media.not_yours"


def test_a_wall_shows_and_never_sends() -> None:
    assert refused(WALL, TALK, AT_WALL, AT_WALL, MediaRight.PUBLISH) == "media.no_right"
    assert refused(WALL, replace(TALK, guests=True), AT_WALL, FIELD, MediaRight.VIEW) == "media.guests"


@given(
    actor=st.sampled_from(ACTORS),
    kind=st.sampled_from(CallKind),
    state=st.sampled_from(CallState),
    mine=st.sampled_from((None, FIELD, LEADER, PARTY, WITH_SCENE, AT_DESK, AT_WALL)),
    standing=st.sampled_from(ParticipantState),
    stream=st.sampled_from((FIELD, LEADER, PARTY, AT_DESK, AT_WALL)),
    right=st.sampled_from(MediaRight),
    whisper=st.booleans(),
    whispering=st.sampled_from((None, LEADER.id, AT_DESK.id)),
)
def test_whatever_is_asked_only_who_is_in_an_open_accepted_call_gets_anything(
    actor: Actor,
    kind: CallKind,
    state: CallState,
    mine: Part | None,
    standing: ParticipantState,
    stream: Part,
    right: MediaRight,
    whisper: bool,
    whispering: str | None,
) -> None:
    talk = Talk(kind, state, whispering)
    own = mine and replace(mine, state=standing)
    if refused(actor, talk, own, stream, right, whisper) is not None:
        return
    assert state is not CallState.ENDED
    assert not (kind is CallKind.CENTRE and state is CallState.RINGING)
    assert own is not None
    assert own.state is IN
    assert actor is not NOBODY
    assert actor is not SECOND_PHONE, "a second device with the same call"
    if right is MediaRight.PUBLISH:
        assert stream.id == own.id
    if own.kind is ParticipantKind.PARTY and right is MediaRight.VIEW:
        assert stream.kind in (ParticipantKind.LEADER, ParticipantKind.DESK) or (stream.kind is ParticipantKind.FIELD and own == WITH_SCENE)
        assert not whisper
    if whisper:
        assert own.kind is not ParticipantKind.PARTY
        assert whispering == stream.id
        assert right is MediaRight.PUBLISH or own.kind is ParticipantKind.FIELD


def test_a_party_receives_the_courts_side_alone_and_the_scene_only_where_the_desk_has_said_so() -> None:
    other = replace(PARTY, id="other", session_id="q")
    for stream in (LEADER, AT_DESK):
        assert refused(OF_PARTY, TALK, PARTY, stream, MediaRight.VIEW) is None
    for stream in (FIELD, AT_WALL, other, PARTY):
        assert refused(OF_PARTY, TALK, PARTY, stream, MediaRight.VIEW) == "media.no_right"
    assert refused(OF_PARTY, TALK, WITH_SCENE, FIELD, MediaRight.VIEW) is None
    assert refused(OF_PARTY, TALK, WITH_SCENE, other, MediaRight.VIEW) == "media.no_right"
    assert refused(OF_PARTY, TALK, PARTY, PARTY, MediaRight.PUBLISH) is None
    muted = replace(PARTY, permissions=PARTY.permissions - {Permission.SPEAK})
    assert refused(OF_PARTY, TALK, muted, muted, MediaRight.PUBLISH) == "media.no_right"


def test_a_whisper_never_reaches_a_party() -> None:
    on = replace(TALK, whispering=LEADER.id)
    assert refused(PHONE, on, FIELD, LEADER, MediaRight.VIEW, whisper=True) is None, "the one who may hear it does"
    for mine in (PARTY, WITH_SCENE):
        assert refused(OF_PARTY, on, mine, LEADER, MediaRight.VIEW, whisper=True) == "media.no_right"
        assert refused(OF_PARTY, on, mine, mine, MediaRight.PUBLISH, whisper=True) is not None


def test_a_leaders_session_is_no_partys() -> None:
    assert refused(replace(GUEST, session_id="p"), TALK, PARTY, LEADER, MediaRight.VIEW) == "media.not_admitted"
    assert refused(replace(OF_PARTY, session_id="s"), TALK, LEADER, FIELD, MediaRight.VIEW) == "media.not_admitted"


def test_a_whisper_is_received_by_the_officer_alone_and_only_while_it_is_on() -> None:
    on = replace(TALK, whispering=LEADER.id)
    assert refused(PHONE, on, FIELD, LEADER, MediaRight.VIEW, whisper=True) is None
    assert refused(GUEST, on, LEADER, LEADER, MediaRight.PUBLISH, whisper=True) is None
    for actor, mine in ((DESK, AT_DESK), (WALL, AT_WALL)):
        assert refused(actor, on, mine, LEADER, MediaRight.VIEW, whisper=True) == "media.no_right"
    for actor, mine, right in ((PHONE, FIELD, MediaRight.VIEW), (GUEST, LEADER, MediaRight.PUBLISH)):
        assert refused(actor, TALK, mine, LEADER, right, whisper=True) == "media.no_whisper"


def test_no_camera_is_opened_before_the_officer_accepts() -> None:
    ringing = Talk(CallKind.CENTRE, CallState.RINGING)
    for actor, mine, right in ((PHONE, FIELD, MediaRight.PUBLISH), (DESK, AT_DESK, MediaRight.VIEW)):
        assert refused(actor, ringing, mine, FIELD, right) == "media.not_accepted"


def test_what_is_over_is_over() -> None:
    with pytest.raises(TransitionRefused):
        check_media(PHONE, replace(TALK, state=CallState.ENDED), FIELD, FIELD, MediaRight.PUBLISH)
    with pytest.raises(NotPermitted):
        check_media(DESK, TALK, AT_DESK, replace(FIELD, state=ParticipantState.LEFT), MediaRight.VIEW)


@given(st.booleans())
def test_a_stream_is_named_after_its_call_and_its_sender(whisper: bool) -> None:
    name = StreamName(ulid(), ulid(), whisper)
    assert read_stream(str(name)) == name


@given(st.one_of(st.text(max_size=60), st.integers(), st.none()))
def test_anything_else_is_no_stream(name: object) -> None:
    with pytest.raises(BadInput):
        read_stream(name)


def test_digits_may_be_typed_with_blanks() -> None:
    assert read_digits(" 47 02 ") == "4702"
    for bad in ("470", "47022", "47o2", "４７０２", ""):
        with pytest.raises(BadInput):
            read_digits(bad)

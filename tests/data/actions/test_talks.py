"""A talk on both databases: picture and sound, who takes part, who commands, what is whispered, who may have which stream."""

from functools import partial
from typing import Any

import pytest
from sqlalchemy import select

from data.actions.accounts import disable
from data.actions.call_media import media_began, media_degraded, media_lost, media_returned, media_stopped
from data.actions.calls import answer_call, end_call, mark_missed, place_call
from data.actions.centre_rings import accept_ring, ring_team, ring_unit
from data.actions.participants import (
    claim_media,
    close_picture,
    give_notice,
    join_call,
    leave_call,
    open_picture,
    release_command,
    take_command,
)
from data.actions.walls import note_guests, revoke_wall, steer_wall
from data.actions.whispers import begin_speaking, begin_whisper, confirm_earpiece, fall_silent, see_whisper, whisper, withdraw_earpiece
from data.errors import AlreadyOwned, BadInput, CommandCentreError, NotPermitted, TransitionRefused
from data.journal import entries_after
from data.rules.calls import Quality
from data.rules.participants import StreamName
from data.rules.permissions import SYSTEM, Actor, Role
from data.tables import AuditRow, CallRow, ParticipantRow, WhisperRow
from tests.data.small_court import COURT, SmallCourt, at_once, ulid

TECHNICAL = Actor("OFFICER", "technical", Role.TECHNICAL, COURT)
POOR = Quality(rtt_ms=412, loss_permille=180, kbps=96, fps=4)


def ring(court: SmallCourt) -> str:
    call_id = ulid()
    court.do(court.phone, place_call, call_id, court.now)
    return call_id


def talk(court: SmallCourt) -> str:
    call_id = ring(court)
    court.do(court.duty, answer_call, call_id)
    return call_id


def call(court: SmallCourt, call_id: str) -> CallRow:
    with court.database.reading() as session:
        return session.get_one(CallRow, call_id)


def there(court: SmallCourt, call_id: str, kind: str = "FIELD") -> str:
    with court.database.reading() as session:
        found = select(ParticipantRow.id).where(ParticipantRow.call_id == call_id, ParticipantRow.kind == kind)
        return session.scalars(found).one()


def entries(court: SmallCourt) -> list[tuple[str, dict[str, Any]]]:
    with court.database.reading() as session:
        return [(entry.kind, entry.payload) for entry in entries_after(session, 0) if entry.kind.startswith("call.")]


def code(court: SmallCourt, actor: Actor, action: Any, *arguments: Any) -> str:
    with pytest.raises(CommandCentreError) as refused:
        court.do(actor, action, *arguments)
    return refused.value.code


def wall(court: SmallCourt) -> Actor:
    wall_id = court.add_wall()
    return Actor(kind="WALL", id=wall_id, role=Role.WALL, court_code=COURT, wall_id=wall_id)


def second(court: SmallCourt) -> Actor:
    return Actor("DEVICE", "device:2", Role.DEVICE, COURT, court.bailiff, 1002, 2, court.team)


# --- who may see it no more ---


@pytest.mark.parametrize("how", ["visitors", "layout", "own key", "revoked"])
def test_a_wall_before_guests_or_revoked_is_out_of_every_talk_at_once(court: SmallCourt, how: str) -> None:
    call_id, hall = talk(court), wall(court)
    place = court.do(hall, join_call, call_id)
    assert hall.wall_id is not None
    if how == "own key":
        court.do(hall, note_guests, True)
    elif how == "revoked":
        court.do(TECHNICAL, revoke_wall, hall.wall_id)
    else:
        court.do(court.duty, steer_wall, hall.wall_id, **({"visitors": True} if how == "visitors" else {"layout": 8}))
    left = [payload["participant_id"] for kind, payload in entries(court) if kind == "call.left"]
    assert left == [place], "the relay cuts what runs to it"
    court.do(court.duty, end_call, call_id)


def test_who_is_disabled_is_out_of_every_talk_at_once(court: SmallCourt) -> None:
    call_id = talk(court)
    court.do(court.duty, take_command, call_id)
    court.do(TECHNICAL, disable, court.duty.officer_id or "")
    assert [kind for kind, _ in entries(court)][-2:] == ["call.command_released", "call.left"]
    assert call(court, call_id).state == "ANSWERED", "the talk of others goes on"


# --- picture and sound ---


def test_the_way_of_a_talk_is_kept_with_cause_and_figures(court: SmallCourt) -> None:
    call_id = ring(court)
    officer = there(court, call_id)
    assert court.do(SYSTEM, media_began, call_id, officer)
    assert call(court, call_id).state == "RINGING", "no picture answers a call"
    court.do(court.duty, answer_call, call_id)
    assert call(court, call_id).state == "LIVE"
    assert court.do(SYSTEM, media_degraded, call_id, officer, "AUDIO_ONLY", POOR, "loss")
    assert not court.do(SYSTEM, media_degraded, call_id, officer, "AUDIO_ONLY", POOR, "loss")
    assert (call(court, call_id).state, call(court, call_id).mode, call(court, call_id).kbps) == ("DEGRADED", "AUDIO_ONLY", 96)
    assert court.do(SYSTEM, media_lost, call_id, officer)
    assert call(court, call_id).state == "RECONNECTING"
    assert court.do(SYSTEM, media_returned, call_id, officer)
    assert court.do(SYSTEM, media_stopped, call_id, officer)
    assert call(court, call_id).state == "ANSWERED"
    told = entries(court)
    assert [kind for kind, _ in told][-5:] == ["call.answered", "call.degraded", "call.reconnecting", "call.live", "call.media_stopped"]
    degraded = next(payload for kind, payload in told if kind == "call.degraded")
    assert (degraded["cause"], degraded["mode"], degraded["loss_permille"], degraded["rtt_ms"]) == ("loss", "AUDIO_ONLY", 180, 412)


def test_only_the_relay_tells_and_only_of_who_is_in_it(court: SmallCourt) -> None:
    call_id = talk(court)
    officer = there(court, call_id)
    assert code(court, court.duty, media_began, call_id, officer) == "identity.not_permitted"
    assert code(court, SYSTEM, media_lost, call_id, officer) == "media.transition_refused"
    assert code(court, SYSTEM, media_began, call_id, ulid()) == "not_found.participant"
    assert code(court, SYSTEM, media_began, call_id, officer, Quality(kbps=-1)) == "media.bad_quality"
    assert code(court, SYSTEM, media_degraded, call_id, officer, "WORSE") == "media.bad_mode"
    court.do(court.duty, end_call, call_id)
    assert code(court, SYSTEM, media_began, call_id, officer) == "media.call_over"


def test_a_leaders_picture_is_not_the_officers(court: SmallCourt) -> None:
    call_id = talk(court)
    court.do(SYSTEM, media_began, call_id, there(court, call_id, "DESK"))
    assert call(court, call_id).state == "ANSWERED"


def test_the_end_sends_everybody_away(court: SmallCourt) -> None:
    call_id = talk(court)
    court.do(court.commander, join_call, call_id)
    court.do(court.duty, take_command, call_id)
    court.do(court.phone, end_call, call_id)
    with court.database.reading() as session:
        states = set(session.scalars(select(ParticipantRow.state).where(ParticipantRow.call_id == call_id)))
    assert states == {"LEFT"}
    assert call(court, call_id).commander_id is None


# --- the centre rings ---


def test_the_centre_rings_and_nothing_flows_before_the_officer_accepts(court: SmallCourt) -> None:
    call_id = court.do(court.duty, ring_unit, 1001)
    assert code(court, court.phone, claim_media, call_id, "publish") == "media.not_admitted"
    assert code(court, court.duty, answer_call, call_id) == "call.his_to_accept"
    assert code(court, court.phone_of_others, accept_ring, call_id) == "unit.not_yours"
    assert court.do(court.phone, accept_ring, call_id)
    assert not court.do(court.phone, accept_ring, call_id)
    assert call(court, call_id).state == "ANSWERED"
    assert court.do(court.phone, claim_media, call_id, "publish").participant_id == there(court, call_id)
    with court.database.reading() as session:
        traces = session.scalars(select(AuditRow).where(AuditRow.act == "ring_field")).all()
    assert [(trace.object_kind, trace.object_id, trace.actor_id) for trace in traces] == [("unit", "1001", court.duty_officer)]


def test_of_a_team_that_is_rung_one_phone_has_the_call(court: SmallCourt) -> None:
    call_id = court.do(court.duty, ring_team, court.team)
    results = at_once(partial(court.do, court.phone, accept_ring, call_id), partial(court.do, second(court), accept_ring, call_id))
    assert sorted(str(type(result).__name__) for result in results) == ["TransitionRefused", "bool"]
    assert call(court, call_id).unit_no in (1001, 1002)


def test_a_ring_of_the_centre_is_declined_or_lapses(court: SmallCourt) -> None:
    declined = court.do(court.duty, ring_unit, 1001)
    court.do(court.phone, end_call, declined)
    assert (call(court, declined).state, call(court, declined).ended_why) == ("ENDED", "declined")
    lapsed = court.do(court.duty, ring_unit, 1001)
    assert not court.do(SYSTEM, mark_missed, lapsed)
    court.later(31)
    assert court.do(SYSTEM, mark_missed, lapsed)
    assert (call(court, lapsed).state, call(court, lapsed).ended_why) == ("ENDED", "unanswered")
    taken_back = court.do(court.duty, ring_unit, 1001)
    court.do(court.duty, end_call, taken_back)
    assert call(court, taken_back).ended_why == "withdrawn"


def test_who_talks_or_has_no_phone_is_not_rung(court: SmallCourt) -> None:
    talk(court)
    assert code(court, court.duty, ring_unit, 1001) == "call.unit_busy"
    assert code(court, court.duty, ring_unit, 2001) == "call.no_phone"
    assert code(court, court.duty, ring_team, court.reserve) == "call.no_phone"
    assert code(court, court.phone, ring_unit, 1003) == "identity.not_permitted"


# --- 指挥长, the closed picture ---


def test_one_person_commands_and_the_second_hears_who(court: SmallCourt) -> None:
    call_id = talk(court)
    for _ in range(3):
        results = at_once(*(partial(court.do, actor, take_command, call_id) for actor in (court.duty, court.commander)))
        assert sorted(type(result).__name__ for result in results) == ["AlreadyOwned", "bool"]
        holder = court.duty if call(court, call_id).commander_id == court.duty_officer else court.commander
        other = court.commander if holder is court.duty else court.duty
        assert not court.do(holder, take_command, call_id)
        with pytest.raises(AlreadyOwned) as refused:
            court.do(other, release_command, call_id)
        assert refused.value.params["owner"] == ("周法官" if holder is court.duty else "郑局长")
        assert court.do(holder, release_command, call_id)
    court.do(court.commander, take_command, call_id)
    court.do(court.commander, leave_call, call_id)
    assert call(court, call_id).commander_id is None, "who leaves gives the token back"


def test_the_officer_may_close_the_picture_with_a_reason(court: SmallCourt) -> None:
    call_id = talk(court)
    assert code(court, court.phone, close_picture, call_id, "no reason") == "call.bad_why"
    assert code(court, court.phone_of_others, close_picture, call_id, "privacy") == "unit.not_yours"
    assert code(court, court.duty, close_picture, call_id, "privacy") == "identity.not_permitted"
    assert court.do(court.phone, close_picture, call_id, "privacy")
    assert not court.do(court.phone, close_picture, call_id, "privacy")
    assert court.do(court.phone, open_picture, call_id)
    assert [kind for kind, _ in entries(court)][-2:] == ["call.picture_closed", "call.picture_opened"]


def test_the_notice_is_stamped_once_by_the_officers_own_phone(court: SmallCourt) -> None:
    call_id = talk(court)
    assert code(court, court.phone, give_notice, call_id, "whispered") == "call.bad_why"
    assert code(court, court.phone_of_others, give_notice, call_id, "spoken") == "unit.not_yours"
    assert court.do(court.phone, give_notice, call_id, "spoken")
    assert not court.do(court.phone, give_notice, call_id, "shown"), "a page that was loaded again says it again, and stamps nothing"
    kind, payload = entries(court)[-1]
    assert (kind, payload) == ("call.notice_given", {"call_id": call_id, "unit_no": 1001, "how": "spoken"})


# --- streams ---


def test_who_looks_stands_in_the_call_and_the_officer_sees_it(court: SmallCourt) -> None:
    call_id = talk(court)
    scene = str(StreamName(call_id, there(court, call_id)))
    here = wall(court)
    claim = court.do(here, claim_media, call_id, "view", scene)
    assert str(claim.stream) == scene
    assert claim.participant_id == there(court, call_id, "WALL")
    assert court.do(here, claim_media, call_id, "view", scene).participant_id == claim.participant_id
    court.do(SYSTEM, leave_call, call_id, claim.participant_id)
    assert court.do(here, claim_media, call_id, "view", scene).participant_id == claim.participant_id, "comes back as himself"


def test_streams_that_are_not_ones_own_are_refused(court: SmallCourt) -> None:
    call_id = talk(court)
    scene = str(StreamName(call_id, there(court, call_id)))
    assert code(court, court.phone_of_others, claim_media, call_id, "view", scene) == "media.not_admitted"
    assert code(court, court.inspector, claim_media, call_id, "view", scene) == "identity.not_permitted"
    assert code(court, court.technical, claim_media, call_id, "view", scene) == "identity.not_permitted"
    assert code(court, court.duty, claim_media, call_id, "publish", scene) == "media.not_yours"
    assert code(court, court.duty, claim_media, call_id, "own", scene) == "media.bad_right"
    assert code(court, court.duty, claim_media, call_id, "view", "x") == "media.bad_stream"
    assert code(court, court.duty, claim_media, call_id, "view") == "media.bad_stream"
    assert code(court, court.duty, claim_media, ring_of_others(court), "view", scene) == "media.bad_stream"
    here = wall(court)
    court.do(court.duty, steer_wall, here.wall_id or "", visitors=True)
    assert code(court, here, claim_media, call_id, "view", scene) == "media.guests"
    court.do(court.duty, steer_wall, here.wall_id or "", visitors=False, layout=8)  # the layout made for them, without the mode
    assert code(court, here, claim_media, call_id, "view", scene) == "media.guests"
    court.do(court.phone, end_call, call_id)
    assert code(court, court.duty, claim_media, call_id, "view", scene) == "media.call_over"


def ring_of_others(court: SmallCourt) -> str:
    call_id = ulid()
    court.do(court.phone_of_others, place_call, call_id, court.now)
    return call_id


def test_a_second_device_with_the_same_call_is_refused(court: SmallCourt) -> None:
    call_id = talk(court)
    twin = Actor("DEVICE", "device:7", Role.DEVICE, COURT, court.judge, 1001, 7, court.team)
    assert code(court, twin, claim_media, call_id, "publish") == "media.not_admitted"


# --- whispers ---


def test_a_line_reaches_the_officers_phone_and_he_says_that_he_read_it(court: SmallCourt) -> None:
    call_id = talk(court)
    whisper_id = court.do(court.commander, whisper, call_id, " 先稳住对方 ")
    assert code(court, court.phone_of_others, see_whisper, whisper_id) == "unit.not_yours"
    assert court.do(court.phone, see_whisper, whisper_id)
    assert not court.do(court.phone, see_whisper, whisper_id)
    with court.database.reading() as session:
        row = session.get_one(WhisperRow, whisper_id)
    assert (row.text, row.officer_id) == ("先稳住对方", court.second_officer)
    assert all("先稳住" not in str(payload) for _, payload in entries(court)), "no text travels in an event"
    with pytest.raises(BadInput):
        court.do(court.duty, whisper, call_id, "长" * 61)


def test_a_voice_reaches_an_earpiece_only(court: SmallCourt) -> None:
    call_id = talk(court)
    desk = there(court, call_id, "DESK")
    stream = str(StreamName(call_id, desk, whisper=True))
    assert code(court, court.duty, begin_whisper, call_id) == "whisper.no_earpiece"
    assert code(court, court.duty, confirm_earpiece, call_id) == "identity.not_permitted"
    court.do(court.phone, confirm_earpiece, call_id)
    assert court.do(court.duty, begin_whisper, call_id)
    assert code(court, court.duty, begin_speaking, call_id) == "speak.whispering"
    assert str(court.do(court.duty, claim_media, call_id, "publish", stream).stream) == stream
    assert str(court.do(court.phone, claim_media, call_id, "view", stream).stream) == stream
    assert code(court, court.commander, claim_media, call_id, "view", stream) == "media.no_right"
    assert court.do(court.phone, withdraw_earpiece, call_id, "device_changed")
    assert call(court, call_id).whispering is None
    assert call(court, call_id).output == "UNKNOWN"
    assert code(court, court.phone, claim_media, call_id, "view", stream) == "media.no_whisper"
    assert court.do(court.duty, begin_speaking, call_id)
    assert court.do(court.duty, fall_silent, call_id)
    assert not court.do(court.duty, fall_silent, call_id)


def test_an_earpiece_counts_in_its_own_call_only(court: SmallCourt) -> None:
    first = talk(court)
    court.do(court.phone, confirm_earpiece, first)
    court.do(court.phone, end_call, first)
    assert code(court, court.duty, begin_whisper, talk(court)) == "whisper.no_earpiece"


def test_nobody_whispers_or_commands_before_the_answer(court: SmallCourt) -> None:
    call_id = ring(court)
    for action in (take_command, begin_speaking):
        with pytest.raises(TransitionRefused):
            court.do(court.duty, action, call_id)
    with pytest.raises(NotPermitted):
        court.do(court.phone, whisper, call_id, "x")

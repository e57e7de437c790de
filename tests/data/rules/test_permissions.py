"""The table of rights, written here a second time from `domain/rules.md` E.7: every verb for every role."""

import pytest

from data.rules.permissions import ALLOWED, NOBODY, SYSTEM, Actor, Role, Verb, may

D, C, L, J, F, FU, T, A, U = (  # 值班员 指挥长 院领导 承办法官 外勤 案款员 技术值守 督察 上级巡查
    Role.DUTY, Role.COMMANDER, Role.LEADER, Role.JUDGE, Role.FIELD, Role.FUND, Role.TECHNICAL, Role.INSPECTOR, Role.UPPER,
)  # fmt: skip
WALL, DIRECTOR, CASES, DEVICE, SYS, GUEST = Role.WALL, Role.DIRECTOR, Role.CASE_SYSTEM, Role.DEVICE, Role.SYSTEM, Role.GUEST
PARTY, STAGE, ATTENDEE, DOOR = Role.PARTY, Role.STAGE, Role.ATTENDEE, Role.DOOR

# E.7 in the words of this issue; machines, walls and the director are ours. Own unit, own team, own case: the noun's rule narrows further.
TABLE: dict[Verb, set[Role]] = {
    Verb.SEE_WALL: {D, C, L, U, WALL},
    Verb.SEE_DESK: {D, C, L, T, A},
    Verb.SEE_TRACK: {D, C, L, A},
    Verb.SEE_RESTRICTED: {D, C, L, A},
    Verb.SEE_AUDIT: {A},
    Verb.SEE_STORAGE: {D, C, L, T, A},
    Verb.REPORT_POSITION: {DEVICE},
    Verb.PLACE_CALL: {DEVICE, F, J},
    Verb.RAISE_SOS: {DEVICE, F, J},
    Verb.TAKE_CALL: {D, C, L},
    Verb.ANSWER_CALL: {D, C, L},
    Verb.END_CALL: {D, C, L, DEVICE, F, J},
    Verb.RING_FIELD: {D, C, L},
    Verb.ACCEPT_RING: {DEVICE, F, J},
    Verb.WATCH_CALL: {D, C, L, WALL, GUEST, PARTY, DEVICE, F, J},
    Verb.SEND_MEDIA: {D, C, L, GUEST, PARTY, DEVICE, F, J},
    Verb.REPORT_MEDIA: {SYS},
    Verb.CLOSE_PICTURE: {DEVICE, F, J},
    Verb.COMMAND_CALL: {D, C, L, GUEST},
    Verb.SPEAK: {D, C, L, GUEST},
    Verb.WHISPER: {D, C, L, GUEST},
    Verb.READ_WHISPER: {DEVICE, F, J},
    Verb.INVITE_LEADER: {D, C, L, SYS},
    Verb.ADMIT_LEADER: {D, C, L},
    Verb.INVITE_PARTY: {D, C, L},
    Verb.ADMIT_PARTY: {D, C, L},
    Verb.WRITE_SHEET: {D, C, L},
    Verb.READ_SHEET: {D, C, L, A},
    Verb.CONCLUDE_CALL: {D, C, L, GUEST},
    Verb.SEND_ORDER: {D, C, L},
    Verb.ANSWER_ORDER: {DEVICE, F, J},
    Verb.TAKE_SOS: {D, C, L},
    Verb.RESPOND_SOS: {D, C, L},
    Verb.RESOLVE_SOS: {D, C, L},
    Verb.CHANGE_CASE: {D, C, CASES},
    Verb.ASSIGN_MISSION: {D, C, CASES},
    Verb.MOVE_MISSION: {D, C, CASES, DEVICE, F, J},
    Verb.CHANGE_DUTY: {DEVICE, F, J, SYS},
    Verb.DECLARE_SILENCE: {DEVICE, F, J},
    Verb.STEER_WALL: {D, C, L},
    Verb.PAIR_WALL: {D, C, T},
    Verb.REVOKE_WALL: {D, C, T, SYS},
    Verb.ENROL_DEVICE: {T, D, SYS},
    Verb.REVOKE_DEVICE: {T, D, SYS},
    Verb.MANAGE_PEOPLE: {T, SYS},
    Verb.EXPORT_COURT: {C, L, T, SYS},
    Verb.EXPORT_CASES: {C, L, SYS},  # E.7: «Case card», «ID/phone/address full» R* of who answers for the whole court
    Verb.CHANGE_SETTING: {T},
    Verb.CHANGE_KEY: {T, SYS},
    Verb.SET_ROLE: {SYS},
    Verb.CONFIRM_ROLE: {T},
    Verb.DRAW_FENCE: {D, C, T, SYS},
    Verb.CROSS_FENCE: {SYS},
    Verb.RUN_TIMER: {SYS},
    Verb.KEEP_RECORDING: {SYS},
    Verb.KEEP_BACKUP: {SYS},
    Verb.BRING_RECORDING: {DEVICE},
    Verb.HOLD_RECORDING: {D, C, L, A},
    Verb.REPLAY_RECORDING: {D, C, L, A, DEVICE, F, J},  # an officer his own only
    Verb.KEEP_POSITIONS: {SYS},
    Verb.HOLD_POSITIONS: {D, C, L, A},
    Verb.STOP_ARCHIVING: {D, C, T},
    Verb.CLEAR_CLIP: {D, C, L},
    Verb.RENDER_CLIP: {SYS},
    Verb.CERTIFY_RELEASE: {D, C, L},
    Verb.REVOKE_RELEASE: {D, C, L, A, SYS},
    Verb.HOST_SCREENING: {D, C, L},
    Verb.ADMIT_ATTENDEE: {D, C, L, DOOR},
    Verb.BLACK_OUT: {D, C, L},
    Verb.OBJECT: {ATTENDEE},
    Verb.GUARD_STAGE: {SYS},
    Verb.SEE_STAGE: {STAGE},
    Verb.DIRECT_DEMO: {DIRECTOR},
    Verb.TELL_PART: {SYS},
    Verb.REPORT_FAULT: {D, C, L, DEVICE, F, J, T, A, FU, U, WALL, GUEST},
    Verb.MEND_FAULT: {D, C, T},
}


def somebody(role: Role, locked: bool = False) -> Actor:
    return Actor(kind="OFFICER", id="01", role=role, court_code="4401", locked=locked)


@pytest.mark.parametrize("verb", Verb)
def test_the_table_says_the_same(verb: Verb) -> None:
    assert {role for role in Role if may(somebody(role), verb)} == TABLE[verb]


def test_every_verb_is_in_both_tables() -> None:
    assert set(TABLE) == set(ALLOWED) == set(Verb)


@pytest.mark.parametrize("verb", Verb)
def test_nobody_may_anything_and_a_locked_desk_only_black_out(verb: Verb) -> None:
    assert not may(NOBODY, verb)
    locked = {role for role in Role if may(somebody(role, locked=True), verb)}
    assert locked == ({D, C, L} if verb is Verb.BLACK_OUT else set())


def test_a_wall_only_looks_and_says_that_it_is_broken() -> None:
    assert {verb for verb in Verb if may(somebody(WALL), verb)} == {Verb.SEE_WALL, Verb.WATCH_CALL, Verb.REPORT_FAULT}


def test_a_party_looks_and_speaks_in_his_talk_and_may_nothing_else() -> None:
    assert {verb for verb in Verb if may(somebody(PARTY), verb)} == {Verb.WATCH_CALL, Verb.SEND_MEDIA}


def test_the_command_line_sees_nobodys_data() -> None:
    assert not any(may(SYSTEM, verb) for verb in Verb if verb.startswith("see."))

"""A leader from afar, on both databases: link, waiting room, four digits, one key; nobody else gets in."""

from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import select

from data.actions.calls import answer_call, end_call, place_call
from data.actions.invitations import (
    Invitation,
    admit_leader,
    conclude_call,
    enter_waiting_room,
    invite_leader,
    leave_as_guest,
    refuse_leader,
    standing_invitation,
    type_digits,
    type_factor,
)
from data.actions.links import Lasts, make_link, use_link
from data.actions.participants import claim_media
from data.actions.second_factor import ask, pass_factor
from data.credentials import factor_code
from data.errors import CommandCentreError, NotFound
from data.queries.links import link_view
from data.rules.links import Purpose
from data.rules.participants import TRIES, StreamName
from data.rules.permissions import NOBODY, SYSTEM, Actor, Role
from data.rules.second_factor import STEP_S
from data.tables import CaseNoteRow, CaseRow, LinkRow, ParticipantRow, SecondFactorRow
from tests.data.small_court import CASE_NO, SmallCourt, at_once, ulid


def talk(court: SmallCourt) -> str:
    call_id = ulid()
    court.do(court.phone, place_call, call_id, court.now)
    court.do(court.duty, answer_call, call_id)
    return call_id


def invite(court: SmallCourt, call_id: str) -> Invitation:
    return court.do(court.duty, invite_leader, call_id, court.leader, "说明腾退期限与后果")


def enter(court: SmallCourt, secret: str) -> Actor:
    return court.guest(court.do(NOBODY, enter_waiting_room, secret).token)


def row(court: SmallCourt, participant_id: str) -> ParticipantRow:
    with court.database.reading() as session:
        return session.get_one(ParticipantRow, participant_id)


def code(court: SmallCourt, actor: Actor, action: Any, *arguments: Any) -> str:
    with pytest.raises(CommandCentreError) as refused:
        court.do(actor, action, *arguments)
    return refused.value.code


def officer(court: SmallCourt, call_id: str) -> str:
    with court.database.reading() as session:
        found = select(ParticipantRow.id).where(ParticipantRow.call_id == call_id, ParticipantRow.kind == "FIELD")
        return session.scalars(found).one()


def test_nobody_who_was_not_admitted_gets_a_stream(court: SmallCourt) -> None:
    call_id = talk(court)
    invitation = invite(court, call_id)
    scene = str(StreamName(call_id, officer(court, call_id)))
    guest = enter(court, invitation.secret)
    assert code(court, guest, claim_media, call_id, "view", scene) == "media.not_admitted"
    assert code(court, court.duty, admit_leader, invitation.participant_id) == "join.not_verified"
    assert court.do(guest, type_digits, invitation.digits)
    assert code(court, guest, claim_media, call_id, "publish") == "media.not_admitted"
    assert code(court, guest, admit_leader, invitation.participant_id) == "identity.not_permitted"
    assert court.do(court.duty, admit_leader, invitation.participant_id)
    assert not court.do(court.duty, admit_leader, invitation.participant_id)
    assert str(court.do(guest, claim_media, call_id, "view", scene).stream) == scene
    assert court.do(guest, claim_media, call_id, "publish").participant_id == invitation.participant_id
    assert row(court, invitation.participant_id).digits is None
    assert court.do(guest, leave_as_guest)
    assert code(court, guest, claim_media, call_id, "view", scene) == "media.not_admitted"


def test_a_link_lets_one_device_in_once_and_only_through_its_own_door(court: SmallCourt) -> None:
    invitation = invite(court, talk(court))
    with court.database.reading() as session:
        assert link_view(session, invitation.secret, court.now) is None
    with pytest.raises(NotFound):
        court.do(NOBODY, use_link, invitation.secret, Lasts())
    results = at_once(*[partial(court.do, NOBODY, enter_waiting_room, invitation.secret)] * 2)
    assert sorted(type(result).__name__ for result in results) == ["Entered", "NotFound"]


def test_a_link_for_something_else_and_an_old_one_open_nothing(court: SmallCourt) -> None:
    other = court.do(SYSTEM, make_link, Purpose.SIGN_IN, officer_id=court.leader)
    assert code(court, NOBODY, enter_waiting_room, other) == "link.closed"
    with court.database.reading() as session:
        assert session.scalars(select(LinkRow.used_at).where(LinkRow.purpose == "sign_in")).one() is None
    invitation = invite(court, talk(court))
    court.later(15 * 60)
    assert code(court, NOBODY, enter_waiting_room, invitation.secret) == "link.closed"
    assert code(court, SYSTEM, make_link, Purpose.LEADER) == "link.for_whom"


def test_five_wrong_guesses_end_it(court: SmallCourt) -> None:
    invitation = invite(court, talk(court))
    guest = enter(court, invitation.secret)
    wrong = f"{(int(invitation.digits) + 1) % 10_000:04d}"
    for _ in range(TRIES):
        assert not court.do(guest, type_digits, wrong)
    assert row(court, invitation.participant_id).state == "REFUSED"
    assert code(court, guest, type_digits, invitation.digits) == "join.not_waiting"
    assert code(court, court.duty, admit_leader, invitation.participant_id) == "join.not_waiting"


def test_a_code_of_his_own_authenticator_does_instead_of_the_digits_once(court: SmallCourt) -> None:
    call_id = talk(court)
    guest = enter(court, invite(court, call_id).secret)
    assert code(court, guest, type_factor, "123456") == "not_found.second_factor"
    secret = authenticator(court, court.leader)
    used, fresh = (factor_code(secret, int(court.now.timestamp() // STEP_S) + later) for later in (0, 1))
    assert not court.do(guest, type_factor, used), "the one that enrolled it"
    assert court.do(guest, type_factor, fresh)
    again = invite(court, call_id)
    other = enter(court, again.secret)
    assert not court.do(other, type_factor, fresh), "a code counts once, wherever"
    for _ in range(TRIES - 1):
        assert not court.do(other, type_factor, "000000")
    assert row(court, again.participant_id).state == "REFUSED"


def authenticator(court: SmallCourt, officer_id: str) -> str:
    """Enrolled by its first code; returns what the phone holds."""
    with court.journal.work(SYSTEM, court.now) as work:
        ticket = ask(work, officer_id).ticket
    with court.database.reading() as session:
        secret = court.journal.sealing.open(session.get_one(SecondFactorRow, officer_id).secret) or ""
    court.do(NOBODY, pass_factor, ticket, factor_code(secret, int(court.now.timestamp() // STEP_S)), timedelta(hours=1))
    return secret


def test_the_desk_refuses_before_and_after(court: SmallCourt) -> None:
    call_id = talk(court)
    before, after = invite(court, call_id), invite(court, call_id)
    court.do(court.duty, refuse_leader, before.participant_id)
    assert code(court, NOBODY, enter_waiting_room, before.secret) == "link.closed"
    guest = enter(court, after.secret)
    court.do(guest, type_digits, after.digits)
    court.do(court.duty, admit_leader, after.participant_id)
    assert court.do(court.duty, refuse_leader, after.participant_id)
    assert code(court, guest, claim_media, call_id, "publish") == "media.not_admitted"


def test_only_leaders_are_invited_and_only_by_the_centre(court: SmallCourt) -> None:
    call_id = talk(court)
    assert code(court, court.duty, invite_leader, call_id, court.bailiff) == "join.no_leader"
    assert code(court, court.phone, invite_leader, call_id, court.leader) == "identity.not_permitted"
    court.do(court.duty, end_call, call_id)
    assert code(court, court.duty, invite_leader, call_id, court.leader) == "media.call_over"


def test_a_standing_link_leads_to_the_call_that_is_open_and_is_kept_until_there_is_one(court: SmallCourt) -> None:
    assert code(court, court.duty, standing_invitation, court.leader, timedelta(hours=1)) == "identity.not_permitted"
    secret = court.do(SYSTEM, standing_invitation, court.leader, timedelta(hours=1))
    assert code(court, NOBODY, enter_waiting_room, secret) == "join.no_call"
    call_id = talk(court)
    entered = court.do(NOBODY, enter_waiting_room, secret)
    assert row(court, entered.participant_id).call_id == call_id
    assert len(row(court, entered.participant_id).digits or "") == 4


def test_one_line_of_conclusion_stands_with_the_case(court: SmallCourt) -> None:
    court.file_case()
    court.assign()
    from data.rules.missions import MissionStep

    court.move(MissionStep.DEPARTED)
    call_id = talk(court)
    invitation = invite(court, call_id)
    guest = enter(court, invitation.secret)
    assert code(court, guest, conclude_call, "未准入也想写") == "media.not_admitted"
    court.do(guest, type_digits, invitation.digits)
    court.do(court.duty, admit_leader, invitation.participant_id)
    court.do(court.phone, end_call, call_id)
    court.do(guest, conclude_call, "已说明后果，被执行人同意腾退。")
    with court.database.reading() as session:
        note = session.scalars(select(CaseNoteRow)).one()
        case_id = session.scalars(select(CaseRow.id).where(CaseRow.case_no == CASE_NO)).one()
    assert (note.case_id, note.call_id, note.officer_id) == (case_id, call_id, court.leader)


def test_a_guest_is_nobody_anywhere_else(court: SmallCourt) -> None:
    invitation = invite(court, talk(court))
    guest = enter(court, invitation.secret)
    assert guest.role is Role.GUEST
    assert code(court, guest, answer_call, ulid()) == "identity.not_permitted"
    assert code(court, court.duty, type_digits, invitation.digits) == "media.not_admitted"

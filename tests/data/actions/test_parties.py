"""A party in a talk by his own phone, on both databases: notice, consent, digits, one key; the court's side alone; the record."""

import json
from functools import partial
from typing import Any

import pytest
from sqlalchemy import select

from data.actions.call_media import media_began
from data.actions.calls import answer_call, end_call, place_call
from data.actions.invitations import Invitation, admit_leader, enter_waiting_room, invite_leader, leave_as_guest, refuse_leader, type_digits
from data.actions.links import Lasts, make_link, use_link
from data.actions.participants import claim_media, stop_watching
from data.actions.parties import Answer, admit_party, answer_notice, invite_party, mute_party, refuse_party, unmute_party
from data.actions.recordings import Segment, begin_recording, end_recording, keep_segment
from data.actions.sheets import Book, complete_sheet, read_sheet
from data.errors import CommandCentreError, NotFound
from data.queries.links import link_view
from data.queries.party import notice, parties_of, place
from data.queries.sheets import talks
from data.queries.wall import sight_of, snapshot, visible_units
from data.rules import sheets
from data.rules.links import Purpose
from data.rules.missions import MissionStep
from data.rules.participants import TRIES, StreamName
from data.rules.permissions import NOBODY, SYSTEM, Actor, Clearance
from data.tables import AuditRow, CasePartyRow, EntryRow, ParticipantRow, PartyGuestRow, SessionRow, TalkSheetRow
from tests.data.small_court import CASE_NO, SmallCourt, at_once, say, ulid

YES, NO = Answer(consents=True, read_ms=42_000), Answer(consents=False)
OTHER_CASE = "（2026）岭0108执1900号"


def talk(court: SmallCourt, case_no: str | None = CASE_NO) -> str:
    if case_no is not None:
        court.file_case(parties=court.debtors(), judge="陈演一")
        court.assign(case_no=case_no)
        court.move(MissionStep.DEPARTED)
    call_id = ulid()
    court.do(court.phone, place_call, call_id, court.now)
    court.do(court.duty, answer_call, call_id)
    return call_id


def party(court: SmallCourt, kind: str = "DEBTOR") -> str:
    with court.database.reading() as session:
        return session.scalars(select(CasePartyRow.id).where(CasePartyRow.kind == kind).order_by(CasePartyRow.id)).first() or ""


def invite(court: SmallCourt, call_id: str, scene: bool = False) -> Invitation:
    return court.do(court.duty, invite_party, call_id, party(court), scene)


def consent(court: SmallCourt, invitation: Invitation) -> Actor:
    entered = court.do(NOBODY, answer_notice, invitation.secret, YES)
    assert entered is not None
    return court.party(entered.token)


def come_in(court: SmallCourt, call_id: str, scene: bool = False) -> tuple[Invitation, Actor]:
    invitation = invite(court, call_id, scene)
    guest = consent(court, invitation)
    court.do(guest, type_digits, invitation.digits)
    court.do(court.duty, admit_party, invitation.participant_id)
    return invitation, guest


def row(court: SmallCourt, participant_id: str) -> ParticipantRow:
    with court.database.reading() as session:
        return session.get_one(ParticipantRow, participant_id)


def code(court: SmallCourt, actor: Actor, action: Any, *arguments: Any) -> str:
    with pytest.raises(CommandCentreError) as refused:
        court.do(actor, action, *arguments)
    return refused.value.code


def part(court: SmallCourt, call_id: str, kind: str) -> str:
    with court.database.reading() as session:
        found = select(ParticipantRow.id).where(ParticipantRow.call_id == call_id, ParticipantRow.kind == kind)
        return session.scalars(found.order_by(ParticipantRow.id)).one()


def seen(court: SmallCourt, guest: Actor) -> dict[str, Any]:
    with court.database.reading() as session:
        return place(session, guest) or {}


def kinds(court: SmallCourt) -> list[str]:
    with court.database.reading() as session:
        return list(session.scalars(select(EntryRow.kind).order_by(EntryRow.seq)))


def test_nobody_gets_a_stream_before_consent_digits_and_the_desks_key(court: SmallCourt) -> None:
    call_id = talk(court)
    desk = str(StreamName(call_id, part(court, call_id, "DESK")))
    invitation = invite(court, call_id)
    assert code(court, court.duty, admit_party, invitation.participant_id) == "join.not_waiting"
    guest = consent(court, invitation)
    for right, stream in (("view", desk), ("publish", None)):
        assert code(court, guest, claim_media, call_id, right, stream) == "media.not_admitted"
    assert code(court, court.duty, admit_party, invitation.participant_id) == "join.not_verified"
    assert court.do(guest, type_digits, invitation.digits)
    assert code(court, guest, claim_media, call_id, "publish") == "media.not_admitted"
    assert code(court, guest, admit_party, invitation.participant_id) == "identity.not_permitted"
    assert court.do(court.duty, admit_party, invitation.participant_id)
    assert not court.do(court.duty, admit_party, invitation.participant_id)
    assert str(court.do(guest, claim_media, call_id, "view", desk).stream) == desk
    assert court.do(guest, claim_media, call_id, "publish").participant_id == invitation.participant_id
    assert [kind for kind in kinds(court) if kind.startswith("call.party_")] == [
        "call.party_invited", "call.party_consented", "call.party_verified", "call.party_joined",
    ]  # fmt: skip


def test_he_receives_the_courts_side_and_the_scene_only_where_the_desk_said_so(court: SmallCourt) -> None:
    call_id = talk(court)
    field = str(StreamName(call_id, part(court, call_id, "FIELD")))
    _, without = come_in(court, call_id)
    _, with_scene = come_in(court, call_id, scene=True)
    assert code(court, without, claim_media, call_id, "view", field) == "media.no_right"
    assert str(court.do(with_scene, claim_media, call_id, "view", field).stream) == field
    others = [str(StreamName(call_id, row_id)) for row_id in _of(court, call_id, "PARTY")]
    for guest in (without, with_scene):
        for stream in others:
            assert code(court, guest, claim_media, call_id, "view", stream) == "media.no_right"
    for stream in others:
        assert str(court.do(court.duty, claim_media, call_id, "view", stream).stream) == stream
        assert str(court.do(court.phone, claim_media, call_id, "view", stream).stream) == stream


def _of(court: SmallCourt, call_id: str, kind: str) -> list[str]:
    with court.database.reading() as session:
        return list(session.scalars(select(ParticipantRow.id).where(ParticipantRow.call_id == call_id, ParticipantRow.kind == kind)))


def test_what_he_sees_of_the_talk_is_the_list_in_the_masking_and_no_name_stands_in_it(court: SmallCourt) -> None:
    call_id = talk(court)
    invitation, guest = come_in(court, call_id, scene=True)
    said = seen(court, guest)
    assert set(said) == {"me", "call_id", "over", "talk"}
    assert set(said["talk"]) == {"court", "case_no", "cause", "speaker", "streams", "own"}
    assert (said["talk"]["case_no"], said["talk"]["cause"]) == (CASE_NO, "买卖合同纠纷")
    told = json.dumps(said, ensure_ascii=False)
    for name in ("陈演一", "周测五", "张演三", "张某", "宏达", "三组", "工业路", "东塘", "40.05", "101.85", "1001"):
        assert name not in told, name
    sight = sight_of(guest)
    assert sight.clearance is Clearance.PARTY
    with court.database.reading() as session:
        assert snapshot(session, sight, court.now, say=say).rows == {}
    assert visible_units(sight) == frozenset()
    assert invitation.digits not in told


def test_a_link_is_consumed_by_the_button_only_and_by_the_first_who_presses(court: SmallCourt) -> None:
    call_id = talk(court)
    invitation = invite(court, call_id)
    before = kinds(court)
    for _ in range(3):
        with court.database.reading() as session:
            shown = notice(session, invitation.secret, court.now)
        assert shown is not None
        assert (shown.case_no, shown.duty_phone) == (CASE_NO, "0000-1234567")
    assert kinds(court) == before
    pressed = at_once(*(partial(court.do, NOBODY, answer_notice, invitation.secret, YES) for _ in range(2)))
    assert sorted(type(each).__name__ for each in pressed) == ["Entered", "NotFound"]
    with court.database.reading() as session:
        assert notice(session, invitation.secret, court.now) is None


def test_a_late_link_a_link_taken_back_and_a_link_of_another_purpose_are_all_closed(court: SmallCourt) -> None:
    call_id = talk(court)
    late, back = invite(court, call_id), invite(court, call_id)
    court.do(court.duty, refuse_party, back.participant_id)
    assert code(court, NOBODY, answer_notice, back.secret, YES) == "link.closed"
    court.later(15 * 60)
    with court.database.reading() as session:
        assert notice(session, late.secret, court.now) is None
        assert link_view(session, late.secret, court.now) is None
    assert code(court, NOBODY, answer_notice, late.secret, YES) == "link.closed"
    leader = court.do(court.duty, invite_leader, call_id, court.leader)
    fresh = invite(court, call_id)
    assert code(court, NOBODY, answer_notice, leader.secret, YES) == "link.closed"
    assert code(court, NOBODY, enter_waiting_room, fresh.secret) == "link.closed"
    with pytest.raises(NotFound):
        court.do(NOBODY, use_link, fresh.secret, Lasts())
    assert code(court, SYSTEM, make_link, Purpose.PARTY) == "link.for_whom"
    assert court.do(NOBODY, answer_notice, fresh.secret, YES), "whatever others tried, he still gets in"


def test_who_does_not_agree_is_nowhere_and_nothing_but_that_is_kept(court: SmallCourt) -> None:
    call_id = talk(court)
    invitation = invite(court, call_id)
    assert court.do(NOBODY, answer_notice, invitation.secret, NO) is None
    assert row(court, invitation.participant_id).state == "REFUSED"
    with court.database.reading() as session:
        guest = session.get_one(PartyGuestRow, invitation.participant_id)
        assert (guest.consented_at, guest.declined_at is not None) == (None, True)
        assert session.scalars(select(SessionRow).where(SessionRow.kind == "PARTY")).all() == []
    assert kinds(court)[-1] == "call.party_declined"
    assert code(court, NOBODY, answer_notice, invitation.secret, YES) == "link.closed"
    assert code(court, court.duty, admit_party, invitation.participant_id) == "join.not_waiting"


def test_the_fifth_wrong_digits_end_it(court: SmallCourt) -> None:
    call_id = talk(court)
    invitation = invite(court, call_id)
    guest = consent(court, invitation)
    wrong = "0000" if invitation.digits != "0000" else "1111"
    for _ in range(TRIES):
        assert not court.do(guest, type_digits, wrong)
    assert row(court, invitation.participant_id).state == "REFUSED"
    assert kinds(court).count("call.party_refused") == 1
    assert code(court, guest, type_digits, invitation.digits) == "join.not_waiting"


def test_the_desk_mutes_and_asks_out_and_both_bite_at_once(court: SmallCourt) -> None:
    call_id = talk(court)
    invitation, guest = come_in(court, call_id)
    desk = str(StreamName(call_id, part(court, call_id, "DESK")))
    court.do(SYSTEM, media_began, call_id, invitation.participant_id)
    assert court.do(court.duty, mute_party, invitation.participant_id)
    assert row(court, invitation.participant_id).media == "NONE", "nobody goes on showing his last picture"
    assert not court.do(court.duty, mute_party, invitation.participant_id)
    assert code(court, guest, claim_media, call_id, "publish") == "media.no_right"
    assert str(court.do(guest, claim_media, call_id, "view", desk).stream) == desk, "he still hears"
    assert seen(court, guest)["me"]["muted"]
    assert court.do(court.duty, unmute_party, invitation.participant_id)
    assert court.do(guest, claim_media, call_id, "publish").participant_id == invitation.participant_id
    assert court.do(court.duty, refuse_party, invitation.participant_id)
    assert code(court, guest, claim_media, call_id, "view", desk) == "media.not_admitted"
    assert code(court, court.duty, mute_party, invitation.participant_id) == "party.not_in"
    assert _session(court, guest).closed_at is not None


def _session(court: SmallCourt, guest: Actor) -> SessionRow:
    with court.database.reading() as session:
        return session.get_one(SessionRow, guest.session_id)


@pytest.mark.parametrize("how", ["leaves", "call ends"])
def test_what_is_over_leaves_him_nothing(court: SmallCourt, how: str) -> None:
    call_id = talk(court)
    invitation, guest = come_in(court, call_id)
    if how == "leaves":
        assert court.do(guest, leave_as_guest)
    else:
        court.do(court.duty, end_call, call_id)
    assert row(court, invitation.participant_id).state == "LEFT"
    assert _session(court, guest).closed_at is not None
    assert code(court, guest, claim_media, call_id, "publish").startswith("media.")
    assert "talk" not in seen(court, guest)


def test_his_telephone_may_sleep_without_his_leaving(court: SmallCourt) -> None:
    call_id = talk(court)
    invitation, _ = come_in(court, call_id)
    assert not court.do(SYSTEM, stop_watching, call_id, invitation.participant_id)
    assert row(court, invitation.participant_id).state == "IN"


def test_only_a_party_of_the_calls_own_case_is_asked_and_only_while_somebody_of_the_court_is_there(court: SmallCourt) -> None:
    call_id = talk(court)
    court.later(1)
    court.file_case(OTHER_CASE, parties=court.debtors())
    with court.database.reading() as session:
        listed = parties_of(session, court.duty, call_id)
        every = set(session.scalars(select(CasePartyRow.id)))
    own = {one["id"] for one in listed}
    assert [one["kind"] for one in listed] == ["APPLICANT", "DEBTOR", "DEBTOR"]
    assert {one["who"] for one in listed} == {"某建材公司", "张某甲", "张某乙"}
    for foreign in every - own:
        assert code(court, court.duty, invite_party, call_id, foreign) == "party.other_case"
    assert code(court, court.duty, invite_party, call_id, ulid()) == "not_found.party"
    for nobody in (court.phone, court.technical, court.inspector):
        assert code(court, nobody, invite_party, call_id, party(court)) == "identity.not_permitted"
        with court.database.reading() as session, pytest.raises(CommandCentreError):
            parties_of(session, nobody, call_id)
    waiting = invite(court, call_id)
    court.do(court.duty, end_call, call_id)
    assert code(court, court.duty, invite_party, call_id, party(court)) == "call.not_talking"
    assert code(court, NOBODY, answer_notice, waiting.secret, YES) in ("link.closed", "join.no_call")


def test_a_call_without_a_case_of_ours_has_no_party(court: SmallCourt) -> None:
    call_id = talk(court, case_no=None)
    court.file_case(parties=court.debtors())
    with court.database.reading() as session:
        assert parties_of(session, court.duty, call_id) == []
    assert code(court, court.duty, invite_party, call_id, party(court)) == "party.other_case"


def test_a_leaders_verbs_do_not_take_a_party_nor_the_other_way_round(court: SmallCourt) -> None:
    call_id = talk(court)
    invitation = invite(court, call_id)
    leader = court.do(court.duty, invite_leader, call_id, court.leader)
    assert code(court, court.duty, admit_leader, invitation.participant_id) == "join.no_leader"
    assert code(court, court.duty, refuse_leader, invitation.participant_id) == "join.no_leader"
    for verb in (admit_party, refuse_party, mute_party):
        assert code(court, court.duty, verb, leader.participant_id) == "party.no_party"


def test_a_report_that_names_the_parties_anew_does_not_break_a_talk(court: SmallCourt) -> None:
    call_id = talk(court)
    invitation, _ = come_in(court, call_id)
    court.file_case(parties=court.debtors()[:1])
    court.do(court.duty, refuse_party, invitation.participant_id)
    assert court.do(court.duty, read_sheet, invitation.participant_id).facts["party"] == "张演三"


# --- the record -------------------------------------------------------------------------------------------------------------------


def ended(court: SmallCourt) -> tuple[str, str]:
    call_id = talk(court)
    court.later(5)
    invitation, guest = come_in(court, call_id)
    recording = ulid()
    court.do(SYSTEM, begin_recording, recording, str(StreamName(call_id, invitation.participant_id)), call_id)
    court.do(SYSTEM, keep_segment, recording, Segment(1, "webm", court.now, 1000, 10, "ab" * 32))
    court.do(SYSTEM, end_recording, recording, court.now, "over")
    court.later(60)
    court.do(guest, leave_as_guest)
    return call_id, invitation.participant_id


def complete(court: SmallCourt, participant_id: str, explained: str = "已说明腾退期限\n已说明后果", **more: Any) -> int:
    return court.do(court.duty, complete_sheet, participant_id, explained, "同意今日交钥匙", **more)


def read(court: SmallCourt, participant_id: str) -> Book:
    return court.do(court.inspector, read_sheet, participant_id)


def test_the_record_holds_what_the_system_knows_and_what_was_typed(court: SmallCourt) -> None:
    _, participant_id = ended(court)
    assert complete(court, participant_id) == 1
    (version,) = read(court, participant_id).versions
    facts = version.sheet.facts
    assert (facts["case_no"], facts["party"], facts["party_kind"]) == (CASE_NO, "张演三", "DEBTOR")
    assert facts["took_part"] == ["法官", "法官"]
    assert facts["invited_at"] <= facts["notice_at"] <= facts["consented_at"] <= facts["joined_at"] < facts["left_at"]
    assert facts["recordings"] == [{"title": None, "ended": True, "sha256": sheets.of_recording(["ab" * 32])}]
    assert version.sheet.explained == ("已说明腾退期限", "已说明后果")
    assert version.intact
    assert version.by == "法官"
    with court.database.reading() as session:
        kept = session.scalars(select(TalkSheetRow)).one()
        entry = session.scalars(select(EntryRow).where(EntryRow.kind == "sheet.completed")).one()
        assert entry.payload["sha256"] == kept.sha256
        assert "张演三".encode() not in kept.content, "the name is sealed at rest"


def test_a_record_is_not_completed_while_he_is_there(court: SmallCourt) -> None:
    call_id = talk(court)
    invitation, _ = come_in(court, call_id)
    assert code(court, court.duty, complete_sheet, invitation.participant_id, "已说明", "同意") == "sheet.still_in"


def test_a_correction_is_a_new_version_and_the_former_stays_as_it_was(court: SmallCourt) -> None:
    _, participant_id = ended(court)
    complete(court, participant_id)
    assert code(court, court.duty, complete_sheet, participant_id, "再", "说", 1) == "sheet.why"
    assert code(court, court.duty, complete_sheet, participant_id, "再", "说") == "sheet.newer_version"
    assert complete(court, participant_id, "已说明腾退期限为七日", after=1, why="期限写漏") == 2
    first, second = read(court, participant_id).versions
    assert first.sheet.explained == ("已说明腾退期限", "已说明后果")
    assert (second.sheet.explained, second.sheet.why) == (("已说明腾退期限为七日",), "期限写漏")
    done = at_once(*(partial(complete, court, participant_id, "同时", after=2, why="再改") for _ in range(2)))
    assert sorted(type(each).__name__ for each in done) == ["TransitionRefused", "int"]


def test_every_look_leaves_a_trace_and_the_list_names_nobody_in_full(court: SmallCourt) -> None:
    call_id, participant_id = ended(court)
    complete(court, participant_id)
    read(court, participant_id)
    with court.database.reading() as session:
        traces = session.scalars(select(AuditRow).where(AuditRow.act == "read_sheet")).all()
        assert [(trace.actor_id, trace.object_id) for trace in traces] == [(court.auditor, participant_id)]
        (listed,) = talks(session, court.inspector)
    assert (listed.case_no, listed.party, listed.version, listed.state) == (CASE_NO, "张某甲", 1, "LEFT")
    for nobody in (court.phone, court.technical):
        assert code(court, nobody, read_sheet, participant_id) == "identity.not_permitted"
        assert code(court, nobody, complete_sheet, participant_id, "x", "y") == "identity.not_permitted"
    assert code(court, court.inspector, complete_sheet, participant_id, "x", "y") == "identity.not_permitted"
    assert code(court, court.duty, read_sheet, part(court, call_id, "FIELD")) == "party.no_party"

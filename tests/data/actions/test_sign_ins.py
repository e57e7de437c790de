"""The door says a seat and no name; who must not be there is taken off; it does not begin before pictures of somebody's own case."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from data.actions.attendees import flag_party, invite_attendee, note_photo_consent, purge_sign_ins, read_people, take_off
from data.actions.calls import place_call
from data.actions.cases import Party
from data.actions.clips import ask_rendering, cut_clip, keep_rendered, mask_clip, next_rendering
from data.actions.recordings import Segment, begin_recording, keep_segment
from data.actions.releases import certify_release, propose_release
from data.actions.room_help import ask_help, take_help
from data.actions.screenings import (
    Place,
    Plan,
    begin_screening,
    change_plan,
    invite_stage,
    open_check_in,
    open_stage,
    plan_screening,
    rest,
    set_programme,
    show_item,
    tick_materials,
)
from data.actions.sign_ins import Seat, check_in, leave, undo_check_in
from data.errors import AlreadyOwned, BadInput, CommandCentreError, NotPermitted, RuleBroken
from data.journal import entries_after
from data.queries import people
from data.queries.people import Counts, Wanted
from data.queries.released import stage
from data.queries.screenings import one_screening
from data.queries.wall import sight_of
from data.rules.cases import CaseEvent
from data.rules.missions import MissionStep
from data.rules.permissions import NOBODY, SYSTEM, Clearance, Role, Sight
from data.rules.screening import MATERIALS, ItemKind
from data.tables import AttendeeRow, AuditRow, CasePartyRow, CaseRow, ScreeningHelpRow
from tests.data.small_court import CASE_NO, COURT, SmallCourt, at_once, ulid

OTHER_NO = "（2026）岭0108执1873号"
DESK = Sight(Clearance.DESK, Role.DUTY, COURT)


def debtors(court: SmallCourt, case_no: str = CASE_NO) -> list[str]:
    with court.database.reading() as session:
        of = select(CasePartyRow.id).join(CaseRow, CaseRow.id == CasePartyRow.case_id)
        return list(session.scalars(of.where(CasePartyRow.kind == "DEBTOR", CaseRow.case_no == case_no).order_by(CasePartyRow.id)))


def counts(court: SmallCourt, screening: str) -> Counts:
    with court.database.reading() as session:
        return people.counts(session, DESK, screening)


def codes(court: SmallCourt, screening: str) -> list[str]:
    return [each.code or "" for each in court.do(court.duty, read_people, screening)]


def refused(court: SmallCourt, *asked: object) -> str:
    with pytest.raises(CommandCentreError) as error:
        court.do(court.duty, *asked)  # type: ignore[arg-type]
    return error.value.code


@pytest.fixture
def screening(court: SmallCourt) -> str:
    court.file_case(parties=court.debtors())
    made = court.do(court.duty, plan_screening, "一月警示教育")
    for party in debtors(court):
        court.do(court.duty, invite_attendee, made, party)
    return made


def test_a_code_lets_one_person_in_and_the_door_says_a_seat(court: SmallCourt, screening: str) -> None:
    first, second = codes(court, screening)
    assert refused(court, check_in, screening, first) == "attendee.door_not_open"
    court.do(court.duty, open_check_in, screening)
    assert counts(court, screening) == Counts(0, 2)
    assert court.do(court.duty, check_in, screening, f" {second[:4].lower()}-{second[4:]}\n").seat == 1
    assert refused(court, check_in, screening, second) == "attendee.present"
    assert court.do(court.duty, check_in, screening, first).seat == 2
    assert counts(court, screening) == Counts(2, 2)
    assert court.do(court.duty, leave, screening, "1") == 1
    assert refused(court, leave, screening, "1") == refused(court, leave, screening, "77") == "attendee.seat_free"
    assert counts(court, screening) == Counts(1, 2)
    back = court.do(court.duty, check_in, screening, second)
    assert (back.seat, back.back) == (1, True)
    assert refused(court, undo_check_in, screening, 1) == "attendee.not_last"
    court.do(court.duty, undo_check_in, screening, 2)
    assert counts(court, screening) == Counts(1, 2)
    assert court.do(court.duty, check_in, screening, first).seat == 2, "the seat is free again"


@pytest.mark.parametrize(
    ("typed", "code"), [("", "code_form"), ("AAAABBBB", "code_form"), ("ACDE-FHJK", "code_unknown"), ("1" * 900, "code_form")]
)
def test_what_is_no_code_of_ours_gets_a_sentence(court: SmallCourt, screening: str, typed: str, code: str) -> None:
    court.do(court.duty, open_check_in, screening)
    assert refused(court, check_in, screening, typed) == f"attendee.{code}"


def test_two_doors_at_once_never_give_one_seat_twice(court: SmallCourt, screening: str) -> None:
    first, second = codes(court, screening)
    court.do(court.duty, open_check_in, screening)

    def come(code: str) -> Callable[[], Seat]:
        return lambda: court.do(court.duty, check_in, screening, code)

    answers = at_once(come(first), come(second), come(first), come(second))
    assert sorted(each.seat for each in answers if isinstance(each, Seat)) == [1, 2]
    assert [each.code for each in answers if isinstance(each, RuleBroken)] == ["attendee.present"] * 2


def test_a_code_of_another_session_and_a_withdrawn_one_open_nothing(court: SmallCourt, screening: str) -> None:
    other = court.do(court.duty, plan_screening, "二月警示教育")
    court.do(court.duty, invite_attendee, other, debtors(court)[0])
    withdrawn = codes(court, screening)[0]
    court.do(court.duty, open_check_in, screening)
    assert refused(court, check_in, screening, codes(court, other)[0]) == "attendee.other_session"
    court.do(court.duty, take_off, court.do(court.duty, read_people, screening)[0].id)
    assert refused(court, check_in, screening, withdrawn) == "attendee.code_unknown"


def test_who_is_flagged_afterwards_is_taken_off_and_cannot_be_asked_again(court: SmallCourt, screening: str) -> None:
    first, second = debtors(court)
    court.do(court.duty, flag_party, first, False, True)
    assert [each.party_id for each in court.do(court.duty, read_people, screening)] == [second]
    assert refused(court, invite_attendee, screening, first) == "attendee.unfit"
    with court.database.reading() as session:
        listed = people.candidates(session, DESK, screening, Wanted()).shown
        assert [(each.party_id, each.barred) for each in listed] == [(first, "UNFIT")]
        trace = session.scalars(select(AuditRow).where(AuditRow.act == "flag_party")).one()
        assert (trace.object_id, trace.fields) == (first, ["minor:false", "unfit:true"])
        assert "unfit" not in str([entry.payload for entry in entries_after(session, 0) if entry.kind == "case.party_flagged"])


def test_the_case_system_takes_off_who_is_a_minor_and_who_is_no_debtor_any_more(court: SmallCourt, screening: str) -> None:
    court.do(court.duty, flag_party, debtors(court)[1], True, False)
    assert len(codes(court, screening)) == 1
    court.later(1)
    court.report(CaseEvent.NODE, node=3, parties=court.debtors())
    assert len(codes(court, screening)) == 1, "the same person, though his row is another one now"
    with court.database.reading() as session:
        known = {each.party_id: each.minor for each in people.candidates(session, DESK, screening, Wanted()).shown}
    assert known == {debtors(court)[1]: True}, "what the desk has set stays"
    court.later(1)
    applicant, first, second = court.debtors()
    court.report(CaseEvent.NODE, node=4, parties=[applicant, replace(first, minor=True), second])
    assert codes(court, screening) == []
    court.later(1)
    court.report(CaseEvent.NODE, node=5, parties=[applicant, replace(first, minor=False), second])
    court.do(court.duty, invite_attendee, screening, debtors(court)[0])
    court.later(1)
    court.report(CaseEvent.NODE, node=6, parties=[applicant, Party(kind="THIRD_PARTY", name=first.name)])
    assert codes(court, screening) == []
    with court.database.reading() as session:
        assert [row.taken_off_why for row in session.scalars(select(AttendeeRow).order_by(AttendeeRow.number))] == [
            "MINOR",
            "MINOR",
            "NO_PARTY",
        ]


def test_whose_case_is_closed_need_not_come_and_who_has_come_has_come(court: SmallCourt, screening: str) -> None:
    court.do(court.duty, open_check_in, screening)
    court.do(court.duty, check_in, screening, codes(court, screening)[0])
    court.later(1)
    court.report(CaseEvent.CLOSED, closing_kind="FULLY")
    assert [each.name for each in court.do(court.duty, read_people, screening)] == ["张演三"]
    with court.database.reading() as session:
        assert people.candidates(session, DESK, screening, Wanted()).shown == []


def test_names_are_read_by_the_host_alone_and_leave_a_trace(court: SmallCourt, screening: str) -> None:
    read = court.do(court.duty, read_people, screening)
    assert [each.name for each in read] == ["张演三", "张测四"]
    with court.database.reading() as session:
        assert session.scalars(select(AuditRow.object_id).where(AuditRow.act == "read_people")).all() == [screening]
        for role in (Role.TECHNICAL, Role.INSPECTOR, Role.WALL):
            with pytest.raises(NotPermitted):
                people.candidates(session, sight_of(replace(court.technical, role=role), court_code=COURT), screening, Wanted())
    for actor in (court.technical, court.inspector, court.phone):
        with pytest.raises(NotPermitted):
            court.do(actor, read_people, screening)


def test_small_sums_stand_first_and_filters_hold(court: SmallCourt, screening: str) -> None:
    parties = [Party(kind="APPLICANT", name="甲公司", natural=False), Party(kind="DEBTOR", name="王样一")]
    for number, claim, area in ((1873, 900_000_00, "C0102"), (1874, 3_000_00, "C0101")):
        court.file_case(
            f"（2026）岭0108执{number}号", parties=parties, claim_cents=claim, recovered_cents=1, area_id=area, cause="借款合同纠纷"
        )

    def listed(wanted: Wanted, of: str = screening) -> list[tuple[str, tuple[str, ...]]]:
        with court.database.reading() as session:
            return [(each.case_no[-5:], each.why) for each in people.candidates(session, DESK, of, wanted).shown]

    assert listed(Wanted()) == [("1874号", ("SMALL", "PAID", "LOCAL")), ("1873号", ("PAID", "LOCAL"))]
    assert listed(Wanted(area_id="C0102")) == listed(Wanted())[1:]
    assert listed(Wanted(most_cents=10_000_00)) == listed(Wanted())[:1]
    assert listed(Wanted(cause="买卖合同纠纷")) == []
    like = court.do(court.duty, plan_screening, "类案", Plan("LIKE_CASE", "买卖合同纠纷"))
    assert len(listed(Wanted(), like)) == 2, "of its cause only"
    assert refused(court, invite_attendee, like, debtors(court, OTHER_NO)[0]) == "attendee.other_cause"


def test_a_plan_changes_until_it_begins_and_keeps_to_who_is_invited(court: SmallCourt, screening: str) -> None:
    held_at = court.now + timedelta(days=2)
    court.do(court.duty, change_plan, screening, Plan(held_at=held_at, place="二楼报告厅"))
    with court.database.reading() as session:
        view = one_screening(session, DESK, screening, court.now)
    assert (view.held_at, view.place, view.kind) == (held_at, "二楼报告厅", "SCREENING")
    assert refused(court, change_plan, screening, Plan("LIKE_CASE", "借款合同纠纷")) == "attendee.other_cause"
    assert refused(court, change_plan, screening, Plan("LIKE_CASE")) == "screening.cause"
    court.do(court.duty, take_off, court.do(court.duty, read_people, screening)[0].id)
    court.do(court.duty, invite_attendee, screening, debtors(court)[0], "SUMMONS", held_at - timedelta(hours=4))
    assert refused(court, change_plan, screening, Plan(held_at=held_at - timedelta(hours=4))) == "attendee.not_apart"


def released(court: SmallCourt, call_id: str | None) -> str:
    recording_id = ulid()
    court.do(SYSTEM, begin_recording, recording_id, "s", call_id)
    court.do(SYSTEM, keep_segment, recording_id, Segment(1, "webm", court.now, 60_000, 8_000_000, "cd" * 32))
    began = court.now
    court.later(60)
    clip = court.do(court.duty, cut_clip, recording_id, began, began + timedelta(seconds=20), "腾退", None, "EVICTION")
    court.do(court.duty, mask_clip, clip, {}, False)
    court.do(court.duty, ask_rendering, clip)
    wanted = court.do(SYSTEM, next_rendering)
    assert wanted is not None
    court.do(SYSTEM, keep_rendered, clip, "ab" * 32, 1_000, 20_000, [each[3] for each in wanted.files])
    release = court.do(court.duty, propose_release, clip, "SCREENING")
    for actor in (court.duty, court.president):
        court.do(actor, certify_release, release, "ab" * 32)
    return release


def test_it_does_not_begin_before_the_pictures_of_somebody_s_own_case(court: SmallCourt, screening: str) -> None:
    court.assign()
    court.move(MissionStep.DEPARTED)
    call_id = ulid()
    court.do(court.phone, place_call, call_id, court.now)
    release = released(court, call_id)
    court.do(court.duty, set_programme, screening, [Place(title="法律"), Place(release_id=release)])
    court.do(NOBODY, open_stage, court.do(court.duty, invite_stage, screening))
    assert refused(court, begin_screening, screening) == "screening.check_in_first"
    court.do(court.duty, open_check_in, screening)
    assert refused(court, begin_screening, screening) == "screening.materials"
    court.do(court.duty, tick_materials, screening, MATERIALS)
    with pytest.raises(RuleBroken) as error:
        court.do(court.duty, begin_screening, screening)
    assert (error.value.code, error.value.params) == ("screening.shared", {"position": 2, "number": 1})
    with court.database.reading() as session:
        shared = people.shared_with_clips(session, DESK, court.journal.sealing, screening)
    assert [(each.position, each.attendee, each.what) for each in shared] == [(2, 1, "CASE"), (2, 2, "CASE")]
    for each in court.do(court.duty, read_people, screening):
        court.do(court.duty, take_off, each.id)
    court.file_case(
        OTHER_NO,
        parties=[Party(kind="APPLICANT", name="清溪区宏达建材有限公司", natural=False), Party(kind="DEBTOR", name="王样一")],
        area_id="C0102",
    )
    court.do(court.duty, invite_attendee, screening, debtors(court, OTHER_NO)[0])
    assert refused(court, begin_screening, screening) == "screening.shared", "his creditor is in the picture's case"
    court.do(court.duty, set_programme, screening, [Place(title="法律")])
    court.do(court.duty, begin_screening, screening)


def test_a_recording_without_a_call_is_of_what_its_unit_was_out_for(court: SmallCourt, screening: str) -> None:
    release = released(court, None)
    court.do(court.duty, set_programme, screening, [Place(release_id=release)])
    with court.database.reading() as session:
        assert people.shared_with_clips(session, DESK, court.journal.sealing, screening) == [], "of nobody's unit"


def test_a_call_outside_of_any_mission_is_of_what_the_team_was_out_for_then(court: SmallCourt, screening: str) -> None:
    call_id = ulid()
    court.do(court.phone, place_call, call_id, court.now)
    before = released(court, call_id)
    court.do(court.duty, set_programme, screening, [Place(release_id=before)])
    with court.database.reading() as session:
        assert people.shared_with_clips(session, DESK, court.journal.sealing, screening) == [], "the team was out for nothing"
    court.later(60)
    court.assign()
    court.move(MissionStep.DEPARTED)
    court.later(60)
    meanwhile = released(court, call_id)
    court.do(court.duty, set_programme, screening, [Place(release_id=before), Place(title="法律"), Place(release_id=meanwhile)])
    with court.database.reading() as session:
        shared = people.shared_with_clips(session, DESK, court.journal.sealing, screening)
    assert [(each.position, each.attendee, each.what) for each in shared] == [(3, 1, "CASE"), (3, 2, "CASE")]


def test_a_break_is_the_court_s_card_that_says_so(court: SmallCourt) -> None:
    screening = court.do(court.duty, plan_screening, "一月")
    court.do(court.duty, set_programme, screening, [Place(title="法律")])
    opened = court.do(NOBODY, open_stage, court.do(court.duty, invite_stage, screening))
    assert refused(court, rest, screening) == "screening.state"
    court.do(court.duty, begin_screening, screening)
    court.do(court.duty, rest, screening)
    audience = Sight(Clearance.STAGE, Role.STAGE, COURT, positions=False)
    with court.database.reading() as session:
        seen = stage(session, audience, opened.session_id, court.now)
    assert seen is not None
    assert seen.item is not None
    assert seen.item.kind is ItemKind.REST
    court.do(court.duty, show_item, screening, 0)
    with court.database.reading() as session:
        seen = stage(session, audience, opened.session_id, court.now)
    assert seen is not None
    assert seen.item is not None
    assert seen.item.kind is ItemKind.CARD


def test_of_two_who_go_one_is_first_and_a_second_press_is_no_second_cry(court: SmallCourt, screening: str) -> None:
    assert court.do(court.duty, ask_help, screening)
    assert not court.do(court.duty, ask_help, screening)
    with court.database.reading() as session:
        help_id = session.scalars(select(ScreeningHelpRow.id)).one()
    assert court.do(court.commander, take_help, help_id)
    assert not court.do(court.commander, take_help, help_id)
    with pytest.raises(AlreadyOwned):
        court.do(court.duty, take_help, help_id)
    with court.database.reading() as session:
        told = people.newest_help(session, DESK, screening)
    assert told is not None
    assert told.by == "郑局长"
    assert court.do(court.duty, ask_help, screening), "taken, and needed again"


def test_after_two_years_it_is_forgotten_who_it_was_and_not_how_many(court: SmallCourt, screening: str) -> None:
    court.do(court.duty, open_check_in, screening)
    court.do(court.duty, check_in, screening, codes(court, screening)[0])
    court.do(court.duty, note_photo_consent, court.do(court.duty, read_people, screening)[0].id, False)
    with court.database.reading() as session:
        assert people.sign_ins_to_forget(session, court.later(729 * 86_400) - timedelta(days=730)) == []
    with pytest.raises(RuleBroken):
        court.do(SYSTEM, purge_sign_ins, screening)
    court.later(2 * 86_400)
    assert court.do(SYSTEM, purge_sign_ins, screening) == 2
    assert court.do(SYSTEM, purge_sign_ins, screening) == 0
    with court.database.reading() as session:
        rows = session.scalars(select(AttendeeRow)).all()
        assert people.sign_ins_to_forget(session, court.now) == []
        assert [entry.payload["count"] for entry in entries_after(session, 0) if entry.kind == "screening.sign_ins_purged"] == [2]
    assert {(row.name, row.case_id, row.party_id, row.code_hash, row.seat, row.masked, row.photo_consent) for row in rows} == {
        (None, None, None, None, None, "", None)
    }
    assert counts(court, screening) == Counts(1, 2)


def test_what_is_not_on_the_list_is_not_ticked(court: SmallCourt, screening: str) -> None:
    with pytest.raises(BadInput):
        court.do(court.duty, tick_materials, screening, ["MUSIC"])


def test_nobody_is_left_out_beyond_the_first_page(court: SmallCourt) -> None:
    debtors = [Party(kind="DEBTOR", name=f"赵演{place}") for place in range(230)]
    court.file_case(parties=debtors)
    screening = court.do(court.duty, plan_screening, "一月")
    seen: list[str] = []
    with court.database.reading() as session:
        for page, size in ((1, 100), (2, 100), (3, 30)):
            found = people.candidates(session, DESK, screening, Wanted(page=page))
            assert (found.total, found.page, found.pages, found.first, len(found.shown)) == (230, page, 3, len(seen) + 1, size)
            seen += [each.party_id for each in found.shown]
        assert people.candidates(session, DESK, screening, Wanted(page=99)).page == 3
        assert people.candidates(session, DESK, screening, Wanted(said="没有这个案号")).total == 0
    assert len(set(seen)) == 230

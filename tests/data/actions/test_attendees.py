"""People are invited for a case of theirs, under a number; who must not be asked is not, and nobody twice."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from data.actions.attendees import invite_attendee, take_off
from data.actions.screenings import plan_screening
from data.credentials import digest
from data.errors import NotPermitted, RuleBroken
from data.journal import entries_after
from data.tables import AttendeeRow, CasePartyRow
from tests.data.small_court import SmallCourt


def parties(court: SmallCourt, kind: str = "DEBTOR") -> list[str]:
    with court.database.reading() as session:
        return list(session.scalars(select(CasePartyRow.id).where(CasePartyRow.kind == kind).order_by(CasePartyRow.id)))


def attendee(court: SmallCourt, attendee_id: str) -> AttendeeRow:
    with court.database.reading() as session:
        return session.get_one(AttendeeRow, attendee_id)


@pytest.fixture
def screening(court: SmallCourt) -> str:
    court.file_case(parties=court.debtors())
    return court.do(court.duty, plan_screening, "一月警示教育")


def test_an_invitation_says_nothing_of_who_it_is(court: SmallCourt, screening: str) -> None:
    first, second = parties(court)
    made = [court.do(court.duty, invite_attendee, screening, each) for each in (first, second)]
    rows = [attendee(court, each) for each in made]
    assert [row.number for row in rows] == [1, 2]
    code = court.journal.sealing.open(rows[0].code)
    assert code is not None
    assert (rows[0].code_hash, rows[0].masked) == (digest(code), "张某甲")
    assert court.journal.sealing.open(rows[0].name) == "张演三"
    with court.database.reading() as session:
        told = str([entry.payload for entry in entries_after(session, 0) if entry.kind.startswith("attendee.")])
    assert "attendee_id" in told
    assert not any(name in told for name in ("张演三", "张测四", code, first))


def test_who_was_taken_off_can_be_asked_again_under_another_number(court: SmallCourt, screening: str) -> None:
    party = parties(court)[0]
    made = court.do(court.duty, invite_attendee, screening, party)
    with pytest.raises(RuleBroken) as refused:
        court.do(court.duty, invite_attendee, screening, party)
    assert refused.value.code == "attendee.invited"
    assert court.do(court.duty, take_off, made)
    assert not court.do(court.duty, take_off, made)
    assert (attendee(court, made).code, attendee(court, made).code_hash) == (None, None)
    again = court.do(court.duty, invite_attendee, screening, party, "SUMMONS", court.now + timedelta(days=1))
    assert attendee(court, again).number == 2


def test_no_applicant_and_nobody_without_the_right(court: SmallCourt, screening: str) -> None:
    with pytest.raises(RuleBroken) as refused:
        court.do(court.duty, invite_attendee, screening, parties(court, "APPLICANT")[0])
    assert refused.value.code == "attendee.not_debtor"
    for actor in (court.technical, court.inspector, court.phone):
        with pytest.raises(NotPermitted):
            court.do(actor, invite_attendee, screening, parties(court)[0])

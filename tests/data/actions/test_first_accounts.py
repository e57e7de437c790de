"""Somebody's first account: nobody alone gets the password of a desk that is worth something, now or when its owner has grown."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from data.actions.accounts import first_account, set_password
from data.actions.first_accounts import ask_for_account, confirm_account
from data.actions.joint import drop_joint
from data.actions.organisation import add_officer
from data.actions.role_changes import confirm_role, propose_role
from data.actions.sessions import open_for_officer
from data.actions.sign_in_links import ask_for_link
from data.actions.workbook import bring_in
from data.engines import Database
from data.errors import CommandCentreError
from data.identity import check_password
from data.rules.joint import Joint
from data.rules.permissions import SYSTEM, Actor, Role
from data.tables import AccountRow, AuditRow, CaseRow, JointRow, LinkRow, OfficerRow, SessionRow
from tests.small_court import COURT, NOW, SmallCourt, found, officer_id, somebody

FIRST = somebody(Role.TECHNICAL)
SECOND = replace(FIRST, id=officer_id(Role.UPPER), officer_id=officer_id(Role.UPPER))
JUDGE, FIELD = officer_id(Role.JUDGE), officer_id(Role.FIELD)


@pytest.fixture
def court(database: Database, tmp_path: Path) -> SmallCourt:
    return found(database, tmp_path / "keys")


def do(court: SmallCourt, by: Actor, action: Any, *given: Any) -> Any:
    return court.journal.do(by, court.now(), action, *given)


def refused(court: SmallCourt, by: Actor, action: Any, *given: Any) -> str:
    with pytest.raises(CommandCentreError) as error:
        do(court, by, action, *given)
    return error.value.code


def waiting(court: SmallCourt) -> list[str]:
    with court.database.reading() as session:
        return list(session.scalars(select(JointRow.id).where(JointRow.what == Joint.FIRST_ACCOUNT, JointRow.state == "PROPOSED")))


def has_account(court: SmallCourt, officer: str) -> bool:
    with court.database.reading() as session:
        return session.get(AccountRow, officer) is not None


def newcomer(court: SmallCourt) -> str:
    return str(do(court, FIRST, add_officer, "方演", "法警", Role.FIELD))


def test_the_first_account_of_an_office_takes_two_and_the_second_is_told_its_password(court: SmallCourt) -> None:
    assert do(court, FIRST, ask_for_account, JUDGE, "fangyan") is None
    assert do(court, FIRST, ask_for_account, JUDGE, "fangyan") is None
    [joint] = waiting(court)
    assert not has_account(court, JUDGE)
    assert refused(court, FIRST, confirm_account, joint) == "joint.same_person"
    assert refused(court, somebody(Role.COMMANDER), confirm_account, joint) == "identity.not_permitted"
    account = do(court, SECOND, confirm_account, joint)
    assert check_password(court.database, "fangyan", account.password) is not None
    assert refused(court, SECOND, confirm_account, joint) == "joint.decided"
    with court.database.reading() as session:
        traces = session.scalars(select(AuditRow).where(AuditRow.act == "joint").order_by(AuditRow.id)).all()
    assert [(each.result, each.object_kind, each.object_id) for each in traces] == [
        ("proposed", "officer", JUDGE), ("confirmed", "officer", JUDGE),
    ]  # fmt: skip
    assert not any("fangyan" in f"{each.object_id}{each.fields}" for each in traces)


def test_nobody_confirms_his_own_and_it_can_be_refused(court: SmallCourt) -> None:
    do(court, FIRST, ask_for_account, officer_id(Role.UPPER), "shangji")
    [joint] = waiting(court)
    assert refused(court, SECOND, confirm_account, joint) == "joint.about_him"
    do(court, SECOND, drop_joint, joint)
    assert (waiting(court), has_account(court, officer_id(Role.UPPER))) == ([], False)


def test_what_cannot_be_an_account_is_refused_before_anybody_is_asked(court: SmallCourt) -> None:
    do(court, SYSTEM, first_account, JUDGE, "taken")
    for officer, name, code in (
        (JUDGE, "again", "identity.account_exists"), (FIELD, "taken", "identity.username_taken"), (FIELD, "A B", "identity.bad_username"),
        ("no", "x", "not_found.officer"),
    ):  # fmt: skip
        assert refused(court, FIRST, ask_for_account, officer, name) == code
    assert waiting(court) == []


def test_the_least_role_without_work_is_opened_by_one_and_with_a_case_by_two(court: SmallCourt) -> None:
    assert do(court, FIRST, ask_for_account, newcomer(court), "xinren") is not None
    with Session(court.database.writes) as session, session.begin():
        session.add(CaseRow(
            id="01CASE00000000000000000000", court_code=COURT, case_no="（2026）岭0108执1号", cause="买卖合同纠纷", filed_at=NOW,
            stage="FILED", judge_id=FIELD, claim_cents=0, recovered_cents=0, changed_at=NOW,
        ))  # fmt: skip
    assert do(court, FIRST, ask_for_account, FIELD, "waiqin") is None
    assert do(court, FIRST, ask_for_link, FIELD) is None, "a link is the same way in"


def test_an_account_that_one_person_opened_ends_when_its_owner_gets_a_role(court: SmallCourt) -> None:
    """Else: open it while it is worth nothing, sign in, propose the role, and be an officer of the court when the second agrees."""
    officer = newcomer(court)
    account = do(court, FIRST, ask_for_account, officer, "xinren")
    session_id = do(court, SYSTEM, open_for_officer, officer, timedelta(hours=9), "link").session_id
    do(court, FIRST, ask_for_link, officer)
    do(court, SECOND, confirm_role, do(court, FIRST, propose_role, officer, "commander"))
    assert check_password(court.database, "xinren", account.password) is None
    with court.database.reading() as session:
        assert session.get_one(OfficerRow, officer).role == Role.COMMANDER
        assert session.get_one(SessionRow, session_id).closed_at is not None
        assert session.scalars(select(LinkRow).where(LinkRow.officer_id == officer, LinkRow.used_at.is_(None))).all() == []
    assert do(court, FIRST, ask_for_account, officer, "xinren") is None, "and is opened anew by two"


def test_one_that_two_people_or_the_machine_opened_goes_on(court: SmallCourt) -> None:
    officer, other = newcomer(court), newcomer(court)
    change = do(court, FIRST, propose_role, officer, "commander")
    assert do(court, FIRST, ask_for_account, officer, "xinren") is None, "the role awaits him"
    [joint] = waiting(court)
    do(court, SECOND, confirm_account, joint)
    do(court, SECOND, confirm_role, change)
    do(court, SYSTEM, first_account, other, "other")
    do(court, SECOND, confirm_role, do(court, FIRST, propose_role, other, "duty"))
    assert (has_account(court, officer), has_account(court, other)) == (True, True)


def test_nobody_but_the_machine_gives_another_a_password(court: SmallCourt) -> None:
    do(court, SYSTEM, first_account, JUDGE, "fangyan")
    assert refused(court, FIRST, set_password, JUDGE, "石桥边的第二棵老木棉 31") == "identity.not_permitted"


def test_a_file_opens_no_account_that_the_page_would_not(court: SmallCourt) -> None:
    people = [
        {"badge_no": "N1", "name": "甲演", "title": "法官", "role": "judge", "account": "jiayan"},
        {"badge_no": "N2", "name": "乙演", "title": "法警", "role": "field", "account": "yiyan"},
    ]
    given = [outcome.given and outcome.given[1] for outcome in do(court, FIRST, bring_in, "officers", people, "ab")]
    assert given == [None, "yiyan"]
    assert len(waiting(court)) == 1
    again = do(court, FIRST, bring_in, "officers", people, "ab")
    assert [outcome.done for outcome in again] == ["unchanged", "unchanged"]
    assert [outcome.given and outcome.given[1] for outcome in do(court, SYSTEM, bring_in, "officers", people, "ab")] == ["jiayan", None]

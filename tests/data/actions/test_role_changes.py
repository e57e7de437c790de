"""Roles: proposed by one, confirmed by another, neither of them himself, and not for ever."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from data.actions import accounts, organisation
from data.actions.role_changes import confirm_role, drop_role, let_back, propose_role
from data.engines import Database
from data.errors import BadInput, CommandCentreError, NotPermitted
from data.queries.administration import proposals
from data.rules.identity import Act
from data.rules.permissions import Actor, Role
from data.rules.two_people import LASTS
from data.tables import AuditRow, EntryRow, OfficerRow, RoleChangeRow
from tests.small_court import SmallCourt, found, officer_id, somebody

JUDGE = officer_id(Role.JUDGE)
FIRST = somebody(Role.TECHNICAL)
SECOND = replace(FIRST, id=officer_id(Role.UPPER), officer_id=officer_id(Role.UPPER))  # another person with the same right


@pytest.fixture
def court(database: Database, tmp_path: Path) -> SmallCourt:
    return found(database, tmp_path / "keys")


def role(court: SmallCourt, of: str = JUDGE) -> str:
    with court.database.reading() as session:
        return session.scalars(select(OfficerRow.role).where(OfficerRow.id == of)).one()


def proposed(court: SmallCourt, by: Actor = FIRST, of: str = JUDGE, wanted: str = "commander") -> str:
    return court.journal.do(by, court.now(), propose_role, of, wanted)


def refused(court: SmallCourt, by: Actor, change: str) -> str:
    with pytest.raises(CommandCentreError) as error:
        court.journal.do(by, court.now(), confirm_role, change)
    return error.value.code


def test_a_role_counts_when_a_second_person_confirms_it(court: SmallCourt) -> None:
    change = proposed(court)
    assert role(court) == Role.JUDGE
    assert refused(court, FIRST, change) == "role.same_person"
    assert refused(court, somebody(Role.COMMANDER), change) == "identity.not_permitted"
    court.journal.do(SECOND, court.now(), confirm_role, change)
    assert role(court) == Role.COMMANDER
    assert refused(court, SECOND, change) == "role.decided"
    with court.database.reading() as session:
        kinds = session.scalars(select(EntryRow.kind).order_by(EntryRow.seq)).all()
        traces = session.scalars(select(AuditRow).where(AuditRow.act == Act.CHANGE_ROLE).order_by(AuditRow.id)).all()
    assert [kind for kind in kinds if kind.startswith(("role.", "account."))] == ["role.proposed", "role.confirmed", "account.changed"]
    assert [(trace.result, trace.actor_id) for trace in traces] == [("proposed", FIRST.id), ("confirmed", SECOND.id)]
    assert traces[0].fields == ["from:judge", "to:commander"]


def test_nobody_decides_about_himself(court: SmallCourt) -> None:
    with pytest.raises(NotPermitted) as own:
        proposed(court, of=FIRST.officer_id or "")
    assert own.value.code == "role.own"
    change = proposed(court, by=SECOND, of=FIRST.officer_id or "")
    assert refused(court, FIRST, change) == "role.own"
    assert role(court, FIRST.officer_id or "") == Role.TECHNICAL


def test_what_nobody_confirmed_lapses_and_can_be_asked_for_anew(court: SmallCourt) -> None:
    change = proposed(court)
    court.later(LASTS.total_seconds())
    assert refused(court, SECOND, change) == "role.lapsed"
    with court.database.reading() as session:
        assert proposals(session, SECOND, court.now()) == []
    again = proposed(court)
    assert again != change
    assert state(court, change) == "LAPSED"
    court.journal.do(SECOND, court.now() + LASTS - timedelta(seconds=1), confirm_role, again)
    assert role(court) == Role.COMMANDER


def state(court: SmallCourt, change: str) -> str:
    with court.database.reading() as session:
        return session.scalars(select(RoleChangeRow.state).where(RoleChangeRow.id == change)).one()


def test_the_same_wish_is_one_proposal_and_another_wish_replaces_it(court: SmallCourt) -> None:
    change = proposed(court)
    assert proposed(court) == change
    other = proposed(court, wanted="duty")
    assert (state(court, change), state(court, other)) == ("WITHDRAWN", "PROPOSED")


@pytest.mark.parametrize(("by", "ends"), [(FIRST, "WITHDRAWN"), (SECOND, "REFUSED")])
def test_it_is_withdrawn_or_refused(court: SmallCourt, by: Actor, ends: str) -> None:
    change = proposed(court)
    court.journal.do(by, court.now(), drop_role, change)
    assert (state(court, change), role(court)) == (ends, Role.JUDGE)
    assert refused(court, SECOND, change) == "role.decided"


def test_a_role_that_changed_meanwhile_is_not_overwritten(court: SmallCourt) -> None:
    change = proposed(court)
    court.journal.do(court.system, court.now(), accounts.set_role, JUDGE, Role.DUTY)
    assert refused(court, SECOND, change) == "role.changed_meanwhile"
    assert role(court) == Role.DUTY


@pytest.mark.parametrize("wanted", ["wall", "device", "system", "director", "case_system", "nobody", "guest", "party", "stage", "", "root"])
def test_nobody_becomes_a_machine(court: SmallCourt, wanted: str) -> None:
    with pytest.raises(BadInput):
        proposed(court, wanted=wanted)


def test_no_other_verb_gives_a_role_by_one_person_alone(court: SmallCourt) -> None:
    with pytest.raises(NotPermitted):
        court.journal.do(FIRST, court.now(), accounts.set_role, JUDGE, Role.COMMANDER)
    with pytest.raises(NotPermitted):
        court.journal.do(FIRST, court.now(), organisation.add_officer, "方演", "法官", Role.LEADER)
    with pytest.raises(NotPermitted) as own:
        court.journal.do(FIRST, court.now(), accounts.disable, FIRST.officer_id or "")
    assert own.value.code == "identity.disable_own"


def test_who_comes_back_has_the_least_until_a_second_person_agrees(court: SmallCourt) -> None:
    court.journal.do(FIRST, court.now(), accounts.disable, JUDGE)
    court.journal.do(FIRST, court.now(), let_back, JUDGE)
    assert role(court) == Role.FIELD
    with court.database.reading() as session:
        [waiting] = proposals(session, SECOND, court.now())
    assert (waiting.wanted, waiting.mine) == (Role.JUDGE, False)
    court.journal.do(SECOND, court.now(), confirm_role, waiting.id)
    assert role(court) == Role.JUDGE

"""What two people do together: never the same one twice, never about oneself, once, in time; and which link one may make alone."""

from datetime import UTC, datetime, timedelta

import pytest

from data.errors import NotPermitted, RuleBroken, TransitionRefused
from data.rules.joint import VERB, Joint, Proposal, account_ends, check_confirmed, opens_desk_alone
from data.rules.permissions import ALLOWED, SYSTEM, Actor, Role
from data.rules.role_changes import LEAST, OF_PEOPLE
from data.rules.storage import Kept, shortens
from data.rules.two_people import LASTS, Decision

NOW = datetime(2026, 11, 23, 1, 38, tzinfo=UTC)


def proposal(what: Joint = Joint.MEDIA_KEY, about: str = "", state: Decision = Decision.PROPOSED) -> Proposal:
    return Proposal(what, about, "a", NOW + LASTS, state)


def test_every_act_has_its_right_and_two_people_can_have_it() -> None:
    assert set(VERB) == set(Joint)
    assert all(ALLOWED[verb] & OF_PEOPLE for verb in VERB.values())


@pytest.mark.parametrize("by", [None, "a"])
def test_whoever_proposed_it_and_nobody_confirm_nothing(by: str | None) -> None:
    with pytest.raises(NotPermitted):
        check_confirmed(proposal(), by, NOW)
    check_confirmed(proposal(), "b", NOW)


@pytest.mark.parametrize(("what", "about"), [(Joint.SIGN_IN_LINK, "b"), (Joint.FIRST_ACCOUNT, "b=chenjun")])
def test_nobody_confirms_his_own_way_in(what: Joint, about: str) -> None:
    with pytest.raises(NotPermitted) as refused:
        check_confirmed(proposal(what, about), "b", NOW)
    assert refused.value.code == "joint.about_him"


@pytest.mark.parametrize("state", [state for state in Decision if state is not Decision.PROPOSED])
def test_what_was_decided_is_decided(state: Decision) -> None:
    with pytest.raises(TransitionRefused):
        check_confirmed(proposal(state=state), "b", NOW)


def test_what_is_old_has_lapsed() -> None:
    with pytest.raises(RuleBroken):
        check_confirmed(proposal(), "b", NOW + LASTS)
    check_confirmed(proposal(), "b", NOW + LASTS - timedelta(seconds=1))


ADMIN = Actor(kind="OFFICER", id="a", role=Role.TECHNICAL, court_code="4401", officer_id="a")


@pytest.mark.parametrize("role", sorted(OF_PEOPLE - {LEAST}))
def test_no_one_person_opens_a_way_into_another_office(role: Role) -> None:
    def alone(actor: Actor, of: str, role: Role, has_factor: bool = False, has_work: bool = False) -> bool:
        return opens_desk_alone(actor, of, role, has_factor=has_factor, has_work=has_work)

    assert not alone(ADMIN, "b", role)
    assert alone(ADMIN, "b", role, has_factor=True), "it is worth nothing without a code of its owner"
    assert alone(ADMIN, "a", role), "his own"
    assert alone(SYSTEM, "b", role), "whoever runs the machine has the keys anyway"
    assert alone(ADMIN, "b", LEAST)
    assert not alone(ADMIN, "b", LEAST, has_work=True), "what is done at his desk is his word"


@pytest.mark.parametrize("role", sorted(OF_PEOPLE - {LEAST}))
def test_an_account_that_one_person_opened_does_not_grow_with_its_owner(role: Role) -> None:
    assert account_ends(LEAST, role, by_one=True, has_factor=False)
    assert not account_ends(LEAST, role, by_one=False, has_factor=False)
    assert not account_ends(LEAST, role, by_one=True, has_factor=True), "it is worth nothing without a code of its owner"
    assert not account_ends(role, LEAST, by_one=True, has_factor=False)


@pytest.mark.parametrize(
    ("before", "after", "is_shorter"),
    [((30, 184), (30, 184), False), ((30, 184), (60, 400), False), ((30, 184), (29, 184), True), ((30, 400), (60, 184), True)],
)
def test_one_shorter_time_is_enough(before: tuple[int, int], after: tuple[int, int], is_shorter: bool) -> None:
    assert shortens(Kept(*before), Kept(*after)) is is_shorter

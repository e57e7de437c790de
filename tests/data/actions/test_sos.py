"""Alarms: never lost, owned by one, closed by another than who raised them."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

import pytest

from data.actions.sos import acknowledge_sos, escalate_sos, raise_sos, resolve_sos, respond_sos
from data.actions.timers import run_due
from data.actions.units import begin_duty, end_duty
from data.errors import AlreadyOwned, BadInput, NotPermitted, RuleBroken, TransitionRefused
from data.journal import entries_after
from data.queries.timers import due
from data.rules.permissions import SYSTEM, Actor
from data.tables import DeviceRow, SosRow
from tests.data.small_court import SmallCourt, at_once, ulid


def cry(court: SmallCourt, at: datetime | None = None, actor: Actor | None = None) -> str:
    alarm = ulid()
    court.do(actor or court.phone, raise_sos, alarm, at or court.now, None, 54)
    return alarm


def row(court: SmallCourt, alarm: str) -> SosRow:
    with court.database.reading() as session:
        return session.get_one(SosRow, alarm)


def kinds(court: SmallCourt) -> list[str]:
    with court.database.reading() as session:
        return [entry.kind for entry in entries_after(session, 0) if entry.kind.startswith("sos.")]


def test_an_alarm_is_raised_on_duty_or_off_and_numbered(court: SmallCourt) -> None:
    assert court.do(court.phone, raise_sos, ulid(), court.now) == "求〔20261123〕001"
    court.do(court.phone_of_others, begin_duty, 1003, court.now)
    assert court.do(court.phone_of_others, raise_sos, ulid(), court.now) == "求〔20261123〕002"


def test_an_alarm_that_arrives_late_keeps_its_time(court: SmallCourt) -> None:
    raised = court.now - timedelta(hours=5)
    alarm = cry(court, raised)
    assert row(court, alarm).raised_at == raised
    assert row(court, alarm).received_at == court.now


@pytest.mark.parametrize("wrong", [timedelta(days=1), -timedelta(days=20_000)])
def test_no_wrong_clock_loses_an_alarm(court: SmallCourt, wrong: timedelta) -> None:
    assert row(court, cry(court, court.now + wrong)).raised_at == court.now


def test_sending_twice_and_at_once_is_one_alarm(court: SmallCourt) -> None:
    alarm = ulid()
    results = at_once(*[partial(court.do, court.phone, raise_sos, alarm, court.now)] * 4)
    assert results == ["求〔20261123〕001"] * 4
    assert kinds(court) == ["sos.raised"]


def test_holding_again_before_anybody_took_it_is_the_same_alarm_and_afterwards_a_new_one(court: SmallCourt) -> None:
    first = cry(court)
    cry(court)
    assert kinds(court) == ["sos.raised"]
    court.do(court.duty, acknowledge_sos, first)
    cry(court)
    assert kinds(court) == ["sos.raised", "sos.acknowledged", "sos.raised"]


def test_a_revoked_device_raises_nothing(court: SmallCourt) -> None:
    with court.journal.work(SYSTEM, court.now) as work:
        work.session.get_one(DeviceRow, 1).revoked_at = court.now
    with pytest.raises(NotPermitted):
        cry(court)
    with pytest.raises(NotPermitted):
        cry(court, actor=court.duty)


def test_two_consoles_acknowledge_at_once_and_one_owns_it(court: SmallCourt) -> None:
    for _ in range(5):
        alarm = cry(court)
        results = at_once(partial(court.do, court.duty, acknowledge_sos, alarm), partial(court.do, court.commander, acknowledge_sos, alarm))
        assert sorted(type(result).__name__ for result in results) == ["AlreadyOwned", "bool"]
        refused = next(result for result in results if isinstance(result, AlreadyOwned))
        assert refused.params["owner_id"] == row(court, alarm).owner_id
        court.do(court.duty, resolve_sos, alarm)
        court.later(1)
    assert kinds(court).count("sos.acknowledged") == 5


def test_who_raised_it_cannot_close_it(court: SmallCourt) -> None:
    own_phone = replace(court.phone, unit_no=1004, device_no=4, officer_id=court.duty_officer)
    alarm = cry(court, actor=own_phone)
    court.do(court.duty, acknowledge_sos, alarm)
    for actor, code in ((court.duty, "sos.own"), (own_phone, "identity.not_permitted")):
        with pytest.raises(NotPermitted) as refused:
            court.do(actor, resolve_sos, alarm)
        assert refused.value.code == code
    assert court.do(court.commander, resolve_sos, alarm) is True
    assert court.do(court.commander, resolve_sos, alarm) is False


def test_help_goes_only_after_somebody_has_taken_the_alarm(court: SmallCourt) -> None:
    alarm = cry(court)
    for verb in (respond_sos, resolve_sos):
        with pytest.raises(TransitionRefused) as refused:
            court.do(court.duty, verb, alarm)
        assert refused.value.code == "sos.not_owned"
    court.do(court.duty, acknowledge_sos, alarm)
    assert court.do(court.duty, respond_sos, alarm, court.other_team) is True
    assert court.do(court.duty, respond_sos, alarm, court.other_team) is False
    assert court.do(court.duty, resolve_sos, alarm, false_alarm=True) is True
    with pytest.raises(TransitionRefused):
        court.do(court.duty, resolve_sos, alarm)


def run_all(court: SmallCourt) -> list[bool]:
    with court.database.reading() as session:
        waiting = due(session, court.now)
    return [court.do(SYSTEM, run_due, one) for one in waiting]


def test_an_unowned_alarm_grows_louder_at_15_and_at_30_seconds(court: SmallCourt) -> None:
    alarm = cry(court)
    for seconds, level in ((14, 0), (1, 1), (10, 1), (5, 2), (600, 2)):
        court.later(seconds)
        run_all(court)
        assert row(court, alarm).level == level
    assert kinds(court) == ["sos.raised", "sos.escalated", "sos.escalated"]


def test_two_watches_escalate_once(court: SmallCourt) -> None:
    alarm = cry(court)
    court.later(15)
    with court.database.reading() as session:
        waiting = due(session, court.now)
    results = at_once(*[partial(court.do, SYSTEM, run_due, waiting[0])] * 3)
    assert sorted(map(bool, results)) == [False, False, True]
    assert row(court, alarm).level == 1


def test_an_owned_alarm_stays_as_loud_as_it_is(court: SmallCourt) -> None:
    alarm = cry(court)
    court.do(court.duty, acknowledge_sos, alarm)
    court.later(60)
    assert run_all(court) == []
    assert court.do(SYSTEM, escalate_sos, alarm, 1) is False
    with pytest.raises(BadInput):
        court.do(SYSTEM, escalate_sos, alarm, 7)


def test_duty_cannot_end_while_help_is_awaited(court: SmallCourt) -> None:
    court.do(court.phone, begin_duty, 1001, court.now)
    alarm = cry(court)
    with pytest.raises(RuleBroken) as refused:
        court.do(court.phone, end_duty, 1001, "asked", court.now)
    assert refused.value.code == "duty.open_sos"
    court.do(court.duty, acknowledge_sos, alarm)
    court.do(court.duty, resolve_sos, alarm)
    assert court.do(court.phone, end_duty, 1001, "asked", court.now) is True


@pytest.mark.parametrize("verb", [acknowledge_sos, respond_sos, resolve_sos])
def test_only_the_centre_handles_alarms(court: SmallCourt, verb: Callable[..., bool]) -> None:
    alarm = cry(court)
    for actor in (court.phone, court.phone_of_others, court.technical, court.inspector, SYSTEM):
        with pytest.raises(NotPermitted):
            court.do(actor, verb, alarm)

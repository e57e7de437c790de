"""One-tap calls: rung, taken by one, answered, ended; on both databases, also by two at once."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import func, select

from data.actions.accounts import disable
from data.actions.calls import answer_call, end_call, mark_missed, place_call, take_call
from data.actions.devices import revoke_device
from data.actions.sos import raise_sos
from data.errors import AlreadyOwned, BadInput, NotFound, NotPermitted, TransitionRefused
from data.journal import entries_after
from data.rules.missions import MissionStep
from data.rules.permissions import SYSTEM, Actor
from data.tables import CallRow, DeviceRow, SosRow
from geo.fixes import Fix
from tests.data.small_court import SmallCourt, at_once, ulid


def ring(court: SmallCourt, call_id: str | None = None, actor: Actor | None = None) -> tuple[str, str]:
    call_id = call_id or ulid()
    return call_id, court.do(actor or court.phone, place_call, call_id, court.now)


def kinds(court: SmallCourt) -> list[str]:
    with court.database.reading() as session:
        return [entry.kind for entry in entries_after(session, 0) if entry.kind.startswith("call.")]


def row(court: SmallCourt, call_id: str) -> CallRow:
    with court.database.reading() as session:
        return session.get_one(CallRow, call_id)


def fix(lat: float = 40.05, lon: float = 101.85) -> Fix:
    return Fix(ulid(), 1001, 1, 1_795_397_880_000, lat, lon, 8.0, None, None, 54, "GPS", False)


def test_a_call_gets_the_next_number_of_the_day(court: SmallCourt) -> None:
    assert ring(court)[1] == "呼〔20261123〕001"
    assert ring(court, actor=court.phone_of_others)[1] == "呼〔20261123〕002"


def test_the_number_begins_anew_at_civil_midnight_not_at_utc_midnight(court: SmallCourt) -> None:
    court.later(14 * 3600)  # 23:38 in Shanghai
    assert ring(court)[1] == "呼〔20261123〕001"
    court.later(3600)
    assert ring(court, actor=court.phone_of_others)[1] == "呼〔20261124〕001"


def test_the_same_id_again_is_the_same_call(court: SmallCourt) -> None:
    call_id, number = ring(court)
    assert ring(court, call_id) == (call_id, number)
    assert kinds(court) == ["call.ringing"]


def test_a_nervous_thumb_makes_one_card(court: SmallCourt) -> None:
    _, number = ring(court)
    taps = [ulid() for _ in range(9)]
    assert {ring(court, tap)[1] for tap in taps} == {number}
    assert kinds(court) == ["call.ringing"]


def test_a_tap_of_then_rings_nothing_when_it_is_sent_again_much_later(court: SmallCourt) -> None:
    call_id, number = ring(court)
    tap = ulid()
    ring(court, tap)
    court.do(court.phone, end_call, call_id)
    court.later(3600)
    assert ring(court, tap)[1] == number
    assert kinds(court) == ["call.ringing", "call.ended"]


def test_after_the_end_the_next_tap_is_a_new_call(court: SmallCourt) -> None:
    call_id, number = ring(court)
    court.do(court.phone, end_call, call_id)
    assert ring(court)[1] != number


def test_a_call_knows_where_and_for_what(court: SmallCourt) -> None:
    court.file_case()
    court.assign()
    court.move(MissionStep.DEPARTED)
    call_id = ulid()
    court.do(court.phone, place_call, call_id, court.now, fix(), "C0102")
    placed = row(court, call_id)
    assert (placed.lat, placed.mission_id, placed.area_id, placed.accuracy_m) == (40.05, "M1", "C0102", 8.0)


@pytest.mark.parametrize("lat", [float("nan"), float("inf"), 999.0])
def test_no_call_is_refused_for_a_bad_fix(court: SmallCourt, lat: float) -> None:
    call_id = ulid()
    court.do(court.phone, place_call, call_id, court.now, fix(lat))
    assert row(court, call_id).lat is None


def test_a_clock_that_runs_ahead_rings_now(court: SmallCourt) -> None:
    call_id = ulid()
    court.do(court.phone, place_call, call_id, court.now + timedelta(hours=3))
    assert row(court, call_id).placed_at == court.now


def test_what_is_no_id_and_what_is_too_old_is_refused(court: SmallCourt) -> None:
    for bad in ("", "x", "0" * 25, "U" * 26, "'; DROP TABLE call; --xxxxx"):
        with pytest.raises(BadInput) as refused:
            court.do(court.phone, place_call, bad, court.now)
        assert refused.value.code == "id.not_ulid"
    with pytest.raises(BadInput) as refused:
        court.do(court.phone, place_call, ulid(), court.now - timedelta(days=8))
    assert refused.value.code == "time.too_old"


def test_a_revoked_device_and_a_desk_cannot_call(court: SmallCourt) -> None:
    with court.journal.work(SYSTEM, court.now) as work:
        work.session.get_one(DeviceRow, 1).revoked_at = court.now
    with pytest.raises(NotPermitted) as refused:
        ring(court)
    assert refused.value.code == "device.revoked"
    with pytest.raises(NotPermitted):
        ring(court, actor=court.duty)


def test_one_phone_cannot_use_the_id_of_anothers_call(court: SmallCourt) -> None:
    call_id, _ = ring(court)
    with pytest.raises(NotPermitted) as refused:
        ring(court, call_id, court.phone_of_others)
    assert refused.value.code == "unit.not_yours"


def test_the_second_hears_who_was_first(court: SmallCourt) -> None:
    call_id, _ = ring(court)
    assert court.do(court.duty, take_call, call_id) is True
    assert court.do(court.duty, take_call, call_id) is False
    with pytest.raises(AlreadyOwned) as refused:
        court.do(court.commander, take_call, call_id)
    assert refused.value.params["owner"] == "周法官"
    with pytest.raises(AlreadyOwned):
        court.do(court.commander, answer_call, call_id)


def test_of_two_desks_that_press_at_once_one_owns_the_call(court: SmallCourt) -> None:
    for _ in range(5):
        call_id, _ = ring(court)
        results = at_once(partial(court.do, court.duty, take_call, call_id), partial(court.do, court.commander, take_call, call_id))
        assert sorted(type(result).__name__ for result in results) == ["AlreadyOwned", "bool"]
        court.do(court.phone, end_call, call_id)
        court.later(1)
    assert kinds(court).count("call.taken") == 5
    assert court.journal.verify() is None


def test_the_same_tap_sent_twice_at_once_is_one_call(court: SmallCourt) -> None:
    call_id = ulid()
    results = at_once(*[lambda: ring(court, call_id)[1]] * 4)
    assert results == ["呼〔20261123〕001"] * 4
    with court.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(CallRow)) == 1


def test_calls_of_many_units_at_once_get_numbers_without_gap_or_double(court: SmallCourt) -> None:
    phones = [
        court.phone,
        court.phone_of_others,
        replace(court.phone, unit_no=1002, device_no=2),
        replace(court.phone, unit_no=1004, device_no=4),
    ]
    results = at_once(*[partial(court.do, phone, place_call, ulid(), court.now) for phone in phones])
    assert sorted(map(str, results)) == [f"呼〔20261123〕00{n}" for n in range(1, 5)]


def test_a_call_is_answered_once_and_finished_by_either_side(court: SmallCourt) -> None:
    call_id, _ = ring(court)
    assert court.do(court.duty, answer_call, call_id) is True
    assert court.do(court.duty, answer_call, call_id) is False
    assert court.do(court.commander, end_call, call_id) is True
    assert court.do(court.phone, end_call, call_id) is False
    assert row(court, call_id).ended_why == "finished"
    assert kinds(court) == ["call.ringing", "call.taken", "call.answered", "call.ended"]


def test_an_officer_takes_back_what_nobody_answered(court: SmallCourt) -> None:
    call_id, _ = ring(court)
    court.do(court.phone, end_call, call_id)
    assert row(court, call_id).ended_why == "withdrawn"
    for verb in (take_call, answer_call):
        with pytest.raises(TransitionRefused):
            court.do(court.duty, verb, call_id)


def test_a_desk_cannot_end_what_nobody_answered_nor_a_phone_anothers_call(court: SmallCourt) -> None:
    call_id, _ = ring(court)
    with pytest.raises(TransitionRefused):
        court.do(court.duty, end_call, call_id)
    with pytest.raises(NotPermitted):
        court.do(court.phone_of_others, end_call, call_id)
    with pytest.raises(NotFound):
        court.do(court.duty, take_call, ulid())


def test_thirty_seconds_unanswered_is_missed_once_and_can_still_be_answered(court: SmallCourt) -> None:
    call_id, _ = ring(court)
    court.later(29)
    assert court.do(SYSTEM, mark_missed, call_id) is False
    court.later(1)
    assert court.do(SYSTEM, mark_missed, call_id) is True
    assert court.do(SYSTEM, mark_missed, call_id) is False
    court.do(court.duty, answer_call, call_id)
    assert row(court, call_id).state == "ANSWERED"


@pytest.mark.parametrize("verb", [take_call, answer_call])
def test_who_is_not_of_the_centre_takes_no_call(court: SmallCourt, verb: Callable[..., bool]) -> None:
    call_id, _ = ring(court)
    for actor in (court.phone, court.technical, court.inspector, SYSTEM):
        with pytest.raises(NotPermitted):
            court.do(actor, verb, call_id)
    with pytest.raises(NotPermitted) as refused:
        court.do(replace(court.duty, locked=True), verb, call_id)
    assert refused.value.code == "identity.locked"


@pytest.mark.parametrize("answered", [False, True])
def test_a_call_ends_with_its_phone_and_says_why_while_an_alarm_stays(court: SmallCourt, answered: bool) -> None:
    call_id, alarm_id = ring(court)[0], ulid()
    other = ring(court, actor=court.phone_of_others)[0]
    court.do(court.phone, raise_sos, alarm_id, court.now)
    if answered:
        court.do(court.duty, answer_call, call_id)
    court.do(court.technical, revoke_device, 1)
    ended = row(court, call_id)
    assert (ended.state, ended.ended_why, ended.ended_at) == ("ENDED", "revoked", court.now)
    assert row(court, other).state == "RINGING"
    assert kinds(court)[-1] == "call.ended"
    with court.database.reading() as session:
        assert session.get_one(SosRow, alarm_id).state == "RAISED"
        last = entries_after(session, 0)[-1]
    court.do(court.technical, revoke_device, 1)
    with court.database.reading() as session:
        assert entries_after(session, last.seq) == []
    assert court.journal.verify() is None


def test_a_call_ends_with_its_officers_account(court: SmallCourt) -> None:
    call_id = ring(court)[0]
    court.do(court.technical, disable, court.judge)
    assert row(court, call_id).ended_why == "revoked"

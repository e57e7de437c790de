"""Devices: enrolled for one unit, secrets kept as digests, numbers never given twice."""

from pathlib import Path

import pytest

from data.actions import devices
from data.actions.units import begin_duty
from data.credentials import digest
from data.engines import Database
from data.errors import BadInput, NotFound, NotPermitted
from data.journal import entries_after
from data.rules.permissions import Role
from data.tables import DeviceRow, UnitRow
from tests.small_court import PHONE_UNIT, VEHICLE_UNIT, SmallCourt, found, somebody


@pytest.fixture
def court(database: Database, tmp_path: Path) -> SmallCourt:
    return found(database, tmp_path / "keys")


def test_a_device_gets_two_secrets_that_are_kept_as_digests(court: SmallCourt) -> None:
    enrolment = court.journal.do(court.system, court.now(), devices.enrol_device, PHONE_UNIT, "PHONE")
    with court.database.reading() as session:
        row = session.get_one(DeviceRow, enrolment.device_no)
    assert row.token_hash == digest(enrolment.token)
    assert row.osmand_hash == digest(enrolment.osmand_id)
    assert enrolment.token not in repr(vars(row))
    assert len(enrolment.osmand_id) * 6 >= 128, "bits of a key in base 64"
    assert enrolment.token != enrolment.osmand_id


def test_numbers_go_on_after_a_revocation(court: SmallCourt) -> None:
    first = court.journal.do(court.system, court.now(), devices.enrol_device, PHONE_UNIT)
    court.journal.do(somebody(Role.DUTY), court.now(), devices.revoke_device, first.device_no)
    second = court.journal.do(court.system, court.now(), devices.enrol_device, VEHICLE_UNIT, "VEHICLE")
    assert second.device_no == first.device_no + 1


def test_revoking_twice_is_the_same(court: SmallCourt) -> None:
    first = court.journal.do(court.system, court.now(), devices.enrol_device, PHONE_UNIT)
    for _ in range(2):
        court.journal.do(somebody(Role.TECHNICAL), court.now(), devices.revoke_device, first.device_no)
    with pytest.raises(NotFound):
        court.journal.do(somebody(Role.TECHNICAL), court.now(), devices.revoke_device, 999)
    assert court.journal.verify() is None


def test_what_does_not_exist_is_not_enrolled(court: SmallCourt) -> None:
    with pytest.raises(NotFound):
        court.journal.do(court.system, court.now(), devices.enrol_device, 4711)
    with pytest.raises(BadInput):
        court.journal.do(court.system, court.now(), devices.enrol_device, PHONE_UNIT, "TOASTER")


def test_others_neither_enrol_nor_revoke(court: SmallCourt) -> None:
    for actor in [somebody(role) for role in Role if role not in (Role.TECHNICAL, Role.DUTY, Role.SYSTEM)]:
        with pytest.raises(NotPermitted):
            court.journal.do(actor, court.now(), devices.enrol_device, PHONE_UNIT)
        with pytest.raises(NotPermitted):
            court.journal.do(actor, court.now(), devices.revoke_device, 1)


def on_duty(court: SmallCourt, unit_no: int) -> bool:
    with court.database.reading() as session:
        return session.get_one(UnitRow, unit_no).on_duty


def test_duty_ends_with_the_last_device_and_not_before(court: SmallCourt) -> None:
    lost, kept = [court.journal.do(court.system, court.now(), devices.enrol_device, PHONE_UNIT).device_no for _ in range(2)]
    court.journal.do(court.system, court.now(), begin_duty, PHONE_UNIT, court.now())
    court.journal.do(somebody(Role.DUTY), court.now(), devices.revoke_device, lost)
    assert on_duty(court, PHONE_UNIT)
    court.journal.do(somebody(Role.DUTY), court.now(), devices.revoke_device, kept)
    assert not on_duty(court, PHONE_UNIT)
    with court.database.reading() as session:
        kinds = [entry.kind for entry in entries_after(session, 0)]
    assert kinds[-2:] == ["device.revoked", "duty.ended"]

"""The inspector's list, and «谁看过我»."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from data.actions.audit import record_audit
from data.actions.calls import end_call
from data.actions.centre_rings import ring_unit
from data.actions.devices import enrol_device
from data.engines import Database
from data.errors import NotPermitted
from data.queries.audit import centre_rings, traces, who_saw
from data.rules.identity import Act
from data.rules.permissions import Actor, Clearance, Role, Sight
from tests.small_court import COURT, PHONE_UNIT, VEHICLE_UNIT, SmallCourt, found, officer_id, somebody

INSPECTOR = Sight(clearance=Clearance.DESK, role=Role.INSPECTOR, court_code=COURT)


@pytest.fixture
def court(database: Database, tmp_path: Path) -> SmallCourt:
    return found(database, tmp_path / "keys")


def looked(court: SmallCourt, actor: Actor, act: Act, kind: str, object_id: str, result: str = "done") -> None:
    court.journal.do(actor, court.later(60), record_audit, act, kind, object_id, result=result)


def test_only_the_inspector_reads_the_list(court: SmallCourt) -> None:
    looked(court, somebody(Role.DUTY), Act.READ_TRACK, "unit", str(PHONE_UNIT))
    with court.database.reading() as session:
        assert [trace.act for trace in traces(session, INSPECTOR)] == ["read_track"]
        for role in Role:
            if role is not Role.INSPECTOR:
                with pytest.raises(NotPermitted):
                    traces(session, replace(INSPECTOR, role=role))


def test_every_ring_of_the_centre_can_be_read_by_the_inspector_alone(court: SmallCourt) -> None:
    court.journal.do(court.system, court.later(50), enrol_device, PHONE_UNIT, "PHONE")
    call_id = court.journal.do(somebody(Role.DUTY), court.later(60), ring_unit, PHONE_UNIT)
    court.journal.do(somebody(Role.COMMANDER), court.later(70), end_call, call_id)
    with court.database.reading() as session:
        [ring] = centre_rings(session, INSPECTOR)
        assert (ring.call_id, ring.role, ring.unit_no, ring.team_id) == (call_id, "duty", PHONE_UNIT, None)
        assert ring.answered_at is None
        assert (ring.officer, ring.team) == ("陈法官", None)
        assert ring.unit
        assert ring.ended_at is not None
        assert centre_rings(session, INSPECTOR, before=ring.at) == []
        assert centre_rings(session, replace(INSPECTOR, court_code="elsewhere")) == []
        for role in Role:
            if role is not Role.INSPECTOR:
                with pytest.raises(NotPermitted):
                    centre_rings(session, replace(INSPECTOR, role=role))


def test_the_list_is_newest_first_and_can_be_narrowed(court: SmallCourt) -> None:
    began = court.now()
    for act in (Act.SIGN_IN, Act.READ_TRACK, Act.SIGN_OUT):
        looked(court, somebody(Role.DUTY), act, "unit", "1003")
    with court.database.reading() as session:
        assert [trace.act for trace in traces(session, INSPECTOR)] == ["sign_out", "read_track", "sign_in"]
        assert [trace.act for trace in traces(session, INSPECTOR, act="sign_in")] == ["sign_in"]
        assert [trace.act for trace in traces(session, INSPECTOR, since=began + timedelta(seconds=90), limit=1)] == ["sign_out"]
        assert traces(session, INSPECTOR, actor_id="nobody") == []


def test_an_officer_learns_when_and_in_which_role_he_was_looked_at_but_not_by_whom(court: SmallCourt) -> None:
    field = officer_id(Role.FIELD)
    looked(court, somebody(Role.DUTY), Act.WATCH, "unit", str(PHONE_UNIT))
    looked(court, somebody(Role.INSPECTOR), Act.READ_TRACK, "unit", str(PHONE_UNIT))
    looked(court, somebody(Role.COMMANDER), Act.READ_RESTRICTED, "officer", field)
    looked(court, somebody(Role.FIELD), Act.READ_TRACK, "unit", str(PHONE_UNIT))
    looked(court, somebody(Role.DUTY), Act.READ_TRACK, "unit", str(PHONE_UNIT), result="refused")
    looked(court, somebody(Role.DUTY), Act.READ_TRACK, "unit", str(VEHICLE_UNIT))
    looked(court, somebody(Role.DUTY), Act.SIGN_IN, "officer", field)
    with court.database.reading() as session:
        seen = who_saw(session, unit_no=PHONE_UNIT)
        assert [each.role for each in seen] == ["commander", "inspector", "duty"]
        assert seen[0].at > seen[1].at
        assert officer_id(Role.DUTY) not in repr(seen)
        assert [each.role for each in who_saw(session, unit_no=VEHICLE_UNIT)] == ["duty"]
        assert [each.role for each in who_saw(session, officer_id=field)] == ["commander"]
        assert who_saw(session) == []
        assert who_saw(session, unit_no=4711) == []

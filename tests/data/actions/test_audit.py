"""Traces: complete, by ids, chained to the journal."""

from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from data.actions.audit import record_audit
from data.engines import Database
from data.queries.audit import first_forged
from data.rules.identity import Act
from data.rules.permissions import Role
from data.tables import AuditRow, EntryRow
from tests.small_court import SmallCourt, found, somebody


@pytest.fixture
def court(database: Database, tmp_path: Path) -> SmallCourt:
    return found(database, tmp_path / "keys")


def trace(court: SmallCourt, **words: object) -> str:
    actor = replace(somebody(Role.DUTY), address="192.0.2.7")
    return court.journal.do(actor, court.now(), record_audit, Act.READ_RESTRICTED, "case", "01CASE", **words)  # type: ignore[arg-type]


def test_a_trace_says_who_when_what_why_and_from_where(court: SmallCourt) -> None:
    audit_id = trace(court, fields=("phone", "address"), reason="核实送达地址")
    with court.database.reading() as session:
        row = session.get_one(AuditRow, audit_id)
        entry = session.scalars(select(EntryRow)).one()
    assert (row.actor_role, row.address, row.act, row.object_id) == ("duty", "192.0.2.7", "read_restricted", "01CASE")
    assert (row.fields, row.reason, row.at, row.result) == (["address", "phone"], "核实送达地址", court.now(), "done")
    assert entry.payload["audit_id"] == audit_id
    assert "核实" not in str(entry.payload), "a reason is read in the row, never in an event"


def test_what_is_too_long_is_cut_not_refused(court: SmallCourt) -> None:
    audit_id = trace(court, reason="长" * 5_000)
    with court.database.reading() as session:
        assert len(session.get_one(AuditRow, audit_id).reason or "") == 500
        assert first_forged(session) is None


def test_a_changed_or_deleted_trace_is_named(court: SmallCourt) -> None:
    first, second, third = (trace(court, reason=reason) for reason in ("一", "二", "三"))
    with court.database.reading() as session:
        assert first_forged(session) is None
    with Session(court.database.writes) as session, session.begin():
        session.execute(delete(AuditRow).where(AuditRow.id == third))
    with court.database.reading() as session:
        assert first_forged(session) == third
    with Session(court.database.writes) as session, session.begin():
        session.execute(update(AuditRow).where(AuditRow.id == second).values(actor_id="somebody else"))
    with court.database.reading() as session:
        assert first_forged(session) == second
    assert first != second

"""Leave a trace for the inspector: the row, and its digest in the journal's chain, so that it cannot be changed unseen."""

from collections.abc import Iterable

from ulid import ULID

from data.actions.allowed import allowed
from data.events import AuditRecorded
from data.journal import Work
from data.rules.identity import Act, trace_digest
from data.rules.permissions import Verb
from data.tables import AuditRow

_LONGEST_REASON = 500


def record_audit(
    work: Work,
    act: Act | str,
    object_kind: str | None = None,
    object_id: str | None = None,
    fields: Iterable[str] = (),
    reason: str | None = None,
    result: str = "done",
) -> str:
    """Who (the work's actor), when, what, why, from where. Returns the row's id.

    object_kind, object_id: what it was about, by id (`unit`, "1003"), never by name. fields: names of the fields seen, never their values.
    """
    row = AuditRow(
        id=str(ULID.from_datetime(work.now)),
        at=work.now,
        actor_kind=work.actor.kind,
        actor_id=work.actor.id,
        actor_role=work.actor.role.value,
        address=work.actor.address,
        act=str(act),
        object_kind=object_kind,
        object_id=object_id and object_id[:96],
        fields=sorted(fields),
        reason=reason and reason[:_LONGEST_REASON],
        result=result,
    )
    work.session.add(row)
    work.record(
        AuditRecorded(
            audit_id=row.id,
            act=row.act,
            digest=trace_digest({column.key: getattr(row, column.key) for column in AuditRow.__table__.columns}),
        )
    )
    return row.id


def read_traces(work: Work, criteria: Iterable[str]) -> str:
    """The inspector looks at the record, and that is in it too. criteria: by what he searched, never the words. Raises NotPermitted."""
    allowed(work, Verb.SEE_AUDIT)
    return record_audit(work, Act.READ_AUDIT, "audit", fields=criteria)


def export_traces(work: Work, criteria: Iterable[str]) -> str:
    """What he looks at leaves the house as a file; written down before the first line is. Raises NotPermitted."""
    allowed(work, Verb.SEE_AUDIT)
    return record_audit(work, Act.EXPORT, "audit", fields=criteria)

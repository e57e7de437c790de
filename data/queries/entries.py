"""The event stream: the newest entries of today that a wall shows, each as a sentence with the names that this viewer may read."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from data.events import from_payload
from data.queries.reading import BROKEN, Drawn, Ids, Key, Reading, at
from data.rules.civil import clock_text
from data.rules.permissions import WITHOUT_CASES
from data.tables import AreaRow, CallRow, CaseRow, EntryRow, FenceRow, MissionRow, OfficerRow, SosRow, TeamRow, UnitRow, VehicleRow

NEWEST = 30

# Which events are drawn, and by which sign.
SIGNS = {
    "duty.began": "idle",
    "duty.ended": "idle",
    "silence.declared": "silent",
    "silence.ended": "idle",
    "fence.entered": "site",
    "fence.left": "way",
    "case.filed": "clock",
    "case.assigned": "idle",
    "case.stage_changed": "way",
    "case.node_done": "done",
    "case.suspended": "clock",
    "case.resumed": "way",
    "case.closed": "done",
    "mission.assigned": "clock",
    "mission.departed": "way",
    "mission.arrived": "site",
    "mission.fruitless": "done",
    "mission.finished": "done",
    "mission.cancelled": "idle",
    "call.ringing": "clock",
    "call.taken": "clock",
    "call.answered": "site",
    "call.missed": "clock",
    "call.ended": "done",
    "call.centre_rang": "clock",
    "call.picture_closed": "silent",
    "call.picture_opened": "site",
    "call.leader_joined": "site",
    "call.party_joined": "site",
    "call.command_taken": "site",
    "call.concluded": "done",
    "order.sent": "clock",
    "order.accepted": "way",
    "order.declined": "clock",
    "order.overdue": "clock",
    "order.arrived": "site",
    "sos.raised": "alarm",
    "sos.acknowledged": "alarm",
    "sos.escalated": "alarm",
    "sos.responding": "way",
    "sos.resolved": "done",
    "sos.false_alarm": "done",
    "recording.broken": "silent",
    "recording.mended": "done",
    "recording.uploaded": "done",
}
# Who came, who went where and what is planned is nothing for guests.
NOT_FOR_VISITORS = {kind for kind in SIGNS if kind.partition(".")[0] in ("duty", "silence", "fence")} | {
    "mission.assigned",
    "mission.cancelled",
    "call.picture_closed",
    "call.picture_opened",
    "order.declined",
    "recording.uploaded",
}


@dataclass(frozen=True, slots=True)
class Newest:
    """One entry of the stream, not yet drawn. occurred_at: time at the source."""

    seq: int
    kind: str
    occurred_at: datetime


@dataclass(slots=True)
class Names:
    """What the ids in the entries are called, each kind read once."""

    units: dict[Any, tuple[str, str]] = field(default_factory=dict)  # who, team
    teams: dict[Any, str] = field(default_factory=dict)
    cases: dict[Any, str] = field(default_factory=dict)
    missions: dict[Any, tuple[str, str]] = field(default_factory=dict)  # matter, place
    areas: dict[Any, str] = field(default_factory=dict)
    fences: dict[Any, str] = field(default_factory=dict)
    owners: dict[Any, str] = field(default_factory=dict)


def newest(reading: Reading, count: int) -> list[Newest]:
    """Today's newest entries, the newest first."""
    if reading.own_only:
        return []
    kinds = set(SIGNS) - (NOT_FOR_VISITORS if reading.visitors else set())
    if reading.sight.role in WITHOUT_CASES:
        kinds -= {kind for kind in kinds if kind.startswith("case.")}
    wanted = select(EntryRow.seq, EntryRow.kind, EntryRow.recorded_at, EntryRow.occurred_at).where(EntryRow.kind.in_(sorted(kinds)))
    found = reading.records("entry", wanted.order_by(EntryRow.seq.desc()).limit(count), EntryRow.seq)
    return [Newest(row.seq, row.kind, row.occurred_at) for row in found if row.recorded_at >= reading.day_start]


def entries(reading: Reading, ids: Ids, numbers: Sequence[int]) -> Drawn:
    """These entries as rows; of `numbers` those that are asked for."""
    wanted = [number for number in numbers if ids is None or str(number) in ids]
    if not wanted:
        return {}
    query = select(EntryRow.seq, EntryRow.kind, EntryRow.payload, EntryRow.occurred_at).where(EntryRow.seq.in_(wanted))
    records = reading.records("entry", query, EntryRow.seq)
    names = _names(reading, [record.payload for record in records if isinstance(record.payload, dict)])

    def row(record: Any) -> dict[str, Any]:
        event = from_payload(record.kind, record.payload)
        holes = _holes(reading, names, event.payload(), record.occurred_at)
        return {
            "seq": int(record.seq),
            "kind": record.kind,
            "at": at(record.occurred_at),
            "title": " ".join(reading.say(f"entry.{record.kind}.title", **holes).split()),
            "detail": " ".join(reading.say(f"entry.{record.kind}.detail", **holes).split()),
            "sign": SIGNS[record.kind],
        }

    return reading.drawn("entry", records, row)


def _holes(reading: Reading, names: Names, payload: dict[str, Any], occurred_at: datetime) -> dict[str, object]:
    """Every hole that a sentence may have; what an entry does not speak of stays empty."""
    mission = names.missions.get(payload.get("mission_id"), ("", ""))
    who, unit_team = names.units.get(payload.get("unit_no"), ("", ""))
    team = names.teams.get(payload.get("team_id"), "")
    return {
        "who": who,
        "team": team if {"mission_id", "sos_id", "order_id"} & payload.keys() else team or unit_team,
        "unit_team": unit_team,
        "case_no": reading.case_no(names.cases.get(payload.get("case_id"))) or "",
        "place": "" if reading.visitors else mission[1] or names.areas.get(payload.get("area_id"), ""),
        "matter": mission[0],
        "fence": names.fences.get(payload.get("fence_id"), ""),
        "owner": names.owners.get(payload.get("call_id") or payload.get("sos_id"), ""),
        "reason": _word(reading, "row.reason", payload.get("reason")),
        "stage": _word(reading, "row.stage", payload.get("stage")),
        "closing": _word(reading, "row.closing", payload.get("closing_kind")),
        "node": _word(reading, "row.node", payload.get("node")),
        "why": _word(reading, "row.why", payload.get("why")),
        "until": clock_text(_until(occurred_at, payload.get("minutes")), reading.civil_offset_s),
        "minutes": payload.get("minutes", ""),
        "level": payload.get("level", ""),
        "seconds": round(payload.get("duration_ms", 0) / 1000),
    }


def _word(reading: Reading, table: str, value: object) -> str:
    return "" if value is None else reading.say(f"{table}.{value}")


def _until(moment: datetime, minutes: object) -> datetime:
    return moment + timedelta(minutes=minutes) if isinstance(minutes, int) else moment


def _names(reading: Reading, payloads: Iterable[dict[str, Any]]) -> Names:
    """One query a kind, whatever the number of entries."""
    ids: dict[str, set[Any]] = {}
    for payload in payloads:
        for name, value in payload.items():
            if isinstance(value, str | int):
                ids.setdefault(name, set()).add(value)
    names = Names()
    if wanted := ids.get("unit_no"):
        names.units = _units(reading, wanted)
    if wanted := ids.get("team_id"):
        names.teams = _pairs(reading, select(TeamRow.id, TeamRow.name).where(TeamRow.id.in_(wanted)))
    if wanted := ids.get("case_id"):
        names.cases = _pairs(reading, select(CaseRow.id, CaseRow.case_no).where(CaseRow.id.in_(wanted)))
    if wanted := ids.get("area_id"):
        names.areas = _pairs(reading, select(AreaRow.id, AreaRow.street).where(AreaRow.id.in_(wanted)))
    if wanted := ids.get("fence_id"):
        names.fences = _pairs(reading, select(FenceRow.id, FenceRow.name).where(FenceRow.id.in_(wanted)))
    if wanted := ids.get("mission_id"):
        query = select(MissionRow.id, MissionRow.matter, MissionRow.place).where(MissionRow.id.in_(wanted))
        names.missions = {key: (matter, place or "") for key, matter, place in reading.session.execute(query)}
    for table, name in ((CallRow, "call_id"), (SosRow, "sos_id")):
        if wanted := ids.get(name):
            names.owners |= _people(reading, table.id, table.owner_id, wanted)
    return names


def _pairs(reading: Reading, query: Any) -> dict[Any, str]:
    return {key: name for key, name in reading.session.execute(query)}  # noqa: C416 - a Row is no pair to mypy


def _units(reading: Reading, numbers: set[Any]) -> dict[Any, tuple[str, str]]:
    query = (
        select(UnitRow.no, UnitRow.kind, OfficerRow.name, OfficerRow.title, VehicleRow.kind, TeamRow.name)
        .outerjoin(OfficerRow, OfficerRow.id == UnitRow.officer_id)
        .outerjoin(VehicleRow, VehicleRow.id == UnitRow.vehicle_id)
        .outerjoin(TeamRow, TeamRow.id == UnitRow.team_id)
        .where(UnitRow.no.in_(numbers))
    )
    named = {}
    for no, kind, name, title, vehicle_kind, team in reading.session.execute(query):
        try:
            named[no] = (reading.mover(kind, name, title, vehicle_kind), team or "")
        except BROKEN:
            continue  # a vehicle of a kind that no text names: its entries go without it
    return named


def _people(reading: Reading, key: Key, person: Key, ids: set[Any]) -> dict[Any, str]:
    """Of each row the officer that this column names."""
    query = select(key, OfficerRow.name, OfficerRow.title).join(OfficerRow, OfficerRow.id == person).where(key.in_(ids))
    return {row_id: reading.officer(name, title) or "" for row_id, name, title in reading.session.execute(query)}

"""Calls and alarms: those that are open, however old, and those of today; who takes part, what was whispered, who was sent."""

from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import aliased

from data.queries.reading import Drawn, Ids, Query, Reading, among, at, degree
from data.rules import calls, orders, sos
from data.rules.calls import CallKind, CallState, MediaState
from data.rules.orders import OrderState
from data.rules.participants import ParticipantKind, ParticipantState
from data.rules.sos import SosState
from data.rules.whispers import Output
from data.tables import (
    AreaRow,
    CallRow,
    CaseNoteRow,
    CaseRow,
    LinkRow,
    MissionRow,
    OfficerRow,
    OrderRow,
    ParticipantRow,
    PartyGuestRow,
    SosRow,
    TalkSheetRow,
    TeamRow,
    UnitRow,
    VehicleRow,
    WallRow,
    WhisperRow,
)

_Owner, _Ringer, _Commander = aliased(OfficerRow), aliased(OfficerRow), aliased(OfficerRow)
_Sent = aliased(TeamRow)
_Note = select(func.max(CaseNoteRow.id)).where(CaseNoteRow.call_id == CallRow.id).correlate(CallRow).scalar_subquery()
_Sheet = (
    select(func.max(TalkSheetRow.version))
    .where(TalkSheetRow.participant_id == ParticipantRow.id)
    .correlate(ParticipantRow)
    .scalar_subquery()
)
_OF_CALLS = (
    CallRow.placed_at, CallRow.answered_at, CallRow.ended_at, CallRow.ended_why, CallRow.kind, CallRow.rung_team_id, CallRow.media,
    CallRow.mode, CallRow.media_at, CallRow.rtt_ms, CallRow.loss_permille, CallRow.kbps, CallRow.fps, CallRow.picture_closed_at,
    CallRow.commander_id, CallRow.commanded_at, CallRow.output, CallRow.output_at, CallRow.whispering, CallRow.speaking,
    _Ringer.name.label("ringer"), _Ringer.title.label("ringer_title"), _Commander.name.label("commander"),
    _Commander.title.label("commander_title"), CaseNoteRow.text.label("conclusion"),
)  # fmt: skip
_OF_ALARMS = (SosRow.raised_at, SosRow.level, SosRow.responding_team_id, SosRow.closed_at, SosRow.battery_pct)


def open_or_of_today(reading: Reading, table: type[CallRow] | type[SosRow]) -> ColumnElement[bool]:
    states = calls.OPEN if table is CallRow else sos.OPEN
    return or_(table.state.in_(list(states)), table.received_at >= reading.day_start)


def calls_(reading: Reading, ids: Ids) -> Drawn:
    def row(record: Any) -> dict[str, Any]:
        return _both(reading, record) | {
            "state": CallState(record.state).value,
            "placed_at": at(record.placed_at),
            "answered_at": at(record.answered_at),
            "ended_at": at(record.ended_at),
            "ended_why": record.ended_why,
            "kind": CallKind(record.kind).value,
            "rung_by": reading.officer(record.ringer, record.ringer_title),
            "rung_team_id": record.rung_team_id,
            "media": MediaState(record.media).value,
            "mode": record.mode,
            "media_at": at(record.media_at),
            "rtt_ms": record.rtt_ms,
            "loss_permille": record.loss_permille,
            "kbps": record.kbps,
            "fps": record.fps,
            "picture_closed_at": at(record.picture_closed_at),
            "commander": reading.officer(record.commander, record.commander_title),
            "commander_id": record.commander_id,
            "commanded_at": at(record.commanded_at),
            "output": Output(record.output).value,
            "output_at": at(record.output_at),
            "whispering": record.whispering,
            "speaking": record.speaking,
            "conclusion": record.conclusion,
        }

    query = (
        _query(reading, CallRow, ids, _OF_CALLS)
        .outerjoin(_Ringer, _Ringer.id == CallRow.rung_by)
        .outerjoin(_Commander, _Commander.id == CallRow.commander_id)
        .outerjoin(CaseNoteRow, CaseNoteRow.id == _Note)
    )
    return reading.draw("call", query, CallRow.id, row)


def alarms(reading: Reading, ids: Ids) -> Drawn:
    def row(record: Any) -> dict[str, Any]:
        return _both(reading, record) | {
            "state": SosState(record.state).value,
            "raised_at": at(record.raised_at),
            "level": int(record.level),
            "responding_team_id": record.responding_team_id,
            "closed_at": at(record.closed_at),
            "battery_pct": record.battery_pct,
        }

    return reading.draw("sos", _query(reading, SosRow, ids, _OF_ALARMS), SosRow.id, row)


def _both(reading: Reading, record: Any) -> dict[str, Any]:
    """What a call and an alarm have in common."""
    return {
        "id": record.id,
        "number": record.number,
        "unit": str(record.unit_no),
        "who": reading.mover(record.unit_kind, record.officer, record.title, record.vehicle_kind),
        "team": record.team,
        "team_id": record.team_id,
        "received_at": at(record.received_at),
        "owner": reading.officer(record.owner, record.owner_title),
        "owner_id": record.owner_id,
        "owned_at": at(record.owned_at),
        "lat": degree(record.lat),
        "lon": degree(record.lon),
        "accuracy_m": record.accuracy_m,
        "fix_at": at(record.fix_at),
        "place": reading.place(record.street, record.area),
        "mission_id": record.mission_id,
        "matter": record.matter,
        "case_no": reading.case_no(record.case_no, record.foreign_case_no),
    }


@cache
def _columns(table: type[CallRow] | type[SosRow], columns: tuple[Any, ...]) -> Query:
    return (
        select(
            table.id,
            table.number,
            table.unit_no,
            table.state,
            table.received_at,
            table.owner_id,
            table.owned_at,
            table.lat,
            table.lon,
            table.accuracy_m,
            table.fix_at,
            table.mission_id,
            UnitRow.kind.label("unit_kind"),
            UnitRow.team_id,
            TeamRow.name.label("team"),
            OfficerRow.name.label("officer"),
            OfficerRow.title,
            VehicleRow.kind.label("vehicle_kind"),
            _Owner.name.label("owner"),
            _Owner.title.label("owner_title"),
            AreaRow.street,
            AreaRow.name.label("area"),
            MissionRow.matter,
            MissionRow.foreign_case_no,
            CaseRow.case_no,
            *columns,
        )
        .join(UnitRow, UnitRow.no == table.unit_no)
        .outerjoin(TeamRow, TeamRow.id == UnitRow.team_id)
        .outerjoin(OfficerRow, OfficerRow.id == UnitRow.officer_id)
        .outerjoin(VehicleRow, VehicleRow.id == UnitRow.vehicle_id)
        .outerjoin(_Owner, _Owner.id == table.owner_id)
        .outerjoin(AreaRow, AreaRow.id == table.area_id)
        .outerjoin(MissionRow, MissionRow.id == table.mission_id)
        .outerjoin(CaseRow, CaseRow.id == MissionRow.case_id)
    )


def _query(reading: Reading, table: type[CallRow] | type[SosRow], ids: Ids, columns: tuple[Any, ...]) -> Query:
    query = _columns(table, columns).where(open_or_of_today(reading, table), *among(table.id, ids))
    return query.where(_own(reading, table)) if reading.own_only else query


def _own(reading: Reading, table: type[CallRow] | type[SosRow]) -> ColumnElement[bool]:
    """A phone's own; and while the centre rings a whole team, on every phone of it."""
    mine: ColumnElement[bool] = table.unit_no == (reading.sight.unit_no or 0)
    if table is not CallRow:
        return mine
    return or_(mine, and_(CallRow.rung_team_id == (reading.sight.team_id or ""), CallRow.state == CallState.RINGING))


# --- who takes part, what was whispered -------------------------------------------------------------------------------------------


def participants_(reading: Reading, ids: Ids) -> Drawn:
    query = (
        select(
            ParticipantRow.id,
            ParticipantRow.call_id,
            ParticipantRow.kind,
            ParticipantRow.state,
            ParticipantRow.permissions,
            ParticipantRow.officer_id,
            ParticipantRow.ask,
            ParticipantRow.digits,
            ParticipantRow.invited_at,
            ParticipantRow.waiting_at,
            ParticipantRow.verified_at,
            ParticipantRow.joined_at,
            ParticipantRow.left_at,
            ParticipantRow.media,
            ParticipantRow.mode,
            ParticipantRow.media_at,
            PartyGuestRow.kind.label("party"),
            PartyGuestRow.masked.label("party_name"),
            PartyGuestRow.consented_at,
            PartyGuestRow.muted_at,
            _Sheet.label("sheet_version"),
            OfficerRow.name.label("officer"),
            OfficerRow.title,
            WallRow.name.label("wall"),
            LinkRow.expires_at,
        )
        .join(CallRow, CallRow.id == ParticipantRow.call_id)
        .outerjoin(OfficerRow, OfficerRow.id == ParticipantRow.officer_id)
        .outerjoin(WallRow, WallRow.id == ParticipantRow.wall_id)
        .outerjoin(LinkRow, LinkRow.id == ParticipantRow.link_id)
        .outerjoin(PartyGuestRow, PartyGuestRow.participant_id == ParticipantRow.id)
        .where(open_or_of_today(reading, CallRow), *among(ParticipantRow.id, ids))
    )
    if reading.own_only:
        query = query.where(CallRow.unit_no == (reading.sight.unit_no or 0))

    def row(record: Any) -> dict[str, Any]:
        return {
            "id": record.id,
            "call_id": record.call_id,
            "kind": ParticipantKind(record.kind).value,
            "who": reading.officer(record.officer, record.title),
            "officer_id": record.officer_id,
            "wall": record.wall,
            "state": ParticipantState(record.state).value,
            "permissions": list(record.permissions),
            "ask": record.ask,
            "digits": record.digits,
            "invited_at": at(record.invited_at),
            "waiting_at": at(record.waiting_at),
            "verified_at": at(record.verified_at),
            "expires_at": at(record.expires_at),
            "joined_at": at(record.joined_at),
            "left_at": at(record.left_at),
            "media": MediaState(record.media).value,
            "mode": record.mode,
            "media_at": at(record.media_at),
            "party": record.party,
            "party_name": record.party_name,
            "consented_at": at(record.consented_at),
            "muted_at": at(record.muted_at),
            "sheet_version": record.sheet_version,
        }

    return reading.draw("participant", query, ParticipantRow.id, row)


def whispers_(reading: Reading, ids: Ids) -> Drawn:
    """Of calls that are open: what was whispered in a talk that is over has reached the officer or is too late."""
    query = (
        select(
            WhisperRow.id,
            WhisperRow.call_id,
            WhisperRow.text,
            WhisperRow.sent_at,
            WhisperRow.seen_at,
            OfficerRow.name.label("officer"),
            OfficerRow.title,
        )
        .join(CallRow, CallRow.id == WhisperRow.call_id)
        .join(OfficerRow, OfficerRow.id == WhisperRow.officer_id)
        .where(CallRow.state.in_(sorted(calls.OPEN)), *among(WhisperRow.id, ids))
    )
    if reading.own_only:
        query = query.where(CallRow.unit_no == (reading.sight.unit_no or 0))

    def row(record: Any) -> dict[str, Any]:
        return {
            "id": record.id,
            "call_id": record.call_id,
            "who": reading.officer(record.officer, record.title),
            "text": record.text,
            "sent_at": at(record.sent_at),
            "seen_at": at(record.seen_at),
        }

    return reading.draw("whisper", query, WhisperRow.id, row)


# --- support orders ---------------------------------------------------------------------------------------------------------------


def orders_(reading: Reading, ids: Ids) -> Drawn:
    query = _orders().where(or_(OrderRow.state.in_(sorted(orders.OPEN)), OrderRow.sent_at >= reading.day_start), *among(OrderRow.id, ids))
    if reading.own_only:
        query = query.where(OrderRow.team_id == (reading.sight.team_id or ""))

    def row(record: Any) -> dict[str, Any]:
        return {
            "id": record.id,
            "number": record.number,
            "call_id": record.call_id,
            "call_number": record.call_number,
            "team_id": record.team_id,
            "team": record.team,
            "state": OrderState(record.state).value,
            "text": record.text,
            "lat": degree(record.lat),
            "lon": degree(record.lon),
            "place": reading.place(record.street, record.area),
            "who": reading.mover(record.unit_kind, record.officer, record.title, None) if record.officer else None,
            "of_team": record.of_team,
            "matter": record.matter,
            "case_no": reading.case_no(record.case_no, record.foreign_case_no),
            "distance_m": round(record.distance_m),
            "eta_s": round(record.eta_s),
            "estimated": bool(record.estimated),
            "sent_by": reading.officer(record.sender, record.sender_title),
            "sent_at": at(record.sent_at),
            "delivered_at": at(record.delivered_at),
            "answered_at": at(record.answered_at),
            "answered_by": record.answered_by and str(record.answered_by),
            "reason": record.reason,
            "overdue_at": at(record.overdue_at),
            "arrived_at": at(record.arrived_at),
            "withdrawn_at": at(record.withdrawn_at),
        }

    return reading.draw("order", query, OrderRow.id, row)


@cache
def _orders() -> Query:
    return (
        select(
            OrderRow.id,
            OrderRow.number,
            OrderRow.call_id,
            OrderRow.team_id,
            OrderRow.state,
            OrderRow.text,
            OrderRow.lat,
            OrderRow.lon,
            OrderRow.distance_m,
            OrderRow.eta_s,
            OrderRow.estimated,
            OrderRow.sent_at,
            OrderRow.delivered_at,
            OrderRow.answered_at,
            OrderRow.answered_by,
            OrderRow.reason,
            OrderRow.overdue_at,
            OrderRow.arrived_at,
            OrderRow.withdrawn_at,
            CallRow.number.label("call_number"),
            _Sent.name.label("team"),
            TeamRow.name.label("of_team"),
            UnitRow.kind.label("unit_kind"),
            OfficerRow.name.label("officer"),
            OfficerRow.title,
            _Owner.name.label("sender"),
            _Owner.title.label("sender_title"),
            AreaRow.street,
            AreaRow.name.label("area"),
            MissionRow.matter,
            MissionRow.foreign_case_no,
            CaseRow.case_no,
        )
        .join(CallRow, CallRow.id == OrderRow.call_id)
        .join(_Sent, _Sent.id == OrderRow.team_id)
        .join(UnitRow, UnitRow.no == CallRow.unit_no)
        .outerjoin(TeamRow, TeamRow.id == UnitRow.team_id)
        .outerjoin(OfficerRow, OfficerRow.id == UnitRow.officer_id)
        .outerjoin(_Owner, _Owner.id == OrderRow.sent_by)
        .outerjoin(AreaRow, AreaRow.id == CallRow.area_id)
        .outerjoin(MissionRow, MissionRow.id == CallRow.mission_id)
        .outerjoin(CaseRow, CaseRow.id == MissionRow.case_id)
    )
